package load_test

import (
	"testing"
	"time"

	"canarybot.io/e2e/load"
)

func TestTally(t *testing.T) {
	t.Parallel()
	tally := load.Tally{
		{Version: "v1", Status: 200}: 90,
		{Version: "v2", Status: 200}: 4,
		{Version: "v2", Status: 500}: 1,
		{Version: "", Status: 502}:   2,
		{}:                           3,
	}
	if got := tally.Total(); got != 100 {
		t.Errorf("total: got %d, want 100", got)
	}
	if got := tally.Version("v2"); got != 5 {
		t.Errorf("of v2: got %d, want 5", got)
	}
	if got := tally.Share("v2"); got != 0.05 {
		t.Errorf("share of v2: got %v, want 0.05", got)
	}
	if got := tally.Failed(); got != 6 {
		t.Errorf("failed: got %d, want 6", got)
	}
	if got := (load.Tally{}).Share("v2"); got != 0 {
		t.Errorf("share of nothing: got %v, want 0", got)
	}
}

func TestStartRefuses(t *testing.T) {
	t.Parallel()
	for name, plan := range map[string]load.Plan{
		"an address outside of the world": {URL: "http://192.0.2.1:80"},
		"a name":                          {URL: "http://example.com"},
		"a flood":                         {URL: "http://127.0.0.1:80", Rate: 100_000},
		"a day":                           {URL: "http://127.0.0.1:80", For: 24 * time.Hour},
	} {
		if generator, err := load.Start(t.TempDir(), plan); err == nil {
			generator.Stop()
			t.Errorf("%s: traffic was sent", name)
		}
	}
}
