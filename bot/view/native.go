package view

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Slack's limits for charts and tables; of texts a little less.
const (
	maxCharts     = 2
	maxPoints     = 20
	maxChartLabel = 20
	maxChartTitle = 50
	maxTableRows  = 100
	maxTableText  = 7000
	maxCell       = 400
	// tablePage is how many rows a table shows before somebody turns its pages.
	tablePage = 10
)

// hasNative reports whether there is a block among them that some workspaces do not take.
func hasNative(blocks []slack.Block) bool {
	return slices.ContainsFunc(blocks, func(b slack.Block) bool {
		switch b.BlockType() {
		case slack.MBTPlan, slack.MBTDataVisualization, slack.MBTDataTable:
			return true
		}
		return false
	})
}

// withSteps appends the plan's steps and where the rollout is.
func (m Message) withSteps(r rollout.Rollout) Message {
	return m.withEither([]slack.Block{stepsPlan(r)}, []slack.Block{context(bar(r))})
}

// stepsPlan has a task for each stop. A state that Slack has no picture for is a word behind the title, as is each that
// is not the usual one: a screen reader reads the title.
func stepsPlan(r rollout.Rollout) slack.Block {
	title := "Steps"
	if r.Phase.Live() && r.Phase < rollout.Promoting {
		title = capitalize(stepOf(r))
	}
	plan := slack.NewPlanBlock(title)
	var tasks []*slack.TaskCardBlock
	for i, s := range stops(r) {
		status, word := taskStatus(r, s.sign)
		tasks = append(tasks, slack.NewTaskCardBlock(strconv.Itoa(i), unmarked(dotted(s.title, word), maxTitle)).WithStatus(status))
	}
	return plan.WithTasks(tasks...)
}

// taskStatus returns what Slack draws for a stop's sign, and what is to be said with it.
func taskStatus(r rollout.Rollout, sign string) (status slack.TaskCardStatus, word string) {
	switch sign {
	case iconDone:
		return slack.TaskCardStatusComplete, ""
	case iconGoing:
		return slack.TaskCardStatusInProgress, ""
	case iconPaused:
		return slack.TaskCardStatusInProgress, "paused"
	case iconWarning:
		if r.Stuck != nil && !r.HeldOnFail() {
			return slack.TaskCardStatusInProgress, "stuck"
		}
		return slack.TaskCardStatusInProgress, "held"
	case iconBack:
		if r.Ending.Outcome == rollout.RolledBack {
			return slack.TaskCardStatusError, "rolled back"
		}
		return slack.TaskCardStatusError, "rolling back"
	case iconBad:
		return slack.TaskCardStatusError, string(r.Ending.Outcome)
	}
	return slack.TaskCardStatusPending, ""
}

// withEvidence appends all about a verdict's checks: charts of canary against stable and a table with every number, or
// their lines. Caption says what the table is about.
func (m Message) withEvidence(v rollout.Verdict, caption string) Message {
	return m.withEither(drawnEvidence(v, caption), list(evidence(v)))
}

// drawnEvidence has the charts and the table; none where a table would be too large.
func drawnEvidence(v rollout.Verdict, caption string) []slack.Block {
	sorted := worstFirst(v.Evidence)
	table := checkTable(sorted, caption)
	if table == nil {
		return nil
	}
	most := maxCharts
	if v.Result == rollout.Pass {
		most = 1 // there is nothing to look into
	}
	return append(blocksOf(charts(sorted, most)), table...)
}

// unmarked turns finished mrkdwn into text for where Slack reads none: on one line, and with nothing in it that could come
// alive all the same.
func unmarked(mrkdwn string, most int) string {
	s := strings.NewReplacer("<", "‹", ">", "›", "`", "").Replace(Plain(mrkdwn))
	return withoutEmojiCodes(clip(s, most))
}

// checkTable has a row for each check with every number, so that nobody needs the charts; nil: there are none, or too many
// to be read in a table.
func checkTable(sorted []rollout.Evidence, caption string) []slack.Block {
	if len(sorted) == 0 {
		return nil
	}
	rows := [][]cell{cells("Check", "Result", "Canary", "Stable", "Limit", "Seen")}
	for _, e := range sorted {
		rows = append(rows, cells(checkRow(e)...))
	}
	return tableOf(caption, rows)
}

// cell is what stands in one place of a table: text, a moment, which the reader sees in their own zone, or somebody.
type cell struct {
	text string
	at   time.Time
	who  rollout.Actor // a person, shown as Slack shows them
}

// cells are a row of texts.
func cells(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	return row
}

// tableOf makes a table of rows, of which the first is its head; none where it would be too large.
func tableOf(caption string, rows [][]cell) []slack.Block {
	if len(rows) > maxTableRows+1 {
		return nil
	}
	t := slack.NewDataTableBlock(unmarked(caption, maxTitle))
	size := 0
	for _, row := range rows {
		var made []slack.DataTableCell
		for _, c := range row {
			one, length := c.block()
			size += length
			made = append(made, one)
		}
		t.Rows = append(t.Rows, made)
	}
	if size > maxTableText {
		return nil
	}
	t.PageSize = min(len(rows)-1, tablePage)
	return []slack.Block{t}
}

// block returns the cell as Slack takes it, and how many characters it has.
func (c cell) block() (slack.DataTableCell, int) {
	if !c.at.IsZero() {
		fallback, format := c.at.UTC().Format("2 Jan 2006 15:04 UTC"), "{date_short_pretty} at {time}"
		date := slack.NewRichTextSectionDateElement(c.at.Unix(), format, nil, &fallback)
		return slack.NewDataTableRichTextCell(slack.NewRichTextSection(date)), len(fallback)
	}
	if c.who.Kind == rollout.Person && slackID.MatchString(c.who.ID) {
		return slack.NewDataTableRichTextCell(slack.NewRichTextSection(slack.NewRichTextSectionUserElement(c.who.ID, nil))), len(c.who.ID)
	}
	text := unmarked(c.text, maxCell)
	if text == "" {
		text = "–"
	}
	return slack.NewDataTableRawTextCell(text), utf8.RuneCountInString(text)
}

// checkRow says what a check's line in the thread says, number by number.
func checkRow(e rollout.Evidence) []string {
	result := map[rollout.Result]string{rollout.Pass: "pass", rollout.Fail: "fail"}[e.Result]
	if result == "" {
		result = "unknown"
	}
	canary, stable, limit, reason := "", "", "", why(e)
	if e.Canary != nil && e.Why != rollout.WhyNoShare {
		var named string
		canary, named = valueAndLimit(e)
		limit = dotted(marginOf(e.Margin, e.Unit), strings.TrimPrefix(named, limitWord(rollout.LessThan)+" "))
	}
	if e.Stable != nil && e.Why != rollout.WhyNoShare {
		stable = amountOf(*e.Stable, e.Unit, measured).String()
	}
	if e.Result == rollout.Pass {
		reason = ""
	} else if canary == "" {
		reason = orNoNumber(reason)
	}
	slow := ""
	if judgedByShare(e) && e.Canary != nil && e.Why != rollout.WhyNoShare {
		slow = slowerThan(e)
	}
	return []string{
		nameOf(e) + onPart(e), icon(e.Result) + " " + result, canary, stable, limit,
		dotted(slow, reason, informOnly(e), samples(e), worseBlocks(e), course(e), words(e.Detail)),
	}
}
