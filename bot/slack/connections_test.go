package slack_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
)

// journal keeps what is logged.
type journal struct {
	mu  sync.Mutex
	all bytes.Buffer
}

// Write keeps a line.
func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all.Write(p)
}

// lines returns those with the message.
func (j *journal) lines(message string) (found []map[string]any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.all.String()) {
		var fields map[string]any
		if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == message {
			found = append(found, fields)
		}
	}
	return found
}

// connected runs a test in a bubble with both connections up, and what is logged.
func connected(t *testing.T, test func(*testing.T, *slacksim.Sim, *slack.Connections, *journal)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sim, log := slacksim.Start(t, slacksim.Options{}), &journal{}
		c := slack.New(slack.Config{
			Tokens: sim.Bot().Tokens, APIURL: sim.APIURL(), HTTP: sim.HTTPClient(), Dial: sim.Dial,
		}, slog.New(slog.NewJSONHandler(log, nil)), nil)
		connections := slack.NewConnections(c, func(context.Context, int, int) {})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			connections.Run(ctx, func(e *slack.Envelope) { e.Done() })
		}()
		time.Sleep(time.Minute)
		if n := sim.Connections(); n != 2 {
			t.Fatalf("%d connections", n)
		}
		test(t, sim, connections, log)
		cancel()
		<-ended
	})
}

// Slack, and what stands before it, has such answers for a moment.
func TestAnAnswerThatLooksFinalIsTriedAgainWithinSeconds(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"invalid_auth":     {Error: "invalid_auth"},
		"token_expired":    {Error: "token_expired"},
		"link_disabled":    {Error: "link_disabled"},
		"a word of nobody": {Error: "no_such_word_yet"},
		"404":              {HTTPStatus: 404},
		"403 of a gateway": {HTTPStatus: 403},
		"502 in HTML":      {HTTPStatus: 502},
		"a redirect":       {HTTPStatus: 302, Location: "https://login.example/"},
		"ratelimited":      {Error: "ratelimited"},
		"429":              {HTTPStatus: 429},
		"nothing":          {LoseRequest: true},
	} {
		for method, word := range map[string]string{"apps.connections.open": "the call", slacksim.SocketDials: "the dial"} {
			if method == slacksim.SocketDials && fault.Error != "" {
				continue
			}
			t.Run(name+" to "+word, func(t *testing.T) {
				connected(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Connections, _ *journal) {
					once := fault
					once.Times = 2 // one for each connection
					sim.SetFault(method, once)
					sim.DropSockets()
					time.Sleep(15 * time.Second)
					if err := c.Ready(); err != nil || sim.Connections() != 2 {
						t.Errorf("%d connections after 15 s: %v", sim.Connections(), err)
					}
				})
			})
		}
	}
}

// While it goes on the tries get rarer, up to one in five minutes; a connection that stays begins anew.
func TestTriesGetRarerWhileSlackRefuses(t *testing.T) {
	connected(t, func(t *testing.T, sim *slacksim.Sim, _ *slack.Connections, log *journal) {
		for range 2 {
			sim.SetFault("apps.connections.open", slacksim.Fault{Error: "invalid_auth"})
			sim.DropSockets()
			const refused = "slack refuses the connection; a person has to look at the app and its tokens"
			before := len(log.lines(refused))
			time.Sleep(10 * time.Second)
			if n := len(log.lines(refused)) - before; n < 4 || n > 12 {
				t.Errorf("%d tries of two connections in the first ten seconds", n)
			}
			time.Sleep(time.Hour)
			before = len(log.lines(refused))
			time.Sleep(time.Hour)
			if n := len(log.lines(refused)) - before; n < 2*12 || n > 2*25 {
				t.Errorf("%d tries of two connections in the second hour", n)
			}
			sim.ClearFaults()
			time.Sleep(5*time.Minute + time.Second)
			if n := sim.Connections(); n != 2 {
				t.Errorf("%d connections when Slack has been back for five minutes", n)
			}
		}
	})
}

