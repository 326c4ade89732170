package rollout

import (
	"encoding/json"
	"time"
)

// Request is what was asked for, by whom.
type Request struct {
	Version  string    `json:"version"` // as typed
	By       Actor     `json:"by"`
	At       time.Time `json:"at"`
	Text     string    `json:"text,omitempty"`   // the reason, in the requester's words
	Back     bool      `json:"back,omitempty"`   // a rollout to the version before
	Replaces string    `json:"over,omitempty"`   // of a way back: the image that stable has to run at the start
	Gently   bool      `json:"gently,omitempty"` // a way back by the service's ordinary plan
	// Plan, Auto and Replace are as asked for: the same request is known by them when it comes again.
	Plan    string `json:"plan,omitempty"`
	Auto    bool   `json:"auto,omitempty"`
	Replace bool   `json:"replace,omitempty"`
	// Together are the ids of all rollouts that go together, this one among them, in the order in which they were asked for;
	// none: it goes alone.
	Together []ID `json:"together,omitempty"`
	// Emergency went without bakes and gates, and past what was closed; somebody else reviews it afterwards.
	Emergency bool `json:"emergency,omitempty"`
}

// Objects names what a rollout steers.
type Objects struct {
	Namespace     string            `json:"namespace"`
	Stable        string            `json:"stable"` // Deployment
	Canary        string            `json:"canary"` // Deployment
	Containers    Containers        `json:"container,omitempty"`
	StableService string            `json:"stable_service"`
	CanaryService string            `json:"canary_service"`
	CanaryLabels  map[string]string `json:"canary_labels,omitempty"`
	Route         RouteRef          `json:"route"`
}

// Containers names the containers whose image is set, init containers among them. None: those that run an image of the
// repository.
type Containers []string

// MarshalJSON writes a list, or a single name as an earlier Canarybot did and reads it.
func (c Containers) MarshalJSON() ([]byte, error) {
	if len(c) == 1 {
		return json.Marshal(c[0])
	}
	return json.Marshal([]string(c))
}

// UnmarshalJSON reads a list, or a single name as an earlier Canarybot wrote it.
func (c *Containers) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*c = Containers{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(c))
}

// RouteRef names a route.
type RouteRef struct {
	Kind    string `json:"kind"`
	Name    string `json:"name"`
	Service string `json:"service,omitempty"` // a split's root Service
	Create  bool   `json:"create,omitempty"`  // made at the start, deleted at the end
	From    string `json:"from,omitempty"`    // the HTTPRoute that it is made from, and that serves stable before and after
}

// OnUnknown says what happens when evidence was unknown for too long.
type OnUnknown string

// The answers to unknown evidence.
const (
	Ask           OnUnknown = "ask"
	RollbackOnUnk OnUnknown = "rollback"
)

// Limits are the spans after which something happens by itself.
type Limits struct {
	Interval     time.Duration `json:"interval"` // between checks; a reconcile credits at most two
	Drain        time.Duration `json:"drain"`
	Wait         time.Duration `json:"wait"`
	UnknownLimit time.Duration `json:"unknown_limit"`
	OnUnknown    OnUnknown     `json:"on_unknown"`
	Shift        time.Duration `json:"shift"`
	Stuck        time.Duration `json:"stuck"`
	Remind       time.Duration `json:"remind"` // an unanswered question is repeated in the channel after this
}

// Spec is what a rollout carries from the configuration of its start: a later change there does not reach it.
type Spec struct {
	Environment string  `json:"environment"`
	Repository  string  `json:"repository"`
	Objects     Objects `json:"objects"`
	Plan        Plan    `json:"plan"`
	Checks      []Check `json:"checks,omitempty"`
	Select      string  `json:"select,omitempty"`
	Limits      Limits  `json:"limits"`
	Signals     Signals `json:"signals,omitzero"`
	Judging     Judging `json:"judging,omitzero"`
	GitOps      bool    `json:"gitops,omitempty"` // objects owned by Argo CD, Flux or Config Sync are acknowledged
	// Prove lets proved health end a bake early.
	Prove   bool      `json:"prove,omitempty"`
	Promote Promotion `json:"promote,omitzero"`
}

