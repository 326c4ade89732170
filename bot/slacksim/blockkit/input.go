package blockkit

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
)

// Slack's limits for what people fill in.
const (
	maxInputText   = 3000
	maxLabel       = 2000
	maxPlaceholder = 150
	maxOptions     = 100
	maxFewOptions  = 10 // of radio buttons and checkboxes
	maxOverflow    = 5
	maxOptionText  = 75
	maxOptionValue = 150
)

// elementRule says where an element may stand, and which fields it has beside type and action_id.
type elementRule struct {
	input   bool // in an input block
	actions bool // in an actions block, or beside a section
	fields  []string
	check   func(c *checker, at string, e map[string]any)
}

// elementRules has every element that people fill in or choose from. Rich text and files are not among them.
func elementRules() map[string]elementRule {
	text := []string{"initial_value", "placeholder", "focus_on_load", "dispatch_action_config"}
	pick := []string{"placeholder", "focus_on_load", "confirm"}
	several := append(slices.Clone(pick), "max_selected_items")
	with := func(base []string, more ...string) []string { return append(slices.Clone(base), more...) }
	return map[string]elementRule{
		"plain_text_input": {true, false, with(text, "multiline", "min_length", "max_length"), (*checker).plainTextInput},
		"number_input":     {true, false, with(text, "is_decimal_allowed", "min_value", "max_value"), (*checker).numberInput},
		"email_text_input": {true, false, text, (*checker).textInput},
		"url_text_input":   {true, false, text, (*checker).textInput},
		"static_select":    {true, true, with(pick, "options", "option_groups", "initial_option"), (*checker).staticSelect},
		"external_select":  {true, true, with(pick, "initial_option", "min_query_length"), (*checker).externalSelect},
		"users_select":     {true, true, with(pick, "initial_user"), nil},
		"channels_select":  {true, true, with(pick, "initial_channel", "response_url_enabled"), nil},
		"conversations_select": {
			true, true, with(pick, "initial_conversation", "default_to_current_conversation", "filter", "response_url_enabled"), nil,
		},
		"multi_static_select":   {true, false, with(several, "options", "option_groups", "initial_options"), (*checker).staticSelect},
		"multi_external_select": {true, false, with(several, "initial_options", "min_query_length"), (*checker).externalSelect},
		"multi_users_select":    {true, false, with(several, "initial_users"), nil},
		"radio_buttons":         {true, true, []string{"options", "initial_option", "focus_on_load", "confirm"}, (*checker).fewOptions},
		"checkboxes":            {true, true, []string{"options", "initial_options", "focus_on_load", "confirm"}, (*checker).fewOptions},
		"overflow":              {false, true, []string{"options", "confirm"}, (*checker).overflow},
		"datepicker":            {true, true, with(pick, "initial_date"), pattern("initial_date", `^\d{4}-\d{2}-\d{2}$`)},
		"timepicker":            {true, true, with(pick, "initial_time", "timezone"), pattern("initial_time", `^\d{2}:\d{2}$`)},
		"datetimepicker":        {true, false, []string{"initial_date_time", "focus_on_load", "confirm"}, (*checker).dateTime},
	}
}

// Fillable reports whether people can fill in, or choose from, an element of the type.
func Fillable(kind string) bool {
	_, ok := elementRules()[kind]
	return ok
}

// input checks an input block.
func (c *checker) input(at string, b map[string]any) {
	c.only(at, b, "type", "block_id", "label", "element", "hint", "optional", "dispatch_action")
	c.text(at, b, "label", textRule{max: maxLabel, required: true, plain: true})
	c.text(at, b, "hint", textRule{max: maxLabel, plain: true})
	c.boolean(at, b, "optional")
	c.boolean(at, b, "dispatch_action")
	c.inputs++
	e, ok := b["element"].(map[string]any)
	if !ok {
		c.missing(at, "element")
		return
	}
	kind, _ := e["type"].(string)
	rule, known := elementRules()[kind]
	switch {
	case kind == "":
		c.missing(at+"/element", "type")
	case !known || !rule.input:
		c.fail(at+"/element/type", "unsupported type: %s", kind)
	default:
		c.filled(at+"/element", e, rule)
		c.actionID(at+"/element", e, map[string]bool{})
	}
}

