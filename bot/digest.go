package bot

import (
	"context"
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

// usualPeriod is what a digest is about where the configuration has none.
const usualPeriod = 7 * 24 * time.Hour

// digest answers what the next digest would say now: of those that are posted in the channel, where one is typed.
func (b *Bot) digest(ctx context.Context, cmd command.Command) (view.Message, error) {
	all := slices.Clone(b.Digests)
	at := now()
	slices.SortStableFunc(all, func(x, y calendar.Digest) int { return x.Schedule.Next(at).Compare(y.Schedule.Next(at)) })
	var next []calendar.Digest
	var others []view.Upcoming
	for _, d := range all {
		if len(next) == 0 && b.isChannel(ctx, d.Channel, cmd.Channel) {
			next = append(next, d)
			continue
		}
		others = append(others, b.upcoming(d, at))
	}
	switch {
	case len(next) > 0:
		h := b.digests.handled(next[0])
		shown, err := b.digestOf(ctx, next[0], next[0].From(h, at), at)
		return b.answers.DigestNow(shown, b.upcoming(next[0], at), others), err
	case cmd.Channel != "":
		return b.answers.NoDigest(cmd.Channel, others), nil
	}
	shown, err := b.digestOf(ctx, calendar.Digest{}, at.Add(-usualPeriod), at)
	return b.answers.DigestNow(shown, view.Upcoming{}, nil), err
}

func (b *Bot) upcoming(d calendar.Digest, at time.Time) view.Upcoming {
	return view.Upcoming{Channel: d.Channel, Scopes: d.Scopes, Next: d.Schedule.Next(at), Trouble: b.digests.troubleWith(d)}
}

// isChannel reports whether the channel of the configuration is the one that was typed, by its name or its id; none: any is.
func (b *Bot) isChannel(ctx context.Context, configured, typed string) bool {
	if typed == "" || strings.TrimPrefix(configured, "#") == strings.TrimPrefix(typed, "#") {
		return true
	}
	id := func(channel string) string {
		id, err := b.Slack.ChannelID(ctx, channel)
		if err != nil {
			b.Log.Info("a digest's channel was not looked up", "channel", channel, "error", err)
		}
		return id
	}
	one := id(configured)
	return one != "" && (one == strings.TrimPrefix(typed, "#") || one == id(typed))
}

// digestOf collects what the digest says of the span, and of what there is at this moment.
func (b *Bot) digestOf(ctx context.Context, d calendar.Digest, from, to time.Time) (view.Digest, error) {
	shown := view.Digest{Environment: b.Environment, Scopes: d.Scopes, Now: now(), Links: map[rollout.ID]string{}}
	entries, err := b.Store.Audit(ctx, rollout.AuditQuery{Kinds: rollout.ReportKinds(), Since: from.Add(-to.Sub(from))})
	if err != nil {
		return shown, err
	}
	head, err := b.Store.AuditHead(ctx)
	if err != nil {
		return shown, err
	}
	shown.Period = rollout.NewPeriod(entries, from, to, head.Began, func(e rollout.AuditEntry) bool { return b.concerns(d, e.Service) })
	for _, e := range shown.Period.Failed[:min(len(shown.Period.Failed), view.MostInDigest)] {
		r, err := b.Store.Load(ctx, e.Rollout)
		switch {
		case rollout.CodeOf(err) == rollout.NotFound: // it had to make room, and the audit outlives it
			r = ofAudit(e)
		case err != nil:
			return shown, err
		}
		shown.Failed = append(shown.Failed, r)
	}
	if err := b.digestNow(ctx, d, &shown); err != nil {
		return shown, err
	}
	b.linkDigest(ctx, &shown)
	return shown, nil
}

// digestNow adds what waits, what is closed, and how the windows stand.
func (b *Bot) digestNow(ctx context.Context, d calendar.Digest, shown *view.Digest) error {
	open, err := b.Store.Open(ctx, "")
	if err != nil {
		return err
	}
	for _, r := range open {
		if b.concerns(d, r.Service) && (r.Waits() || r.Stuck != nil) {
			shown.Waiting = append(shown.Waiting, r)
		}
	}
	if shown.Queue, err = b.Store.Queue(ctx); err != nil {
		return err
	}
	shown.Queue.All = slices.DeleteFunc(slices.Clone(shown.Queue.All), func(p rollout.Pending) bool { return !b.concerns(d, p.Service) })
	closed, err := b.closures(ctx)
	if err != nil {
		return err
	}
	var windows []string
	var about []rollout.Service
	for _, s := range b.sorted() {
		if d.Has(s) {
			about, windows = append(about, s), append(windows, s.DeployWindow)
		}
	}
	for _, c := range closed {
		if slices.ContainsFunc(about, c.Scope.Has) {
			shown.Closures = append(shown.Closures, c)
		}
	}
	if b.Calendar != nil {
		shown.Windows = b.Calendar.Openings(windows, shown.Now)
	}
	return nil
}

// linkDigest adds the addresses of the cards of the rollouts that it shows.
func (b *Bot) linkDigest(ctx context.Context, d *view.Digest) {
	if _, err := b.Slack.Identity(ctx); err != nil {
		b.Log.Warn("cards are not linked", "error", err)
	}
	most := func(n int) int { return min(n, view.MostInDigest) }
	var ids []rollout.ID
	for _, one := range d.Period.Deployed[:most(len(d.Period.Deployed))] {
		ids = append(ids, one.Rollout)
	}
	for _, e := range d.Period.Incidents[:most(len(d.Period.Incidents))] {
		ids = append(ids, e.Rollout)
	}
	for _, r := range slices.Concat(d.Failed, d.Waiting[:most(len(d.Waiting))]) {
		ids = append(ids, r.ID)
	}
	for _, id := range ids {
		if id != "" {
			d.Links[id] = b.link(ctx, id)
		}
	}
}

// concerns reports whether the digest is about the service, which may have left the configuration.
func (b *Bot) concerns(d calendar.Digest, service rollout.ServiceName) bool {
	s, ok := b.Services[service]
	if !ok {
		s = rollout.Service{Name: service}
	}
	return d.Has(s)
}

// ofAudit is as much of a rollout's end as the audit has.
func ofAudit(e rollout.AuditEntry) rollout.Rollout {
	r := rollout.Rollout{ID: e.Rollout, Service: e.Service, Image: e.Image, Phase: rollout.Ended}
	r.Original.Stable.Image = e.Before
	r.Ending = rollout.Ending{Outcome: e.Summary.Outcome, Reason: e.Reason, By: e.Actor, At: e.At}
	return r
}
