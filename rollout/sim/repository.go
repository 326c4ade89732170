package sim

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"canarybot.io/rollout"
)

var _ rollout.Repository = (*Repository)(nil)

// Repository is a Git repository in memory that says what stable runs: for each file the image, and the commits that made
// it so. Its methods may be called from any goroutine.
type Repository struct {
	mu          sync.Mutex // guards what follows; never held across a call to other code
	files       map[rollout.GitFile]string
	commits     []Commit
	requests    []*request
	followers   []*Follower
	unreachable bool
	refused     string // why pushes are refused; empty: they are not
	protected   bool
	fault       Fault
	calls       int
	latency     time.Duration
}

// Commit is one commit to a branch.
type Commit struct {
	Hash    string
	At      time.Time
	File    rollout.GitFile
	Image   string // what the file says since
	Was     string // what it said before
	By      string // somebody else; empty: a rollout
	Rollout rollout.ID
	Reverts string // the hash of the commit that it takes back
}

// request is a pull request of a rollout.
type request struct {
	commit           Commit
	link             string
	merged, declined bool
}

// NewRepository returns a repository without files.
func NewRepository() *Repository { return &Repository{files: map[rollout.GitFile]string{}} }

// place is where a file is, whatever a rollout says about how to get a commit there.
func place(f rollout.GitFile) rollout.GitFile {
	return rollout.GitFile{Repo: f.Repo, Branch: f.Branch, Path: f.Path, Key: f.Key}
}

// Fulfil does what the wish wants, as rollout.Repository says. A fault before the call prevents it and is its answer; one
// after it has done what it did, and loses the answer.
func (r *Repository) Fulfil(ctx context.Context, of rollout.Rollout, wish rollout.GitWish) (state rollout.GitState) {
	r.mu.Lock()
	r.calls++
	call := Call{N: r.calls, Op: Fulfil, Rollout: of.ID, Wish: wish, Object: rollout.ObjectRef{Kind: "repository", Name: of.Spec.Promote.Git.Repo}}
	fault, latency := r.fault, r.latency
	r.mu.Unlock()
	if fault == nil {
		fault = func(Call) error { return nil }
	}
	if err := fault(call); err != nil {
		return unread(rollout.ProblemOf(err))
	}
	if !wait(ctx, latency) {
		return unread(rollout.Problem{Code: rollout.ProblemGitTimeout, Value: of.Spec.Promote.Git.Repo, Span: time.Minute})
	}
	state = r.fulfil(of, wish)
	r.apply()
	call.After = true
	if err := fault(call); err != nil {
		return unread(rollout.ProblemOf(err))
	}
	return state
}

func unread(p rollout.Problem) rollout.GitState {
	return rollout.GitState{At: time.Now(), Unreadable: p}
}

