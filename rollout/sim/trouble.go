package sim

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// Trouble is what passes and is no version's own, as an incident or a noisy neighbour: while it lasts, pods behave
// otherwise than their version does.
type Trouble struct {
	// Does is how they answer meanwhile. How pods start stays what their version says.
	Does Behaviour
	// Hits is whose pods: the StableDeployment's or the CanaryDeployment's.
	Hits rollout.Object
	// Pod is the only one that is hit, by name; empty: all are.
	Pod string
	// From and Until are when it begins and ends.
	From, Until time.Time
}

// Befall lets troubles happen to the app. Of two that hit a pod at once the first counts. Those that are over are
// forgotten.
func (a *App) Befall(all ...Trouble) {
	a.edit(func() {
		a.troubles = slices.DeleteFunc(a.troubles, func(t Trouble) bool { return !a.now.Before(t.Until) })
		a.troubles = append(a.troubles, all...)
	})
}

// trouble is what hits a pod now.
func (a *App) trouble(s *side, p *pod) (Trouble, bool) {
	i := slices.IndexFunc(a.troubles, func(t Trouble) bool {
		return a.side(t.Hits) == s && (t.Pod == "" || t.Pod == p.name) && !a.now.Before(t.From) && a.now.Before(t.Until)
	})
	if i < 0 {
		return Trouble{}, false
	}
	return a.troubles[i], true
}

// troubled reports whether some trouble is under way, or about to come, that hits a pod of the canary.
func (a *App) troubled() bool {
	return slices.ContainsFunc(a.troubles, func(t Trouble) bool {
		return t.Hits == rollout.CanaryDeployment && a.now.Before(t.Until) && slices.ContainsFunc(a.canary.pods, func(p *pod) bool {
			return p.alive() && (t.Pod == "" || t.Pod == p.name)
		})
	})
}

// RestartPod deletes a pod by its name, as kubectl does: its Deployment starts another. It reports whether there was
// one.
func (a *App) RestartPod(name string) (found bool) {
	a.edit(func() {
		for _, s := range []*side{a.stable, a.canary} {
			one := slices.DeleteFunc(slices.Clone(s.pods), func(p *pod) bool { return p.name != name })
			found = s.stop(one) > 0 || found
		}
	})
	return found
}
