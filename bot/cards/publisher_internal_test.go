package cards

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
)

// These tests look inside: which of many messages comes first cannot be seen from outside without sending them all.

func track(p *Publisher, all ...*card) {
	for i, c := range all {
		c.r.ID = rollout.NewID("checkout", i+1)
		c.cur.Card = fmt.Sprint(i)
		p.cards[c.r.ID] = c
	}
}

// shownCard is a card that shows everything.
func shownCard() *card {
	c := &card{drawn: true, urgent: numbers}
	c.r.Revision = 1
	c.shows = shown{summary: summaryOf(c.r), revision: 1, at: time.Now().Add(-time.Hour)}
	return c
}

// answering is a Slack in which every call works.
type answering struct{}

// RoundTrip answers.
func (answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(`{"ok":true}`)), Request: r}, nil
}

func newPublisher() *Publisher {
	return New(Options{Slack: slack.New(slack.Config{HTTP: &http.Client{Transport: answering{}}}, nil, nil)})
}

func TestEndsComeBeforeDecisionsBeforeQuestionsBeforeProgress(t *testing.T) {
	at := time.Now().Add(-time.Minute)
	entry := func(kind rollout.EntryKind) *card {
		c := shownCard()
		c.entries = []rollout.Entry{{Kind: kind, At: at}}
		at = at.Add(time.Second)
		return c
	}
	p := newPublisher()
	started, asked, decided, ended := entry(rollout.EntryStarted), entry(rollout.EntryAsked), entry(rollout.EntryDecided), entry(rollout.EntryEnded)
	track(p, started, asked, decided, ended)
	for _, want := range []*card{ended, decided, asked, started} {
		got, _, ok := p.next(time.Now())
		if !ok || got.c != want {
			t.Fatalf("first comes %v, want %v", got.c.r.ID, want.r.ID)
		}
		got.c.entries = nil
	}
}

func TestAnEndPullsWhatCameBeforeItAlong(t *testing.T) {
	p := newPublisher()
	behind, other := shownCard(), shownCard()
	behind.entries = []rollout.Entry{{Kind: rollout.EntryStep, At: time.Now()}, {Kind: rollout.EntryEnded, At: time.Now()}}
	other.entries = []rollout.Entry{{Kind: rollout.EntryDecided, At: time.Now().Add(-time.Hour)}}
	track(p, behind, other)
	if got, _, ok := p.next(time.Now()); !ok || got.c != behind {
		t.Errorf("first comes %v", got.c.r.ID)
	}
}

func TestNumbersLeaveRoomForDecisions(t *testing.T) {
	const burst = 8 // of chat.update
	p := newPublisher()
	var all []*card
	for range 20 {
		c := shownCard()
		c.r.Revision = 2 // nothing but numbers changed
		all = append(all, c)
	}
	track(p, all...)
	now, edits := time.Now(), 0
	for {
		task, _, ok := p.next(now)
		if !ok {
			break
		}
		if err := p.Slack.Update(t.Context(), "C1", "1.1", slack.Message{}); err != nil {
			t.Fatal(err)
		}
		task.c.shows.revision = 2
		edits++
	}
	if edits == 0 || edits >= burst {
		t.Errorf("%d edits of numbers at once, of a burst of %d", edits, burst)
	}
	all[19].urgent = decisions
	if got, _, ok := p.next(now); !ok || got.c != all[19] {
		t.Error("a decision has to wait behind numbers")
	}
}

// A card on which something happened does not queue behind others' numbers, however long those have waited.
func TestAQuestionsCardComesBeforeNumbers(t *testing.T) {
	p := newPublisher()
	moved := shownCard()
	moved.r.Revision, moved.r.Phase, moved.shows.at = 2, rollout.Awaiting, time.Now().Add(-3*time.Second)
	all := []*card{moved}
	for range 20 {
		c := shownCard()
		c.r.Revision = 2 // nothing but numbers changed
		all = append(all, c)
	}
	track(p, all...)
	if got, _, ok := p.next(time.Now()); !ok || got.c != moved {
		t.Error("the card that asks has to wait behind numbers")
	}
}

// What fails for one rollout alone must not keep the others waiting, however urgent it is.
func TestACallThatKeepsFailingLetsOthersGoFirst(t *testing.T) {
	p := newPublisher()
	failing, other := shownCard(), shownCard()
	failing.entries = []rollout.Entry{{Kind: rollout.EntryEnded, At: time.Now().Add(-time.Hour)}}
	other.entries = []rollout.Entry{{Kind: rollout.EntryStarted, At: time.Now()}}
	track(p, failing, other)
	first, _, _ := p.next(time.Now())
	first.do = func(context.Context, *Publisher) error {
		return &slack.Error{Method: first.method, Outcome: slack.Lost}
	}
	p.perform(t.Context(), first)
	for now := time.Now(); ; now = now.Add(100 * time.Millisecond) {
		if got, _, ok := p.next(now); ok {
			if got.c == failing {
				t.Error("it is tried again before the other had its turn")
			}
			return
		}
	}
}

// timeline is a store that has more of a rollout than the value at hand.
type timeline struct {
	Store
	entries []rollout.Entry
}

// Timeline returns the entries after a number.
func (s timeline) Timeline(_ context.Context, _ rollout.ID, after int) ([]rollout.Entry, error) {
	return slices.Clone(s.entries[after:]), nil
}

// What the store has of a later commit counts with the value of that commit. Else the edit before the end would spend the
// end's urgency, and the card that says how it ended would wait behind numbers.
func TestAnEndIsUrgentForTheCardThatShowsIt(t *testing.T) {
	p := newPublisher()
	p.Store = timeline{entries: []rollout.Entry{{Seq: 1, Kind: rollout.EntryStarted}, {Seq: 2, Kind: rollout.EntryEnded}}}
	c := shownCard()
	track(p, c)
	for _, step := range []struct {
		seq  int
		want rank
	}{{1, progress}, {2, ends}} {
		r := c.r
		r.Seq, r.Revision = step.seq, rollout.Revision(1+step.seq)
		if err := p.update(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if c.urgent != step.want {
			t.Errorf("with %d entries the card is as urgent as %d, want %d", step.seq, c.urgent, step.want)
		}
		c.urgent = numbers // it was edited
	}
}

// A rollout of which nobody sees anything yet goes before what others' threads say of theirs.
func TestAFirstCardComesBeforeProgress(t *testing.T) {
	p := newPublisher()
	waits, first := shownCard(), shownCard()
	waits.entries = []rollout.Entry{{Kind: rollout.EntryStep, At: time.Now().Add(-time.Hour)}}
	track(p, waits, first)
	first.cur.Card, first.drawn, first.r.Request.At = "", false, time.Now()
	if got, _, ok := p.next(time.Now()); !ok || got.c != first {
		t.Errorf("first comes %v", got.c.r.ID)
	}
}
