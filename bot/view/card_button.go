package view

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// ActionPrefix begins the action_id of every button of this bot; the action follows.
const ActionPrefix = "canary."

// button is one action that people may take.
type button struct {
	action  rollout.Action
	label   string
	style   slack.Style
	confirm *confirm
}

// confirm is the confirmation dialog of a button.
type confirm struct{ title, text, yes, no string }

// buttons returns the actions that people may take on the rollout now. The first of stuck, drift, paused and doubts decides.
func buttons(r rollout.Rollout, opts CardOptions) []button {
	pause := button{action: rollout.Pause, label: "Pause"}
	extend := button{action: rollout.Extend, label: "Bake " + span(rollout.Extension) + " longer"}
	resume := button{action: rollout.Resume, label: "Resume", style: slack.StylePrimary}
	ours := button{action: rollout.Override, label: "Override", style: slack.StylePrimary}
	recheck := button{action: Recheck, label: "Check again"}
	retry := button{action: rollout.Retry, label: "Try again", style: slack.StylePrimary}
	accept := button{action: rollout.Accept, label: "Go on", style: slack.StylePrimary}
	abandon := button{action: rollout.Abandon, label: "Abandon"}
	if r.HeldOnFail() {
		retry.label = "Judge again"
	}
	switch {
	case r.Orphaned():
		return orphanButtons(r)
	case r.Phase == rollout.Queued:
		return []button{cancelButton(r)}
	case !r.Phase.Live():
		return nil
	case r.Stuck != nil && r.Phase < rollout.RollingBack:
		return []button{retry, rollbackButton(r), abandon}
	case r.Stuck != nil:
		return []button{retry, abandon}
	case r.Phase > rollout.Returning:
		return nil
	case writtenElsewhere(r) && r.Phase.Forward():
		return []button{rollbackButton(r)}
	case r.Drift != nil && r.Phase.Forward():
		return []button{ours, rollbackButton(r)}
	case r.Paused && r.Phase < rollout.Promoting:
		return []button{resume, rollbackButton(r)}
	case len(r.Doubts) > 0 && r.Phase.Forward():
		return []button{accept, recheck, rollbackButton(r)}
	case r.Held && r.Phase.Forward():
		return []button{recheck, pause, rollbackButton(r)}
	case r.Phase >= rollout.Promoting:
		return []button{rollbackButton(r)}
	case r.Phase == rollout.Awaiting && !frozen(r):
		all := []button{promoteButton(r), pause, rollbackButton(r)}
		if r.Current().DemandsEvidence() {
			all = slices.Insert(all, 1, extend)
		}
		return all
	case opts.MayHurry && mayHurry(r):
		return []button{pause, {action: rollout.PromoteNow, label: "Promote now"}, rollbackButton(r)}
	}
	return []button{pause, rollbackButton(r)}
}

// mayHurry reports whether the rollout could be promoted now but for its bake.
func mayHurry(r rollout.Rollout) bool {
	return r.Phase == rollout.Baking && !frozen(r) && r.Unseen.IsZero() && r.Current().DemandsEvidence() &&
		r.Verdict.Result == rollout.Pass && r.Current().ApprovalsNeeded() < 2 && len(r.Others()) == 0
}

func promoteButton(r rollout.Rollout) button {
	to := promotionTarget(r, r.Step)
	b := button{action: rollout.Promote, label: "Promote " + to, style: slack.StylePrimary}
	if r.ApprovalsMissing() > 1 { // this one moves nothing yet
		b.label = fmt.Sprintf("Approve, %d of %d", len(r.Approvals)+1, r.Current().ApprovalsNeeded())
		return b
	}
	if strings.HasSuffix(to, "%") {
		return b
	}
	text := fmt.Sprintf("%s gets %s for everyone in %s; %s of traffic has it now.",
		word(string(r.Service)), brief(r.Image, images(r)...), environment(r), r.Current().Weight)
	if _, ok := nextStep(r, r.Step); ok {
		text += " Stable stays on " + orBefore(r, brief) + ", one click away."
	} else {
		text += " Stable becomes " + brief(r.Image, images(r)...) + "."
	}
	text += alsoSiblings(r, "It counts for %s too.")
	b.confirm = &confirm{fmt.Sprintf("Promote %s %s?", servicesOf(r), to), text, b.label, "Not yet"}
	return b
}

// rollbackButton rolls the rollout back. Its confirmation names what is lost.
func rollbackButton(r rollout.Rollout) button {
	text := fmt.Sprintf("%s %s in %s. Everyone returns to %s.", brief(r.Image, images(r)...), trafficShare(r), environment(r), orBefore(r, brief))
	text += stableReturns(r) + alsoSiblings(r, "With it %s is rolled back.")
	if r.Phase == rollout.Returning && !r.ByOthers() && !r.Original.Surges {
		text += " Stable cannot start new pods before it stops the old ones: expect a short downtime."
	}
	return button{
		action: rollout.Rollback, label: "Roll back", style: slack.StyleDanger,
		confirm: &confirm{fmt.Sprintf("Roll back %s?", servicesOf(r)), text, "Roll back", "Keep it"},
	}
}

