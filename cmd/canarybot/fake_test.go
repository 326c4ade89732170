package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// away says what becomes of requests.
type away int

const (
	present     away = iota // they are answered
	refusing                // the connection is refused: a bot that restarts
	silent                  // nothing comes back, and nothing arrives: a cut network
	breaking                // they arrive, and the answer is lost
	unavailable             // something before the bot says that it is away
)

// fakeBot is Canarybot behind a transport in memory: it keeps rollouts, and does what is sent to it.
type fakeBot struct {
	mu       sync.Mutex // guards the fields below
	away     away
	answer   func(*http.Request) *http.Response // instead of everything else, if it returns one
	rollouts map[rollout.ID]*api.Rollout
	keys     map[string]rollout.ID
	starts   []api.Start
	tokens   []string // of each request that arrived
	changed  chan struct{}
}

func newFakeBot() *fakeBot {
	return &fakeBot{rollouts: map[rollout.ID]*api.Rollout{}, keys: map[string]rollout.ID{}, changed: make(chan struct{})}
}

// become changes how requests fare.
func (b *fakeBot) become(a away) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.away = a
}

// change changes a rollout and tells whoever waits for it.
func (b *fakeBot) change(id rollout.ID, do func(*api.Rollout)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.changeLocked(id, do)
}

func (b *fakeBot) changeLocked(id rollout.ID, do func(*api.Rollout)) {
	do(b.rollouts[id])
	b.rollouts[id].Seq++
	close(b.changed)
	b.changed = make(chan struct{})
}

// end ends the rollout.
func (b *fakeBot) end(id rollout.ID, outcome rollout.Outcome, status string) {
	b.change(id, func(r *api.Rollout) { finishAs(r, outcome, status) })
}

func finishAs(r *api.Rollout, outcome rollout.Outcome, status string) {
	r.Phase, r.Outcome, r.Status, r.Actions, r.Weight = "ended", strings.ReplaceAll(string(outcome), "_", " "), status, nil, 0
}

// state returns the rollout as it is.
func (b *fakeBot) state(id rollout.ID) api.Rollout {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.rollouts[id]; r != nil {
		return *r
	}
	return api.Rollout{}
}

// started returns how many rollouts there are.
func (b *fakeBot) started() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.rollouts)
}

// RoundTrip answers as the network and the bot would.
func (b *fakeBot) RoundTrip(request *http.Request) (*http.Response, error) {
	b.mu.Lock()
	away, answer := b.away, b.answer
	b.mu.Unlock()
	if answer != nil {
		if response := answer(request); response != nil {
			return response, nil
		}
	}
	switch away {
	case refusing:
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	case silent:
		<-request.Context().Done()
		return nil, request.Context().Err()
	case unavailable:
		return text(503, "text/html", "<h1>away</h1>"), nil
	case present, breaking:
	}
	response := b.serve(request)
	b.mu.Lock()
	away = b.away // it may have gone while it held the question
	b.mu.Unlock()
	switch {
	case request.Context().Err() != nil:
		return nil, request.Context().Err()
	case away == breaking:
		return nil, io.ErrUnexpectedEOF
	case away == refusing:
		return nil, syscall.ECONNRESET
	}
	return response, nil
}

func text(status int, kind, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body))}
}

func answerJSON(status int, value any) *http.Response {
	body, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	kind := "application/json"
	if status >= 400 {
		kind = "application/problem+json"
	}
	return text(status, kind, string(body))
}

func problem(status int, detail string) *http.Response {
	return answerJSON(status, api.Problem{Title: http.StatusText(status), Status: status, Detail: detail})
}

