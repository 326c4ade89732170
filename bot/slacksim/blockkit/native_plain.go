package blockkit

import (
	"fmt"
	"strings"
)

// taskMarks stand for the pictures that Slack draws before a task.
var taskMarks = map[string]string{"pending": "○", "in_progress": "◐", "complete": "●", "error": "✗"}

// plainNative renders a plan, a chart or a table as lines of text; ok is false for every other block.
func plainNative(b map[string]any, names Names) (lines []string, ok bool) {
	switch b["type"] {
	case "plan":
		lines = append(lines, "(plan) "+str(b, "title"))
		for _, t := range objects(b["tasks"]) {
			lines = append(lines, plainTask(t, names)...)
		}
	case "task_card":
		lines = plainTask(b, names)
	case "data_visualization":
		lines = plainChart(b)
	case "data_table":
		lines = append(lines, "(table) "+str(b, "caption"))
		rows, _ := b["rows"].([]any)
		for _, row := range rows {
			lines = append(lines, "  | "+strings.Join(cells(row, names), " | "))
		}
	case "rich_text":
		lines = []string{plainRich(b, names)}
	default:
		return nil, false
	}
	return lines, true
}

func plainTask(t map[string]any, names Names) []string {
	lines := []string{"  " + taskMarks[str(t, "status")] + " " + str(t, "title")}
	for _, field := range []string{"details", "output"} {
		if rich, ok := t[field].(map[string]any); ok {
			lines = append(lines, "      "+plainRich(rich, names))
		}
	}
	for _, s := range objects(t["sources"]) {
		lines = append(lines, "      "+str(s, "text")+" ("+str(s, "url")+")")
	}
	return lines
}

// plainChart has a line for each series: its name and its values.
func plainChart(b map[string]any) []string {
	chart, _ := b["chart"].(map[string]any)
	axis, _ := chart["axis_config"].(map[string]any)
	lines := []string{fmt.Sprintf("(%s chart) %s", str(chart, "type"), str(b, "title"))}
	if categories, ok := axis["categories"].([]any); ok {
		lines = append(lines, "  across: "+spaced(categories)+labelled(str(axis, "x_label"))+", up: "+str(axis, "y_label"))
	}
	for _, s := range objects(chart["series"]) {
		var values []any
		for _, p := range objects(s["data"]) {
			values = append(values, p["value"])
		}
		lines = append(lines, "  "+str(s, "name")+": "+spaced(values))
	}
	for _, s := range objects(chart["segments"]) {
		lines = append(lines, fmt.Sprintf("  %s: %v", str(s, "label"), s["value"]))
	}
	return lines
}

func labelled(label string) string {
	if label == "" {
		return ""
	}
	return " (" + label + ")"
}

func spaced(values []any) string {
	return strings.Trim(fmt.Sprint(values), "[]")
}

// cells returns the texts of a table's row.
func cells(row any, names Names) []string {
	var all []string
	for _, c := range objects(row) {
		switch text := str(c, "text"); {
		case c["type"] == "rich_text":
			all = append(all, plainRich(c, names))
		case text == "" && c["value"] != nil:
			all = append(all, fmt.Sprint(c["value"]))
		default:
			all = append(all, text)
		}
	}
	return all
}

func plainRich(b map[string]any, names Names) string {
	var out strings.Builder
	for _, section := range objects(b["elements"]) {
		for _, e := range objects(section["elements"]) {
			switch e["type"] {
			case "user":
				out.WriteString("@" + names.user(str(e, "user_id")))
			case "date":
				out.WriteString(PlainMrkdwn(fmt.Sprintf("<!date^%v^%s|%s>", e["timestamp"], str(e, "format"), str(e, "fallback")), names))
			case "link":
				out.WriteString(str(e, "text") + " (" + str(e, "url") + ")")
			default:
				out.WriteString(str(e, "text"))
			}
		}
	}
	return out.String()
}
