package blockkit

import "strings"

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
	default:
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
		return textOf(e).plain(names)
	}
}

func (t Text) plain(names Names) string {
	if !t.Mrkdwn {
		return t.Value
	}
	return PlainMrkdwn(t.Value, names)
}
