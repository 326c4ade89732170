package slacksim

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
)

// web holds the page's files; embedding needs a variable, nobody changes it.
//
//go:embed web
var web embed.FS

// contentPolicy lets the page load nothing but its own files and the panel, so
// that text from outside cannot become script even if an escape were missing.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"

// servePage mounts the web page and its API.
func (s *Sim) servePage(mux *http.ServeMux) {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the directory is compiled in
	}
	assets := http.StripPrefix("/sim/web/", http.FileServerFS(files))
	page := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", contentPolicy)
			w.Header().Set("Cache-Control", "no-cache")
			http.ServeFileFS(w, r, files, name)
		}
	}
	mux.HandleFunc("GET /{$}", page("index.html"))
	mux.HandleFunc("GET /pair", page("pair.html"))
	s.serveStories(mux, page("storybook.html"))
	mux.HandleFunc("GET /sim/web/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		assets.ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /sim/state", s.serveState)
	mux.HandleFunc("GET /sim/events", s.serveEvents)
	// Other sites must not press buttons through a visitor's browser.
	guard := http.NewCrossOriginProtection()
	mux.Handle("POST /sim/slash", guard.Handler(http.HandlerFunc(s.serveSlash)))
	mux.Handle("POST /sim/press", guard.Handler(http.HandlerFunc(s.servePress)))
	mux.Handle("POST /sim/say", guard.Handler(http.HandlerFunc(s.serveSay)))
	mux.Handle("POST /sim/edit", guard.Handler(http.HandlerFunc(s.serveEdit)))
	mux.Handle("POST /sim/delete", guard.Handler(http.HandlerFunc(s.serveDelete)))
	mux.Handle("POST /sim/react", guard.Handler(http.HandlerFunc(s.serveReact)))
	mux.Handle("POST /sim/unreact", guard.Handler(http.HandlerFunc(s.serveUnreact)))
	mux.Handle("POST /sim/upload", guard.Handler(http.HandlerFunc(s.serveVisitorFile)))
	s.serveViews(func(name string, handle http.HandlerFunc) { mux.Handle("POST /sim/"+name, guard.Handler(handle)) })
}

// visitorAction is an action of a visitor of the page.
type visitorAction struct {
	As      string `json:"as"`
	Channel string `json:"channel"`
	Thread  string `json:"thread"`
	TS      string `json:"ts"`
	Button  string `json:"button"`
	Value   string `json:"value"` // as the page showed it
	Text    string `json:"text"`
	// Field, All and Home are of what is done in a view: which field, whether all modals close, whether it is the home tab.
	Field string `json:"field"`
	All   bool   `json:"all"`
	Home  bool   `json:"home"`
}

func (s *Sim) serveSlash(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) {
		command, rest, _ := strings.Cut(strings.TrimSpace(a.Text), " ")
		return s.As(a.As).StartSlash(a.Channel, a.Thread, command, rest)
	})
}

func (s *Sim) servePress(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) {
		return s.As(a.As).startPress(a.Channel, a.TS, a.Button, a.Value)
	})
}

func (s *Sim) serveSay(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) {
		return s.As(a.As).StartSay(a.Channel, a.Thread, a.Text)
	})
}

func (s *Sim) serveEdit(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) { return s.As(a.As).StartEdit(a.Channel, a.TS, a.Text) })
}

func (s *Sim) serveDelete(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) { return s.As(a.As).StartDelete(a.Channel, a.TS) })
}

// serveReact gives a message the emoji whose name is in text.
func (s *Sim) serveReact(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) { return s.As(a.As).startReact(a.Channel, a.TS, a.Text) })
}

// serveUnreact takes that emoji back.
func (s *Sim) serveUnreact(w http.ResponseWriter, r *http.Request) {
	s.serveAct(w, r, func(a visitorAction) (*Pending, error) { return s.As(a.As).startUnreact(a.Channel, a.TS, a.Text) })
}

// serveAct performs an act and answers once the bot has acknowledged or failed.
func (s *Sim) serveAct(w http.ResponseWriter, r *http.Request, start func(visitorAction) (*Pending, error)) {
	var a visitorAction
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&a); err != nil {
		http.Error(w, "the request is no JSON object", http.StatusBadRequest)
		return
	}
	s.answerAct(w, func() (*Pending, error) { return start(a) })
}

// answerAct does it, and writes how it ended.
func (s *Sim) answerAct(w http.ResponseWriter, start func() (*Pending, error)) {
	s.mu.Lock()
	s.acted = true
	s.mu.Unlock()
	pending, err := start()
	if err != nil {
		code := http.StatusUnprocessableEntity
		if errors.Is(err, ErrOutage) {
			code = http.StatusServiceUnavailable
		}
		http.Error(w, err.Error(), code)
		return
	}
	got := pending.Outcome()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	writeJSON(w, map[string]string{"delivery": got.Delivery.String(), "text": got.Text, "ts": got.TS})
}

func (s *Sim) serveState(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, s.snapshot(r.URL.Query().Get("as")))
}
