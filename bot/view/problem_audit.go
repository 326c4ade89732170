package view

import "canarybot.io/rollout"

// auditSentences are those of package store/audit: what whoever verifies an audit reads.
func auditSentences() map[rollout.ProblemCode]string {
	const rewritten = ". Restore it from a backup or an export, and find out who may write to it."
	return map[rollout.ProblemCode]string{
		"audit_edited":     "Entry {count} of the audit in {key} does not follow from entry {limit}: one of the two was edited" + rewritten,
		"audit_missing":    "In the audit in {key} {said} missing" + rewritten,
		"audit_put_in":     "Entry {count} of the audit in {key} was put in: it stands where none should be.",
		"audit_broken":     "Entry {count} of the audit in {key} cannot be read: it was damaged, or edited" + rewritten,
		"audit_no_policy":  "Entry {count} of the audit in {key} names a policy that stands nowhere before it.",
		"audit_other":      "Entry {count} of the audit in {key} has the hash {value} and was noted as {want}: the audit was written anew, or is another one.",
		"audit_short":      "The audit in {key} ends with entry {limit}, and entry {count} was noted elsewhere: its end was cut, or this is an older copy.",
		"audit_cut":        "{key} ends behind entry {count}, in the middle of the export: export it again.",
		"audit_no_export":  "{key} is no export of an audit that could be verified: line {count} is none of its lines.",
		"audit_not_whole":  "The export to {key} could not be written to its end: do not keep what there is of it, and export it again.",
		"audit_many":       "There are {count} more such problems.",
		"audit_busy":       "Canarybot writes to {key} faster than its audit can be read: copy it with canarybot store backup, and verify the copy.",
		"audit_not_a_hash": "{quoted} is no entry with its hash: write for example 1204:9f2c41d07ab35e68.",
		"audit_not_stored": "{key} is of an earlier Canarybot and has no audit yet: it begins when this one has run on it.",
	}
}
