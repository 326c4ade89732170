package view_test

import (
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// measure is a number that somebody may need: with its unit, or one of a count.
var measure = regexp.MustCompile(`[\d.,]*\d(?: (?:%|ms|s|min|MiB))?`)

// Whoever cannot see a chart, or has a workspace without plans and tables, reads the same numbers.
func TestNativeAndClassicBlocksSayTheSame(t *testing.T) {
	plain := func(blocks []slack.Block) string {
		m := view.Message{Blocks: blocks}
		return strings.ReplaceAll(strings.Join(blockkit.Plain(raw(t, m), blockkit.Names{Now: noon}), "\n"), "\u00a0", " ")
	}
	// The bars of text, and what says how high they are, are drawn as a chart.
	bars := regexp.MustCompile("(?m)^.*[▁-█].*$|^Oldest first.*$")
	seen := 0
	for _, group := range []map[string]view.Message{cards(), replies(), answers()} {
		for name, m := range group {
			if m.Native == nil {
				continue
			}
			seen++
			native := plain(m.Native)
			for _, n := range measure.FindAllString(bars.ReplaceAllString(plain(m.Blocks), ""), -1) {
				if !strings.Contains(native, n) {
					t.Errorf("%s: only the classic blocks say %q:\n%s", name, n, native)
				}
			}
			if got, want := buttonsOf(t, view.Message{Blocks: m.Native}), buttonsOf(t, m); len(got) != len(want) {
				t.Errorf("%s: %d buttons beside native blocks, %d beside classic ones", name, len(got), len(want))
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d messages have native blocks", seen)
	}
}

// kindsOf counts the native blocks of a message by their type.
func kindsOf(m view.Message) map[slack.MessageBlockType]int {
	found := map[slack.MessageBlockType]int{}
	for _, b := range m.Native {
		found[b.BlockType()]++
	}
	return found
}

// What a chart or a table cannot show is left to text; a message is never refused because of it.
func TestWhatIsDrawn(t *testing.T) {
	many := func(n int, change func(*rollout.Evidence)) rollout.Verdict {
		v := rollout.Verdict{Result: rollout.Fail}
		for range n {
			e := compared(rollout.Fail, rollout.WhyWorse).Evidence[0]
			change(&e)
			v.Evidence = append(v.Evidence, e)
		}
		return v
	}
	trend := func(points ...[2]float64) func(*rollout.Evidence) {
		return func(e *rollout.Evidence) {
			c := *e.Compared
			c.Trend = points
			e.Compared = &c
		}
	}
	same := func(*rollout.Evidence) {}
	for name, test := range map[string]struct {
		verdict       rollout.Verdict
		charts, table int
	}{
		"nothing was asked":                  {rollout.Verdict{}, 0, 0},
		"one check over time":                {many(1, same), 1, 1},
		"a chart for two of five":            {many(5, same), 2, 1},
		"one chart where all is well":        {passing(), 1, 1},
		"a single point":                     {many(1, trend([2]float64{0.1, 0.1})), 1, 1}, // the bars stand in
		"as many points as no chart has":     {many(1, trend(slices.Repeat([][2]float64{{0.1, 0.1}}, 99)...)), 1, 1},
		"a value that is no number":          {many(1, trend([2]float64{0, 0}, [2]float64{math.NaN(), 0})), 1, 1},
		"a value without end, and no limits": {many(1, func(e *rollout.Evidence) { trend([2]float64{0, 0}, [2]float64{math.Inf(1), 0})(e); e.Threshold = 0 }), 0, 1},
		"nothing known of stable":            {many(1, func(e *rollout.Evidence) { trend()(e); e.Stable = nil }), 0, 1},
		"more checks than a table has rows":  {many(101, same), 0, 0},
		"a table of more text than fits":     {many(90, func(e *rollout.Evidence) { e.Detail = strings.Repeat("no ", 90) }), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			m := view.Answers{}.Checks("checkout", test.verdict)
			if err := refusal(m); err != nil {
				t.Fatal(err)
			}
			got := kindsOf(m)
			if got[slack.MBTDataVisualization] != test.charts || got[slack.MBTDataTable] != test.table {
				t.Errorf("got %v, want %d charts and %d tables", maps.Collect(maps.All(got)), test.charts, test.table)
			}
		})
	}
}
