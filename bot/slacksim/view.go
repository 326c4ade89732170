package slacksim

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

// maxStack is how many modals may lie on each other.
const maxStack = 3

// field is one thing to fill in, of one view.
type field struct{ view, block, action string }

// view is a modal or a home tab of one person, with what they have filled in. The simulator's lock guards it.
type view struct {
	id, hash       string
	kind           blockkit.Surface
	user           string
	root, previous string
	content        viewContent
	filled         map[field]map[string]any // as the state of a payload has it; absent: as the app sent it
	errors         map[string]string        // by block id, under the fields
	trouble        string                   // what Slack itself says about the last submission
}

// viewContent is what an app sends of a view.
type viewContent struct {
	Title           json.RawMessage `json:"title,omitempty"`
	Submit          json.RawMessage `json:"submit,omitempty"`
	Close           json.RawMessage `json:"close,omitempty"`
	Blocks          json.RawMessage `json:"blocks"`
	PrivateMetadata string          `json:"private_metadata"`
	CallbackID      string          `json:"callback_id"`
	ExternalID      string          `json:"external_id"`
	ClearOnClose    bool            `json:"clear_on_close"`
	NotifyOnClose   bool            `json:"notify_on_close"`
}

// readView takes a view from a call or an ack and validates it as Slack does.
func (s *Sim) readView(raw json.RawMessage, surface blockkit.Surface, where string) (viewContent, reply) {
	var v viewContent
	if len(raw) > blockkit.MaxView {
		s.recordViolation(InvalidView, "%s: the view has %d bytes", where, len(raw))
		return v, refuse("view_too_large")
	}
	problems := blockkit.ValidateView(raw, surface)
	if len(problems) == 0 && json.Unmarshal(raw, &v) == nil {
		v.Blocks = blockkit.Complete(v.Blocks, s.shortID)
		return v, reply{}
	}
	messages := make([]string, 0, len(problems))
	for _, p := range problems {
		s.recordViolation(InvalidView, "%s: %s", where, p)
		messages = append(messages, "[ERROR] "+p.String())
	}
	return v, reply{err: "invalid_arguments", fields: map[string]any{"response_metadata": map[string]any{"messages": messages}}}
}

// newView makes a view of the content; the caller holds the lock.
func (s *Sim) newView(user string, surface blockkit.Surface, c viewContent) *view {
	v := &view{id: s.id("V"), kind: surface, user: user, content: c, filled: map[field]map[string]any{}}
	v.root, v.hash = v.id, s.viewHash()
	return v
}

func (s *Sim) viewHash() string { return fmt.Sprintf("%d.%s", time.Now().Unix(), s.shortID()) }

// change puts other content into the view. What was filled in stays where the block and the action are still there.
func (s *Sim) change(v *view, c viewContent) {
	kept := map[field]map[string]any{}
	for _, f := range blockkit.Fields(c.Blocks) {
		at := field{v.id, f.BlockID, f.ActionID}
		if state, ok := v.filled[at]; ok && state["type"] == f.Kind {
			kept[at] = state
		}
	}
	v.content, v.filled, v.hash, v.errors, v.trouble = c, kept, s.viewHash(), nil, ""
	s.notifyChange()
}

// wireView is a view as calls and payloads carry it.
func (s *Sim) wireView(v *view) map[string]any {
	w := map[string]any{
		"id": v.id, "team_id": s.opts.Workspace.ID, "type": v.kind, "blocks": v.content.Blocks,
		"private_metadata": v.content.PrivateMetadata, "callback_id": v.content.CallbackID, "external_id": v.content.ExternalID,
		"state": map[string]any{"values": v.state()}, "hash": v.hash, "clear_on_close": v.content.ClearOnClose,
		"notify_on_close": v.content.NotifyOnClose, "root_view_id": v.root, "previous_view_id": nil,
		"title": v.content.Title, "submit": v.content.Submit, "close": v.content.Close,
		"app_id": s.opts.Bot.AppID, "bot_id": s.opts.Bot.BotID, "app_installed_team_id": s.opts.Workspace.ID,
	}
	if v.previous != "" {
		w["previous_view_id"] = v.previous
	}
	return w
}

