package slacksim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Control serves what no person in Slack can do, for tests in any language: who and what there is, what goes wrong and
// when, and what was seen. Everything is under /control/; Handler does not serve it, so mount it where only tests reach it.
// What people do is under /sim/, as the page has it.
func (s *Sim) Control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /control/{what}", s.serveRead)
	mux.HandleFunc("POST /control/{what}", s.serveChange)
	return http.NewCrossOriginProtection().Handler(mux)
}

// longestWait bounds GET /control/wait: it then answers the version that it was asked about.
const longestWait = 30 * time.Second

// reads is what GET /control/NAME answers.
func (s *Sim) reads() map[string]func(r *http.Request) any {
	return map[string]func(r *http.Request) any{
		"messages":   func(r *http.Request) any { return s.readMessages(r.FormValue("channel")) },
		"modal":      func(r *http.Request) any { return viewShown(s.Modal(r.FormValue("user"))) },
		"home":       func(r *http.Request) any { return viewShown(s.Home(r.FormValue("user"))) },
		"ephemerals": func(r *http.Request) any { return s.readEphemerals(r.FormValue("user")) },
		"violations": func(*http.Request) any { return s.readViolations() },
		"sockets":    func(*http.Request) any { return s.Connections() },
		"wait":       func(r *http.Request) any { return s.waitVersion(r) },
		"groups":     func(*http.Request) any { return s.readGroups() },
	}
}

func (s *Sim) serveRead(w http.ResponseWriter, r *http.Request) {
	read, known := s.reads()[r.PathValue("what")]
	if !known {
		complain(w, http.StatusNotFound, "there is no GET /control/"+r.PathValue("what"))
		return
	}
	// The version is read first: what changes meanwhile is told by the next wait.
	s.mu.Lock()
	version := s.version
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	writeJSON(w, map[string]any{"version": version, r.PathValue("what"): read(r)})
}

// changes is what POST /control/NAME does with its body.
func (s *Sim) changes() map[string]func(body *json.Decoder) error {
	return map[string]func(body *json.Decoder) error{
		"user":    change(s.PutUser, func(u User) bool { return u.ID != "" && u.Name != "" }, "a user has an id and a name"),
		"channel": change(s.PutChannel, func(c Channel) bool { return c.ID != "" && c.Name != "" }, "a channel has an id and a name"),
		"group":   change(s.PutGroup, func(g Group) bool { return g.ID != "" && g.Handle != "" }, "a group has an id and a handle"),
		"plan":    change(func(b plan) { s.SetUserGroups(b.Groups) }, nil, ""),
		"fault":   change(s.putFault, func(f controlFault) bool { return f.Method != "" }, "a fault has a method, * for all"),
		"faults":  change(func(nothing) { s.ClearFaults() }, nil, ""),
		"outage":  change(s.putOutage, func(b outage) bool { return b.AfterMS == 0 || b.ForMS > 0 }, "an outage that begins later says for how long"),
		"limits":  change(func(b limits) { s.SetRateLimits(b.On) }, nil, ""),
		"next":    change(s.putNext, nil, ""),
		"sockets": change(s.putSockets, func(b sockets) bool { return socketActions(s)[b.Do] != nil }, "do is one of refresh, drop, mute, disable and enable"),
		"remove":  change(func(m named) { s.Remove(m.Channel, m.TS) }, nil, ""),
		"forget":  change(func(nothing) { s.forgetViolations() }, nil, ""),
	}
}

