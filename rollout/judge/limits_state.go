package judge

import (
	"encoding/json"
	"hash/fnv"
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

// readLimitState reads the state. One that is damaged, or that belongs to another weight or to other checks, is
// forgotten: the check is then unknown until its next sample, which errs on the safe side.
func readLimitState(state []byte, checks []rollout.Check, since time.Time) limitState {
	fresh := limitState{Since: since, Fingerprint: fingerprint(checks), Checks: map[string]checkState{}}
	var s limitState
	if len(state) == 0 || json.Unmarshal(state, &s) != nil {
		return fresh
	}
	if !s.Since.Equal(since) || s.Fingerprint != fresh.Fingerprint {
		return fresh
	}
	for name, one := range s.Checks {
		if one.Failing.N < 0 || one.Silent.N < 0 || one.Last.Check != name {
			return fresh
		}
		fresh.Checks[name] = one
	}
	return fresh
}

// bytes returns the state. Every value in it is finite, so that it always encodes.
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
