package rollout

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// ProblemCode names one thing that can be wrong. Package bot/view has a sentence for each.
type ProblemCode string

// The codes that more than one package uses. The others stand beside the code that finds them.
const (
	NoProblem ProblemCode = ""
	// ProblemText is said in Words alone: by the API server, or by an earlier Canarybot that stored a sentence.
	ProblemText ProblemCode = "text"
	// ProblemInternal is a defect of ours. What it is stands in the log.
	ProblemInternal ProblemCode = "internal"
)

// ObjectRef names an object of the cluster.
type ObjectRef struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace,omitempty"`
	Name      string `json:"name"`
}

// String returns the object as sentences and logs name it: "Deployment shop/checkout", or without a name all of its
// kind: "Services of shop".
func (o ObjectRef) String() string {
	switch {
	case o.Name == "" && o.Namespace == "":
		return o.Kind
	case o.Name == "":
		return o.Kind + "s of " + o.Namespace
	case o.Kind == "":
		return o.Name
	case o.Namespace == "":
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Problem says what is wrong, as data: Code names the sentence, and the other fields are what the sentence is about, as
// far as that code has them. It holds no prose of ours.
type Problem struct {
	Code    ProblemCode   `json:"code"`
	Service ServiceName   `json:"service,omitempty"`
	Rollout ID            `json:"rollout,omitempty"`
	Phase   Phase         `json:"phase,omitempty"`
	Object  ObjectRef     `json:"object,omitzero"` // what is wrong; without a name: all of its kind
	Call    APICall       `json:"call,omitempty"`  // what was asked of the API server
	Other   ObjectRef     `json:"other,omitzero"`  // the second object that the sentence needs
	Key     string        `json:"key,omitempty"`   // the configuration's key to change, or the object's field
	Value   string        `json:"value,omitempty"` // what it is
	Want    string        `json:"want,omitempty"`  // what it should be
	Names   []string      `json:"names,omitempty"` // what there is to choose from
	Count   int           `json:"count,omitempty"`
	Limit   int           `json:"limit,omitempty"`
	Index   int           `json:"index,omitempty"` // position in a list of the object
	Span    time.Duration `json:"span,omitempty"`
	Until   time.Time     `json:"until,omitzero"`
	Words   string        `json:"words,omitempty"` // somebody else's words, such as the API server's; to be escaped
}

// IsZero reports whether nothing is wrong.
func (p Problem) IsZero() bool { return p.Code == NoProblem }

// String returns the problem for the log: its code and what it is about.
func (p Problem) String() string {
	about := []string{
		string(p.Code), string(p.Service), string(p.Rollout), string(p.Call), p.Object.String(), p.Other.String(),
		p.Key, p.Value, p.Want, strings.Join(p.Names, ","), p.Words,
	}
	return strings.Join(slices.DeleteFunc(about, func(s string) bool { return s == "" }), " ")
}

// MarshalJSON writes a problem. ProblemText is written as its words, as every problem was by an earlier Canarybot.
func (p Problem) MarshalJSON() ([]byte, error) {
	if p.Code == ProblemText {
		return json.Marshal(p.Words)
	}
	type plain Problem
	return json.Marshal(plain(p))
}

// UnmarshalJSON reads a problem: the object that MarshalJSON writes, or words alone.
func (p *Problem) UnmarshalJSON(b []byte) error {
	var words string
	if json.Unmarshal(b, &words) == nil {
		*p = Text(words)
		return nil
	}
	type plain Problem
	return json.Unmarshal(b, (*plain)(p))
}

// Text returns the problem that the words alone say; none for no words.
func Text(words string) Problem {
	if words == "" {
		return Problem{}
	}
	return Problem{Code: ProblemText, Words: words}
}
