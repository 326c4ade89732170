package view_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
)

// buttonsOf returns every button of a message.
func buttonsOf(t testing.TB, m view.Message) []*slack.ButtonBlockElement {
	t.Helper()
	var all []*slack.ButtonBlockElement
	for _, b := range m.Blocks {
		actions, ok := b.(*slack.ActionBlock)
		if !ok {
			continue
		}
		for _, e := range actions.Elements.ElementSet {
			all = append(all, e.(*slack.ButtonBlockElement))
		}
	}
	return all
}

// actionsOf returns what the message's buttons do, in order.
func actionsOf(t testing.TB, m view.Message) []string {
	t.Helper()
	var all []string
	for _, b := range buttonsOf(t, m) {
		v, err := view.ParseValue(b.Value)
		if err != nil {
			t.Fatalf("the button %q carries %q: %v", b.Text.Text, b.Value, err)
		}
		all = append(all, string(v.Action))
	}
	return all
}

// refusal returns why Slack would not take the message; nil: it would.
func refusal(m view.Message) error {
	if native := (view.Message{Text: m.Text, Blocks: m.Native}); m.Native != nil {
		if err := refusal(native); err != nil {
			return fmt.Errorf("natively: %w", err)
		}
		if err := inert(native); err != nil {
			return fmt.Errorf("natively: %w", err)
		}
	}
	blocks, err := json.Marshal(m.Blocks)
	if err != nil {
		return err
	}
	if problems := blockkit.Validate(blocks, "/blocks"); len(problems) > 0 {
		return fmt.Errorf("%s in %s", problems[0], blocks)
	}
	if n := len(m.Blocks); n == 0 || n > 50 {
		return fmt.Errorf("%d blocks", n)
	}
	if n := utf8.RuneCountInString(m.Text); n == 0 || n > 4000 {
		return fmt.Errorf("the text has %d characters: %q", n, m.Text)
	}
	if n := blockkit.TextLength(blocks); n > blockkit.MaxText {
		return fmt.Errorf("all texts together have %d characters", n)
	}
	return nil
}

// inert returns what in a plan, a chart or a table might do something in Slack: their texts are plain, and stay so
// wherever they are shown.
func inert(m view.Message) error {
	raw, err := json.Marshal(m.Blocks)
	if err != nil {
		return err
	}
	var blocks []map[string]any
	if err := json.Unmarshal(raw, &blocks); err != nil {
		return err
	}
	for _, b := range blocks {
		if kind := b["type"]; kind != "section" && kind != "context" && kind != "actions" {
			err = errors.Join(err, inertIn(b))
		}
	}
	return err
}

func inertIn(v any) (err error) {
	switch v := v.(type) {
	case map[string]any:
		for _, field := range v {
			err = errors.Join(err, inertIn(field))
		}
	case []any:
		for _, item := range v {
			err = errors.Join(err, inertIn(item))
		}
	case string:
		if strings.ContainsAny(v, "<>\n`") || emojiCode.MatchString(v) || piledUp.MatchString(v) ||
			strings.ContainsFunc(v, func(r rune) bool { return unicode.In(r, unicode.Cc, unicode.Cf) }) {
			err = fmt.Errorf("%q may come alive", v)
		}
	}
	return err
}

// texts returns every text of a message that Slack would read as mrkdwn.
func texts(m view.Message) []string {
	all := []string{m.Text}
	for _, b := range m.Blocks {
		switch b := b.(type) {
		case *slack.SectionBlock:
			all = append(all, b.Text.Text)
		case *slack.ContextBlock:
			for _, e := range b.ContextElements.Elements {
				all = append(all, e.(*slack.TextBlockObject).Text)
			}
		case *slack.ActionBlock:
			for _, e := range b.Elements.ElementSet {
				button := e.(*slack.ButtonBlockElement)
				all = append(all, button.Text.Text, button.AccessibilityLabel)
				if c := button.Confirm; c != nil {
					all = append(all, c.Title.Text, c.Text.Text)
				}
			}
		}
	}
	return all
}
