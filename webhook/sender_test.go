package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// in runs a test in a bubble.
func in(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	synctest.Test(t, test)
}

func wants(t *testing.T, what string, got, want []string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// A rollout's events come in its order, each once, and each under its own id.
func TestALifeIsToldInOrder(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		b := newBed(t, hook(t, "ci", v))
		b.start()
		b.live("checkout", 1)
		synctest.Wait()
		wants(t, "events", v.got(), lived("checkout", 1, "ci"))
		b.restart()
		synctest.Wait()
		wants(t, "events after a restart", v.got(), lived("checkout", 1, "ci"))
		if n := b.count("canary_webhook_waiting_events", "ci"); n != 0 {
			t.Errorf("%v events wait", n)
		}
	})
}

// What comes after a restart, and what waited for it, is told.
func TestARestartLosesNothing(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{answer: down}
		b := newBed(t, hook(t, "ci", v))
		b.start()
		r := b.step(b.begin("checkout", 1), 0)
		b.live("cart", 1)
		pass(time.Minute)
		v.well()
		b.restart()
		b.end(b.step(r, 1), rollout.Succeeded)
		pass(time.Minute)
		wants(t, "checkout's events", ofService(v.got(), "checkout"), lived("checkout", 1, "ci"))
		wants(t, "cart's events", ofService(v.got(), "cart"), lived("cart", 1, "ci"))
	})
}

func down(*http.Request) (int, http.Header) { return 0, nil }

// with answers always the same.
func with(code int, header ...string) func(*http.Request) (int, http.Header) {
	h := http.Header{}
	for i := 0; i+1 < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	return func(*http.Request) (int, http.Header) { return code, h }
}

func ofService(ids []string, service string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return !strings.Contains(id, "/"+service+"-") })
}

// A target that is down for an hour, or hangs, holds neither the rollouts nor another target, and is told all of it then.
func TestATargetThatIsDownHoldsNobody(t *testing.T) {
	for name, answer := range map[string]func(*http.Request) (int, http.Header){
		"down": down,
		"busy": with(http.StatusServiceUnavailable),
		"hangs": func(r *http.Request) (int, http.Header) {
			<-r.Context().Done()
			return 0, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				bad, good := &receiver{answer: answer}, &receiver{}
				b := newBed(t, hook(t, "bad", bad), hook(t, "good", good))
				b.start()
				var want, wantBad []string
				for i := range 12 { // one each five minutes
					began := time.Now()
					b.live("checkout", i+1)
					if took := time.Since(began); took > 0 {
						t.Fatalf("a rollout waited %s", took)
					}
					want = append(want, lived("checkout", i+1, "good")...)
					wantBad = append(wantBad, lived("checkout", i+1, "bad")...)
					synctest.Wait()
					wants(t, "the good target's events", good.got(), want)
					pass(5 * time.Minute)
				}
				if n := len(bad.tries()); n > 60 {
					t.Errorf("%d tries in an hour", n)
				}
				if n := b.count("canary_webhook_waiting_events", "bad"); n != float64(len(wantBad)) {
					t.Errorf("%v events wait, of %d", n, len(wantBad))
				}
				if age := b.count("canary_webhook_oldest_seconds", "bad"); age < 3500 || age > 3700 {
					t.Errorf("the oldest event waits %v s", age)
				}
				bad.well()
				pass(10 * time.Minute)
				for i := range 12 {
					id := fmt.Sprintf("/checkout-%d/", i+1)
					got := slices.DeleteFunc(bad.got(), func(s string) bool { return !strings.Contains(s, id) })
					wants(t, id, got, lived("checkout", i+1, "bad"))
				}
			})
		})
	}
}

