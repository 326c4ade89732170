package view_test

import (
	"strings"
	"time"

	"canarybot.io/rollout"
)

// by is a rollout in the phase that somebody else promotes.
func by(p rollout.Phase, promoter rollout.Promoter, do func(r *rollout.Rollout)) rollout.Rollout {
	r := in(p)
	r.Spec.Promote = rollout.Promotion{By: promoter, Wait: 30 * time.Minute, Git: rollout.GitFile{
		Repo: "https://github.com/acme/deploys", Branch: "main", Path: "shop/kustomization.yaml", Edit: rollout.Kustomize, Push: rollout.PushDirect,
	}}
	r.StableWritten = p >= rollout.Promoting
	do(&r)
	return r
}

var (
	asked     = rollout.GitCommit{Asked: true, Link: "https://github.com/acme/deploys/pull/7"}
	declined  = rollout.GitCommit{Declined: true, Link: "https://github.com/acme/deploys/pull/7"}
	committed = rollout.GitCommit{Hash: strings.Repeat("c0ffee12", 5), Link: "https://github.com/acme/deploys/commit/" + strings.Repeat("c0ffee12", 5)}
	reverted  = rollout.GitCommit{Hash: strings.Repeat("deadbee1", 5)}
)

// promotions are the cards of rollouts that others promote.
func promotions() map[string]rollout.Rollout {
	drift := &rollout.Drift{Field: rollout.FieldStableImage, Wanted: "registry.example.com/shop/checkout:v1.2.3", Value: "registry.example.com/shop/checkout:v1.2.9", By: "kustomize-controller"}
	pipeline := rollout.Actor{Kind: rollout.Pipeline, ID: "ci", Run: "github.com/acme/shop, run 812", Link: "https://github.com/acme/shop/actions/runs/812"}
	return map[string]rollout.Rollout{
		"git_committing": by(rollout.Promoting, rollout.ByGit, func(*rollout.Rollout) {}),
		"git_away": by(rollout.Promoting, rollout.ByGit, func(r *rollout.Rollout) {
			r.Git.Unreadable = rollout.Problem{Code: rollout.ProblemGitNoAnswer, Value: "github.com/acme/deploys", Words: "connection refused"}
			r.Trouble = r.Git.Unreadable
		}),
		"git_asked":     by(rollout.Promoting, rollout.ByGit, func(r *rollout.Rollout) { r.Git.Promotion = asked }),
		"git_committed": by(rollout.Promoting, rollout.ByGit, func(r *rollout.Rollout) { r.Git.Promotion = committed }),
		"git_drift":     by(rollout.Baking, rollout.ByGit, func(r *rollout.Rollout) { r.Drift = drift }),
		"git_reverting": by(rollout.RollingBack, rollout.ByGit, func(r *rollout.Rollout) {
			r.Ending.Reason, r.Ending.By, r.Git.Promotion = rollout.Reason{Code: rollout.ReasonPerson, Detail: "customers complain"}, person("U0G9QF9C6"), committed
		}),
		"git_reverting_by_request": by(rollout.RollingBack, rollout.ByGit, func(r *rollout.Rollout) {
			r.Ending.Reason, r.Git.Promotion, r.Git.Revert = rollout.Reason{Code: rollout.ReasonStable}, committed, asked
		}),
		"git_not_reverted": by(rollout.RollingBack, rollout.ByGit, func(r *rollout.Rollout) {
			r.Ending.Reason, r.Git.Promotion = rollout.Reason{Code: rollout.ReasonStable}, committed
			r.Stuck = &rollout.Reason{Code: rollout.ReasonNotReverted, Detail: committed.Link, Problem: rollout.Problem{
				Code: rollout.ProblemGitPushRefused, Value: "github.com/acme/deploys", Want: "main", Words: "pre-receive hook declined",
			}}
		}),
		"git_declined": by(rollout.RollingBack, rollout.ByGit, func(r *rollout.Rollout) {
			r.Ending.Reason, r.Git.Promotion = rollout.Reason{Code: rollout.ReasonDeclined, Detail: declined.Link}, declined
		}),
		"git_refused": by(rollout.RollingBack, rollout.ByGit, func(r *rollout.Rollout) {
			r.Ending.Reason = rollout.Reason{Code: rollout.ReasonGitRefused, Problem: rollout.Problem{
				Code: rollout.ProblemGitNoFile, Value: "github.com/acme/deploys", Want: "main", Key: "shop/kustomization.yaml",
			}}
		}),
		"gate_open": by(rollout.Promoting, rollout.ByGate, func(*rollout.Rollout) {}),
		"gate_not_written": by(rollout.RollingBack, rollout.ByGate, func(r *rollout.Rollout) {
			r.Ending.Reason = rollout.Reason{Code: rollout.ReasonNotWritten}
		}),
		"by_pipeline": by(rollout.Baking, rollout.ByPatch, func(r *rollout.Rollout) { r.Request.By = pipeline }),
	}
}

// gitEntries are what the thread tells of Git.
func gitEntries() map[string]rollout.Entry {
	entry := func(wish rollout.GitWish, c rollout.GitCommit) rollout.Entry {
		return rollout.Entry{Kind: rollout.EntryGit, At: noon, Data: rollout.Data{Wish: wish, Commit: &c}}
	}
	phase := func(why rollout.Reason) rollout.Entry {
		return rollout.Entry{Kind: rollout.EntryPhase, At: noon, Data: rollout.Data{From: rollout.Promoting, To: rollout.RollingBack, Reason: why}}
	}
	return map[string]rollout.Entry{
		"git_committed":       entry(rollout.WantPromotion, committed),
		"git_asked":           entry(rollout.WantPromotion, asked),
		"git_declined":        entry(rollout.WantPromotion, declined),
		"git_reverted":        entry(rollout.WantRevert, reverted),
		"git_revert_asked":    entry(rollout.WantRevert, asked),
		"rolling_back_closed": phase(rollout.Reason{Code: rollout.ReasonDeclined, Detail: declined.Link}),
		"rolling_back_unset":  phase(rollout.Reason{Code: rollout.ReasonNotWritten}),
	}
}
