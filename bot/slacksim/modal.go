package slacksim

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// noAnswer is what Slack says in a modal whose submission nobody answered as it should.
const noAnswer = "We had some trouble connecting. Try again?"

// View is a modal or a home as a person sees it.
type View struct {
	ID         string
	Hash       string
	CallbackID string
	Title      string // of modals
	Submit     string
	Close      string
	Blocks     json.RawMessage // with what is filled in, as initial values
	// Errors are under the fields, by their block's id; Trouble is what Slack itself says about the last submission.
	Errors  map[string]string
	Trouble string
	Depth   int // how many modals lie below it
}

// Modal returns the topmost modal that somebody has open.
func (s *Sim) Modal(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.modalOf(user)
}

// modalOf is Modal; the caller holds the lock.
func (s *Sim) modalOf(user string) (View, bool) {
	u, _ := s.user(user)
	stack := s.modals[u.ID]
	if len(stack) == 0 {
		return View{}, false
	}
	return stack[len(stack)-1].seen(len(stack) - 1), true
}

// Home returns the home tab of the app as somebody sees it; false while none was published for them.
func (s *Sim) Home(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.homeOf(user)
}

// homeOf is Home; the caller holds the lock.
func (s *Sim) homeOf(user string) (View, bool) {
	u, _ := s.user(user)
	v := s.homes[u.ID]
	if v == nil {
		return View{}, false
	}
	return v.seen(0), true
}

func (v *view) seen(depth int) View {
	text := func(raw json.RawMessage) string {
		var t struct{ Text string }
		_ = json.Unmarshal(raw, &t) // absent: empty
		return t.Text
	}
	return View{
		ID: v.id, Hash: v.hash, CallbackID: v.content.CallbackID, Title: text(v.content.Title), Submit: text(v.content.Submit),
		Close: cmp.Or(text(v.content.Close), "Cancel"), Blocks: v.shown(), Errors: maps.Clone(v.errors), Trouble: v.trouble, Depth: depth,
	}
}

// PlainView renders a modal or a home as a person would read it aloud, errors under their fields.
func (s *Sim) PlainView(v View) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	if v.Title != "" {
		lines = append(lines, "= "+v.Title+" =")
	}
	blocks, _ := blockkit.Decode(v.Blocks) // what was not valid is not shown
	for _, b := range blocks {
		one, err := json.Marshal([]any{b})
		if err != nil {
			continue
		}
		lines = append(lines, blockkit.Plain(one, s.names())...)
		if id, _ := b["block_id"].(string); v.Errors[id] != "" {
			lines = append(lines, "  ✗ "+v.Errors[id])
		}
	}
	if v.Trouble != "" {
		lines = append(lines, "✗ "+v.Trouble)
	}
	if v.Title != "" {
		foot := "( " + v.Close + " )"
		if v.Submit != "" {
			foot += " [ " + v.Submit + " ]"
		}
		lines = append(lines, foot)
	}
	return strings.Join(lines, "\n")
}

// top returns the person and their topmost modal; the caller holds the lock.
func (p *Person) top() (User, *view, error) {
	u, err := p.active()
	if err != nil {
		return u, nil, err
	}
	stack := p.sim.modals[u.ID]
	if len(stack) == 0 {
		return u, nil, ErrNoView
	}
	return u, stack[len(stack)-1], nil
}

// Fill fills in a field of the person's topmost modal, by its label, or by its block or action id: a text, or the labels
// or values of options. For an external select it is typed first, and what the app suggests is chosen from. The outcome is
// Silent where the app is not told.
func (p *Person) Fill(name, value string) (Outcome, error) {
	f, err := p.fieldOf(name)
	if err != nil {
		return Outcome{}, err
	}
	if strings.HasSuffix(f.Kind, "external_select") && value != "" {
		if _, err := p.Suggest(name, value); err != nil {
			return Outcome{}, err
		}
	}
	return outcome(p.StartFill(name, value))
}

