package rollout

import (
	"fmt"
	"reflect"
	"strconv"
)

// This file is the modelled cluster of the explorer: what writes, pods and strangers do to it, and what must hold.

func (w *Observed) meta(o Object) *Meta {
	switch o {
	case StableDeployment:
		return &w.Stable.Meta
	case CanaryDeployment:
		return &w.Canary.Meta
	case CanaryService:
		return &w.Service
	case RouteObject:
		return &w.Route.Meta
	case StableScaler:
		return &w.Scaler.Meta
	}
	panic("no such object: " + string(o))
}

// fresh counts resourceVersions; only equality matters.
func fresh(m *Meta) {
	n, _ := strconv.Atoi(m.Version)
	m.Version = strconv.Itoa(n + 1)
}

// apply lets a write arrive at the cluster. It lands when the object is still the one that it was decided on.
func (s *state) apply(p sent) (lands bool, problem string) {
	m := s.w.meta(p.Object)
	if p.Verb == Create {
		if m.Exists {
			return false, ""
		}
		version := m.Version
		*m = Meta{Exists: true, UID: string(p.Object) + "-ours", Version: version}
	} else if !m.Exists || m.UID != p.UID || p.Over == nil && m.Version != p.Version || p.Over != nil && !sameStamp(m.Stamp, *p.Over) {
		return false, ""
	}
	problem = s.overwrites(p)
	fresh(m)
	stamp := p.Stamp
	m.Stamp = &stamp
	switch p.Object {
	case RouteObject:
		s.applyRoute(p)
	case CanaryDeployment:
		s.applyCanary(p)
	case StableDeployment:
		s.applyStable(p)
	case StableScaler:
		s.applyScaler(p)
	case CanaryService:
		if p.Verb == Delete {
			s.w.Service = Meta{Version: s.w.Service.Version}
		}
	}
	return true, problem
}

// sameStamp reports whether the object bears the very stamp.
func sameStamp(got *Stamp, want Stamp) bool { return got != nil && reflect.DeepEqual(*got, want) }

func (s *state) applyScaler(p sent) {
	if p.Verb == Release {
		s.w.Scaler.Stamp = nil
		return
	}
	s.w.Scaler.Min = *p.Replicas
}

func (s *state) applyRoute(p sent) {
	switch p.Verb {
	case Release:
		s.w.Route.Stamp = nil
		s.w.Rollback, s.w.Route.AsksRollback = "", false
		if p.DropCanary {
			s.w.Route.HasCanary, s.w.Route.Weight = false, 0
		}
	case Delete:
		s.w.Route = Route{Meta: Meta{Version: s.w.Route.Version}}
	case Create, Update:
		s.w.Route.HasCanary, s.w.Route.Weight = true, *p.Weight
		if p.AskRollback {
			s.w.Rollback, s.w.Route.AsksRollback = "kube:r1:9", true
		}
		s.foreign[byWeight] = false
	}
}

func (s *state) applyCanary(p sent) {
	switch p.Verb {
	case Release:
		s.w.Canary.Stamp = nil
	case Delete:
		s.w.Canary = Workload{Meta: Meta{Version: s.w.Canary.Version}, Endpoints: s.w.Canary.Endpoints}
	case Create, Update:
		c := &s.w.Canary
		if c.Image != p.Image {
			c.Updated, c.Available, c.Endpoints = 0, 0, 0
		}
		c.Image, c.Replicas, c.GenerationObserved = p.Image, *p.Replicas, true
		s.foreign[byCanary] = false
	}
}

func (s *state) applyStable(p sent) {
	if p.Verb == Release {
		s.w.Stable.Stamp = nil
		return
	}
	if s.w.Stable.Image != p.Image {
		s.setStable(p.Image)
	}
	s.foreign[byStable] = false
}

// setStable starts a rollout of stable's pods. Where stable cannot surge nobody serves until it is done.
func (s *state) setStable(image string) {
	s.w.Stable.Image = image
	s.w.Stable.Failure = Failure{}
	s.rolled = false
	s.w.Stable.Updated, s.w.Stable.Available = 0, 0
	if !s.r.Original.Surges {
		s.w.Stable.Endpoints = 0
	}
}

