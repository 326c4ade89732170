package sim

import (
	"time"

	"canarybot.io/rollout"
)

// View is an app as seen in the cluster, without Canarybot.
type View struct {
	Share  rollout.Weight // of the traffic that the canary really gets
	Broken bool           // by Break, or in trouble
	Stable SideView
	Canary SideView
}

// SideView is one of the two Deployments.
type SideView struct {
	Exists   bool
	Version  string // of its template
	Replicas int    // wanted
	Pods     []PodView
	// Rates are those of the last seconds, oldest first.
	Rates []Rate
}

// PodView is one pod.
type PodView struct {
	Name    string
	Version string
	State   PodState
	Alone   bool // it is in trouble, alone of its side
}

// PodState is a pod's state in one word.
type PodState string

// The states.
const (
	PodStarting PodState = "starting"
	PodReady    PodState = "ready"
	PodFailing  PodState = "failing"
	PodStopping PodState = "stopping"
)

// Rate is the traffic of one second.
type Rate struct{ Requests, Errors float64 }

// View returns the app as it is now, with the rates of so many seconds.
func (a *App) View(seconds int) (v View) {
	a.edit(func() {
		v = View{Stable: a.stable.view(seconds), Canary: a.canary.view(seconds)}
		if a.route != nil {
			v.Share = a.route.serving
		}
		v.Broken = a.canary.dep != nil && (a.canary.dep.behaves != nil || a.troubled())
	})
	return v
}

func (s *side) view(seconds int) SideView {
	now := s.app.now
	v := SideView{Exists: s.dep != nil}
	if s.dep != nil {
		v.Version, v.Replicas = rollout.ShortVersion(s.dep.image), s.dep.replicas
	}
	for _, p := range s.pods {
		t, hit := s.app.trouble(s, p)
		v.Pods = append(v.Pods, PodView{
			Name: p.name, Version: rollout.ShortVersion(p.image), State: p.state(now), Alone: hit && t.Pod != "" && p.alive(),
		})
	}
	end := now.Truncate(time.Second)
	for i := seconds; i > 0; i-- {
		from := end.Add(-time.Duration(i) * time.Second)
		c := s.past.between(from, from.Add(time.Second))
		v.Rates = append(v.Rates, Rate{Requests: c.Requests, Errors: c.Errors})
	}
	return v
}

func (p *pod) state(now time.Time) PodState {
	switch {
	case !p.alive():
		return PodStopping
	case p.serves(now):
		return PodReady
	case p.failed(now):
		return PodFailing
	default:
		return PodStarting
	}
}
