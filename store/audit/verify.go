package audit

import (
	"bytes"
	"strconv"
	"strings"

	"canarybot.io/rollout"
)

// Verifier verifies the entries of one chain, in order. Make it with NewVerifier.
type Verifier struct {
	last     Head
	followed bool // the hash of the last entry is known, so the next one can be checked against it
	rules    map[string]bool
	noted    map[int64]string
	problems []rollout.Problem
	more     int
}

// NewVerifier returns a verifier of what follows the head. noted are hashes that were written down elsewhere, whole or
// their beginnings, by the entry's number.
func NewVerifier(start Head, noted map[int64]string) *Verifier {
	return &Verifier{last: start, followed: true, rules: map[string]bool{}, noted: noted}
}

// Entry verifies the next record, which stands under the number. It keeps nothing of the record.
func (v *Verifier) Entry(seq int64, record []byte) {
	hash, entry, ok := Split(record)
	prefix := `{"seq":` + strconv.FormatInt(seq, 10) + `,`
	switch {
	case seq <= v.last.Seq:
		v.wrong(rollout.Problem{Code: ProblemPutIn, Count: int(seq)})
		return
	case seq > v.last.Seq+1:
		v.wrong(missing(v.last.Seq+1, seq-1))
		v.followed = false
	}
	switch {
	case !ok || !strings.HasPrefix(string(entry[:min(len(entry), len(prefix))]), prefix):
		v.Broken(seq)
		return
	case v.followed && Link(v.last.Hash, entry) != hash:
		v.wrong(rollout.Problem{Code: ProblemEdited, Count: int(seq), Limit: int(seq - 1)})
	}
	v.policy(seq, entry)
	if noted, ok := v.noted[seq]; ok && !strings.HasPrefix(hash, noted) {
		v.wrong(rollout.Problem{Code: ProblemOther, Count: int(seq), Value: hash, Want: noted})
	}
	v.last, v.followed = Head{Seq: seq, Hash: hash, Bytes: v.last.Bytes + int64(len(record))}, true
}

// Broken notes that the entry under the number cannot be read.
func (v *Verifier) Broken(seq int64) {
	v.wrong(rollout.Problem{Code: ProblemBroken, Count: int(seq)})
	v.last.Seq, v.followed = seq, false
}

// policy checks that a policy is what its hash says, and stands before whoever names it. Text in an entry cannot look like a
// key: its quotes are escaped.
func (v *Verifier) policy(seq int64, entry []byte) {
	_, rest, ok := bytes.Cut(entry, []byte(`"policy":"`))
	if !ok || len(rest) < hashSize {
		return
	}
	named := string(rest[:hashSize])
	if _, rules, ok := bytes.Cut(rest, []byte(`,"rules":`)); ok {
		if hash(rules[:len(rules)-1]) != named {
			v.wrong(rollout.Problem{Code: ProblemEdited, Count: int(seq), Limit: int(seq - 1)})
		}
		v.rules[named] = true
	}
	if !v.rules[named] {
		v.rules[named] = true // once is enough
		v.wrong(rollout.Problem{Code: ProblemNoPolicy, Count: int(seq)})
	}
}

// End returns every problem, given where the chain should end.
func (v *Verifier) End(head Head) []rollout.Problem {
	switch {
	case v.last.Seq < head.Seq:
		v.wrong(missing(v.last.Seq+1, head.Seq))
	case v.last.Seq > head.Seq:
		v.wrong(rollout.Problem{Code: ProblemPutIn, Count: int(head.Seq + 1)})
	case v.followed && v.last.Hash != head.Hash:
		v.wrong(rollout.Problem{Code: ProblemEdited, Count: int(head.Seq), Limit: int(head.Seq - 1)})
	}
	for seq := range v.noted {
		if seq > v.last.Seq {
			v.wrong(rollout.Problem{Code: ProblemShort, Count: int(seq), Limit: int(v.last.Seq)})
		}
	}
	return v.Problems()
}

// Problems returns what is wrong so far.
func (v *Verifier) Problems() []rollout.Problem {
	if v.more == 0 {
		return v.problems
	}
	return append(v.problems[:len(v.problems):len(v.problems)], rollout.Problem{Code: ProblemMany, Count: v.more})
}

// Last returns the newest entry so far.
func (v *Verifier) Last() Head { return v.last }

func (v *Verifier) wrong(p rollout.Problem) {
	if len(v.problems) == listed {
		v.more++
		return
	}
	v.problems = append(v.problems, p)
}
