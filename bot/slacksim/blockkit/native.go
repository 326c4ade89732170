package blockkit

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Slack's limits for the blocks that came in 2026: plans, charts and tables.
const (
	maxPlanTitle   = 300 // our rule: the documents name no limit
	maxTasks       = 50  // our rule, that of blocks in a message
	maxCharts      = 2
	maxChartTitle  = 50
	maxSeries      = 6
	maxPoints      = 20
	maxChartLabel  = 20
	maxAxisLabel   = 50
	minTableRows   = 2
	maxTableRows   = 101
	maxTableCells  = 20
	maxTableText   = 10000
	maxTablePage   = 100
	maxTables      = 1
	maxTaskSources = 10 // our rule
)

// native checks a block of a type that not every workspace takes yet, and reports whether it is one. But for rich_text
// they stand in messages alone; that a home tab has no chart either is our rule, the documents differ.
func (c *checker) native(at, kind string, b map[string]any) bool {
	if c.inView() && kind != "rich_text" {
		return false
	}
	switch kind {
	case "plan":
		c.plan(at, b)
	case "task_card":
		c.task(at, b)
	case "data_visualization":
		c.count(at, kind, maxCharts)
		c.chart(at, b)
	case "data_table":
		c.count(at, kind, maxTables)
		c.table(at, b)
	case "rich_text":
		c.only(at, b, "type", "block_id", "elements")
		c.richText(at, b)
	default:
		return false
	}
	return true
}

// count counts the blocks of a type of which a message may have so many.
func (c *checker) count(at, kind string, most int) {
	if c.kinds == nil {
		c.kinds = map[string]int{}
	}
	if c.kinds[kind]++; c.kinds[kind] > most {
		c.fail(at, "no more than %d blocks of type %s allowed", most, kind)
	}
}

// required checks a string that must be there.
func (c *checker) required(at string, o map[string]any, field string, most int) (string, bool) {
	if _, ok := o[field]; !ok {
		c.missing(at, field)
		return "", false
	}
	return c.shortString(at, o, field, most)
}

// oneOf checks a word of a closed set.
func (c *checker) oneOf(at string, o map[string]any, field string, words ...string) {
	if v, ok := o[field]; ok {
		if s, isString := v.(string); !isString || !slices.Contains(words, s) {
			c.fail(at+"/"+field, "must be one of: %s", strings.Join(words, ", "))
		}
	}
}

func (c *checker) plan(at string, b map[string]any) {
	c.only(at, b, "type", "block_id", "title", "tasks")
	c.required(at, b, "title", maxPlanTitle)
	if _, ok := b["tasks"]; !ok {
		return
	}
	ids := map[string]bool{}
	c.list(at, b, "tasks", maxTasks, func(at string, task map[string]any) {
		if task["type"] != "task_card" {
			c.fail(at+"/type", "must be one of: task_card")
			return
		}
		c.task(at, task)
		if id := str(task, "task_id"); id != "" && ids[id] {
			c.fail(at+"/task_id", "`task_id` must be unique in the plan: %s already exists", id)
		} else {
			ids[id] = true
		}
	})
}

func (c *checker) task(at string, t map[string]any) {
	c.only(at, t, "type", "block_id", "task_id", "title", "status", "details", "output", "sources", "hide_title")
	c.required(at, t, "task_id", maxID)
	c.required(at, t, "title", maxPlanTitle)
	c.oneOf(at, t, "status", "pending", "in_progress", "complete", "error")
	c.boolean(at, t, "hide_title")
	for _, field := range []string{"details", "output"} {
		v, ok := t[field]
		if !ok {
			continue
		}
		rich, isObject := v.(map[string]any)
		if !isObject || rich["type"] != "rich_text" {
			c.fail(at+"/"+field, "must be a rich_text block")
			continue
		}
		c.only(at+"/"+field, rich, "type", "block_id", "elements")
		c.richText(at+"/"+field, rich)
	}
	if _, ok := t["sources"]; ok {
		c.list(at, t, "sources", maxTaskSources, func(at string, s map[string]any) {
			c.only(at, s, "type", "url", "text")
			c.oneOf(at, s, "type", "url")
			c.required(at, s, "text", maxSectionText)
			if link, ok := c.required(at, s, "url", maxURL); ok && !webAddress(link) {
				c.fail(at+"/url", "must be a valid URL")
			}
		})
	}
}

func (c *checker) chart(at string, b map[string]any) {
	c.only(at, b, "type", "block_id", "title", "chart")
	c.required(at, b, "title", maxChartTitle)
	chart, ok := b["chart"].(map[string]any)
	if !ok {
		c.missing(at, "chart")
		return
	}
	at += "/chart"
	c.oneOf(at, chart, "type", "line", "bar", "area", "pie")
	if chart["type"] == "pie" {
		c.only(at, chart, "type", "segments")
		c.list(at, chart, "segments", maxSeries, func(at string, s map[string]any) {
			c.only(at, s, "label", "value")
			c.required(at, s, "label", maxChartLabel)
			if v, ok := c.real(at, s, "value"); ok && v <= 0 {
				c.fail(at+"/value", "must be greater than 0")
			}
		})
		return
	}
	c.only(at, chart, "type", "series", "axis_config")
	categories := c.axis(at, chart)
	names := map[string]bool{}
	c.list(at, chart, "series", maxSeries, func(at string, s map[string]any) {
		c.only(at, s, "name", "data")
		if name, ok := c.required(at, s, "name", maxChartLabel); ok && names[name] {
			c.fail(at+"/name", "must be unique: %s already exists", name)
		} else {
			names[name] = true
		}
		c.points(at, s, categories)
	})
}

