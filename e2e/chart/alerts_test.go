package chart_test

import (
	"os/exec"
	"testing"

	"canarybot.io/e2e/program"
)

// Prometheus's own promtool takes the alerts, and each fires when it should and not before.
func TestAlerts(t *testing.T) {
	t.Parallel()
	promtool, err := program.Path(t.Context(), program.Promtool)
	if err != nil {
		t.Fatal(err)
	}
	for _, arguments := range [][]string{
		{"check", "rules", product + "/files/alerts.yaml"},
		{"test", "rules", "testdata/alerts_test.yaml"},
	} {
		if output, err := exec.CommandContext(t.Context(), promtool, arguments...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s %s: %v\n%s", arguments[0], arguments[1], err, output)
		}
	}
}
