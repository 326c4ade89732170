package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"canarybot.io/rollout"
)

// hashSize is how long a hash is, in hex.
const hashSize = 2 * sha256.Size

// Head is where a chain ends.
type Head struct {
	Seq  int64  `json:"seq"` // of the newest entry; 0: there is none
	Hash string `json:"hash"`
	// Bytes is what all entries take.
	Bytes int64 `json:"bytes"`
}

// Start returns the head of a chain without entries: that of another store is another one.
func Start(store string) Head {
	sum := sha256.Sum256([]byte("canarybot audit of store " + store))
	return Head{Hash: hex.EncodeToString(sum[:])}
}

// Link returns the hash of the entry that follows the one with the hash.
func Link(before string, entry []byte) string {
	h := sha256.New()
	h.Write([]byte(before))
	h.Write([]byte{'\n'})
	h.Write(entry)
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0]))
}

// Draft is an entry that only lacks its place in the chain.
type Draft struct {
	rest []byte // its JSON behind the number
	// Policy is the hash of the policy that it names; empty: none. Rules introduces that policy where it is not stored yet.
	Policy string
	Rules  *Draft
}

// Drafts encodes entries. The error is Invalid.
func Drafts(entries []rollout.AuditEntry) ([]Draft, error) {
	drafts := make([]Draft, len(entries))
	for i, e := range entries {
		var err error
		if drafts[i], err = draft(e); err != nil {
			return nil, rollout.Wrap(rollout.Invalid, fmt.Errorf("encode an entry of the audit: %w", err))
		}
	}
	return drafts, nil
}

func draft(e rollout.AuditEntry) (d Draft, err error) {
	if e.Rules != nil && e.Kind != rollout.AuditPolicy {
		rules, err := json.Marshal(e.Rules)
		if err != nil {
			return d, err
		}
		e.Policy = hash(rules)
		intro, err := draft(rollout.AuditEntry{At: e.At, Kind: rollout.AuditPolicy, Policy: e.Policy, Rules: e.Rules})
		if err != nil {
			return d, err
		}
		e.Rules, d.Policy, d.Rules = nil, e.Policy, &intro
	}
	e.Seq, e.At = 0, e.At.UTC()
	whole, err := json.Marshal(e)
	d.rest = bytes.TrimPrefix(whole, []byte(numberless))
	return d, err
}

// numberless is how an entry without a number begins.
const numberless = `{"seq":0`

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Append returns the record of the draft behind the head, as stores keep it, and the head after it.
func (d Draft) Append(head Head) (record []byte, after Head) {
	after.Seq = head.Seq + 1
	entry := append(strconv.AppendInt([]byte(`{"seq":`), after.Seq, 10), d.rest...)
	after.Hash = Link(head.Hash, entry)
	record = append([]byte(after.Hash+" "), entry...)
	after.Bytes = head.Bytes + int64(len(record))
	return record, after
}

// Split returns the hash and the entry of a record. ok is false for what is no record.
func Split(record []byte) (hash string, entry []byte, ok bool) {
	if len(record) < hashSize+2 || record[hashSize] != ' ' {
		return "", nil, false
	}
	return string(record[:hashSize]), record[hashSize+1:], true
}

// Decode returns the entry of a record. Fields that a newer Canarybot added are ignored.
func Decode(record []byte) (e rollout.AuditEntry, err error) {
	_, entry, ok := Split(record)
	if !ok {
		return e, errors.New("a record of the audit has no hash")
	}
	err = json.Unmarshal(entry, &e)
	return e, err
}
