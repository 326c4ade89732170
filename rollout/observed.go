package rollout

import "time"

// Observed is the cluster as last read live, for one rollout. Facts always exist: where something could not be read,
// Unreadable says why, and nothing else in it may be relied on.
type Observed struct {
	Unreadable Problem
	Stable     Workload
	Canary     Workload
	Service    Meta // the canary's own Service
	Route      Route
	Scaler     Scaler // stable's, where the rollout found one
	// Rollback is the id of the annotation canarybot.io/rollback=now, kube:UID:RESOURCEVERSION, when one of the route
	// and the two Deployments bears it.
	Rollback DecisionID
}

// Meta is what every object has.
type Meta struct {
	Exists  bool
	UID     string
	Version string // resourceVersion, for guarded writes only; never compared for order
	Stamp   *Stamp // ours or another store's; nil: none
	// AsksRollback is true when the object bears the annotation canarybot.io/rollback=now.
	AsksRollback bool
}

// Workload is a Deployment with its pods and endpoints.
type Workload struct {
	Meta
	Image              string // as we wrote it, where admission made something else of it
	Admitted           string // what admission made of Image; empty: nothing else
	Replicas           int    // spec.replicas
	ImageBy            string // the manager that last changed the image, from managedFields
	ReplicasBy         string
	GenerationObserved bool // observedGeneration >= generation
	Paused             bool
	Total              int // status.replicas
	Updated            int
	Available          int
	Endpoints          int // ready endpoints behind the workload's own Service, also when the Deployment is gone
	// Ran are the images that the Deployment's ReplicaSets have, so what it has run: read while a rollout is queued only.
	Ran []string
	// Failure is what is wrong with the pods. It and ImageIDs decide nothing from returning on, and may be missing there.
	Failure Failure
	// ImageIDs are what the pods of the current template resolved Image to, in all containers that have it, distinct and
	// sorted.
	ImageIDs []ImageID
}

// RolledOut reports whether the Deployment's rollout is complete.
func (w Workload) RolledOut() bool {
	return w.Exists && w.GenerationObserved && !w.Paused && w.Total == w.Replicas && w.Updated == w.Replicas && w.Available == w.Replicas
}

// Route is what splits the traffic, reduced to the pair of stable and canary.
type Route struct {
	Meta
	HasCanary bool   // the canary is named in it
	Weight    Weight // the canary's share of the pair; where rules disagree, the share that differs from the stamp
	WeightBy  string // the manager that last changed the weights
	// Acknowledged is true when the router took the route as it is; always true for a router without status.
	Acknowledged bool
	Problem      Problem // why it is not acknowledged
	// Unversioned is true when the router took the route and does not say which generation of it: a weight then counts
	// once it has stood for a while.
	Unversioned bool
	// Unresolved is why the router could send the canary no traffic: a weight above 0 would be lost.
	Unresolved Problem
}

// Scaler is what sets stable's size by load: a HorizontalPodAutoscaler, or a ScaledObject of KEDA. While the canary takes
// load away it would make stable small, so the rollout raises its minimum and puts it back at the end.
type Scaler struct {
	Meta
	Min   int // the replicas that it leaves at least
	Max   int
	MinBy string // the manager that last changed the minimum
}

// Stamp is the annotation canarybot.io/applied: which write made the object what it is. Every write sets it in the
// same request. The values are those of the write that bears it; found is what the rollout found.
type Stamp struct {
	Store    string    `json:"store"`
	Rollout  ID        `json:"rollout"`
	Revision Revision  `json:"revision"`
	Weight   *Weight   `json:"weight,omitempty"`
	Image    string    `json:"image,omitempty"`
	Replicas *int      `json:"replicas,omitempty"`
	Original *Original `json:"found,omitempty"`
}

// Possible reports whether the stamp may be one of ours at all: it names a store and a rollout, and its numbers are some
// that a write can have. Whether it is true is another question: whoever may edit the object can write it.
func (s Stamp) Possible() bool {
	_, _, ok := s.Rollout.Split()
	return ok && s.Store != "" && s.Revision >= 0 && (s.Weight == nil || *s.Weight >= 0 && *s.Weight <= 100) &&
		(s.Replicas == nil || *s.Replicas >= 0)
}

// Original is what the cluster looked like when the rollout took it over: what ending restores.
type Original struct {
	Stable        OriginalWorkload `json:"stable"`
	Canary        OriginalWorkload `json:"canary,omitzero"`
	CanaryService bool             `json:"canary_service,omitempty"`
	Route         OriginalRoute    `json:"route,omitzero"`
	Scaler        OriginalScaler   `json:"scaler,omitzero"`
	// Progress is stable's progress deadline.
	Progress time.Duration `json:"progress,omitempty"`
	// Surges is false when replacing stable's pods may leave none of them: Recreate, or a single replica without surge.
	Surges bool `json:"surges,omitempty"`
	// Containers are those whose image the rollout sets, where neither the configuration says so nor there is only one.
	Containers []string `json:"containers,omitempty"`
	// LeftAlone are the objects that their owner is told to leave alone until the end, and was not told so before: the
	// rollout's writes say it, in an annotation of Flux, and its end takes that back.
	LeftAlone []Object `json:"left_alone,omitempty"`
	// TemplateDiffers names the fields other than image and labels in which an existing canary differs from stable.
	TemplateDiffers []string `json:"template_differs,omitempty"`
}

