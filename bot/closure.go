package bot

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// lockFor is how long a lock lasts where nobody said: one without end would be forgotten.
const lockFor = 24 * time.Hour

// closes begins or ends a freeze or a lock.
func (b *Bot) closes(ctx context.Context, req request, cmd command.Command) (answer, error) {
	scope := rollout.Scope{Service: cmd.Service, Team: cmd.Team}
	if cmd.Verb == command.Freeze && scope == (rollout.Scope{}) && !cmd.Everything {
		return b.query(ctx, req, cmd)
	}
	kind, action := rollout.FreezeClosure, rollout.Freeze
	if cmd.Verb == command.Lock || cmd.Verb == command.Unlock {
		kind = rollout.LockClosure
	}
	ends := cmd.Verb == command.Unfreeze || cmd.Verb == command.Unlock
	if ends {
		action = rollout.Unfreeze
	}
	actor, err := b.actorUnder(ctx, req, action, b.namedIn(scope))
	if err != nil && !(errors.Is(err, errNoGroups) && ends) { // to end one's own takes no group
		return b.refuseClosure(actor, action, scope, err)
	}
	if ends {
		return b.reopen(ctx, rollout.Reopening{ID: req.id, Kind: kind, Scope: scope, Actor: actor, At: now(), Text: cmd.Reason}, err)
	}
	c := rollout.Closure{Kind: kind, Scope: scope, Text: cmd.Reason, By: actor, At: now(), Running: cmd.Running}
	for _, action := range c.Needs() {
		if policy, no := b.forbids(scope, actor, action); no {
			return answerWith(b.mayNot(b.answers, actor, action, policy)), nil
		}
	}
	c, exact, err := b.times(ctx, req.user, cmd, c)
	switch {
	case err != nil:
		return answerWith(b.answers.Error(err)), nil
	case !exact:
		return answerWith(b.answers.MeantTime(b.Environment, c, exactly(cmd, c).String())), nil
	}
	if err := b.Rollouts.Close(ctx, c, req.id); err != nil {
		return b.refuseClosure(actor, action, scope, err)
	}
	b.tell(ctx, scope, b.answers.ClosureTold(c))
	out := answerWith(b.answers.ClosureSet(c))
	out.replace = true // the question, where there was one, is answered
	return out, nil
}

// times fills in from when until when a closure holds. Exact is false where that depends on when and where it was typed: then
// it is said before it counts.
func (b *Bot) times(ctx context.Context, user string, cmd command.Command, c rollout.Closure) (_ rollout.Closure, exact bool, err error) {
	zone := b.zone(ctx, user)
	c.From, exact = c.At, true
	if cmd.From != "" {
		_, span := cmd.From.Span()
		exact = span || cmd.From.Exact()
		if c.From, err = cmd.From.At(c.At, zone); err != nil {
			return c, false, err
		}
	}
	switch _, span := cmd.Until.Span(); {
	case span:
		c.Until, err = cmd.Until.At(c.From, zone)
	case cmd.Until != "":
		exact = exact && cmd.Until.Exact()
		c.Until, err = cmd.Until.At(c.At, zone)
	case c.Kind == rollout.LockClosure:
		c.Until = c.From.Add(lockFor)
	}
	if err == nil && !c.Until.IsZero() && !c.Until.After(c.From) {
		err = rollout.Refuse(rollout.Invalid, rollout.Problem{Code: rollout.ProblemClosureEmpty})
	}
	return c, exact, err
}

// exactly is the command with the moments that its times mean.
func exactly(cmd command.Command, c rollout.Closure) command.Command {
	if cmd.From != "" {
		cmd.From = calendar.When(c.From.Format(time.RFC3339))
	}
	if _, span := cmd.Until.Span(); cmd.Until != "" && !span {
		cmd.Until = calendar.When(c.Until.Format(time.RFC3339))
	}
	return cmd
}

// zone is where the person's clock is: as Slack says, else the configuration.
func (b *Bot) zone(ctx context.Context, user string) *time.Location {
	person, err := b.Slack.Person(ctx, user)
	if err == nil {
		if zone, ok := calendar.Zone(person.Zone); ok {
			return zone
		}
	}
	return b.Calendar.Location()
}

// reopen ends a freeze or a lock. Groups is why nobody knows which user groups the person is in; nil: they are known.
func (b *Bot) reopen(ctx context.Context, r rollout.Reopening, groups error) (answer, error) {
	ended, err := b.Rollouts.Reopen(ctx, r)
	if groups != nil && rollout.CodeOf(err) == rollout.Forbidden { // one of them might let them
		err = groups
	}
	if err != nil {
		return b.refuseClosure(r.Actor, rollout.Unfreeze, r.Scope, err)
	}
	m := b.withClosures(ctx, b.answers.Reopened(r, ended), r.Scope.Service) // another may hold still
	b.tell(ctx, r.Scope, m)
	return answerWith(m), nil
}