// filled checks an element that people fill in or choose from.
func (c *checker) filled(at string, e map[string]any, rule elementRule) {
	c.only(at, e, append([]string{"type", "action_id"}, rule.fields...)...)
	c.text(at, e, "placeholder", textRule{max: maxPlaceholder, plain: true})
	c.boolean(at, e, "focus_on_load")
	if e["focus_on_load"] == true {
		if c.focused++; c.focused > 1 {
			c.fail(at+"/focus_on_load", "only one element may have focus_on_load")
		}
	}
	c.confirm(at, e)
	if rule.check != nil {
		rule.check(c, at, e)
	}
}

func (c *checker) textInput(at string, e map[string]any) {
	if v, ok := e["initial_value"]; ok {
		if _, isText := v.(string); !isText {
			c.fail(at+"/initial_value", "must be a string")
		}
	}
}

func (c *checker) plainTextInput(at string, e map[string]any) {
	c.textInput(at, e)
	c.boolean(at, e, "multiline")
	least, hasLeast := c.whole(at, e, "min_length", 0)
	most, hasMost := c.whole(at, e, "max_length", 1)
	if hasLeast && hasMost && least > most {
		c.fail(at+"/min_length", "must be at most max_length")
	}
}

// whole reads a whole number from least to maxInputText.
func (c *checker) whole(at string, e map[string]any, field string, least int64) (int64, bool) {
	v, ok := e[field]
	if !ok {
		return 0, false
	}
	n, isNumber := v.(json.Number)
	i, err := n.Int64()
	if !isNumber || err != nil || i < least || i > maxInputText {
		c.fail(at+"/"+field, "must be between %d and %d", least, maxInputText)
		return 0, false
	}
	return i, true
}

// dateTime checks the moment that a picker shows at first: seconds since 1970, as a number of ten digits at most.
func (c *checker) dateTime(at string, e map[string]any) {
	v, ok := e["initial_date_time"]
	if !ok {
		return
	}
	n, isNumber := v.(json.Number)
	if i, err := n.Int64(); !isNumber || err != nil || i < 0 || len(n) > 10 {
		c.fail(at+"/initial_date_time", "must be a timestamp of 10 digits")
	}
}

func (c *checker) numberInput(at string, e map[string]any) {
	if _, ok := e["is_decimal_allowed"]; !ok {
		c.missing(at, "is_decimal_allowed")
	}
	c.boolean(at, e, "is_decimal_allowed")
}

func (c *checker) staticSelect(at string, e map[string]any) {
	_, flat := e["options"]
	_, grouped := e["option_groups"]
	switch {
	case flat == grouped:
		c.fail(at, "must have either options or option_groups")
	case flat:
		c.list(at, e, "options", maxOptions, c.option)
	default:
		c.list(at, e, "option_groups", maxOptions, c.optionGroup)
	}
	c.initial(at, e)
}

func (c *checker) optionGroup(at string, g map[string]any) {
	c.only(at, g, "label", "options")
	c.text(at, g, "label", textRule{max: maxOptionText, required: true, plain: true})
	c.list(at, g, "options", maxOptions, c.option)
}

func (c *checker) option(at string, o map[string]any) {
	c.only(at, o, "text", "value", "description")
	c.text(at, o, "text", textRule{max: maxOptionText, required: true})
	c.text(at, o, "description", textRule{max: maxOptionText})
	if _, ok := o["value"]; !ok {
		c.missing(at, "value")
	}
	c.shortString(at, o, "value", maxOptionValue)
}

func (c *checker) fewOptions(at string, e map[string]any) {
	c.list(at, e, "options", maxFewOptions, c.option)
	c.initial(at, e)
}

func (c *checker) overflow(at string, e map[string]any) {
	c.list(at, e, "options", maxOverflow, c.option)
}

