package git

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/go-git/go-git/v5/plumbing"

	"canarybot.io/rollout"
)

// The trailers of our commits.
const (
	trailerRollout  = "Canarybot-Rollout"
	trailerStore    = "Canarybot-Store"    // ids count per store: two environments may commit to one repository
	trailerReplaces = "Canarybot-Replaces" // the image that the file said before
	trailerReverts  = "Canarybot-Reverts"  // the hash of the commit that is taken back
)

// mark is what the trailers of a commit say.
type mark struct{ rollout, store, replaces, reverts string }

// readMark reads the trailers of a message, wherever in it a merge may have put them.
func readMark(message string) (m mark) {
	for line := range strings.SplitSeq(message, "\n") {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case trailerRollout:
			m.rollout = value
		case trailerStore:
			m.store = value
		case trailerReplaces:
			m.replaces = value
		case trailerReverts:
			m.reverts = value
		}
	}
	return m
}

// of reports whether it is a commit of the rollout's.
func (m mark) of(r rollout.Rollout) bool {
	return m.rollout == string(r.ID) && m.store == r.Store
}

// word reports whether the text can stand in a trailer.
func word(text string) bool { return text != "" && !strings.ContainsAny(text, " \t\r\n") }

// promotionMessage is the message of the commit that promotes.
func promotionMessage(r rollout.Rollout, before string) string {
	return message(r, fmt.Sprintf("Promote %s to %s", r.Service, rollout.ShortVersion(r.Image)),
		fmt.Sprintf("Rollout %s in %s passed its checks; it replaces %s.", r.ID, r.Spec.Environment, rollout.ShortVersion(before)),
		trailerReplaces, before)
}

// revertMessage is the message of the commit that takes a promotion back.
func revertMessage(r rollout.Rollout, hash, back string) string {
	return message(r, fmt.Sprintf("Take %s back to %s", r.Service, rollout.ShortVersion(back)),
		fmt.Sprintf("Rollout %s in %s was rolled back from %s.", r.ID, r.Spec.Environment, rollout.ShortVersion(r.Image)),
		trailerReverts, hash)
}

func message(r rollout.Rollout, title, body, key, value string) string {
	text := title + "\n\n" + body + "\n\n" + trailerRollout + ": " + string(r.ID) + "\n"
	if word(r.Store) {
		text += trailerStore + ": " + r.Store + "\n"
	}
	if word(value) {
		text += key + ": " + value + "\n"
	}
	return text
}

// ours are the commits of a rollout that a branch has.
type ours struct {
	promotion, revert *commit
	replaces          string // what the promotion says that it replaced
}

// How many commits are read at first, where the server can leave out their files and where not; and at most.
const (
	firstDepth      = 200
	firstWholeDepth = 20
	mostDepth       = 5000
)

// early is by how much the clocks of those who commit may be behind ours.
const early = 24 * time.Hour

// search looks for the rollout's commits in the history of a branch, as far back as the rollout's start.
func (r *remote) search(ctx context.Context, head plumbing.Hash, of rollout.Rollout) (ours, error) {
	depth := firstDepth
	if !r.leavesOut() {
		depth = firstWholeDepth
	}
	for {
		if err := r.fetch(ctx, head, depth); err != nil {
			return ours{}, err
		}
		found, newest, err := r.walk(head, of)
		if err != nil || found.promotion != nil && found.revert != nil || depth >= mostDepth ||
			newest.IsZero() || newest.Before(of.Request.At.Add(-early)) {
			return found, err
		}
		depth *= 5
	}
}

// walk goes through the commits that are here. Newest is the time of the youngest whose parents are not; zero: all are.
func (r *remote) walk(head plumbing.Hash, of rollout.Rollout) (found ours, newest time.Time, err error) {
	seen := map[plumbing.Hash]bool{head: true}
	for next := []plumbing.Hash{head}; len(next) > 0; next = next[1:] {
		o, err := r.objects.EncodedObject(plumbing.CommitObject, next[0])
		if err != nil {
			return ours{}, time.Time{}, err
		}
		c, err := parseCommit(o)
		if err != nil {
			return ours{}, time.Time{}, err
		}
		if m := readMark(c.message); m.of(of) && m.reverts != "" {
			found.revert = &c
		} else if m.of(of) {
			found.promotion, found.replaces = &c, m.replaces
		}
		for _, p := range c.parents {
			_, absent := r.objects.EncodedObject(plumbing.CommitObject, p)
			if absent != nil && c.at.After(newest) {
				newest = c.at
			}
			if absent == nil && !seen[p] {
				seen[p] = true
				next = append(next, p)
			}
		}
	}
	return found, newest, nil
}