func (s *Sim) serveChange(w http.ResponseWriter, r *http.Request) {
	apply, known := s.changes()[r.PathValue("what")]
	if !known {
		complain(w, http.StatusNotFound, "there is no POST /control/"+r.PathValue("what"))
		return
	}
	body := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	body.DisallowUnknownFields()
	if err := apply(body); err != nil {
		complain(w, http.StatusBadRequest, fmt.Sprintf("POST /control/%s: %v", r.PathValue("what"), err))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	writeJSON(w, map[string]any{"ok": true})
}

func complain(w http.ResponseWriter, status int, sentence string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	writeJSON(w, map[string]any{"ok": false, "error": sentence})
}

// change reads a body of one kind and applies it if it is complete.
func change[T any](apply func(T), complete func(T) bool, want string) func(*json.Decoder) error {
	return func(body *json.Decoder) error {
		var v T
		if err := body.Decode(&v); err != nil {
			return fmt.Errorf("the body is no such JSON object: %w", err)
		}
		if complete != nil && !complete(v) {
			return fmt.Errorf("%s", want)
		}
		apply(v)
		return nil
	}
}

// The bodies of changes that have no type of their own.
type (
	nothing struct{}
	plan    struct {
		Groups bool `json:"groups"`
	}
	outage struct {
		Down    bool `json:"down"`
		AfterMS int  `json:"after_ms"`
		ForMS   int  `json:"for_ms"` // 0: until it is said otherwise
	}
	limits struct {
		On bool `json:"on"`
	}
	named struct {
		Channel string `json:"channel"`
		TS      string `json:"ts"`
	}
	// next is what becomes of the next deliveries.
	next struct {
		Twice    int `json:"twice"`     // so many of them come twice
		Lose     int `json:"lose"`      // so many attempts at the next event get lost
		LoseAcks int `json:"lose_acks"` // so many acks get lost
		// LateMS is how much later the next delivery comes.
		LateMS int `json:"late_ms"`
	}
	sockets struct {
		Do string `json:"do"`
	}
)

func (s *Sim) putNext(n next) {
	s.LoseNext(n.Lose)
	s.LoseAcks(n.LoseAcks)
	s.DelayNext(milliseconds(n.LateMS))
	for range n.Twice {
		s.DuplicateNext()
	}
}

func (s *Sim) putOutage(b outage) {
	if b.ForMS > 0 {
		s.ScheduleOutage(milliseconds(b.AfterMS), milliseconds(b.ForMS))
		return
	}
	s.Outage(b.Down)
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

func socketActions(s *Sim) map[string]func() {
	return map[string]func(){
		"refresh": s.RefreshAll, "drop": s.DropSockets, "mute": s.MuteSockets,
		"disable": s.DisableSocketMode, "enable": s.EnableSocketMode,
	}
}

func (s *Sim) putSockets(b sockets) { socketActions(s)[b.Do]() }

// controlFault is a Fault whose durations are in milliseconds.
type controlFault struct {
	Method       string `json:"method"`
	LatencyMS    int    `json:"latency_ms"`
	LoseRequest  bool   `json:"lose_request"`
	HTTPStatus   int    `json:"http_status"`
	Location     string `json:"location"`
	RetryAfter   string `json:"retry_after"`
	Error        string `json:"error"`
	LoseResponse bool   `json:"lose_response"`
	Times        int    `json:"times"`
	Every        int    `json:"every"`
	AfterMS      int    `json:"after_ms"`
	ForMS        int    `json:"for_ms"`
}

func (s *Sim) putFault(f controlFault) {
	s.SetFault(f.Method, Fault{
		Latency: milliseconds(f.LatencyMS), LoseRequest: f.LoseRequest, HTTPStatus: f.HTTPStatus,
		Location: f.Location, RetryAfter: f.RetryAfter, Error: f.Error, LoseResponse: f.LoseResponse,
		Times: f.Times, Every: f.Every, After: milliseconds(f.AfterMS), For: milliseconds(f.ForMS),
	})
}

// readMessages returns everything in a channel, threads too, in order of time, as the Web API has it.
func (s *Sim) readMessages(channel string) []wireMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []wireMessage{}
	if r := s.roomNamed(channel); r != nil {
		for _, m := range r.messages {
			out = append(out, s.wire(r, m, true))
		}
	}
	return out
}

// readEphemerals returns what only this person sees.
func (s *Sim) readEphemerals(user string) []map[string]any {
	out := []map[string]any{}
	for _, e := range s.Ephemerals(user) {
		out = append(out, map[string]any{
			"channel": e.Channel, "ts": e.TS, "thread_ts": e.ThreadTS, "text": e.Text, "blocks": e.Blocks,
			"from_bot": e.FromBot, "edits": e.Edits,
		})
	}
	return out
}

func (s *Sim) readViolations() []map[string]any {
	out := []map[string]any{}
	for _, v := range s.Violations() {
		out = append(out, map[string]any{"kind": v.Kind, "at": v.At.UTC(), "detail": v.Detail})
	}
	return out
}

func (s *Sim) readGroups() []map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []map[string]any{}
	for _, g := range s.groups {
		out = append(out, s.wireGroup(g))
	}
	return out
}

// forgetViolations begins a new list, between two tests of one simulator.
func (s *Sim) forgetViolations() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.violations = nil
}

// waitVersion answers the version as soon as it is past the one in after.
func (s *Sim) waitVersion(r *http.Request) uint64 {
	after, _ := strconv.ParseUint(r.FormValue("after"), 10, 64)
	late := time.NewTimer(longestWait)
	defer late.Stop()
	for {
		s.mu.Lock()
		version, changed := s.version, s.changed
		s.mu.Unlock()
		if version > after {
			return version
		}
		select {
		case <-changed:
		case <-late.C:
			return version
		case <-r.Context().Done():
			return version
		case <-s.closed:
			return version
		}
	}
}
