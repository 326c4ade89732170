package slacksim

import (
	"encoding/json"
	"regexp"
	"strings"
)

// pieces splits what a person wrote: references in angle brackets, emoji between colons, and the rest. A time of day has
// colons too, so the name of an emoji has a letter, but for thumbs.
var pieces = regexp.MustCompile(`<[^<>]+>|:[0-9_+'-]*[a-z][a-z0-9_+'-]*:|:[+-]1:`)

// richText is a person's message as Slack's own clients write it: one rich_text block. Its id follows from the message's,
// so that it is the same whenever somebody asks. What is bold or code stays the characters that were typed: our rule.
func richText(m *Message) json.RawMessage {
	elements := []map[string]any{}
	plain := func(s string) {
		if s != "" {
			elements = append(elements, map[string]any{"type": "text", "text": unescape(s)})
		}
	}
	at := 0
	for _, span := range pieces.FindAllStringIndex(m.Text, -1) {
		plain(m.Text[at:span[0]])
		elements = append(elements, reference(m.Text[span[0]:span[1]]))
		at = span[1]
	}
	plain(m.Text[at:])
	raw, err := json.Marshal([]map[string]any{{
		"type": "rich_text", "block_id": "r" + strings.ReplaceAll(m.TS, ".", ""),
		"elements": []any{map[string]any{"type": "rich_text_section", "elements": elements}},
	}})
	if err != nil {
		return nil // strings only: it does not happen
	}
	return raw
}

// reference is one piece that is no plain text.
func reference(piece string) map[string]any {
	if name, isEmoji := strings.CutPrefix(piece, ":"); isEmoji {
		return map[string]any{"type": "emoji", "name": strings.TrimSuffix(name, ":")}
	}
	head, label, labelled := strings.Cut(strings.Trim(piece, "<>"), "|")
	switch {
	case strings.HasPrefix(head, "@"):
		return map[string]any{"type": "user", "user_id": head[1:]}
	case strings.HasPrefix(head, "#"):
		return map[string]any{"type": "channel", "channel_id": head[1:]}
	case strings.HasPrefix(head, "!subteam^"):
		return map[string]any{"type": "usergroup", "usergroup_id": strings.TrimPrefix(head, "!subteam^")}
	case strings.HasPrefix(head, "!"):
		return map[string]any{"type": "broadcast", "range": head[1:]}
	}
	link := map[string]any{"type": "link", "url": unescape(head)}
	if labelled {
		link["text"] = unescape(label)
	}
	return link
}

func unescape(s string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(s)
}
