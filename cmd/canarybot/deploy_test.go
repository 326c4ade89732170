package main

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// event is what happens to a rollout, or to the way to it, some time after the command began.
type event struct {
	at time.Duration
	do func(*fakeBot)
}

var sentences = map[rollout.Outcome]string{
	rollout.Succeeded:  "✅ Done · 100 % on v1.2.4 · took 21 min",
	rollout.RolledBack: "⏪ Rolled back · errors 5.1 %, limit 1 % · 100 % on v1.2.3",
	rollout.Cancelled:  "❌ Cancelled · 2 things to put right first · nothing was changed",
	rollout.Abandoned:  "❌ Abandoned",
}

func ends(at time.Duration, outcome rollout.Outcome) event {
	return event{at, func(b *fakeBot) { b.end("checkout-42", outcome, sentences[outcome]) }}
}

// runs makes stable run the version from then on.
func runs(at time.Duration) event {
	return event{at, func(b *fakeBot) {
		b.answer = func(r *http.Request) *http.Response {
			if r.Method != http.MethodPost {
				return nil
			}
			return answerJSON(409, api.Problem{Status: 409, Code: string(rollout.ProblemSameVersion), Detail: "checkout runs v1.2.4 already."})
		}
	}}
}

func becomes(at time.Duration, a away) event { return event{at, func(b *fakeBot) { b.become(a) }} }

// ending is how one call of deploy ends.
type ending struct {
	args      []string
	events    []event
	interrupt time.Duration // 0: never
	code      exitCode
	within    time.Duration // at most
	phase     string        // of the rollout in the end; empty: there is none
	says      string
}

const id = "checkout-42"

