package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// historyShown is how many rollouts history lists.
const historyShown = 10

// query answers a question. It changes nothing.
func (b *Bot) query(ctx context.Context, req request, cmd command.Command) (answer, error) {
	if cmd.Verb != command.Help && cmd.Verb != command.Whoami {
		if no, away := b.turnAway(ctx, req); away {
			return answerWith(no), nil
		}
	}
	var m view.Message
	var err error
	var later func(context.Context) view.Message
	switch cmd.Verb {
	case command.Help:
		m = b.answers.Help(cmd.Topic)
	case command.Status:
		m, err = b.status(ctx, cmd)
		m = b.withPending(ctx, b.withClosures(ctx, m, cmd.Service), cmd.Service)
	case command.Services:
		m, err = b.services(ctx)
	case command.History:
		m, err = b.history(ctx, cmd.Service)
	case command.List:
		m, err = b.list(ctx)
	case command.Show:
		m, err = b.whole(ctx, cmd)
	case command.Diff:
		m, later, err = b.diff(ctx, cmd)
	case command.Whoami:
		m = b.whoami(ctx, req)
	case command.Checks:
		return b.checks(ctx, cmd)
	case command.Recheck:
		return b.recheckTyped(ctx, cmd)
	case command.Why:
		m, err = b.why(ctx, cmd)
	case command.Freeze:
		var all []rollout.Closure
		all, err = b.closures(ctx)
		m = b.answers.Closures(all, now())
	case command.Queue:
		var q rollout.Queue
		q, err = b.Store.Queue(ctx)
		m = b.answers.Queue(q, cmd.Service, now())
	case command.Audit:
		m, err = b.audit(ctx, cmd)
	case command.Report:
		m, later, err = b.report(ctx, cmd)
	case command.Digest:
		m, err = b.digest(ctx, cmd)
	case command.Incident, command.Deploy, command.Unfreeze, command.Lock, command.Unlock, command.Promote, command.Rollback, command.Pause, command.Resume, command.Extend, command.Review, command.Override, command.Accept,
		command.Retry, command.Abandon, command.All:
		err = fmt.Errorf("%s is no query", cmd.Verb)
	}
	if err != nil {
		b.Log.Error("question not answered", "command", cmd.Verb, "error", err)
		m = b.answers.Error(err) // nothing was to be committed, so it may be acknowledged
	}
	if o, degraded := b.Rollouts.Outage(); degraded {
		m = b.answers.InOutage(m, o)
	}
	return answer{now: &m, later: later}, nil
}

func (b *Bot) status(ctx context.Context, cmd command.Command) (view.Message, error) {
	if cmd.Service == "" {
		open, err := b.Store.Open(ctx, "")
		if _, degraded := b.Rollouts.Outage(); degraded {
			open, err = b.Rollouts.Snapshot(), nil // what is taken off traffic meanwhile is nowhere else
		}
		return b.answers.Status(open), err
	}
	return b.about(ctx, cmd, func(r rollout.Rollout) view.Message {
		return b.answers.StatusOf(r, b.policy(r.Service).WhoApproves(r), b.link(ctx, r.ID))
	})
}

// list tells what each service runs.
func (b *Bot) list(ctx context.Context) (view.Message, error) {
	var all []view.Running
	for _, s := range b.sorted() {
		newest, err := b.Store.History(ctx, s.Name, rollout.Recent)
		if err != nil {
			return view.Message{}, err
		}
		open, err := b.Store.Open(ctx, s.Name)
		if err != nil {
			return view.Message{}, err
		}
		newest = slices.DeleteFunc(newest, func(r rollout.Rollout) bool { return !r.Terminal() })
		all = append(all, view.RunningOf(s.Name, append(open, newest...)))
	}
	return b.answers.List(all), nil
}

// whole tells everything about one rollout.
func (b *Bot) whole(ctx context.Context, cmd command.Command) (m view.Message, err error) {
	var failed error
	m, err = b.about(ctx, cmd, func(r rollout.Rollout) view.Message {
		shown := view.Shown{Rollout: r, Approvers: b.policy(r.Service).Approvers, Links: b.Services[r.Service].Links, Card: b.link(ctx, r.ID)}
		shown.Timeline, failed = b.Store.Timeline(ctx, r.ID, 0)
		return b.answers.Show(shown)
	})
	return m, errors.Join(err, failed)
}

