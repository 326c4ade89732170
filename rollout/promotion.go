package rollout

import (
	"context"
	"time"
)

// Promoter says who writes stable's new image when a rollout is promoted.
type Promoter string

// The promoters.
const (
	ByPatch Promoter = ""     // the rollout itself, in the cluster
	ByGit   Promoter = "git"  // the rollout commits it to Git, and whatever applies the repository does the rest
	ByGate  Promoter = "gate" // whatever waits for the rollout: a sync hook, a pipeline
)

// Promotion says how a service is promoted.
type Promotion struct {
	By  Promoter `json:"by,omitempty"`
	Git GitFile  `json:"git,omitzero"`
	// Wait is how long promoting may last until stable runs the version, where somebody else writes it.
	Wait time.Duration `json:"wait,omitempty"`
}

// GitEdit says what kind of file holds the version.
type GitEdit string

// The kinds.
const (
	Kustomize  GitEdit = "kustomize"   // images[].newTag of a kustomization; Key is the image's name
	HelmValues GitEdit = "helm-values" // one value of a chart's values; Key is its path, as image.tag
	Manifest   GitEdit = "manifest"    // containers[].image of the Deployment in it; Key is the container's name
)

// GitPush says how the commit gets into the branch.
type GitPush string

// The ways.
const (
	PushDirect  GitPush = "direct"
	PullRequest GitPush = "pull-request"
)

// GitFile is the place in a repository that says what stable runs.
type GitFile struct {
	Repo   string  `json:"repo"` // its address, without credentials
	Branch string  `json:"branch"`
	Path   string  `json:"path"` // of the file, relative to the repository's root
	Edit   GitEdit `json:"edit"`
	Key    string  `json:"key,omitempty"` // which value in the file
	Push   GitPush `json:"push"`
	Author string  `json:"author,omitempty"` // as "Name <address>"
}

// GitCommit is a commit of ours that the repository has, or a pull request that asks for it.
type GitCommit struct {
	Hash string `json:"hash,omitempty"` // in the branch; empty: not yet
	Link string `json:"link,omitempty"` // where people read it: of the pull request, else of the commit
	// Asked is true where a pull request asks for it, open or merged; Declined where that was closed without being merged.
	Asked    bool `json:"asked,omitempty"`
	Declined bool `json:"declined,omitempty"`
}

// IsZero reports whether there is no such commit, and none was asked for.
func (c GitCommit) IsZero() bool { return c == GitCommit{} }

// GitState is what a repository says about one rollout, as last read.
type GitState struct {
	At         time.Time `json:"at,omitzero"`         // when it was read; zero: not yet
	Wish       GitWish   `json:"wish,omitempty"`      // which was to be fulfilled then
	Unreadable Problem   `json:"unreadable,omitzero"` // why it could not be read or written; another try may
	Refused    Problem   `json:"refused,omitzero"`    // why the wish cannot be fulfilled, and no further try would mend that
	Image      string    `json:"image,omitempty"`     // what the branch says that stable runs, in full
	Promotion  GitCommit `json:"promotion,omitzero"`  // ours that has the new version
	Revert     GitCommit `json:"revert,omitzero"`     // ours that takes it back
}

// GitWish is what a rollout wants of the repository.
type GitWish string

// The wishes.
const (
	WantNothing   GitWish = ""          // to be read only
	WantPromotion GitWish = "promotion" // a commit, or a pull request, with the rollout's new version
	WantRevert    GitWish = "revert"    // that promotion out of the branch again, and its pull request closed
)

// Repository is Git where it says what stable runs.
type Repository interface {
	// Fulfil does what the wish wants, unless that was done before, and returns what the repository then says. Our commits
	// are known by the trailer Canarybot-Rollout, so doing it again, after a crash or beside another process, makes no
	// second one. A value that somebody else wrote over ours is never reverted. It returns no error: what could not be
	// done is Unreadable, or Refused where no further try would help. It blocks for GitPatience at most, and nothing that it
	// sent takes effect later than that after it began.
	Fulfil(ctx context.Context, r Rollout, wish GitWish) GitState
}

// GitPatience bounds one call of Repository.Fulfil.
const GitPatience = time.Minute

// defaultPromoteWait holds where the configuration says nothing.
const defaultPromoteWait = time.Hour