// What an answer means.
func TestAnswers(t *testing.T) {
	tests := map[string]struct {
		code   int
		header []string
		result string
		// next is when the next try may come; 0: there is none of the same event.
		next time.Duration
	}{
		"ok":                       {200, nil, "sent", 0},
		"no content":               {204, nil, "sent", 0},
		"a redirect":               {302, []string{"Location", "http://169.254.169.254/"}, "refused", 0},
		"not found":                {404, nil, "refused", 0},
		"forbidden":                {403, nil, "refused", 0},
		"unprocessable":            {422, nil, "refused", 0},
		"gone":                     {410, nil, "gone", 0},
		"timeout":                  {408, nil, "later", time.Second},
		"too early":                {425, nil, "later", time.Second},
		"too many":                 {429, nil, "later", time.Second},
		"too many, seconds":        {429, []string{"Retry-After", "90"}, "later", 90 * time.Second},
		"too many, a date":         {429, []string{"Retry-After", "Sat, 01 Jan 2000 00:02:00 GMT"}, "later", 2 * time.Minute},
		"too many, nonsense":       {429, []string{"Retry-After", "soon"}, "later", time.Second},
		"too many, before":         {429, []string{"Retry-After", "-5"}, "later", time.Second},
		"too many, next year":      {429, []string{"Retry-After", "31536000"}, "later", time.Hour},
		"an error":                 {500, nil, "later", time.Second},
		"a gateway":                {502, nil, "later", time.Second},
		"unavailable, seconds":     {503, []string{"Retry-After", "30"}, "later", 30 * time.Second},
		"a limit of GitHub":        {403, []string{"X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "946685100"}, "later", 5 * time.Minute},
		"a second limit of GitHub": {403, []string{"Retry-After", "60"}, "later", time.Minute},
		"no connection":            {0, nil, "later", time.Second},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				v := &receiver{answer: with(tt.code, tt.header...)}
				b := newBed(t, hook(t, "ci", v))
				b.start()
				b.begin("checkout", 1) // two events
				synctest.Wait()
				if n := b.count("canary_webhook_events_total", "ci", tt.result); n < 1 {
					t.Errorf("%s was not counted", tt.result)
				}
				tries := len(v.tries())
				switch tt.result {
				case "gone":
					if tries != 1 || b.count("canary_webhook_gone", "ci") != 1 {
						t.Errorf("%d tries; gone: %v", tries, b.count("canary_webhook_gone", "ci"))
					}
				case "later":
					if tries != 1 {
						t.Fatalf("%d tries at once", tries)
					}
					pass(tt.next*2 + time.Second)
					synctest.Wait()
					if all := v.tries(); len(all) < 2 || all[1].Sub(all[0]) < tt.next*4/5 || all[1].Sub(all[0]) > tt.next*6/5 {
						t.Errorf("tries at %v, want the second after %s", all, tt.next)
					}
				default:
					if tries != 2 {
						t.Errorf("%d tries of two events", tries)
					}
				}
			})
		})
	}
}

// Who is gone is not told again before a restart; then it is told what waited.
func TestGoneUntilARestart(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{answer: with(http.StatusGone)}
		b := newBed(t, hook(t, "ci", v))
		b.start()
		b.begin("checkout", 1)
		pass(time.Hour)
		b.live("cart", 1)
		pass(time.Hour)
		if n := len(v.tries()); n != 1 {
			t.Errorf("%d tries", n)
		}
		v.well()
		b.restart()
		synctest.Wait()
		wants(t, "cart's events", ofService(v.got(), "cart"), lived("cart", 1, "ci"))
		wants(t, "checkout's events", ofService(v.got(), "checkout"), lived("checkout", 1, "ci")[:2])
	})
}

// One event that the target chokes on holds no other rollout.
func TestOneRolloutHoldsNoOther(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{answer: func(r *http.Request) (int, http.Header) {
			if strings.Contains(r.Header.Get("Webhook-Id"), "/checkout-1/") {
				return http.StatusInternalServerError, nil
			}
			return http.StatusOK, nil
		}}
		b := newBed(t, hook(t, "ci", v))
		b.start()
		b.live("checkout", 1)
		b.live("cart", 1)
		pass(time.Hour)
		wants(t, "cart's events", v.got(), lived("cart", 1, "ci"))
	})
}

