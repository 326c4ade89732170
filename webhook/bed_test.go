package webhook_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/rollout"
	"canarybot.io/store/mem"
	"canarybot.io/webhook"
)

// key signs in tests.
const key = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// bed is a sender over a store in memory, in a bubble.
type bed struct {
	t       *testing.T
	store   *mem.Store
	notes   *notes
	told    []webhook.Recipient
	log     *logged
	counted *prometheus.Registry

	sender *webhook.Sender
	stop   func()
}

func newBed(t *testing.T, told ...webhook.Recipient) *bed {
	t.Helper()
	store := mem.New(mem.Options{ID: "s1", Keep: 1000})
	return &bed{t: t, store: store, notes: &notes{Store: store}, told: told}
}

// start starts a process.
func (b *bed) start() {
	b.log, b.counted = &logged{}, prometheus.NewRegistry()
	b.sender = webhook.New(webhook.Options{
		Recipients: b.told, Store: b.store, Notes: b.notes, Services: []rollout.ServiceName{"checkout", "cart"},
		Say: func(r rollout.Rollout, e rollout.Entry, hide bool) string {
			return fmt.Sprintf("%s %s hidden=%v <b>&", r.ID, e.Kind, hide)
		},
		Registerer: b.counted, Log: slog.New(slog.NewTextHandler(b.log, nil)),
	})
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan struct{})
	go func() {
		b.sender.Run(ctx)
		close(done)
	}()
	b.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	b.t.Cleanup(b.stop)
}

// restart ends the process and starts another one on what it left.
func (b *bed) restart() {
	b.stop()
	b.start()
}

// commit stores a rollout's next value, and tells the sender.
func (b *bed) commit(r rollout.Rollout, entries ...rollout.Entry) rollout.Rollout {
	b.t.Helper()
	for i := range entries {
		r.Seq++
		entries[i].Rollout, entries[i].Seq, entries[i].At = r.ID, r.Seq, time.Now()
	}
	if err := b.store.Commit(b.t.Context(), rollout.Change{Rollout: r, Entries: entries}); err != nil {
		b.t.Fatal(err)
	}
	r.Revision++
	b.sender.Committed(r)
	return r
}

// begin starts a rollout.
func (b *bed) begin(service string, number int) rollout.Rollout {
	b.t.Helper()
	id := rollout.NewID(rollout.ServiceName(service), number)
	r := b.commit(rollout.Rollout{
		ID: id, Service: rollout.ServiceName(service), Store: b.store.ID(), Image: "registry.example.com/shop/" + service + ":v1.2.4",
		Request: rollout.Request{Version: "v1.2.4", By: rollout.Actor{Kind: rollout.Person, ID: "U024BE7LH", Member: true}, At: time.Now()},
		Spec: rollout.Spec{Environment: "eu 1.prod", Plan: rollout.Plan{Name: "standard", Steps: []rollout.Step{
			{Weight: 5, Bake: time.Minute, Gate: rollout.Auto}, {Weight: 50, Bake: time.Minute, Gate: rollout.Manual},
		}}},
	}, rollout.Entry{Kind: rollout.EntryRequested, Actor: rollout.Actor{Kind: rollout.Person, ID: "U024BE7LH"}})
	r.Phase, r.Started = rollout.Preparing, time.Now()
	r.Original.Stable.Image = "registry.example.com/shop/" + service + ":v1.2.3"
	return b.commit(r, rollout.Entry{Kind: rollout.EntryStarted, Actor: rollout.Actor{Kind: rollout.Bot}})
}

// step gives the rollout's canary a step's share, and has it pass.
func (b *bed) step(r rollout.Rollout, step int) rollout.Rollout {
	b.t.Helper()
	r.Step, r.Phase = step, rollout.Baking
	r = b.commit(r, rollout.Entry{Kind: rollout.EntryPhase, Step: step, Data: rollout.Data{To: rollout.Shifting}},
		rollout.Entry{Kind: rollout.EntryPhase, Step: step, Data: rollout.Data{From: rollout.Shifting, To: rollout.Baking}})
	return b.commit(r, rollout.Entry{Kind: rollout.EntryVerdict, Step: step}, rollout.Entry{Kind: rollout.EntryStep, Step: step})
}

