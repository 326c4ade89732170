package blockkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Slack's limits for messages.
const (
	maxBlocks      = 50
	maxID          = 255
	maxSectionText = 3000
	maxFields      = 10
	maxFieldText   = 2000
	maxHeader      = 150
	maxContext     = 10
	maxActions     = 25
	maxAltText     = 2000
	maxURL         = 3000
	maxButtonText  = 75
	maxButtonValue = 2000
	maxConfirmHead = 100
	maxConfirmText = 300
	maxConfirmWord = 30
)

// MaxText is how many characters all texts of one message may have together
// before Slack answers msg_blocks_too_long. The figure is observed, not
// documented; the exact edge is our rule.
const MaxText = 13000

// ErrNotArray is what Decode returns for blocks that are not a JSON array of
// objects; Slack calls that invalid_blocks_format.
var ErrNotArray = errors.New("blocks are not a JSON array of objects")

// Code says what kind of rule a Problem is about.
type Code string

// The codes blocks.validate uses.
const (
	FailedConstraint Code = "failed_constraint"
	MissingField     Code = "missing_field"
)

// Problem is one reason why Slack would refuse the blocks.
type Problem struct {
	Code    Code
	Message string
	Pointer string
	Field   string
}

// String renders the problem as chat.postMessage does.
func (p Problem) String() string {
	return fmt.Sprintf("%s [json-pointer:%s]", p.Message, p.Pointer)
}

// Decode reads a blocks array without judging it.
func Decode(raw []byte) ([]map[string]any, error) {
	var blocks []map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&blocks); err != nil || blocks == nil {
		return nil, ErrNotArray
	}
	for _, b := range blocks {
		if b == nil {
			return nil, ErrNotArray
		}
	}
	return blocks, nil
}

// Validate returns everything that is wrong with a blocks array at the JSON
// pointer base ("/blocks" in messages, "" in blocks.validate). An empty result
// means Slack would take it.
func Validate(raw []byte, base string) []Problem {
	blocks, err := Decode(raw)
	if err != nil {
		return []Problem{{Code: FailedConstraint, Message: "must be an array of blocks", Pointer: base}}
	}
	c := &checker{blockIDs: map[string]bool{}}
	if len(blocks) > maxBlocks {
		c.fail(base, "no more than %d items allowed", maxBlocks)
	}
	for i, b := range blocks {
		c.block(fmt.Sprintf("%s/%d", base, i), b)
	}
	return c.problems
}

// checker walks one blocks array and collects problems.
type checker struct {
	problems []Problem
	blockIDs map[string]bool
	surface  Surface        // where the blocks are shown; empty: in a message
	inputs   int            // input blocks so far
	focused  int            // elements with focus_on_load so far
	kinds    map[string]int // how many there are of a type of which there may be a few
}

func (c *checker) fail(pointer, format string, args ...any) {
	c.problems = append(c.problems, Problem{Code: FailedConstraint, Message: fmt.Sprintf(format, args...), Pointer: pointer})
}

func (c *checker) missing(pointer, field string) {
	c.problems = append(c.problems, Problem{
		Code: MissingField, Message: "missing required field: " + field, Pointer: pointer, Field: field,
	})
}

func (c *checker) block(at string, b map[string]any) {
	switch kind := b["type"].(type) {
	case string:
		c.knownBlock(at, kind, b)
	case nil:
		c.missing(at, "type")
		return
	default:
		c.fail(at+"/type", "must be a string")
		return
	}
	id, ok := c.shortString(at, b, "block_id", maxID)
	if !ok {
		return
	}
	if c.blockIDs[id] {
		c.fail(at+"/block_id", "`block_id` must be unique in the message: %s already exists", id)
	}
	c.blockIDs[id] = true
}

