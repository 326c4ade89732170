package slacksim

import (
	"encoding/json"
	"fmt"
	"strconv"

	"canarybot.io/bot/slacksim/blockkit"
)

// minQuery is how much must be typed before Slack asks for suggestions, where the element does not say.
const minQuery = 3

// Suggestion is one option that an app offers in an external select.
type Suggestion struct {
	Group, Text, Description, Value string
}

// Suggest types into an external select of the topmost modal, and returns what the app offers. Where the element wants
// more to be typed first the app is not asked, and there is nothing. An app that does not answer offers nothing.
func (p *Person) Suggest(name, typed string) ([]Suggestion, error) {
	e, key, err := p.ask(name, typed)
	if err != nil || e == nil {
		return nil, err
	}
	s := p.sim
	s.await(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	return suggestions(s.suggested[key]), nil
}

// ask sends the app what was typed; no envelope: that is too little.
func (p *Person) ask(name, typed string) (*envelope, field, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, v, err := p.top()
	if err != nil {
		return nil, field{}, err
	}
	f, err := v.fieldNamed(name)
	if err != nil {
		return nil, field{}, err
	}
	if f.Kind != "external_select" && f.Kind != "multi_external_select" {
		return nil, field{}, fmt.Errorf("%w: %q takes no suggestions", ErrNoField, name)
	}
	key := field{v.id, f.BlockID, f.ActionID}
	delete(s.suggested, key)
	least := minQuery
	if n, err := strconv.Atoi(fmt.Sprint(f.Raw["min_query_length"])); err == nil {
		least = n
	}
	if len([]rune(typed)) < least {
		return nil, key, nil
	}
	payload := s.interaction("block_suggestion", u)
	payload["container"] = map[string]any{"type": "view", "view_id": v.id}
	payload["action_id"], payload["block_id"], payload["value"], payload["view"] = f.ActionID, f.BlockID, typed, s.wireView(v)
	e := s.newEnvelope(interactiveEnvelope, func(string) map[string]any { return payload })
	e.answers = true
	e.acked = func(raw json.RawMessage) { s.offer(key, raw) }
	s.deliver(e)
	return e, key, nil
}

// offer keeps what an app suggests, group by group.
func (s *Sim) offer(key field, raw json.RawMessage) {
	problems := blockkit.ValidateOptions(raw)
	for _, p := range problems {
		s.recordViolation(InvalidOptions, "%s", p)
	}
	if len(problems) > 0 {
		return
	}
	var answer map[string]any
	if json.Unmarshal(raw, &answer) != nil {
		return
	}
	var all []suggested
	groups, _ := answer["option_groups"].([]any)
	for _, item := range append(groups, answer) {
		g, _ := item.(map[string]any)
		for _, o := range blockkit.OptionsOf(map[string]any{"options": g["options"]}) {
			all = append(all, suggested{textOf(g["label"]), o})
		}
	}
	s.suggested[key] = all
	s.notifyChange()
}

// suggested is an option that a person saw, and the group that it was in.
type suggested struct {
	group  string
	option map[string]any
}

func suggestions(options []suggested) []Suggestion {
	var all []Suggestion
	for _, s := range options {
		value, _ := s.option["value"].(string)
		all = append(all, Suggestion{
			Group: s.group, Text: textOf(s.option["text"]), Description: textOf(s.option["description"]), Value: value,
		})
	}
	return all
}

// textOf is the text of a text object; empty: it is none.
func textOf(v any) string {
	t, _ := v.(map[string]any)
	s, _ := t["text"].(string)
	return s
}
