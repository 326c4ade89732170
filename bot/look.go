package bot

import (
	"cmp"
	"context"
	"slices"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// historyShown is how many rollouts history lists.
	historyShown = 10
)

// look answers what only looks.
func (b *Bot) look(ctx context.Context, a ask, cmd command.Command) (answer, error) {
	if cmd.Verb != command.Help && cmd.Verb != command.Whoami && b.outsider(ctx, a) {
		return tell(b.say.Outsider(rollout.Actor{Kind: rollout.Person, ID: a.user})), nil
	}
	var m view.Message
	var err error
	switch cmd.Verb {
	case command.Help:
		m = b.say.Help(cmd.Topic)
	case command.Status:
		m, err = b.status(ctx, cmd)
	case command.Services:
		m, err = b.services(ctx)
	case command.History:
		m, err = b.history(ctx, cmd.Service)
	case command.Whoami:
		m = b.whoami(ctx, a)
	case command.Checks:
		return b.checks(ctx, cmd)
	case command.Why:
		m, err = b.why(ctx, cmd)
	case command.Deploy, command.Promote, command.Rollback, command.Pause, command.Resume, command.Override, command.Retry, command.Abandon:
		err = rollout.Errorf(rollout.Internal, "%s does not only look.", cmd.Verb)
	}
	if err != nil {
		b.Log.Error("question not answered", "command", cmd.Verb, "error", err)
		m = b.say.Error(err) // nothing was to be committed: the person may hear it
	}
	return tell(m), nil
}

func (b *Bot) status(ctx context.Context, cmd command.Command) (view.Message, error) {
	if cmd.Service == "" {
		open, err := b.Store.Open(ctx, "")
		return b.say.Status(open), err
	}
	return b.about(ctx, cmd, func(r rollout.Rollout) view.Message {
		link, err := b.link(ctx, r.ID)
		if err != nil {
			b.Log.Warn("no link to the card", "rollout", r.ID, "error", err)
		}
		return b.say.StatusOf(r, link)
	})
}

// why explains the last verdict about a service. It asks nobody: what was decided stood on what is stored.
func (b *Bot) why(ctx context.Context, cmd command.Command) (view.Message, error) {
	return b.about(ctx, cmd, b.say.Why)
}

// about answers a question about one rollout: the one that was named, else the service's live one, else its newest.
func (b *Bot) about(ctx context.Context, cmd command.Command, say func(rollout.Rollout) view.Message) (view.Message, error) {
	r, _, err := b.target(ctx, cmd)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return b.say.NoRollout(cmd.Rollout), nil
	case err != nil:
		return view.Message{}, err
	case r.ID == "":
		return b.say.NothingLive(cmd.Service, rollout.Rollout{}), nil
	}
	return say(r), nil
}

func (b *Bot) services(ctx context.Context) (view.Message, error) {
	open, err := b.Store.Open(ctx, "")
	if err != nil {
		return view.Message{}, err
	}
	return b.say.Services(b.sorted(), open), nil
}

// sorted returns the configured services by name.
func (b *Bot) sorted() []rollout.Service {
	all := make([]rollout.Service, 0, len(b.Services))
	for _, s := range b.Services {
		all = append(all, s)
	}
	slices.SortFunc(all, func(x, y rollout.Service) int { return cmp.Compare(x.Name, y.Name) })
	return all
}

func (b *Bot) history(ctx context.Context, service rollout.ServiceName) (view.Message, error) {
	if service != "" {
		newest, err := b.Store.History(ctx, service, historyShown)
		if err != nil {
			return view.Message{}, err
		}
		agreed, of, err := b.agreement(ctx, service)
		return b.say.History(service, newest).Agreement(agreed, of), err
	}
	var all []rollout.Rollout
	for _, s := range b.sorted() {
		newest, err := b.Store.History(ctx, s.Name, historyShown)
		if err != nil {
			return view.Message{}, err
		}
		all = append(all, newest...)
	}
	slices.SortStableFunc(all, func(x, y rollout.Rollout) int { return y.Request.At.Compare(x.Request.At) })
	return b.say.History("", all[:min(len(all), historyShown)]), nil
}

// agreement counts in how many of a service's latest decisions people and the judge said the same.
func (b *Bot) agreement(ctx context.Context, service rollout.ServiceName) (agreed, of int, err error) {
	past, err := b.Store.History(ctx, service, rollout.Recent)
	if err != nil {
		return 0, 0, err
	}
	for _, r := range past {
		entries, err := b.Store.Timeline(ctx, r.ID, 0)
		if err != nil {
			return 0, 0, err
		}
		same, all := rollout.Agreement(entries)
		agreed, of = agreed+same, of+all
	}
	return agreed, of, nil
}

func (b *Bot) whoami(ctx context.Context, a ask) view.Message {
	member, err := b.people.member(ctx, a.user)
	if err != nil {
		b.Log.Warn("person not looked up", "actor", a.user, "error", err)
		return sayNotLookedUp()
	}
	return b.say.Whoami(rollout.Actor{Kind: rollout.Person, ID: a.user, Member: member}, b.Policy, b.sorted())
}

// checks asks a service's checks now: of the live canary where one has traffic, else of stable. Prometheus may take
// seconds, so the person hears at once that it is asked.
func (b *Bot) checks(ctx context.Context, cmd command.Command) (answer, error) {
	r, live, err := b.target(ctx, cmd)
	if err != nil && rollout.CodeOf(err) != rollout.NotFound {
		return tell(b.say.Error(err)), nil
	}
	if !live || !r.Phase.Forward() || r.WeightAckedAt.IsZero() {
		service, ok := b.Services[cmd.Service]
		if !ok {
			return tell(b.say.NothingLive(cmd.Service, r)), nil
		}
		r = rollout.Rollout{Service: service.Name, Spec: service.Spec}
	}
	out := tell(asking(cmd.Service))
	out.later = func(ctx context.Context) view.Message {
		return b.say.Checks(cmd.Service, b.Rollouts.Checks(ctx, r))
	}
	return out, nil
}
