package config_test

import (
	"strings"
	"testing"

	"canarybot.io/rollout"
)

// A check says what follows where it would ask people; else its service does, else the defaults do, else people are asked.
func TestOnDoubt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		service, check, defaults string
		errors, latency          rollout.OnDoubt
	}{
		"nothing":              {"", "", "", rollout.AskOnDoubt, rollout.AskOnDoubt},
		"the defaults":         {"", "", "wait", rollout.WaitOnDoubt, rollout.WaitOnDoubt},
		"the service":          {"rollback", "", "wait", rollout.RollbackOnDoubt, rollout.RollbackOnDoubt},
		"a check":              {"", "rollback", "", rollout.RollbackOnDoubt, rollout.AskOnDoubt},
		"a check, and service": {"rollback", "ask", "", rollout.AskOnDoubt, rollout.RollbackOnDoubt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line := func(indent, value string) string {
				if value == "" {
					return ""
				}
				return indent + "on_doubt: " + value + "\n"
			}
			more := line("    ", tt.service) + "defaults:\n  drain: 1m\n" + line("  ", tt.defaults) +
				"checks:\n  error_rate:\n    threshold: 0.01\n" + line("    ", tt.check)
			s, err := with(t, more)
			if err != nil {
				t.Fatal(err)
			}
			for check, want := range map[string]rollout.OnDoubt{"error_rate": tt.errors, "latency_p99": tt.latency} {
				if got := checkOf(t, s, check).OnDoubt; got != want {
					t.Errorf("%s: %q, want %q", check, got, want)
				}
			}
		})
	}
}

func checkOf(t *testing.T, s rollout.Service, name string) rollout.Check {
	t.Helper()
	for _, c := range s.Spec.Checks {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no check %s", name)
	return rollout.Check{}
}

// What is judged by its limits has no doubts: a key that would do nothing is an error, wherever the reason is written.
func TestOnDoubtWhereNothingIsInDoubt(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]string{
		"by limits":   "checks:\n  error_rate: {judge: limits, on_doubt: ask}\n",
		"its query":   "checks:\n  error_rate: {query: up, on_doubt: ask}\n",
		"a new check": "checks:\n  jobs: {query: up, comparison: less_than, threshold: 1, on_doubt: ask}\n",
	} {
		if _, err := with(t, more); err == nil || !strings.Contains(rollout.ProblemOf(err).Words, "on_doubt: a check that is judged by its limits is never in doubt") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	s, err := with(t, "    on_doubt: wait\n    checks: [jobs]\nchecks:\n  jobs: {query: up, comparison: less_than, threshold: 1}\n")
	if err != nil || checkOf(t, s, "jobs").OnDoubt != "" {
		t.Errorf("a service with only such checks: %v", err)
	}
}
