// Package mem is a store of rollouts in memory: the reference for what a store does, and the store for tests and the
// demo. Nothing in it survives the process. Values go through JSON on their way in and out, so a caller sees exactly
// what it would see from a disk, and never shares memory with the store.
//
// It passes storetest.Run.
package mem

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
	"canarybot.io/store/audit"
)

var _ rollout.Store = (*Store)(nil)

// Store keeps rollouts in memory. Make one with New.
type Store struct {
	id   string
	keep int

	mu       sync.Mutex
	rollouts map[rollout.ID]rollout.Rollout
	entries  map[rollout.ID][]rollout.Entry
	numbers  map[rollout.ServiceName]int
	holders  map[rollout.ServiceName]rollout.ID
	decided  map[rollout.DecisionID]decided
	notes    map[string]map[string][]byte
	closures rollout.Closures
	queue    rollout.Queue
	audited  [][]byte // the records of the audit
	head     audit.Head
	policies map[string]bool // introduced in the audit

	refused, unread, late error // see Refuse, RefuseReads and Late
}

// decided is when a decision counted, and for which rollout.
type decided struct {
	at      time.Time
	rollout rollout.ID
}

// Options are the choices for New. The zero value is fine.
type Options struct {
	ID   string // the store's id; default: "mem"
	Keep int    // ended rollouts kept per service; default: store.Keep
}

// New returns an empty store.
func New(o Options) *Store {
	id := cmp.Or(o.ID, "mem")
	return &Store{
		id: id, keep: cmp.Or(o.Keep, store.Keep),
		rollouts: map[rollout.ID]rollout.Rollout{}, entries: map[rollout.ID][]rollout.Entry{},
		numbers: map[rollout.ServiceName]int{}, holders: map[rollout.ServiceName]rollout.ID{},
		decided: map[rollout.DecisionID]decided{}, notes: map[string]map[string][]byte{},
		head: audit.Start(id), policies: map[string]bool{},
	}
}

// ID identifies the store.
func (s *Store) ID() string { return s.id }

// Close does nothing: the next user of the value finds all data, as a process does when it reopens its file.
func (s *Store) Close() error { return nil }

// Commit makes all the changes, or none.
func (s *Store) Commit(ctx context.Context, changes ...rollout.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	changes, err := clone(changes)
	if err != nil {
		return rollout.Wrap(rollout.Invalid, fmt.Errorf("encode the change: %w", err))
	}
	if err := store.Check(changes); err != nil {
		return err
	}
	var entries []rollout.AuditEntry
	for _, c := range changes {
		entries = append(entries, c.Audit...)
	}
	drafts, err := audit.Drafts(entries)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	holders, err := s.judge(changes)
	if err != nil {
		return err
	}
	at, timed := store.When(changes)
	for _, c := range changes {
		s.apply(c, at)
	}
	for service, id := range holders {
		s.holders[service] = id
	}
	s.audit(drafts)
	for _, service := range store.Ended(changes) {
		s.prune(service)
	}
	if timed {
		s.forget(at)
	}
	return s.late
}

// judge returns the holders of the services after the changes, or why the changes are refused.
func (s *Store) judge(changes []rollout.Change) (map[rollout.ServiceName]rollout.ID, error) {
	for _, c := range changes {
		if _, ok := s.decided[c.Decision]; ok {
			return nil, rollout.ErrDecided
		}
	}
	for _, c := range changes {
		if err := store.SameClosures(s.closures, c); err != nil {
			return nil, err
		}
		if err := store.SameGiven(c, func(id rollout.ID) (store.Head, error) { return store.Head{Revision: s.rollouts[id].Revision}, nil }); err != nil {
			return nil, err
		}
		stored, ok := s.rollouts[c.Rollout.ID]
		if _, n, _ := c.Rollout.ID.Split(); !ok && c.Rollout.Revision == 0 && n <= s.numbers[c.Rollout.Service] {
			return nil, store.Taken(c.Rollout.ID)
		}
		if err := store.Follows(store.Head{Revision: stored.Revision, Seq: stored.Seq}, c); err != nil {
			return nil, err
		}
	}
	return store.Holders(changes, func(service rollout.ServiceName) (rollout.ID, error) { return s.holders[service], nil })
}

func (s *Store) apply(c rollout.Change, at time.Time) {
	r := c.Rollout
	r.Revision++
	s.rollouts[r.ID] = r
	s.entries[r.ID] = append(s.entries[r.ID], c.Entries...)
	_, n, _ := r.ID.Split()
	s.numbers[r.Service] = max(s.numbers[r.Service], n)
	if c.Decision != "" {
		s.decided[c.Decision] = decided{at, r.ID}
	}
}

// prune deletes all but the newest ended rollouts of the service; their timelines stay longer. Of those that are left,
// one keeps the judge's state.
func (s *Store) prune(service rollout.ServiceName) {
	all := slices.DeleteFunc(s.newest(service), func(r rollout.Rollout) bool { return !r.Terminal() })
	judged := store.Judged(all)
	for i, r := range all {
		if i >= s.keep {
			s.drop(r.ID)
			continue
		}
		if r.ID != judged {
			r.Judge = rollout.JudgeState{}
			s.rollouts[r.ID] = r
		}
	}
	for id := range s.entries {
		of, n, _ := id.Split()
		if of == service && s.rollouts[id].ID == "" && n <= number(all[0].ID)-store.Timelines*s.keep {
			delete(s.entries, id)
		}
	}
}

func (s *Store) drop(id rollout.ID) {
	delete(s.rollouts, id)
	for _, notes := range s.notes {
		delete(notes, string(id))
	}
}

func number(id rollout.ID) int {
	_, n, _ := id.Split()
	return n
}

// forget drops the decisions that are too old at the time.
func (s *Store) forget(at time.Time) {
	for id, d := range s.decided {
		if at.Sub(d.at) > store.Remember {
			delete(s.decided, id)
		}
	}
}

// newest returns the service's rollouts, newest first.
func (s *Store) newest(service rollout.ServiceName) []rollout.Rollout {
	var all []rollout.Rollout
	for _, r := range s.rollouts {
		if r.Service == service {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b rollout.Rollout) int { return compare(b, a) })
	return all
}

// compare orders rollouts by service, then by number.
func compare(a, b rollout.Rollout) int {
	_, n, _ := a.ID.Split()
	_, m, _ := b.ID.Split()
	return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(n, m))
}

// clone returns a copy that shares nothing with v.
func clone[T any](v T) (T, error) {
	var c T
	raw, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	return c, err
}
