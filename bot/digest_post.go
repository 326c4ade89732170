package bot

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
)

const (
	// digestLook is how often it is looked whether a digest is due.
	digestLook = 10 * time.Second
	// digestRetry and digestRetryMost are the pauses after a call that did not work: the first, which doubles, and the longest.
	digestRetry, digestRetryMost = time.Minute, 30 * time.Minute
	// digestNote is the kind of the one note with what became of the digests, and digestKey its key.
	digestNote, digestKey = "digest", "all"
)

// handled is what became of one digest, as it is stored.
type handled struct {
	calendar.Handled
	// Channel is where the one that was begun is posted, by its id, and Since when that was stored: before the call, so that whoever
	// finds it looks first whether the message is there.
	Channel string    `json:"channel,omitempty"`
	Since   time.Time `json:"since,omitzero"`
}

// digests are the digests of the configuration, and what became of each.
type digests struct {
	mu      sync.Mutex                 // guards the next two
	known   map[string]handled         // by the digests' keys; nil: not read yet
	trouble map[string]rollout.Problem // why the last was refused

	// The rest belongs to the goroutine that posts them, by their keys.
	unconfirmed map[string]bool // the one that was begun may be there already
	failures    map[string]int
	notBefore   map[string]time.Time
}

func newDigests() *digests {
	return &digests{trouble: map[string]rollout.Problem{}, unconfirmed: map[string]bool{}, failures: map[string]int{}, notBefore: map[string]time.Time{}}
}

// handled returns what became of a digest, as far as it is known.
func (ds *digests) handled(d calendar.Digest) calendar.Handled { return ds.of(d.Key()).Handled }

func (ds *digests) of(key string) handled {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.known[key]
}

// troubleWith returns why the last digest could not be posted; zero: it was, or Slack did not answer.
func (ds *digests) troubleWith(d calendar.Digest) rollout.Problem {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	return ds.trouble[d.Key()]
}

func (ds *digests) setTrouble(key string, why rollout.Problem) {
	ds.mu.Lock()
	defer ds.mu.Unlock()
	ds.trouble[key] = why
}

// postDigests posts each digest once when it is due, until the context ends. Nothing waits for it: it takes no call of Slack's
// that a card might need.
func (b *Bot) postDigests(ctx context.Context) {
	if len(b.Digests) == 0 {
		return
	}
	repeat(ctx, digestLook, func() {
		defer b.recoverFrom("digests")
		if err := b.knowDigests(ctx); err != nil {
			b.Log.Warn("digests not read; none is posted until they are", "error", err)
			return
		}
		for _, d := range b.Digests {
			b.lookAtDigest(ctx, d)
		}
	})
}

// knowDigests reads what became of the digests. One that is new is due from its next moment on; one that left the configuration is
// forgotten.
func (b *Bot) knowDigests(ctx context.Context) error {
	if b.digests.known != nil {
		return nil
	}
	raw, ok, err := b.Store.Note(ctx, digestNote, digestKey)
	if err != nil {
		return err
	}
	stored := map[string]handled{}
	if ok {
		if err := json.Unmarshal(raw, &stored); err != nil {
			return fmt.Errorf("read what became of the digests: %w", err)
		}
	}
	known := map[string]handled{}
	for _, d := range b.Digests {
		key := d.Key()
		h := stored[key]
		if h.Until.IsZero() {
			h.Until = now()
		}
		known[key] = h
		if b.digests.unconfirmed[key] = h.Channel != ""; h.Channel != "" { // a call of the last process may still be under way
			b.digests.notBefore[key] = h.Since.Add(digestRetry)
		}
	}
	return b.saveDigests(ctx, known)
}

// saveDigests makes durable what became of the digests.
func (b *Bot) saveDigests(ctx context.Context, known map[string]handled) error {
	raw, err := json.Marshal(known)
	if err == nil {
		err = b.Store.Record(ctx, nil, rollout.StoredNote{Kind: digestNote, Key: digestKey, Value: raw})
	}
	if err != nil {
		return fmt.Errorf("store what became of the digests: %w", err)
	}
	b.digests.mu.Lock()
	defer b.digests.mu.Unlock()
	b.digests.known = known
	return nil
}

// saveDigest makes durable what became of one.
func (b *Bot) saveDigest(ctx context.Context, key string, h handled) error {
	known := maps.Clone(b.digests.known)
	known[key] = h
	return b.saveDigests(ctx, known)
}

