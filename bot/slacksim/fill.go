package slacksim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// Why something cannot be filled in or pressed.
var (
	ErrNoView   = errors.New("no such modal or home is open")
	ErrNoField  = errors.New("no such field")
	ErrNoOption = errors.New("no such option")
)

// state is what is filled in, by block and action, as payloads have it.
func (v *view) state() map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, f := range blockkit.Fields(v.content.Blocks) {
		if f.Kind == "overflow" {
			continue
		}
		if all[f.BlockID] == nil {
			all[f.BlockID] = map[string]any{}
		}
		all[f.BlockID][f.ActionID] = v.valueOf(f)
	}
	return all
}

// valueOf is one field's state.
func (v *view) valueOf(f blockkit.Field) map[string]any {
	if state, ok := v.filled[field{v.id, f.BlockID, f.ActionID}]; ok {
		return state
	}
	key, initial := stateKey(f.Kind)
	value := f.Raw[initial]
	if value == nil && strings.HasSuffix(key, "s") && key != "" {
		value = []any{}
	}
	return map[string]any{"type": f.Kind, key: value}
}

// stateKey names where an element's state holds its value, and the element what it is at first.
func stateKey(kind string) (key, initial string) {
	switch kind {
	case "static_select", "external_select", "radio_buttons":
		return "selected_option", "initial_option"
	case "multi_static_select", "multi_external_select", "checkboxes":
		return "selected_options", "initial_options"
	case "users_select":
		return "selected_user", "initial_user"
	case "multi_users_select":
		return "selected_users", "initial_users"
	case "channels_select":
		return "selected_channel", "initial_channel"
	case "conversations_select":
		return "selected_conversation", "initial_conversation"
	case "datepicker":
		return "selected_date", "initial_date"
	case "timepicker":
		return "selected_time", "initial_time"
	case "datetimepicker":
		return "selected_date_time", "initial_date_time"
	}
	return "value", "initial_value"
}

// empty reports whether a field's state says nothing.
func empty(state map[string]any) bool {
	key, _ := stateKey(fmt.Sprint(state["type"]))
	switch value := state[key].(type) {
	case nil:
		return true
	case string:
		return value == ""
	case []any:
		return len(value) == 0
	}
	return false
}

// fieldNamed finds a field by its label, block id, action id or BLOCK/ACTION.
func (v *view) fieldNamed(name string) (blockkit.Field, error) {
	for _, f := range blockkit.Fields(v.content.Blocks) {
		if f.Label == name || f.BlockID == name || f.ActionID == name || f.BlockID+"/"+f.ActionID == name {
			return f, nil
		}
	}
	return blockkit.Field{}, fmt.Errorf("%w: %q", ErrNoField, name)
}

// entered makes a field's state of what a person enters: the text, or the options' labels or values, several of them
// separated by semicolons. Among the suggestions are those that the person saw last.
func (s *Sim) entered(v *view, f blockkit.Field, entered string) (map[string]any, error) {
	key, _ := stateKey(f.Kind)
	state := map[string]any{"type": f.Kind, key: nil}
	options := blockkit.OptionsOf(f.Raw)
	for _, o := range s.suggested[field{v.id, f.BlockID, f.ActionID}] {
		options = append(options, o.option)
	}
	switch key {
	case "selected_option":
		if entered == "" {
			return state, nil
		}
		o, err := optionNamed(options, entered)
		state[key] = o
		return state, err
	case "selected_options", "selected_users":
		chosen := []any{}
		for name := range strings.SplitSeq(entered, ";") {
			if name = strings.TrimSpace(name); name == "" {
				continue
			}
			if key == "selected_users" {
				chosen = append(chosen, s.idOf(name))
				continue
			}
			o, err := optionNamed(options, name)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, o)
		}
		state[key] = chosen
		return state, nil
	}
	if entered == "" {
		return state, nil
	}
	var err error
	state[key], err = s.plainValue(f.Kind, entered)
	return state, err
}

// plainValue is what a field without options holds.
func (s *Sim) plainValue(kind, entered string) (any, error) {
	switch kind {
	case "users_select", "channels_select", "conversations_select":
		return s.idOf(entered), nil
	case "datetimepicker":
		return secondsOf(entered)
	}
	return entered, nil
}

