package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

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

// printTable prints in Markdown whom an algorithm wrongs, how soon it finds what is bad, and what that comes to beside
// what is promised.
func printTable(w io.Writer, cells []cell) {
	fmt.Fprintln(w, "Healthy canaries: share that was rolled back (with the upper end of its 95 % interval), seconds to the end of the rollout in the median, and share that had not ended by then.")
	print(w, cells, true, func(c cell) string {
		return fmt.Sprintf("%.1f %% (%.1f) / %s / %.0f %%", 100**c.FalseRollback, 100**c.FalseHigh, seconds(c.Completion), 100**c.Held)
	})
	fmt.Fprintln(w, "\nBad canaries: share that was found, seconds to find it in the median and for nine of ten, and harmed requests in the mean.")
	print(w, cells, false, func(c cell) string {
		return fmt.Sprintf("%.0f %% / %s / %s / %s", 100**c.Detected, seconds(c.TTDMedian), seconds(c.TTDP90), count(c.Harmed))
	})
	fmt.Fprintf(w, "\nTunings that wrong at most 1 %% of every kind of healthy canary (upper end of the interval; 1.5 %% where pods differ for ever): %s.\n",
		strings.Join(withinBudget(cells), ", "))
	fmt.Fprintln(w, "\nWhere others are sooner in the median, and how many of the healthy canaries of one kind they roll back at worst:")
	fmt.Fprintf(w, "\n| scenario | requests/s | canarybot | sooner |\n|---|---|---|---|\n")
	for _, l := range losses(cells) {
		fmt.Fprintf(w, "| %s | %.0f | %s | %s |\n", l.canarybot.Scenario, l.canarybot.RPS, seconds(l.canarybot.TTDMedian), strings.Join(l.sooner, ", "))
	}
	fmt.Fprintf(w, "\n| promised | target | measured | met |\n|---|---|---|---|\n")
	for _, p := range promises(cells) {
		fmt.Fprintf(w, "| %s | %s | %s | %s |\n", p.what, p.target, p.measured, map[bool]string{true: "yes", false: "**no**"}[p.met])
	}
	fmt.Fprintf(w, "\nA scrape of six checks costs the judge %.1f microseconds here.\n", float64(cost().Nanoseconds())/1000)
}

// cost is how long the judge takes for a scrape of all its checks.
func cost() time.Duration {
	const scrapes = 20_000
	o, s := trial.Defaults(3*perStep), trial.State{}
	busy := func(requests float64) trial.Arm {
		return trial.Arm{Requests: requests, Errors: requests * base, Timed: requests, Slow: [trial.Bounds]float64{requests / 4, requests / 12, requests / 50, requests / 900}, Pods: 2}
	}
	in := trial.Scrape{Canary: busy(1000), Stable: busy(19_000), Weight: 0.05, Age: 600}
	start := time.Now()
	for range scrapes {
		s.Add(&o, in)
	}
	return time.Since(start) / scrapes
}

func seconds(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f", *s)
}

func count(n float64) string {
	if n >= 10_000 {
		return fmt.Sprintf("%.1fk", n/1000)
	}
	return fmt.Sprintf("%.0f", n)
}

func print(w io.Writer, cells []cell, healthy bool, show func(cell) string) {
	var names []string
	for _, c := range contenders() {
		names = append(names, c.name)
	}
	fmt.Fprintf(w, "\n| scenario | requests/s | %s |\n|---|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for i := 0; i < len(cells); i += len(names) {
		if cells[i].Healthy != healthy {
			continue
		}
		fmt.Fprintf(w, "| %s | %.0f |", cells[i].Scenario, cells[i].RPS)
		for _, c := range cells[i : i+len(names)] {
			fmt.Fprintf(w, " %s |", show(c))
		}
		fmt.Fprintln(w)
	}
}