// Spans grow only by credited time, never by downtime or clock jumps.
type Spans struct {
	Bake     time.Duration `json:"bake,omitempty"`     // covered by passing evidence at this step's weight
	Baked    time.Duration `json:"baked,omitempty"`    // the same for all steps before
	Unknown  time.Duration `json:"unknown,omitempty"`  // unbroken unknown evidence, with traffic on the canary
	Waiting  time.Duration `json:"waiting,omitempty"`  // for a person
	Deadline time.Duration `json:"deadline,omitempty"` // this phase's condition unmet
	Drained  time.Duration `json:"drained,omitempty"`  // since weight 0 was acknowledged
	Settled  time.Duration `json:"settled,omitempty"`  // the route has this phase's weight, and its router does not say which generation it took
	Ending   time.Duration `json:"ending,omitempty"`   // this ending phase, for stuck
	Furthest int           `json:"furthest,omitempty"` // the furthest progress of this phase's pods: deadlines restart when it rises
}

// Field is one of the fields that we steer.
type Field string

// The fields.
const (
	FieldWeight         Field = "weight"
	FieldCanaryImage    Field = "canary_image"
	FieldCanaryReplicas Field = "canary_replicas"
	FieldStableImage    Field = "stable_image"
	FieldStableUID      Field = "stable_uid"
	FieldRouteUID       Field = "route_uid"
	FieldStableMin      Field = "stable_min" // the scaler's minimum
	// FieldImageID is what the pods resolved the image to, where it is not what was judged and nobody knows whether a
	// further platform is the reason. Overriding it accepts the value.
	FieldImageID Field = "image_id"
)

// Drift is a field that somebody else changed.
type Drift struct {
	Field  Field  `json:"field"`
	Wanted string `json:"ours"`
	Value  string `json:"value"` // what they set
	By     string `json:"by,omitempty"`
}

// Revert counts how often one manager reverted one field that we steer.
type Revert struct {
	Field Field  `json:"field"`
	By    string `json:"by"`
	Times int    `json:"times"`
	// Seen is the resourceVersion at which it was counted last, so that it counts once.
	Seen string `json:"seen,omitempty"`
}

// LastApplied is what we last wrote and saw in the cluster: what a field is compared with when its stamp is gone.
type LastApplied struct {
	Weight         *Weight `json:"weight,omitempty"`
	CanaryUID      string  `json:"canary_uid,omitempty"`
	CanaryImage    string  `json:"canary_image,omitempty"`
	CanaryReplicas int     `json:"canary_replicas,omitempty"`
	StableImage    string  `json:"stable_image,omitempty"`
	RouteUID       string  `json:"route_uid,omitempty"`
	StableMin      int     `json:"stable_min,omitempty"`
	// CanaryServiceUID is set for an orphan's Service only: our own is known by its stamp.
	CanaryServiceUID string `json:"canary_service_uid,omitempty"`
}

// Ending is the outcome of a rollout and why, fixed in steps: the reason when it begins to roll back or is promoted, the
// outcome once nothing can change it any more.
type Ending struct {
	Outcome Outcome `json:"outcome"`
	Reason  Reason  `json:"reason,omitzero"`
	By      Actor   `json:"by,omitzero"`
	// StableImage is the image that somebody else set on stable, where it is neither ours nor the original.
	StableImage string     `json:"stable_image,omitempty"`
	Left        []Problem  `json:"left,omitempty"`   // what abandoning left behind, or what the preflight found
	Checks      []Evidence `json:"checks,omitempty"` // of stable, that the preflight found wanting
	Breach      time.Time  `json:"breach,omitzero"`
	WeightZero  time.Time  `json:"weight_zero,omitzero"`
	At          time.Time  `json:"at,omitzero"`
}

