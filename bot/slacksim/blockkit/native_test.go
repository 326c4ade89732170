package blockkit_test

import (
	"fmt"
	"strings"
	"testing"

	"canarybot.io/bot/slacksim/blockkit"
)

func plan(fields string) string { return `[{"type":"plan",` + fields + `}]` }

func task(fields string) string {
	return `{"type":"task_card","task_id":"1","title":"5 %"` + fields + `}`
}

func line(chart string) string {
	return `[{"type":"data_visualization","title":"errors","chart":{"type":"line",` + chart + `}}]`
}

func axis(labels ...string) string {
	return `"axis_config":{"categories":["` + strings.Join(labels, `","`) + `"]}`
}

func points(labels ...string) string {
	var all []string
	for i, l := range labels {
		all = append(all, fmt.Sprintf(`{"label":%q,"value":%d}`, l, i))
	}
	return `[` + strings.Join(all, ",") + `]`
}

func numbered(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i)
	}
	return all
}

func table(rows ...string) string {
	return `[{"type":"data_table","caption":"checks","rows":[` + strings.Join(rows, ",") + `]}]`
}

func rowOf(n int, cell string) string { return times(n, cell) }

const (
	rawCell  = `{"type":"raw_text","text":"x"}`
	richCell = `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"date","timestamp":1,"format":"{time}"}]}]}`
)

