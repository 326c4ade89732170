package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// because puts a reason into words that follow a colon. By is who decided, if anybody did.
func because(r rollout.Rollout, why rollout.Reason, by rollout.Actor) string {
	return joined(": ", plainly(r, why, by), detailOf(why))
}

// plainly is because without quoted text.
func plainly(r rollout.Rollout, why rollout.Reason, by rollout.Actor) string {
	limits := r.Spec.Limits
	switch why.Code {
	case rollout.ReasonNone:
		return ""
	case rollout.ReasonPerson:
		return actorName(by) + " asked for it"
	case rollout.ReasonAnnotation:
		return "canarybot.io/rollback=now was set on the cluster"
	case rollout.ReasonReplaced:
		return joined(" ", word(why.Detail), "comes instead")
	case rollout.ReasonCheck:
		if why.Evidence == nil {
			return "a check fails"
		}
		return sentence(*why.Evidence)
	case rollout.ReasonCanary:
		return failure("the canary", why.Failure)
	case rollout.ReasonStable:
		return failure("stable", why.Failure)
	case rollout.ReasonDeadline:
		if why.Failure.Kind != rollout.NoFailure {
			return "it took too long, " + failure("the canary", why.Failure)
		}
		return "it took too long"
	case rollout.ReasonUnanswered:
		return joined(" about ", "nobody answered within "+span(limits.Wait), doubted(why))
	case rollout.ReasonDoubt:
		return doubted(why)
	case rollout.ReasonUnknown:
		if why.Evidence == nil {
			return "no verdict for " + span(limits.UnknownLimit)
		}
		return "no verdict for " + span(limits.UnknownLimit) + ": " + sentence(*why.Evidence)
	case rollout.ReasonWeightZero, rollout.ReasonRouteGone, rollout.ReasonCanaryGone, rollout.ReasonServiceGone, rollout.ReasonStableGone, rollout.ReasonStableEmpty:
		return missingObject(why.Code)
	case rollout.ReasonImageDiffers, rollout.ReasonStableNoPods, rollout.ReasonSlow, rollout.ReasonReverted, rollout.ReasonPreflight,
		rollout.ReasonHeld, rollout.ReasonOrphanGone, rollout.ReasonUnreadable, rollout.ReasonWriteRefused:
		return obstacle(r, why)
	case rollout.ReasonUnseen:
		return "people cannot see it"
	case rollout.ReasonSibling:
		return joined(" ", word(why.Detail), "goes together with it and does not go on")
	case rollout.ReasonFrozen:
		return joined(": ", "a freeze rolls back what is under way", words(strings.Trim(quoted(why.Detail), `"`)))
	case rollout.ReasonGitRefused, rollout.ReasonDeclined, rollout.ReasonNotWritten, rollout.ReasonNotReverted:
		return unpromoted(r, why)
	case rollout.ReasonOrphaned: // the reply that offers to remove it explains it
	}
	return word(string(why.Code))
}

// doubted is what people are or were asked about; empty where the reason does not say.
func doubted(why rollout.Reason) string {
	if why.Evidence == nil {
		return ""
	}
	return sentence(*why.Evidence)
}

// missingObject names what somebody else deleted.
func missingObject(code rollout.ReasonCode) string {
	// The other reasons are in plainly.
	//exhaustive:ignore
	switch code {
	case rollout.ReasonWeightZero:
		return "somebody took the canary off traffic"
	case rollout.ReasonRouteGone:
		return "somebody deleted the route"
	case rollout.ReasonCanaryGone:
		return "somebody deleted the canary"
	case rollout.ReasonServiceGone:
		return "somebody deleted the canary's Service"
	case rollout.ReasonStableEmpty:
		return "somebody scaled stable to 0, and whoever is not on the canary gets no answer"
	default:
		return "somebody deleted stable"
	}
}

// obstacle names what blocks a rollout's start or end.
func obstacle(r rollout.Rollout, why rollout.Reason) string {
	// The other reasons are in plainly.
	//exhaustive:ignore
	switch why.Code {
	case rollout.ReasonImageDiffers:
		return "a pod of the new version runs another image than the one that was judged"
	case rollout.ReasonStableNoPods:
		s := "no ready pod of stable could take the traffic"
		if why.Failure.Kind != rollout.NoFailure {
			s += ", " + failure("stable", why.Failure)
		}
		return s
	case rollout.ReasonSlow:
		return "it could not be ended within " + span(r.Spec.Limits.Stuck)
	case rollout.ReasonReverted:
		return joined(" ", manager(why.Detail), "undid the same change three times")
	case rollout.ReasonPreflight:
		if n := len(r.Ending.Left) + len(r.Ending.Checks); n > 0 {
			return plural(n, "thing", "things") + " to put right first"
		}
		return "there is something to put right first"
	case rollout.ReasonHeld:
		return joined(" ", word(why.Detail), "holds the service")
	case rollout.ReasonOrphanGone:
		return "what was left behind is gone, taken away by somebody else"
	case rollout.ReasonUnreadable:
		if r.Ending.Outcome == rollout.Cancelled {
			return "what a start needs could not be read"
		}
		return "the cluster could not be read"
	default:
		return "the cluster refuses what has to be written"
	}
}