// Rollout is one attempt to take a service from one version to another. It is a value: functions return a changed
// copy, and slices in it are never written in place.
type Rollout struct {
	ID       ID          `json:"id"`
	Service  ServiceName `json:"service"`
	Store    string      `json:"store"` // the store it lives in; stamps bear it
	Revision Revision    `json:"revision"`
	Turn     Turn        `json:"turn"`
	Seq      int         `json:"seq"` // of its last timeline entry
	Request  Request     `json:"request"`
	Spec     Spec        `json:"spec"`
	Image    string      `json:"image"`              // the new version, in full
	Admitted string      `json:"admitted,omitempty"` // what admission made of Image; empty: nothing else
	Behind   ID          `json:"behind,omitempty"`   // queued behind the rollout that it replaces
	Orphan   *Orphan     `json:"orphan,omitempty"`   // queued, it asks what becomes of this; then it takes it away

	Phase       Phase       `json:"phase"`
	Step        int         `json:"step"`
	Original    Original    `json:"found,omitzero"`
	LastApplied LastApplied `json:"known,omitzero"`
	Size        int         `json:"size,omitempty"` // the canary's replicas; only grows
	Hold        int         `json:"hold,omitempty"` // stable's size that its scaler has to leave; only grows
	// StableWritten is true once the rollout decided to change stable's image: rolling back then restores it.
	StableWritten bool `json:"touched,omitempty"`
	// UndoRevision is the commit that began to take the canary off traffic; weight and stable's image count as restored
	// only under a stamp no older. CleanupRevision is the same for the canary's pods.
	UndoRevision    Revision `json:"undo,omitempty"`
	CleanupRevision Revision `json:"clean,omitempty"`
	// WeightAckedAt is when this step's weight was acknowledged: no query reaches back before it.
	WeightAckedAt time.Time `json:"acked,omitzero"`
	// ImageIDs are what was judged: those of the canary's pods at the first bake, and those of further platforms.
	ImageIDs []ImageID `json:"image_ids,omitempty"`

	Verdict Verdict    `json:"verdict,omitzero"`
	Judge   JudgeState `json:"judge,omitzero"`

	// Extended is what people added to the bake of this step.
	Extended time.Duration `json:"extended,omitempty"`
	// Approvals are of the question that stands: another one starts without.
	Approvals []Approval `json:"approvals,omitempty"`
	// Reviewed is who looked at an emergency afterwards, and when; nil: nobody yet.
	Reviewed *Approval `json:"reviewed,omitempty"`

	Paused bool `json:"paused,omitempty"`
	// Held is true while a person is asked about evidence: about Doubts, or, where there are none, because it was unknown
	// beyond its limit.
	Held   bool         `json:"held,omitempty"`
	Doubts []Acceptance `json:"doubts,omitempty"`
	// Accepted are the doubts that a person said are fine: none of them is asked about again in this rollout.
	Accepted []Acceptance `json:"accepted,omitempty"`
	Drift    *Drift       `json:"drift,omitempty"`    // the change by somebody else that a person is asked about
	Override *Drift       `json:"overrule,omitempty"` // the change that a person answered with an override
	Reverts  []Revert     `json:"undone,omitempty"`
	Stuck    *Reason      `json:"stuck,omitempty"`
	Reminded bool         `json:"reminded,omitempty"` // the question was repeated in the channel

	Spans        Spans     `json:"spans,omitzero"`
	ReconciledAt time.Time `json:"beat,omitzero"`
	Trouble      Problem   `json:"trouble,omitzero"` // what keeps the cluster from being read or written just now
	Unseen       Problem   `json:"unseen,omitzero"`  // why people cannot see the rollout: nothing moves forward
	// Ready is true when only its siblings keep the rollout from leaving its step, or from starting. Siblings are as last read.
	Ready    bool      `json:"ready,omitempty"`
	Siblings []Sibling `json:"siblings,omitempty"`
	// Frozen is a freeze that pauses or rolls back what is under way, and Shut the window that has to open before the rollout
	// goes to its next step by itself.
	Frozen *Closure `json:"frozen,omitempty"`
	Shut   *Closure `json:"shut,omitempty"`
	// PodsWait is what the pods that the phase waits for wait for themselves, where patience may help.
	PodsWait Failure   `json:"pods_wait,omitzero"`
	Started  time.Time `json:"started,omitzero"` // the service was taken
	Ending   Ending    `json:"ending,omitzero"`
	Promoted bool      `json:"promoted,omitempty"` // stable is rolled out at the new image
	Git      GitState  `json:"git,omitzero"`       // as last read, where a commit promotes
	Moved    string    `json:"moved,omitempty"`    // the image that the tag of Image names now, where it is another one
	// CommitsTold is true once the timeline tells which commits the new version brings, or that it is not known.
	CommitsTold bool `json:"commits_told,omitempty"`
}

