package bot_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/calendar"
	"canarybot.io/store/mem"
)

// records is a store at whose records a process can die: at the n-th from now, before it is stored or after.
type records struct {
	*mem.Store

	mu    sync.Mutex
	left  int
	after bool
	dead  bool
	died  func()
}

func (s *records) killAt(n int, after bool, died func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.after, s.died = n, after, died
}

func (s *records) revive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.left, s.dead = 0, false
}

// Record stores entries, or dies.
func (s *records) Record(ctx context.Context, entries []rollout.AuditEntry, notes ...rollout.StoredNote) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left > 0 {
		if s.left--; s.left == 0 {
			s.dead = true
			if s.after {
				_ = s.Store.Record(context.WithoutCancel(ctx), entries, notes...)
			}
			s.died()
			return errDead
		}
	}
	if s.dead {
		return errDead
	}
	return s.Store.Record(ctx, entries, notes...)
}

// Wherever the process dies while it posts a digest, and however long it is away then, each is there once, and none twice.
func TestADigestIsPostedOnceWhateverCrashes(t *testing.T) {
	type death struct {
		method string // of the Web API; empty: it dies at a record
		n      int
		after  bool
	}
	var deaths []death
	for _, method := range []string{"", "chat.postMessage", "conversations.history", "conversations.info"} {
		for _, after := range []bool{false, true} {
			deaths = append(deaths, death{method, 1, after}, death{method, 2, after})
		}
	}
	for i, first := range deaths {
		for j, second := range deaths {
			if (i+j)%5 > 0 { // so each is there beside several others
				continue
			}
			t.Run(fmt.Sprintf("%v then %v", first, second), func(t *testing.T) {
				inDigestWorld(t, func(w *world, store *records) {
					for _, at := range []death{first, second} {
						w.dieAt(store, at.method, at.n, at.after)
						time.Sleep(7 * time.Minute)
						synctest.Wait()
						w.crash()
						store.revive()
						w.restart()
						time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(58 * time.Minute)))
					}
					w.wantDigests(t, 2)
				})
			})
		}
	}
}

// inDigestWorld has a digest that is due every hour; it begins two minutes before that.
func inDigestWorld(t *testing.T, test func(*world, *records)) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		schedule, err := calendar.ReadSchedule(time.UTC, "0 * * * *")
		if err != nil {
			t.Fatal(err)
		}
		store := &records{Store: w.store}
		w.stop()
		w.slack.PutChannel(slacksim.Channel{ID: "C0RELEASES", Name: "releases"})
		w.digests = []calendar.Digest{{Channel: "#releases", Schedule: schedule}}
		w.change = func(o *bot.Options) { o.Store = store }
		w.start()
		time.Sleep(time.Until(time.Now().Truncate(time.Hour).Add(58 * time.Minute)))
		test(w, store)
	})
}

// dieAt has the process die in the next digest.
func (w *world) dieAt(store *records, method string, n int, after bool) {
	if method == "" {
		store.killAt(n, after, func() { w.wire.kill() })
		return
	}
	w.wire.killAt(method, n, after, func() {
		store.mu.Lock()
		store.dead = true
		store.mu.Unlock()
	})
}

// wantDigests expects so many digests, each of another moment.
func (w *world) wantDigests(t *testing.T, n int) {
	t.Helper()
	var days []string
	for _, m := range w.cardsIn("#releases") {
		days = append(days, w.slack.Plain(m))
	}
	slices.Sort(days)
	if len(days) != n || len(slices.Compact(slices.Clone(days))) != n {
		t.Errorf("got %d digests, want %d, each another:\n%s\n%s", len(days), n, w.slack.Transcript("#releases"), w.log)
	}
}