// overwrites is invariant 13: what somebody else changed is never silently set back, but for the weight and the
// canary once the rollout is ending.
func (s *state) overwrites(p sent) string {
	ending := p.phase.Ending()
	switch {
	case p.Verb != Update && p.Verb != Delete:
	case p.Object == RouteObject && s.foreign[byWeight] && !ending && p.overrule != FieldWeight && p.overrule != FieldRouteUID:
		return "invariant 13: somebody's weight was overwritten"
	case p.Object == CanaryDeployment && s.foreign[byCanary] && !ending && p.overrule != FieldCanaryImage && p.overrule != FieldCanaryReplicas:
		return "invariant 13: somebody's canary was overwritten"
	case p.Object == StableDeployment && s.foreign[byStable] && p.overrule != FieldStableImage:
		return "invariant 13: somebody's image on stable was overwritten"
	}
	return ""
}

// legal checks a write against what its reconcile knew.
func (x run) legal(p sent) string {
	if p.Weight != nil && !p.Weight.Valid() {
		return "invariant 2: a weight that is no share"
	}
	before := p.seen.Route.share()
	switch {
	case p.Object == RouteObject && p.Weight != nil && *p.Weight > before:
		return legalRaise(p, before)
	case p.Object == RouteObject && p.Weight != nil && *p.Weight < before && *p.Weight == 0 && p.seen.Stable.Endpoints == 0:
		return "invariant 6: all traffic was sent to a stable without endpoints"
	case p.Object == CanaryDeployment && (p.Verb == Delete || *orZero(p.Replicas) < p.seen.Canary.Replicas) && p.Verb != Release && before > 0:
		return "invariant 6: the canary shrank while it had traffic"
	case p.Object == StableDeployment && p.Verb == Update && p.overrule != FieldStableImage:
		return x.legalImage(p)
	}
	return ""
}

func orZero(n *int) *int {
	if n == nil {
		return new(int)
	}
	return n
}

func legalRaise(p sent, before Weight) string {
	switch {
	case p.seen.Scaler.Exists && p.seen.Scaler.Min < p.seen.Stable.Replicas:
		return "invariant 19: traffic was taken from stable while its scaler may shrink it"
	case p.seen.Stable.Endpoints == 0 && p.demands:
		return "invariant 6: the weight rose while nobody serves the rest"
	case p.phase > Promoting:
		return "invariant 5: an ending rollout raised the weight"
	case p.seen.Canary.Endpoints < p.size:
		return "invariant 6: traffic was sent to a canary that is not ready"
	case before > 0 && p.demands && (p.evidence != Pass || p.stored != Pass):
		return "invariants 3 and 4: the weight rose without passing evidence"
	}
	return ""
}

func (x run) legalImage(p sent) string {
	first := p.seen.Stable.Image != newImage && (p.seen.Stable.Stamp == nil || p.seen.Stable.Stamp.Image != newImage)
	switch {
	case p.Image == newImage && first && x.plan[len(x.plan)-1].Bake > 0 && (p.evidence != Pass || p.stored != Pass):
		return "invariant 4: everybody got the new image without passing evidence"
	case p.Image == newImage && p.phase != Promoting, p.Image == oldImage && p.phase != RollingBack:
		return "invariant 7: stable's image changed in " + p.phase.String()
	case p.Image != newImage && p.Image != oldImage:
		return "invariant 7: stable got an image that is neither old nor new"
	}
	return ""
}

