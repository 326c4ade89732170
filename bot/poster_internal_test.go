package bot

import (
	"context"
	"fmt"
	"testing"
	"time"

	"canarybot.io/rollout"
)

// These tests look inside: which of many messages comes first cannot be seen from outside without sending them all.

func subjects(p *poster, all ...*subject) {
	for i, s := range all {
		s.r.ID = rollout.NewID("checkout", i+1)
		s.cur.Card = fmt.Sprint(i)
		p.subjects[s.r.ID] = s
	}
}

func shownSubject() *subject {
	s := &subject{drawn: true, urgent: numbers, edited: time.Now().Add(-time.Hour)}
	s.r.Revision = 1
	s.face, s.samples = faceOf(s.r), 1
	return s
}

func TestEndsComeBeforeDecisionsBeforeQuestionsBeforeProgress(t *testing.T) {
	at := time.Now().Add(-time.Minute)
	entry := func(kind rollout.EntryKind) *subject {
		s := shownSubject()
		s.entries = []rollout.Entry{{Kind: kind, At: at}}
		at = at.Add(time.Second)
		return s
	}
	b := New(Options{})
	started, asked, decided, ended := entry(rollout.EntryStarted), entry(rollout.EntryAsked), entry(rollout.EntryDecided), entry(rollout.EntryEnded)
	subjects(b.poster, started, asked, decided, ended)
	for _, want := range []*subject{ended, decided, asked, started} {
		got, _, ok := b.poster.pick(time.Now())
		if !ok || got.s != want {
			t.Fatalf("first comes %v, want %v", got.s.r.ID, want.r.ID)
		}
		got.s.entries = nil
	}
}

func TestAnEndPullsWhatCameBeforeItAlong(t *testing.T) {
	b := New(Options{})
	behind, other := shownSubject(), shownSubject()
	behind.entries = []rollout.Entry{{Kind: rollout.EntryStep, At: time.Now()}, {Kind: rollout.EntryEnded, At: time.Now()}}
	other.entries = []rollout.Entry{{Kind: rollout.EntryDecided, At: time.Now().Add(-time.Hour)}}
	subjects(b.poster, behind, other)
	if got, _, ok := b.poster.pick(time.Now()); !ok || got.s != behind {
		t.Errorf("first comes %v", got.s.r.ID)
	}
}

func TestNumbersLeaveRoomForDecisions(t *testing.T) {
	b := New(Options{})
	var all []*subject
	for range 20 {
		s := shownSubject()
		s.r.Revision = 2 // nothing but numbers changed
		all = append(all, s)
	}
	subjects(b.poster, all...)
	now, edits := time.Now(), 0
	for {
		task, _, ok := b.poster.pick(now)
		if !ok {
			break
		}
		b.api.budget.spend(task.method, now)
		task.s.samples = 2
		edits++
	}
	if edits == 0 || edits >= rateOf("chat.update").burst {
		t.Errorf("%d edits of numbers at once, of a burst of %d", edits, rateOf("chat.update").burst)
	}
	all[19].urgent = decisions
	if got, _, ok := b.poster.pick(now); !ok || got.s != all[19] {
		t.Error("a decision has to wait behind numbers")
	}
}

// A card on which something happened does not queue behind others' numbers, however long those have waited.
func TestAQuestionsCardComesBeforeNumbers(t *testing.T) {
	b := New(Options{})
	moved := shownSubject()
	moved.r.Revision, moved.r.Phase, moved.edited = 2, rollout.Awaiting, time.Now().Add(-3*time.Second)
	all := []*subject{moved}
	for range 20 {
		s := shownSubject()
		s.r.Revision = 2 // nothing but numbers changed
		all = append(all, s)
	}
	subjects(b.poster, all...)
	if got, _, ok := b.poster.pick(time.Now()); !ok || got.s != moved {
		t.Error("the card that asks has to wait behind numbers")
	}
}

// What fails for one rollout alone must not keep the others waiting, however urgent it is.
func TestACallThatKeepsFailingLetsOthersGoFirst(t *testing.T) {
	b := New(Options{})
	failing, other := shownSubject(), shownSubject()
	failing.entries = []rollout.Entry{{Kind: rollout.EntryEnded, At: time.Now().Add(-time.Hour)}}
	other.entries = []rollout.Entry{{Kind: rollout.EntryStarted, At: time.Now()}}
	subjects(b.poster, failing, other)
	first, _, _ := b.poster.pick(time.Now())
	first.do = func(context.Context, *poster) error { return &callError{method: first.method, outcome: lost} }
	b.poster.do(t.Context(), first)
	for now := time.Now(); ; now = now.Add(100 * time.Millisecond) {
		if got, _, ok := b.poster.pick(now); ok {
			if got.s == failing {
				t.Error("it is tried again before the other had its turn")
			}
			return
		}
	}
}

func TestBudgetStaysUnderItsTier(t *testing.T) {
	for method, quota := range map[string]int{
		"chat.update": 50, "conversations.history": 50, "users.conversations": 50, "users.info": 100, "chat.postEphemeral": 100,
		"apps.connections.open": 50,
	} {
		b := newBudget()
		now := time.Now()
		calls := 0
		for at := now; at.Before(now.Add(time.Minute)); at = at.Add(100 * time.Millisecond) {
			for !b.free(method, nothing).After(at) {
				b.spend(method, at)
				calls++
			}
		}
		if calls > quota {
			t.Errorf("%s: %d calls in a minute, and Slack allows %d", method, calls, quota)
		}
	}
}
