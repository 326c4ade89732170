package judges

import "testing"

// Slack's own client for the Web API finds every method as its users know it.
func TestWebAPI(t *testing.T) {
	w := start(t)
	w.post("/control/group", map[string]any{"id": "S0000000SRE", "handle": "sre", "members": []string{"U00ONCALL1"}})
	p := w.run("calls.mjs")
	p.Wait()
	if code := p.ExitCode(); code != 0 {
		t.Errorf("calls.mjs ended with %d:\n%s", code, p.Tail(40))
	}
	for what, want := range map[string]bool{"bad_token": true, "missing_scope": true, "unknown_method": true, "invalid_blocks": true, "missed_ack": false} {
		if got := violated(w, what); got != want {
			t.Errorf("violation %s: %v, want %v", what, got, want)
		}
	}
}

func violated(w workspace, kind string) bool {
	for _, v := range w.get("/control/violations")["violations"].([]any) {
		if v.(map[string]any)["kind"] == kind {
			return true
		}
	}
	return false
}