// wait waits and reports whether the context lives still.
func wait(ctx context.Context, latency time.Duration) bool {
	if latency > 0 {
		timer := time.NewTimer(latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err() == nil
}

// fulfil does what the wish wants and reads the state.
func (r *Repository) fulfil(of rollout.Rollout, wish rollout.GitWish) rollout.GitState {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := of.Spec.Promote.Git
	image, exists := r.files[place(f)]
	switch {
	case r.unreachable:
		return unread(rollout.Problem{Code: rollout.ProblemGitNoAnswer, Value: f.Repo, Words: "connection refused"})
	case !exists:
		return unread(rollout.Problem{Code: rollout.ProblemGitNoFile, Value: f.Repo, Want: f.Branch, Key: f.Path})
	}
	done, asked := r.find(of.ID, false)
	problem := rollout.Problem{}
	switch {
	case wish == rollout.WantPromotion && done == nil && asked == nil && image != of.Image:
		problem = r.write(of, Commit{File: place(f), Image: of.Image, Was: image, Rollout: of.ID})
	case wish == rollout.WantRevert && asked != nil && !asked.merged:
		asked.declined = true
	case wish == rollout.WantRevert && done != nil && image == done.Image:
		if back, again := r.find(of.ID, true); back == nil && again == nil {
			problem = r.write(of, Commit{File: place(f), Image: done.Was, Was: image, Rollout: of.ID, Reverts: done.Hash})
		}
	}
	if !problem.IsZero() {
		return unread(problem)
	}
	return rollout.GitState{At: time.Now(), Image: r.files[place(f)], Promotion: r.known(of.ID, false), Revert: r.known(of.ID, true)}
}

// find returns the rollout's commit and its pull request, of the promotion or of its revert; nil: there is none.
func (r *Repository) find(id rollout.ID, reverts bool) (done *Commit, asked *request) {
	for i, c := range r.commits {
		if c.Rollout == id && (c.Reverts != "") == reverts {
			done = &r.commits[i]
		}
	}
	for _, q := range r.requests {
		if q.commit.Rollout == id && (q.commit.Reverts != "") == reverts {
			asked = q
		}
	}
	return done, asked
}

// known is what a rollout is told of its commit.
func (r *Repository) known(id rollout.ID, reverts bool) (c rollout.GitCommit) {
	done, asked := r.find(id, reverts)
	if done != nil {
		c.Hash, c.Link = done.Hash, done.File.Repo+"/commit/"+done.Hash
	}
	if asked != nil {
		c.Asked, c.Declined, c.Link = !asked.declined, asked.declined, asked.link
	}
	return c
}

// write pushes a commit, or asks for it by a pull request.
func (r *Repository) write(of rollout.Rollout, c Commit) rollout.Problem {
	f := of.Spec.Promote.Git
	switch {
	case r.refused != "":
		return rollout.Problem{Code: rollout.ProblemGitPushRefused, Value: f.Repo, Want: f.Branch, Words: r.refused}
	case f.Push == rollout.PullRequest || r.protected:
		r.requests = append(r.requests, &request{commit: c, link: fmt.Sprintf("%s/pull/%d", f.Repo, len(r.requests)+1)})
	default:
		r.land(c)
	}
	return rollout.Problem{}
}

// land puts a commit into its branch.
func (r *Repository) land(c Commit) {
	c.At, c.Hash = time.Now(), fmt.Sprintf("%040x", 0xc0ffee0000+len(r.commits)+1)
	r.commits = append(r.commits, c)
	r.files[c.File] = c.Image
}

// Set lets somebody commit an image to the file, which need not exist before.
func (r *Repository) Set(f rollout.GitFile, image, by string) {
	r.change(func() { r.land(Commit{File: place(f), Image: image, Was: r.files[place(f)], By: by}) })
}

// change changes the repository on behalf of somebody else.
func (r *Repository) change(do func()) {
	r.mu.Lock()
	do()
	r.mu.Unlock()
	r.apply()
}

// Merge merges the rollout's open pull requests, that of a revert included. It reports whether there was one.
func (r *Repository) Merge(id rollout.ID) (found bool) {
	r.change(func() {
		for _, q := range r.open(id) {
			q.commit.Was, found, q.merged = r.files[q.commit.File], true, true
			r.land(q.commit)
		}
	})
	return found
}

// Decline closes the rollout's open pull requests without merging them. It reports whether there was one.
func (r *Repository) Decline(id rollout.ID) (found bool) {
	r.change(func() {
		for _, q := range r.open(id) {
			found, q.declined = true, true
		}
	})
	return found
}

func (r *Repository) open(id rollout.ID) []*request {
	return slices.DeleteFunc(slices.Clone(r.requests), func(q *request) bool {
		return q.commit.Rollout != id || q.merged || q.declined
	})
}

// Unreachable disconnects the repository, or reconnects it. Who follows it goes on with what was there.
func (r *Repository) Unreachable(down bool) { r.change(func() { r.unreachable = down }) }

// Refuse makes the repository refuse every push with these words; empty: it takes them again.
func (r *Repository) Refuse(words string) { r.change(func() { r.refused = words }) }

// Protect makes the branches take no push, so that every commit becomes a pull request.
func (r *Repository) Protect(on bool) { r.change(func() { r.protected = on }) }

// SetLatency sets how long each call of Fulfil takes.
func (r *Repository) SetLatency(d time.Duration) { r.change(func() { r.latency = d }) }

// SetFault replaces the hook that is called before and after every Fulfil; nil: nothing goes wrong.
func (r *Repository) SetFault(f Fault) { r.change(func() { r.fault = f }) }

// Image returns what the file says.
func (r *Repository) Image(f rollout.GitFile) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.files[place(f)]
}

// Commits returns every commit, oldest first.
func (r *Repository) Commits() []Commit {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.commits)
}
