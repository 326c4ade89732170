package bot

import (
	"context"
	"errors"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const (
	// auditShown is how many entries of the audit are listed.
	auditShown = 15
	// reportDays is how far a report looks back.
	reportDays = 30
)

// audit lists the newest entries of the audit.
func (b *Bot) audit(ctx context.Context, cmd command.Command) (view.Message, error) {
	newest, err := b.Store.Audit(ctx, rollout.AuditQuery{Service: cmd.Service, Rollout: cmd.Rollout, Limit: auditShown})
	if err != nil {
		return view.Message{}, err
	}
	head, err := b.Store.AuditHead(ctx)
	return b.answers.Audit(cmd.Service, newest, head), err
}

// report says how the rollouts of a service, of a team or of all went.
func (b *Bot) report(ctx context.Context, cmd command.Command) (view.Message, error) {
	days := cmd.Days
	if days == 0 {
		days = reportDays
	}
	to := now()
	from := to.Add(-time.Duration(days) * 24 * time.Hour)
	entries, err := b.Store.Audit(ctx, rollout.AuditQuery{Service: cmd.Service, Kinds: rollout.ReportKinds(), Since: from})
	if err != nil {
		return view.Message{}, err
	}
	head, err := b.Store.AuditHead(ctx)
	if err != nil {
		return view.Message{}, err
	}
	about := view.Reported{Service: cmd.Service, Team: cmd.Team, Baseline: b.Baseline}
	if head.Began.After(from) {
		from, about.Began = head.Began, head.Began
	}
	wants := func(e rollout.AuditEntry) bool { return cmd.Team == "" || b.Services[e.Service].Team == cmd.Team }
	return b.answers.Report(rollout.NewReport(entries, from, to, wants), about), nil
}

// incident records that customers were harmed. Every full member may say so: it moves nothing.
func (b *Bot) incident(ctx context.Context, req request, cmd command.Command) (answer, error) {
	if no, away := b.turnAway(ctx, req); away {
		return answerWith(no), nil
	}
	r, _, err := b.target(ctx, cmd)
	if err != nil && rollout.CodeOf(err) != rollout.NotFound {
		return answer{}, err
	}
	e := rollout.AuditEntry{
		At: now(), Kind: rollout.AuditIncident, Environment: b.Environment, Service: cmd.Service, Rollout: r.ID,
		Actor: rollout.Actor{Kind: rollout.Person, ID: req.user, Member: true}, Decision: req.id, Text: cmd.Reason,
	}
	err = b.Store.Record(ctx, []rollout.AuditEntry{e})
	if err != nil && !errors.Is(err, rollout.ErrDecided) {
		return answer{}, err
	}
	return answerWith(b.answers.Incident(cmd.Service, r)), nil
}
