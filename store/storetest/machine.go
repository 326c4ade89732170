package storetest

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"canarybot.io/rollout"
)

// machine drives a store and the model with the same random steps.
type machine struct {
	*bed
	model *model
	past  []rollout.Rollout // every value ever stored, to make stale changes from
	now   time.Time

	touched map[rollout.ID]bool // by the last commit that was stored
	turn    int                 // which service is compared next
}

var services = []rollout.ServiceName{"a", "a-1", "b"}

func runMachine(t *testing.T, open Open) {
	rapid.Check(t, func(rt *rapid.T) {
		dir := t.TempDir()
		m := &machine{bed: &bed{TB: t, open: open, dir: dir, Store: open(t, dir)}, model: newModel(), now: Epoch()}
		defer m.remove()
		rt.Repeat(map[string]func(*rapid.T){
			"commit":  m.commitStep,
			"commit2": m.commitStep, // twice as often as a note
			"note":    m.noteStep,
			"":        m.compare,
		})
		m.whole(rt)
	})
}

// remove ends the store and gives its room back: a store on a disk keeps a reserve, and rapid makes a hundred of them.
func (m *machine) remove() {
	m.end()
	if err := os.RemoveAll(m.dir); err != nil {
		m.Error(err)
	}
}

func (m *machine) commitStep(t *rapid.T) {
	m.now = m.now.Add(rapid.SampledFrom([]time.Duration{0, time.Second, time.Hour, 80 * time.Hour}).Draw(t, "later"))
	changes := rapid.SliceOfN(rapid.Custom(m.change), 1, 3).Draw(t, "changes")
	want := m.model.commit(changes)
	err := m.Commit(m.Context(), changes...)
	if got := answerOf(err); got != want {
		t.Fatalf("commit: got %s (%v), want %s", got, err, want)
	}
	if want == stored {
		m.touched = map[rollout.ID]bool{}
		for _, c := range changes {
			m.past = append(m.past, m.model.rollouts[c.Rollout.ID])
			m.touched[c.Rollout.ID] = true
		}
	}
	m.reopen()
}

// change draws a change: mostly of a rollout as it is, sometimes a new one, or one made from an old value.
func (m *machine) change(t *rapid.T) rollout.Change {
	r := Queued(rapid.SampledFrom(services).Draw(t, "service"), 0)
	kind := rapid.SampledFrom([]string{"now", "now", "now", "new", "stale"}).Draw(t, "kind")
	known := m.model.all(func(rollout.Rollout) bool { return true })
	switch {
	case kind == "now" && len(known) > 0:
		r = rapid.SampledFrom(known).Draw(t, "rollout")
	case kind == "stale" && len(m.past) > 0:
		r = rapid.SampledFrom(m.past).Draw(t, "past")
	default:
		skip := rapid.SampledFrom([]int{0, 0, 0, 1, -1}).Draw(t, "skip")
		r.ID = rollout.NewID(r.Service, max(1, m.model.number(r.Service)+skip))
	}
	c := WithoutEntry(r, m.now)
	if rapid.IntRange(0, 4).Draw(t, "quiet") > 0 {
		c = Move(r, rapid.SampledFrom(phases()).Draw(t, "phase"), m.now)
	}
	if n := rapid.IntRange(0, 12).Draw(t, "decision"); n < 6 {
		c.Decision = rollout.DecisionID(fmt.Sprintf("slack:%d", n))
	}
	return c
}

// phases returns every phase, and the end as often as all others together.
func phases() []rollout.Phase {
	all := rollout.Phases()
	return append(all, slices.Repeat([]rollout.Phase{rollout.Ended}, len(all)-2)...)
}

func (m *machine) noteStep(t *rapid.T) {
	key := rapid.SampledFrom([]string{"a-1", "a-2", "x/y"}).Draw(t, "key")
	if rapid.Bool().Draw(t, "delete") {
		delete(m.model.notes, key)
		if err := m.DeleteNote(m.Context(), "card", key); err != nil {
			t.Fatal(err)
		}
		return
	}
	value := rapid.SliceOfN(rapid.Byte(), 0, 2000).Draw(t, "value")
	m.model.notes[key] = value
	if err := m.PutNote(m.Context(), "card", key, value); err != nil {
		t.Fatal(err)
	}
}

// compare compares what the last commit touched, one of the services in turn, and the notes.
func (m *machine) compare(t *rapid.T) {
	for id := range m.touched {
		entries, err := m.Timeline(m.Context(), id, 0)
		m.same(t, "timeline", entries, m.model.entries[id], err)
		r, err := m.Load(m.Context(), id)
		m.same(t, "load", r, m.model.rollouts[id], err)
	}
	m.touched = nil
	m.turn++
	m.service(t, services[m.turn%len(services)], 3)
	notes, err := m.Notes(m.Context(), "card")
	m.same(t, "notes", notes, m.model.notes, err)
}

// service compares everything about a service, with its history up to a limit.
func (m *machine) service(t *rapid.T, service rollout.ServiceName, limit int) {
	ctx := m.Context()
	want := m.model.all(func(r rollout.Rollout) bool { return r.Service == service })
	slices.Reverse(want)
	got, err := m.History(ctx, service, limit)
	m.same(t, "history", got, want[:min(limit, len(want))], err)
	open, err := m.Open(ctx, service)
	m.same(t, "open of "+string(service), open, slices.DeleteFunc(m.model.open(), func(r rollout.Rollout) bool { return r.Service != service }), err)
	n, err := m.NextNumber(ctx, service)
	m.same(t, "next number", n, m.model.number(service), err)
	var live rollout.ID
	if i := slices.IndexFunc(want, func(r rollout.Rollout) bool { return r.Phase.Live() }); i >= 0 {
		live = want[i].ID
	}
	holder, err := m.Holder(ctx, service)
	m.same(t, "holder", holder, live, err)
}

// whole compares everything.
func (m *machine) whole(t *rapid.T) {
	open, err := m.Open(m.Context(), "")
	m.same(t, "open", open, m.model.open(), err)
	for _, service := range services {
		m.service(t, service, 1000)
	}
	for id, want := range m.model.entries {
		entries, err := m.Timeline(m.Context(), id, 0)
		m.same(t, "timeline", entries, want, err)
	}
}

func (m *machine) same(t *rapid.T, what string, got, want any, err error) {
	t.Helper()
	if err == nil && reflect.DeepEqual(got, want) { // nearly always, and much faster
		return
	}
	if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" || err != nil {
		t.Fatalf("%s: %v; -got +want:\n%s", what, err, diff)
	}
}

func answerOf(err error) answer {
	var h *rollout.HeldError
	switch {
	case err == nil:
		return stored
	case errors.As(err, &h):
		return held
	case errors.Is(err, rollout.ErrDecided):
		return decided
	}
	return answer(rollout.CodeOf(err))
}
