package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"canarybot.io/cmd/judgebench/report"
	"canarybot.io/rollout/judge/trial"
)

// printJSON prints one line for each cell.
func printJSON(w io.Writer, cells []cell) {
	e := json.NewEncoder(w)
	for _, c := range cells {
		if err := e.Encode(c); err != nil {
			return // the reader has gone
		}
	}
}

// table is what is printed of cells.
type table struct {
	w     io.Writer
	cells []cell
}

// at finds a cell.
func (t table) at(scenario string, rps float64, algorithm string) cell {
	i := slices.IndexFunc(t.cells, func(c cell) bool { return c.Scenario == scenario && c.RPS == rps && c.Algorithm == algorithm })
	if i < 0 {
		return cell{}
	}
	return t.cells[i]
}

// of are Canarybot's cells of a kind, of which a table has a row each.
func (t table) of(kind report.Kind) (rows []cell) {
	for _, c := range t.cells {
		if c.Algorithm == canarybotName && c.kind == kind {
			rows = append(rows, c)
		}
	}
	return rows
}

// print prints a table with a row for each of Canarybot's cells of some kinds.
func (t table) print(columns []string, kinds []report.Kind, row func(own cell) []string) {
	t.head(columns)
	for _, kind := range kinds {
		for _, own := range t.of(kind) {
			t.row(row(own))
		}
	}
}

// has reports whether families of a kind were played.
func (t table) has(kinds ...report.Kind) bool {
	return slices.ContainsFunc(kinds, func(k report.Kind) bool { return len(t.of(k)) > 0 })
}

func (t table) head(columns []string) {
	fmt.Fprintf(t.w, "\n| %s |\n|%s\n", strings.Join(columns, " | "), strings.Repeat("---|", len(columns)))
}

func (t table) row(fields []string) { fmt.Fprintf(t.w, "| %s |\n", strings.Join(fields, " | ")) }

// printTables prints everything in Markdown.
func printTables(w io.Writer, results []played, cells []cell, o options) {
	t := table{w, cells}
	fmt.Fprintf(w, "%s; %d rollouts of each healthy family, %d of each fault and row; peers, *early* and *first rollout* play a part of them. Shares have their 95 %% intervals in brackets, and seconds that most rollouts never reach are \"-\".\n", source(o), o.healthy, o.reps)
	t.healthyTables()
	t.faultTables()
	t.rowTables()
	t.peerTables()
	t.together(results, o)
	t.short()
	t.losses()
	t.promised(results)
}

// source says what was played.
func source(o options) string {
	text := fmt.Sprintf("Seed %d", o.seed)
	if o.commit != "" {
		text += ", commit " + o.commit
	}
	for r := trial.NoRule + 1; r < trial.Rules; r++ {
		if o.off[r] {
			text += ", without " + r.String()
		}
	}
	return text
}

// printRules prints in Markdown what comes of switching the judge's rules off.
func printRules(w io.Writer, cells []cell, o options) {
	t := table{w, cells}
	fmt.Fprintf(w, "%s; %d rollouts of each healthy family, %d of each family of faults, the same ones in each line.\n", source(o), o.healthy, o.reps)
	t.head([]string{"rules", "healthy rolled back", "most", "asked", "held", "faults found", "median", "or asked", "too soon"})
	for _, c := range o.contenders() {
		healthy, faulty := t.at(allHealthy, 0, c.name), t.at(allFaulty, 0, c.name)
		worst := cell{FalseRollback: new(float64)}
		for _, family := range cells {
			if family.Algorithm == c.name && family.kind == report.Healthy && *family.FalseRollback > *worst.FalseRollback {
				worst = family
			}
		}
		name := c.name
		if name == canarybotName {
			name = "all"
		}
		t.row([]string{name, healthy.wronged(), strings.TrimSpace(percent(worst.FalseRollback) + " " + worst.Scenario), percent(healthy.Asked), percent(healthy.Held), faulty.found(), seconds(faulty.TTDMedian), percent(faulty.OrAsked), percent(faulty.Early)})
	}
}

