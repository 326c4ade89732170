package bot

import (
	"cmp"
	"context"
	"time"

	"canarybot.io/rollout"
)

const (
	// reviewLook is how often it is looked for emergencies that nobody has reviewed.
	reviewLook = 10 * time.Minute
	// reviewNote is the kind of the notes about emergencies of whose review people were reminded, by their ids.
	reviewNote = "review"
)

// remindOfReviews reminds the approvers once of each emergency that nobody has reviewed in time, until the context ends. A
// crash between the reminder and its note repeats it.
func (b *Bot) remindOfReviews(ctx context.Context) {
	repeat(ctx, reviewLook, func() {
		for name := range b.Services {
			b.remindOfReviewsOf(ctx, name)
		}
	})
}

func (b *Bot) remindOfReviewsOf(ctx context.Context, service rollout.ServiceName) {
	defer b.recoverFrom("reviews")
	past, err := b.Store.History(ctx, service, rollout.Recent)
	if err != nil {
		return // the outage is told
	}
	for _, r := range past {
		due, open := r.ReviewDue()
		if _, quiet := b.Calendar.Quiet(service, now()); quiet || !open || now().Before(due) {
			continue
		}
		if _, told, err := b.Store.Note(ctx, reviewNote, string(r.ID)); told || err != nil {
			continue
		}
		s := b.Services[service]
		if !b.announce(ctx, cmp.Or(s.Channel, b.Channel), b.answers.ReviewDue(r, s.Policy.Approvers, b.link(ctx, r.ID))) {
			continue
		}
		if err := b.Store.Record(ctx, nil, rollout.StoredNote{Kind: reviewNote, Key: string(r.ID), Value: []byte("{}")}); err != nil {
			b.Log.Warn("reminded of a review, and not noted", "rollout", r.ID, "error", err)
		}
	}
}