// why explains the last verdict about a service, from what is stored: that is what was decided on.
func (b *Bot) why(ctx context.Context, cmd command.Command) (view.Message, error) {
	return b.about(ctx, cmd, b.answers.Why)
}

// about answers a question about one rollout: the one that was named, else the service's live one, else its newest.
func (b *Bot) about(ctx context.Context, cmd command.Command, answer func(rollout.Rollout) view.Message) (view.Message, error) {
	r, _, err := b.target(ctx, cmd)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return b.answers.NoRollout(cmd.Rollout), nil
	case err != nil:
		return view.Message{}, err
	case r.ID == "":
		return b.answers.NothingLive(cmd.Service, rollout.Rollout{}), nil
	}
	return answer(r), nil
}

func (b *Bot) services(ctx context.Context) (view.Message, error) {
	open, err := b.Store.Open(ctx, "")
	if err != nil {
		return view.Message{}, err
	}
	return b.answers.Services(b.sorted(), open), nil
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
		return b.answers.History(service, newest).Agreement(agreed, of), err
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
	return b.answers.History("", all[:min(len(all), historyShown)]), nil
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

func (b *Bot) whoami(ctx context.Context, req request) view.Message {
	person, err := b.Slack.Person(ctx, req.user)
	if err != nil {
		b.Log.Warn("person not looked up", "actor", req.user, "error", err)
		return b.answers.UnknownPerson()
	}
	everything := b.everyPolicy()
	actor, err := b.inGroups(ctx, identified(req.user, person, everything), everything, "")
	m := b.answers.Whoami(actor, b.Policy, b.sorted()).NobodyIn(b.Slack.EmptyGroups(everything.Groups()))
	if err != nil {
		m = b.answers.WithoutGroups(m)
	}
	return m
}

// recheckTyped is recheck of the rollout that was typed, or of the service's live one.
func (b *Bot) recheckTyped(ctx context.Context, cmd command.Command) (answer, error) {
	r, found, err := b.target(ctx, cmd)
	switch {
	case rollout.CodeOf(err) == rollout.NotFound:
		return answerWith(b.answers.NoRollout(cmd.Rollout)), nil
	case err != nil:
		return answer{}, err
	case !found:
		return answerWith(b.answers.NothingLive(cmd.Service, r)), nil
	}
	return b.recheck(ctx, r), nil
}

// recheck has the rollout's checks asked at once. It decides nothing: every full member may.
func (b *Bot) recheck(ctx context.Context, r rollout.Rollout) answer {
	if !r.Phase.Forward() || r.WeightAckedAt.IsZero() {
		return answerWith(b.answers.NothingToRecheck(r))
	}
	b.Rollouts.Recheck(r.ID)
	return answerWith(b.answers.Rechecking(r, b.link(ctx, r.ID)))
}

// checks asks a service's checks now: of the live canary where one has traffic, else of stable. Prometheus may take
// seconds, so the person sees at once that it is asked.
func (b *Bot) checks(ctx context.Context, cmd command.Command) (answer, error) {
	r, live, err := b.target(ctx, cmd)
	if err != nil && rollout.CodeOf(err) != rollout.NotFound {
		return answerWith(b.answers.Error(err)), nil
	}
	if !live || !r.Phase.Forward() || r.WeightAckedAt.IsZero() {
		service, ok := b.Services[cmd.Service]
		if !ok {
			return answerWith(b.answers.NothingLive(cmd.Service, r)), nil
		}
		r = rollout.Rollout{Service: service.Name, Spec: service.Spec}
	}
	out := answerWith(b.answers.AskingChecks(cmd.Service))
	out.later = func(ctx context.Context) view.Message {
		return b.answers.Checks(cmd.Service, b.Rollouts.Checks(ctx, r))
	}
	return out, nil
}