func (c *checker) knownBlock(at, kind string, b map[string]any) {
	switch kind {
	case "section":
		c.section(at, b)
	case "header":
		c.only(at, b, "type", "block_id", "text", "level")
		c.text(at, b, "text", textRule{max: maxHeader, required: true, plain: true})
		c.headerLevel(at, b)
	case "context":
		c.only(at, b, "type", "block_id", "elements")
		c.list(at, b, "elements", maxContext, c.contextElement)
	case "divider":
		c.only(at, b, "type", "block_id")
	case "actions":
		c.only(at, b, "type", "block_id", "elements")
		ids := map[string]bool{}
		c.list(at, b, "elements", maxActions, func(at string, e map[string]any) {
			c.element(at, e, "button")
			c.actionID(at, e, ids)
		})
	case "image":
		c.only(at, b, "type", "block_id", "image_url", "slack_file", "alt_text", "title")
		c.image(at, b)
		c.text(at, b, "title", textRule{max: maxAltText, plain: true})
	default:
		switch {
		case kind == "input" && c.inView():
			c.input(at, b)
		case c.inView() || !c.native(at, kind, b):
			c.fail(at+"/type", "unsupported type: %s", kind)
		}
	}
}

func (c *checker) section(at string, b map[string]any) {
	c.only(at, b, "type", "block_id", "text", "fields", "accessory", "expand")
	_, hasText := b["text"]
	_, hasFields := b["fields"]
	if !hasText && !hasFields {
		c.missing(at, "text")
	}
	c.boolean(at, b, "expand")
	c.text(at, b, "text", textRule{max: maxSectionText})
	if hasFields {
		c.list(at, b, "fields", maxFields, func(at string, f map[string]any) {
			c.textObject(at, f, textRule{max: maxFieldText})
		})
	}
	accessory, ok := b["accessory"]
	if !ok {
		return
	}
	e, ok := accessory.(map[string]any)
	if !ok {
		c.fail(at+"/accessory", "must be an object")
		return
	}
	c.element(at+"/accessory", e, "button", "image")
	c.actionID(at+"/accessory", e, map[string]bool{})
}

// inView reports whether the blocks are those of a modal or a home. That messages take no inputs is our rule: Slack's take
// some since 2026.
func (c *checker) inView() bool { return c.surface == InModal || c.surface == InHome }

func (c *checker) headerLevel(at string, b map[string]any) {
	level, ok := b["level"]
	if !ok {
		return
	}
	switch fmt.Sprint(level) {
	case "1", "2", "3", "4":
	default:
		c.fail(at+"/level", "must be between 1 and 4")
	}
}

func (c *checker) contextElement(at string, e map[string]any) {
	switch e["type"] {
	case "plain_text", "mrkdwn":
		c.textObject(at, e, textRule{max: maxSectionText})
	default:
		c.element(at, e, "image")
	}
}

// list checks an array of objects that must have 1 to most items.
func (c *checker) list(at string, b map[string]any, field string, most int, item func(string, map[string]any)) {
	v, ok := b[field]
	if !ok {
		c.missing(at, field)
		return
	}
	at += "/" + field
	items, ok := v.([]any)
	if !ok {
		c.fail(at, "must be an array")
		return
	}
	if len(items) == 0 {
		c.fail(at, "no fewer than 1 items allowed")
	}
	if len(items) > most {
		c.fail(at, "no more than %d items allowed", most)
	}
	for i, v := range items {
		at := fmt.Sprintf("%s/%d", at, i)
		o, ok := v.(map[string]any)
		if !ok {
			c.fail(at, "must be an object")
			continue
		}
		item(at, o)
	}
}

// shortString checks an optional string of 1 to most characters and reports
// whether it is there and right.
func (c *checker) shortString(at string, o map[string]any, field string, most int) (string, bool) {
	v, ok := o[field]
	if !ok {
		return "", false
	}
	s, ok := v.(string)
	if !ok {
		c.fail(at+"/"+field, "must be a string")
		return "", false
	}
	return s, c.length(at+"/"+field, s, most)
}

// length counts runes, which is our rule: Slack does not say what a character is.
func (c *checker) length(at, s string, most int) bool {
	if s == "" {
		c.fail(at, "must be more than 0 characters")
		return false
	}
	if utf8.RuneCountInString(s) > most {
		c.fail(at, "must be less than %d characters", most+1)
		return false
	}
	return true
}

func (c *checker) boolean(at string, o map[string]any, field string) {
	if v, ok := o[field]; ok {
		if _, ok := v.(bool); !ok {
			c.fail(at+"/"+field, "must be a boolean")
		}
	}
}
