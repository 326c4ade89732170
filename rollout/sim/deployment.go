package sim

import (
	"slices"
	"time"

	"canarybot.io/rollout"
)

// deployment is a Deployment: its spec, what the controller has seen of it, and its status.
type deployment struct {
	object
	image               string
	ran                 []string // every image so far
	source              string   // the image as it was written, before admission: what the registry has behind it
	replicas            int
	imageBy, replicasBy string
	paused              bool
	seen                bool      // the controller has observed the spec
	due                 time.Time // when it will
	progressed          time.Time // when the rollout of pods last moved
	status              status
	behaves             *Behaviour // overrides the version's; for breaking a canary
}

// status is the controller's view of the pods.
type status struct {
	total, updated, available int
	failure                   rollout.Failure
}

// side is one of the two Deployments with its pods, which exist a little longer than it.
type side struct {
	app     *App
	name    string
	dep     *deployment
	pods    []*pod    // terminating ones too
	orphans time.Time // when pods without a Deployment are removed
	past    history
}

// change records a new spec: the controller sees it a little later.
func (s *side) change() {
	s.dep.seen = false
	s.dep.due = s.app.now.Add(s.app.cluster.options.Controller)
	s.dep.version = s.app.cluster.version()
}

// endpoints are the pods that serve.
func (s *side) endpoints() []*pod {
	var all []*pod
	for _, p := range s.pods {
		if p.serves(s.app.now) {
			all = append(all, p)
		}
	}
	return all
}

// settle runs the controllers at this moment, and records a changed status.
func (s *side) settle() {
	now, c := s.app.now, s.app.cluster
	s.pods = slices.DeleteFunc(s.pods, func(p *pod) bool {
		return !p.alive() && !now.Before(p.stopped.Add(c.options.Stop))
	})
	if s.dep == nil {
		if !now.Before(s.orphans) {
			s.stop(s.pods)
		}
		return
	}
	if !s.dep.seen && !now.Before(s.dep.due) {
		s.dep.seen, s.dep.progressed = true, now
		s.dep.version = c.version()
	}
	if !s.dep.seen {
		return
	}
	for s.reconcile() {
		s.dep.progressed = now
	}
	if after := s.judge(); after != s.dep.status {
		if after.updated != s.dep.status.updated || after.available > s.dep.status.available {
			s.dep.progressed = now
		}
		s.dep.status = s.judge()
		s.dep.version = c.version()
	}
}

// reconcile takes one round of the controller's steps and reports whether anything was done. Stopping frees room for
// starting, so it may take several rounds.
func (s *side) reconcile() bool {
	d := s.dep
	if d.paused {
		return false
	}
	var fresh, old, ready []*pod
	for _, p := range s.pods {
		switch {
		case !p.alive():
			if s.app.setup.Strategy == Recreate && p.image != d.image {
				old = append(old, p) // it has to stop before the first new one starts
			}
			continue
		case p.image == d.image:
			fresh = append(fresh, p)
		default:
			old = append(old, p)
		}
		if p.serves(s.app.now) {
			ready = append(ready, p)
		}
	}
	surge, spare := s.surgeRoom()
	if s.app.setup.Strategy == Recreate && len(old) > 0 {
		return s.stop(old) > 0
	}
	start := min(d.replicas-len(fresh), d.replicas+surge-len(fresh)-len(old))
	for range start {
		s.pods = append(s.pods, s.app.cluster.newPod(s.name, d, s.app.now))
	}
	stopped := s.stop(surplus(fresh, len(fresh)-d.replicas, s.app.now))
	dead := slices.DeleteFunc(slices.Clone(old), func(p *pod) bool { return p.serves(s.app.now) })
	stopped += s.stop(dead)
	if can := len(ready) - (d.replicas - spare); can > 0 {
		live := slices.DeleteFunc(slices.Clone(old), func(p *pod) bool { return !p.serves(s.app.now) })
		stopped += s.stop(live[:min(can, len(live))])
	}
	return start > 0 || stopped > 0
}

// surgeRoom returns how many pods may be above, and how many below, what is wanted while pods are replaced.
func (s *side) surgeRoom() (surge, spare int) {
	if s.app.setup.Strategy == NoSurge {
		return 0, 1
	}
	return max(1, (s.dep.replicas+3)/4), 0
}

// surplus picks the pods to remove: those that do not serve first, then the youngest.
func surplus(pods []*pod, n int, now time.Time) []*pod {
	if n <= 0 {
		return nil
	}
	pods = slices.Clone(pods)
	slices.Reverse(pods)
	slices.SortStableFunc(pods, func(a, b *pod) int {
		switch {
		case a.serves(now) == b.serves(now):
			return 0
		case b.serves(now):
			return -1
		}
		return 1
	})
	return pods[:n]
}

// stop stops the pods and returns how many were still alive.
func (s *side) stop(pods []*pod) int {
	n := 0
	for _, p := range pods {
		if p.alive() {
			p.stopped = s.app.now
			n++
		}
	}
	return n
}

// judge returns the status for the current pods.
func (s *side) judge() status {
	var st status
	for _, p := range s.pods {
		if !p.alive() {
			continue
		}
		st.total++
		if p.image == s.dep.image {
			st.updated++
			if f := p.fails(s.app.now); st.failure.Kind == rollout.NoFailure || f.Condemns() && !st.failure.Condemns() {
				st.failure = f
			}
		}
		if p.serves(s.app.now) {
			st.available++
		}
	}
	d := s.dep
	whole := st.total == d.replicas && st.updated == d.replicas && st.available == d.replicas
	late := !s.app.now.Before(d.progressed.Add(s.app.setup.Progress))
	if !whole && late && !st.failure.Condemns() {
		st.failure = rollout.Failure{
			Kind:   rollout.ProgressDeadline,
			Detail: "ReplicaSet \"" + s.name + "-" + hashed(d.image) + "\" has timed out progressing.",
		}
	}
	return st
}

// workload is the side as the domain sees it; the caller, which knows its Service, counts endpoints.
func (s *side) workload(r rollout.Rollout, o rollout.Object) rollout.Workload {
	d := s.dep
	if d == nil {
		return rollout.Workload{}
	}
	w := rollout.Workload{
		Meta: d.meta(), Replicas: d.replicas, ReplicasBy: d.replicasBy,
		GenerationObserved: d.seen, Paused: d.paused,
		Total: d.status.total, Updated: d.status.updated, Available: d.status.available,
	}
	if d.seen {
		w.Failure = d.status.failure
	}
	for _, p := range s.endpoints() {
		if p.image == d.image {
			w.ImageIDs = append(w.ImageIDs, p.imageID)
		}
	}
	w.ImageIDs = rollout.SortImageIDs(w.ImageIDs)
	if r.Phase == rollout.Queued {
		w.Ran = append(slices.Clone(d.ran), d.image)
	}
	return r.WithImages(o, w, []rollout.ContainerImage{{Name: s.name, Image: d.image, By: d.imageBy, Ours: d.imageBy == Manager}})
}

// times are the times of the side's next events.
func (s *side) times(each func(time.Time)) {
	for _, p := range s.pods {
		for _, t := range p.times(s.app.cluster.options.Stop) {
			each(t)
		}
	}
	if s.dep == nil {
		each(s.orphans)
		return
	}
	each(s.dep.due)
	each(s.dep.progressed.Add(s.app.setup.Progress))
}
