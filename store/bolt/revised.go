package bolt

import (
	"context"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
	"canarybot.io/store/audit"
)

// keyClosures and keyQueue are where these are: among the notes, of which an earlier Canarybot lets alone what it does not
// know.
var (
	keyClosures = noteKey("closures", "all")
	keyQueue    = noteKey("queue", "all")
)

// revised is the next value of what is stored whole, at a revision: the closures, or the queue.
type revised struct {
	key      string
	from     rollout.Revision // that it was made of
	decision rollout.DecisionID
	at       time.Time
	payload  []byte
	drafts   []audit.Draft
}

// newRevised returns the commit of the next value, which has the revision that it will be stored at.
func newRevised(key string, from rollout.Revision, next any, entries []rollout.AuditEntry) (*revised, error) {
	payload, err := encode(next)
	if err != nil {
		return nil, err
	}
	drafts, err := audit.Drafts(entries)
	return &revised{key: key, from: from, payload: payload, drafts: drafts}, err
}

func (o *revised) judge(t *table) error {
	if err := t.undecided(o.decision); err != nil {
		return err
	}
	stored, _, err := value[struct {
		Revision rollout.Revision `json:"revision"`
	}](t, bucketNotes, o.key)
	if err == nil && stored.Revision != o.from {
		return store.Outdated()
	}
	return err
}

func (o *revised) write(t *table) error {
	if err := t.put(bucketNotes, o.key, o.payload); err != nil {
		return err
	}
	if err := t.remember(o.decision, decided{At: o.at}); err != nil {
		return err
	}
	return t.audit(o.drafts)
}

// closures returns the stored closures; a zero value before there were any.
func (t *table) closures() (rollout.Closures, error) {
	c, _, err := value[rollout.Closures](t, bucketNotes, keyClosures)
	return c, err
}

// Closures returns the freezes and locks.
func (s *Store) Closures(ctx context.Context) (rollout.Closures, error) {
	return view(ctx, s, (*table).closures)
}

// SetClosures stores the next value of the closures. It is durable when SetClosures returns.
func (s *Store) SetClosures(ctx context.Context, c rollout.ClosureChange) error {
	if err := store.CheckClosures(c); err != nil {
		return err
	}
	next := c.Next
	next.Revision++
	o, err := newRevised(keyClosures, c.Next.Revision, next, c.Audit)
	if err != nil {
		return err
	}
	o.decision, o.at = c.Decision, c.At
	return s.commit(ctx, o)
}

// Queue returns the pending deploys.
func (s *Store) Queue(ctx context.Context) (rollout.Queue, error) {
	return view(ctx, s, func(t *table) (rollout.Queue, error) {
		q, _, err := value[rollout.Queue](t, bucketNotes, keyQueue)
		return q, err
	})
}

// SetQueue stores the next value of the queue. It is durable when SetQueue returns.
func (s *Store) SetQueue(ctx context.Context, c rollout.QueueChange) error {
	if err := store.CheckQueue(c); err != nil {
		return err
	}
	next := c.Next
	next.Revision++
	o, err := newRevised(keyQueue, c.Next.Revision, next, c.Audit)
	if err != nil {
		return err
	}
	o.decision, o.at = c.Decision, c.At
	return s.commit(ctx, o)
}