func (b *fakeBot) serve(request *http.Request) *http.Response {
	b.mu.Lock()
	b.tokens = append(b.tokens, request.Header.Get("Authorization")+request.Header.Get("X-Canarybot-Token"))
	b.mu.Unlock()
	id, rest, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/v1/rollouts/"), "/")
	switch {
	case request.Method == http.MethodPost && request.URL.Path == "/v1/rollouts":
		return b.start(request)
	case request.URL.Path == "/v1/plan":
		return answerJSON(200, api.Plan{Starts: true, Text: "It would start."})
	case request.URL.Path == "/v1/services":
		return answerJSON(200, b.services())
	case request.URL.Path == "/v1/rollouts":
		return answerJSON(200, b.list(rollout.ServiceName(request.URL.Query().Get("service"))))
	case rest == "decisions":
		return b.decide(rollout.ID(id), request)
	}
	return b.look(rollout.ID(id), request)
}

func (b *fakeBot) services() api.Services {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := api.Service{Name: "checkout", Plans: []string{"standard", "careful"}, Versions: []string{"v1.2.4", "v1.2.3"}, May: []rollout.Action{rollout.Deploy}}
	for id, r := range b.rollouts {
		if r.Outcome == "" {
			s.Live = id
		}
	}
	return api.Services{Services: []api.Service{s, {Name: "search", May: []rollout.Action{rollout.Deploy}}}}
}

func (b *fakeBot) list(service rollout.ServiceName) (all api.Rollouts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n := len(b.rollouts); n > 0; n-- {
		if r := b.rollouts[rollout.NewID(service, 41+n)]; r != nil {
			all.Rollouts = append(all.Rollouts, *r)
		}
	}
	return all
}

func (b *fakeBot) start(request *http.Request) *http.Response {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := request.Header.Get("Idempotency-Key")
	if id, ok := b.keys[key]; ok {
		return answerJSON(200, b.rollouts[id])
	}
	var start api.Start
	if err := json.NewDecoder(request.Body).Decode(&start); err != nil {
		return problem(400, err.Error())
	}
	for _, r := range b.rollouts {
		if r.Outcome == "" {
			return problem(409, "checkout is busy: v1.2.3 is live, as checkout-42.")
		}
	}
	r := example()
	r.ID = rollout.NewID("checkout", 42+len(b.rollouts))
	r.Version, r.Reason, r.Link = start.Version, start.Reason, start.Link
	b.rollouts[r.ID], b.keys[key] = &r, r.ID
	b.starts = append(b.starts, start)
	return answerJSON(201, r)
}

// example is a rollout that bakes its first step.
func example() api.Rollout {
	canary, stable, limit := 0.1, 0.1, 1.0
	return api.Rollout{
		ID: "checkout-42", Service: "checkout", Environment: "production", Version: "v1.2.4", From: "registry.example.com/shop/checkout:v1.2.3",
		Image: "registry.example.com/shop/checkout:v1.2.4", Phase: "baking", Turn: 1, Seq: 3, Weight: 5, Step: 1,
		Steps:   []api.Step{{Weight: 5, Bake: "10m0s", Gate: "approval"}, {Weight: 50, Bake: "10m0s", Gate: "auto"}},
		Status:  "5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass",
		Actions: []rollout.Action{rollout.Pause, rollout.Rollback},
		Checks:  []api.Check{{Name: "error_rate", Result: "pass", Canary: &canary, Stable: &stable, Limit: &limit, Unit: "%", Text: "errors 0.1 % · stable 0.1 % · limit 1 %"}},
		By:      "github.com/acme/shop, run 812", Reason: "faster tax lookup", Card: "https://acme.slack.com/archives/C1/p1",
		Asked: time.Date(2026, 11, 3, 14, 2, 0, 0, time.UTC), Started: time.Date(2026, 11, 3, 14, 2, 5, 0, time.UTC),
	}
}