func (t table) healthyTables() {
	if !t.has(report.Healthy) {
		return
	}
	fmt.Fprintln(t.w, "\n### Healthy, drawn\n\nShares of healthy rollouts that were rolled back, about which people were asked, and that had not ended after an hour; and seconds to the end of the rollout in the median.")
	t.print([]string{"family", "rolled back", "asked", "held", "done", "*first rollout*: rolled back", "held", "*early*: rolled back", "done"},
		[]report.Kind{report.Healthy}, func(own cell) []string {
			first, early := t.at(own.Scenario, own.RPS, firstName), t.at(own.Scenario, own.RPS, earlyName)
			return []string{title(own), own.wronged(), percent(own.Asked), percent(own.Held), seconds(own.Completion), first.wronged(), percent(first.Held), early.wronged(), seconds(early.Completion)}
		})
}

func (t table) faultTables() {
	if !t.has(report.Faulty) {
		return
	}
	fmt.Fprintln(t.w, "\n### Faults, drawn\n\nShares of bad rollouts that were rolled back, or about which people were asked, with seconds since the fault began in the median and for nine of ten; that were rolled back before there was a fault; that everybody got; and harmed requests in the mean.")
	t.print([]string{"family", "found", "median", "p90", "or asked", "median", "too soon", "released", "harmed"},
		[]report.Kind{report.Faulty}, func(own cell) []string {
			return []string{title(own), own.found(), seconds(own.TTDMedian), seconds(own.TTDP90), percent(own.OrAsked), seconds(own.OrAskedMedian), percent(own.Early), percent(own.Released), amount(own.Harmed)}
		})
}

func (t table) rowTables() {
	fmt.Fprintln(t.w, "\n### Faults of fixed size\n\nOne quiet service of 12 pods that is scraped each 15 s, 0.1 % errors, ten minutes each at 5, 50 and 100 %.")
	t.print([]string{"fault", "requests/s", "found", "median", "p90", "or asked", "median", "p90", "harmed", "*first rollout*: found", "median"},
		[]report.Kind{report.Row}, func(own cell) []string {
			first := t.at(own.Scenario, own.RPS, firstName)
			return []string{own.Scenario, rateOf(own.RPS), own.found(), seconds(own.TTDMedian), seconds(own.TTDP90), percent(own.OrAsked), seconds(own.OrAskedMedian), seconds(own.OrAskedP90), amount(own.Harmed), percent(first.Detected), seconds(first.TTDMedian)}
		})
	if !t.has(report.FineRow) {
		return
	}
	fmt.Fprintln(t.w, "\nThe same service, healthy:")
	t.print([]string{"world", "requests/s", "rolled back", "asked", "held", "done"}, []report.Kind{report.FineRow}, func(own cell) []string {
		return []string{own.Scenario, rateOf(own.RPS), own.wronged(), percent(own.Asked), percent(own.Held), seconds(own.Completion)}
	})
}

func (t table) peerTables() {
	names := append([]string{canarybotName}, peers()...)
	beside := func(show func(c cell) string) func(own cell) []string {
		return func(own cell) []string {
			fields := []string{title(own), rateOf(own.RPS)}
			for _, name := range names {
				fields = append(fields, show(t.at(own.Scenario, own.RPS, name)))
			}
			return fields
		}
	}
	columns := append([]string{"world", "requests/s"}, names...)
	fmt.Fprintln(t.w, "\n### Beside others\n\nHealthy rollouts that were rolled back:")
	t.print(columns, []report.Kind{report.Healthy, report.FineRow}, beside(func(c cell) string { return percent(c.FalseRollback) }))
	fmt.Fprintln(t.w, "\nBad rollouts: share that was found, seconds in the median, harmed requests in the mean:")
	t.print(columns, []report.Kind{report.Faulty, report.Row}, beside(func(c cell) string {
		return fmt.Sprintf("%s / %s / %s", percent(c.Detected), seconds(c.TTDMedian), amount(c.Harmed))
	}))
}

