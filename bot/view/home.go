package view

import (
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/rollout"
)

// Home is what one person sees on the app's home tab.
type Home struct {
	Waiting []rollout.Rollout // for this person
	Running []rollout.Rollout // the others that have not ended
	Recent  []rollout.Rollout // that have ended, newest first
	// Closures are the freezes and locks, and Now is when they are looked at.
	Closures []rollout.Closure
	Now      time.Time
	Queue    rollout.Queue // the pending deploys
	// Links are the addresses of cards, as far as they are known.
	Links map[rollout.ID]string
	// Notice is what everybody should know first; no blocks: nothing.
	Notice Message
}

// MostOnHome bounds each of its lists.
const MostOnHome = 20

// Home renders the home tab: what waits for the person, what runs, and what ended, with a button that opens the form.
func (a Answers) Home(h Home) Blocks {
	deploy := slack.NewButtonBlockElement(OpenFormAction, "home", plain("Deploy", maxLabel))
	deploy.Style = slack.StylePrimary
	blocks := append([]slack.Block{}, h.Notice.Blocks...)
	blocks = append(blocks, slack.NewActionBlock("deploy", deploy))
	blocks = append(blocks, heading("Waits for you"))
	blocks = append(blocks, a.homeList(h, h.Waiting, "Nothing waits for you.")...)
	blocks = append(blocks, heading("Under way"))
	blocks = append(blocks, a.homeList(h, h.Running, "Nothing else is rolling out.")...)
	if closed := (Message{}).Closing(h.Closures, h.Now).Blocks; len(closed) > 0 {
		blocks = append(append(blocks, heading("Frozen and locked")), closed...)
	}
	if lines := pendingLines(h.Queue, "", h.Now); len(lines) > 0 {
		blocks = append(append(blocks, heading("Pending")), list(lines, a.typed("queue"))...)
	}
	blocks = append(blocks, heading("Lately"))
	blocks = append(blocks, a.homeList(h, h.Recent, "There is no rollout yet.")...)
	return append(blocks, context(joined(" ", "All commands:", a.typed("help all")+".", "What you may do:", a.typed("whoami")+".")))
}

func heading(text string) slack.Block {
	return slack.NewHeaderBlock(slack.NewTextBlockObject(slack.PlainTextType, text, false, false))
}

// homeList lists rollouts, each with a link to its card, where the buttons are.
func (a Answers) homeList(h Home, all []rollout.Rollout, none string) []slack.Block {
	if len(all) == 0 {
		return []slack.Block{section(none)}
	}
	var lines []string
	for _, r := range all[:min(len(all), MostOnHome)] {
		head := fmt.Sprintf("*%s*", anchorOr(h.Links[r.ID], word(string(r.ID))))
		ended := ""
		if r.Terminal() {
			ended = joined(" ", actorName(r.Request.By), at(r.Request.At), quoted(r.Request.Text))
		}
		lines = append(lines, dotted(head, environment(r), change(r), status(r), ended))
	}
	blocks := list(lines, a.typed("status"))
	if more := len(all) - MostOnHome; more > 0 {
		blocks = append(blocks, context(fmt.Sprintf("… and %d more: %s", more, a.typed("status"))))
	}
	return blocks
}
