package webhook_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// board is where notes are left. Those of one id are one.
type board struct {
	mu    sync.Mutex
	err   error
	tries int
	notes []string
	seen  map[string]bool
}

// Note leaves a note.
func (b *board) Note(_ context.Context, r rollout.Rollout, n rollout.Note) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tries++
	if b.err != nil {
		return b.err
	}
	if b.seen == nil {
		b.seen = map[string]bool{}
	}
	if !b.seen[n.ID] {
		b.notes = append(b.notes, fmt.Sprintf("%s %s %v", r.ID, n.Reason, n.Warning))
	}
	b.seen[n.ID] = true
	return nil
}

func beside(b *board) webhook.Recipient {
	return webhook.Recipient{Name: "kubernetes", Target: webhook.NewKubernetes(b), Events: webhook.KindsOf(webhook.KubernetesType)}
}

// kubectl shows the start, each step, the questions, and how it ended.
func TestEventsInKubernetes(t *testing.T) {
	in(t, func(t *testing.T) {
		on := &board{}
		b := newBed(t, beside(on))
		b.start()
		b.live("checkout", 1)
		r := b.step(b.begin("checkout", 2), 0)
		r.Phase = rollout.RollingBack
		r = b.commit(r, rollout.Entry{Kind: rollout.EntryPhase, Data: rollout.Data{To: rollout.RollingBack}})
		b.end(r, rollout.RolledBack)
		synctest.Wait()
		of := func(id string) []string {
			return slices.DeleteFunc(slices.Clone(on.notes), func(n string) bool { return !strings.HasPrefix(n, id) })
		}
		wants(t, "notes", of("checkout-1"), []string{
			"checkout-1 RolloutStarted false", "checkout-1 RolloutStep false", "checkout-1 RolloutStep false", "checkout-1 RolloutSucceeded false",
		})
		wants(t, "notes", of("checkout-2"), []string{
			"checkout-2 RolloutStarted false", "checkout-2 RolloutStep false", "checkout-2 RolloutRollingBack true", "checkout-2 RolloutRolledBack true",
		})
	})
}

// Where the right is left out that is said once, and each event is tried once; where the API server is away, again.
func TestNoRightForEvents(t *testing.T) {
	for code, tries := range map[rollout.Code]int{rollout.Forbidden: 4, rollout.NotFound: 4, rollout.Unavailable: 13} {
		t.Run(string(code), func(t *testing.T) {
			in(t, func(t *testing.T) {
				on := &board{err: rollout.Refuse(code, rollout.Problem{Code: rollout.ProblemForbidden})}
				b := newBed(t, beside(on))
				b.start()
				b.live("checkout", 1)
				pass(30 * time.Minute)
				if on.tries < tries || on.tries > tries+2 {
					t.Errorf("%d tries, want %d", on.tries, tries)
				}
				if n := len(splitLog(b.log.String(), "WARN")); n != 1 {
					t.Errorf("it is said %d times:\n%s", n, b.log)
				}
			})
		})
	}
}
