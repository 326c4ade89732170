package bot

import (
	"context"
	"strings"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// interaction is something that somebody did with a message of ours; only presses on our buttons are for us.
func (b *Bot) interaction(p pressPayload) inbound {
	if p.Type != "block_actions" || len(p.Actions) == 0 || p.User.ID == "" || p.TriggerID == "" ||
		!strings.HasPrefix(p.Actions[0].ActionID, view.ActionPrefix) {
		return inbound{}
	}
	a := ask{id: rollout.DecisionID("slack:" + p.TriggerID), user: p.User.ID, team: p.User.TeamID, channel: p.Container.ChannelID}
	return inbound{
		key: string(a.id), voice: b.byURL(p.ResponseURL, p.Container.ThreadTS),
		run: func(ctx context.Context) (answer, error) { return b.press(ctx, a, p) },
	}
}

// press does what a button says. Nothing in the payload is trusted but who pressed and where: what the button says is
// compared with the store and with the card that it must come from.
func (b *Bot) press(ctx context.Context, a ask, p pressPayload) (answer, error) {
	v, err := view.ParseValue(p.Actions[0].Value)
	switch {
	case err != nil:
		return tell(b.say.Error(err)), nil
	case p.Actions[0].ActionID != view.ActionPrefix+string(v.Action):
		return tell(b.say.ForeignButton()), nil
	case v.Environment != b.Environment:
		return tell(b.say.OtherEnvironment(v.Environment, b.Environment)), nil
	case v.Action == view.GoBack:
		if !p.Container.Ephemeral { // only ever offered in private
			return tell(b.say.ForeignButton()), nil
		}
		return b.goBack(ctx, a, v)
	}
	r, err := b.Store.Load(ctx, v.Rollout)
	if rollout.CodeOf(err) == rollout.NotFound {
		return tell(b.say.NoRollout(v.Rollout)), nil
	}
	if err != nil {
		return answer{}, err
	}
	cur, err := b.cursors.load(ctx, r.ID)
	switch {
	case err != nil:
		return answer{}, err
	case cur.Card == "" && safe(v.Action) && !p.Container.Ephemeral && p.Container.ChannelID == cur.Channel:
		// A crash came between the card and its cursor. These hold for any turn: they need not wait to be sure.
	case cur.Card == "":
		return tell(b.say.NoCardYet(r.ID)), nil
	case !fromCard(cur, p):
		return tell(b.say.NotTheCard(r.ID)), nil
	case v.Action == rollout.Abandon && !r.Terminal() && !r.Orphaned():
		return tell(b.say.NeedsReason(r)), nil
	}
	return b.decide(ctx, a, r, rollout.Decision{ID: a.id, Action: v.Action, Turn: v.Turn})
}

// safe reports whether the action holds for any turn, as the domain has it.
func safe(action rollout.Action) bool { return action == rollout.Rollback || action == rollout.Pause }

// fromCard reports whether the press came from the rollout's card, or from a message of ours in its thread.
func fromCard(cur cursor, p pressPayload) bool {
	c := p.Container
	return !c.Ephemeral && c.ChannelID == cur.Channel && (c.MessageTS == cur.Card || c.ThreadTS == cur.Card)
}
