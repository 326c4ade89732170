package blockkit

import (
	"fmt"
	"strings"
)

// Plain renders a blocks array as lines of text: headers and sections as their
// words, buttons as [ Label ], images as their alt text.
func Plain(raw []byte, names Names) []string {
	blocks, err := Decode(raw)
	if err != nil {
		return nil
	}
	var lines []string
	for _, b := range blocks {
		lines = append(lines, plainBlock(b, names)...)
	}
	return lines
}

func plainBlock(b map[string]any, names Names) []string {
	switch b["type"] {
	case "divider":
		return []string{"---"}
	case "image":
		return []string{"(image: " + str(b, "alt_text") + ")"}
	case "header":
		return []string{"# " + textOf(b["text"]).plain(names)}
	case "section":
		return plainSection(b, names)
	case "input":
		return plainInput(b, names)
	default:
		if lines, ok := plainNative(b, names); ok {
			return lines
		}
		return plainElements(b, names)
	}
}

func plainSection(b map[string]any, names Names) []string {
	var lines []string
	if t := textOf(b["text"]); t.Value != "" {
		lines = append(lines, strings.Split(t.plain(names), "\n")...)
	}
	fields, _ := b["fields"].([]any)
	for _, f := range fields {
		lines = append(lines, strings.ReplaceAll(textOf(f).plain(names), "\n", " "))
	}
	if e, ok := b["accessory"].(map[string]any); ok {
		lines = append(lines, plainElement(e, names))
	}
	return lines
}

// plainInput is a label with what is filled in; hints below it.
func plainInput(b map[string]any, names Names) []string {
	label := textOf(b["label"]).plain(names)
	if b["optional"] == true {
		label += " (optional)"
	}
	e, _ := b["element"].(map[string]any)
	lines := []string{label + ": " + plainElement(e, names)}
	if hint := textOf(b["hint"]).Value; hint != "" {
		lines = append(lines, "  "+hint)
	}
	return lines
}

// plainField is what an element has at first: [ ] where that is nothing. Options to tick are all there.
func plainField(e map[string]any, names Names) string {
	var words []string
	chosen := append(objects(e["initial_options"]), objects([]any{e["initial_option"]})...)
	if kind := e["type"]; kind == "checkboxes" || kind == "radio_buttons" {
		for _, o := range OptionsOf(e) {
			mark := "[ ] "
			for _, c := range chosen {
				if c["value"] == o["value"] {
					mark = "[x] "
				}
			}
			words = append(words, mark+textOf(o["text"]).plain(names))
		}
		return strings.Join(words, " ")
	}
	for _, o := range chosen {
		words = append(words, textOf(o["text"]).plain(names))
	}
	for _, field := range []string{
		"initial_value", "initial_date", "initial_time", "initial_user", "initial_channel", "initial_conversation",
	} {
		if v, ok := e[field]; ok {
			words = append(words, fmt.Sprint(v))
		}
	}
	if v, ok := e["initial_date_time"]; ok {
		words = append(words, PlainMrkdwn(fmt.Sprintf("<!date^%v^{date_short_pretty} at {time}|%[1]v>", v), names))
	}
	return "[" + strings.Join(words, ", ") + "]"
}

// plainElements puts the elements of actions and context side by side.
func plainElements(b map[string]any, names Names) []string {
	var words []string
	for _, e := range elements(b) {
		words = append(words, plainElement(e, names))
	}
	return strings.Split(strings.Join(words, " "), "\n")
}

func plainElement(e map[string]any, names Names) string {
	switch e["type"] {
	case "button":
		return "[ " + textOf(e["text"]).Value + " ]"
	case "image":
		return "(image: " + str(e, "alt_text") + ")"
	default:
		if Fillable(str(e, "type")) {
			return plainField(e, names)
		}
		return textOf(e).plain(names)
	}
}

func (t Text) plain(names Names) string {
	if !t.Mrkdwn {
		return t.Value
	}
	return PlainMrkdwn(t.Value, names)
}
