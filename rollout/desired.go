package rollout

// Pods is what the canary's Deployment should be.
type Pods struct {
	Image    string
	Replicas int
}

// Desired is the state of the cluster that a phase wants. It is absolute: applying it twice does no harm. An absent field
// means hands off.
type Desired struct {
	Weight  *Weight
	Canary  *Pods
	Stable  string // image; empty: hands off
	Hold    int    // the least minimum of stable's scaler; 0: hands off
	Gone    bool   // the canary is as found: absent, or at 0 with its image
	Release bool   // route, Services, stamps and annotations are as found
}

// DesiredState returns what the cluster should be, under the facts of the reconcile that committed the rollout. It
// enforces the forward rule: raising the weight, or first writing stable's new image, needs a passing verdict in these very facts
// where the canary has traffic, unless the step before demands none. No traffic is sent to pods that are not there.
func DesiredState(r Rollout, f Facts) Desired {
	if !f.Observed.Unreadable.IsZero() {
		return Desired{}
	}
	switch r.Phase {
	case Preparing, Shifting, Baking, Awaiting, Promoting:
		if r.blocked() {
			return Desired{}
		}
		return forwardState(r, f)
	case Returning:
		return Desired{Weight: weightDown(r, f.Observed)}
	case RollingBack:
		return Desired{Weight: weightDown(r, f.Observed), Stable: stableImageBack(r, f.Observed)}
	case Cleaning:
		return Desired{Weight: weightDown(r, f.Observed), Gone: true}
	case Releasing:
		return Desired{Weight: weightDown(r, f.Observed), Gone: true, Release: true}
	case Queued, Ended:
	}
	return Desired{}
}

// blocked reports whether a condition keeps the rollout from moving forward.
func (r Rollout) blocked() bool {
	return r.Paused || r.Held || r.Drift != nil || r.Stuck != nil
}

func forwardState(r Rollout, f Facts) Desired {
	g := Desired{Canary: &Pods{Image: r.Image, Replicas: r.Size}, Hold: r.hold(f.Observed)}
	may := mayForward(r, f)
	if want, ok := r.Weight(); ok && (want <= f.Observed.Route.share() || may && f.Observed.Canary.Endpoints >= r.Size && r.stableServes(f.Observed)) {
		g.Weight = &want
	}
	switch {
	case r.ByOthers():
	case r.Phase == Promoting && (mayReplace(r, f) || r.imageSent(f.Observed)):
		g.Stable = r.Image
	case r.Phase != Promoting && r.Override != nil && r.Override.Field == FieldStableImage:
		g.Stable = r.ourStableImage(f.Observed.Stable) // a person asked for it
	}
	return g
}

// mayForward reports whether these facts allow a forward move: never while people cannot see the rollout; else always
// where the canary has no traffic or the judged step demands no evidence, and on a passing verdict.
func mayForward(r Rollout, f Facts) bool {
	if !r.Unseen.IsZero() {
		return false
	}
	return f.Observed.Route.share() == 0 || !r.judged().DemandsEvidence() || r.Evidence(f).Result == Pass
}

// mayReplace reports whether these facts allow stable's new image. A canary that lost its traffic proves nothing.
func mayReplace(r Rollout, f Facts) bool {
	return r.Unseen.IsZero() && (!r.judged().DemandsEvidence() || r.Evidence(f).Result == Pass)
}

// imageSent reports whether we have written the new image to stable, or let others write it.
func (r Rollout) imageSent(w Observed) bool {
	switch r.Spec.Promote.By {
	case ByGit:
		return !r.Git.Promotion.IsZero()
	case ByGate:
		return r.Phase == Promoting
	case ByPatch:
	}
	return r.ownStamp(w.Stable.Stamp) && w.Stable.Stamp.Image == r.Image
}

// weightDown returns the weight that an ending wants now: 0, or for a while what stable has no room for. It is nil while
// the weight has to wait.
func weightDown(r Rollout, w Observed) *Weight {
	share := w.Route.share()
	if share > 0 && weightWaits(r, w) {
		return nil
	}
	left := min(share, r.Current().Weight, r.withoutRoom(w))
	return &left
}

// weightWaits reports whether the traffic has to stay where it is: stable has no endpoint to take it, or, while rolling
// back, moving it would do more harm than leaving it until stable is rolled out at the old image. That is so in two
// cases only: stable's own failure is the reason and the canary passes, or stable was written, cannot surge, and the
// canary can serve.
func weightWaits(r Rollout, w Observed) bool {
	if w.Stable.Endpoints == 0 {
		return true
	}
	if r.Phase != RollingBack || !r.StableWritten || stableRestored(r, w) {
		return false
	}
	if r.ByOthers() && w.Stable.RolledOut() { // nobody replaces its pods just now
		return false
	}
	return (r.Ending.Reason.Code == ReasonStable && r.Verdict.Result == Pass && w.Canary.Endpoints > 0) ||
		(!r.Original.Surges && w.Canary.Endpoints > 0)
}

