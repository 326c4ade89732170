package judge

import (
	"encoding/json"
	"hash/fnv"
	"maps"
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// limitState is what Compare keeps between calls.
type limitState struct {
	Since       time.Time             `json:"since"`
	Fingerprint string                `json:"checks"` // of the checks: others have another state
	Checks      map[string]checkState `json:"series,omitempty"`
	share       float64               // of the requests, 0 to 1, that the canary is to get; 0: it is not asked
}

// readLimitState reads the state. One that is damaged is forgotten: the check is then unknown until its next sample,
// which errs on the safe side.
func readLimitState(stored []byte) *limitState {
	var s limitState
	if len(stored) == 0 || json.Unmarshal(stored, &s) != nil || !s.valid() {
		return nil
	}
	return &s
}

// of returns a copy of the state, or an empty one where there is none, or one of another weight or of other checks.
func (s *limitState) of(checks []rollout.Check, since time.Time) limitState {
	print := fingerprint(checks)
	if s == nil || !s.Since.Equal(since) || s.Fingerprint != print {
		return limitState{Since: since, Fingerprint: print, Checks: make(map[string]checkState, len(checks))}
	}
	own := limitState{Since: s.Since, Fingerprint: s.Fingerprint, Checks: make(map[string]checkState, len(checks))}
	maps.Copy(own.Checks, s.Checks)
	return own
}

// bytes returns the state as JSON. Every value in it is finite, so that it always encodes.
func (s limitState) bytes() []byte {
	b, err := json.Marshal(s)
	if err != nil {
		return nil // a time beyond year 9999: forgetting is safe
	}
	return b
}

func fingerprint(checks []rollout.Check) string {
	h := fnv.New64a()
	if err := json.NewEncoder(h).Encode(checks); err != nil {
		return ""
	}
	return strconv.FormatUint(h.Sum64(), 36)
}