// together prints how often everybody is right over the whole draw.
func (t table) together(results []played, o options) {
	fmt.Fprintf(t.w, "\n### Together\n\nPrecision and recall over the whole draw, if one rollout in ten is bad (errors of 2 %% and more, or latency of half as much again): of those that were rolled back the share that was bad, and of the bad ones the share that was rolled back, that was or about which people were asked, and that everybody got.\n")
	t.head([]string{"algorithm", "healthy rolled back", "precision", "recall", "or asked", "released", "from 20 requests/s: precision", "recall", "or asked"})
	for i, c := range o.contenders() {
		all, busy := ratesOf(results, i, false), ratesOf(results, i, true)
		t.row([]string{c.name, all.wronged.String(), precision(all), all.found.String(), all.noticed.String(), all.passed.String(), precision(busy), busy.found.String(), busy.noticed.String()})
	}
}

func precision(r rates) string {
	p, low, high := r.precision()
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", 100*p, 100*low, 100*high)
}

// short prints which families Canarybot is not good enough in.
func (t table) short() {
	fmt.Fprintln(t.w, "\n### Where it falls short\n\nFamilies of which more than 2 % of the healthy are rolled back or, from 20 requests/s, held for an hour, or more than 5 % are asked about; and less than 95 % of the bad are found or asked about.")
	t.head([]string{"world", "requests/s", "what"})
	for _, kind := range []report.Kind{report.Healthy, report.FineRow, report.Faulty, report.Row} {
		for _, own := range t.of(kind) {
			if what := own.short(); len(what) > 0 && !own.together {
				t.row([]string{own.Scenario, rateOf(own.RPS), strings.Join(what, ", ")})
			}
		}
	}
}

// short is what a cell is not good enough in.
func (c cell) short() (what []string) {
	if !c.Healthy {
		if c.OrAsked != nil && *c.OrAsked < 0.95 {
			what = append(what, fmt.Sprintf("%s found, %s with those asked about, %s released", percent(c.Detected), percent(c.OrAsked), percent(c.Released)))
		}
		return what
	}
	if c.FalseRollback != nil && *c.FalseRollback > 0.02 {
		what = append(what, percent(c.FalseRollback)+" rolled back")
	}
	if held := c.busyHeld.part(); held > 0.02 {
		what = append(what, percent(&held)+" held")
	}
	if c.Asked != nil && *c.Asked > 0.05 {
		what = append(what, percent(c.Asked)+" asked about")
	}
	return what
}

// losses prints who finds what sooner, and what that costs elsewhere.
func (t table) losses() {
	fmt.Fprintln(t.w, "\n### Where others are sooner\n\nIn the median, with the share of all healthy rollouts that they roll back.")
	t.head([]string{"fault", "requests/s", "canarybot", "sooner"})
	for _, l := range losses(t.cells) {
		t.row([]string{title(l.canarybot), rateOf(l.canarybot.RPS), seconds(l.canarybot.TTDMedian), strings.Join(l.sooner, ", ")})
	}
}

func (t table) promised(results []played) {
	fmt.Fprintln(t.w, "\n### What was to be reached")
	t.head([]string{"what", "target", "measured", "met"})
	for _, p := range promises(results, t.cells) {
		t.row([]string{p.what, p.target, p.measured, map[bool]string{true: "yes", false: "**no**"}[p.met]})
	}
}

// title is a cell's name, so that the cells of all families stand out.
func title(c cell) string {
	if c.together {
		return "**" + c.Scenario + "**"
	}
	return c.Scenario
}

func (c cell) wronged() string { return withInterval(c.FalseRollback, c.FalseLow, c.FalseHigh) }

func (c cell) found() string { return withInterval(c.Detected, c.DetectedLow, c.DetectedHigh) }

func withInterval(p, low, high *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %% (%.1f to %.1f)", 100**p, 100**low, 100**high)
}

func (s share) String() string {
	p := s.part()
	low, high := s.interval()
	return withInterval(&p, &low, &high)
}

func percent(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", 100**p)
}

func seconds(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", *s)
}

// rateOf is a rate; what is drawn has none.
func rateOf(rps float64) string {
	if rps == 0 {
		return "drawn"
	}
	return fmt.Sprintf("%g", rps)
}

func amount(n float64) string {
	if n >= 10_000 {
		return fmt.Sprintf("%.1fk", n/1000)
	}
	return fmt.Sprintf("%.0f", n)
}
