package slacksim

import (
	"encoding/json"
	"net/http"
)

// snapshotView is a modal or a home as the page shows it.
type snapshotView struct {
	ID      string            `json:"id"`
	Hash    string            `json:"hash"`
	Title   string            `json:"title,omitempty"`
	Submit  string            `json:"submit,omitempty"`
	Close   string            `json:"close,omitempty"`
	Blocks  json.RawMessage   `json:"blocks"`
	Errors  map[string]string `json:"errors,omitempty"`
	Trouble string            `json:"trouble,omitempty"`
	Depth   int               `json:"depth"`
}

// viewShown is a view as the page shows it; nil where nothing is there.
func viewShown(v View, there bool) *snapshotView {
	if !there {
		return nil
	}
	return &snapshotView{
		ID: v.ID, Hash: v.Hash, Title: v.Title, Submit: v.Submit, Close: v.Close, Blocks: v.Blocks, Errors: v.Errors,
		Trouble: v.Trouble, Depth: v.Depth,
	}
}

// snapshotViews is what belongs to modals, homes and shortcuts in a snapshot.
type snapshotViews struct {
	Modal     *snapshotView `json:"modal"`
	Home      *snapshotView `json:"home"`
	HomeOn    bool          `json:"homeOn"`
	Shortcuts []string      `json:"shortcuts"` // global ones
	OnMessage []string      `json:"onMessage"` // those of a message's menu
}

// snapshotViews returns that for one person; the caller holds the lock.
func (s *Sim) snapshotViews(user string) snapshotViews {
	v := snapshotViews{
		Modal: viewShown(s.modalOf(user)), Home: viewShown(s.homeOf(user)), HomeOn: !s.opts.HomeOff,
		Shortcuts: []string{}, OnMessage: []string{},
	}
	for _, k := range s.opts.Shortcuts {
		if k.OnMessage {
			v.OnMessage = append(v.OnMessage, k.Name)
		} else {
			v.Shortcuts = append(v.Shortcuts, k.Name)
		}
	}
	return v
}

// serveViews mounts what people do in modals, on the home tab and with shortcuts.
func (s *Sim) serveViews(mount func(name string, handle http.HandlerFunc)) {
	for name, start := range map[string]func(visitorAction) (*Pending, error){
		"fill":       func(a visitorAction) (*Pending, error) { return s.As(a.As).StartFill(a.Field, a.Text) },
		"submit":     func(a visitorAction) (*Pending, error) { return s.As(a.As).StartSubmit() },
		"close":      func(a visitorAction) (*Pending, error) { return s.As(a.As).startClose(a.All) },
		"press-view": func(a visitorAction) (*Pending, error) { return s.As(a.As).startPressView(a.Button, a.Home) },
		"home":       func(a visitorAction) (*Pending, error) { return s.As(a.As).startHome("home") },
		"shortcut":   func(a visitorAction) (*Pending, error) { return s.As(a.As).startShortcut(a.Channel, a.TS, a.Text) },
	} {
		mount(name, func(w http.ResponseWriter, r *http.Request) { s.serveAct(w, r, start) })
	}
	mount("suggest", s.serveSuggest)
}

// serveSuggest answers with what the app suggests for what is typed.
func (s *Sim) serveSuggest(w http.ResponseWriter, r *http.Request) {
	var a visitorAction
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&a); err != nil {
		http.Error(w, "the request is no JSON object", http.StatusBadRequest)
		return
	}
	all, err := s.As(a.As).Suggest(a.Field, a.Text)
	if err != nil {
		http.Error(w, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	out := []map[string]string{}
	for _, o := range all {
		out = append(out, map[string]string{"group": o.Group, "text": o.Text, "description": o.Description, "value": o.Value})
	}
	writeJSON(w, out)
}