// stableImageBack returns the image that rolling back sets on stable: the original if the rollout ever wrote another,
// nothing where somebody else has changed it since.
func stableImageBack(r Rollout, w Observed) string {
	if !r.StableWritten || r.ByOthers() || !w.Stable.Exists || r.stableForeign(w) {
		return ""
	}
	return r.Original.Stable.Image
}

// stableForeign reports whether somebody else set stable's image and no person answered with an override.
func (r Rollout) stableForeign(w Observed) bool {
	if w.Stable.UID != r.Original.Stable.UID {
		return true
	}
	return w.Stable.Image != r.ourStableImage(w.Stable) &&
		!r.overridden(Drift{Field: FieldStableImage, Value: w.Stable.Image})
}

// stableRestored reports whether stable is where rolling back wants it: never written, rolled out at the old image under
// a stamp no older than the rollback's commit, or left as somebody else set it.
func stableRestored(r Rollout, w Observed) bool {
	if !r.StableWritten {
		return true
	}
	if !w.Stable.Exists {
		return false
	}
	switch {
	case r.stableForeign(w):
		return true
	case r.Spec.Promote.By == ByGate && (r.Ending.Reason.Code != ReasonStable || w.Route.share() == 0):
		return true // only whoever wrote it can put it back
	case r.ByOthers():
		return w.Stable.Image == r.Original.Stable.Image && w.Stable.RolledOut()
	}
	return w.Stable.Image == r.Original.Stable.Image && r.writtenSince(w.Stable.Meta, r.UndoRevision) && w.Stable.RolledOut()
}

// Writes returns the requests that are missing between the world and the rollout's target, in the order in which they
// must be sent: bringing up goes Service, route at 0, pods; tearing down goes pods, route, Service. Each is guarded by the
// object's UID and resourceVersion, and stamped. No write means that the cluster is as desired.
//
// Tearing down writes even where the value already reads right: the write uses up the resourceVersion, so that nothing
// sent earlier can land after it.
func Writes(r Rollout, f Facts) []Write {
	g := DesiredState(r, f)
	p := planner{r: r, w: f.Observed}
	if r.Phase.Forward() {
		p.bringUp(g)
	} else {
		p.tearDown(g)
	}
	return p.writes
}

// planner collects writes, each stamped and guarded.
type planner struct {
	r      Rollout
	w      Observed
	writes []Write
}

// add stamps the write and guards it by the object as last read.
func (p *planner) add(m Meta, w Write) {
	w.UID, w.Version = m.UID, m.Version
	found := p.r.Original
	w.Stamp = Stamp{
		Store: p.r.Store, Rollout: p.r.ID, Revision: p.r.Revision,
		Weight: w.Weight, Image: w.Image, Replicas: w.Replicas, Original: &found,
	}
	p.writes = append(p.writes, w)
}

// bringUp brings the canary up: its Service, its place in the route at weight 0, its pods, then its share and, while
// promoting, stable's new image.
func (p *planner) bringUp(g Desired) {
	if g.Hold > 0 && p.r.scaled(p.w) && p.w.Scaler.Min < g.Hold {
		p.add(p.w.Scaler.Meta, Write{Object: StableScaler, Verb: Update, Replicas: &g.Hold})
	}
	if g.Canary != nil {
		if !p.w.Service.Exists {
			p.add(p.w.Service, Write{Object: CanaryService, Verb: Create})
		}
		p.makeRoute()
		p.size(*g.Canary)
	}
	if g.Weight != nil && p.w.Route.Exists && p.w.Route.HasCanary && p.w.Route.Weight != *g.Weight {
		p.add(p.w.Route.Meta, Write{Object: RouteObject, Verb: Update, Weight: g.Weight})
	}
	if g.Stable != "" && p.w.Stable.Exists && p.w.Stable.Image != g.Stable {
		p.add(p.w.Stable.Meta, Write{Object: StableDeployment, Verb: Update, Image: g.Stable})
	}
}

func (p *planner) makeRoute() {
	zero := Weight(0)
	switch {
	case !p.w.Route.Exists && p.r.Spec.Objects.Route.Create && p.r.knownRouteUID() == "":
		p.add(p.w.Route.Meta, Write{Object: RouteObject, Verb: Create, Weight: &zero})
	case p.w.Route.Exists && !p.w.Route.HasCanary:
		p.add(p.w.Route.Meta, Write{Object: RouteObject, Verb: Update, Weight: &zero})
	}
}

// size makes the canary inert, then gives it its image and replicas in one write. It never shrinks.
func (p *planner) size(want Pods) {
	canary := p.w.Canary
	if !canary.Exists {
		if p.r.knownCanaryUID() == "" {
			none := 0
			p.add(canary.Meta, Write{Object: CanaryDeployment, Verb: Create, Image: want.Image, Replicas: &none})
		}
		return
	}
	if canary.Image != want.Image || canary.Replicas < want.Replicas {
		replicas := max(canary.Replicas, want.Replicas)
		p.add(canary.Meta, Write{Object: CanaryDeployment, Verb: Update, Image: want.Image, Replicas: &replicas})
	}
}

