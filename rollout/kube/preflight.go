package kube

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"time"

	apps "k8s.io/api/apps/v1"
	autoscaling "k8s.io/api/autoscaling/v2"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/intstr"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

// start is everything that preflight read. The checks are pure functions over it.
type start struct {
	r             rollout.Rollout
	stable        *apps.Deployment // nil: does not exist; so for the others
	canary        *apps.Deployment
	services      []core.Service // all of the namespace
	stableService *core.Service
	canaryService *core.Service
	scalers       []autoscaling.HorizontalPodAutoscaler
	scaler        struct { // what scales stable
		kind      scalerKind
		object    *unstructured.Unstructured
		forbidden error // it may not be read
	}
	vertical []rollout.Problem // what resizes stable's pods
	budgets  []policy.PodDisruptionBudget
	// strangeStable and strangeCanary are the pods that the two Services select and that are not their Deployments' own.
	strangeStable, strangeCanary []core.Pod
	claims                       []core.PersistentVolumeClaim // those that the canary's pods would mount
	route                        object.RouteStart
	ways                         []rollout.Problem // who comes past the route
	owners                       map[rollout.ObjectRef]ownObject
	// leftCanary and leftService are inert leftovers of ended rollouts, which the start deletes. They are not in canary
	// and canaryService.
	leftCanary  *apps.Deployment
	leftService *core.Service
	// silentRuntime is true where no pod of stable says what it resolved the image to.
	silentRuntime bool
}

// Preflight says whether the rollout may start and, if so, what it takes over: all problems at once, each with the line
// to add or change. It changes nothing except inert leftovers of ended rollouts, and those only when there is no other
// problem. Call it for a committed rollout only while no other holds the service: whatever has a stamp of the service's
// other rollouts counts as left over. For a dry run, which is not committed, it changes nothing.
func (c *Cluster) Preflight(ctx context.Context, r rollout.Rollout) rollout.Preflight {
	unreadable := func(err error) rollout.Preflight { return rollout.Preflight{Unreadable: rollout.ProblemOf(err)} }
	done, err := c.wait(ctx, r)
	if err != nil {
		return unreadable(err)
	}
	defer done()
	needs, err := c.needs(r)
	if err != nil {
		return rollout.Preflight{Problems: []rollout.Problem{inConfig(r, "route.kind", err)}}
	}
	denied, err := c.denied(ctx, r.Spec.Objects.Namespace, needs)
	if err != nil {
		return unreadable(err)
	}
	s, err := c.read(ctx, r)
	switch {
	case err != nil && len(denied) > 0:
		return rollout.Preflight{Problems: denied} // nothing more is known without those rights
	case err != nil:
		return unreadable(err)
	}
	if full := s.needs(needs); full != needs {
		if denied, err = c.denied(ctx, r.Spec.Objects.Namespace, full); err != nil {
			return unreadable(err)
		}
	}
	if s.scaler.forbidden != nil && len(denied) == 0 {
		return unreadable(s.scaler.forbidden)
	}
	problems := slices.Concat(denied, s.problems())
	if len(problems) == 0 {
		if problems, err = c.askAdmission(ctx, s); err != nil {
			return unreadable(err)
		}
	}
	if len(problems) > 0 {
		return rollout.Preflight{Problems: problems, Original: s.found()}
	}
	if object.MaySweep(r) {
		if err := c.sweep(ctx, s); err != nil {
			return unreadable(err)
		}
	}
	return rollout.Preflight{Original: s.found(), Notices: s.notices()}
}

// inConfig returns an error's problem, which a line of the service's configuration solves.
func inConfig(r rollout.Rollout, key string, err error) rollout.Problem {
	p := rollout.ProblemOf(err)
	p.Service, p.Key = r.Service, key
	return p
}

// needs adds what making the missing objects takes.
func (s *start) needs(base Needs) Needs {
	base.Create = s.canary == nil || s.canaryService == nil
	base.Scaler = s.scaler.kind.kind
	base.CreateRoute = s.route.Found.UID == "" && s.r.Spec.Objects.Route.Create
	return base
}