// axis returns the categories of a chart with axes.
func (c *checker) axis(at string, chart map[string]any) []string {
	axis, ok := chart["axis_config"].(map[string]any)
	if !ok {
		c.missing(at, "axis_config")
		return nil
	}
	at += "/axis_config"
	c.only(at, axis, "categories", "x_label", "y_label")
	c.shortString(at, axis, "x_label", maxAxisLabel)
	c.shortString(at, axis, "y_label", maxAxisLabel)
	list, ok := axis["categories"].([]any)
	if !ok || len(list) == 0 || len(list) > maxPoints {
		c.fail(at+"/categories", "must be an array of 1 to %d strings", maxPoints)
		return nil
	}
	var all []string
	for i, v := range list {
		s, _ := v.(string)
		if s == "" || utf8.RuneCountInString(s) > maxChartLabel || slices.Contains(all, s) {
			c.fail(fmt.Sprintf("%s/categories/%d", at, i), "must be a unique string of 1 to %d characters", maxChartLabel)
		}
		all = append(all, s)
	}
	return all
}

// points checks that a series has one point for each category.
func (c *checker) points(at string, series map[string]any, categories []string) {
	seen := map[string]bool{}
	c.list(at, series, "data", maxPoints, func(at string, p map[string]any) {
		c.only(at, p, "label", "value")
		c.real(at, p, "value")
		label, _ := c.required(at, p, "label", maxChartLabel)
		if !slices.Contains(categories, label) || seen[label] {
			c.fail(at+"/label", "must be one of the categories, once: %s", label)
		}
		seen[label] = true
	})
	if len(seen) != len(categories) {
		c.fail(at+"/data", "must contain exactly one point for every category")
	}
}

func (c *checker) real(at string, o map[string]any, field string) (float64, bool) {
	v, ok := o[field]
	if !ok {
		c.missing(at, field)
		return 0, false
	}
	n, ok := v.(json.Number)
	if !ok {
		c.fail(at+"/"+field, "must be a number")
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func (c *checker) table(at string, b map[string]any) {
	c.only(at, b, "type", "block_id", "caption", "rows", "page_size", "row_header_column_index")
	c.required(at, b, "caption", maxSectionText)
	for field, most := range map[string]float64{"page_size": maxTablePage, "row_header_column_index": maxTableCells - 1} {
		if _, ok := b[field]; !ok {
			continue
		}
		if n, ok := c.real(at, b, field); ok && (n < 0 || n > most || field == "page_size" && n < 1) {
			c.fail(at+"/"+field, "must be at most %v", most)
		}
	}
	rows, ok := b["rows"].([]any)
	if !ok {
		c.missing(at, "rows")
		return
	}
	if len(rows) < minTableRows || len(rows) > maxTableRows {
		c.fail(at+"/rows", "must have %d to %d items", minTableRows, maxTableRows)
	}
	first := -1
	for i, v := range rows {
		cells, _ := v.([]any)
		at := fmt.Sprintf("%s/rows/%d", at, i)
		if len(cells) == 0 || len(cells) > maxTableCells {
			c.fail(at, "must have 1 to %d items", maxTableCells)
		}
		if first < 0 {
			first = len(cells)
		}
		if len(cells) != first {
			c.fail(at, "must have as many cells as the header")
		}
		for j, cell := range cells {
			c.cell(fmt.Sprintf("%s/%d", at, j), cell, i == 0)
		}
	}
	if n := textLength(b["rows"]); n > maxTableText {
		c.fail(at+"/rows", "must have no more than %d characters together", maxTableText)
	}
}

func (c *checker) cell(at string, v any, header bool) {
	cell, ok := v.(map[string]any)
	if !ok {
		c.fail(at, "must be an object")
		return
	}
	kind := cell["type"]
	if header && kind != "raw_text" {
		c.fail(at+"/type", "must be one of: raw_text")
		return
	}
	switch kind {
	case "raw_text":
		c.only(at, cell, "type", "text")
		c.required(at, cell, "text", maxSectionText)
	case "raw_number":
		c.only(at, cell, "type", "value", "text")
		c.real(at, cell, "value")
		c.shortString(at, cell, "text", maxSectionText)
	case "rich_text":
		c.only(at, cell, "type", "elements")
		c.richText(at, cell)
	default:
		c.fail(at+"/type", "must be one of: raw_text, raw_number, rich_text")
	}
}

// richText checks the elements of a rich_text block, as far as a bot sends them: sections of text, links and mentions.
func (c *checker) richText(at string, b map[string]any) {
	c.list(at, b, "elements", maxBlocks, func(at string, e map[string]any) {
		if e["type"] != "rich_text_section" {
			c.fail(at+"/type", "unsupported type: %v", e["type"])
			return
		}
		c.only(at, e, "type", "elements")
		c.list(at, e, "elements", maxSectionText, c.richElement)
	})
}

func (c *checker) richElement(at string, e map[string]any) {
	switch e["type"] {
	case "text":
		c.only(at, e, "type", "text", "style")
		c.required(at, e, "text", maxSectionText)
	case "link":
		c.only(at, e, "type", "url", "text", "style")
		if link, ok := c.required(at, e, "url", maxURL); ok && !webAddress(link) {
			c.fail(at+"/url", "must be a valid URL")
		}
	case "date":
		c.only(at, e, "type", "timestamp", "format", "url", "fallback", "style")
		c.real(at, e, "timestamp")
		c.required(at, e, "format", maxSectionText)
	case "user":
		c.only(at, e, "type", "user_id", "style")
		c.required(at, e, "user_id", maxID)
	default:
		c.fail(at+"/type", "unsupported type: %v", e["type"])
	}
}