// Whoever reads the log learns what ended a connection, of which host, and how long it had lived; nobody learns a ticket.
func TestTheLogSaysWhatEndedAConnection(t *testing.T) {
	for name, test := range map[string]struct {
		end     func(*slacksim.Sim)
		message string
		want    string // in its error
	}{
		"the network":                 {(*slacksim.Sim).DropSockets, "connection ended", "unexpected EOF"},
		"a proxy that goes down":      {func(s *slacksim.Sim) { s.CloseSockets(1001, "going away: proxy") }, "connection ended", "going away: proxy"},
		"a proxy that says no reason": {func(s *slacksim.Sim) { s.CloseSockets(1011, "") }, "connection ended", "close 1011"},
		"silence":                     {(*slacksim.Sim).MuteSockets, "connection ended", "timeout"},
		"a gateway at the next dial": {func(s *slacksim.Sim) {
			s.SetFault(slacksim.SocketDials, slacksim.Fault{HTTPStatus: 502})
			s.DropSockets()
		}, "connection to slack failed", "502 Bad Gateway"},
		"no answer to the next dial": {func(s *slacksim.Sim) {
			s.SetFault(slacksim.SocketDials, slacksim.Fault{LoseRequest: true})
			s.DropSockets()
		}, "connection to slack failed", "dial the socket: slack.test: "},
	} {
		t.Run(name, func(t *testing.T) {
			connected(t, func(t *testing.T, sim *slacksim.Sim, c *slack.Connections, log *journal) {
				test.end(sim)
				time.Sleep(50 * time.Second)
				found := log.lines(test.message)
				if len(found) == 0 {
					t.Fatalf("nothing is logged: %s", log.all.String())
				}
				line := found[0]
				if text, _ := line["error"].(string); !strings.Contains(text, test.want) {
					t.Errorf("the error is %q, and should tell of %q", text, test.want)
				}
				if lived, _ := line["lived"].(float64); test.message == "connection ended" && (line["host"] != "slack.test" || time.Duration(lived) < 30*time.Second) {
					t.Errorf("host %v, lived %v", line["host"], line["lived"])
				}
				if text := log.all.String(); strings.Contains(text, "ticket") {
					t.Errorf("a ticket is in the log: %s", text)
				}
				if err := c.Ready(); err != nil && strings.Contains(err.Error(), "ticket") {
					t.Errorf("Ready() = %v", err)
				}
			})
		})
	}
}

// What Slack names is dialled encrypted, and an address that cannot be dialled is not quoted.
func TestSocketAddressesThatAreNotDialled(t *testing.T) {
	for name, address := range map[string]string{
		"in clear text":        "ws://wss.slack.example/link/?ticket=SECRET",
		"no address":           "wss://%zz/?ticket=SECRET",
		"another scheme":       "https://wss.slack.example/link/?ticket=SECRET",
		"with a user":          "wss://user:SECRET@wss.slack.example/link/",
		"with a port too high": "wss://wss.slack.example:99999999/?ticket=SECRET",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var dialled atomic.Int32
				log := &journal{}
				c := slack.New(slack.Config{HTTP: &http.Client{Transport: transport(func(r *http.Request) (*http.Response, error) {
					return answer(r, `{"ok":true,"url":"`+address+`"}`), nil
				})}, Dial: refuseDial(&dialled)}, slog.New(slog.NewJSONHandler(log, nil)), nil)
				connections := slack.NewConnections(c, func(context.Context, int, int) {})
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				connections.Run(ctx, func(*slack.Envelope) {})
				if err := connections.Ready(); err == nil || strings.Contains(err.Error(), "SECRET") || strings.Contains(log.all.String(), "SECRET") {
					t.Errorf("Ready() = %v, logged %s", err, log.all.String())
				}
				if name == "in clear text" && dialled.Load() > 0 {
					t.Error("dialled")
				}
			})
		})
	}
}