// lookAtDigest posts the digest where one is due and Slack has room, and gives up on one that was begun once another is due.
func (b *Bot) lookAtDigest(ctx context.Context, d calendar.Digest) {
	key, at := d.Key(), now()
	h := b.digests.of(key)
	due, ok := d.Due(h.Handled, at)
	if h.Begun.Before(at) && !h.Begun.IsZero() && !(ok && due.Equal(h.Begun)) {
		b.Log.Error("digest given up", "channel", d.Channel, "due", h.Begun)
		if err := b.saveDigest(ctx, key, handled{Handled: calendar.Handled{Until: h.Begun, Posted: h.Posted}}); err != nil {
			b.Log.Warn("digest not noted", "channel", d.Channel, "error", err)
			return
		}
		b.digests.unconfirmed[key] = false
		delete(b.digests.notBefore, key)
		delete(b.digests.failures, key)
	}
	if !ok || at.Before(b.digests.notBefore[key]) || b.digestsWait(d, at) {
		return
	}
	why, err := b.postDigest(ctx, d, due)
	b.digests.setTrouble(key, why)
	if err == nil {
		delete(b.digests.failures, key)
		return
	}
	b.digests.notBefore[key] = now().Add(min(digestRetry<<min(b.digests.failures[key], 10), digestRetryMost))
	b.digests.failures[key]++
	if ctx.Err() == nil {
		b.Log.Warn("digest not posted; it is tried again", "channel", d.Channel, "due", due, "error", err)
	}
}

// digestsWait reports whether Slack's limits have no room just now for what can wait.
func (b *Bot) digestsWait(d calendar.Digest, at time.Time) bool {
	return b.Slack.FreeAt(at, slack.MethodPost, d.Channel, slack.HalfReserve).After(at) || b.Slack.FreeAt(at, slack.MethodHistory, "", slack.HalfReserve).After(at)
}

// postDigest posts the digest of the moment unless it is there. Where the channel takes it not, why says so.
func (b *Bot) postDigest(ctx context.Context, d calendar.Digest, due time.Time) (why rollout.Problem, err error) {
	key := d.Key()
	there, err := b.digestThere(ctx, key, due)
	if err != nil {
		return b.refusedDigest(d, err), err
	}
	if !there {
		if why, err = b.Cards.MayPost(ctx, d.Channel); err == nil && !why.IsZero() {
			return why, errors.Join(errors.New(why.String()), b.beginDigest(ctx, key, due, ""))
		}
		var channel string
		if err == nil {
			channel, err = b.Slack.ChannelID(ctx, d.Channel)
		}
		if err == nil {
			err = b.sendDigest(ctx, d, due, channel)
		}
		if err != nil {
			return b.refusedDigest(d, err), err
		}
	}
	b.digests.unconfirmed[key] = true // until it is noted
	if err := b.saveDigest(ctx, key, handled{Handled: calendar.Handled{Until: due, Posted: due}}); err != nil {
		return rollout.Problem{}, err
	}
	b.digests.unconfirmed[key] = false
	return rollout.Problem{}, nil
}

// refusedDigest is what Slack's refusal says to people; zero: it did not refuse, or may take it in a moment.
func (b *Bot) refusedDigest(d calendar.Digest, err error) rollout.Problem {
	if slack.OutcomeOf(err) != slack.Refused {
		return rollout.Problem{}
	}
	return b.Cards.Refusal(d.Channel, err)
}

// digestThere looks for a digest that may have been posted before a crash, or by a call whose answer was lost.
func (b *Bot) digestThere(ctx context.Context, key string, due time.Time) (bool, error) {
	h := b.digests.of(key)
	if !b.digests.unconfirmed[key] || !h.Begun.Equal(due) {
		return false, nil
	}
	mark := b.digestMark(key, due)
	ts, err := b.Slack.Find(ctx, slack.Place{Channel: h.Channel}, h.Since, func(m slack.Mark) bool {
		return m["digest"] == mark["digest"] && m["due"] == mark["due"] && m["environment"] == mark["environment"]
	})
	if err != nil {
		return false, err
	}
	b.digests.unconfirmed[key] = false
	return ts != "", nil
}

// digestMark marks a digest's message, so that it is found again.
func (b *Bot) digestMark(key string, due time.Time) slack.Mark {
	return slack.Mark{"environment": b.Environment, "digest": key, "due": due.UTC().Format(time.RFC3339)}
}

// beginDigest notes durably which digest is about to be posted, and where.
func (b *Bot) beginDigest(ctx context.Context, key string, due time.Time, channel string) error {
	h := b.digests.of(key)
	if h.Begun.Equal(due) && h.Channel == channel {
		return nil
	}
	h.Begun, h.Channel, h.Since = due.UTC(), channel, now()
	return b.saveDigest(ctx, key, h)
}

// sendDigest notes that the digest is about to be posted, and posts it.
func (b *Bot) sendDigest(ctx context.Context, d calendar.Digest, due time.Time, channel string) error {
	key := d.Key()
	shown, err := b.digestOf(ctx, d, d.From(b.digests.handled(d), due), due)
	if err != nil {
		return err
	}
	if err := b.beginDigest(ctx, key, due, channel); err != nil {
		return err
	}
	m := b.answers.Digest(shown)
	_, err = b.Slack.Post(ctx, slack.Place{Channel: channel}, slack.Message(m), b.digestMark(key, due))
	b.digests.unconfirmed[key] = err != nil && slack.OutcomeOf(err) == slack.Lost
	return err
}