// What waits for a day is given up, and so is the oldest of too much; both are said and counted.
func TestWhatWaitsForTooLongIsGivenUp(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{answer: down}
		b := newBed(t, hook(t, "ci", v))
		b.start()
		b.live("checkout", 1)
		pass(23 * time.Hour)
		b.live("checkout", 2)
		pass(2 * time.Hour)
		if n := b.count("canary_webhook_events_total", "ci", "too_old"); n != 7 {
			t.Errorf("%v events were given up", n)
		}
		if !strings.Contains(b.log.String(), "events given up") {
			t.Errorf("the log does not say so:\n%s", b.log)
		}
		v.well()
		b.restart()
		pass(time.Hour)
		wants(t, "events", v.got(), lived("checkout", 2, "ci"))
	})
	t.Run("too many", func(t *testing.T) {
		in(t, func(t *testing.T) {
			v := &receiver{answer: down}
			b := newBed(t, hook(t, "ci", v))
			b.start()
			for i := range 720 { // 5040 events
				b.live("checkout", i+1)
			}
			pass(10 * time.Minute)
			if n := b.count("canary_webhook_events_total", "ci", "too_many"); n != 40 {
				t.Errorf("%v events were given up", n)
			}
			if n := b.count("canary_webhook_waiting_events", "ci"); n != 5000 {
				t.Errorf("%v events wait", n)
			}
		})
	})
}

// A process that dies at any point has told every event, or the next one does, under the same id and in the same order.
func TestDyingAtEveryPoint(t *testing.T) {
	points := map[string]func(b *bed, v *receiver, die func()){
		"before a cursor is stored": func(b *bed, _ *receiver, die func()) { b.notes.at(die, nil) },
		"after a cursor is stored":  func(b *bed, _ *receiver, die func()) { b.notes.at(nil, die) },
		"before an answer":          func(_ *bed, v *receiver, die func()) { v.before = die },
	}
	for name, at := range points {
		t.Run(name, func(t *testing.T) {
			for n := range 17 {
				t.Run(fmt.Sprint(n), func(t *testing.T) { in(t, func(t *testing.T) { dieAt(t, n, at) }) })
			}
		})
	}
}

func dieAt(t *testing.T, n int, at func(b *bed, v *receiver, die func())) {
	v := &receiver{}
	b := newBed(t, hook(t, "ci", v))
	dead, calls := make(chan struct{}), 0
	at(b, v, func() {
		if calls++; calls == n+1 {
			close(dead)
			<-t.Context().Done() // this goroutine does nothing more
		}
	})
	b.start()
	b.live("checkout", 1)
	b.live("cart", 1)
	synctest.Wait()
	b.notes.at(nil, nil)
	v.well()
	select {
	case <-dead:
		b.notes = &notes{Store: b.store}
		b.start() // the first one hangs for ever
	default:
		b.restart()
	}
	synctest.Wait()
	var first []string
	for _, id := range v.got() {
		if !slices.Contains(first, id) {
			first = append(first, id)
		}
	}
	wants(t, "checkout's events", ofService(slices.Clone(first), "checkout"), lived("checkout", 1, "ci"))
	wants(t, "cart's events", ofService(first, "cart"), lived("cart", 1, "ci"))
}

