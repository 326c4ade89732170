package rollout_test

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

func TestWhenAnIncidentMayHaveBegun(t *testing.T) {
	t.Parallel()
	asked := time.Date(2026, 11, 23, 14, 0, 37, 0, time.UTC)
	now := asked.Add(time.Hour)
	r := rollout.Rollout{ID: "checkout-42", Request: rollout.Request{At: asked}}
	for name, test := range map[string]struct {
		at   time.Time
		want rollout.ProblemCode
	}{
		"now":                                    {now, rollout.NoProblem},
		"a moment to come":                       {now.Add(time.Second), rollout.ProblemIncidentAhead},
		"when it was asked for":                  {asked, rollout.NoProblem},
		"the beginning of that minute":           {asked.Truncate(time.Minute), rollout.NoProblem},
		"the minute before":                      {asked.Truncate(time.Minute).Add(-time.Second), rollout.ProblemIncidentBefore},
		"a moment to come, in another time zone": {now.Add(time.Minute).In(time.FixedZone("", -8*60*60)), rollout.ProblemIncidentAhead},
	} {
		if got := rollout.ProblemOf(r.CheckBegan(test.at, now)).Code; got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}

func TestWhenAVersionHadTraffic(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	phase := func(minutes int, to rollout.Phase) rollout.Entry {
		return rollout.Entry{At: at.Add(time.Duration(minutes) * time.Minute), Kind: rollout.EntryPhase, Data: rollout.Data{To: to}}
	}
	for name, test := range map[string]struct {
		told []rollout.Entry
		want time.Time
	}{
		"a canary":                {[]rollout.Entry{phase(1, rollout.Shifting), phase(2, rollout.Baking), phase(9, rollout.Shifting), phase(10, rollout.Baking)}, at.Add(2 * time.Minute)},
		"everybody at once":       {[]rollout.Entry{phase(1, rollout.Preparing), phase(2, rollout.Promoting)}, at.Add(2 * time.Minute)},
		"what never had any":      {[]rollout.Entry{phase(1, rollout.Preparing), phase(2, rollout.RollingBack)}, time.Time{}},
		"what the store forgot":   {nil, time.Time{}},
		"an answer, and no phase": {[]rollout.Entry{{At: at, Kind: rollout.EntryDecided, Data: rollout.Data{To: rollout.Promoting}}}, time.Time{}},
	} {
		if got := rollout.ExposedAt(test.told); !got.Equal(test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}
