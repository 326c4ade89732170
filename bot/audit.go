package bot

import (
	"context"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/slack"
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

// report says how the rollouts of a service, of a team or of all went, and what makes the message about how they did over
// time; nil: there is nothing to show.
func (b *Bot) report(ctx context.Context, cmd command.Command) (m view.Message, overTime func(context.Context) view.Message, err error) {
	days := cmd.Days
	if days == 0 {
		days = reportDays
	}
	to := now()
	from := to.Add(-time.Duration(days) * 24 * time.Hour)
	entries, err := b.Store.Audit(ctx, rollout.AuditQuery{Service: cmd.Service, Kinds: rollout.ReportKinds(), Since: from})
	if err != nil {
		return m, nil, err
	}
	head, err := b.Store.AuditHead(ctx)
	if err != nil {
		return m, nil, err
	}
	about := view.Reported{Service: cmd.Service, Team: cmd.Team, Baseline: b.Baseline}
	if head.Began.After(from) {
		from, about.Began = head.Began, head.Began
	}
	wants := func(e rollout.AuditEntry) bool { return cmd.Team == "" || b.Services[e.Service].Team == cmd.Team }
	m = b.answers.Report(rollout.NewReport(entries, from, to, wants), about)
	spans := rollout.Trend(entries, from, to, wants)
	if trend, ok := b.answers.Trend(spans, about); ok {
		overTime = func(ctx context.Context) view.Message { return b.withTrendPicture(ctx, trend, spans, about) }
	}
	return m, overTime, nil
}

// withTrendPicture adds the picture of the charts where Slack does not draw them itself. The message says it all without.
func (b *Bot) withTrendPicture(ctx context.Context, m view.Message, spans []rollout.Report, about view.Reported) view.Message {
	if b.Draw == nil || !b.Slack.TakesFiles() || b.Slack.Draws(slack.Message(m)) {
		return m
	}
	picture := b.answers.TrendPicture(spans, about)
	content, err := b.Draw(picture)
	if err != nil {
		b.Log.Warn("a report without its picture", "error", err)
		return m
	}
	id, err := b.Slack.Upload(ctx, slack.File{Name: picture.Name, Alt: picture.Alt, Content: content})
	if err == nil {
		err = b.Slack.Complete(ctx, id)
	}
	if err != nil {
		b.Log.Warn("a report without its picture", "error", err)
		return m
	}
	return m.WithPicture(id, picture)
}
