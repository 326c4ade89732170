package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// shownHash is how much of a hash people note: enough that nobody finds another entry with it.
const shownHash = 16

// Audit lists the newest entries of the audit, and says how to verify it later. An empty service means all.
func (a Answers) Audit(service rollout.ServiceName, newest []rollout.AuditEntry, head rollout.AuditHead) Message {
	of := ""
	if service != "" {
		of = " of " + word(string(service))
	}
	if head.Seq == 0 || len(newest) == 0 {
		return message("The audit has nothing" + of + " yet.")
	}
	lines := make([]string, len(newest))
	for i, e := range newest {
		lines[i] = auditLine(e)
	}
	text := fmt.Sprintf("The newest %d entries of the audit%s", len(newest), of)
	if len(newest) == 1 {
		text = "The only entry of the audit" + of
	}
	noted := fmt.Sprintf("%d:%s", head.Seq, head.Hash[:min(len(head.Hash), shownHash)])
	return message("*"+text+"*").withText("%s.", text).withBlocks(list(lines)...).
		withBlocks(context(fmt.Sprintf("It has %s. To verify later that nothing up to here was changed: %s",
			plural(int(head.Seq), "entry", "entries"), code("canarybot audit verify --noted "+noted))))
}

// auditLine is one entry in a line.
func auditLine(e rollout.AuditEntry) string {
	about := word(string(e.Service))
	if e.Rollout != "" {
		about = word(string(e.Rollout))
	}
	if about != "" {
		about = "*" + about + "*"
	}
	return dotted(fmt.Sprint(e.Seq), at(e.At), about, joined(" ", auditSays(e), quoted(e.Text)))
}

// auditSays says what an entry is about, without the words of whoever made it.
func auditSays(e rollout.AuditEntry) string {
	by := actorName(e.Actor)
	switch e.Kind {
	case rollout.AuditPolicy:
		return "a policy is in force that was not before"
	case rollout.AuditRequested:
		if e.Request != nil && e.Request.Emergency {
			return by + " asked for " + named(e.Image) + " as an emergency"
		}
		return by + " asked for " + named(e.Image)
	case rollout.AuditStarted:
		return "started"
	case rollout.AuditDecided:
		return joined(", ", by+" decided: "+word(string(e.Action)), approvalsSoFar(e))
	case rollout.AuditPhase:
		return fmt.Sprintf("%s, %d %% of the traffic", lower(phaseName(e.To)), e.Weight)
	case rollout.AuditDrift:
		return "somebody else changed what it steers"
	case rollout.AuditOverwrote:
		return "wrote over what somebody else changed"
	case rollout.AuditTagMoved:
		return "the tag of its version names another image now"
	case rollout.AuditGit:
		return "the promotion in Git"
	case rollout.AuditEnded:
		return auditEnd(e)
	case rollout.AuditClosed, rollout.AuditReopened:
		return auditClosure(e)
	case rollout.AuditPending, rollout.AuditJumped, rollout.AuditLeft, rollout.AuditDropped:
		return auditPending(e)
	case rollout.AuditIncident:
		if e.Began.IsZero() {
			return iconBad + " " + by + " reported an incident"
		}
		return iconBad + " " + by + " reported an incident that began " + at(e.Began)
	}
	return joined(" ", by, word(string(e.Kind)), word(string(e.Action))) // of a newer Canarybot
}

// auditClosure says who set or ended a freeze or a lock.
func auditClosure(e rollout.AuditEntry) string {
	kind, of := "freeze", "everything"
	if c := e.Closure; c != nil {
		if c.Kind == rollout.LockClosure {
			kind = "lock"
		}
		if name := c.Scope.String(); name != "" {
			of = word(name)
		}
	}
	if e.Kind == rollout.AuditReopened {
		return fmt.Sprintf("%s ended the %s of %s", actorName(e.Actor), kind, of)
	}
	return fmt.Sprintf("%s set a %s of %s", actorName(e.Actor), kind, of)
}

// auditPending says what somebody did with a pending deploy.
func auditPending(e rollout.AuditEntry) string {
	if e.Pending == nil {
		return "a pending deploy"
	}
	by, what := actorName(e.Actor), fmt.Sprintf("the deploy of %s, number %d", pendingName(*e.Pending), e.Pending.ID)
	// The others are no such entries.
	//exhaustive:ignore
	switch e.Kind {
	case rollout.AuditJumped:
		return by + " let " + what + " go ahead"
	case rollout.AuditLeft:
		return by + " removed " + what
	case rollout.AuditDropped:
		return capitalize(what) + " cannot start any more: " + Problem(e.Reason.Problem)
	}
	return by + " made pending " + what
}

func approvalsSoFar(e rollout.AuditEntry) string {
	if e.Needed < 2 {
		return ""
	}
	return fmt.Sprintf("approval %d of %d", len(e.Approvals), e.Needed)
}

// auditEnd says how a rollout ended, and who let it go on.
func auditEnd(e rollout.AuditEntry) string {
	if e.Summary == nil {
		return "ended"
	}
	var names []string
	for _, a := range e.Summary.Approvers {
		if name := actorName(a.By); !strings.Contains(strings.Join(names, " "), name) {
			names = append(names, name)
		}
	}
	approved := ""
	if len(names) > 0 {
		approved = "approved by " + strings.Join(names, ", ")
	}
	return joined(", ", strings.ReplaceAll(string(e.Summary.Outcome), "_", " "), approved)
}