// OriginalWorkload is a Deployment as it was. An empty UID means that it did not exist.
type OriginalWorkload struct {
	UID      string `json:"uid,omitempty"`
	Image    string `json:"image,omitempty"`
	Tag      string `json:"tag,omitempty"` // by which Image was released, where admission put a digest in its place
	Replicas int    `json:"replicas,omitempty"`
}

// OriginalRoute is the route as found.
type OriginalRoute struct {
	UID       string `json:"uid,omitempty"`
	HasCanary bool   `json:"has_canary,omitempty"`
	Weight    Weight `json:"weight,omitempty"`
}

// OriginalScaler is what scales stable, as it was. An empty UID means that nothing does.
type OriginalScaler struct {
	Kind string `json:"kind,omitempty"`
	Name string `json:"name,omitempty"`
	UID  string `json:"uid,omitempty"`
	Min  int    `json:"min,omitempty"`
}

// Facts is what a reconcile knows.
type Facts struct {
	Now      time.Time
	Observed Observed
	Verdict  Verdict    // the judge's newest answer
	Judge    JudgeState // the judge's state; stored, never looked into
	Refused  Problem    // why the cluster refused the last write; zero: it did not
	// Preflight is what the preflight came to, while queued; nil: not asked yet.
	Preflight *Preflight
	// Holder is the rollout that holds the service, while queued; empty: nobody does.
	Holder ID
	// Unseen is why people cannot see the rollout; zero: they can. Nothing moves forward under it, and rolling back never
	// waits for it.
	Unseen Problem
	// Frozen is the freeze that means something to rollouts under way, and Shut what keeps them from going to the next step
	// by themselves; nil: none does.
	Frozen, Shut *Closure
	// Siblings are what the rollouts that this one goes together with are at.
	Siblings []Sibling
	// Tag is the image that the tag of the rollout's image names now, with its digest; empty: not known.
	Tag string
	// Commits are what the new version brings, or why that is not known; nil: nobody knows yet, or nobody asks.
	Commits *Commits
	// Git is what the repository says, where a commit promotes; its time is zero before it was read.
	Git GitState
}

// Preflight is the answer to whether a rollout may start.
type Preflight struct {
	Original       Original
	Problems       []Problem      // each names the line to add or change; none: it may start
	Notices        []Problem      // what people should know of the cluster, and what does not keep it from starting
	Checks         []Evidence     // that stable itself fails or has no answer to: they could judge no canary
	Unreadable     Problem        // why nothing can be said yet
	DetectionPower DetectionPower // what the judge will see
	ByLimits       bool           // the signals cannot be compared: the checks are judged by their limits; a notice says why
	Pinned         string         // the new version's image with the digest that its tag names; empty: as it was asked for
	Backtests      []Backtest     // what the checks would have said lately; asked for in a dry run only
}

// Passes reports whether the rollout may start.
func (p Preflight) Passes() bool {
	return p.Unreadable.IsZero() && len(p.Problems) == 0 && len(p.Checks) == 0
}

// DryRun is what a dry run found out about a deploy.
type DryRun struct {
	Request   DeployRequest
	Rollout   Rollout // the one that would start
	Preflight Preflight
	Err       error // what refuses the deploy before its preflight; nil: nothing does
}

// Starts reports whether the deploy would start.
func (d DryRun) Starts() bool { return d.Err == nil && d.Preflight.Passes() }

// Object is one of the objects that a rollout writes.
type Object string

// The objects.
const (
	StableDeployment Object = "stable"
	CanaryDeployment Object = "canary"
	CanaryService    Object = "canary_service"
	RouteObject      Object = "route"
	StableScaler     Object = "scaler" // Replicas of its writes is the minimum
)

// Verb is what a write does to its object.
type Verb string

// The verbs. A create is inert: a route at weight 0, a Deployment with 0 replicas. Release removes our stamp and our
// other annotations, and with DropCanary the canary from a route.
const (
	Create  Verb = "create"
	Update  Verb = "update"
	Delete  Verb = "delete"
	Release Verb = "release"
)

// Write is one guarded request: it applies only to the object and version that it was decided on, and sets a stamp.
type Write struct {
	Object  Object
	Verb    Verb
	UID     string // of the object that it was decided on; empty for a create
	Version string // its resourceVersion
	// Over is the stamp that guards the write in place of the version, where it is set: the write lands on what others
	// changed since, and on no later write of ours. Only traffic is taken off like that, while ending: a controller
	// that rewrites the route without a pause must not win.
	Over       *Stamp
	Weight     *Weight
	Image      string // empty: untouched
	Replicas   *int
	DropCanary bool
	// AskRollback also sets the annotation canarybot.io/rollback=now: the one act that may precede its commit.
	AskRollback bool
	Stamp       Stamp
}
