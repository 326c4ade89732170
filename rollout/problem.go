package rollout

import (
	"encoding/json"
	"time"
)

// ProblemCode names one thing that can be wrong. Package bot/view has a sentence for each.
type ProblemCode string

// The codes that more than one package uses. Others stand beside the code that finds them.
const (
	NoProblem ProblemCode = ""
	// ProblemText is a problem that an earlier Canarybot stored as a sentence: Words has it.
	ProblemText ProblemCode = "text"
)

// ObjectRef names an object of the cluster.
type ObjectRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// Problem says what is wrong, as data: Code names the sentence, and the other fields are what the sentence is about, as
// far as that code has them. It holds no prose of ours.
type Problem struct {
	Code    ProblemCode   `json:"code"`
	Service ServiceName   `json:"service,omitempty"`
	Rollout ID            `json:"rollout,omitempty"`
	Phase   Phase         `json:"phase,omitempty"`
	Object  ObjectRef     `json:"object,omitzero"` // what is wrong
	Other   ObjectRef     `json:"other,omitzero"`  // the second object that the sentence needs
	Key     string        `json:"key,omitempty"`   // the configuration's key to change, or the object's field
	Value   string        `json:"value,omitempty"` // what it is
	Want    string        `json:"want,omitempty"`  // what it should be
	Names   []string      `json:"names,omitempty"` // what there is to choose from
	Count   int           `json:"count,omitempty"`
	Limit   int           `json:"limit,omitempty"`
	Span    time.Duration `json:"span,omitempty"`
	Words   string        `json:"words,omitempty"` // somebody else's words, such as the API server's; to be escaped
}

// UnmarshalJSON reads a problem. Records of before hold sentences in place of problems: those are kept as ProblemText.
func (p *Problem) UnmarshalJSON(b []byte) error {
	var words string
	if json.Unmarshal(b, &words) == nil {
		*p = Problem{Code: ProblemText, Words: words}
		return nil
	}
	type plain Problem
	return json.Unmarshal(b, (*plain)(p))
}
