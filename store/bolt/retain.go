package bolt

import (
	"bytes"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// timeKey returns the time as a key that sorts: JSON bounds the years to four digits.
func timeKey(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05Z") }

// prune deletes all but the newest ended rollouts of the service, with their entries and the notes keyed by their ids.
func (t *table) prune(service rollout.ServiceName, keep int) error {
	var ended []string
	open := t.tx.Bucket([]byte(bucketOpen))
	for _, key := range t.keys(bucketRollouts, string(service)+"/") {
		if open.Get([]byte(key)) == nil {
			ended = append(ended, key)
		}
	}
	for _, key := range ended[:max(0, len(ended)-keep)] {
		if err := t.drop(key); err != nil {
			return err
		}
	}
	return nil
}

func (t *table) drop(key string) error {
	for _, entry := range t.keys(bucketEntries, key+"/") {
		if err := t.del(bucketEntries, entry); err != nil {
			return err
		}
	}
	for _, kind := range t.kinds() {
		if err := t.del(bucketNotes, noteKey(kind, string(rolloutID(key)))); err != nil {
			return err
		}
	}
	return t.del(bucketRollouts, key)
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
