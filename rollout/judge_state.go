package rollout

import (
	"bytes"
	"encoding/json"
)

// JudgeState is what a judge remembers of a rollout between two looks: opaque to everybody else, and never changed once
// it is made. A judge's own value is kept as it is, and becomes bytes only when it is stored. The zero value remembers
// nothing.
type JudgeState struct {
	live   Remembered // of this process
	stored []byte     // as it was read; nil where live is
}

// Remembered is a judge's own value in a JudgeState. Nobody may change it.
type Remembered interface {
	// Encode returns the form to store; nil where there is none, which is the same as to forget.
	Encode() []byte
}

// Remember returns the state that holds a judge's own value; nil remembers nothing.
func Remember(r Remembered) JudgeState { return JudgeState{live: r} }

// StoredJudgeState returns the state of a stored form, which must not be changed any more.
func StoredJudgeState(stored []byte) JudgeState { return JudgeState{stored: stored} }

// Live returns the judge's own value; nil where only the stored form is there.
func (s JudgeState) Live() Remembered { return s.live }

// Bytes returns the form to store, which must not be changed; nil: nothing is remembered. A live value is encoded anew by
// each call.
func (s JudgeState) Bytes() []byte {
	if s.live != nil {
		return s.live.Encode()
	}
	return s.stored
}

// IsZero reports whether nothing is remembered.
func (s JudgeState) IsZero() bool { return s.live == nil && len(s.stored) == 0 }

// Equal reports whether both have the same form to store.
func (s JudgeState) Equal(o JudgeState) bool { return bytes.Equal(s.Bytes(), o.Bytes()) }

// MarshalJSON writes the form to store as a JSON string of base64, as []byte has it.
func (s JudgeState) MarshalJSON() ([]byte, error) { return json.Marshal(s.Bytes()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *JudgeState) UnmarshalJSON(b []byte) error {
	*s = JudgeState{}
	return json.Unmarshal(b, &s.stored)
}
