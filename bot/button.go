package bot

import (
	"context"
	"strings"

	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// interaction is what a person did with a message of ours; only presses on our buttons count.
func (b *Bot) interaction(p slack.Interaction) inbound {
	if p.Type != "block_actions" || len(p.Actions) == 0 || p.User.ID == "" || p.TriggerID == "" ||
		!strings.HasPrefix(p.Actions[0].ActionID, view.ActionPrefix) {
		return inbound{}
	}
	req := request{id: rollout.DecisionID("slack:" + p.TriggerID), user: p.User.ID, team: p.User.TeamID}
	return inbound{
		key: string(req.id), reply: b.byResponseURL(p.ResponseURL, p.Container.ThreadTS),
		run: func(ctx context.Context) (answer, error) { return b.press(ctx, req, p) },
	}
}

// press carries out a press on a button. Nothing in the payload is trusted but who pressed and where: the button's value
// is compared with the store and with the card that it must come from.
func (b *Bot) press(ctx context.Context, req request, p slack.Interaction) (answer, error) {
	v, err := view.ParseValue(p.Actions[0].Value)
	switch {
	case err != nil:
		return answerWith(b.answers.Error(err)), nil
	case p.Actions[0].ActionID != view.ActionPrefix+string(v.Action):
		return answerWith(b.answers.ForeignButton()), nil
	case v.Environment != b.Environment:
		return answerWith(b.answers.OtherEnvironment(v.Environment, b.Environment)), nil
	case v.Action == view.GoBack:
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
	switch {
	case err != nil:
		return answer{}, err
	case cur.Card == "" && anyTurn(v.Action) && !p.Container.Ephemeral && p.Container.ChannelID == cur.Channel:
		// A crash came between the card and its cursor. These hold for any turn: they need not wait to be sure.
	case cur.Card == "":
		return answerWith(b.answers.NoCardYet(r.ID)), nil
	case !fromCard(cur, p):
		return answerWith(b.answers.NotTheCard(r.ID)), nil
	case v.Action == rollout.Abandon && !r.Terminal() && !r.Orphaned():
		return answerWith(b.answers.NeedsReason(r)), nil
	}
	return b.decide(ctx, req, r, rollout.Decision{ID: req.id, Action: v.Action, Turn: v.Turn})
}

// anyTurn reports whether the action holds for any turn, as in the domain.
func anyTurn(action rollout.Action) bool {
	return action == rollout.Rollback || action == rollout.Pause
}

// fromCard reports whether the press came from the rollout's card, or from a message of ours in its thread.
func fromCard(cur cards.Cursor, p slack.Interaction) bool {
	c := p.Container
	return !c.Ephemeral && c.ChannelID == cur.Channel && (c.MessageTS == cur.Card || c.ThreadTS == cur.Card)
}
