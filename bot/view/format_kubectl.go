package view

import (
	"fmt"
	"strings"

	"canarybot.io/rollout"
)

// kubectl returns a kubectl command line in the rollout's namespace.
func kubectl(r rollout.Rollout, format string, args ...any) string {
	return fmt.Sprintf("kubectl -n %s ", shellSafe(r.Spec.Objects.Namespace)) + fmt.Sprintf(format, args...)
}

// annotate is the command line that rolls back when Slack or the bot is down.
func annotate(r rollout.Rollout) string {
	return kubectl(r, "annotate %s canarybot.io/rollback=now", route(r))
}

func route(r rollout.Rollout) string {
	return strings.ToLower(shellSafe(r.Spec.Objects.Route.Kind)) + "/" + shellSafe(r.Spec.Objects.Route.Name)
}

// lookAt returns the command line that best shows why a rollout is stuck.
func lookAt(r rollout.Rollout, why rollout.Reason) string {
	o := r.Spec.Objects
	// For every other reason the phase says where to look.
	//exhaustive:ignore
	switch why.Code {
	case rollout.ReasonReverted:
		if r.Drift != nil && r.Drift.Field == rollout.FieldStableMin {
			scaler := r.Original.Scaler
			return kubectl(r, "get %s %s -o yaml --show-managed-fields", strings.ToLower(shellSafe(scaler.Kind)), shellSafe(scaler.Name))
		}
		if r.Drift != nil && r.Drift.Field != rollout.FieldWeight && r.Drift.Field != rollout.FieldRouteUID {
			return kubectl(r, "get deployment %s -o yaml --show-managed-fields", shellSafe(deploymentOf(r)))
		}
		return kubectl(r, "get %s -o yaml --show-managed-fields", route(r))
	case rollout.ReasonStableGone:
		return kubectl(r, "get deployment %s", shellSafe(o.Stable))
	case rollout.ReasonStableEmpty:
		return kubectl(r, "scale deployment %s --replicas=%d", shellSafe(o.Stable), max(1, r.Original.Stable.Replicas))
	case rollout.ReasonStableNoPods:
		return kubectl(r, "get endpointslices -l kubernetes.io/service-name=%s", shellSafe(o.StableService))
	case rollout.ReasonStable:
		return kubectl(r, "describe deployment %s", shellSafe(o.Stable))
	case rollout.ReasonUnreadable:
		return kubectl(r, "get deployment %s", shellSafe(o.Stable))
	case rollout.ReasonWriteRefused:
		if refused := why.Problem.Object; refused.Kind != "" && refused.Name != "" {
			return kubectl(r, "describe %s", resourceName(refused))
		}
		return kubectl(r, "describe %s", route(r))
	default:
	}
	switch {
	case r.Phase == rollout.Cleaning:
		return kubectl(r, "describe deployment %s", shellSafe(o.Canary))
	case r.Phase == rollout.RollingBack && r.StableWritten:
		return kubectl(r, "describe deployment %s", shellSafe(o.Stable))
	default:
		return kubectl(r, "describe %s", route(r))
	}
}

// deploymentOf is the Deployment that the drift is about.
func deploymentOf(r rollout.Rollout) string {
	if r.Drift.Field == rollout.FieldStableImage || r.Drift.Field == rollout.FieldStableUID {
		return r.Spec.Objects.Stable
	}
	return r.Spec.Objects.Canary
}

// shellSafe removes from a name every character that a shell would interpret.
func shellSafe(name string) string {
	return clip(strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '.':
			return r
		}
		return -1
	}, name), "-."), 2*maxWord)
}

// stuck says why a rollout cannot end, and how to inspect it.
func stuck(r rollout.Rollout, why rollout.Reason) string {
	if r.HeldOnFail() {
		return iconBad + " " + joined(" ", capitalize(fullStop(because(r, why, rollout.Actor{Kind: rollout.Bot}))), holds)
	}
	return joined(" ", capitalize(fullStop(because(r, why, rollout.Actor{Kind: rollout.Bot}))), "It keeps trying.", helpful(r, why))
}

// holds says what a plan with on_fail: hold does about a failure.
const holds = "This plan holds on a failure: the bot does not roll it back by itself; people decide."

// helpful introduces the command line that helps with a stuck rollout.
func helpful(r rollout.Rollout, why rollout.Reason) string {
	if why.Code == rollout.ReasonNotReverted {
		return "Stable is put back once Git is: revert it there, or help the bot to."
	}
	what := "Look at it: "
	if why.Code == rollout.ReasonStableEmpty {
		what = "Put it back: "
	}
	return what + code(lookAt(r, why))
}

// leftovers returns what people should know about an ended rollout.
func leftovers(r rollout.Rollout) []string {
	var all []string
	end := r.Ending
	if end.StableImage != "" {
		all = append(all, iconWarning+" Stable runs "+named(end.StableImage, images(r)...)+", which somebody else set; it was left alone.")
	}
	const most = 12
	lines := preflight(end.Left, end.Checks)
	if rest := len(lines) - most; rest > 0 {
		lines = append(lines[:most], fmt.Sprintf("… and %d more.", rest))
	}
	all = append(all, lines...)
	if len(end.Left) > 0 && end.Outcome == rollout.Abandoned {
		all = append([]string{"Left in the cluster:"}, all...)
	}
	return all
}
