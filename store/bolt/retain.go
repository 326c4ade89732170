package bolt

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

// timeKey returns the time as a key that sorts: JSON bounds the years to four digits.
func timeKey(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// ended returns the keys of the service's ended rollouts, oldest first; without a service, those of all.
func (t *table) ended(service rollout.ServiceName) []string {
	prefix := ""
	if service != "" {
		prefix = string(service) + "/"
	}
	open := t.tx.Bucket([]byte(bucketOpen))
	return slices.DeleteFunc(t.keys(bucketRollouts, prefix), func(key string) bool { return open.Get([]byte(key)) != nil })
}

// prune deletes all but the newest ended rollouts of the service with the notes keyed by their ids, the timelines of
// those that are gone for long, and what the judge remembered of all that are left but one.
func (t *table) prune(service rollout.ServiceName, keep int) error {
	ended := t.ended(service)
	gone := max(0, len(ended)-keep)
	for _, key := range ended[:gone] {
		if err := t.drop(key); err != nil {
			return err
		}
	}
	ended = ended[gone:]
	if len(ended) == 0 {
		return nil
	}
	_, newest, _ := rolloutID(ended[len(ended)-1]).Split()
	for _, key := range t.told(string(service)+"/", newest-store.Timelines*keep) {
		if err := t.dropTimeline(key); err != nil {
			return err
		}
	}
	slices.Reverse(ended)
	return t.unjudge(ended)
}

// told returns the keys of the rollouts that are gone and have a timeline, by service and number, up to a number. It
// seeks from one to the next.
func (t *table) told(prefix string, upTo int) []string {
	var told []string
	there := t.tx.Bucket([]byte(bucketRollouts))
	c := t.tx.Bucket([]byte(bucketEntries)).Cursor()
	for k, _ := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); {
		key := string(k[:bytes.LastIndexByte(k, '/')])
		if _, n, _ := rolloutID(key).Split(); n > upTo {
			break
		}
		if there.Get([]byte(key)) == nil {
			told = append(told, key)
		}
		k, _ = c.Seek([]byte(key + string(rune('/'+1)))) // the first key after the rollout's
	}
	return told
}

// unjudge has ended rollouts, newest first, forget what the judge remembered of them, but for the one with which the
// next one begins. Behind that it ends at a success that remembers nothing: an earlier end has been there.
func (t *table) unjudge(keys []string) error {
	var newer []rollout.Rollout
	for _, key := range keys {
		payload, _, err := t.get(bucketRollouts, key)
		if err != nil {
			return err
		}
		remembers, succeeded := bytes.Contains(payload, []byte(`"judge":`)), bytes.Contains(payload, []byte(`"succeeded"`))
		found := store.Judged(newer) != ""
		switch {
		case !remembers && succeeded && found:
			return nil
		case !remembers && (found || !succeeded):
			continue
		}
		r, err := decode[rollout.Rollout](bucketRollouts, key, payload)
		if err != nil {
			return err
		}
		newer = append(newer, r)
		if !remembers || store.Judged(newer) == r.ID {
			continue
		}
		r.Judge = rollout.JudgeState{}
		if err := t.putJSON(bucketRollouts, key, r); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes a rollout with the notes keyed by its id. Its timeline stays.
func (t *table) drop(key string) error {
	for _, kind := range t.kinds() {
		if err := t.del(bucketNotes, noteKey(kind, string(rolloutID(key)))); err != nil {
			return err
		}
	}
	return t.del(bucketRollouts, key)
}

func (t *table) dropTimeline(key string) error {
	for _, entry := range t.keys(bucketEntries, key+"/") {
		if err := t.del(bucketEntries, entry); err != nil {
			return err
		}
	}
	return nil
}

// kinds returns the kinds that have notes, seeking from one to the next.
func (t *table) kinds() []string {
	var kinds []string
	c := t.tx.Bucket([]byte(bucketNotes)).Cursor()
	for k, _ := c.First(); k != nil; {
		kind, _, _ := bytes.Cut(k, []byte{'/'})
		kinds = append(kinds, string(kind))
		k, _ = c.Seek([]byte(string(kind) + string(rune('/'+1)))) // the first key after the kind's
	}
	return kinds
}

// forget drops the decisions that were committed before the time.
func (t *table) forget(before time.Time) error {
	limit := timeKey(before)
	c := t.tx.Bucket([]byte(bucketDecidedAt)).Cursor()
	var old []string
	for k, _ := c.First(); k != nil && string(k) < limit; k, _ = c.Next() {
		old = append(old, string(k))
	}
	for _, key := range old {
		_, id, _ := strings.Cut(key, " ")
		if err := t.del(bucketDecided, id); err != nil {
			return err
		}
		if err := t.del(bucketDecidedAt, key); err != nil {
			return err
		}
	}
	return nil
}
