package bot

import (
	"context"
	"regexp"
	"slices"

	"golang.org/x/sync/errgroup"
)

// What is left of a mention once Slack's markup is undone: an id, which tells people nothing.
var (
	personID  = regexp.MustCompile(`@([UW][A-Z0-9]{7,24})\b`)
	groupID   = regexp.MustCompile(`@subteam\^(S[A-Z0-9]{7,24})\b`)
	channelID = regexp.MustCompile(`#(C[A-Z0-9]{7,24})\b`)
)

// mostNames is how many people of one reason are looked up.
const mostNames = 3

// readable puts names in the place of the ids in somebody's words. They are text and notify nobody. What Slack does not name
// now says at least what it is.
func (b *Bot) readable(ctx context.Context, reason string) string {
	names := b.names(ctx, reason)
	reason = personID.ReplaceAllStringFunc(reason, func(mention string) string {
		if name := names[mention[1:]]; name != "" {
			return "@" + name
		}
		return "somebody (" + mention[1:] + ")"
	})
	reason = groupID.ReplaceAllString(reason, "a group ($1)")
	return channelID.ReplaceAllString(reason, "a channel ($1)")
}

// names looks up the people whose ids are in the text, all at once: somebody waits for the answer.
func (b *Bot) names(ctx context.Context, text string) map[string]string {
	var ids []string
	for _, found := range personID.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(ids, found[1]) && len(ids) < mostNames {
			ids = append(ids, found[1])
		}
	}
	found := make([]string, len(ids))
	var group errgroup.Group
	for i, id := range ids {
		group.Go(func() error {
			name, err := b.Slack.Name(ctx, id)
			if err != nil {
				b.Log.Info("somebody in a reason was not looked up", "id", id, "error", err)
			}
			found[i] = name
			return nil
		})
	}
	_ = group.Wait() // the errors are logged
	names := map[string]string{}
	for i, id := range ids {
		names[id] = found[i]
	}
	return names
}
