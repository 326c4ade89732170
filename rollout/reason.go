package rollout

// ReasonCode says why a rollout is rolled back, held, stuck or cancelled: data, which the view turns into words.
type ReasonCode string

// The codes.
const (
	ReasonNone         ReasonCode = ""
	ReasonPerson       ReasonCode = "person"         // somebody decided; Detail is their words
	ReasonAnnotation   ReasonCode = "annotation"     // canarybot.io/rollback=now
	ReasonReplaced     ReasonCode = "replaced"       // Detail is the rollout that comes instead
	ReasonCheck        ReasonCode = "check"          // Evidence says which
	ReasonCanary       ReasonCode = "canary"         // the canary failed; Failure says how
	ReasonStable       ReasonCode = "stable"         // stable failed while promoting; Failure says how
	ReasonDeadline     ReasonCode = "deadline"       // the phase took too long
	ReasonUnanswered   ReasonCode = "unanswered"     // nobody answered within the wait
	ReasonUnknown      ReasonCode = "unknown"        // evidence unknown beyond the limit
	ReasonDoubt        ReasonCode = "doubt"          // evidence is in doubt; Evidence says which
	ReasonWeightZero   ReasonCode = "weight_zero"    // somebody took the canary off traffic
	ReasonRouteGone    ReasonCode = "route_gone"     // the route was deleted
	ReasonCanaryGone   ReasonCode = "canary_gone"    // the canary was deleted
	ReasonServiceGone  ReasonCode = "service_gone"   // the canary's Service was deleted
	ReasonStableGone   ReasonCode = "stable_gone"    // stable was deleted
	ReasonImageDiffers ReasonCode = "image_differs"  // a pod runs another image than the one judged
	ReasonStableEmpty  ReasonCode = "stable_empty"   // stable was scaled to 0
	ReasonStableNoPods ReasonCode = "stable_no_pods" // no endpoint behind stable to take the traffic
	ReasonSlow         ReasonCode = "slow"           // an ending phase is not done in its time
	ReasonReverted     ReasonCode = "fought"         // Detail is the manager that undoes a field of ours
	ReasonPreflight    ReasonCode = "preflight"      // the preflight found problems
	ReasonHeld         ReasonCode = "held"           // another rollout holds the service; Detail is its id
	ReasonOrphaned     ReasonCode = "orphaned"       // another store left a canary behind; Detail is its rollout
	ReasonOrphanGone   ReasonCode = "orphan_gone"    // somebody else did away with what was left behind
	ReasonUnreadable   ReasonCode = "unreadable"     // the cluster could not be read; Problem says why
	ReasonWriteRefused ReasonCode = "write_refused"  // the cluster refuses a write; Problem says why
	ReasonFrozen       ReasonCode = "frozen"         // a freeze began that rolls back what is under way; Detail is its name, or why somebody set it
	ReasonSibling      ReasonCode = "sibling"        // one that it goes together with is rolled back; Detail is its id
	ReasonUnseen       ReasonCode = "unseen"         // people cannot see the rollout; Problem says why
	ReasonGitRefused   ReasonCode = "git_refused"    // the promotion cannot be committed to Git; Problem says why
	ReasonDeclined     ReasonCode = "declined"       // the pull request of the promotion was closed; Detail is its address
	ReasonNotWritten   ReasonCode = "not_written"    // nobody gave stable the new version in time; Problem says what Git said
	ReasonNotReverted  ReasonCode = "not_reverted"   // the promotion is still in Git; Problem says why
)

// Reason is why something happened. Detail is a name or somebody's words.
type Reason struct {
	Code     ReasonCode `json:"code"`
	Detail   string     `json:"detail,omitempty"`
	Problem  Problem    `json:"problem,omitzero"`
	Evidence *Evidence  `json:"evidence,omitempty"`
	Failure  Failure    `json:"failure,omitzero"`
}

// FailureKind is how a workload fails, in Kubernetes' own terms.
type FailureKind string

// The kinds of failures. Those that may pass alone never condemn: they wait for the deadline.
const (
	NoFailure        FailureKind = ""
	Refused          FailureKind = "refused"        // the cluster will not have the pods: a policy, a limit, a missing ServiceAccount
	OverQuota        FailureKind = "over_quota"     // a quota has no room for the pods
	NotCreated       FailureKind = "not_created"    // the pods cannot be made just now: a webhook is down
	ConfigMissing    FailureKind = "config_missing" // a ConfigMap or a Secret that the pods need, or a key of one
	CrashLoop        FailureKind = "crash_loop"
	ImagePull        FailureKind = "image_pull"         // no further attempt will get the image
	ImagePullRetried FailureKind = "image_pull_retried" // the next attempt may: a busy registry, a network in trouble
	OOMKilled        FailureKind = "oom_killed"
	ProgressDeadline FailureKind = "progress_deadline"
	Unschedulable    FailureKind = "unschedulable"
	NotReady         FailureKind = "not_ready"
)

// Failure is what is wrong with a workload's pods. Detail is the cluster's own words.
type Failure struct {
	Kind   FailureKind `json:"kind,omitempty"`
	Detail string      `json:"detail,omitempty"`
}

// Condemns reports whether the failure alone rolls the canary back. A quota that is used up does: the canary is what
// came on top.
func (f Failure) Condemns() bool {
	switch f.Kind {
	case CrashLoop, ImagePull, OOMKilled, ProgressDeadline, Refused, OverQuota:
		return true
	case NoFailure, ImagePullRetried, NotCreated, ConfigMissing, Unschedulable, NotReady:
		return false
	}
	return false
}

// Waits reports whether people should know what the pods wait for while they do: it may pass, and lasts longer than a
// start.
func (f Failure) Waits() bool {
	switch f.Kind {
	case ImagePullRetried, OverQuota, NotCreated, ConfigMissing, Unschedulable:
		return true
	case NoFailure, CrashLoop, ImagePull, OOMKilled, Refused, ProgressDeadline, NotReady:
		return false
	}
	return false
}
