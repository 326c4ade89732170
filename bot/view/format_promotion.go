package view

import (
	"cmp"
	"fmt"
	"time"

	"canarybot.io/rollout"
)

// defaultPromoteWait is how long promoting may last where others write stable; it is the domain's default.
const defaultPromoteWait = time.Hour

// promoting says how stable gets the new version.
func promoting(r rollout.Rollout) string {
	version := newVersion(r)
	switch r.Spec.Promote.By {
	case rollout.ByPatch:
		return version + " becomes stable"
	case rollout.ByGate:
		return "whoever waits may go on; stable does not run " + version + " yet"
	case rollout.ByGit:
	}
	switch c := r.Git.Promotion; {
	case r.Trouble.IsZero() && c.IsZero():
		return "committing " + version + " to Git"
	case c.IsZero():
		return version + " is not in Git yet"
	case c.Hash == "":
		return "waits for " + pullRequest(c) + " with " + version + " to be merged"
	default:
		return version + " is in Git (" + commit(c) + "); stable does not run it yet"
	}
}

// pullRequest is a link to a pull request.
func pullRequest(c rollout.GitCommit) string { return anchorOr(c.Link, "the pull request") }

// commit is a link to a commit, by its short name.
func commit(c rollout.GitCommit) string {
	const shortHash = 10
	name := word(c.Hash)
	return anchorOr(c.Link, name[:min(len(name), shortHash)])
}

// promotionDeadline is how long stable may take to run the new version.
func promotionDeadline(r rollout.Rollout) time.Duration {
	if r.ByOthers() {
		return cmp.Or(r.Spec.Promote.Wait, defaultPromoteWait)
	}
	return podDeadline(r)
}

// afterRollback says when a rollback is over.
func afterRollback(r rollout.Rollout) string {
	const done = "the last requests are done"
	switch {
	case !r.StableWritten || r.Spec.Promote.By == rollout.ByGate:
		return "removes the canary once its last requests are done"
	case r.Spec.Promote.By == rollout.ByGit && !r.Git.Revert.IsZero() && r.Git.Revert.Hash == "":
		return "removes the canary once " + pullRequest(r.Git.Revert) + " that reverts it is merged, stable runs " + oldVersion(r) + " and " + done
	case r.Spec.Promote.By == rollout.ByGit:
		return "removes the canary once Git says " + oldVersion(r) + " again, stable runs it and " + done
	}
	return "removes the canary once stable runs " + oldVersion(r) + " again and " + done
}

// stableReturns says what a rollback does with stable; empty where it was never to change.
func stableReturns(r rollout.Rollout) string {
	switch {
	case !r.StableWritten:
		return ""
	case r.Spec.Promote.By == rollout.ByGit:
		return " The promotion is reverted in Git."
	case r.Spec.Promote.By == rollout.ByGate:
		return " Stable is not changed: where it runs the new version already, put it back where it is written."
	}
	return " Stable returns to it too."
}

// writtenElsewhere reports whether the drift is about stable's image, which others write.
func writtenElsewhere(r rollout.Rollout) bool {
	return r.Drift != nil && r.Drift.Field == rollout.FieldStableImage && r.ByOthers()
}

// untilSettled says how long a change by somebody else holds the rollout.
func untilSettled(r rollout.Rollout) string {
	if writtenElsewhere(r) {
		return "Nothing moves until it is as it was, or somebody rolls back; judging goes on."
	}
	return "Nothing moves until a person answers; judging goes on."
}

// whereWritten is where people change stable's image.
func whereWritten(r rollout.Rollout) string {
	if r.Spec.Promote.By == rollout.ByGit {
		return "in Git"
	}
	return "where it is written"
}

// git reports a commit of ours, or the pull request that asks for it.
func (t threadReply) git() (Message, bool) {
	c := t.e.Data.Commit
	switch {
	case c == nil || c.Declined && c.Hash == "": // the rollback that follows tells it
		return Message{}, false
	case c.Hash == "":
		what, merged := "stable becomes "+newVersion(t.r), anchorOr(c.Link, "it is merged")
		if t.e.Data.Wish == rollout.WantRevert {
			what = "stable returns to " + oldVersion(t.r)
		}
		return message(fmt.Sprintf("%s *Waiting for a pull request*: %s when %s.", iconGoing, what, merged)).
			withText("%s waits for a pull request: %s when it is merged.", fullName(t.r), what), true
	case t.e.Data.Wish == rollout.WantRevert:
		return message(fmt.Sprintf("%s *Reverted in Git*: %s says %s again.", iconBack, commit(*c), oldVersion(t.r))).
			withText("%s is reverted in Git.", fullName(t.r)), true
	}
	return message(fmt.Sprintf("%s *Committed to Git*: %s says %s. Stable runs it once that is applied.", iconDone, commit(*c), newVersion(t.r))).
		withText("%s is in Git; stable runs it once that is applied.", fullName(t.r)), true
}
