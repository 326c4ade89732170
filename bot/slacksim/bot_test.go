package slacksim_test

import (
	"context"
	"net"
	"net/http"
	"sync"
	"testing"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"canarybot.io/bot/slacksim"
)

// bot is a small app on slack-go, the official-looking client the simulator must
// satisfy. It acks whatever comes unless a test takes that over.
type bot struct {
	api    *slack.Client
	socket *socketmode.Client
	stop   func()

	mu     sync.Mutex
	events []socketmode.Event
	// onRequest answers requests; nil means an empty ack.
	onRequest func(*socketmode.Client, socketmode.Event)
}

// newAPI is slack-go's Web API client over the in-memory transport.
func newAPI(sim *slacksim.Sim) *slack.Client {
	b := sim.Bot()
	return slack.New(b.BotToken, slack.OptionAPIURL(sim.APIURL()), slack.OptionAppLevelToken(b.AppToken),
		slack.OptionHTTPClient(sim.HTTPClient()))
}

// memoryDialer dials the simulator in memory, with the write buffer that keeps
// acks in one frame.
func memoryDialer(sim *slacksim.Sim) *websocket.Dialer {
	return &websocket.Dialer{NetDialContext: sim.Dial, WriteBufferSize: 32 << 10}
}

// startBot connects a bot in memory and waits until it is live.
func startBot(t *testing.T, sim *slacksim.Sim, onRequest func(*socketmode.Client, socketmode.Event)) *bot {
	t.Helper()
	return runBot(t, sim, newAPI(sim), memoryDialer(sim), onRequest)
}

func runBot(t *testing.T, sim *slacksim.Sim, api *slack.Client, dialer *websocket.Dialer,
	onRequest func(*socketmode.Client, socketmode.Event),
) *bot {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	b := &bot{api: api, socket: socketmode.New(api, socketmode.OptionDialer(dialer)), onRequest: onRequest}
	before := sim.Connections()
	var running sync.WaitGroup
	running.Go(func() { _ = b.socket.RunContext(ctx) }) // ends with ctx
	running.Go(func() { b.loop(ctx) })
	b.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(b.stop)
	wait(t, sim, func(s *slacksim.Sim) bool { return s.Connections() > before })
	return b
}

func (b *bot) loop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-b.socket.Events:
			b.mu.Lock()
			b.events = append(b.events, e)
			b.mu.Unlock()
			if e.Request == nil {
				continue
			}
			switch {
			case e.Type == socketmode.EventTypeHello:
			case b.onRequest != nil:
				b.onRequest(b.socket, e)
			default:
				_ = b.socket.AckCtx(ctx, e.Request.EnvelopeID, nil) // fails only with ctx
			}
		}
	}
}

// requests returns the envelopes of one type received so far.
func (b *bot) requests(kind socketmode.EventType) []socketmode.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []socketmode.Event
	for _, e := range b.events {
		if e.Type == kind {
			out = append(out, e)
		}
	}
	return out
}

func wait(t *testing.T, sim *slacksim.Sim, cond func(*slacksim.Sim) bool) {
	t.Helper()
	if err := sim.Wait(t.Context(), cond); err != nil {
		t.Fatalf("waiting: %v", err)
	}
}

// loopback serves the simulator on a real port and returns its address.
func loopback(t *testing.T, sim *slacksim.Sim) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- sim.Serve(l) }()
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	return "http://" + l.Addr().String()
}
