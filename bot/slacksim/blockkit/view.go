package blockkit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Surface is where blocks are shown.
type Surface string

// The surfaces.
const (
	InMessage Surface = "message"
	InModal   Surface = "modal"
	InHome    Surface = "home"
)

// Slack's limits for modals and homes.
const (
	MaxView       = 250_000 // bytes of a whole view
	maxViewBlocks = 100
	maxViewTitle  = 24
	maxMetadata   = 3000
	maxViewID     = 255
)

// errNoView is what object returns for something else than a JSON object.
var errNoView = errors.New("no JSON object")

func object(raw []byte) (map[string]any, error) {
	var o map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&o); err != nil || o == nil {
		return nil, errNoView
	}
	return o, nil
}

// ValidateView returns everything that is wrong with a modal or a home, at pointers below /view.
func ValidateView(raw []byte, surface Surface) []Problem {
	v, err := object(raw)
	if err != nil {
		return []Problem{{Code: FailedConstraint, Message: "must be an object", Pointer: "/view"}}
	}
	c := &checker{blockIDs: map[string]bool{}, kinds: map[string]int{}, surface: surface}
	if v["type"] != string(surface) {
		c.fail("/view/type", "must be one of: %s", surface)
	}
	fields := []string{"type", "blocks", "private_metadata", "callback_id", "external_id"}
	if surface == InModal {
		fields = append(fields, "title", "submit", "close", "clear_on_close", "notify_on_close", "submit_disabled")
		c.text("/view", v, "title", textRule{max: maxViewTitle, required: true, plain: true})
		c.text("/view", v, "submit", textRule{max: maxViewTitle, plain: true})
		c.text("/view", v, "close", textRule{max: maxViewTitle, plain: true})
		for _, flag := range []string{"clear_on_close", "notify_on_close", "submit_disabled"} {
			c.boolean("/view", v, flag)
		}
	}
	c.only("/view", v, fields...)
	c.viewString(v, "private_metadata", maxMetadata)
	c.viewString(v, "callback_id", maxViewID)
	c.viewString(v, "external_id", maxViewID)
	c.viewBlocks(v)
	if _, submits := v["submit"]; surface == InModal && c.inputs > 0 && !submits {
		c.missing("/view", "submit")
	}
	return c.problems
}

// viewString checks a string that may be empty.
func (c *checker) viewString(v map[string]any, field string, most int) {
	switch s, isText := v[field].(string); {
	case v[field] == nil:
	case !isText:
		c.fail("/view/"+field, "must be a string")
	case len([]rune(s)) > most:
		c.fail("/view/"+field, "must be less than %d characters", most+1)
	}
}

func (c *checker) viewBlocks(v map[string]any) {
	list, ok := v["blocks"].([]any)
	if !ok {
		c.missing("/view", "blocks")
		return
	}
	if len(list) > maxViewBlocks {
		c.fail("/view/blocks", "no more than %d items allowed", maxViewBlocks)
	}
	for i, item := range list {
		at := fmt.Sprintf("/view/blocks/%d", i)
		b, ok := item.(map[string]any)
		if !ok {
			c.fail(at, "must be an object")
			continue
		}
		c.block(at, b)
	}
}
