package store

import (
	"regexp"
)

// MaxNote is the most bytes that a note may have.
const MaxNote = 1 << 20

const maxNoteKey = 1024

var noteKind = regexp.MustCompile(`^[a-z0-9_]{1,64}$`)

// CheckNoteKey returns nil when a note may have the kind and the key, else an Invalid error. The kind groups the notes
// of one owner: lower-case letters, digits and underscores. The key is any text; a note keyed by a rollout's id is
// deleted with that rollout.
func CheckNoteKey(kind, key string) error {
	switch {
	case !noteKind.MatchString(kind):
		return invalid("%q is no kind of note: use lower-case letters, digits and underscores", kind)
	case key == "" || len(key) > maxNoteKey:
		return invalid("the key of a note of the kind %s must have 1 to %d bytes; it has %d", kind, maxNoteKey, len(key))
	}
	return nil
}

// CheckNote returns nil when the note may be stored, else an Invalid error.
func CheckNote(kind, key string, value []byte) error {
	if len(value) > MaxNote {
		return invalid("a note of the kind %s has %d bytes; %d is the most", kind, len(value), MaxNote)
	}
	return CheckNoteKey(kind, key)
}
