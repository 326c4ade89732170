package rollout_test

import (
	"encoding/json"
	"testing"

	"canarybot.io/rollout"
)

// kept is what some judge remembers.
type kept string

func (k kept) Encode() []byte {
	if k == "" {
		return nil
	}
	return []byte(k)
}

func TestJudgeStateIsStoredAsBytes(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		state rollout.JudgeState
		want  string
	}{
		"nothing":                 {rollout.JudgeState{}, `{}`},
		"what was stored":         {rollout.StoredJudgeState([]byte("abc")), `{"judge":"YWJj"}`},
		"a judge's own":           {rollout.Remember(kept("abc")), `{"judge":"YWJj"}`},
		"what cannot be stored":   {rollout.Remember(kept("")), `{"judge":null}`},
		"nothing that was stored": {rollout.StoredJudgeState([]byte{}), `{}`},
	} {
		got, err := json.Marshal(struct {
			Judge rollout.JudgeState `json:"judge,omitzero"`
		}{tt.state})
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: %v, %s", name, err, got)
		}
		var again struct {
			Judge rollout.JudgeState `json:"judge"`
		}
		if err := json.Unmarshal(got, &again); err != nil || !again.Judge.Equal(tt.state) || again.Judge.Live() != nil {
			t.Errorf("%s: read again: %v, %q", name, err, again.Judge.Bytes())
		}
	}
}

// What versions before wrote is read, and anything else is an error.
func TestJudgeStateReadsRecordsOfBefore(t *testing.T) {
	t.Parallel()
	for stored, want := range map[string]string{`"AA=="`: "\x00", `null`: "", `""`: ""} {
		s := rollout.StoredJudgeState([]byte("before"))
		if err := json.Unmarshal([]byte(stored), &s); err != nil || string(s.Bytes()) != want {
			t.Errorf("%s: %v, %q", stored, err, s.Bytes())
		}
	}
	for _, stored := range []string{`7`, `{}`, `"?"`} {
		var s rollout.JudgeState
		if err := json.Unmarshal([]byte(stored), &s); err == nil {
			t.Errorf("%s was read as %q", stored, s.Bytes())
		}
	}
}

func TestJudgeStatesAreEqualByWhatIsStored(t *testing.T) {
	t.Parallel()
	live := rollout.Remember(kept("a"))
	if !live.Equal(rollout.StoredJudgeState([]byte("a"))) || live.Equal(rollout.Remember(kept("b"))) || live.Equal(rollout.JudgeState{}) {
		t.Error("states are told apart by something else")
	}
}
