package sim

import (
	"time"

	"canarybot.io/rollout"
)

// Follower is a controller, as Flux or Argo CD, that applies to an app's stable Deployment what a file of a repository
// says, whenever that changes.
type Follower struct {
	of      *Repository
	app     *App
	file    rollout.GitFile
	options FollowOptions
	stopped bool
	applied string
}

// FollowOptions say how a controller behaves.
type FollowOptions struct {
	// By is the manager that the cluster names for what it changes; default: kustomize-controller.
	By string
	// Delay is from the commit to the Deployment.
	Delay time.Duration
}

// Follow starts a controller. It applies nothing before the file says something else than now.
func (r *Repository) Follow(f rollout.GitFile, app *App, o FollowOptions) *Follower {
	if o.By == "" {
		o.By = "kustomize-controller"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := &Follower{of: r, app: app, file: place(f), options: o, applied: r.files[place(f)]}
	r.followers = append(r.followers, one)
	return one
}

// Stop keeps the controller from applying anything, as a suspended or broken one; Stop(false) lets it catch up.
func (f *Follower) Stop(stopped bool) { f.of.change(func() { f.stopped = stopped }) }

// Sync applies what the file says, also where somebody changed the Deployment since: drift is corrected.
func (f *Follower) Sync() {
	if image := f.of.Image(f.file); image != "" {
		f.app.SetImage(rollout.StableDeployment, image, f.options.By)
	}
}

// apply lets every follower of a file that changed do its work.
func (r *Repository) apply() {
	r.mu.Lock()
	var behind []*Follower
	for _, f := range r.followers {
		if image := r.files[f.file]; !f.stopped && image != f.applied {
			f.applied = image
			behind = append(behind, f)
		}
	}
	r.mu.Unlock()
	for _, f := range behind {
		if f.options.Delay == 0 {
			f.Sync()
			continue
		}
		time.AfterFunc(f.options.Delay, f.Sync)
	}
}