// refuseClosure turns the error of a freeze or a lock into the person's answer, or returns it where it may have been
// committed.
func (b *Bot) refuseClosure(actor rollout.Actor, action rollout.Action, scope rollout.Scope, err error) (answer, error) {
	var locked *rollout.LockedError
	switch code := rollout.CodeOf(err); {
	case errors.Is(err, errNotLookedUp):
		return answerWith(b.answers.UnknownPerson()), nil
	case errors.Is(err, errNoGroups):
		return answerWith(b.noGroups(action, scope.Service)), nil
	case errors.Is(err, rollout.ErrDecided):
		b.Slack.Count(slack.Duplicate)
		return answer{}, nil
	case errors.As(err, &locked):
		return answerWith(b.answers.Locked(locked.Lock)), nil
	case code == rollout.Forbidden:
		policy, _ := b.forbids(scope, actor, action)
		return answerWith(b.mayNot(b.answers, actor, action, policy)), nil
	case code == rollout.Unavailable && !rollout.Unsaved(err) || code == rollout.Internal:
		return answer{}, err
	}
	return answerWith(b.answers.Error(err)), nil
}

// namedIn names everybody who is named by a policy that holds in the scope.
func (b *Bot) namedIn(scope rollout.Scope) rollout.Policy {
	if scope.Team == "" {
		return b.policy(scope.Service)
	}
	var all []rollout.Policy
	for _, s := range b.sorted() {
		if scope.Has(s) {
			all = append(all, s.Policy)
		}
	}
	return naming(all...)
}

// forbids returns the policy that forbids the actor the action in the scope; ok is false where none does.
func (b *Bot) forbids(scope rollout.Scope, actor rollout.Actor, action rollout.Action) (p rollout.Policy, ok bool) {
	if scope == (rollout.Scope{}) {
		return b.Policy, b.Policy.Allows(actor, action) != nil
	}
	for _, s := range b.sorted() {
		if scope.Has(s) && s.Policy.Allows(actor, action) != nil {
			return s.Policy, true
		}
	}
	return b.Policy, false
}

// tell says in the channels of the services that the scope covers what was decided about them.
func (b *Bot) tell(ctx context.Context, scope rollout.Scope, m view.Message) {
	b.homes.changed()
	var channels []string
	for _, s := range b.sorted() {
		if scope.Has(s) {
			channels = append(channels, cmp.Or(s.Channel, b.Channel))
		}
	}
	if len(channels) == 0 {
		channels = []string{b.Channel}
	}
	slices.Sort(channels)
	late := context.WithoutCancel(ctx)
	taken := b.replies.TryGo(func() error {
		defer b.recoverFrom("closure")
		ctx, cancel := context.WithTimeout(late, shutdownMost)
		defer cancel()
		for _, channel := range slices.Compact(channels) {
			b.announce(ctx, channel, m)
		}
		return nil
	})
	if !taken {
		b.Slack.Count(slack.Overloaded)
		b.Log.Warn("too many answers at once; a freeze or lock was not announced")
	}
}

// closures returns what is frozen and locked now and what will be: what people set, and what the configuration says.
func (b *Bot) closures(ctx context.Context) ([]rollout.Closure, error) {
	set, err := b.Store.Closures(ctx)
	if err != nil {
		return nil, err
	}
	return append(set.Current(now()), b.Calendar.Coming(now())...), nil
}

// withClosures adds to an answer what is frozen and locked now, of the service where one is named.
func (b *Bot) withClosures(ctx context.Context, m view.Message, service rollout.ServiceName) view.Message {
	all, err := b.closures(ctx)
	if err != nil {
		b.Log.Warn("closures not read", "error", err)
		return m // what was asked for is there
	}
	if s, ok := b.Services[service]; ok {
		all = slices.DeleteFunc(all, func(c rollout.Closure) bool { return !c.Scope.Has(s) })
	}
	return m.Closing(all, now())
}

// pressLine types the line of a button for the person who pressed it. Only they have seen the button: it is worth what they
// may do.
func (b *Bot) pressLine(ctx context.Context, req request, p slack.Interaction) (answer, error) {
	typed, err := view.ParseLine(p.Actions[0].Value)
	switch {
	case err != nil:
		return answerWith(b.answers.Error(err)), nil
	case typed.Environment != b.Environment:
		return answerWith(b.answers.OtherEnvironment(typed.Environment, b.Environment)), nil
	case !p.Container.Ephemeral:
		return answerWith(b.answers.ForeignButton()), nil
	}
	cmd, err := command.Parse(typed.Text, b.known(ctx, req))
	if err != nil {
		return answerWith(b.answers.ParseError(err)), nil
	}
	switch {
	case cmd.Verb.Closes():
		return b.closes(ctx, req, cmd)
	case cmd.Verb == command.Incident: // the question is answered once, however often it is pressed
		req.id = rollout.DecisionID("slack:" + p.Container.ChannelID + ":" + p.Container.MessageTS)
		return b.incident(ctx, req, cmd)
	case cmd.Verb == command.Deploy && (cmd.Queue || cmd.At != ""):
		out, err := b.deploy(ctx, req, cmd)
		out.replace = out.replace || out.started != "" // the question is answered
		return out, err
	}
	return answerWith(b.answers.ForeignButton()), nil
}