// unpromoted names what is wrong where others write stable.
func unpromoted(r rollout.Rollout, why rollout.Reason) string {
	// The other reasons are in plainly.
	//exhaustive:ignore
	switch why.Code {
	case rollout.ReasonGitRefused:
		return "Git does not take the promotion"
	case rollout.ReasonDeclined:
		return anchorOr(why.Detail, "the pull request") + " was closed and not merged"
	case rollout.ReasonNotWritten:
		return "stable did not run " + newVersion(r) + " within " + span(promotionDeadline(r))
	default:
		return "the promotion is still " + anchorOr(why.Detail, "in Git")
	}
}

// detailOf returns the quoted text that belongs to the reason.
func detailOf(why rollout.Reason) string {
	// For every other reason the quoted text is in Detail.
	//exhaustive:ignore
	switch why.Code {
	case rollout.ReasonPerson:
		return quoted(why.Detail)
	case rollout.ReasonReplaced, rollout.ReasonHeld, rollout.ReasonReverted, rollout.ReasonDeclined, rollout.ReasonFrozen, rollout.ReasonSibling: // part of the sentence
		return ""
	case rollout.ReasonNotReverted:
		return short(why.Problem)
	case rollout.ReasonCheck, rollout.ReasonUnknown:
		if why.Evidence != nil {
			return words(why.Evidence.Detail)
		}
	}
	return joined(", ", words(why.Detail), short(why.Problem), words(why.Failure.Detail))
}

// failure says how a workload fails.
func failure(whose string, f rollout.Failure) string {
	switch f.Kind {
	case rollout.NoFailure:
		return whose + " fails"
	case rollout.CrashLoop:
		return fmt.Sprintf("the pods of %s keep crashing", whose)
	case rollout.ImagePull:
		return fmt.Sprintf("the image of %s cannot be pulled", whose)
	case rollout.ImagePullRetried:
		return fmt.Sprintf("the image of %s could not be pulled yet, and Kubernetes tries again", whose)
	case rollout.OOMKilled:
		return fmt.Sprintf("a pod of %s ran out of memory", whose)
	case rollout.Refused:
		return fmt.Sprintf("the cluster refuses the pods of %s", whose)
	case rollout.OverQuota:
		return fmt.Sprintf("a quota has no room for the pods of %s", whose)
	case rollout.NotCreated:
		return fmt.Sprintf("the pods of %s cannot be made just now, and Kubernetes tries again", whose)
	case rollout.ConfigMissing:
		return fmt.Sprintf("the pods of %s need a ConfigMap or a Secret that is not there", whose)
	case rollout.ProgressDeadline:
		return fmt.Sprintf("the pods of %s were not ready in time", whose)
	case rollout.Unschedulable:
		return fmt.Sprintf("no node has room for the pods of %s", whose)
	case rollout.NotReady:
		return fmt.Sprintf("the pods of %s are not ready", whose)
	}
	return fmt.Sprintf("the pods of %s fail (%s)", whose, word(string(f.Kind)))
}

// podsWait says what the pods that the rollout waits for wait for themselves.
func podsWait(r rollout.Rollout) string {
	whose := "the canary"
	if r.Phase == rollout.Promoting || r.Phase == rollout.RollingBack {
		whose = "stable"
	}
	return joined(": ", capitalize(failure(whose, r.PodsWait)), words(r.PodsWait.Detail))
}

// imageID is the short form of what a pod resolved an image to, by which it is told from the other.
func imageID(text, other string) string {
	var id, from rollout.ImageID
	if id.UnmarshalText([]byte(text)) != nil {
		return word(text)
	}
	beside := ""
	if from.UnmarshalText([]byte(other)) == nil {
		beside = "@" + from.Digest
	}
	return joined(" on ", named("@"+id.Digest, beside), word(id.Platform))
}

// manager names the field manager that wrote to the cluster.
func manager(by string) string {
	if by == rollout.ByAdmission {
		return "an admission webhook"
	}
	if m := word(by); m != "" {
		return "somebody (" + m + ")"
	}
	return "somebody"
}

// drifted describes a change by somebody else.
func drifted(d rollout.Drift) string {
	by := manager(d.By)
	switch d.Field {
	case rollout.FieldWeight:
		return fmt.Sprintf("%s set the canary's weight to %s %%; it should be %s %%", by, word(d.Value), word(d.Wanted))
	case rollout.FieldCanaryImage:
		return fmt.Sprintf("%s set the canary's image to %s; it should be %s", by, named(d.Value, d.Wanted), named(d.Wanted, d.Value))
	case rollout.FieldCanaryReplicas:
		return fmt.Sprintf("%s set the canary's replicas to %s; it needs %s", by, word(d.Value), word(d.Wanted))
	case rollout.FieldStableImage:
		return fmt.Sprintf("%s set stable's image to %s; it was %s", by, named(d.Value, d.Wanted), named(d.Wanted, d.Value))
	case rollout.FieldImageID:
		return fmt.Sprintf("a pod of the new version runs image %s; %s was judged. That is right on another platform, and wrong if the tag was pushed again",
			imageID(d.Value, d.Wanted), imageID(d.Wanted, d.Value))
	case rollout.FieldStableUID:
		return by + " deleted stable and made it again"
	case rollout.FieldRouteUID:
		return by + " deleted the route and made it again"
	case rollout.FieldStableMin:
		return fmt.Sprintf("%s lowered the minimum of stable's autoscaler to %s; stable needs %s until this is over", by, word(d.Value), word(d.Wanted))
	}
	return fmt.Sprintf("%s set %s to %s; it should be %s", by, word(string(d.Field)), word(d.Value), word(d.Wanted))
}
