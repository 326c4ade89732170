package bot

import (
	"context"
	"strings"
	"time"

	"canarybot.io/bot/cards"
	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// typed carries out a typed decision. It answers the question that the card shows, which is what the person saw.
func (b *Bot) typed(ctx context.Context, req request, cmd command.Command) (answer, error) {
	r, found, err := b.target(ctx, cmd)
	all := err == nil && cmd.Rollout != "" && cmd.Rollout == req.thread && len(r.Others()) > 0
	if all {
		r, err = b.putTo(ctx, r, cmd.Action())
	}
	switch missing := rollout.CodeOf(err) == rollout.NotFound; {
	case err != nil && !missing:
		return answer{}, err
	case missing || r.ID == "" || cmd.Verb != command.Review && (!found || r.Terminal()):
		if m, stranger := b.turnAway(ctx, req); stranger {
			return answerWith(m), nil // they do not learn what there is
		}
		if missing {
			return answerWith(b.answers.NoRollout(cmd.Rollout)), nil
		}
		return b.notLive(ctx, cmd, r)
	}
	cur, err := b.Cards.Cursor(ctx, r.ID)
	if err != nil && !needsNoDisk(cmd.Action(), err) {
		return answer{}, err
	}
	d := rollout.Decision{ID: req.id, Action: cmd.Action(), Turn: cur.Turn, Text: cmd.Reason, All: all}
	put := cur.TurnAt
	if cur.Showing == r.Turn && r.Stuck != nil && (d.Action == rollout.Abandon || d.Action == rollout.Retry) {
		// Only a card that says stuck makes anybody type this, and it may be there before Slack says so.
		d.Turn, put = r.Turn, time.Time{}
	}
	switch {
	case anyTurn(d.Action) && !req.sawRollout(r):
		return answerWith(b.answers.WrittenBeforeStart(r.ID)), nil
	case !anyTurn(d.Action) && !req.sawQuestion(put):
		b.Cards.Redraw(r.ID)
		return answerWith(b.answers.WrittenBeforeQuestion(r.ID)), nil
	}
	return b.decide(ctx, req, r, d)
}

// target returns the rollout that a typed decision is about: the one that was named, the live one of the service, or
// the one that waits for it. Where there is none, it returns the service's last and found is false.
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

// notLive answers a decision about what has ended. To roll back what has ended is to deploy the version before it.
func (b *Bot) notLive(ctx context.Context, cmd command.Command, last rollout.Rollout) (answer, error) {
	if cmd.Rollout != "" { // the one that was named has ended; another may live
		live, found, err := b.target(ctx, command.Command{Service: cmd.Service})
		if err != nil {
			return answer{}, err
		}
		if found {
			return answerWith(b.answers.EndedButLive(cmd.Rollout, live.ID)), nil
		}
	}
	if cmd.Verb == command.Rollback {
		return b.offerRollback(ctx, cmd.Service, cmd.Gently)
	}
	return answerWith(b.answers.NothingLive(cmd.Service, last)), nil
}

// decide commits a decision and answers. An error means that the decision may not be durable: then it must not be
// acknowledged.
func (b *Bot) decide(ctx context.Context, req request, r rollout.Rollout, d rollout.Decision) (answer, error) {
	actor, err := b.decider(ctx, req, d, r)
	d.Actor, d.At = actor, now()
	if err != nil {
		return b.refuseDecision(ctx, r, d, err)
	}
	if d.Action == rollout.Override && r.Drift != nil && r.Turn == d.Turn {
		d.Value = r.Drift.Value // the turn says that this is the value that was shown
	}
	after, err := b.Rollouts.Decide(ctx, r.ID, d)
	if err != nil {
		return b.refuseDecision(ctx, r, d, err)
	}
	link := b.link(ctx, r.ID)
	if d.All && (d.Action == rollout.Pause || d.Action == rollout.Resume || d.Action == rollout.Extend) {
		return answerWith(b.answers.AcceptedForAll(after, d.Action, link)), nil
	}
	return answerWith(b.answers.Accepted(after, d.Action, link)), nil
}

// link returns the address of the rollout's card; empty where there is none, or none is known.
func (b *Bot) link(ctx context.Context, id rollout.ID) string {
	link, err := b.Cards.Link(ctx, id)
	if err != nil {
		b.Log.Warn("no link to the card", "rollout", id, "error", err)
	}
	return link
}

// now reads the clock, without the monotonic part, which no store keeps.
func now() time.Time { return time.Now().UTC().Round(0) }

// offerRollback says what rolling back an ended rollout would do, with the button that does it.
func (b *Bot) offerRollback(ctx context.Context, service rollout.ServiceName, gently bool) (answer, error) {
	past, err := b.Store.History(ctx, service, rollout.Recent)
	if err != nil {
		return answer{}, err
	}
	success, ok := rollout.LastSuccess(past)
	switch {
	case !ok:
		return answerWith(b.answers.NothingBefore(service)), nil
	case success.Request.Back:
		return answerWith(b.answers.RolledBackAlready(success)), nil
	}
	if s, ok := b.Services[service]; gently && ok {
		return answerWith(b.answers.OfferGentleRollback(past[0], success.Image, success.From(), s.Spec.Plan)), nil
	}
	return answerWith(b.answers.OfferRollback(past[0], success.Image, success.From())), nil
}

// rollBackEnded starts the rollback that offerRollback offered. The button names the service's newest rollout: if there
// is a newer one, what was offered is not what would happen.
func (b *Bot) rollBackEnded(ctx context.Context, req request, v view.Value) (answer, error) {
	r, err := b.Store.Load(ctx, v.Rollout)
	if rollout.CodeOf(err) == rollout.NotFound {
		return answerWith(b.answers.NoRollout(v.Rollout)), nil
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
		if len(past) > 0 && b.decidedBy(ctx, past[0].ID, req.id) {
			return answer{}, nil
		}
		return answerWith(b.answers.OutdatedOffer()), nil
	}
	return b.start(ctx, req, rollout.DeployRequest{
		ID: req.id, Service: r.Service, Version: rollout.ShortVersion(success.From()), Back: true, Gently: v.Action == view.GoBackGently,
	})
}

// interaction is what a person did with a message of ours, a form or a shortcut.
func (b *Bot) interaction(p slack.Interaction) inbound {
	if in, ok := b.inView(p); ok {
		return in
	}
	if p.Type != "block_actions" || len(p.Actions) == 0 || p.User.ID == "" || p.TriggerID == "" ||
		!strings.HasPrefix(p.Actions[0].ActionID, view.ActionPrefix) {
		return inbound{}
	}
	req := request{
		id: rollout.DecisionID("slack:" + p.TriggerID), user: p.User.ID, written: b.Slack.Written(p.Actions[0].ActionTS),
		trigger: p.TriggerID,
	}
	return inbound{
		key: string(req.id), reply: b.byResponseURL(p.ResponseURL, p.Container.ThreadTS),
		run: func(ctx context.Context) (answer, error) { return b.press(ctx, req, p) },
	}
}

// press carries out a press on a button. Nothing in the payload is trusted but who pressed and where: the button's value
// is compared with the store and with the card that it must come from.
func (b *Bot) press(ctx context.Context, req request, p slack.Interaction) (answer, error) {
	if p.Actions[0].ActionID == view.ActionPrefix+string(view.SayLine) {
		return b.pressLine(ctx, req, p)
	}
	v, err := view.ParseValue(p.Actions[0].Value)
	switch {
	case err != nil:
		return answerWith(b.answers.Error(err)), nil
	case p.Actions[0].ActionID != view.ActionPrefix+string(v.Action):
		return answerWith(b.answers.ForeignButton()), nil
	case v.Environment != b.Environment:
		return answerWith(b.answers.OtherEnvironment(v.Environment, b.Environment)), nil
	case v.Action == view.GoBack || v.Action == view.GoBackGently:
		if !p.Container.Ephemeral { // only ever offered in private
			return answerWith(b.answers.ForeignButton()), nil
		}
		return b.rollBackEnded(ctx, req, v)
	}
	r, err := b.Store.Load(ctx, v.Rollout)
	if rollout.CodeOf(err) == rollout.NotFound {
		return answerWith(b.answers.NoRollout(v.Rollout)), nil
	}
	if err != nil {
		return answer{}, err
	}
	cur, err := b.Cards.Cursor(ctx, r.ID)
	onCard := false
	if err == nil {
		onCard, err = b.onTheCard(ctx, r, cur, p)
	}
	switch {
	case needsNoDisk(v.Action, err) && !p.Container.Ephemeral: // wherever the button was
	case err != nil:
		return answer{}, err
	case cur.Card == "" && onCard: // another card is about to take over from the one that was pressed
	case cur.Card == "" && anyTurn(v.Action) && !p.Container.Ephemeral && p.Container.ChannelID == cur.Channel:
		// A crash came between the card and its cursor. These hold for any turn: they need not wait to be sure.
	case cur.Card == "":
		return answerWith(b.answers.NoCardYet(r.ID)), nil
	case !onCard:
		return answerWith(b.answers.NotTheCard(r.ID)), nil
	case v.Action == view.Recheck:
		if no, away := b.turnAway(ctx, req); away {
			return answerWith(no), nil
		}
		return b.recheck(ctx, r), nil
	case v.Action == view.Incident:
		return b.askIncident(ctx, req, r, v)
	case view.WantsReason(v.Action) && !r.Terminal() && !r.Orphaned():
		return b.askReason(ctx, req, r, v)
	}
	return b.decide(ctx, req, r, rollout.Decision{ID: req.id, Action: v.Action, Turn: v.Turn, All: len(r.Others()) > 0})
}

// needsNoDisk reports whether the decision is taken although nobody can read which card is the rollout's.
func needsNoDisk(action rollout.Action, err error) bool {
	return action == rollout.Rollback && rollout.CodeOf(err) == rollout.Unavailable
}

// anyTurn reports whether the action holds for any turn, as in the domain.
func anyTurn(action rollout.Action) bool {
	return action == rollout.Rollback || action == rollout.Pause || action == rollout.Review
}

// fromCard reports whether the press came from the rollout's card, from one that it took over from because that takes no
// more edits, or from a message of ours in its thread.
func fromCard(cur cards.Cursor, p slack.Interaction) bool {
	c := p.Container
	return !c.Ephemeral && (cur.Has(c.ChannelID, c.MessageTS) || cur.Has(c.ChannelID, c.ThreadTS))
}
