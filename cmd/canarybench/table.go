package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// printJSON prints one line for each cell.
func printJSON(w io.Writer, cells []cell) {
	e := json.NewEncoder(w)
	for _, c := range cells {
		if err := e.Encode(c); err != nil {
			return // whoever reads has left
		}
	}
}

// printTable prints two tables in Markdown: whom an algorithm wrongs, and how soon it finds what is bad.
func printTable(w io.Writer, cells []cell) {
	fmt.Fprintln(w, "Healthy canaries: share that was rolled back, and seconds to the end of the rollout in the median.")
	print(w, cells, true, func(c cell) string {
		return fmt.Sprintf("%.1f %% / %s", 100**c.FalseRollback, seconds(c.Completion))
	})
	fmt.Fprintln(w, "\nBad canaries: share that was found, seconds to find it in the median, and harmed requests in the mean.")
	print(w, cells, false, func(c cell) string {
		return fmt.Sprintf("%.0f %% / %s / %s", 100**c.Detected, seconds(c.TTDMedian), count(c.Harmed))
	})
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
