package storetest

import (
	"cmp"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

// model is the specification of a store, in as few lines as possible: plain maps, no errors, no retention. It shares no
// rule with the stores.
type model struct {
	rollouts map[rollout.ID]rollout.Rollout
	entries  map[rollout.ID][]rollout.Entry
	decided  map[rollout.DecisionID]time.Time
	notes    map[string][]byte // one kind
}

func newModel() *model {
	return &model{
		rollouts: map[rollout.ID]rollout.Rollout{}, entries: map[rollout.ID][]rollout.Entry{},
		decided: map[rollout.DecisionID]time.Time{}, notes: map[string][]byte{},
	}
}

// answer is the result of a commit.
type answer string

const (
	stored   answer = "stored"
	invalid  answer = "invalid"
	decided  answer = "decided"
	conflict answer = "conflict"
	held     answer = "held"
)

// commit returns the answer, and changes the model if that is stored.
func (m *model) commit(changes []rollout.Change) answer {
	if a := m.judge(changes); a != stored {
		return a
	}
	var now time.Time
	for _, c := range changes {
		for _, e := range c.Entries {
			if e.At.After(now) {
				now = e.At
			}
		}
	}
	for _, c := range changes {
		r := c.Rollout
		r.Revision++
		m.rollouts[r.ID] = r
		m.entries[r.ID] = append(m.entries[r.ID], c.Entries...)
		if c.Decision != "" {
			m.decided[c.Decision] = now
		}
	}
	for id, at := range m.decided {
		if now.Sub(at) > store.Remember {
			delete(m.decided, id)
		}
	}
	return stored
}

func (m *model) judge(changes []rollout.Change) answer {
	once, told := map[rollout.ID]bool{}, 0
	for _, c := range changes {
		if once[c.Rollout.ID] {
			return invalid
		}
		once[c.Rollout.ID] = true
		told += len(c.Entries)
	}
	for _, c := range changes {
		if c.Decision != "" && told == 0 {
			return invalid
		}
	}
	for _, c := range changes {
		if _, ok := m.decided[c.Decision]; ok {
			return decided
		}
	}
	after := map[rollout.ID]rollout.Phase{}
	for id, r := range m.rollouts {
		after[id] = r.Phase
	}
	for _, c := range changes {
		before, ok := m.rollouts[c.Rollout.ID]
		_, n, _ := c.Rollout.ID.Split()
		if c.Rollout.Revision != before.Revision || (!ok && n < m.number(c.Rollout.Service)) {
			return conflict
		}
		after[c.Rollout.ID] = c.Rollout.Phase
	}
	live := map[rollout.ServiceName]bool{}
	for id, p := range after {
		service, _, _ := id.Split()
		if p.Live() && live[service] {
			return held
		}
		live[service] = live[service] || p.Live()
	}
	return stored
}

// number returns the next number of the service.
func (m *model) number(service rollout.ServiceName) int {
	last := 0
	for id := range m.rollouts {
		if s, n, _ := id.Split(); s == service {
			last = max(last, n)
		}
	}
	return last + 1
}

// open returns the rollouts that have not ended, by service and number.
func (m *model) open() []rollout.Rollout {
	return m.all(func(r rollout.Rollout) bool { return !r.Terminal() })
}

// all returns the rollouts that pass, by service and number.
func (m *model) all(pass func(rollout.Rollout) bool) []rollout.Rollout {
	var all []rollout.Rollout
	for _, r := range m.rollouts {
		if pass(r) {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b rollout.Rollout) int {
		_, n, _ := a.ID.Split()
		_, k, _ := b.ID.Split()
		return cmp.Or(cmp.Compare(a.Service, b.Service), cmp.Compare(n, k))
	})
	return all
}
