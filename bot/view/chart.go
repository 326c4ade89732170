package view

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Shape is how a chart shows its values.
type Shape int

// The shapes.
const (
	Lines Shape = iota
	Steps       // a value holds until the next
	Bars
)

// Chart is what a chart shows, whoever draws it: Slack, or a picture.
type Chart struct {
	Shape  Shape
	Title  string
	Unit   string // of the values, as it stands behind a number; empty: they are plain numbers
	Across string // what lies along the axis below; empty: the labels say it
	// Labels name the places along that axis, and At are where they lie; empty: in even distances.
	Labels []string
	At     []float64
	Series []Series
	// up is what Slack writes along the other axis.
	up string
}

// Series has a value for each label.
type Series struct {
	Name   string
	Values []float64
}

// charts draw canary against stable: over time where that was kept, of those that decide first; else all in percent of
// their limits.
func charts(sorted []rollout.Evidence, most int) []Chart {
	var all []Chart
	for _, e := range sorted {
		if c, ok := trendChart(e); ok && len(all) < most {
			all = append(all, c)
		}
	}
	if c, ok := limitsChart(sorted); ok && len(all) == 0 {
		all = append(all, c)
	}
	return all
}

// withChart has the check's chart, and below it what there is to say; none where there is no chart.
func withChart(e rollout.Evidence, text string) []slack.Block {
	c, ok := trendChart(e)
	if !ok {
		return nil
	}
	return append(blocksOf([]Chart{c}), list([]string{text})...)
}

// trendChart draws a check's values over time; ok is false where they were not compared.
func trendChart(e rollout.Evidence) (c Chart, ok bool) {
	if e.Compared == nil || len(e.Compared.Trend) < 2 || e.Why == rollout.WhyNoShare {
		return Chart{}, false
	}
	points := e.Compared.Trend[max(0, len(e.Compared.Trend)-maxPoints):]
	highest := math.Abs(e.Threshold)
	for _, p := range points {
		highest = max(highest, math.Abs(p[0]), math.Abs(p[1]))
	}
	factor, unit := scale(e.Unit, highest)
	name := unmarked(nameOf(e)+onPart(e), maxChartTitle-len(": canary and stable"))
	c = Chart{Title: name + ": canary and stable", Unit: unit, Across: "oldest first", up: unmarked(joined(", ", name, unit), maxChartTitle)}
	canary, stable, limit := Series{Name: "canary"}, Series{Name: "stable"}, Series{Name: "limit"}
	for i, p := range points {
		c.Labels = append(c.Labels, strconv.Itoa(i+1))
		canary.Values = append(canary.Values, p[0]*factor)
		stable.Values = append(stable.Values, p[1]*factor)
		limit.Values = append(limit.Values, e.Threshold*factor)
	}
	c.Series = []Series{canary, stable}
	if e.Comparison != "" {
		c.Series = append(c.Series, limit)
	}
	return c.drawable()
}

// limitsChart draws what each check shows of its limit; ok is false where no check has both values and a limit that they
// stay below.
func limitsChart(sorted []rollout.Evidence) (c Chart, ok bool) {
	c = Chart{Shape: Bars, Title: "Canary and stable, in percent of the limits", Unit: "%", up: "% of the limit"}
	canary, stable := Series{Name: "canary"}, Series{Name: "stable"}
	for _, e := range sorted {
		label := unmarked(nameOf(e), maxChartLabel)
		if e.Canary == nil || e.Stable == nil || e.Comparison != rollout.LessThan || e.Threshold <= 0 || isBeside(e) || e.Part != nil ||
			slices.Contains(c.Labels, label) || len(c.Labels) == maxPoints {
			continue
		}
		c.Labels = append(c.Labels, label)
		canary.Values = append(canary.Values, 100**e.Canary/e.Threshold)
		stable.Values = append(stable.Values, 100**e.Stable/e.Threshold)
	}
	c.Series = []Series{canary, stable}
	return c.drawable()
}

// drawable rounds the values to as many digits as a chart can show; ok is false where there are none, or one that no
// chart can show.
func (c Chart) drawable() (drawn Chart, ok bool) {
	for _, s := range c.Series {
		for i, v := range s.Values {
			v = rounded(v)
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return Chart{}, false
			}
			s.Values[i] = v
		}
	}
	return c, len(c.Labels) > 0
}

// blocksOf has Slack draw the charts.
func blocksOf(charts []Chart) []slack.Block {
	var all []slack.Block
	for _, c := range charts {
		axis := slack.NewDataVisualizationAxisConfig(c.Labels...).WithYLabel(c.up)
		if c.Across != "" {
			axis = axis.WithXLabel(c.Across)
		}
		var series []slack.DataVisualizationDataSeries
		for _, s := range c.Series {
			var points []slack.DataVisualizationDataPoint
			for i, v := range s.Values {
				points = append(points, slack.NewDataVisualizationDataPoint(c.Labels[i], v))
			}
			series = append(series, slack.NewDataVisualizationDataSeries(s.Name, points...))
		}
		var drawn slack.DataVisualizationChart = slack.NewDataVisualizationLineChart(axis, series...)
		if c.Shape == Bars {
			drawn = slack.NewDataVisualizationBarChart(axis, series...)
		}
		all = append(all, slack.NewDataVisualizationBlock(c.Title, drawn))
	}
	return all
}

// rounded keeps as many digits as a chart can show.
func rounded(v float64) float64 {
	short, err := strconv.ParseFloat(fmt.Sprintf("%.4g", v), 64)
	if err != nil {
		return math.NaN()
	}
	return short
}

// scale returns by what values up to the highest are multiplied to be read in one unit, and the unit.
func scale(unit rollout.Unit, highest float64) (factor float64, name string) {
	switch unit {
	case rollout.Ratio:
		return 100, "%"
	case rollout.Seconds:
		if highest < 0.9995 {
			return 1000, "ms"
		}
		return 1, "s"
	case rollout.Bytes:
		a := bytes(highest, measured)
		return map[string]float64{"TiB": 1.0 / (1 << 40), "GiB": 1.0 / (1 << 30), "MiB": 1.0 / (1 << 20), "KiB": 1.0 / (1 << 10), "B": 1}[a.unit], a.unit
	case rollout.Number:
	}
	return 1, ""
}