// tearDown takes the canary away: traffic first, stable's old image with it, then pods, route and Service.
func (p *planner) tearDown(g Desired) {
	falls := p.lowerWeight(g)
	p.restoreStable(g)
	if falls || p.w.Route.share() > 0 {
		return // no canary pod is removed while the weight reads above 0
	}
	if g.Gone && (p.unhold() || p.removePods()) {
		return
	}
	if g.Release {
		p.release()
	}
}

// lowerWeight sends weight 0 where it is not yet acknowledged as ours, and reports whether it did.
func (p *planner) lowerWeight(g Desired) bool {
	route := p.w.Route
	if g.Weight == nil || !route.Exists {
		return false
	}
	if route.share() == *g.Weight && (p.r.writtenSince(route.Meta, p.r.UndoRevision) || g.Release) {
		return false
	}
	lower := Write{Object: RouteObject, Verb: Update, Weight: g.Weight}
	if p.r.ownStamp(route.Stamp) {
		lower.Over = route.Stamp
	}
	p.add(route.Meta, lower)
	return true
}

// restoreStable sends stable's old image where a rollback wants it and it is not yet there as ours.
func (p *planner) restoreStable(g Desired) {
	if g.Stable != "" && (p.w.Stable.Image != g.Stable || !p.r.writtenSince(p.w.Stable.Meta, p.r.UndoRevision)) {
		p.add(p.w.Stable.Meta, Write{Object: StableDeployment, Verb: Update, Image: g.Stable})
	}
}

// unhold puts the minimum of stable's scaler back, unless somebody else has set it since, and reports whether a write was
// missing. It writes even where the minimum was never raised: a write that was sent and has not landed would stay.
func (p *planner) unhold() bool {
	s := p.w.Scaler
	if !p.r.scaled(p.w) || p.r.unheld(s) {
		return false
	}
	back := s.Min
	if s.Min == p.r.ourStableMin(s) {
		back = p.r.Original.Scaler.Min
	}
	p.add(s.Meta, Write{Object: StableScaler, Verb: Update, Replicas: &back})
	return true
}

// unheld reports whether the scaler is as it was, by a write that nothing sent earlier can overtake. In releasing the
// stamp may be gone already.
func (r Rollout) unheld(s Scaler) bool {
	return r.writtenSince(s.Meta, r.CleanupRevision) || r.Phase == Releasing
}

// removePods removes the canary's pods: a Deployment of ours is deleted, one that existed before goes to 0 replicas with
// its original image. It reports whether a write was missing.
func (p *planner) removePods() bool {
	canary := p.w.Canary
	if !p.r.ownCanary(canary) {
		return false
	}
	if p.r.createsCanary() {
		p.add(canary.Meta, Write{Object: CanaryDeployment, Verb: Delete})
		return true
	}
	if p.r.cleaned(canary) {
		return false
	}
	none := 0
	p.add(canary.Meta, Write{Object: CanaryDeployment, Verb: Update, Image: p.r.Original.Canary.Image, Replicas: &none})
	return true
}

// cleaned reports whether a canary that existed before is back at 0 replicas with its original image, by a write that
// nothing sent earlier can overtake. In releasing the stamp may be gone already.
func (r Rollout) cleaned(canary Workload) bool {
	return canary.Replicas == 0 && canary.Image == r.Original.Canary.Image &&
		(r.writtenSince(canary.Meta, r.CleanupRevision) || r.Phase == Releasing)
}

// release removes what is left: stamps and annotations, the canary's place in the route, the objects that we made.
func (p *planner) release() {
	if m := p.w.Stable.Meta; m.Exists && (p.r.releasesStamp(m.Stamp) || m.AsksRollback) {
		p.add(m, Write{Object: StableDeployment, Verb: Release})
	}
	if m := p.w.Canary.Meta; m.Exists && (p.r.releasesStamp(m.Stamp) || m.AsksRollback && p.r.ownCanary(p.w.Canary)) {
		p.add(m, Write{Object: CanaryDeployment, Verb: Release})
	}
	if m := p.w.Scaler.Meta; m.Exists && p.r.releasesStamp(m.Stamp) {
		p.add(m, Write{Object: StableScaler, Verb: Release})
	}
	switch route := p.w.Route; {
	case !route.Exists:
	case p.r.Original.Route.UID == "" && p.r.releasesStamp(route.Stamp) && route.UID == p.r.knownRouteUID():
		p.add(route.Meta, Write{Object: RouteObject, Verb: Delete})
	case p.r.releasesStamp(route.Stamp) || route.AsksRollback || p.dropsRoute() && route.UID == p.r.knownRouteUID():
		p.add(route.Meta, Write{Object: RouteObject, Verb: Release, DropCanary: !p.r.Original.Route.HasCanary})
	}
	if m := p.w.Service; m.Exists && !p.r.Original.CanaryService && (p.r.ownService(m) || p.r.releasesStamp(m.Stamp)) && !p.dropsRoute() {
		p.add(m, Write{Object: CanaryService, Verb: Delete})
	}
}

// dropsRoute reports whether the route still names the canary: its Service goes only after that.
func (p *planner) dropsRoute() bool {
	return p.w.Route.Exists && p.w.Route.HasCanary && !p.r.Original.Route.HasCanary
}