func (c *checker) externalSelect(at string, e map[string]any) {
	c.whole(at, e, "min_query_length", 0)
	for field, one := range map[string]bool{"initial_option": true, "initial_options": false} {
		if o, ok := e[field].(map[string]any); ok && one {
			c.option(at+"/"+field, o)
		}
		if _, ok := e[field]; ok && !one {
			c.list(at, e, field, maxOptions, c.option)
		}
	}
}

// initial checks that what is chosen at first is among the options.
func (c *checker) initial(at string, e map[string]any) {
	has := func(v any) bool {
		return slices.ContainsFunc(OptionsOf(e), func(o map[string]any) bool { return fmt.Sprint(o) == fmt.Sprint(v) })
	}
	if v, ok := e["initial_option"]; ok && !has(v) {
		c.fail(at+"/initial_option", "must match one of the options")
	}
	list, _ := e["initial_options"].([]any)
	for i, v := range list {
		if !has(v) {
			c.fail(fmt.Sprintf("%s/initial_options/%d", at, i), "must match one of the options")
		}
	}
}

// pattern checks that a field, where it is there, has a form.
func pattern(field, form string) func(*checker, string, map[string]any) {
	re := regexp.MustCompile(form)
	return func(c *checker, at string, e map[string]any) {
		if v, ok := e[field]; ok && !re.MatchString(fmt.Sprint(v)) {
			c.fail(at+"/"+field, "must match %s", form)
		}
	}
}

// OptionsOf returns an element's options, those in groups too.
func OptionsOf(e map[string]any) []map[string]any {
	all := objects(e["options"])
	for _, g := range objects(e["option_groups"]) {
		all = append(all, objects(g["options"])...)
	}
	return all
}

// objects returns the objects of an array.
func objects(v any) []map[string]any {
	var all []map[string]any
	list, _ := v.([]any)
	for _, item := range list {
		if o, ok := item.(map[string]any); ok {
			all = append(all, o)
		}
	}
	return all
}

// ValidateOptions returns everything that is wrong with what an app suggests for an external select: an object with
// options or option_groups.
func ValidateOptions(raw []byte) []Problem {
	answer, err := object(raw)
	if err != nil {
		return []Problem{{Code: FailedConstraint, Message: "must be an object with options or option_groups"}}
	}
	c := &checker{}
	c.only("", answer, "options", "option_groups")
	_, flat := answer["options"]
	_, grouped := answer["option_groups"]
	switch {
	case flat == grouped:
		c.fail("", "must have either options or option_groups")
	case flat && len(objects(answer["options"])) == 0 || grouped && len(objects(answer["option_groups"])) == 0: // nothing was found
	case flat:
		c.list("", answer, "options", maxOptions, c.option)
	default:
		c.list("", answer, "option_groups", maxOptions, c.optionGroup)
	}
	return c.problems
}

// Field is one thing to fill in or to choose.
type Field struct {
	Label    string // of its input block; else the placeholder, or the section's text
	BlockID  string
	ActionID string
	Kind     string
	Optional bool
	Input    bool           // it stands in an input block: it counts on submission
	Dispatch bool           // the app is told of each change
	Raw      map[string]any // the element
}

// Fields lists what there is to fill in, from top to bottom.
func Fields(raw []byte) []Field {
	blocks, err := Decode(raw)
	if err != nil {
		return nil
	}
	var all []Field
	for _, b := range blocks {
		for _, e := range elements(b) {
			if !Fillable(str(e, "type")) {
				continue
			}
			input := b["type"] == "input"
			label := cmp.Or(textOf(e["placeholder"]).Value, textOf(b["text"]).Value)
			if input {
				label = textOf(b["label"]).Value
			}
			all = append(all, Field{
				Label: label, BlockID: str(b, "block_id"), ActionID: str(e, "action_id"), Kind: str(e, "type"), Input: input,
				Optional: b["optional"] == true, Dispatch: !input || b["dispatch_action"] == true, Raw: e,
			})
		}
	}
	return all
}
