package bot_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"canarybot.io/store/mem"
)

var errDead = errors.New("the process is dead")

// wire is the way to Slack's Web API, on which a process can die: at the n-th call of a method, before or after it
// had its effect. Dead, nothing gets through any more.
type wire struct {
	under http.RoundTripper

	mu     sync.Mutex
	method string
	left   int
	after  bool // the effect happens, the answer is lost
	dead   bool
	died   func()
}

// killAt makes the process die at the n-th call of the method from now on.
func (w *wire) killAt(method string, n int, after bool, died func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.method, w.left, w.after, w.died = method, n, after, died
}

func (w *wire) kill() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead = true
}

func (w *wire) revive() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dead, w.left = false, 0
}

// RoundTrip lets a call through, or dies.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.Path, "/response/") {
		time.Sleep(time.Millisecond / 10) // what goes to a response URL follows the acknowledgement, which takes another way
	}
	w.mu.Lock()
	if w.left > 0 && strings.HasSuffix(r.URL.Path, w.method) {
		if w.left--; w.left == 0 {
			w.dead = true
			w.mu.Unlock()
			if w.after { // before anybody may look for it: what reaches Slack later still nobody can tell
				if resp, err := w.under.RoundTrip(r.WithContext(context.WithoutCancel(r.Context()))); err == nil {
					_ = resp.Body.Close()
				}
			}
			w.died()
			return nil, errDead
		}
	}
	dead := w.dead
	w.mu.Unlock()
	if dead {
		return nil, errDead
	}
	return w.under.RoundTrip(r)
}

// notes is the store's notes, on which a process can die.
type notes struct {
	*mem.Store

	mu    sync.Mutex
	left  int
	after bool // the note is stored, nobody hears of it
	dead  bool
	died  func()
}

func (n *notes) killAt(put int, after bool, died func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.left, n.after, n.died = put, after, died
}

func (n *notes) revive() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead, n.left = false, 0
}

func (n *notes) kill() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dead = true
}

// PutNote stores a note, or dies.
func (n *notes) PutNote(ctx context.Context, kind, key string, value []byte) error {
	n.mu.Lock()
	if n.left > 0 {
		if n.left--; n.left == 0 {
			n.dead = true
			n.mu.Unlock()
			if n.after {
				_ = n.Store.PutNote(context.WithoutCancel(ctx), kind, key, value)
			}
			n.died()
			return errDead
		}
	}
	dead := n.dead
	n.mu.Unlock()
	if dead {
		return errDead
	}
	return n.Store.PutNote(ctx, kind, key, value)
}

// crash ends the process without a word to anybody.
func (w *world) crash() {
	w.wire.kill()
	w.notes.kill()
	w.slack.DropSockets()
	w.stop()
}

// restart starts a new process on what the old one left.
func (w *world) restart() {
	w.t.Helper()
	w.wire.revive()
	w.notes.revive()
	w.start()
}
