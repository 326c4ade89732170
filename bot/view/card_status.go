package view

import (
	"fmt"

	"canarybot.io/rollout"
)

// status is a rollout's status in one line.
func status(r rollout.Rollout) string {
	switch {
	case r.Phase == rollout.Ended:
		return outcome(r)
	case r.Orphaned():
		return dotted(iconWarning+" *Left behind*", r.Orphan.Weight.String()+" of traffic", "nobody judges it")
	case r.HeldOnFail():
		return dotted(iconBad+" *Held after a failure*", share(r), stepOf(r), phase(r), currentVerdict(r))
	case r.Stuck != nil:
		return dotted(iconBad+" *Stuck*", phase(r), stuckShare(r))
	case !r.Unseen.IsZero() && r.Phase.Forward():
		return dotted(iconWarning+" *Held*", "people cannot see it", share(r), stepOf(r), phase(r), currentVerdict(r))
	case r.Held && r.Drift == nil && !r.Paused && r.Phase.Forward():
		return dotted(iconUnknown+" *Held*", share(r), stepOf(r), phase(r), currentVerdict(r))
	case r.Drift != nil:
		return dotted(iconWarning+" *Held*", share(r), stepOf(r), phase(r), currentVerdict(r))
	case frozen(r):
		return dotted(iconFrozen+" *Frozen*", share(r), stepOf(r), phase(r), currentVerdict(r))
	case r.Paused:
		return dotted(iconPaused+" *Paused*", share(r), stepOf(r), phase(r), currentVerdict(r))
	}
	return progress(r)
}

// frozen reports whether a freeze keeps the rollout from going to a further step.
func frozen(r rollout.Rollout) bool {
	return r.Frozen != nil && r.Frozen.Running == rollout.PauseRunning && r.Phase.Forward()
}

// shut reports whether the rollout waits for a window before it goes to its next step by itself.
func shut(r rollout.Rollout) bool {
	return r.Shut != nil && r.Phase == rollout.Baking && r.Current().Gate == rollout.Auto
}

// progress is the status of a rollout without stuck, drift or pause.
func progress(r rollout.Rollout) string {
	switch r.Phase {
	case rollout.Queued:
		if r.Behind != "" {
			return dotted(iconGoing+" *Queued*", "starts when "+word(string(r.Behind))+" is rolled back")
		}
		if waits := waitingForSiblings(r); waits != "" {
			return dotted(iconGoing+" *Queued*", waits)
		}
		return dotted(iconGoing+" *Queued*", "looking at the cluster before the start")
	case rollout.Preparing:
		return dotted("*Starting*", share(r), stepOf(r), pods(r), currentVerdict(r))
	case rollout.Shifting:
		return dotted("*"+shifting(r)+"*", stepOf(r))
	case rollout.Baking:
		if waits := waitingForSiblings(r); waits != "" {
			return dotted(iconGoing+" *"+capitalize(waits)+"*", share(r), stepOf(r), currentVerdict(r))
		}
		return dotted("*"+share(r)+"*", stepOf(r), phase(r), currentVerdict(r))
	case rollout.Awaiting:
		return dotted(iconGoing+" *Waiting for a person*", share(r), stepOf(r), currentVerdict(r))
	case rollout.Promoting:
		return dotted("*Promoting*", share(r), promoting(r), currentVerdict(r))
	case rollout.Returning:
		return dotted("*Finishing*", "stable runs "+newVersion(r)+", the canary leaves traffic")
	case rollout.RollingBack:
		return dotted(iconBack+" *Rolling back*", plainly(r, r.Ending.Reason, r.Ending.By), offTraffic(r))
	case rollout.Cleaning, rollout.Releasing:
		if r.Ending.Outcome == rollout.RolledBack {
			return dotted(iconBack+" *Rolling back*", plainly(r, r.Ending.Reason, r.Ending.By), offTraffic(r), "removing the canary")
		}
		return dotted("*Finishing*", "100 % on "+newVersion(r)+", removing the canary")
	case rollout.Ended:
	}
	return outcome(r)
}

// phase says what a rollout is doing, for use within a line.
func phase(r rollout.Rollout) string {
	switch {
	case r.Phase == rollout.Shifting:
		return "shifting to " + r.Current().Weight.String()
	case r.Phase == rollout.Baking && r.Current().DemandsEvidence():
		return fmt.Sprintf("baking %s of %s", clock(min(r.Spans.Bake, r.Current().Bake)), clock(r.Current().Bake))
	case r.Phase.Ending() && r.Ending.Outcome == rollout.RolledBack:
		return phaseName(rollout.RollingBack)
	}
	return phaseName(r.Phase)
}