// From returns the image that the rollout found on stable, with the tag that it was released by.
func (r Rollout) From() string { return withTag(r.Original.Stable.Image, r.Original.Stable.Tag) }

// Terminal reports whether the rollout has ended.
func (r Rollout) Terminal() bool { return r.Phase == Ended }

// Current returns the step that the rollout is at.
func (r Rollout) Current() Step {
	if r.Step >= len(r.Spec.Plan.Steps) {
		return Step{}
	}
	s := r.Spec.Plan.Steps[r.Step]
	if s.DemandsEvidence() {
		s.Bake += r.Extended
	}
	return s
}

// before returns the step that was judged before this one's weight; zero at the first.
func (r Rollout) before() Step {
	if r.Step == 0 || r.Step > len(r.Spec.Plan.Steps) {
		return Step{}
	}
	return r.Spec.Plan.Steps[r.Step-1]
}

// last reports whether no step follows.
func (r Rollout) last() bool { return r.Step >= len(r.Spec.Plan.Steps)-1 }

// judged returns the step whose evidence counts for a forward move now: until a new weight is acknowledged that is
// the step before.
func (r Rollout) judged() Step {
	if r.Phase == Preparing || r.Phase == Shifting {
		return r.before()
	}
	return r.Current()
}

// createsCanary reports whether the canary did not exist when the rollout took over.
func (r Rollout) createsCanary() bool { return r.Original.Canary.UID == "" }

// Weight returns the canary's share in this phase; ok is false where the phase does not set one.
func (r Rollout) Weight() (w Weight, ok bool) {
	switch r.Phase {
	case Preparing:
		return r.before().Weight, true
	case Shifting, Baking, Awaiting, Promoting:
		return r.Current().Weight, true
	case Returning, RollingBack, Cleaning, Releasing:
		return 0, true
	case Queued, Ended:
	}
	return 0, false
}

// Case returns what the judge is told about the rollout now, without Prometheus's answers.
func (r Rollout) Case(now time.Time) Case {
	step := r.Step
	if r.Phase == Preparing || r.Phase == Shifting { // the weight is still that of the step before
		step = max(0, step-1)
	}
	return Case{Spec: r.Spec, Step: step, Since: r.WeightAckedAt, Adrift: r.Drift != nil, Now: now, Accepted: r.Accepted, State: r.Judge}
}

// Question returns what to ask Prometheus about the rollout now.
func (r Rollout) Question(now time.Time) Question {
	return Question{
		Service: r.Service, Namespace: r.Spec.Objects.Namespace, Stable: r.Spec.Objects.Stable,
		Canary: r.Spec.Objects.Canary, StableService: r.Spec.Objects.StableService, CanaryService: r.Spec.Objects.CanaryService,
		Select: r.Spec.Select, Checks: r.Spec.Checks, Signals: r.Spec.Signals, Now: now, Since: r.WeightAckedAt,
	}
}