// pods lets the cluster's controllers do their work, and lets the canary crash.
func (x run) pods(s state) []step {
	var all []step
	if c := s.w.Canary; !s.failing && (c.Updated != c.Replicas || c.Available != c.Replicas || c.Endpoints != c.Replicas) {
		t := step{label: "canary's pods settle", to: s}
		n := c.Replicas
		t.to.w.Canary.Updated, t.to.w.Canary.Available, t.to.w.Canary.Endpoints, t.to.w.Canary.Total = n, n, n, n
		all = append(all, t)
	}
	if s.left.faults > 0 && !s.rolled && s.r.Phase == Promoting && s.w.Stable.Image == newImage && s.w.Stable.Failure.Kind == NoFailure {
		t := step{label: "stable crashes", to: s}
		t.to.left.faults--
		t.to.w.Stable.Failure = Failure{Kind: CrashLoop}
		all = append(all, t)
	}
	if c := s.w.Scaler; c.Exists && s.w.Stable.Exists && s.w.Stable.Replicas > c.Min && s.w.Route.share() > 0 {
		t := step{label: "the scaler makes stable small", to: s}
		t.to.w.Stable.Replicas, t.to.w.Stable.Total, t.to.w.Stable.Updated = c.Min, c.Min, min(c.Min, s.w.Stable.Updated)
		t.to.w.Stable.Available, t.to.w.Stable.Endpoints = min(c.Min, s.w.Stable.Available), min(c.Min, s.w.Stable.Endpoints)
		all = append(all, t)
	}
	if !s.rolled && s.w.Stable.Exists && s.w.Stable.Failure.Kind == NoFailure {
		t := step{label: "stable is rolled out", to: s}
		n := s.w.Stable.Replicas
		t.to.rolled = true
		t.to.w.Stable.Updated, t.to.w.Stable.Available, t.to.w.Stable.Endpoints, t.to.w.Stable.Total = n, n, n, n
		all = append(all, t)
	}
	if s.left.faults > 0 && !s.failing && s.w.Canary.Exists && s.w.Canary.Image == newImage && s.r.Phase.Forward() {
		t := step{label: "canary crashes", to: s}
		t.to.left.faults--
		t.to.failing = true
		t.to.w.Canary.Failure = Failure{Kind: CrashLoop}
		t.to.w.Canary.Available, t.to.w.Canary.Endpoints = 0, 0
		all = append(all, t)
	}
	if s.failing && (!s.w.Canary.Exists || s.w.Canary.Replicas == 0) {
		s.failing = false
		s.w.Canary.Failure = Failure{}
		all = append(all, step{label: "crashing pods are gone", to: s})
	}
	return all
}

// strangers change what we steer.
func (x run) strangers(s state) []step {
	if s.left.foreign == 0 || s.r.Phase == Queued && !s.r.Orphaned() {
		return nil
	}
	s.left.foreign--
	var all []step
	edit := func(label string, holds bool, do func(s *state)) {
		if holds {
			t := step{label: "somebody: " + label, to: s}
			do(&t.to)
			all = append(all, t)
		}
	}
	route, canary, stable := s.w.Route, s.w.Canary, s.w.Stable
	weight := func(w Weight) func(*state) {
		return func(s *state) {
			s.w.Route.Weight, s.foreign[byWeight] = w, true
			fresh(&s.w.Route.Meta)
		}
	}
	edit("weight to 0", route.HasCanary && route.Weight > 0, weight(0))
	edit("weight to 77", route.HasCanary, weight(77))
	edit("strips the route's stamp", route.Stamp != nil, func(s *state) { s.w.Route.Stamp = nil; fresh(&s.w.Route.Meta) })
	edit("deletes the route", route.Exists, func(s *state) { s.w.Route = Route{Meta: Meta{Version: s.w.Route.Version}} })
	edit("makes the route anew", route.Exists, func(s *state) {
		s.w.Route = Route{Meta: Meta{Exists: true, UID: "r2", Version: s.w.Route.Version}, Acknowledged: true}
		fresh(&s.w.Route.Meta)
	})
	edit("another image on the canary", canary.Exists && canary.Replicas > 0, func(s *state) {
		s.w.Canary.Image, s.foreign[byCanary] = oddImage, true
		fresh(&s.w.Canary.Meta)
	})
	edit("scales the canary to 0", canary.Exists && canary.Replicas > 0, func(s *state) {
		s.w.Canary.Replicas, s.foreign[byCanary] = 0, true
		fresh(&s.w.Canary.Meta)
	})
	edit("deletes the canary", canary.Exists, func(s *state) {
		s.w.Canary = Workload{Meta: Meta{Version: s.w.Canary.Version}}
	})
	edit("another image on stable", stable.Exists, func(s *state) {
		s.setStable(oddImage)
		s.foreign[byStable] = true
		fresh(&s.w.Stable.Meta)
	})
	edit("the old image on stable", stable.Exists && stable.Image == newImage, func(s *state) {
		s.setStable(oldImage)
		s.foreign[byStable] = true
		fresh(&s.w.Stable.Meta)
	})
	edit("the new image on stable", stable.Exists && stable.Image == oldImage, func(s *state) {
		s.setStable(newImage)
		s.foreign[byStable] = true
		fresh(&s.w.Stable.Meta)
	})
	edit("scales stable to 0", stable.Exists && stable.Replicas > 0 && !s.w.Scaler.Exists, func(s *state) {
		s.w.Stable.Replicas, s.w.Stable.Total, s.w.Stable.Updated, s.w.Stable.Available, s.w.Stable.Endpoints = 0, 0, 0, 0, 0
		fresh(&s.w.Stable.Meta)
	})
	edit("lowers the scaler's minimum", s.w.Scaler.Exists && s.w.Scaler.Min > 1, func(s *state) {
		s.w.Scaler.Min = 1
		fresh(&s.w.Scaler.Meta)
	})
	edit("deletes stable", stable.Exists, func(s *state) {
		s.w.Stable = Workload{Meta: Meta{Version: s.w.Stable.Version}}
	})
	edit("does away with the orphan", s.r.Orphaned(), func(s *state) {
		s.w.Canary = Workload{Meta: Meta{Version: s.w.Canary.Version}}
		s.w.Service = Meta{Version: s.w.Service.Version}
		s.w.Route.HasCanary, s.w.Route.Weight, s.w.Route.Stamp, s.w.Stable.Stamp = false, 0, nil, nil
		fresh(&s.w.Route.Meta)
		fresh(&s.w.Stable.Meta)
	})
	edit("annotates rollback=now", s.w.Rollback == "" && s.r.Phase <= Returning && route.Exists, func(s *state) {
		s.w.Rollback, s.w.Route.AsksRollback = "kube:r1:9", true
		fresh(&s.w.Route.Meta)
	})
	return all
}

