package bot_test

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// promoterCommands are about who writes stable when a rollout is promoted.
func promoterCommands() []command {
	return []command{
		{"promoter", "WHO", "restarts the bot with checkout promoted by git, pull-request or gate", quiet(func(w *world, s words) {
			w.stop()
			w.promoteBy(string(s))
			w.start()
			w.settle()
		})},
		{"git", "STATE", "is down, up, refuses or takes pushes, merges or declines the pull request, or is applied late or at once", quiet(func(w *world, s words) {
			w.oneOf(string(s), map[string]func(){
				"down":     func() { w.git.Unreachable(true) },
				"up":       func() { w.git.Unreachable(false) },
				"refuses":  func() { w.git.Refuse("pre-receive hook declined") },
				"takes":    func() { w.git.Refuse("") },
				"merges":   func() { w.git.Merge(w.newest()) },
				"declines": func() { w.git.Decline(w.newest()) },
				"late":     func() { w.follows.Stop(true) },
				"at once":  func() { w.follows.Stop(false) },
			})
		})},
	}
}

// promoteBy lets somebody else write stable from the next start of the bot on.
func (w *world) promoteBy(who string) {
	s := w.services["checkout"]
	file := rollout.GitFile{
		Repo: "https://github.com/acme/deploys", Branch: "main", Path: "shop/kustomization.yaml", Edit: rollout.Kustomize,
		Key: repository, Push: rollout.PushDirect,
	}
	s.Spec.Promote = rollout.Promotion{By: rollout.ByGit, Git: file, Wait: 30 * time.Minute}
	w.oneOf(who, map[string]func(){
		"git":          func() {},
		"pull-request": func() { s.Spec.Promote.Git.Push = rollout.PullRequest },
		"gate":         func() { s.Spec.Promote = rollout.Promotion{By: rollout.ByGate, Wait: 30 * time.Minute} },
	})
	w.services["checkout"] = s
	if w.follows == nil && who != "gate" {
		w.git.Set(file, repository+":v1.2.3", "somebody")
		w.follows = w.git.Follow(file, w.cluster.checkout(), sim.FollowOptions{Delay: 20 * time.Second})
	}
}

// newest returns the newest rollout of checkout.
func (w *world) newest() rollout.ID {
	w.t.Helper()
	all, err := w.store.History(w.t.Context(), "checkout", 1)
	if err != nil || len(all) == 0 {
		w.t.Fatalf("there is no rollout: %v", err)
	}
	return all[0].ID
}