// endings are exit codes by outcome, interruption and lost connection; and what becomes of the rollout.
func endings() map[string]ending {
	finishesRollback := event{5*time.Minute + 10*time.Second, func(b *fakeBot) {
		if b.state(id).Phase == "rolling_back" {
			b.end(id, rollout.RolledBack, sentences[rollout.RolledBack])
		}
	}}
	return map[string]ending{
		"succeeded":                        {events: []event{ends(10*time.Minute, rollout.Succeeded)}, code: 0, within: 601 * time.Second, phase: "ended", says: "checkout v1.2.4: ✅ Done"},
		"rolled back":                      {events: []event{ends(time.Minute, rollout.RolledBack)}, code: 1, within: 61 * time.Second, phase: "ended", says: "checkout v1.2.4: ⏪ Rolled back · errors 5.1 %, limit 1 %"},
		"cancelled":                        {events: []event{ends(time.Second, rollout.Cancelled)}, code: 3, within: 2 * time.Second, phase: "ended", says: "❌ Cancelled"},
		"abandoned":                        {events: []event{ends(time.Second, rollout.Abandoned)}, code: 3, within: 2 * time.Second, phase: "ended", says: "❌ Abandoned"},
		"an outcome of a later bot":        {events: []event{ends(time.Second, "superseded")}, code: 3, within: 2 * time.Second, phase: "ended"},
		"by gate: stable may run it":       {events: []event{{time.Minute, func(b *fakeBot) { b.change(id, func(r *api.Rollout) { r.Go, r.Phase = true, "promoting" }) }}}, code: 0, within: 61 * time.Second, phase: "promoting", says: "may go to everyone"},
		"not waited for":                   {args: []string{"--wait=false"}, code: 0, within: time.Second, phase: "baking", says: "checkout-42 was started."},
		"busy":                             {events: []event{{0, func(b *fakeBot) { r := example(); r.ID = id; b.rollouts[id] = &r }}}, code: 2, within: time.Second, phase: "baking", says: "checkout is busy"},
		"the time runs out":                {args: []string{"--timeout", "5m"}, code: 4, within: 301 * time.Second, phase: "baking", says: "Time ran out after 5m0s. checkout-42 goes on without this command."},
		"time runs out, taken back":        {args: []string{"--timeout", "5m", "--on-timeout", "rollback"}, events: []event{finishesRollback}, code: 4, within: 311 * time.Second, phase: "ended", says: "⏪ Rolled back"},
		"time runs out with no way":        {args: []string{"--timeout", "5m", "--on-timeout", "rollback"}, events: []event{becomes(4*time.Minute, silent)}, code: 5, within: 8 * time.Minute, phase: "baking", says: "could not be rolled back"},
		"it ends as time runs out":         {args: []string{"--timeout", "5m", "--on-timeout", "rollback"}, events: []event{becomes(299*time.Second, silent), ends(300*time.Second, rollout.Succeeded), becomes(301*time.Second, present)}, code: 0, within: 320 * time.Second, phase: "ended", says: "✅ Done"},
		"interrupted, left alone":          {interrupt: time.Minute, code: 3, within: 60 * time.Second, phase: "baking", says: "checkout-42 goes on without this command"},
		"interrupted, taken back":          {args: []string{"--on-interrupt", "rollback"}, interrupt: time.Minute, code: 3, within: 60 * time.Second, phase: "rolling_back", says: "is rolled back"},
		"interrupted, a restart meanwhile": {args: []string{"--on-interrupt", "rollback"}, events: []event{becomes(59*time.Second, refusing), becomes(63*time.Second, present)}, interrupt: time.Minute, code: 3, within: 67 * time.Second, phase: "rolling_back"},
		"interrupted with no way":          {args: []string{"--on-interrupt", "rollback"}, events: []event{becomes(59*time.Second, refusing)}, interrupt: time.Minute, code: 5, within: 67 * time.Second, phase: "baking", says: "could not be rolled back"},
		"interrupted, the answer lost":     {args: []string{"--on-interrupt", "rollback"}, events: []event{becomes(59*time.Second, breaking), becomes(61*time.Second, present)}, interrupt: time.Minute, code: 3, within: 67 * time.Second, phase: "rolling_back", says: "is rolled back"},
		"interrupted before it starts":     {args: []string{"--on-interrupt", "rollback"}, events: []event{becomes(0, refusing)}, interrupt: time.Minute, code: 3, within: 60 * time.Second, says: "nothing was started"},
		"interrupted as it starts":         {args: []string{"--on-interrupt", "rollback"}, events: []event{becomes(0, breaking), becomes(61*time.Second, present)}, interrupt: time.Minute, code: 3, within: 67 * time.Second, phase: "rolling_back"},
		"a restart":                        {events: []event{becomes(time.Minute, refusing), becomes(3*time.Minute, present), ends(10*time.Minute, rollout.Succeeded)}, code: 0, within: 601 * time.Second, phase: "ended", says: "trying again: dial tcp: connection refused"},
		"the network is cut for 30 s":      {events: []event{becomes(time.Minute, silent), becomes(90*time.Second, present), ends(10*time.Minute, rollout.Succeeded)}, code: 0, within: 601 * time.Second, phase: "ended"},
		"it ends while the way is cut":     {events: []event{becomes(time.Minute, refusing), ends(70*time.Second, rollout.RolledBack), becomes(90*time.Second, present)}, code: 1, within: 96 * time.Second, phase: "ended"},
		"something before it says away":    {events: []event{becomes(time.Minute, unavailable), becomes(2*time.Minute, present), ends(10*time.Minute, rollout.Succeeded)}, code: 0, within: 601 * time.Second, phase: "ended", says: "the server answers 503"},
		"the first answer is lost":         {events: []event{becomes(0, breaking), becomes(10*time.Second, present), ends(time.Minute, rollout.Succeeded)}, code: 0, within: 61 * time.Second, phase: "ended"},
		"never reached":                    {events: []event{becomes(0, refusing)}, code: 5, within: 5 * time.Minute, says: "Canarybot cannot be reached"},
		"never answered":                   {events: []event{becomes(0, breaking)}, code: 5, within: 5 * time.Minute, phase: "baking", says: "not known whether a rollout was started"},
		"lost for good":                    {events: []event{becomes(time.Minute, refusing)}, code: 5, within: 7 * time.Minute, phase: "baking", says: "checkout-42 goes on without this command"},
		"less patience":                    {args: []string{"--unreachable-after", "20s"}, events: []event{becomes(time.Minute, refusing)}, code: 5, within: 111 * time.Second, phase: "baking"},
		"time runs out before it starts":   {args: []string{"--timeout", "1m"}, events: []event{becomes(0, refusing)}, code: 5, within: time.Minute, says: "no answer before the time ran out"},
		"time runs out as it starts":       {args: []string{"--timeout", "1m", "--on-timeout", "rollback"}, events: []event{becomes(0, breaking), becomes(61*time.Second, present)}, code: 4, within: 67 * time.Second, phase: "rolling_back", says: "is rolled back"},
		"time runs out as it starts, left": {args: []string{"--timeout", "1m"}, events: []event{becomes(0, breaking)}, code: 5, within: time.Minute, phase: "baking", says: "not known whether a rollout was started"},
		"it runs already":                  {events: []event{runs(0)}, code: 2, within: time.Second, says: "checkout runs v1.2.4 already."},
		"unless it runs, and it does":      {args: []string{"--unless-running"}, events: []event{runs(0)}, code: 0, within: time.Second, says: "checkout runs v1.2.4 already."},
		"unless it runs, and it is busy":   {args: []string{"--unless-running"}, events: []event{{0, func(b *fakeBot) { r := example(); b.rollouts[id] = &r }}}, code: 2, within: time.Second, phase: "baking", says: "checkout is busy"},
		"forgotten": {events: []event{{time.Minute, func(b *fakeBot) {
			b.mu.Lock()
			defer b.mu.Unlock()
			delete(b.rollouts, id)
			close(b.changed)
			b.changed = make(chan struct{})
		}}}, code: 2, within: 61 * time.Second, says: "There is no rollout checkout-42."},
	}
}

func TestDeployEnds(t *testing.T) {
	for name, tt := range endings() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bot := newFakeBot()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				began := time.Now()
				for _, e := range tt.events {
					if e.at == 0 {
						e.do(bot)
						continue
					}
					time.AfterFunc(e.at, func() {
						if ctx.Err() == nil || tt.interrupt > 0 {
							e.do(bot)
						}
					})
				}
				if tt.interrupt > 0 {
					time.AfterFunc(tt.interrupt, cancel)
				}
				c := execute(t, ctx, bot, map[string]string{"CI": "true"}, append([]string{"deploy", "checkout", "v1.2.4", "--wait"}, tt.args...)...)
				said := c.out.String() + c.errors.String()
				if c.code != int(tt.code) {
					t.Errorf("it ended with %d, want %d:\n%s", c.code, tt.code, said)
				}
				if took := time.Since(began); took > tt.within {
					t.Errorf("it took %s, want %s at most:\n%s", took, tt.within, said)
				}
				if phase := bot.state(id).Phase; phase != tt.phase {
					t.Errorf("the rollout is %q, want %q:\n%s", phase, tt.phase, said)
				}
				if bot.started() > 1 {
					t.Errorf("%d rollouts were started", bot.started())
				}
				if !strings.Contains(said, tt.says) {
					t.Errorf("it does not say %q:\n%s", tt.says, said)
				}
			})
		})
	}
}
