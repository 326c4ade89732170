package rollout

import (
	"context"
	"time"
)

// Question asks Prometheus for a service's checks, of both arms.
type Question struct {
	Service   ServiceName
	Namespace string
	Stable    string // Deployment
	Canary    string // Deployment
	// StableService and CanaryService are the Services, where series are told apart by them.
	StableService, CanaryService string
	Select                       string // template that selects one arm's series; empty: by namespace and pod name
	Checks                       []Check
	Now                          time.Time
	// Since is when the weight was acknowledged: no window reaches back before it. Zero: windows are whole.
	Since time.Time
	// StableOnly asks the stable arm only, in the canary's place: what a preflight does.
	StableOnly bool
	// Signals are read raw, as far as Want asks for them.
	Signals Signals
	Want    Want
}

// Metrics answers questions about health: one sample for each check, and the wanted signals. It returns no error: what
// could not be had carries a reason. It blocks at most ten seconds.
type Metrics interface {
	Ask(ctx context.Context, q Question) Answer
}

// Cluster is what a rollout does to Kubernetes.
type Cluster interface {
	// Observe reads the rollout's objects live. It never fails: what could not be read is Observed.Unreadable.
	Observe(ctx context.Context, r Rollout) Observed
	// Do sends one guarded write. The error is Conflict when the object is not the one that the write was decided on
	// any more, NotFound when it is gone, Forbidden or Invalid when the cluster refuses it, else Unavailable: the
	// write may then have happened or happen later. Doing the same write twice is harmless.
	Do(ctx context.Context, r Rollout, w Write) error
}

// Preflighter reports whether a rollout may start. It changes nothing, but may delete inert leftovers of ended rollouts.
type Preflighter interface {
	Preflight(ctx context.Context, r Rollout) Preflight
}

// Tags knows what the tags of images name now.
type Tags interface {
	// Resolve returns the rollout's image with the digest that its tag names now; empty: that cannot be told, or tags are
	// left alone. It blocks for five seconds at most.
	Resolve(ctx context.Context, r Rollout) string
}

// Comparer knows which commits lie between two versions.
type Comparer interface {
	// Compare returns the commits between two images. It blocks for a few seconds at most, and never fails: why they are not
	// known is Commits.Unknown.
	Compare(ctx context.Context, s Source, from, to string) Commits
}

// Audience knows whether people can see a rollout.
type Audience interface {
	// Unseen returns why people cannot see the rollout; zero: they can, as far as anybody knows. Before that was tried, it
	// is what the rollout says. It never blocks.
	Unseen(r Rollout) Problem
}

// Change is the new value of one rollout, to be committed over the revision that it was made from.
type Change struct {
	Rollout Rollout // with the revision that it was read at; the store stores it with the next one
	Entries []Entry
	// Decision is remembered with the commit, so that it counts once.
	Decision DecisionID
	// Closures is the revision of the freezes and locks that a start was decided by; nil: they do not matter to it.
	Closures *Revision
	// Given are the revisions of other rollouts that it was decided by: each has to be the stored one.
	Given map[ID]Revision
	// Audit is appended to the audit, in the same commit.
	Audit []AuditEntry
}

// Store keeps rollouts. It is safe for concurrent use; every method returns copies. A store that cannot be written may
// still be read: reads see what is durable. A read that fails is Unavailable, and the next call tries again.
type Store interface {
	// ID identifies the store: stamps bear it.
	ID() string
	// Commit makes all the changes durable, or none. For each it compares the revision (0 creates), stores the
	// rollout at the next one, appends the entries to its timeline and what is to be audited to the audit, remembers the
	// decision, and takes the service when the rollout becomes live or frees it when it has ended. The errors: Conflict
	// when a revision is not the stored one, of the closures and of the given rollouts too; a
	// HeldError when another rollout holds the service; ErrDecided when the decision is remembered already; Forbidden
	// when it creates a rollout while space is kept for those under way.
	//
	// Any error of the disk is Unavailable. The change was not stored as far as anybody knows: with a disk that fails
	// or takes more than ten seconds it may be stored all the same, or later; then the same change is a Conflict the
	// next time, and what is read is what was stored. The store stays usable: the next call tries again.
	Commit(ctx context.Context, changes ...Change) error
	// Load returns one rollout: NotFound when there is none.
	Load(ctx context.Context, id ID) (Rollout, error)
	// Open returns the service's rollouts that have not ended, oldest first; for no service, those of all, by service.
	Open(ctx context.Context, service ServiceName) ([]Rollout, error)
	// History returns the service's newest rollouts, newest first, at most limit.
	History(ctx context.Context, service ServiceName, limit int) ([]Rollout, error)
	// Timeline returns the rollout's entries with a Seq above after, in order. They stay longer than the rollout.
	Timeline(ctx context.Context, id ID, after int) ([]Entry, error)
	// Holder returns the live rollout that holds the service; empty: nobody does.
	Holder(ctx context.Context, service ServiceName) (ID, error)
	// NextNumber returns the number that the service's next rollout gets. Creating it takes the number; of two that
	// race the second gets a Conflict.
	NextNumber(ctx context.Context, service ServiceName) (int, error)
	// Decided returns the rollout that a remembered decision made or was about, the newest where it was about several. The
	// id is empty where an earlier Canarybot committed it and noted none; ok is false where nobody remembers the decision.
	Decided(ctx context.Context, decision DecisionID) (id ID, ok bool, err error)
	// Closures returns the freezes and locks.
	Closures(ctx context.Context) (Closures, error)
	// SetClosures stores the next value of the closures at the next revision, and remembers the decision with it. The errors:
	// Conflict when its revision is not the stored one; ErrDecided when the decision is remembered already; Unavailable
	// as for Commit.
	SetClosures(ctx context.Context, c ClosureChange) error
	// Queue returns the pending deploys.
	Queue(ctx context.Context) (Queue, error)
	// SetQueue stores the next value of the queue, as SetClosures does that of the closures.
	SetQueue(ctx context.Context, c QueueChange) error
	// Probe tries whether the store can be written, mends what it can, and changes nothing: nil, or the Unavailable
	// error that a commit would get. It is cheap enough for each beat while the store is well.
	Probe(ctx context.Context) error
}

// HeldError says that another rollout holds the service.
type HeldError struct {
	Service ServiceName
	Holder  ID
}

// Error names the holder.
func (e *HeldError) Error() string { return string(e.Service) + " is held by " + string(e.Holder) }

// ErrDecided says that a decision with this id counted already.
var ErrDecided = Refuse(Conflict, Problem{Code: ProblemDecidedAlready})