// The limits of the blocks that came in 2026, as Slack documents them.
func TestValidateNativeBlocks(t *testing.T) {
	one := `"series":[{"name":"canary","data":` + points("a") + `}],` + axis("a")
	chart := line(one)[1 : len(line(one))-1]
	whole := table(rowOf(1, rawCell), rowOf(1, rawCell))
	for name, test := range map[string]struct{ blocks, want string }{
		"a plan":                       {plan(`"title":"Steps","tasks":[` + task(`,"status":"complete"`) + `]`), ""},
		"a plan without a title":       {plan(`"tasks":[]`), "missing required field: title"},
		"a plan of nothing":            {plan(`"title":"Steps","tasks":[]`), "no fewer than 1 items allowed [json-pointer:/blocks/0/tasks]"},
		"a plan of other blocks":       {plan(`"title":"Steps","tasks":[{"type":"divider"}]`), "must be one of: task_card [json-pointer:/blocks/0/tasks/0/type]"},
		"the same task twice":          {plan(`"title":"Steps","tasks":[` + task("") + "," + task("") + `]`), "`task_id` must be unique in the plan: 1 already exists [json-pointer:/blocks/0/tasks/1/task_id]"},
		"a status that is none":        {"[" + task(`,"status":"done"`) + "]", "must be one of: pending, in_progress, complete, error [json-pointer:/blocks/0/status]"},
		"details as text":              {"[" + task(`,"details":"x"`) + "]", "must be a rich_text block [json-pointer:/blocks/0/details]"},
		"details":                      {"[" + task(`,"details":{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"x"}]}]}`) + "]", ""},
		"a source that is no address":  {"[" + task(`,"sources":[{"type":"url","url":"javascript:x","text":"x"}]`) + "]", "must be a valid URL [json-pointer:/blocks/0/sources/0/url]"},
		"an unknown field of a task":   {"[" + task(`,"color":"red"`) + "]", "invalid additional property: color [json-pointer:/blocks/0]"},
		"a chart":                      {line(one), ""},
		"two charts":                   {"[" + chart + "," + chart + "]", ""},
		"three charts":                 {"[" + chart + "," + chart + "," + chart + "]", "no more than 2 blocks of type data_visualization allowed [json-pointer:/blocks/2]"},
		"a long title":                 {strings.Replace(line(one), `"errors"`, `"`+chars(51)+`"`, 1), "must be less than 51 characters [json-pointer:/blocks/0/title]"},
		"no chart":                     {`[{"type":"data_visualization","title":"x"}]`, "missing required field: chart"},
		"a chart of another type":      {strings.Replace(line(one), `"line"`, `"radar"`, 1), "must be one of: line, bar, area, pie [json-pointer:/blocks/0/chart/type]"},
		"20 points":                    {line(`"series":[{"name":"c","data":` + points(numbered(20)...) + `}],` + axis(numbered(20)...)), ""},
		"21 points":                    {line(`"series":[{"name":"c","data":` + points(numbered(21)...) + `}],` + axis(numbered(21)...)), "must be an array of 1 to 20 strings [json-pointer:/blocks/0/chart/axis_config/categories]"},
		"7 series":                     {line(`"series":` + times(7, `{"name":"c","data":`+points("a")+`}`) + `,` + axis("a")), "no more than 6 items allowed [json-pointer:/blocks/0/chart/series]"},
		"two series of one name":       {line(`"series":` + times(2, `{"name":"c","data":`+points("a")+`}`) + `,` + axis("a")), "must be unique: c already exists [json-pointer:/blocks/0/chart/series/1/name]"},
		"a long name":                  {line(`"series":[{"name":"` + chars(21) + `","data":` + points("a") + `}],` + axis("a")), "must be less than 21 characters [json-pointer:/blocks/0/chart/series/0/name]"},
		"a point too few":              {line(`"series":[{"name":"c","data":` + points("a") + `}],` + axis("a", "b")), "must contain exactly one point for every category [json-pointer:/blocks/0/chart/series/0/data]"},
		"a point of no category":       {line(`"series":[{"name":"c","data":` + points("b") + `}],` + axis("a")), "must be one of the categories, once: b [json-pointer:/blocks/0/chart/series/0/data/0/label]"},
		"a category twice":             {line(`"series":[{"name":"c","data":` + points("a") + `}],` + axis("a", "a")), "must be a unique string of 1 to 20 characters [json-pointer:/blocks/0/chart/axis_config/categories/1]"},
		"a value that is text":         {line(`"series":[{"name":"c","data":[{"label":"a","value":"1"}]}],` + axis("a")), "must be a number [json-pointer:/blocks/0/chart/series/0/data/0/value]"},
		"a pie":                        {`[{"type":"data_visualization","title":"x","chart":{"type":"pie","segments":[{"label":"a","value":1}]}}]`, ""},
		"a pie with nothing in a part": {`[{"type":"data_visualization","title":"x","chart":{"type":"pie","segments":[{"label":"a","value":0}]}}]`, "must be greater than 0 [json-pointer:/blocks/0/chart/segments/0/value]"},
		"a table":                      {whole, ""},
		"a moment in a table":          {table(rowOf(2, rawCell), "["+rawCell+","+richCell+"]"), ""},
		"a number in a table":          {table(rowOf(1, rawCell), `[{"type":"raw_number","value":1.5,"text":"1.5 %"}]`), ""},
		"two tables":                   {"[" + whole[1:len(whole)-1] + "," + whole[1:len(whole)-1] + "]", "no more than 1 blocks of type data_table allowed [json-pointer:/blocks/1]"},
		"a table without a caption":    {strings.Replace(whole, `"caption":"checks",`, "", 1), "missing required field: caption"},
		"a table of its head alone":    {table(rowOf(1, rawCell)), "must have 2 to 101 items [json-pointer:/blocks/0/rows]"},
		"102 rows":                     {table(strings.Split(strings.Repeat(rowOf(1, rawCell)+" ", 102), " ")[:102]...), "must have 2 to 101 items [json-pointer:/blocks/0/rows]"},
		"21 columns":                   {table(rowOf(21, rawCell), rowOf(21, rawCell)), "must have 1 to 20 items [json-pointer:/blocks/0/rows/0]"},
		"rows of different lengths":    {table(rowOf(2, rawCell), rowOf(1, rawCell)), "must have as many cells as the header [json-pointer:/blocks/0/rows/1]"},
		"a head that is no text":       {table("["+richCell+"]", rowOf(1, rawCell)), "must be one of: raw_text [json-pointer:/blocks/0/rows/0/0/type]"},
		"an empty cell":                {table(rowOf(1, rawCell), `[{"type":"raw_text","text":""}]`), "must be more than 0 characters [json-pointer:/blocks/0/rows/1/0/text]"},
		"more text than a table has":   {table(rowOf(4, rawCell), rowOf(4, `{"type":"raw_text","text":"`+chars(2600)+`"}`)), "must have no more than 10000 characters together [json-pointer:/blocks/0/rows]"},
		"a page too large":             {strings.Replace(whole, `"caption"`, `"page_size":101,"caption"`, 1), "must be at most 100 [json-pointer:/blocks/0/page_size]"},
	} {
		var got []string
		for _, p := range blockkit.Validate([]byte(test.blocks), "/blocks") {
			got = append(got, p.String())
		}
		if all := strings.Join(got, "; "); !strings.Contains(all, test.want) || (test.want == "") != (all == "") {
			t.Errorf("%s: got %q, want %q", name, all, test.want)
		}
	}
}
