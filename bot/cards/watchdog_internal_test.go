package cards

import (
	"testing"
	"time"

	"canarybot.io/rollout"
)

// When a message is due that nothing moves can be seen from outside only by waiting for hours.
func TestWhenNothingMovesIsSaid(t *testing.T) {
	began := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	moved := began.Add(time.Hour)
	type state struct {
		c       *card
		entries []rollout.Entry
	}
	for name, test := range map[string]struct {
		change func(*state)
		want   time.Duration // after it moved last; 0: never
	}{
		"after an hour":                        {func(*state) {}, time.Hour},
		"after somebody paused it":             {func(s *state) { s.c.r.Paused = true }, time.Hour},
		"later where people were asked twice":  {func(s *state) { s.c.r.Reminded = true }, 4 * time.Hour},
		"again after four hours":               {func(s *state) { s.c.cur.StallTold = moved.Add(time.Hour) }, 5 * time.Hour},
		"anew when it moved meanwhile":         {func(s *state) { s.c.cur.StallTold = moved.Add(-time.Minute) }, time.Hour},
		"not before this process has looked":   {func(s *state) { s.c.stands.looked = moved.Add(2 * time.Hour) }, 2*time.Hour + 5*time.Minute},
		"a new verdict moves nothing":          {func(s *state) { s.entries = []rollout.Entry{{Kind: rollout.EntryVerdict, At: moved.Add(time.Minute)}} }, time.Hour},
		"a decision does":                      {func(s *state) { s.entries = []rollout.Entry{{Kind: rollout.EntryDecided, At: moved.Add(time.Minute)}} }, time.Hour + time.Minute},
		"a bake that grows does":               {func(s *state) { s.c.r.Spans.Bake = time.Minute }, 11 * time.Hour},
		"what was baked in earlier steps too":  {func(s *state) { s.c.r.Spans.Baked = time.Minute }, 11 * time.Hour},
		"not of one that nobody sees":          {func(s *state) { s.c.r.Unseen = rollout.Text("x") }, 0},
		"not under a card that takes no edits": {func(s *state) { s.c.frozen = true }, 0},
		"not of one that waits for its turn":   {func(s *state) { s.c.r.Phase = rollout.Queued }, 0},
		"not of one that ended":                {func(s *state) { s.c.r.Phase = rollout.Ended }, 0},
		"not before its card is there":         {func(s *state) { s.c.cur.Card = "" }, 0},
		"not before what happened":             {func(s *state) { s.c.entries = []rollout.Entry{{Kind: rollout.EntryStuck}} }, 0},
	} {
		s := &state{c: shownCard()}
		s.c.r.Phase, s.c.cur.Card = rollout.Baking, "1.1"
		s.c.stands.saw(s.c.r, []rollout.Entry{{Kind: rollout.EntryPhase, At: moved}}, began)
		test.change(s)
		s.c.stands.saw(s.c.r, s.entries, moved.Add(10*time.Hour))
		got, due := s.c.stallTask()
		if due != (test.want > 0) || due && !got.at.Equal(moved.Add(test.want)) {
			t.Errorf("%s: due %v, %s after it moved, want %s", name, due, got.at.Sub(moved), test.want)
		}
	}
}
