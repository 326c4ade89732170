package bolt

import (
	"encoding/json"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
	"canarybot.io/store/audit"
)

// change is one Commit: encoded by its caller, checked and written by the writer.
type change struct {
	changes  []rollout.Change
	rollouts [][]byte
	entries  [][][]byte
	drafts   []audit.Draft
	holders  map[rollout.ServiceName]rollout.ID // found by judge: the holders afterwards
	bounds   bounds
}

// newChange encodes the change, so that the writer, which every caller waits for, need not.
func newChange(changes []rollout.Change) (*change, error) {
	c := &change{changes: changes}
	for _, one := range changes {
		next := one.Rollout
		next.Revision++
		if next.Terminal() && next.Ending.Outcome != rollout.Succeeded {
			next.Judge = rollout.JudgeState{} // nobody begins with it
		}
		payload, err := encode(next)
		if err != nil {
			return nil, err
		}
		c.rollouts = append(c.rollouts, payload)
		entries := make([][]byte, len(one.Entries))
		for i, e := range one.Entries {
			if entries[i], err = encode(e); err != nil {
				return nil, err
			}
		}
		c.entries = append(c.entries, entries)
		drafts, err := audit.Drafts(one.Audit)
		if err != nil {
			return nil, err
		}
		c.drafts = append(c.drafts, drafts...)
	}
	return c, nil
}

// creates reports whether a rollout begins with the change.
func (c *change) creates() bool {
	return slices.ContainsFunc(c.changes, func(one rollout.Change) bool { return one.Rollout.Revision == 0 })
}

// judge returns why the changes are refused, or nil. It writes nothing.
func (c *change) judge(t *table) error {
	for _, one := range c.changes {
		if err := t.undecided(one.Decision); err != nil {
			return err
		}
	}
	for _, one := range c.changes {
		if err := judgeOne(t, one); err != nil {
			return err
		}
	}
	holders, err := store.Holders(c.changes, func(service rollout.ServiceName) (rollout.ID, error) {
		id, _, err := value[rollout.ID](t, bucketHolders, string(service))
		return id, err
	})
	c.holders = holders
	return err
}

func judgeOne(t *table, one rollout.Change) error {
	if one.Closures != nil {
		stored, err := t.closures()
		if err != nil {
			return err
		}
		if err := store.SameClosures(stored, one); err != nil {
			return err
		}
	}
	given := func(id rollout.ID) (store.Head, error) {
		head, _, err := t.head(id)
		return head, err
	}
	if err := store.SameGiven(one, given); err != nil {
		return err
	}
	id := one.Rollout.ID
	head, ok, err := t.head(id)
	if err != nil {
		return err
	}
	if !ok && one.Rollout.Revision == 0 {
		last, _, err := value[int](t, bucketNumbers, string(one.Rollout.Service))
		if err != nil {
			return err
		}
		if _, n, _ := id.Split(); n <= last {
			return store.Taken(id)
		}
	}
	return store.Follows(head, one)
}

// head returns a rollout's head: read from a small record while the rollout is open, which is nearly always.
func (t *table) head(id rollout.ID) (store.Head, bool, error) {
	key := rolloutKey(id)
	head, ok, err := value[store.Head](t, bucketOpen, key)
	if err != nil || ok {
		return head, ok, err
	}
	r, ok, err := t.rollout(key)
	return store.Head{Revision: r.Revision, Seq: r.Seq}, ok, err
}

// write makes the changes, which judge has accepted. An error is a fault.
func (c *change) write(t *table) error {
	at, timed := store.When(c.changes)
	for i := range c.changes {
		if err := c.writeOne(t, i, at); err != nil {
			return err
		}
	}
	for service, id := range c.holders {
		if err := hold(t, service, id); err != nil {
			return err
		}
	}
	if err := t.audit(c.drafts); err != nil {
		return err
	}
	if err := c.retain(t); err != nil {
		return err
	}
	if !timed {
		return nil
	}
	return t.forget(at.Add(-store.Remember))
}

// retain drops what is kept no longer once rollouts have ended.
func (c *change) retain(t *table) error {
	services := store.Ended(c.changes)
	for _, service := range services {
		if err := t.prune(service, c.bounds.keep); err != nil {
			return err
		}
	}
	if len(services) == 0 || c.bounds.excess <= 0 {
		return nil
	}
	head, err := t.auditHead()
	if c.bounds.excess -= head.Bytes; err != nil || c.bounds.excess <= 0 { // the audit is not what makes room
		return err
	}
	return t.shrink(c.bounds)
}

func (c *change) writeOne(t *table, i int, at time.Time) error {
	one := c.changes[i]
	r, key := one.Rollout, rolloutKey(one.Rollout.ID)
	if err := t.put(bucketRollouts, key, c.rollouts[i]); err != nil {
		return err
	}
	for j, e := range one.Entries {
		if err := t.put(bucketEntries, entryKey(r.ID, e.Seq), c.entries[i][j]); err != nil {
			return err
		}
	}
	if err := mark(t, r, key); err != nil {
		return err
	}
	if err := number(t, r); err != nil {
		return err
	}
	return t.remember(one.Decision, decided{At: at, Rollout: r.ID})
}

// undecided is ErrDecided where the decision counted already; an empty one is none.
func (t *table) undecided(id rollout.DecisionID) error {
	if id == "" {
		return nil
	}
	_, ok, err := t.get(bucketDecided, string(id))
	if err == nil && ok {
		return rollout.ErrDecided
	}
	return err
}

// remember records that a decision counted; an empty one is none.
func (t *table) remember(id rollout.DecisionID, d decided) error {
	if id == "" {
		return nil
	}
	if err := t.putJSON(bucketDecided, string(id), d); err != nil {
		return err
	}
	return t.put(bucketDecidedAt, timeKey(d.At)+" "+string(id), nil)
}

// decided is the record of a decision that counted.
type decided struct {
	At      time.Time  `json:"at"`
	Rollout rollout.ID `json:"rollout,omitempty"`
}

// UnmarshalJSON reads the record, or the time alone as an earlier Canarybot wrote it.
func (d *decided) UnmarshalJSON(b []byte) error {
	if json.Unmarshal(b, &d.At) == nil {
		return nil
	}
	type plain decided
	return json.Unmarshal(b, (*plain)(d))
}

// mark maintains the small record of an open rollout.
func mark(t *table, r rollout.Rollout, key string) error {
	if r.Terminal() {
		return t.del(bucketOpen, key)
	}
	return t.putJSON(bucketOpen, key, store.Head{Revision: r.Revision + 1, Seq: r.Seq})
}

// number records the rollout's number as taken. Several may be created in one commit, in any order.
func number(t *table, r rollout.Rollout) error {
	if r.Revision != 0 {
		return nil
	}
	last, _, err := value[int](t, bucketNumbers, string(r.Service))
	if _, n, _ := r.ID.Split(); err == nil && n > last {
		err = t.putJSON(bucketNumbers, string(r.Service), n)
	}
	return err
}

func hold(t *table, service rollout.ServiceName, id rollout.ID) error {
	if id == "" {
		return t.del(bucketHolders, string(service))
	}
	return t.putJSON(bucketHolders, string(service), id)
}