func (p *Person) fieldOf(name string) (blockkit.Field, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	_, v, err := p.top()
	if err != nil {
		return blockkit.Field{}, err
	}
	return v.fieldNamed(name)
}

// StartFill is Fill without waiting, and without asking for suggestions: those count that the person saw last.
func (p *Person) StartFill(name, value string) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, v, err := p.top()
	if err != nil {
		return nil, err
	}
	f, err := v.fieldNamed(name)
	if err != nil {
		return nil, err
	}
	state, err := s.entered(v, f, value)
	if err != nil {
		return nil, err
	}
	v.filled[field{v.id, f.BlockID, f.ActionID}] = state
	delete(v.errors, f.BlockID)
	s.notifyChange()
	if !f.Dispatch {
		return &Pending{sim: s, outcome: Outcome{Delivery: Silent}}, nil
	}
	action := maps.Clone(state)
	action["action_id"], action["block_id"] = f.ActionID, f.BlockID
	return s.startViewAction(u, v, action), nil
}

// startViewAction tells the app what was chosen or pressed in a view; the caller holds the lock.
func (s *Sim) startViewAction(u User, v *view, action map[string]any) *Pending {
	now := time.Now()
	action["action_ts"] = eventTS(now.Add(s.opts.Timing.Ahead))
	payload := s.interaction("block_actions", u)
	payload["container"] = map[string]any{"type": "view", "view_id": v.id}
	payload["trigger_id"] = s.trigger(now, u.ID, v.id)
	payload["view"] = s.wireView(v)
	payload["actions"] = []any{action}
	e := s.newEnvelope(interactiveEnvelope, func(string) map[string]any { return payload })
	e.failed = func(Delivery) { v.trouble = noAnswer }
	s.deliver(e)
	return &Pending{sim: s, waiting: e}
}

// interaction is what every interactive payload has.
func (s *Sim) interaction(kind string, u User) map[string]any {
	return map[string]any{
		"type": kind, "token": "slacksim", "api_app_id": s.opts.Bot.AppID,
		"user":       map[string]any{"id": u.ID, "username": u.Name, "name": u.Name, "team_id": u.TeamID},
		"team":       map[string]any{"id": s.opts.Workspace.ID, "domain": s.opts.Workspace.Domain},
		"enterprise": s.enterpriseObject(), "is_enterprise_install": false,
	}
}

// Submit presses the topmost modal's button. What the person then sees is in Modal; Refused: Slack itself found a field
// that is not filled in as it must be.
func (p *Person) Submit() (Outcome, error) { return outcome(p.StartSubmit()) }

// StartSubmit is Submit without waiting.
func (p *Person) StartSubmit() (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, v, err := p.top()
	if err != nil {
		return nil, err
	}
	if v.content.Submit == nil {
		return nil, ErrNoButton
	}
	if v.errors = v.complain(); len(v.errors) > 0 {
		s.notifyChange()
		return &Pending{sim: s, outcome: Outcome{Delivery: Refused}}, nil
	}
	v.trouble = ""
	payload := s.interaction("view_submission", u)
	payload["trigger_id"], payload["view"], payload["response_urls"] = s.trigger(time.Now(), u.ID, v.id), s.wireView(v), []any{}
	e := s.newEnvelope(interactiveEnvelope, func(string) map[string]any { return payload })
	e.answers = true
	e.acked = func(answer json.RawMessage) { s.submitted(v, answer) }
	e.failed = func(Delivery) { v.trouble = noAnswer }
	s.deliver(e)
	return &Pending{sim: s, waiting: e}, nil
}

