package main

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
)

// row returns Canarybot's cell of a scenario.
func row(t *testing.T, cells []cell, scenario string, rps float64, algorithm string) cell {
	t.Helper()
	for _, c := range cells {
		if c.Scenario == scenario && c.RPS == rps && c.Algorithm == algorithm {
			return c
		}
	}
	t.Fatalf("there is no cell of %s at %v requests a second under %s", scenario, rps, algorithm)
	return cell{}
}

// What the tables show for many rollouts holds for a few: no fine canary is wronged, and a plain fault is found at once.
func TestCanarybotInSmallRuns(t *testing.T) {
	t.Parallel()
	cells := play(7, 4, 6)
	for _, c := range cells {
		if c.Healthy && strings.HasPrefix(c.Algorithm, "canarybot") && *c.FalseRollback > 0 {
			t.Errorf("%s at %v requests a second: %s wronged %v of %d", c.Scenario, c.RPS, c.Algorithm, *c.FalseRollback, c.Runs)
		}
	}
	for _, tt := range []struct {
		scenario string
		rps      float64
		within   float64 // seconds, in the median
		harmed   float64 // requests, in the mean
	}{
		{"outage: every request fails", 100, 15, 90},
		{"outage: pods and series gone", 100, 60, 310},
		{"errors 5 %", 100, 60, 16},
		{"errors 2 %", 1000, 60, 60},
		{"latency x5", 100, 15, 20},
		{"leak 0.25 MiB/s", 100, 540, 0},
	} {
		c := row(t, cells, tt.scenario, tt.rps, "canarybot")
		if *c.Detected < 1 || *c.TTDMedian > tt.within || c.Harmed > tt.harmed {
			t.Errorf("%s: found %v after %v s with %v harmed; at most %v s and %v", tt.scenario, *c.Detected, *c.TTDMedian, c.Harmed, tt.within, tt.harmed)
		}
	}
	if whole, early := row(t, cells, "fine", 1000, "canarybot"), row(t, cells, "fine", 1000, "canarybot early"); *whole.Completion != 1800 || *early.Completion > 1200 {
		t.Errorf("a fine canary is done after %v s, and after %v with early promotion", *whole.Completion, *early.Completion)
	}
}

// A table is reproducible: the seed determines everything, and every algorithm sees the same world.
func TestTheSeedSaysEverything(t *testing.T) {
	t.Parallel()
	var first, again, other bytes.Buffer
	printJSON(&first, play(3, 1, 1))
	printJSON(&again, play(3, 1, 1))
	printJSON(&other, play(4, 1, 1))
	if first.String() != again.String() || first.String() == other.String() {
		t.Error("the same seed must give the same, and another seed something else")
	}
	x := trace{scenario: scenarios()[0], seed: 9}
	if one, two := x.at(17, 0.05, 0), x.at(17, 0.05, 0); !reflect.DeepEqual(one, two) {
		t.Errorf("the same scrape was\n%+v and\n%+v", one, two)
	}
}

// One line a cell, under the names that a script may rely on.
func TestJSONLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	cells := play(1, 1, 1)
	printJSON(&out, cells)
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != len(cells) || len(cells) != len(scenarios())*len(contenders()) {
		t.Fatalf("%d lines for %d cells", len(lines), len(cells))
	}
	for _, line := range []string{lines[0], lines[len(lines)-1]} {
		var c map[string]any
		if err := json.Unmarshal([]byte(line), &c); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"scenario", "rps", "algorithm", "harmed_mean", "runs"} {
			if _, ok := c[name]; !ok {
				t.Errorf("%s is missing in %s", name, line)
			}
		}
	}
}

func TestTables(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	printTable(&out, play(1, 1, 1))
	width := 0
	for line := range strings.Lines(out.String()) {
		if !strings.HasPrefix(line, "|") {
			width = 0
			continue
		}
		if n := strings.Count(line, "|"); width != 0 && n != width {
			t.Errorf("%d columns, the line before had %d: %s", n, width, line)
		} else {
			width = n
		}
	}
}

// The worlds follow the distributions that they claim.
func TestDraws(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n, p float64 }{{20, 0.3}, {1000, 0.001}, {1000, 0.5}, {15_000, 0.05}, {1500, 0.99}} {
		const draws = 20_000
		sum, square := 0.0, 0.0
		for i := range uint64(draws) {
			x := newDraws(5, i).binomial(tt.n, tt.p)
			if x < 0 || x > tt.n || x != math.Trunc(x) {
				t.Fatalf("%v of %v coins", x, tt.n)
			}
			sum, square = sum+x, square+x*x
		}
		mean, variance := sum/draws, square/draws-sum*sum/draws/draws
		want, spread := tt.n*tt.p, tt.n*tt.p*(1-tt.p)
		if math.Abs(mean-want) > 5*math.Sqrt(spread/draws) || math.Abs(variance/spread-1) > 0.06 {
			t.Errorf("%v coins of %v: mean %v, variance %v; want %v and %v", tt.n, tt.p, mean, variance, want, spread)
		}
	}
	for _, rate := range []float64{0.7, 15, 1500} {
		const draws = 20_000
		sum := 0.0
		for i := range uint64(draws) {
			sum += newDraws(6, i).poisson(rate)
		}
		if mean := sum / draws; math.Abs(mean-rate) > 5*math.Sqrt(rate/draws) {
			t.Errorf("rate %v: mean %v", rate, mean)
		}
	}
}

// Wilson's interval, by its textbook values.
func TestUpper(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		x, n int
		want float64
	}{{0, 1000, 0.00383}, {5, 1000, 0.01165}, {50, 100, 0.5962}} {
		if got := upper(tt.x, tt.n); math.Abs(got-tt.want) > 1e-4 {
			t.Errorf("%d of %d: %v, want %v", tt.x, tt.n, got, tt.want)
		}
	}
}

// What is printed beside the tables follows from them.
func TestPromisesFollowFromTheCells(t *testing.T) {
	t.Parallel()
	cells := play(7, 2, 2)
	if got := withinBudget(cells); len(got) != 1 || got[0] != "none" {
		t.Errorf("two rollouts of each kind show that %v wrong hardly anybody", got)
	}
	all := promises(cells)
	if len(all) != 17 {
		t.Fatalf("%d promises", len(all))
	}
	if all[0].met {
		t.Error("two rollouts of each kind show that hardly anybody is wronged")
	}
	if p := all[1]; !p.met || !strings.Contains(p.measured, "times") {
		t.Errorf("5 %% errors beside a script that waits ten minutes: %+v", p)
	}
	for _, l := range losses(cells) {
		if l.canarybot.Scenario == "outage: every request fails" {
			t.Errorf("others are sooner than one scrape: %v", l.sooner)
		}
	}
}
