package main

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// TestMain lets the test binary act as Slack and Prometheus, as the bench's does.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args[1:], "-outside") {
		if err := serveOutside(context.Background()); err != nil {
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// Before any measurement every rollout must bake, and a command must get an answer. This does not test how fast.
func TestWhatIsMeasuredRuns(t *testing.T) {
	t.Parallel()
	const n = 3
	err := with(t.Context(), n, nil, func(p *product, o *outside, _ string) error {
		if got := p.baking(); got != n {
			t.Errorf("%d of %d rollouts bake", got, n)
		}
		o.slash("pause " + string(serviceName(0)))
		if !o.lines.Scan() || !strings.HasPrefix(o.lines.Text(), "acked ") {
			t.Errorf("a command is answered with %q", o.lines.Text())
		}
		if err := p.ask(t.Context(), "GET", "/v1/rollouts/"+string(rolloutOf(0)), nil); err != nil {
			t.Error(err)
		}
		for _, line := range []string{"home " + looker(0), "slash report 30d"} {
			if ms, err := o.timed(line); ms <= 0 || err != nil {
				t.Errorf("%s: %v ms, %v", line, ms, err)
			}
		}
		return p.stop()
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What is filled in is an audit that verifies and a report that counts.
func TestFillIsAnAudit(t *testing.T) {
	t.Parallel()
	var all []rollout.AuditEntry
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for n := range 120 {
		all = append(all, entry(n, at))
	}
	p := rollout.NewReport(all, at, at, func(rollout.AuditEntry) bool { return true })
	if p.Rollouts != 12 || p.RolledBack != 2 || p.Detected != 2 || p.Judged != 24 {
		t.Errorf("the report is %+v", p)
	}
}

func TestMeasureKnowsItsNames(t *testing.T) {
	t.Parallel()
	if err := measure(t.Context(), "nothing", func(figure) { t.Error("something was measured") }); err == nil {
		t.Error("an unknown measurement is not an error")
	}
}
