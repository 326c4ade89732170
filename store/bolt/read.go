package bolt

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

// Load returns one rollout: NotFound when there is none.
func (s *Store) Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error) {
	return view(ctx, s, func(t *table) (rollout.Rollout, error) {
		r, ok, err := t.rollout(rolloutKey(id))
		if err == nil && !ok {
			return r, store.Absent(id)
		}
		return r, err
	})
}

// Open returns the service's rollouts that have not ended, by number; without a service, those of all services, ordered
// by service.
func (s *Store) Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error) {
	prefix := ""
	if service != "" {
		prefix = string(service) + "/"
	}
	all, err := view(ctx, s, func(t *table) ([]rollout.Rollout, error) { return t.rollouts(t.keys(bucketOpen, prefix)) })
	// The keys sort a-b/1 before a/1, because the dash comes before the slash.
	slices.SortStableFunc(all, func(a, b rollout.Rollout) int { return cmp.Compare(a.Service, b.Service) })
	return all, err
}

// History returns the service's newest rollouts, newest first, at most limit.
func (s *Store) History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error) {
	return view(ctx, s, func(t *table) ([]rollout.Rollout, error) { return t.rollouts(t.newest(service, limit)) })
}

// rollouts returns the rollouts of the keys, as far as they exist.
func (t *table) rollouts(keys []string) ([]rollout.Rollout, error) {
	var all []rollout.Rollout
	for _, key := range keys {
		r, ok, err := t.rollout(key)
		if err != nil {
			return nil, err
		}
		if ok {
			all = append(all, r)
		}
	}
	return all, nil
}

// newest returns the keys of the service's newest rollouts, newest first, at most limit.
func (t *table) newest(service rollout.ServiceName, limit int) []string {
	prefix := []byte(string(service) + "/")
	c := t.tx.Bucket([]byte(bucketRollouts)).Cursor()
	k, _ := c.Seek([]byte(string(service) + string(rune('/'+1)))) // the first key after the service's
	if k == nil {
		k, _ = c.Last()
	} else {
		k, _ = c.Prev()
	}
	var keys []string
	for ; len(keys) < limit && bytes.HasPrefix(k, prefix); k, _ = c.Prev() {
		keys = append(keys, string(k))
	}
	return keys
}

// Timeline returns the rollout's entries with a Seq above after, in order; none if the rollout does not exist.
func (s *Store) Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error) {
	prefix := rolloutKey(id) + "/"
	from := entryKey(id, min(max(after, 0), maxSeq)+1)
	return view(ctx, s, func(t *table) (all []rollout.Entry, err error) {
		err = t.scan(bucketEntries, prefix, from, func(key string, payload []byte) error {
			e, err := decode[rollout.Entry](bucketEntries, key, payload)
			all = append(all, e)
			return err
		})
		return all, err
	})
}

// maxSeq keeps the keys of entries within their ten digits.
const maxSeq = 9_999_999_998

// Holder returns the live rollout that holds the service; empty if there is none.
func (s *Store) Holder(ctx context.Context, service rollout.ServiceName) (rollout.ID, error) {
	return view(ctx, s, func(t *table) (rollout.ID, error) {
		id, _, err := value[rollout.ID](t, bucketHolders, string(service))
		return id, err
	})
}

// NextNumber returns the number that the service's next rollout gets.
func (s *Store) NextNumber(ctx context.Context, service rollout.ServiceName) (int, error) {
	n, err := view(ctx, s, func(t *table) (int, error) {
		n, _, err := value[int](t, bucketNumbers, string(service))
		return n, err
	})
	return n + 1, err
}

// Decided returns the rollout that a decision made or was about.
func (s *Store) Decided(ctx context.Context, decision rollout.DecisionID) (rollout.ID, bool, error) {
	type found struct {
		decided
		ok bool
	}
	f, err := view(ctx, s, func(t *table) (f found, err error) {
		f.decided, f.ok, err = value[decided](t, bucketDecided, string(decision))
		return f, err
	})
	return f.Rollout, f.ok, err
}
