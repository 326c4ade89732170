package bolt

import "canarybot.io/rollout"

// What is wrong with a store. Key is the path unless noted otherwise.
const (
	ProblemNotAFile         rollout.ProblemCode = "store_not_a_file"
	ProblemNotOpened        rollout.ProblemCode = "store_not_opened"
	ProblemNotPermitted     rollout.ProblemCode = "store_not_permitted"
	ProblemNewer            rollout.ProblemCode = "store_newer"   // Count is its schema, Limit the newest known one
	ProblemForeign          rollout.ProblemCode = "store_foreign" // Words say why
	ProblemDamaged          rollout.ProblemCode = "store_damaged" // Words say what
	ProblemUnreadable       rollout.ProblemCode = "store_unreadable"
	ProblemNoDirectory      rollout.ProblemCode = "store_no_directory"
	ProblemBadDirectory     rollout.ProblemCode = "store_bad_directory"
	ProblemNotADirectory    rollout.ProblemCode = "store_not_a_directory"
	ProblemNetwork          rollout.ProblemCode = "store_network" // Value is the file system
	ProblemNotMade          rollout.ProblemCode = "store_not_made"
	ProblemNotLocked        rollout.ProblemCode = "store_not_locked"
	ProblemInUse            rollout.ProblemCode = "store_in_use"    // by an unknown process
	ProblemInUseBy          rollout.ProblemCode = "store_in_use_by" // Value is the process
	ProblemNotClosed        rollout.ProblemCode = "store_not_closed"
	ProblemFailed           rollout.ProblemCode = "store_failed" // Words say how
	ProblemFull             rollout.ProblemCode = "store_full"
	ProblemReadOnly         rollout.ProblemCode = "store_read_only"
	ProblemHangs            rollout.ProblemCode = "store_hangs"
	ProblemGone             rollout.ProblemCode = "store_gone"
	ProblemReplaced         rollout.ProblemCode = "store_replaced"
	ProblemMissing          rollout.ProblemCode = "store_missing"
	ProblemBackupThere      rollout.ProblemCode = "backup_there"    // Key is the copy
	ProblemBackupNotMade    rollout.ProblemCode = "backup_not_made" // Key is the copy
	ProblemClosed           rollout.ProblemCode = "store_closed"
	ProblemRecordUnexpected rollout.ProblemCode = "record_unexpected" // Key is the bucket, Value the record's key
)

// problem returns the error about the path.
func problem(code rollout.Code, problem rollout.ProblemCode, path string) *rollout.Error {
	return rollout.Refuse(code, rollout.Problem{Code: problem, Key: path})
}

// inUse returns the error for a store that another process has locked; process is empty if unknown.
func inUse(path, process string) error {
	p := rollout.Problem{Code: ProblemInUse, Key: path}
	if process != "" {
		p.Code, p.Value = ProblemInUseBy, process
	}
	return rollout.Refuse(rollout.Unavailable, p)
}