// secondsOf reads what is chosen in a picker of a date and a time: seconds since 1970, as the page sends them, or a date and a
// time of day in UTC.
func secondsOf(entered string) (int64, error) {
	if n, err := strconv.ParseInt(entered, 10, 64); err == nil {
		return n, nil
	}
	at, err := time.Parse("2006-01-02 15:04", entered)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is no date and time", ErrNoOption, entered)
	}
	return at.Unix(), nil
}

// idOf is the id of a person or a channel by its name.
func (s *Sim) idOf(name string) string {
	if u, found := s.user(name); found {
		return u.ID
	}
	if r := s.roomNamed(name); r != nil {
		return r.ID
	}
	return name
}

func optionNamed(options []map[string]any, name string) (map[string]any, error) {
	label := func(o map[string]any) string {
		t, _ := o["text"].(map[string]any)
		return fmt.Sprint(t["text"])
	}
	if i := slices.IndexFunc(options, func(o map[string]any) bool { return label(o) == name || o["value"] == name }); i >= 0 {
		return options[i], nil
	}
	var there []string
	for _, o := range options {
		there = append(there, label(o))
	}
	return nil, fmt.Errorf("%w: %q; there are: %s", ErrNoOption, name, strings.Join(there, ", "))
}

// complain returns what Slack itself says under the fields before it sends a submission, by block id.
func (v *view) complain() map[string]string {
	wrong := map[string]string{}
	for _, f := range blockkit.Fields(v.content.Blocks) {
		if !f.Input {
			continue
		}
		state := v.valueOf(f)
		if empty(state) {
			if !f.Optional {
				wrong[f.BlockID] = "Please complete this required field."
			}
			continue
		}
		if text, ok := state["value"].(string); ok {
			if why := unfit(f, text); why != "" {
				wrong[f.BlockID] = why
			}
		}
	}
	return wrong
}

// unfit says why Slack does not take a text in a field. The sentences are our rule.
func unfit(f blockkit.Field, text string) string {
	limit := func(name string) (float64, bool) {
		n, err := strconv.ParseFloat(fmt.Sprint(f.Raw[name]), 64)
		return n, err == nil
	}
	length := float64(len([]rune(text)))
	if least, ok := limit("min_length"); ok && length < least {
		return fmt.Sprintf("Enter at least %v characters.", least)
	}
	if most, ok := limit("max_length"); ok && length > most {
		return fmt.Sprintf("Enter at most %v characters.", most)
	}
	if f.Kind != "number_input" {
		return ""
	}
	n, err := strconv.ParseFloat(text, 64)
	least, hasLeast := limit("min_value")
	most, hasMost := limit("max_value")
	switch {
	case err != nil || f.Raw["is_decimal_allowed"] == false && n != float64(int64(n)):
		return "Enter a valid number."
	case hasLeast && n < least, hasMost && n > most:
		return "Enter a number in the allowed range."
	}
	return ""
}

// shown returns the view's blocks with what is filled in, as initial values.
func (v *view) shown() json.RawMessage {
	blocks, err := blockkit.Decode(v.content.Blocks)
	if err != nil {
		return v.content.Blocks
	}
	fields := blockkit.Fields(v.content.Blocks)
	for _, b := range blocks {
		for _, f := range fields {
			if f.BlockID != b["block_id"] {
				continue
			}
			if state, ok := v.filled[field{v.id, f.BlockID, f.ActionID}]; ok {
				show(b, f, state)
			}
		}
	}
	raw, err := json.Marshal(blocks)
	if err != nil {
		return v.content.Blocks
	}
	return raw
}

// show puts a field's state into its element.
func show(block map[string]any, f blockkit.Field, state map[string]any) {
	all := []any{block["element"], block["accessory"]}
	if list, ok := block["elements"].([]any); ok {
		all = append(all, list...)
	}
	key, initial := stateKey(f.Kind)
	for _, item := range all {
		e, ok := item.(map[string]any)
		if !ok || e["action_id"] != f.ActionID {
			continue
		}
		if e[initial] = state[key]; empty(state) {
			delete(e, initial)
		}
	}
}
