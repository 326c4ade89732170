package judge

import (
	"encoding/json"
	"hash/fnv"
	"strconv"
	"time"

	"canarybot.io/rollout"
)

// memory is what Judge keeps between calls.
type memory struct {
	Since  time.Time         `json:"since"`
	Checks string            `json:"checks"` // fingerprint: other checks, other memory
	Series map[string]record `json:"series,omitempty"`
}

// recall reads the state. One that is damaged, or that belongs to another weight or to other checks, is forgotten:
// the check is then unknown until it is heard again, which errs on the safe side.
func recall(state []byte, checks []rollout.Check, since time.Time) memory {
	fresh := memory{Since: since, Checks: fingerprint(checks), Series: map[string]record{}}
	var m memory
	if len(state) == 0 || json.Unmarshal(state, &m) != nil {
		return fresh
	}
	if !m.Since.Equal(since) || m.Checks != fresh.Checks {
		return fresh
	}
	for name, one := range m.Series {
		if one.Failing.N < 0 || one.Silent.N < 0 || one.Last.Check != name {
			return fresh
		}
		fresh.Series[name] = one
	}
	return fresh
}

// bytes returns the state. Every value in it is finite, so that it always encodes.
func (m memory) bytes() []byte {
	b, err := json.Marshal(m)
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
