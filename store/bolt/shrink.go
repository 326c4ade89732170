package bolt

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

// bounds are how much is kept.
type bounds struct {
	keep   int   // ended rollouts of a service
	limit  int64 // bytes in all
	excess int64 // bytes above the limit, without the audit: that stays
}

func (s *Store) bounds() bounds {
	return bounds{keep: s.o.Keep, limit: s.o.Limit, excess: s.space.pages.size - s.space.pages.free - s.o.Limit}
}

// aged is something that may go: how old it is, and how much it takes.
type aged struct {
	key  string
	at   time.Time
	size int64
}

// shrink makes room for a tenth of the limit: the timelines of rollouts that are gone go first where they take more than
// a quarter, then the oldest ended rollouts, each service's last success excepted, then those timelines.
func (t *table) shrink(b bounds) error {
	told, err := t.agedTimelines()
	if err != nil {
		return err
	}
	rollouts, err := t.agedRollouts()
	if err != nil {
		return err
	}
	needed := b.excess + b.limit/10
	freed, err := release(told, min(needed, total(told)-b.limit/4), t.dropTimeline)
	if err != nil {
		return err
	}
	told, needed = told[count(told, freed):], needed-freed
	if freed, err = release(rollouts, needed, t.drop); err != nil {
		return err
	}
	_, err = release(told, needed-freed, t.dropTimeline)
	return err
}

// release drops the oldest until so many bytes are free.
func release(all []aged, needed int64, drop func(key string) error) (freed int64, err error) {
	for _, a := range all {
		if freed >= needed {
			break
		}
		if err := drop(a.key); err != nil {
			return freed, err
		}
		freed += a.size
	}
	return freed, nil
}

// count returns how many of the oldest make up so many bytes.
func count(all []aged, size int64) (n int) {
	for ; n < len(all) && size > 0; n++ {
		size -= all[n].size
	}
	return n
}

func total(all []aged) (size int64) {
	for _, a := range all {
		size += a.size
	}
	return size
}

func oldestFirst(all []aged) []aged {
	slices.SortFunc(all, func(a, b aged) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.key, b.key)) })
	return all
}

// agedRollouts returns the ended rollouts, oldest first, without each service's last success.
func (t *table) agedRollouts() ([]aged, error) {
	var all []aged
	past := map[rollout.ServiceName][]rollout.Rollout{}
	keys := t.ended("")
	for _, key := range slices.Backward(keys) {
		payload, _, err := t.get(bucketRollouts, key)
		if err != nil {
			return nil, err
		}
		r, err := decode[rollout.Rollout](bucketRollouts, key, payload)
		if err != nil {
			return nil, err
		}
		if store.Judged(past[r.Service]) == "" {
			if past[r.Service] = append(past[r.Service], r); store.Judged(past[r.Service]) == r.ID {
				continue
			}
		}
		all = append(all, aged{key, cmp.Or(r.Ending.At, r.ReconciledAt), int64(len(payload))})
	}
	return oldestFirst(all), nil
}

// agedTimelines returns the timelines of rollouts that are gone, oldest first.
func (t *table) agedTimelines() ([]aged, error) {
	var all []aged
	for _, key := range t.told("", math.MaxInt) {
		a := aged{key: key}
		err := t.scan(bucketEntries, key+"/", key+"/", func(key string, payload []byte) error {
			a.size += int64(len(key) + len(payload))
			if !a.at.IsZero() {
				return nil
			}
			e, err := decode[rollout.Entry](bucketEntries, key, payload)
			a.at = e.At
			return err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return oldestFirst(all), nil
}