// ByOthers reports whether somebody else writes stable's image when the rollout is promoted.
func (r Rollout) ByOthers() bool { return r.Spec.Promote.By != ByPatch }

// MayGoOn reports whether whatever waits at the rollout's gate may write stable's new image.
func (r Rollout) MayGoOn() bool {
	return r.Spec.Promote.By == ByGate && (r.Phase == Promoting || r.Phase == Returning || r.Ending.Outcome == Succeeded)
}

// WishOf returns what the rollout wants of its repository, under the facts of the reconcile that committed it. As DesiredState
// it enforces the forward rule: the new version is first committed to Git on a passing verdict in these very facts.
func WishOf(r Rollout, f Facts) GitWish {
	switch {
	case r.Spec.Promote.By != ByGit:
	case r.Phase == Promoting && !r.blocked() && r.Git.Promotion.Hash == "" && (r.imageSent(f.Observed) || mayReplace(r, f)):
		return WantPromotion
	case r.Phase == RollingBack && !r.gitRestored(f.Now):
		return WantRevert
	}
	return WantNothing
}

// gitRestored reports whether nothing of the rollout is left in Git, or nothing that may be reverted: read by a look that began
// after the rollback, and where it found no promotion, after any that was still being pushed must have landed.
func (r Rollout) gitRestored(now time.Time) bool {
	g := r.Git
	switch {
	case r.Spec.Promote.By != ByGit || !r.StableWritten:
		return true
	case g.Wish != WantRevert || !g.Unreadable.IsZero() || !g.Refused.IsZero():
		return false
	case g.Promotion.IsZero():
		return now.Sub(g.At) <= r.Spans.Ending-r.gitPatience()
	case g.Promotion.Hash == "":
		return g.Promotion.Declined
	}
	return g.Revert.Hash != "" || g.Image != "" && !SameImage(g.Image, r.Image)
}

// gitPatience is how long a push may be under way that nobody waits for any more; it alone never makes the rollout stuck.
func (r Rollout) gitPatience() time.Duration {
	if stuck := r.Spec.Limits.Stuck; stuck > 0 {
		return min(GitPatience, stuck/2)
	}
	return GitPatience
}

// readGit takes over what the repository says. What was seen there once stays known: history may be rewritten, or too long to
// be read again.
func (rc *reconciliation) readGit() {
	g := rc.f.Git
	if rc.Spec.Promote.By != ByGit || g.At.IsZero() || g.Wish == WantRevert && rc.Phase.Forward() || g.Wish == WantPromotion && !rc.Phase.Forward() {
		return
	}
	before := rc.Git
	rc.Git = g
	if !g.Unreadable.IsZero() {
		rc.Git = before
		rc.Git.Unreadable = g.Unreadable
	}
	if rc.Git.Promotion.IsZero() {
		rc.Git.Promotion = before.Promotion
	}
	if rc.Git.Revert.IsZero() {
		rc.Git.Revert = before.Revert
	}
	if rc.Git.Promotion != before.Promotion {
		c := rc.Git.Promotion
		rc.tell(EntryGit, bot, Data{Commit: &c, Wish: WantPromotion})
	}
	if rc.Git.Revert != before.Revert {
		c := rc.Git.Revert
		rc.tell(EntryGit, bot, Data{Commit: &c, Wish: WantRevert})
	}
}

// promotionRefused reports whether Git will never have the promotion.
func (rc *reconciliation) promotionRefused() bool {
	return rc.Phase == Promoting && rc.Spec.Promote.By == ByGit && rc.Git.Wish == WantPromotion &&
		(!rc.Git.Refused.IsZero() || rc.Git.Promotion.Declined && rc.Git.Promotion.Hash == "")
}

func (rc *reconciliation) rollBackRefused() {
	if !rc.Git.Refused.IsZero() {
		rc.rollBack(Reason{Code: ReasonGitRefused, Problem: rc.Git.Refused}, bot)
		return
	}
	rc.rollBack(Reason{Code: ReasonDeclined, Detail: rc.Git.Promotion.Link}, bot)
}

// gitTrouble is why Git cannot be asked for what the phase wants of it.
func (rc *reconciliation) gitTrouble() Problem {
	if rc.Phase == Promoting || rc.Phase == RollingBack && rc.StableWritten {
		return rc.Git.Unreadable
	}
	return Problem{}
}
