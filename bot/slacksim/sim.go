package slacksim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"canarybot.io/bot/slacksim/memnet"
)

// memoryHost is the host name under which the in-memory transport finds the
// simulator. Any other name leads there as well.
const memoryHost = "slack.test"

// ErrClosed is returned by calls that were waiting when the simulator closed.
var ErrClosed = errors.New("the simulator is closed")

// Sim is one workspace with one app installed. Its methods may be called from
// any goroutine. Close it when done.
type Sim struct {
	opts    Options
	methods map[string]method
	memory  *memnet.Listener
	client  *http.Client
	closed  chan struct{}
	running sync.WaitGroup

	mu          sync.Mutex // guards what follows, never held across a wait
	changed     chan struct{}
	version     uint64
	servers     []*http.Server
	users       []User
	rooms       []*room
	groups      []Group
	files       []*File
	base        string // how the last caller reached the simulator
	groupless   bool   // the plan has no user groups
	ephemerals  []*Ephemeral
	violations  []Violation
	expected    []Kind
	allowed     []Kind
	ids         uint64 // numbers everything that needs a fresh id
	quotas      map[string]*quota
	faults      map[string]*fate
	outage      bool
	visitors    int  // pages that are open
	acted       bool // somebody did something on a page
	unlimited   bool
	disabled    bool          // Socket Mode is switched off
	unsupported []string      // types of block that the workspace does not take
	repeat      int           // how many coming envelopes are delivered twice
	late        time.Duration // how much later the next envelope reaches the bot
	loseAcks    int           // how many acks get lost
	lose        int           // how many deliveries of the next event get lost
	tickets     map[string]ticket
	sockets     []*socket
	pending     map[string]*envelope
	settled     map[string]bool // envelopes acked or expired
	responses   map[string]*responseURL
	random      *rand.Rand
	lastTrigger int64
	triggers    map[string]*triggered
	modals      map[string][]*view    // by person, the topmost last
	homes       map[string]*view      // by person
	suggested   map[field][]suggested // what a person saw last in an external select
}

// New returns a simulator that listens nowhere yet: use Serve, or mount Handler.
func New(opts Options) *Sim {
	opts = opts.withDefaults()
	s := &Sim{
		opts:      opts,
		memory:    memnet.Listen(),
		closed:    make(chan struct{}),
		changed:   make(chan struct{}),
		quotas:    map[string]*quota{},
		faults:    map[string]*fate{},
		unlimited: opts.Limits.Off,
		tickets:   map[string]ticket{},
		pending:   map[string]*envelope{},
		settled:   map[string]bool{},
		responses: map[string]*responseURL{},
		triggers:  map[string]*triggered{},
		modals:    map[string][]*view{},
		homes:     map[string]*view{},
		suggested: map[field][]suggested{},
		random:    rand.New(rand.NewPCG(opts.Seed, 0x5eed)),
	}
	s.methods = methods()
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.Dial}}
	for _, u := range opts.Users {
		s.PutUser(u)
	}
	for _, c := range opts.Channels {
		s.PutChannel(c)
	}
	for _, g := range opts.Groups {
		s.keepGroup(g)
	}
	return s
}

// Tokens returns those of the bot and of its app.
func (b Bot) Tokens() (bot, app string) { return b.BotToken, b.AppToken }

// Bot returns the identities and tokens the bot must use.
func (s *Sim) Bot() Bot { return s.opts.Bot }

// APIURL is the Web API's address for clients that use the in-memory transport.
func (s *Sim) APIURL() string { return "http://" + memoryHost + "/api/" }

// HTTPClient returns a client whose connections never leave the process. A
// WebSocket dialer gets the same with NetDialContext: sim.Dial.
func (s *Sim) HTTPClient() *http.Client { return s.client }

// Listener is what Dial connects to; Serve it to make the in-memory transport
// work. It is closed by Close.
func (s *Sim) Listener() net.Listener { return s.memory }

// Dial connects to the simulator in memory; network and address do not matter.
func (s *Sim) Dial(ctx context.Context, _, _ string) (net.Conn, error) {
	return s.memory.Dial(ctx)
}

// Serve answers on the listener until Close; it then returns nil.
func (s *Sim) Serve(l net.Listener) error {
	server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
	s.mu.Lock()
	select {
	case <-s.closed:
		s.mu.Unlock()
		return l.Close()
	default:
	}
	s.servers = append(s.servers, server)
	s.mu.Unlock()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve the simulated Slack: %w", err)
	}
	return nil
}

// Close ends every server, socket and waiting call. It blocks until the sockets'
// goroutines are gone and is idempotent.
func (s *Sim) Close() error {
	s.mu.Lock()
	select {
	case <-s.closed:
		s.mu.Unlock()
		return nil
	default:
		close(s.closed)
	}
	servers := s.servers
	for _, e := range s.pending {
		e.timer.Stop()
	}
	for _, c := range s.sockets {
		c.cut()
	}
	s.mu.Unlock()
	var errs []error
	for _, server := range servers {
		errs = append(errs, server.Close())
	}
	errs = append(errs, s.memory.Close())
	s.running.Wait()
	s.client.CloseIdleConnections()
	return errors.Join(errs...)
}

// Wait blocks until cond holds. It asks at once and then after each change, and
// returns the context's error if that comes first.
func (s *Sim) Wait(ctx context.Context, cond func(*Sim) bool) error {
	for {
		changed := s.Changed()
		if cond(s) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.closed:
			return ErrClosed
		}
	}
}

// Changed returns a channel that is closed at the next change of anything a
// person or a test can see.
func (s *Sim) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// notifyChange wakes everybody waiting for a change; the caller holds the lock.
func (s *Sim) notifyChange() {
	s.version++
	close(s.changed)
	s.changed = make(chan struct{})
}

// nextNumber returns a new number; the caller holds the lock.
func (s *Sim) nextNumber() uint64 {
	s.ids++
	return s.ids
}

// id returns a fresh id in Slack's style, such as Ev00000001A.
func (s *Sim) id(prefix string) string {
	return fmt.Sprintf("%s%09X", prefix, s.nextNumber())
}

// uuid returns a fresh id in the form of a UUID.
func (s *Sim) uuid() string {
	n := s.nextNumber()
	return fmt.Sprintf("%08x-51ac-4000-8000-%012x", n, n)
}

// shortID returns a fresh id in the form of Slack's generated block ids.
func (s *Sim) shortID() string {
	const alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	n := s.nextNumber() * 0x9E3779B1 // spread, so that neighbours do not look alike
	var b strings.Builder
	for range 5 {
		b.WriteByte(alphabet[n%uint64(len(alphabet))])
		n /= uint64(len(alphabet))
	}
	return b.String()
}
