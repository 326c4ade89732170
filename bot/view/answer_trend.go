package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Trend says how rollouts went over time, for a report that Report says as a whole: charts and a table where the workspace
// draws them, else a line for each span. The spans are those of rollout.Trend; ok is false where they show nothing.
func (a Answers) Trend(spans []rollout.Report, about Reported) (m Message, ok bool) {
	charts, lines := trendCharts(spans, about.Baseline), trendLines(spans)
	if len(charts) == 0 {
		return Message{}, false
	}
	head := trendHead(spans, about)
	m = message("*"+head+"*").withText("%s. %s", head, strings.Join(lines, "; "))
	rows := [][]cell{cells("From", "Deploys", "Rolled back", "Found after", "Incidents")}
	for i, p := range spans {
		rows = append(rows, cells(trendLabel(spans, i), fmt.Sprint(p.Rollouts), fmt.Sprint(p.RolledBack), foundAfter(p), fmt.Sprint(p.Incidents)))
	}
	return m.withEither(append(blocksOf(charts), tableOf(head, rows)...), list(lines)), true
}

// TrendPicture is the picture of what Trend says, for where Slack draws no charts.
func (a Answers) TrendPicture(spans []rollout.Report, about Reported) Picture {
	head := trendHead(spans, about)
	return Picture{Name: "report.png", Text: head, Alt: altText(head, trendLines(spans)), Charts: trendCharts(spans, about.Baseline)}
}

// WithPicture puts a picture that was uploaded under the id above the classic blocks of the message, but for its title.
func (m Message) WithPicture(file string, p Picture) Message {
	image := slack.NewImageBlockSlackFile(&slack.SlackFileObject{ID: file}, p.Alt, "", nil)
	m.Blocks = append([]slack.Block{m.Blocks[0], image}, m.Blocks[1:]...)
	return m
}

// trendHead says what the spans are of, and how long they are.
func trendHead(spans []rollout.Report, about Reported) string {
	const day = 24 * time.Hour
	newest := spans[len(spans)-1]
	by := ""
	switch length := newest.To.Sub(newest.From); length {
	case day:
		by = "day by day"
	case 7 * day:
		by = "week by week"
	default:
		by = "every " + span(length)
	}
	return fmt.Sprintf("Rollouts%s, %s, in UTC", about.of(), by)
}

// trendLabel names a span by its first day, with the year where they are of several.
func trendLabel(spans []rollout.Report, i int) string {
	const year = 365 * 24 * time.Hour
	format := "2 Jan"
	if spans[len(spans)-1].To.Sub(spans[0].From) >= year {
		format = "2 Jan 2006"
	}
	return spans[i].From.UTC().Format(format)
}

// foundAfter says how long bad versions had traffic before somebody knew; empty: there was none.
func foundAfter(p rollout.Report) string {
	if p.Detected == 0 {
		return ""
	}
	return span(p.Detection)
}

// trendLines has a line for each span.
func trendLines(spans []rollout.Report) []string {
	var lines []string
	for i, p := range spans {
		found, incidents := foundAfter(p), ""
		if found != "" {
			found = "found after " + found
		}
		if p.Incidents > 0 {
			incidents = plural(p.Incidents, "incident", "incidents")
		}
		lines = append(lines, "From "+trendLabel(spans, i)+": "+joined(", ", plural(p.Rollouts, "deploy", "deploys"), fmt.Sprintf("%d rolled back", p.RolledBack), found, incidents))
	}
	return lines
}

// trendCharts draw how many deploys there were, and the share that was rolled back beside the one from before; none where
// there was no deploy.
func trendCharts(spans []rollout.Report, before rollout.Baseline) []Chart {
	if len(spans) < 2 {
		return nil
	}
	across := trendLabel(spans, 0) + " to " + spans[len(spans)-1].To.UTC().Format("2 Jan") + ", UTC"
	deploys := Chart{Title: "Deploys a day", Across: across, up: "deploys a day"}
	rates := Chart{Title: "Rollback rate", Unit: "%", Across: across, up: "% of the deploys"}
	good, bad, rate, was := Series{Name: "succeeded"}, Series{Name: "rolled back"}, Series{Name: "rate"}, Series{Name: "before"}
	for i, p := range spans {
		label := trendLabel(spans, i)
		deploys.Labels = append(deploys.Labels, label)
		good.Values, bad.Values = append(good.Values, float64(p.Succeeded)/p.Days()), append(bad.Values, float64(p.RolledBack)/p.Days())
		if p.Rollouts == 0 {
			continue // a rate of nothing is none
		}
		rates.Labels = append(rates.Labels, label)
		rate.Values = append(rate.Values, 100*float64(p.RolledBack)/float64(p.Rollouts))
		if before.RollbackRate != nil {
			was.Values = append(was.Values, 100**before.RollbackRate)
		}
	}
	deploys.Series, rates.Series = []Series{good, bad}, []Series{rate}
	if len(was.Values) > 0 {
		rates.Series = append(rates.Series, was)
	}
	if len(rates.Labels) == 0 {
		return nil
	}
	var all []Chart
	for _, c := range []Chart{deploys, rates} {
		if c, ok := c.drawable(); ok {
			all = append(all, c)
		}
	}
	return all
}