// submitted does what the ack of a submission says: without a payload the modal closes.
func (s *Sim) submitted(v *view, raw json.RawMessage) {
	var answer struct {
		Action string            `json:"response_action"`
		Errors map[string]string `json:"errors"`
		View   json.RawMessage   `json:"view"`
	}
	if raw != nil && json.Unmarshal(raw, &answer) != nil {
		s.recordViolation(BadViewAnswer, "no JSON object: %.80s", raw)
		v.trouble = noAnswer
		return
	}
	switch answer.Action {
	case "":
		s.pop(v)
	case "clear":
		s.modals[v.user] = nil
	case "errors":
		s.showErrors(v, answer.Errors)
	case "update", "push":
		content, rep := s.readView(answer.View, blockkit.InModal, "ack of a submission")
		switch {
		case rep.err != "" || answer.Action == "push" && len(s.modals[v.user]) >= maxStack:
			v.trouble = noAnswer
		case answer.Action == "update":
			s.change(v, content)
		default:
			s.push(v.user, content)
		}
	default:
		s.recordViolation(BadViewAnswer, "response_action %q", answer.Action)
		v.trouble = noAnswer
	}
}

// showErrors puts errors under their fields. One for something else than an input block shows a general one instead.
func (s *Sim) showErrors(v *view, errors map[string]string) {
	inputs := map[string]bool{}
	for _, f := range blockkit.Fields(v.content.Blocks) {
		inputs[f.BlockID] = f.Input
	}
	for id, text := range errors {
		if !inputs[id] || text == "" {
			s.recordViolation(BadViewAnswer, "an error for the block %q, which is no input, or without words", id)
			v.trouble = noAnswer
			return
		}
	}
	if len(errors) == 0 {
		s.recordViolation(BadViewAnswer, "errors without any")
		v.trouble = noAnswer
		return
	}
	v.errors = errors
}

// pop closes one modal.
func (s *Sim) pop(v *view) {
	s.modals[v.user] = slices.DeleteFunc(s.modals[v.user], func(o *view) bool { return o == v })
	s.notifyChange()
}

// CloseModal closes the topmost modal with its Cancel button, or all of them with the X. The app is told where it asked
// to be.
func (p *Person) CloseModal(all bool) (Outcome, error) { return outcome(p.startClose(all)) }

func (p *Person) startClose(all bool) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, v, err := p.top()
	if err != nil {
		return nil, err
	}
	if s.pop(v); all || v.content.ClearOnClose {
		if stack := s.modals[u.ID]; len(stack) > 0 {
			v = stack[0]
		}
		s.modals[u.ID] = nil
	}
	if !v.content.NotifyOnClose {
		return &Pending{sim: s, outcome: Outcome{Delivery: Silent}}, nil
	}
	payload := s.interaction("view_closed", u)
	payload["view"], payload["is_cleared"] = s.wireView(v), all
	e := s.newEnvelope(interactiveEnvelope, func(string) map[string]any { return payload })
	e.silent = true
	s.deliver(e)
	return &Pending{sim: s, waiting: e}, nil
}

// PressModal presses a button in the topmost modal, PressHome one in the app's home tab.
func (p *Person) PressModal(button string) (Outcome, error) {
	return outcome(p.startPressView(button, false))
}

// PressHome presses a button in the app's home tab.
func (p *Person) PressHome(button string) (Outcome, error) {
	return outcome(p.startPressView(button, true))
}

func (p *Person) startPressView(button string, home bool) (*Pending, error) {
	s := p.sim
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := p.active()
	if err != nil {
		return nil, err
	}
	v := s.homes[u.ID]
	if !home {
		if _, v, err = p.top(); err != nil {
			return nil, err
		}
	}
	if v == nil {
		return nil, ErrNoView
	}
	b, err := pick(v.content.Blocks, button)
	if err != nil {
		return nil, err
	}
	action := map[string]any{"type": "button", "action_id": b.ActionID, "block_id": b.BlockID, "text": b.Raw["text"]}
	for _, name := range []string{"value", "style", "confirm", "url"} {
		if value, set := b.Raw[name]; set {
			action[name] = value
		}
	}
	return s.startViewAction(u, v, action), nil
}