func (b *fakeBot) look(id rollout.ID, request *http.Request) *http.Response {
	wait, _ := time.ParseDuration(request.URL.Query().Get("wait"))
	after, _ := strconv.Atoi(request.URL.Query().Get("after"))
	for end := time.After(wait); ; {
		b.mu.Lock()
		r, changed := b.rollouts[id], b.changed
		if r == nil {
			b.mu.Unlock()
			return problem(404, "There is no rollout "+string(id)+".")
		}
		now := *r
		b.mu.Unlock()
		if now.Seq > after || wait == 0 {
			return answerJSON(200, now)
		}
		select {
		case <-changed:
		case <-end:
			return answerJSON(200, now)
		case <-request.Context().Done():
			return answerJSON(200, now)
		}
	}
}

func (b *fakeBot) decide(id rollout.ID, request *http.Request) *http.Response {
	var d api.Decision
	if err := json.NewDecoder(request.Body).Decode(&d); err != nil {
		return problem(400, err.Error())
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	r := b.rollouts[id]
	key := request.Header.Get("Idempotency-Key")
	switch {
	case b.keys[key] == id && r != nil:
		return answerJSON(200, r)
	case r == nil:
		return problem(404, "There is no rollout "+string(id)+".")
	case r.Outcome != "":
		return problem(409, string(id)+" has ended.")
	case d.Action == rollout.Rollback && r.Phase == "rolling_back":
		return problem(409, string(id)+" is rolled back already.")
	case d.Action == rollout.Promote && d.Turn != r.Turn:
		return problem(409, string(id)+" moved on since that was shown; look at its card and decide again.")
	}
	b.keys[key] = id
	b.changeLocked(id, func(r *api.Rollout) {
		r.Reason = d.Reason
		switch d.Action {
		case rollout.Rollback:
			r.Phase, r.Weight, r.Status, r.Actions = "rolling_back", 0, "⏪ Rolling back · traffic is on v1.2.3", nil
		case rollout.Pause:
			r.Status, r.Actions = "⏸ Paused by github.com/acme/shop, run 812", []rollout.Action{rollout.Resume, rollout.Rollback}
		case rollout.Extend, rollout.Freeze, rollout.Unfreeze, rollout.Requeue, rollout.PromoteNow, rollout.EmergencyDeploy, rollout.Review: // no pipeline does
		case rollout.Resume:
			r.Status, r.Actions = "5 % of traffic · step 1 of 2 · baking 6:30 of 10:00 · all checks pass", []rollout.Action{rollout.Pause, rollout.Rollback}
		case rollout.Promote:
			r.Turn++
			r.Step, r.Weight, r.Status = r.Step+1, 50, "Shifting to 50 % of traffic · step 2 of 2"
		case rollout.Deploy, rollout.Override, rollout.Retry, rollout.Abandon, rollout.Accept, rollout.AutoGate:
		}
	})
	return answerJSON(200, b.rollouts[id])
}

// console is a command that was run, and what it said.
type console struct {
	code        int
	out, errors bytes.Buffer
}

// execute runs the command with the transport and the environment, to which a server and a token are added.
func execute(t *testing.T, ctx context.Context, transport http.RoundTripper, env map[string]string, args ...string) *console {
	t.Helper()
	c := &console{}
	all := map[string]string{"CANARYBOT_SERVER": "https://canarybot.example.com", "CANARYBOT_TOKEN": "secret-token", "COLUMNS": ""}
	for name, value := range env {
		all[name] = value
	}
	width, _ := strconv.Atoi(all["COLUMNS"])
	cmd := root(process{env: func(name string) string { return all[name] }, transport: transport, width: func() int { return width }})
	cmd.SetArgs(args)
	cmd.SetOut(&c.out)
	cmd.SetErr(&c.errors)
	if err := cmd.ExecuteContext(ctx); err != nil {
		if text := sentence(err); text != "" {
			c.errors.WriteString(text + "\n")
		}
		c.code = codeOf(err)
	}
	if all := c.out.String() + c.errors.String(); strings.Contains(all, "secret-token") {
		t.Errorf("the token is shown: %s", all)
	}
	return c
}