// end ends the rollout.
func (b *bed) end(r rollout.Rollout, outcome rollout.Outcome) rollout.Rollout {
	b.t.Helper()
	r.Phase, r.Ending = rollout.Ended, rollout.Ending{Outcome: outcome, At: time.Now(), Reason: rollout.Reason{Code: rollout.ReasonPerson}}
	ending := r.Ending
	return b.commit(r, rollout.Entry{Kind: rollout.EntryEnded, Step: r.Step, Data: rollout.Data{Ending: &ending}})
}

// live plays a whole rollout. The sequence numbers of its events are 1, 2, 4, 6, 8, 10 and 11.
func (b *bed) live(service string, number int) rollout.Rollout {
	b.t.Helper()
	r := b.begin(service, number)
	r = b.step(b.step(r, 0), 1)
	return b.end(r, rollout.Succeeded)
}

// lived are the ids of the events of a whole rollout, for a target.
func lived(service string, number int, target string) (ids []string) {
	for _, seq := range []int{1, 2, 4, 6, 8, 10, 11} {
		ids = append(ids, fmt.Sprintf("eu%%201%%2Eprod/s1/%s-%d/%d/%s", service, number, seq, target))
	}
	return ids
}

// count returns what is counted or measured under the name for the target.
func (b *bed) count(name, target string, labels ...string) (sum float64) {
	b.t.Helper()
	families, err := b.counted.Gather()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			var has []string
			for _, l := range m.GetLabel() {
				has = append(has, l.GetValue())
			}
			if f.GetName() == name && slices.Contains(has, target) && !slices.ContainsFunc(labels, func(l string) bool { return !slices.Contains(has, l) }) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// logged keeps what was logged.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write keeps a line.
func (l *logged) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String returns all of it.
func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// notes are the store's notes, which may fail, or be where a process dies.
type notes struct {
	*mem.Store
	mu            sync.Mutex
	before, after func()
}

// at sets what happens before and after a note is stored; nil: nothing.
func (n *notes) at(before, after func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.before, n.after = before, after
}

// PutNote stores a note.
func (n *notes) PutNote(ctx context.Context, kind, key string, value []byte) error {
	n.mu.Lock()
	before, after := n.before, n.after
	n.mu.Unlock()
	if before != nil {
		before()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	err := n.Store.PutNote(ctx, kind, key, value)
	if after != nil {
		after()
	}
	return err
}

// receiver is a target's other side, in memory.
type receiver struct {
	mu     sync.Mutex
	ids    []string
	bodies [][]byte
	heads  []http.Header
	urls   []string
	times  []time.Time
	// answer returns the status, and headers; 0: no answer. Nil: 200.
	answer func(r *http.Request) (int, http.Header)
	before func()
}

// RoundTrip takes a request.
func (v *receiver) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	before, answer := v.before, v.answer
	v.mu.Unlock()
	if before != nil {
		before()
	}
	code, header := http.StatusOK, http.Header(nil)
	if answer != nil {
		code, header = answer(r)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.times = append(v.times, time.Now())
	if code == 0 {
		return nil, errors.New("connection refused")
	}
	if code == http.StatusOK {
		v.ids, v.bodies, v.heads = append(v.ids, r.Header.Get("Webhook-Id")), append(v.bodies, body), append(v.heads, r.Header)
		v.urls = append(v.urls, r.Method+" "+r.URL.String())
	}
	return &http.Response{StatusCode: code, Header: header, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// well has the receiver take everything from now on.
func (v *receiver) well() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.before, v.answer = nil, nil
}

// got returns the ids that were taken, in order.
func (v *receiver) got() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.ids)
}

// tries returns when requests came.
func (v *receiver) tries() []time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.times)
}

// body returns a request's body.
func (v *receiver) body(t *testing.T, i int) (b webhook.Body) {
	t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := json.Unmarshal(v.bodies[i], &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// hook returns a plain webhook to the receiver, signed with key.
func hook(t *testing.T, name string, v *receiver) webhook.Recipient {
	t.Helper()
	s := webhook.Settings{
		Name: name, URL: "https://ci.example.com/hook", SecretFiles: []string{written(t, "key", key)}, Transport: v,
	}
	return s.Recipient(webhook.NewPlain(s, nil))
}

// written returns the path of a file with the content.
func written(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func pemOf(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// splitLog returns the lines of a log at the level.
func splitLog(log, level string) (lines []string) {
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level="+level) {
			lines = append(lines, line)
		}
	}
	return lines
}

// pass lets time pass, until nobody has anything to do at the end of it.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
