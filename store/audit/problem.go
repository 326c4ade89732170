package audit

import (
	"fmt"

	"canarybot.io/rollout"
)

// What is wrong with an audit. Key is the file unless noted otherwise, Count an entry's number.
const (
	ProblemEdited    rollout.ProblemCode = "audit_edited"     // Count does not follow from the one before it, Limit
	ProblemMissing   rollout.ProblemCode = "audit_missing"    // Words say which
	ProblemPutIn     rollout.ProblemCode = "audit_put_in"     // behind the end, or twice
	ProblemBroken    rollout.ProblemCode = "audit_broken"     // it cannot be read
	ProblemNoPolicy  rollout.ProblemCode = "audit_no_policy"  // the policy that it names is nowhere
	ProblemOther     rollout.ProblemCode = "audit_other"      // Count has another hash than was noted elsewhere
	ProblemShort     rollout.ProblemCode = "audit_short"      // Count was noted elsewhere, and the last one is Limit
	ProblemCut       rollout.ProblemCode = "audit_cut"        // an export ends behind Count, and has no end
	ProblemNoExport  rollout.ProblemCode = "audit_no_export"  // Count is the line at which it is none
	ProblemNotWhole  rollout.ProblemCode = "audit_not_whole"  // an export to Key could not be written to its end
	ProblemMany      rollout.ProblemCode = "audit_many"       // Count further problems are not listed
	ProblemBusy      rollout.ProblemCode = "audit_busy"       // a running Canarybot writes faster than it can be read
	ProblemNotAHash  rollout.ProblemCode = "audit_not_a_hash" // Value should be an entry's number and hash
	ProblemNotStored rollout.ProblemCode = "audit_not_stored" // the store is older than its audit
)

// listed is how many problems are named one by one.
const listed = 20

// missing returns the problem that the entries are not there.
func missing(from, to int64) rollout.Problem {
	p := rollout.Problem{Code: ProblemMissing, Count: int(from), Words: fmt.Sprintf("entry %d is", from)}
	if to > from {
		p.Words = fmt.Sprintf("entries %d to %d are", from, to)
	}
	return p
}
