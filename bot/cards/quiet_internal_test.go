package cards

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// night is quiet from its first moment until its end, which is not.
type night struct{ from, until time.Time }

func (n night) Quiet(_ rollout.ServiceName, at time.Time) (time.Time, bool) {
	if at.Before(n.from) || !at.Before(n.until) {
		return time.Time{}, false
	}
	return n.until, true
}

// What is held back depends on what happened, when it did, and what time it is now; the kinds are told apart here alone.
func TestWhatQuietHoursHoldBack(t *testing.T) {
	from := time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)
	hours := night{from, from.Add(9 * time.Hour)}
	in := from.Add(time.Hour)
	at := func(when time.Time, kind rollout.EntryKind, d rollout.Data) rollout.Entry {
		return rollout.Entry{At: when, Kind: kind, Data: d}
	}
	step := at(in, rollout.EntryStep, rollout.Data{})
	back := at(in, rollout.EntryPhase, rollout.Data{To: rollout.RollingBack})
	ended := func(o rollout.Outcome) rollout.Entry {
		return at(in, rollout.EntryEnded, rollout.Data{Ending: &rollout.Ending{Outcome: o}})
	}
	for name, test := range map[string]struct {
		entries []rollout.Entry
		now     time.Time
		held    int
		silent  bool
	}{
		"progress":                          {[]rollout.Entry{step, step}, in, 2, true},
		"progress, in the last moment":      {[]rollout.Entry{step}, hours.until.Add(-1), 1, true},
		"progress, when it is over":         {[]rollout.Entry{step, step}, hours.until, 2, false},
		"progress from before, told late":   {[]rollout.Entry{at(from.Add(-1), rollout.EntryStep, rollout.Data{})}, from, 1, true},
		"progress from before, told then":   {[]rollout.Entry{at(from.Add(-1), rollout.EntryStep, rollout.Data{})}, from.Add(-1), 0, false},
		"progress from after":               {[]rollout.Entry{step, at(hours.until, rollout.EntryStep, rollout.Data{})}, hours.until, 1, false},
		"a rollback":                        {[]rollout.Entry{back}, in, 0, false},
		"a rollback after progress":         {[]rollout.Entry{step, back}, in, 1, false},
		"what is stuck":                     {[]rollout.Entry{at(in, rollout.EntryStuck, rollout.Data{})}, in, 0, false},
		"drift":                             {[]rollout.Entry{at(in, rollout.EntryDrift, rollout.Data{})}, in, 0, false},
		"doubts":                            {[]rollout.Entry{at(in, rollout.EntryAsked, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonDoubt}})}, in, 0, false},
		"no verdict for long":               {[]rollout.Entry{at(in, rollout.EntryAsked, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonUnknown}})}, in, 0, false},
		"a gate":                            {[]rollout.Entry{at(in, rollout.EntryAsked, rollout.Data{Left: 9 * time.Hour})}, in, 1, true},
		"a gate that lasts until they end":  {[]rollout.Entry{at(in, rollout.EntryAsked, rollout.Data{Left: 8 * time.Hour})}, in, 1, true},
		"a gate that does not last so long": {[]rollout.Entry{at(in, rollout.EntryAsked, rollout.Data{Left: 8*time.Hour - 1})}, in, 0, false},
		"a gate that has no end":            {[]rollout.Entry{at(in, rollout.EntryAsked, rollout.Data{})}, in, 1, true},
		"a gate's reminder":                 {[]rollout.Entry{at(in, rollout.EntryReminded, rollout.Data{Left: 9 * time.Hour})}, in, 1, true},
		"a reminder of drift":               {[]rollout.Entry{at(in, rollout.EntryReminded, rollout.Data{Drift: &rollout.Drift{}})}, in, 0, false},
		"a reminder of doubts":              {[]rollout.Entry{at(in, rollout.EntryReminded, rollout.Data{Doubts: []rollout.Acceptance{{}}})}, in, 0, false},
		"a decision":                        {[]rollout.Entry{at(in, rollout.EntryDecided, rollout.Data{Action: rollout.Promote})}, in, 1, true},
		"a decision to roll back":           {[]rollout.Entry{at(in, rollout.EntryDecided, rollout.Data{Action: rollout.Rollback})}, in, 0, false},
		"that it succeeded":                 {[]rollout.Entry{ended(rollout.Succeeded)}, in, 1, true},
		"that it was cancelled":             {[]rollout.Entry{ended(rollout.Cancelled)}, in, 1, true},
		"that it was rolled back":           {[]rollout.Entry{ended(rollout.RolledBack)}, in, 0, false},
		"that it was abandoned":             {[]rollout.Entry{ended(rollout.Abandoned)}, in, 0, false},
		"that it was asked for":             {[]rollout.Entry{at(in, rollout.EntryRequested, rollout.Data{})}, in, 1, true},
		"nothing":                           {nil, in, 0, false},
	} {
		c := &card{entries: test.entries}
		c.hush(hours, test.now)
		if c.held != test.held || c.silent() != test.silent {
			t.Errorf("%s: %d held, silent %t", name, c.held, c.silent())
		}
	}
	c := &card{entries: []rollout.Entry{at(in, rollout.EntryRequested, rollout.Data{})}, r: rollout.Rollout{Request: rollout.Request{Emergency: true}}}
	if c.hush(hours, in); c.held > 0 {
		t.Error("an emergency is held back")
	}
}
