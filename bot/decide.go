package bot

import (
	"context"
	"errors"
	"slices"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// actions are the decisions that commands make.
var actions = map[command.Verb]rollout.Action{
	command.Promote: rollout.Promote, command.Rollback: rollout.Rollback, command.Pause: rollout.Pause,
	command.Resume: rollout.Resume, command.Override: rollout.Override, command.Retry: rollout.Retry,
	command.Abandon: rollout.Abandon,
}

// typed does a typed decision. It answers the question that the card shows: what the person saw when they typed.
func (b *Bot) typed(ctx context.Context, a ask, cmd command.Command) (answer, error) {
	r, found, err := b.target(ctx, cmd)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return tell(b.say.NoRollout(cmd.Rollout)), nil
	case err != nil:
		return answer{}, err
	case !found || r.Terminal():
		return b.notLive(ctx, cmd, r)
	}
	cur, err := b.cursors.load(ctx, r.ID)
	if err != nil {
		return answer{}, err
	}
	d := rollout.Decision{ID: a.id, Action: actions[cmd.Verb], Turn: cur.Turn, Text: cmd.Reason}
	return b.decide(ctx, a, r, d)
}

// target returns the rollout that a typed decision is about: the one that was named, the live one of the service, or
// the one that waits for it. Where none is, it returns the service's last and found is false.
func (b *Bot) target(ctx context.Context, cmd command.Command) (r rollout.Rollout, found bool, err error) {
	if cmd.Rollout != "" {
		r, err = b.Store.Load(ctx, cmd.Rollout)
		return r, err == nil, err
	}
	id, err := b.Store.Holder(ctx, cmd.Service)
	if err != nil {
		return r, false, err
	}
	if id != "" {
		r, err = b.Store.Load(ctx, id)
		return r, err == nil, err
	}
	newest, err := b.Store.History(ctx, cmd.Service, 1)
	if err != nil || len(newest) == 0 {
		return r, false, err
	}
	return newest[0], !newest[0].Terminal(), nil
}

// notLive answers a decision about what has ended. To roll back what is finished is to go back to the version before.
func (b *Bot) notLive(ctx context.Context, cmd command.Command, last rollout.Rollout) (answer, error) {
	if cmd.Rollout != "" { // the one that was named has ended; another may live
		live, found, err := b.target(ctx, command.Command{Service: cmd.Service})
		if err != nil {
			return answer{}, err
		}
		if found {
			return tell(b.say.EndedButLive(cmd.Rollout, live.ID)), nil
		}
	}
	if cmd.Verb == command.Rollback {
		return b.offerRollback(ctx, cmd.Service)
	}
	return tell(b.say.NothingLive(cmd.Service, last)), nil
}

// decide commits a decision and answers. The error says that it is not known to be durable: then nothing may be
// acknowledged.
func (b *Bot) decide(ctx context.Context, a ask, r rollout.Rollout, d rollout.Decision) (answer, error) {
	actor, err := b.actor(ctx, a, d.Action, r.Service)
	d.Actor, d.At = actor, now()
	if err != nil {
		return b.refuse(ctx, r, d, err)
	}
	if d.Action == rollout.Override && r.Drift != nil && r.Turn == d.Turn {
		d.Value = r.Drift.Value // the turn says that this is the value that was shown
	}
	after, err := b.Rollouts.Decide(ctx, r.ID, d)
	if err != nil {
		return b.refuse(ctx, r, d, err)
	}
	link, err := b.link(ctx, r.ID)
	if err != nil {
		b.Log.Warn("no link to the card", "rollout", r.ID, "error", err)
	}
	return tell(b.say.Accepted(after, d.Action, link)), nil
}

// now is the clock of the shell, without the monotonic reading that no store keeps.
func now() time.Time { return time.Now().UTC().Round(0) }

// refuse turns an error into the answer that it is, or returns it where the decision is not known to have failed for
// good.
func (b *Bot) refuse(ctx context.Context, r rollout.Rollout, d rollout.Decision, err error) (answer, error) {
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return tell(b.say.UnknownPerson()), nil
	case errors.Is(err, rollout.ErrDecided):
		b.stats.add(func(s *Stats) { s.Duplicates++ })
		return answer{}, nil
	case code == rollout.Forbidden:
		return tell(b.say.Forbidden(d.Actor, d.Action, b.policy(r.Service))), nil
	case code == rollout.NotFound:
		return tell(b.say.NoRollout(r.ID)), nil
	case code == rollout.Conflict:
		if b.decidedBy(ctx, r.ID, d.ID) {
			b.stats.add(func(s *Stats) { s.Duplicates++ })
			return answer{}, nil
		}
		b.poster.refresh(r.ID)
		return tell(b.say.Stale(rollout.Message(err))), nil
	case code == rollout.Invalid:
		return tell(b.say.Error(err)), nil
	default:
		return answer{}, err
	}
}

// decidedBy reports whether the rollout's timeline has the decision already: Slack delivered it twice, and a restart
// lay between.
func (b *Bot) decidedBy(ctx context.Context, id rollout.ID, decision rollout.DecisionID) bool {
	if decision == "" {
		return false
	}
	entries, err := b.Store.Timeline(ctx, id, 0)
	return err == nil && slices.ContainsFunc(entries, func(e rollout.Entry) bool { return e.Decision == decision })
}

// link returns the address of the rollout's card; empty when it has none yet.
func (b *Bot) link(ctx context.Context, id rollout.ID) (string, error) {
	cur, err := b.cursors.load(ctx, id)
	if err != nil || cur.Card == "" {
		return "", err
	}
	return cur.link(b.home.known().url), nil
}

// offerRollback says what going back would do, with the button that does it.
func (b *Bot) offerRollback(ctx context.Context, service rollout.ServiceName) (answer, error) {
	past, err := b.Store.History(ctx, service, rollout.Recent)
	if err != nil {
		return answer{}, err
	}
	success, ok := rollout.LastSuccess(past)
	switch {
	case !ok:
		return tell(b.say.NothingBefore(service)), nil
	case success.Request.Back:
		return tell(b.say.RolledBackAlready(success)), nil
	}
	return tell(b.say.OfferRollback(past[0], success.Image, success.From())), nil
}

// goBack launches the way back that backFirst offered. The button names the service's newest rollout: if there is a
// newer one, what was offered is not what would happen.
func (b *Bot) goBack(ctx context.Context, a ask, v view.Value) (answer, error) {
	r, err := b.Store.Load(ctx, v.Rollout)
	if rollout.CodeOf(err) == rollout.NotFound {
		return tell(b.say.NoRollout(v.Rollout)), nil
	}
	if err != nil {
		return answer{}, err
	}
	past, err := b.Store.History(ctx, r.Service, rollout.Recent)
	if err != nil {
		return answer{}, err
	}
	success, ok := rollout.LastSuccess(past)
	if len(past) == 0 || past[0].ID != r.ID || r.Turn != v.Turn || !ok {
		if len(past) > 0 && b.decidedBy(ctx, past[0].ID, a.id) {
			return answer{}, nil
		}
		return tell(b.say.OutdatedOffer()), nil
	}
	return b.start(ctx, a, rollout.DeployRequest{
		ID: a.id, Service: r.Service, Version: rollout.ShortVersion(success.From()), Back: true,
	})
}
