package audit

import (
	"bytes"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// skew is how much older an entry may be than one before it: clocks are set, and a commit may wait.
const skew = time.Hour

// Match returns the entry of a record if the query wants it. It decodes only what may be wanted, which is much faster. older
// reports that nothing before it can be wanted.
func Match(q rollout.AuditQuery, record []byte) (e rollout.AuditEntry, wanted, older bool, err error) {
	_, entry, _ := Split(record)
	if !q.Since.IsZero() {
		at := timeOf(entry)
		if older = at < q.Since.Add(-skew).UTC().Format(seconds); older {
			return e, false, true, nil
		}
		if at < q.Since.UTC().Format(seconds) {
			return e, false, false, nil
		}
	}
	if !has(entry, "service", string(q.Service)) || !has(entry, "rollout", string(q.Rollout)) ||
		len(q.Kinds) > 0 && !slices.ContainsFunc(q.Kinds, func(k rollout.AuditKind) bool { return has(entry, "kind", string(k)) }) {
		return e, false, false, nil
	}
	e, err = Decode(record)
	return e, err == nil && q.Wants(e), false, err
}

// has reports whether the entry may have the value under the key: these values need no escapes, and what a person wrote
// cannot look like a key.
func has(entry []byte, key, value string) bool {
	return value == "" || bytes.Contains(entry, []byte(`"`+key+`":"`+value+`"`))
}

const seconds = "2006-01-02T15:04:05"

// timeOf returns the time of an entry to the second, as text that sorts.
func timeOf(entry []byte) string {
	_, rest, _ := bytes.Cut(entry[:min(len(entry), 64)], []byte(`"at":"`))
	return string(rest[:min(len(rest), len(seconds))])
}
