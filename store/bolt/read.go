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
	var r rollout.Rollout
	err := s.view(ctx, func(t *table) error {
		var ok bool
		var err error
		if r, ok, err = t.rollout(rolloutKey(id)); err == nil && !ok {
			return store.Absent(id)
		}
		return err
	})
	return r, err
}

// Open returns the service's rollouts that have not ended, by number; without a service, those of all services, ordered
// by service.
func (s *Store) Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error) {
	prefix := ""
	if service != "" {
		prefix = string(service) + "/"
	}
	var all []rollout.Rollout
	err := s.view(ctx, func(t *table) error {
		for _, key := range t.keys(bucketOpen, prefix) {
			r, ok, err := t.rollout(key)
			if err != nil {
				return err
			}
			if ok {
				all = append(all, r)
			}
		}
		return nil
	})
	// The keys sort a-b/1 before a/1, because the dash comes before the slash.
	slices.SortStableFunc(all, func(a, b rollout.Rollout) int { return cmp.Compare(a.Service, b.Service) })
	return all, err
}

// History returns the service's newest rollouts, newest first, at most limit.
func (s *Store) History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error) {
	var all []rollout.Rollout
	err := s.view(ctx, func(t *table) error {
		keys := t.newest(service, limit)
		for _, key := range keys {
			r, _, err := t.rollout(key)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
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
	var all []rollout.Entry
	prefix := rolloutKey(id) + "/"
	from := entryKey(id, min(max(after, 0), maxSeq)+1)
	err := s.view(ctx, func(t *table) error {
		return t.scan(bucketEntries, prefix, from, func(key string, payload []byte) error {
			e, err := decode[rollout.Entry](bucketEntries, key, payload)
			all = append(all, e)
			return err
		})
	})
	return all, err
}

// maxSeq keeps the keys of entries within their ten digits.
const maxSeq = 9_999_999_998

// Holder returns the live rollout that holds the service; empty if there is none.
func (s *Store) Holder(ctx context.Context, service rollout.ServiceName) (id rollout.ID, err error) {
	err = s.view(ctx, func(t *table) error {
		id, _, err = value[rollout.ID](t, bucketHolders, string(service))
		return err
	})
	return id, err
}

// NextNumber returns the number that the service's next rollout gets.
func (s *Store) NextNumber(ctx context.Context, service rollout.ServiceName) (n int, err error) {
	err = s.view(ctx, func(t *table) error {
		n, _, err = value[int](t, bucketNumbers, string(service))
		return err
	})
	return n + 1, err
}