// trafficShare says how much of the traffic the new version gets, on stable too.
func trafficShare(r rollout.Rollout) string {
	switch {
	case r.Promoted:
		return "has all the traffic"
	case r.Orphaned():
		return "has " + r.Orphan.Weight.String() + " of the traffic"
	case r.Phase == rollout.Shifting:
		return "is getting " + r.Current().Weight.String() + " of the traffic"
	}
	w, _ := r.Weight()
	if w == 0 {
		return "has no traffic yet"
	}
	return "has " + w.String() + " of the traffic"
}

func cancelButton(r rollout.Rollout) button {
	return button{
		action: rollout.Rollback, label: "Cancel", style: slack.StyleDanger,
		confirm: &confirm{
			fmt.Sprintf("Cancel %s?", word(string(r.ID))),
			fmt.Sprintf("%s has not started; nothing changes in %s.", fullName(r), environment(r)) + alsoSiblings(r, "With it %s is cancelled."), "Cancel it", "Keep it",
		},
	}
}

// actions returns the block of buttons; none without buttons.
func actions(v Value, all []button) []slack.Block { return actionsIn("buttons", elements(v, all)) }

// actionsIn returns a block of elements by its id, which is its own within a message; none without elements.
func actionsIn(id string, all []slack.BlockElement) []slack.Block {
	if len(all) == 0 {
		return nil
	}
	return []slack.Block{slack.NewActionBlock(id, all...)}
}

// elements are the buttons as Slack has them.
func elements(v Value, all []button) (elements []slack.BlockElement) {
	for _, b := range all {
		v.Action = b.action
		value := v.Encode()
		if len(value) > maxValue {
			continue // ParseValue could not read it
		}
		e := slack.NewButtonBlockElement(ActionPrefix+string(b.action), value, plain(b.label, maxLabel))
		e.Style = b.style
		e.AccessibilityLabel = withoutEmojiCodes(truncateMrkdwn(b.label+" "+word(string(v.Rollout)), maxLabel))
		if c := b.confirm; c != nil {
			e.Confirm = slack.NewConfirmationBlockObject(
				plain(c.title, maxTitle), plain(c.text, maxConfirm), plain(c.yes, 30), plain(c.no, 30))
			e.Confirm.Style = b.style
		}
		elements = append(elements, e)
	}
	return elements
}

// GoBack is the action of the button in OfferRollback: return the service to the version before the rollout that the
// value names. It is not a decision about that rollout.
const GoBack rollout.Action = "back"

// GoBackGently is GoBack by the service's ordinary plan.
const GoBackGently rollout.Action = "back_gently"

// Recheck is the action of the button that asks Prometheus again at once. It decides nothing.
const Recheck rollout.Action = "recheck"

// Value is what a button carries: ENVIRONMENT/ROLLOUT/TURN/ACTION.
type Value struct {
	Environment string
	Rollout     rollout.ID
	Turn        rollout.Turn
	Action      rollout.Action
}

// Encode returns the value as the button carries it.
func (v Value) Encode() string {
	return fmt.Sprintf("%s/%s/%d/%s", v.Environment, v.Rollout, v.Turn, v.Action)
}

// problemMalformedButton reports that a button carries no valid value.
const problemMalformedButton rollout.ProblemCode = "malformed_button"

// ParseValue reads what a button carried. The error is a sentence for people.
func ParseValue(s string) (Value, error) {
	malformed := rollout.Refuse(rollout.Invalid, rollout.Problem{Code: problemMalformedButton})
	parts := strings.Split(s, "/")
	if len(parts) < 4 || len(s) > maxValue {
		return Value{}, malformed
	}
	last := len(parts) - 3 // only the environment's name may contain a slash
	turn, err := strconv.Atoi(parts[last+1])
	v := Value{
		Environment: strings.Join(parts[:last], "/"), Rollout: rollout.ID(parts[last]),
		Turn: rollout.Turn(turn), Action: rollout.Action(parts[last+2]),
	}
	_, _, isID := v.Rollout.Split()
	if err != nil || turn < 0 || !isID || !slices.Contains(buttonActions, v.Action) || v.Encode() != s {
		return Value{}, malformed
	}
	return v, nil
}

// buttonActions are the actions that buttons carry.
var buttonActions = []rollout.Action{
	rollout.Promote, rollout.Rollback, rollout.Pause, rollout.Resume, rollout.Override, rollout.Accept, rollout.Extend,
	rollout.Retry, rollout.Abandon, rollout.PromoteNow, rollout.Review, Recheck, GoBack, GoBackGently, Incident,
}