// illegal checks what must hold of a committed rollout and the cluster beside it.
func (x run) illegal(before Rollout, s state) string {
	r := s.r
	if problem := Invariant(r); problem != "" {
		return problem
	}
	if problem := x.illegalPromotion(s); problem != "" {
		return problem
	}
	if before.Phase >= Cleaning && r.Ending.Outcome != before.Ending.Outcome && r.Ending.Outcome != Abandoned {
		return "the outcome changed after it was fixed"
	}
	if r.Phase != Ended || r.Ending.Outcome == Abandoned || r.Ending.Outcome == Cancelled {
		return ""
	}
	image := map[Outcome]string{Succeeded: newImage, RolledBack: oldImage}[r.Ending.Outcome]
	switch {
	case s.w.Route.share() != 0:
		return fmt.Sprintf("invariant 8: ended with weight %d", s.w.Route.share())
	case s.w.Stable.Exists && s.w.Stable.Image != image && r.Ending.StableImage != s.w.Stable.Image && before.Phase != Ended:
		return "invariant 8: the image that somebody else set on stable is not named"
	case s.w.Stable.Exists && s.w.Stable.Image != image && !s.foreign[byStable] && x.by != ByGate:
		return fmt.Sprintf("invariant 8: %s with stable at %s", r.Ending.Outcome, s.w.Stable.Image)
	case !x.found && s.w.Canary.Exists && s.w.Canary.Replicas > 0 && s.w.Canary.UID == "canary-ours":
		return "invariant 8: ended with the canary's pods still there"
	case x.found && s.w.Canary.UID == "c1" && (s.w.Canary.Replicas != 0 || s.w.Canary.Image != oldImage):
		return "invariant 8: a found canary was not given back"
	case r.ownStamp(s.w.Stable.Stamp) || r.ownStamp(s.w.Route.Stamp) || s.w.Canary.Exists && r.ownStamp(s.w.Canary.Stamp):
		return "ended with a stamp left behind"
	case s.w.Scaler.Exists && (s.w.Scaler.Min != 1 || s.w.Scaler.Stamp != nil):
		return "ended with stable's scaler not as it was"
	case !x.found && s.w.Service.Exists && !s.w.Route.HasCanary && !x.wrong.noStamps:
		return "ended with the canary's Service left behind"
	}
	return ""
}
