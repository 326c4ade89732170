package bot_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
	"canarybot.io/store/mem"
	"canarybot.io/webhook"
)

// told is the receiver of a webhook, in memory.
type told struct {
	mu   sync.Mutex
	code int // of its answers; 0: 200
	seen map[string]bool
	all  []webhook.Body
}

// sender returns what tells the receiver.
func (d *told) sender(store *mem.Store, link func(context.Context, rollout.ID) (string, error), log *slog.Logger) *webhook.Sender {
	s := webhook.Settings{Name: "ci", Type: webhook.PlainType, URL: "https://ci.example.com/hooks/canarybot", Transport: d}
	return webhook.New(webhook.Options{
		Recipients: []webhook.Recipient{s.Recipient(webhook.NewPlain(s, log))}, Store: store, Notes: store,
		Services: []rollout.ServiceName{"checkout"}, Say: view.Line, Link: link, Log: log,
	})
}

// answers sets the status of what is answered from now on.
func (d *told) answers(code int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.code = code
}

// RoundTrip takes an event, once under each id.
func (d *told) RoundTrip(r *http.Request) (*http.Response, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	code := max(d.code, http.StatusOK)
	var body webhook.Body
	if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
		return nil, err
	}
	if d.seen == nil {
		d.seen = map[string]bool{}
	}
	if code == http.StatusOK && !d.seen[body.ID] {
		d.seen[body.ID], d.all = true, append(d.all, body)
	}
	return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

// String returns the events, each on a line.
func (d *told) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out strings.Builder
	for _, b := range d.all {
		fmt.Fprintf(&out, "%s: %s\n", b.Type, b.Text)
	}
	return out.String()
}
