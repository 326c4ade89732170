package blockkit

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"
)

// Text is a text object: its characters, and whether they are mrkdwn.
type Text struct {
	Value  string
	Mrkdwn bool
}

// Confirm is the dialog a person sees before a press counts.
type Confirm struct {
	Title, Text, Confirm, Deny Text
	Style                      string
}

// Button is a button in a message.
type Button struct {
	Label    string
	ActionID string
	BlockID  string
	Value    string
	Style    string
	URL      string
	Confirm  *Confirm
	// Raw is the element as the bot sent it; payloads echo parts of it.
	Raw map[string]any
}

// Complete returns the blocks with a block_id and action_id wherever the sender
// left one out, as Slack does; id makes a fresh one. The blocks must be valid.
func Complete(raw []byte, id func() string) json.RawMessage {
	blocks, err := Decode(raw)
	if err != nil {
		return nil
	}
	for _, b := range blocks {
		setMissing(b, "block_id", id)
		for _, e := range elements(b) {
			if kind := str(e, "type"); kind == "button" || Fillable(kind) {
				setMissing(e, "action_id", id)
			}
		}
	}
	return encode(blocks)
}

func setMissing(o map[string]any, field string, id func() string) {
	if s, _ := o[field].(string); s == "" {
		o[field] = id()
	}
}

// encode writes JSON without turning <, > and & into escapes: texts stay as sent.
func encode(v any) json.RawMessage {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil
	}
	return bytes.TrimSpace(out.Bytes())
}

// Buttons lists the buttons of a blocks array from top to bottom.
func Buttons(raw []byte) []Button {
	blocks, err := Decode(raw)
	if err != nil {
		return nil
	}
	var buttons []Button
	for _, b := range blocks {
		for _, e := range elements(b) {
			if e["type"] == "button" {
				buttons = append(buttons, button(str(b, "block_id"), e))
			}
		}
	}
	return buttons
}

func button(blockID string, e map[string]any) Button {
	b := Button{
		Label: textOf(e["text"]).Value, ActionID: str(e, "action_id"), BlockID: blockID,
		Value: str(e, "value"), Style: str(e, "style"), URL: str(e, "url"), Raw: e,
	}
	if d, ok := e["confirm"].(map[string]any); ok {
		b.Confirm = &Confirm{
			Title: textOf(d["title"]), Text: textOf(d["text"]),
			Confirm: textOf(d["confirm"]), Deny: textOf(d["deny"]), Style: str(d, "style"),
		}
	}
	return b
}

// elements returns the block's elements, the accessory and that of an input included.
func elements(b map[string]any) []map[string]any {
	var out []map[string]any
	list, _ := b["elements"].([]any)
	for _, v := range list {
		if e, ok := v.(map[string]any); ok {
			out = append(out, e)
		}
	}
	for _, field := range []string{"accessory", "element"} {
		if e, ok := b[field].(map[string]any); ok {
			out = append(out, e)
		}
	}
	return out
}

// TextLength counts the characters of all texts in the blocks, the measure for
// MaxText.
func TextLength(raw []byte) int {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return 0
	}
	return textLength(v)
}

func textLength(v any) int {
	n := 0
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += textLength(e)
		}
	case map[string]any:
		if s, ok := v["text"].(string); ok {
			n += utf8.RuneCountInString(s)
		}
		for _, e := range v {
			n += textLength(e)
		}
	}
	return n
}

func textOf(v any) Text {
	o, _ := v.(map[string]any)
	return Text{Value: str(o, "text"), Mrkdwn: o["type"] == "mrkdwn"}
}

func str(o map[string]any, field string) string {
	s, _ := o[field].(string)
	return s
}
