package bolt

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"canarybot.io/rollout"
)

const (
	schema = 2
	format = "canarybot store"
)

// The buckets. inspect refuses a file that has fewer or more.
const (
	bucketSelf      = "canarybot"
	bucketRollouts  = "rollouts"
	bucketEntries   = "entries"
	bucketOpen      = "open"
	bucketHolders   = "holders"
	bucketNumbers   = "numbers"
	bucketDecided   = "decided"
	bucketDecidedAt = "decided_at"
	bucketNotes     = "notes"
	bucketAudit     = "audit"
	bucketPolicies  = "policies"

	keySelf  = "store"
	keySum   = "sum"
	keyAudit = "audit"
)

func buckets() []string {
	return []string{
		bucketSelf, bucketRollouts, bucketEntries, bucketOpen, bucketHolders, bucketNumbers, bucketDecided,
		bucketDecidedAt, bucketNotes, bucketAudit, bucketPolicies,
	}
}

// bucketsOf returns the buckets of a file of the schema: the first one has no audit.
func bucketsOf(schema int) []string {
	all := buckets()
	if schema == 1 {
		return all[:len(all)-2]
	}
	return all
}

// identity is the record that identifies the file.
type identity struct {
	Format string `json:"format"`
	Schema int    `json:"schema"`
	ID     string `json:"id"`

	txid    uint64 // of the newest transaction
	records int
}

// sum is the count of all records but itself and the sum of their checksums, modulo 2^64.
type sum struct {
	Records int    `json:"records"`
	CRC     uint64 `json:"crc"`
}

func (s sum) with(crc uint32) sum    { return sum{s.Records + 1, s.CRC + uint64(crc)} }
func (s sum) without(crc uint32) sum { return sum{s.Records - 1, s.CRC - uint64(crc)} }

// fault is an error of the disk or its data, as opposed to a refused change: it breaks the store.
type fault struct{ error }

func (f *fault) Unwrap() error { return f.error }

func faulty(err error) error {
	var f *fault
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &fault{err}
}

// table reads and writes framed records within one transaction and keeps their sum. Every error is a fault.
type table struct {
	tx  *bbolt.Tx
	sum sum
}

// get returns a record's payload, which is valid within the transaction only.
func (t *table) get(bucket, key string) (payload []byte, ok bool, err error) {
	raw := t.tx.Bucket([]byte(bucket)).Get([]byte(key))
	if raw == nil {
		return nil, false, nil
	}
	payload, _, err = unframe(bucket, key, raw)
	return payload, err == nil, faulty(err)
}

func (t *table) put(bucket, key string, payload []byte) error {
	b := t.tx.Bucket([]byte(bucket))
	if err := t.uncount(b, bucket, key); err != nil {
		return err
	}
	t.sum = t.sum.with(checksum(bucket, key, payload))
	return faulty(b.Put([]byte(key), frame(bucket, key, payload)))
}

func (t *table) putJSON(bucket, key string, v any) error {
	payload, err := json.Marshal(v)
	if err != nil {
		return faulty(err)
	}
	return t.put(bucket, key, payload)
}

func (t *table) del(bucket, key string) error {
	b := t.tx.Bucket([]byte(bucket))
	if err := t.uncount(b, bucket, key); err != nil {
		return err
	}
	return faulty(b.Delete([]byte(key)))
}

// uncount subtracts the record under the key, if any, from the sum.
func (t *table) uncount(b *bbolt.Bucket, bucket, key string) error {
	raw := b.Get([]byte(key))
	if raw == nil {
		return nil
	}
	_, crc, err := unframe(bucket, key, raw)
	t.sum = t.sum.without(crc)
	return faulty(err)
}

// loadSum must come before the first put or del, saveSum after the last.
func (t *table) loadSum() error {
	payload, ok, err := t.get(bucketSelf, keySum)
	if err == nil && !ok {
		err = errors.New("the sum of all records is gone")
	}
	if err == nil {
		err = json.Unmarshal(payload, &t.sum)
	}
	return faulty(err)
}

func (t *table) saveSum() error {
	payload, err := json.Marshal(t.sum)
	if err != nil {
		return faulty(err)
	}
	return faulty(t.tx.Bucket([]byte(bucketSelf)).Put([]byte(keySum), frame(bucketSelf, keySum, payload)))
}

// keys returns the keys that begin with the prefix, in order.
func (t *table) keys(bucket, prefix string) []string {
	var keys []string
	c := t.tx.Bucket([]byte(bucket)).Cursor()
	for k, _ := c.Seek([]byte(prefix)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, _ = c.Next() {
		keys = append(keys, string(k))
	}
	return keys
}

// scan calls each with the records from the key on that begin with the prefix, in order.
func (t *table) scan(bucket, prefix, from string, each func(key string, payload []byte) error) error {
	c := t.tx.Bucket([]byte(bucket)).Cursor()
	for k, raw := c.Seek([]byte(from)); k != nil && bytes.HasPrefix(k, []byte(prefix)); k, raw = c.Next() {
		payload, _, err := unframe(bucket, string(k), raw)
		if err != nil {
			return faulty(err)
		}
		if err := each(string(k), payload); err != nil {
			return err
		}
	}
	return nil
}

// value returns a decoded record, or the zero value if there is none.
func value[T any](t *table, bucket, key string) (v T, ok bool, err error) {
	payload, ok, err := t.get(bucket, key)
	if err != nil || !ok {
		return v, false, err
	}
	v, err = decode[T](bucket, key, payload)
	return v, err == nil, err
}

// rollout returns a stored rollout.
func (t *table) rollout(key string) (r rollout.Rollout, ok bool, err error) {
	r, ok, err = value[rollout.Rollout](t, bucketRollouts, key)
	if ok && rolloutKey(r.ID) != key {
		return r, false, faulty(fmt.Errorf("the record %q in %s is of %s", key, bucketRollouts, r.ID))
	}
	return r, ok, err
}