// phaseName says what a rollout does in a phase, for use within a sentence.
func phaseName(p rollout.Phase) string {
	switch p {
	case rollout.Queued:
		return "queued"
	case rollout.Preparing:
		return "starting"
	case rollout.Shifting:
		return "shifting traffic"
	case rollout.Baking:
		return "baking"
	case rollout.Awaiting:
		return "waiting for a person"
	case rollout.Promoting:
		return "promoting"
	case rollout.Returning, rollout.Cleaning, rollout.Releasing:
		return "finishing"
	case rollout.RollingBack:
		return "rolling back"
	case rollout.Ended:
	}
	return "over"
}

func shifting(r rollout.Rollout) string { return "Shifting to " + r.Current().Weight.String() }

const comingOff = "coming off traffic"

// share is the new version's share of the traffic.
func share(r rollout.Rollout) string {
	w, ok := r.Weight()
	switch {
	case !ok:
		return ""
	case r.Phase == rollout.Shifting: // the target weight is not reached yet
		w = 0
		if r.Step > 0 && r.Step <= len(r.Spec.Plan.Steps) {
			w = r.Spec.Plan.Steps[r.Step-1].Weight
		}
	case (r.Phase == rollout.Returning || r.Phase == rollout.RollingBack) && r.Ending.WeightZero.IsZero():
		return comingOff
	}
	return w.String() + " of traffic"
}

// stuckShare is share, without the promise that the traffic is going away.
func stuckShare(r rollout.Rollout) string {
	if s := share(r); s != comingOff {
		return s
	}
	return "the canary may still get traffic"
}

func pods(r rollout.Rollout) string {
	if r.Size == 0 {
		return ""
	}
	return "waits for " + plural(r.Size, "pod", "pods")
}

// currentVerdict is the verdict, if there is something to judge.
func currentVerdict(r rollout.Rollout) string {
	if !isJudged(r) {
		return ""
	}
	return verdict(r.Verdict)
}

// isJudged reports whether evidence counts now: before the end, while a step that bakes has traffic.
func isJudged(r rollout.Rollout) bool {
	return r.Phase.Forward() && !r.WeightAckedAt.IsZero() && judgedStep(r).DemandsEvidence()
}

// judgedStep is the step whose weight the canary has.
func judgedStep(r rollout.Rollout) rollout.Step {
	if (r.Phase == rollout.Preparing || r.Phase == rollout.Shifting) && r.Step > 0 && r.Step <= len(r.Spec.Plan.Steps) {
		return r.Spec.Plan.Steps[r.Step-1]
	}
	return r.Current()
}

func offTraffic(r rollout.Rollout) string {
	if r.Ending.WeightZero.IsZero() {
		return "taking it off traffic"
	}
	return "off traffic since " + exactly(r.Ending.WeightZero)
}

// outcome is the status of a rollout that has ended.
func outcome(r rollout.Rollout) string {
	end := r.Ending
	switch end.Outcome {
	case rollout.Succeeded:
		return dotted(iconDone+" *Succeeded*", allTraffic(r), totalTime(r))
	case rollout.RolledBack:
		return dotted(iconBack+" *Rolled back*", plainly(r, end.Reason, end.By), allTraffic(r), totalTime(r))
	case rollout.Cancelled:
		return dotted(iconBad+" *Cancelled*", plainly(r, end.Reason, end.By), "nothing was changed")
	case rollout.Abandoned:
		return dotted(iconBad+" *Abandoned*", plainly(r, end.Reason, end.By), totalTime(r))
	}
	return "*Ended*"
}

// allTraffic says which version gets all the traffic, and since when.
func allTraffic(r rollout.Rollout) string {
	image := r.Image
	if r.Ending.Outcome == rollout.RolledBack {
		image = r.From()
	}
	if r.Ending.StableImage != "" {
		image = r.Ending.StableImage
	}
	s := "100 % on " + named(image, images(r)...)
	if image == "" {
		s = "100 % on " + oldVersion(r)
	}
	// If stable already had the new image, not everyone was on the old one at weight 0.
	if !r.Ending.WeightZero.IsZero() && !(r.StableWritten && r.Ending.Outcome == rollout.RolledBack) {
		s += " since " + exactly(r.Ending.WeightZero)
	}
	return s
}

// totalTime says how long the rollout took.
func totalTime(r rollout.Rollout) string {
	from := r.Started
	if from.IsZero() {
		from = r.Request.At
	}
	if d := r.Ending.At.Sub(from); d > 0 && !from.IsZero() && !r.Ending.At.IsZero() {
		return "took " + span(d)
	}
	return ""
}