// viewsOpen shows a modal to whoever did what the trigger id stands for. That another stack of theirs goes is our rule.
func (s *Sim) viewsOpen(c call) reply {
	content, rep := s.readView(c.raw("view"), blockkit.InModal, c.method)
	if rep.err != "" {
		return rep
	}
	if s.externalTaken(content.ExternalID, nil) {
		return refuse("duplicate_external_id")
	}
	t, rep := s.spend(c)
	if rep.err != "" {
		return rep
	}
	v := s.newView(t.user, blockkit.InModal, content)
	s.modals[t.user] = []*view{v}
	s.notifyChange()
	return ok(map[string]any{"view": s.wireView(v)})
}

func (s *Sim) viewsPush(c call) reply {
	content, rep := s.readView(c.raw("view"), blockkit.InModal, c.method)
	if rep.err != "" {
		return rep
	}
	t, rep := s.spend(c)
	if rep.err != "" {
		return rep
	}
	on := s.viewOf(t.view, "")
	switch {
	case on == nil || on.kind != blockkit.InModal:
		return refuse("not_found")
	case len(s.modals[t.user]) >= maxStack:
		return refuse("push_limit_reached")
	case s.externalTaken(content.ExternalID, nil):
		return refuse("duplicate_external_id")
	}
	return ok(map[string]any{"view": s.wireView(s.push(t.user, content))})
}

// push puts a modal on top of the person's others; the caller holds the lock.
func (s *Sim) push(user string, c viewContent) *view {
	v := s.newView(user, blockkit.InModal, c)
	if stack := s.modals[user]; len(stack) > 0 {
		v.root, v.previous = stack[0].id, stack[len(stack)-1].id
	}
	s.modals[user] = append(s.modals[user], v)
	s.notifyChange()
	return v
}

func (s *Sim) viewsUpdate(c call) reply {
	v := s.viewOf(c.text("view_id"), c.text("external_id"))
	if v == nil {
		return refuse("not_found")
	}
	content, rep := s.readView(c.raw("view"), v.kind, c.method)
	switch {
	case rep.err != "":
		return rep
	case c.text("hash") != "" && c.text("hash") != v.hash:
		return refuse("hash_conflict")
	case s.externalTaken(content.ExternalID, v):
		return refuse("duplicate_external_id")
	}
	s.change(v, content)
	return ok(map[string]any{"view": s.wireView(v)})
}

func (s *Sim) viewsPublish(c call) reply {
	u, found := s.user(c.text("user_id"))
	if !found || u.ID != c.text("user_id") {
		return refuse("user_not_found")
	}
	if s.opts.HomeOff {
		return refuse("not_enabled")
	}
	content, rep := s.readView(c.raw("view"), blockkit.InHome, c.method)
	if rep.err != "" {
		return rep
	}
	v := s.homes[u.ID]
	switch {
	case v == nil:
		v = s.newView(u.ID, blockkit.InHome, content)
		s.homes[u.ID] = v
		s.notifyChange()
	case c.text("hash") != "" && c.text("hash") != v.hash:
		return refuse("hash_conflict")
	default:
		s.change(v, content)
	}
	return ok(map[string]any{"view": s.wireView(v)})
}

// viewOf finds a view by its id or by the app's own; nil: it was closed, or never there.
func (s *Sim) viewOf(id, external string) *view {
	is := func(v *view) bool {
		return id != "" && v.id == id || external != "" && v.content.ExternalID == external
	}
	for _, stack := range s.modals {
		if i := slices.IndexFunc(stack, is); i >= 0 {
			return stack[i]
		}
	}
	for _, v := range s.homes {
		if is(v) {
			return v
		}
	}
	return nil
}

// externalTaken reports whether another view has the app's id.
func (s *Sim) externalTaken(external string, by *view) bool {
	other := s.viewOf("", external)
	return other != nil && other != by
}
