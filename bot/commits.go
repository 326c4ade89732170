package bot

import (
	"context"
	"errors"
	"sync"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// compares reports whether somebody can be asked for the commits between a service's versions.
func (b *Bot) compares(service rollout.ServiceName) bool {
	return b.Commits != nil && !b.Services[service].Source.IsZero()
}

// between asks which commits the rollout's version has over the one before; nil: nobody can be asked, or there is none before.
func (b *Bot) between(ctx context.Context, r rollout.Rollout) *rollout.Commits {
	if !b.compares(r.Service) || r.From() == "" {
		return nil
	}
	return new(b.Commits.Compare(ctx, b.Services[r.Service].Source, r.From(), r.Image))
}

// diff tells what differs between two versions. A forge may take seconds, so where it has to be asked the person sees that at
// once.
func (b *Bot) diff(ctx context.Context, cmd command.Command) (m view.Message, later func(context.Context) view.Message, err error) {
	var failed error
	m, err = b.about(ctx, cmd, func(r rollout.Rollout) view.Message {
		links := b.Services[r.Service].Links
		var known *rollout.Commits
		known, failed = b.told(ctx, r)
		if known != nil || !b.compares(r.Service) || r.From() == "" {
			return b.answers.Diff(r, links, known)
		}
		later = func(ctx context.Context) view.Message { return b.answers.Diff(r, links, b.between(ctx, r)) }
		return b.answers.AskingForge(b.Services[r.Service].Source)
	})
	return m, later, errors.Join(err, failed)
}

// told returns the commits that the rollout's timeline tells; nil: it tells none.
func (b *Bot) told(ctx context.Context, r rollout.Rollout) (*rollout.Commits, error) {
	if !r.CommitsTold {
		return nil, nil //nolint:nilnil // none are told
	}
	entries, err := b.Store.Timeline(ctx, r.ID, 0)
	for _, e := range entries {
		if c := e.Data.Commits; e.Kind == rollout.EntryCommits && c != nil && c.Unknown.IsZero() {
			return c, err
		}
	}
	return nil, err
}

// betweenAll asks for all those that would start, at once.
func (b *Bot) betweenAll(ctx context.Context, all []rollout.DryRun) map[rollout.ServiceName]rollout.Commits {
	var group sync.WaitGroup
	answers := make([]*rollout.Commits, len(all))
	for i, d := range all {
		if d.Err != nil || !d.Preflight.Passes() {
			continue
		}
		d.Rollout.Original = d.Preflight.Original
		group.Go(func() { answers[i] = b.between(ctx, d.Rollout) })
	}
	group.Wait()
	between := map[rollout.ServiceName]rollout.Commits{}
	for i, answer := range answers {
		if answer != nil {
			between[all[i].Request.Service] = *answer
		}
	}
	return between
}

// dryRunTold says what a dry run found out, and which commits the new version brings where it would start.
func (b *Bot) dryRunTold(ctx context.Context, r rollout.Rollout, p rollout.Preflight) view.Message {
	m := b.answers.DryRun(r, p)
	if !p.Passes() {
		return m
	}
	r.Original = p.Original
	return m.WithCommits(b.between(ctx, r))
}