// sweep deletes what ended rollouts left behind, in the order of an end: pods, route, Service. An object that changed
// since it was read is no longer a leftover; the next preflight says what it is.
func (c *Cluster) sweep(ctx context.Context, s *start) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var leftovers []rollout.Write
	if d := s.leftCanary; d != nil {
		leftovers = append(leftovers, rollout.Write{Object: rollout.CanaryDeployment, Verb: rollout.Delete, UID: string(d.UID), Version: d.ResourceVersion})
	}
	if s.route.Leftover != nil {
		leftovers = append(leftovers, *s.route.Leftover)
	}
	if svc := s.leftService; svc != nil {
		leftovers = append(leftovers, rollout.Write{Object: rollout.CanaryService, Verb: rollout.Delete, UID: string(svc.UID), Version: svc.ResourceVersion})
	}
	for _, w := range leftovers {
		if err := c.Do(ctx, s.r, w); err != nil && rollout.CodeOf(err) != rollout.NotFound {
			return err
		}
	}
	return nil
}

// found returns what the rollout takes over: what its end restores.
func (s *start) found() rollout.Original {
	f := rollout.Original{Route: s.route.Found, CanaryService: s.canaryService != nil}
	if d := s.stable; d != nil {
		f.Containers = s.r.Original.Containers
		f.Stable = s.foundWorkload(d)
		f.Progress = progress(d)
		f.Surges = !interrupts(d)
		f.Scaler = s.foundScaler()
	}
	if d := s.canary; d != nil {
		f.Canary = s.foundWorkload(d)
		if s.stable != nil {
			f.TemplateDiffers = templateDiffers(s.stable, d, s.r)
		}
	}
	f.LeftAlone = s.leftAlone()
	return f
}

func (s *start) foundWorkload(d *apps.Deployment) rollout.OriginalWorkload {
	image, _ := s.foundImage(d)
	return rollout.OriginalWorkload{UID: string(d.UID), Image: image, Replicas: wanted(d)}
}

// progress returns the Deployment's progress deadline: ten minutes where it is unset, as for the API server, and where
// it is unlimited, because a rollout has to end.
func progress(d *apps.Deployment) time.Duration {
	const fallback = 600
	seconds := int32(fallback)
	if s := d.Spec.ProgressDeadlineSeconds; s != nil && *s != math.MaxInt32 { // which means no limit
		seconds = *s
	}
	return time.Duration(seconds) * time.Second
}

// interrupts reports whether replacing the Deployment's pods may leave none of them: with Recreate, with a single
// replica that cannot surge, and where all may be unavailable at once.
func interrupts(d *apps.Deployment) bool {
	if d.Spec.Strategy.Type == apps.RecreateDeploymentStrategyType {
		return true
	}
	more, fewer, err := rolling(d)
	if more == 0 && fewer == 0 {
		fewer = 1 // it could not move otherwise
	}
	return err != nil || wanted(d) > 0 && fewer >= wanted(d)
}

// surges reports whether new pods may come before old ones go.
func surges(d *apps.Deployment) bool {
	more, _, err := rolling(d)
	return err == nil && more > 0
}

// rolling returns by how many pods the Deployment may have more, and how many fewer, while they are replaced.
func rolling(d *apps.Deployment) (more, fewer int, err error) {
	surge, unavailable := intstr.FromString("25%"), intstr.FromString("25%") // as the API server has it
	if r := d.Spec.Strategy.RollingUpdate; r != nil {
		surge, unavailable = *cmp.Or(r.MaxSurge, &surge), *cmp.Or(r.MaxUnavailable, &unavailable)
	}
	more, errMore := intstr.GetScaledValueFromIntOrPercent(&surge, wanted(d), true)
	fewer, errFewer := intstr.GetScaledValueFromIntOrPercent(&unavailable, wanted(d), false)
	return more, fewer, errors.Join(errMore, errFewer)
}

// leftover reports whether an ended rollout of the service made the object and left it behind. What it found at its
// start is not a leftover, even with its stamp.
func leftover(stamp *rollout.Stamp, made func(rollout.Original) bool) bool {
	return stamp != nil && stamp.Original != nil && made(*stamp.Original)
}

// setAside separates inert leftovers, so that the checks and found are about what will remain.
func (s *start) setAside() {
	if d := s.canary; d != nil && wanted(d) == 0 && d.Status.Replicas == 0 &&
		leftover(object.Ours(d, s.r), func(f rollout.Original) bool { return f.Canary.UID == "" }) {
		s.leftCanary, s.canary = d, nil
	}
	if svc := s.canaryService; svc != nil && s.route.Found.Weight == 0 &&
		leftover(object.Ours(svc, s.r), func(f rollout.Original) bool { return !f.CanaryService }) {
		s.leftService, s.canaryService = svc, nil
	}
}
