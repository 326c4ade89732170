package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store"
	"canarybot.io/store/audit"
)

// auditFill is how full pages of the audit become: entries are only ever added behind the last one.
const auditFill = 0.95

func auditKey(seq int64) string { return fmt.Sprintf("%012d", seq) }

// head returns where the audit ends.
func (t *table) auditHead() (audit.Head, error) {
	head, ok, err := value[audit.Head](t, bucketSelf, keyAudit)
	if err != nil || ok {
		return head, err
	}
	self, _, err := value[identity](t, bucketSelf, keySelf)
	return audit.Start(self.ID), err
}

// audit appends the drafts, each behind the policy that it names where that is not stored yet.
func (t *table) audit(drafts []audit.Draft) error {
	if len(drafts) == 0 {
		return nil
	}
	head, err := t.auditHead()
	if err != nil {
		return err
	}
	t.tx.Bucket([]byte(bucketAudit)).FillPercent = auditFill
	for _, d := range drafts {
		if head, err = t.auditOne(d, head); err != nil {
			return err
		}
	}
	return t.putJSON(bucketSelf, keyAudit, head)
}

func (t *table) auditOne(d audit.Draft, head audit.Head) (audit.Head, error) {
	if d.Rules != nil {
		_, known, err := t.get(bucketPolicies, d.Policy)
		if err != nil {
			return head, err
		}
		if !known {
			if head, err = t.auditOne(*d.Rules, head); err != nil {
				return head, err
			}
			if err := t.putJSON(bucketPolicies, d.Policy, head.Seq); err != nil {
				return head, err
			}
		}
	}
	record, after := d.Append(head)
	return after, t.put(bucketAudit, auditKey(after.Seq), record)
}

// record is one Record: entries of the audit with notes.
type record struct {
	drafts    []audit.Draft
	notes     []*note
	decisions []rollout.DecisionID
	at        time.Time
}

func (r *record) judge(t *table) error {
	for _, id := range r.decisions {
		if err := t.undecided(id); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) write(t *table) error {
	for _, n := range r.notes {
		if err := n.write(t); err != nil {
			return err
		}
	}
	for _, id := range r.decisions {
		if err := t.remember(id, decided{At: r.at}); err != nil {
			return err
		}
	}
	return t.audit(r.drafts)
}

// Record appends entries to the audit and stores the notes, all or nothing. It is durable when Record returns. A decision of
// an entry counts once: the second time it is ErrDecided.
func (s *Store) Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error {
	r := &record{decisions: store.Decisions(entries)}
	if len(entries) > 0 {
		r.at = entries[len(entries)-1].At
	}
	for _, n := range notes {
		if err := store.CheckNote(n.Kind, n.Key, n.Value); err != nil {
			return err
		}
		r.notes = append(r.notes, &note{key: noteKey(n.Kind, n.Key), value: slices.Clone(n.Value), deleted: n.Value == nil})
	}
	var err error
	if r.drafts, err = audit.Drafts(entries); err != nil {
		return err
	}
	return s.commit(ctx, r)
}

// Audit returns the entries of the audit that the query asks for, newest first.
func (s *Store) Audit(ctx context.Context, q rollout.AuditQuery) ([]rollout.AuditEntry, error) {
	return view(ctx, s, func(t *table) ([]rollout.AuditEntry, error) { return t.audited(ctx, q) })
}

func (t *table) audited(ctx context.Context, q rollout.AuditQuery) (all []rollout.AuditEntry, err error) {
	b := t.tx.Bucket([]byte(bucketAudit))
	if b == nil { // a file of an earlier Canarybot that may only be read
		return nil, nil
	}
	c := b.Cursor()
	for k, raw := c.Last(); k != nil && (q.Limit == 0 || len(all) < q.Limit); k, raw = c.Prev() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		payload, _, err := unframe(bucketAudit, string(k), raw)
		if err != nil {
			return nil, faulty(err)
		}
		e, wanted, older, err := audit.Match(q, payload)
		switch {
		case err != nil:
			return nil, rollout.Refuse(rollout.Internal, rollout.Problem{Code: ProblemRecordUnexpected, Key: bucketAudit, Value: string(k)}).Because(err)
		case older:
			return all, nil
		case wanted:
			all = append(all, e)
		}
	}
	return all, nil
}

// AuditHead returns where the audit ends, and when it began.
func (s *Store) AuditHead(ctx context.Context) (rollout.AuditHead, error) {
	return view(ctx, s, func(t *table) (rollout.AuditHead, error) {
		head, err := t.auditHead()
		found := rollout.AuditHead{Seq: head.Seq, Hash: head.Hash}
		if err != nil || head.Seq == 0 {
			return found, err
		}
		record, _, err := t.get(bucketAudit, auditKey(1))
		if err != nil {
			return found, err
		}
		first, err := audit.Decode(record)
		found.Began = first.At
		return found, faulty(err)
	})
}

// upgrade makes a file of an earlier schema one of this.
func (h *handle) upgrade(found identity) error {
	if found.Schema >= schema {
		return nil
	}
	return h.guard(func() error {
		tx, err := h.db.Begin(true)
		if err != nil {
			return err
		}
		defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
		for _, bucket := range []string{bucketAudit, bucketPolicies} {
			if _, err := tx.CreateBucketIfNotExists([]byte(bucket)); err != nil {
				return err
			}
		}
		t := &table{tx: tx}
		err = t.loadSum()
		if err == nil {
			err = t.putJSON(bucketSelf, keySelf, identity{Format: format, Schema: schema, ID: found.ID})
		}
		if err = errors.Join(err, t.saveSum()); err != nil {
			return err
		}
		return tx.Commit()
	})
}