// While cursors cannot be stored, every event is told once, and nothing loops; they are stored when that works again.
func TestAStoreThatTakesNoCursor(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		b := newBed(t, hook(t, "ci", v))
		b.start()
		r := b.begin("checkout", 1)
		synctest.Wait()
		b.notes.at(func() { b.store.Refuse(errors.New("no space left on device")) }, func() { b.store.Refuse(nil) })
		r = b.step(b.step(r, 0), 1)
		b.live("cart", 1)
		pass(time.Hour)
		b.end(r, rollout.Succeeded)
		pass(time.Hour)
		if n := len(v.tries()); n != 14 {
			t.Errorf("%d requests for 14 events", n)
		}
		if n := strings.Count(b.log.String(), "is not stored"); n > 3 {
			t.Errorf("it is said %d times:\n%s", n, b.log)
		}
		b.notes.at(nil, nil)
		pass(time.Minute)
		b.restart()
		pass(time.Minute)
		if n := len(v.tries()); n != 14 {
			t.Errorf("%d requests after a restart", n)
		}
	})
}

// A store that cannot be read is read later.
func TestAStoreThatIsNotRead(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		b := newBed(t, hook(t, "ci", v))
		b.store.RefuseReads(errors.New("input/output error"))
		b.start()
		pass(time.Hour)
		b.store.RefuseReads(nil)
		pass(2 * time.Minute)
		r := b.step(b.begin("checkout", 1), 0)
		synctest.Wait()
		b.store.RefuseReads(errors.New("input/output error"))
		b.sender.Committed(r)
		pass(time.Minute)
		b.store.RefuseReads(nil)
		b.end(b.step(r, 1), rollout.Succeeded)
		pass(time.Minute)
		wants(t, "events", v.got(), lived("checkout", 1, "ci"))
	})
}

// A new target is told of what happens from then on.
func TestANewTargetIsNotToldOfThePast(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		b := newBed(t)
		b.start()
		b.live("cart", 1)
		r := b.begin("checkout", 1)
		pass(time.Minute)
		b.told = append(b.told, hook(t, "ci", v))
		b.restart()
		pass(time.Minute)
		b.end(b.step(b.step(r, 0), 1), rollout.Succeeded)
		synctest.Wait()
		wants(t, "events", v.got(), lived("checkout", 1, "ci")[2:])
	})
}

// A target is told of its services and kinds alone, and of nobody where people are hidden.
func TestWhatATargetIsTold(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		told := hook(t, "ci", v)
		told.Services, told.Events, told.HidePeople = []rollout.ServiceName{"cart"}, []webhook.Kind{webhook.Started, webhook.Ended}, true
		b := newBed(t, told)
		b.start()
		b.live("checkout", 1)
		b.live("cart", 1)
		synctest.Wait()
		all := lived("cart", 1, "ci")
		wants(t, "events", v.got(), []string{all[1], all[6]})
		for i := range 2 {
			if one := v.body(t, i); one.By != nil || !strings.Contains(one.Text, "hidden=true") {
				t.Errorf("it names somebody: %+v", one)
			}
		}
		b.restart()
		synctest.Wait()
		if n := len(v.got()); n != 2 {
			t.Errorf("%d events after a restart", n)
		}
	})
}

// A target with a pace is told no faster.
func TestPace(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		told := hook(t, "ci", v)
		told.Every = time.Second
		b := newBed(t, told)
		b.start()
		b.live("checkout", 1)
		pass(time.Minute)
		all := v.tries()
		if len(all) != 7 || all[6].Sub(all[0]) != 6*time.Second {
			t.Errorf("requests at %v", all)
		}
	})
}

// panics is a target with a defect.
type panics struct{ others webhook.Target }

func (p panics) Send(ctx context.Context, e webhook.Event) error {
	if e.Kind == webhook.Step {
		panic("no such step")
	}
	return p.others.Send(ctx, e)
}

// An event that a target panics about is given up, and the others are told.
func TestAPanicCostsOneEvent(t *testing.T) {
	in(t, func(t *testing.T) {
		v := &receiver{}
		told := hook(t, "ci", v)
		told.Target = panics{told.Target}
		b := newBed(t, told)
		b.start()
		b.live("checkout", 1)
		synctest.Wait()
		all := lived("checkout", 1, "ci")
		wants(t, "events", v.got(), slices.Concat(all[:2], all[3:4], all[5:]))
	})
}
