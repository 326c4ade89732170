package mem

import (
	"bytes"
	"context"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/store"
	"canarybot.io/store/audit"
)

// audit appends the drafts, each behind the policy that it names where that is not there yet. The caller holds the lock.
func (s *Store) audit(drafts []audit.Draft) {
	for _, d := range drafts {
		if d.Rules != nil && !s.policies[d.Policy] {
			s.policies[d.Policy] = true
			s.audit([]audit.Draft{*d.Rules})
		}
		record, after := d.Append(s.head)
		s.audited, s.head = append(s.audited, record), after
	}
}

// Record appends entries to the audit and stores the notes, all or nothing. A decision of an entry counts once: the second
// time it is ErrDecided.
func (s *Store) Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, n := range notes {
		if err := store.CheckNote(n.Kind, n.Key, n.Value); err != nil {
			return err
		}
	}
	drafts, err := audit.Drafts(entries)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.writable(); err != nil {
		return err
	}
	decisions := store.Decisions(entries)
	for _, id := range decisions {
		if _, ok := s.decided[id]; ok {
			return rollout.ErrDecided
		}
	}
	for _, id := range decisions {
		s.decided[id] = decided{at: entries[len(entries)-1].At}
	}
	for _, n := range notes {
		if n.Value == nil {
			delete(s.notes[n.Kind], n.Key)
			continue
		}
		s.put(n.Kind, n.Key, n.Value)
	}
	s.audit(drafts)
	return s.late
}

// Audit returns the entries of the audit that the query asks for, newest first.
func (s *Store) Audit(ctx context.Context, q rollout.AuditQuery) (all []rollout.AuditEntry, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return nil, err
	}
	for _, record := range slices.Backward(s.audited) {
		e, wanted, older, err := audit.Match(q, record)
		if err != nil {
			return nil, err
		}
		if wanted {
			all = append(all, e)
		}
		if older || q.Limit > 0 && len(all) == q.Limit {
			break
		}
	}
	return all, nil
}

// AuditHead returns where the audit ends, and when it began.
func (s *Store) AuditHead(ctx context.Context) (rollout.AuditHead, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := rollout.AuditHead{Seq: s.head.Seq, Hash: s.head.Hash}
	if err := s.readable(ctx); err != nil || s.head.Seq == 0 {
		return found, err
	}
	first, err := audit.Decode(s.audited[0])
	found.Began = first.At
	return found, err
}

// put stores a note. The caller holds the lock.
func (s *Store) put(kind, key string, value []byte) {
	if s.notes[kind] == nil {
		s.notes[kind] = map[string][]byte{}
	}
	s.notes[kind][key] = bytes.Clone(value)
}
