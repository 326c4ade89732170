package install

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/e2e/world"
)

// Slash types a command and returns what that person alone was answered.
func (b *Bot) Slash(who, text string) string {
	b.t.Helper()
	before := len(b.Slack.Ephemerals(who))
	out, err := b.Slack.As(who).Slash(Channel, "/canary", text)
	if err != nil {
		b.t.Fatalf("%s types %q: %v", who, text, err)
	}
	if out.Delivery != slacksim.Acked {
		b.t.Fatalf("%s types %q: %s", who, text, out.Delivery)
	}
	if out.Text != "" {
		return out.Text
	}
	var answer string
	world.Eventually(b.t, patience, func() error {
		all := b.Slack.Ephemerals(who)
		if len(all) <= before {
			return fmt.Errorf("%s has no answer to %q", who, text)
		}
		answer = b.plain(all[len(all)-1])
		return nil
	})
	return answer
}

// Answers waits until the newest answer that only this person sees says all of the words.
func (b *Bot) Answers(who string, words ...string) {
	b.t.Helper()
	world.Eventually(b.t, patience, func() error {
		all := b.Slack.Ephemerals(who)
		if len(all) == 0 {
			return fmt.Errorf("%s has no answer", who)
		}
		return lacks(b.plain(all[len(all)-1]), words)
	})
}

func (b *Bot) plain(e slacksim.Ephemeral) string {
	return b.Slack.Plain(slacksim.Message{Channel: e.Channel, TS: e.TS, Text: e.Text, Blocks: e.Blocks})
}

// Card is a rollout as people see it.
type Card struct {
	Rollout string
	TS      string
	bot     *Bot
}

// Cards returns the cards in the channel, oldest first.
func (b *Bot) Cards() []Card {
	var cards []Card
	for _, m := range b.Slack.Messages(Channel) {
		if !m.FromBot || m.ThreadTS != "" || m.Metadata == nil {
			continue
		}
		id, _ := m.Metadata.EventPayload["rollout"].(string)
		cards = append(cards, Card{Rollout: id, TS: m.TS, bot: b})
	}
	return cards
}

// Deploy deploys a version as Dev and returns its card.
func (b *Bot) Deploy(service, version string, options ...string) Card {
	b.t.Helper()
	return b.Command(Dev, strings.Join(append([]string{"deploy", service, version}, options...), " "))
}

// Command types a command that starts a rollout and returns its card.
func (b *Bot) Command(who, text string) Card {
	b.t.Helper()
	before := len(b.Cards())
	answer := b.Slash(who, text)
	var card Card
	world.Eventually(b.t, patience, func() error {
		cards := b.Cards()
		if len(cards) <= before {
			return fmt.Errorf("no card after %q; the answer was: %s", text, answer)
		}
		card = cards[len(cards)-1]
		return nil
	})
	return card
}

// Message returns the card's message.
func (c Card) Message() slacksim.Message {
	m, _ := c.bot.Slack.Message(Channel, c.TS)
	return m
}

// Text returns the card's text.
func (c Card) Text() string { return c.bot.Slack.Plain(c.Message()) }

// Thread returns the text of each reply in the thread.
func (c Card) Thread() []string {
	var replies []string
	for _, m := range c.bot.Slack.Thread(Channel, c.TS) {
		replies = append(replies, c.bot.Slack.Plain(m))
	}
	return replies
}

// Shows waits until the card shows all of the words.
func (c Card) Shows(within time.Duration, words ...string) {
	c.bot.t.Helper()
	world.Eventually(c.bot.t, within, func() error { return lacks(c.Text(), words) })
}

// ThreadShows waits until one reply of the thread has all of the words.
func (c Card) ThreadShows(within time.Duration, words ...string) {
	c.bot.t.Helper()
	world.Eventually(c.bot.t, within, func() error {
		thread := c.Thread()
		if !slices.ContainsFunc(thread, func(reply string) bool { return lacks(reply, words) == nil }) {
			return fmt.Errorf("no reply says %q:\n%s", words, strings.Join(thread, "\n"))
		}
		return nil
	})
}

func lacks(text string, words []string) error {
	for _, word := range words {
		if !strings.Contains(text, word) {
			return fmt.Errorf("%q is not in:\n%s", word, text)
		}
	}
	return nil
}

// Offers reports whether the card has the button now.
func (c Card) Offers(button string) bool {
	return slices.ContainsFunc(c.Message().Buttons(), func(b blockkit.Button) bool { return b.Label == button })
}

// Press waits until the card has the button and presses it. It returns the moment of the click.
func (c Card) Press(who, button string) time.Time {
	c.bot.t.Helper()
	world.Eventually(c.bot.t, time.Minute, func() error {
		if !c.Offers(button) {
			return fmt.Errorf("no button %q on:\n%s", button, c.Text())
		}
		return nil
	})
	clicked := time.Now()
	out, err := c.bot.Slack.As(who).Press(Channel, c.TS, button)
	if err != nil {
		c.bot.t.Fatalf("%s presses %q: %v", who, button, err)
	}
	if out.Delivery != slacksim.Acked {
		c.bot.t.Fatalf("%s presses %q: %s", who, button, out.Delivery)
	}
	return clicked
}

// PressAnswer presses a button on the newest answer that only this person sees, and returns the resulting card.
func (b *Bot) PressAnswer(who, button string) Card {
	b.t.Helper()
	before := len(b.Cards())
	all := b.Slack.Ephemerals(who)
	out, err := b.Slack.As(who).Press(Channel, all[len(all)-1].TS, button)
	if err != nil || out.Delivery != slacksim.Acked {
		b.t.Fatalf("%s presses %q: %s, %v", who, button, out.Delivery, err)
	}
	var card Card
	world.Eventually(b.t, patience, func() error {
		cards := b.Cards()
		if len(cards) <= before {
			return fmt.Errorf("no card after %q", button)
		}
		card = cards[len(cards)-1]
		return nil
	})
	return card
}
