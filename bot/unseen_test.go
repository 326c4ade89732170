package bot_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// beside keeps the notes that are left in the cluster.
type beside struct {
	mu  sync.Mutex
	all []string
}

// Note keeps a note.
func (b *beside) Note(_ context.Context, r rollout.Rollout, n rollout.Note) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all = append(b.all, n.Reason+" "+string(r.ID)+" "+n.Text)
	return nil
}

// String returns the notes.
func (b *beside) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.all, "\n")
}

// weight is the canary's share of the traffic.
func (w *world) weight() rollout.Weight {
	w.t.Helper()
	r, err := w.store.Load(w.t.Context(), "checkout-1")
	if err != nil {
		w.t.Fatal(err)
	}
	return w.cluster.Observe(w.t.Context(), r).Route.Weight
}

// unseen returns the rollouts that people cannot see, as the metric counts them.
func (w *world) unseen() (n int) {
	for _, r := range w.engine.Snapshot() {
		if !r.Unseen.IsZero() {
			n++
		}
	}
	return n
}

// told is all that only the person sees.
func (w *world) told(user string) string {
	var all []string
	for _, e := range w.slack.Ephemerals(user) {
		all = append(all, w.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks}))
	}
	for _, m := range w.slack.Messages("dm-dev") {
		all = append(all, w.slack.Plain(m))
	}
	return strings.Join(all, "\n")
}

// Whatever Slack finally says to an edit, the thread goes on, the gate is asked, and its answer counts.
func TestAnEditThatIsRefusedForGoodStopsNothing(t *testing.T) {
	for _, code := range []string{
		"edit_window_closed", "cant_update_message", "message_not_found", "msg_too_long", "invalid_blocks", "no_text", "invalid_arguments",
		"update_failed", "a_word_of_next_year",
	} {
		t.Run(code, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slash(dev, "deploy checkout v1.2.4")
				w.awaitPhase("checkout-1", rollout.Baking)
				w.slack.SetFault("chat.update", slacksim.Fault{Error: code})
				w.awaitPhase("checkout-1", rollout.Awaiting)
				time.Sleep(time.Minute)
				w.wants("the newest card", w.shown(), "Waiting for a person")
				w.wants("the threads", w.slack.Transcript("#deploys"), "Promote to 50 %?", "@oncall")
				if n := len(w.cards()); n != 2 && !(n == 3 && code == "message_not_found") { // as if somebody deleted each
					w.t.Errorf("%d cards, want 2", n)
				}
				if why := w.publisher.Ready(); why != nil || w.unseen() > 0 {
					w.t.Errorf("people are said not to see it: %v", why)
				}
				w.press(oncall, "Promote to 50 %")
				w.awaitPhase("checkout-1", rollout.Ended)
				time.Sleep(time.Minute)
				w.wants("the newest card", w.shown(), "Succeeded")
				if n := len(w.cards()); n > 7 {
					w.t.Errorf("%d cards for one rollout", n)
				}
			})
		})
	}
}

// Whatever Slack finally says to the first card, nobody gets traffic that nobody can see, and whoever asked is told.
func TestACardThatIsRefusedForGoodHolds(t *testing.T) {
	for _, code := range []string{
		"restricted_action", "not_in_channel", "is_archived", "channel_not_found", "no_permission", "restricted_action_read_only_channel",
		"restricted_action_thread_only_channel", "token_revoked", "missing_scope", "ekm_access_denied", "no_text", "a_word_of_next_year",
	} {
		t.Run(code, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slack.SetFault("chat.postMessage", slacksim.Fault{Error: code})
				w.slash(oncall, "deploy checkout v1.2.4 --auto")
				time.Sleep(time.Hour)
				if got := w.weight(); got != 0 {
					w.t.Errorf("%d %% of traffic go where nobody can see it", got)
				}
				if why := w.publisher.Ready(); why == nil || !strings.Contains(why.Error(), "checkout-1") || w.unseen() != 1 {
					w.t.Errorf("Ready() = %v, %d rollouts cannot be seen", why, w.unseen())
				}
				w.wants("what only the asker sees", w.told(oncall), "People cannot see this rollout")
				if n := strings.Count(w.told(oncall), "People cannot see this rollout"); n != 1 {
					w.t.Errorf("told %d times in an hour", n)
				}
				w.wants("the status", w.slash(oncall, "status checkout"), "Held", "people cannot see it")
				w.slack.ClearFaults()
				w.awaitPhase("checkout-1", rollout.Ended)
				time.Sleep(time.Minute)
				w.wants("the card", w.shown(), "Succeeded")
				if why := w.publisher.Ready(); why != nil {
					w.t.Errorf("Ready() = %v", why)
				}
			})
		})
	}
}

// Some things that become of a channel while a rollout is under way. Each holds it, and it goes on when that is over.
func TestARolloutThatBecomesInvisibleHolds(t *testing.T) {
	fault := func(method, code string) func(*world) {
		return func(w *world) { w.slack.SetFault(method, slacksim.Fault{Error: code}) }
	}
	put := func(c slacksim.Channel) func(*world) {
		c.ID, c.Name = channel, "deploys"
		return func(w *world) { w.slack.PutChannel(c) }
	}
	// Where the card can still be edited it shows the next step, and the thread is found shut when that is told.
	edited := []string{"posting restricted", "the bot sent away", "a scope taken away", "the thread locked"}
	for name, gone := range map[string]func(*world){
		"archived":                put(slacksim.Channel{Archived: true}),
		"posting restricted":      put(slacksim.Channel{Restricted: true}),
		"the bot sent away":       put(slacksim.Channel{BotAbsent: true}),
		"private without the bot": put(slacksim.Channel{Private: true, BotAbsent: true}),
		"the token revoked":       fault(slacksim.AnyMethod, "token_revoked"),
		"a scope taken away":      fault("chat.postMessage", "missing_scope"),
		"the thread locked":       fault("chat.postMessage", "restricted_action_thread_locked"),
		"a gateway that forbids":  func(w *world) { w.slack.SetFault(slacksim.AnyMethod, slacksim.Fault{HTTPStatus: 403}) },
		"a gateway that redirects": func(w *world) {
			w.slack.SetFault(slacksim.AnyMethod, slacksim.Fault{HTTPStatus: 302, Location: "https://x.example/"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slash(oncall, "deploy checkout v1.2.4 --auto")
				w.awaitPhase("checkout-1", rollout.Baking)
				gone(w)
				time.Sleep(3 * time.Hour)
				r, err := w.store.Load(w.t.Context(), "checkout-1")
				if err != nil || r.Phase != rollout.Baking || r.StableWritten || r.Step > 0 && !slices.Contains(edited, name) {
					w.t.Fatalf("%s, step %d, %d %% of traffic, %v\n%s", r.Phase, r.Step, w.weight(), err, w.log)
				}
				if w.publisher.Ready() == nil || w.unseen() != 1 {
					w.t.Errorf("Ready() = %v, %d rollouts cannot be seen", w.publisher.Ready(), w.unseen())
				}
				if text := w.beside.String(); strings.Count(text, "RolloutUnseen checkout-1 People cannot see") != 1 {
					w.t.Errorf("noted in the cluster: %q", text)
				}
				w.slack.ClearFaults()
				put(slacksim.Channel{})(w)
				w.awaitPhase("checkout-1", rollout.Ended)
				time.Sleep(time.Minute)
				w.wants("the card", w.shown(), "Succeeded")
				w.wants("the thread", w.slack.Transcript("#deploys"), "Nobody could see this rollout", "people can see it again")
			})
		})
	}
}

// The same, and the canary is bad.
func TestWhatNobodySeesIsRolledBackAllTheSame(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slack.PutChannel(slacksim.Channel{ID: channel, Name: "deploys", Archived: true})
		time.Sleep(time.Hour)
		w.metrics.set(0.5)
		began := time.Now()
		w.awaitPhase("checkout-1", rollout.RollingBack)
		if took := time.Since(began); took > 2*time.Minute || w.weight() != 0 {
			w.t.Errorf("%d %% of traffic after %s", w.weight(), took)
		}
	})
}

// One refusal, or no answer at all, is a moment of Slack's and holds nothing.
func TestAMomentOfSlacksHoldsNothing(t *testing.T) {
	for name, fault := range map[string]slacksim.Fault{
		"one refusal of the token": {Error: "invalid_auth", Times: 1},
		"a refusal of the channel": {Error: "channel_not_found", Times: 1},
		"an outage":                {HTTPStatus: 503},
		"its own trouble":          {Error: "internal_error"},
		"too many calls":           {Error: "ratelimited"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slash(oncall, "deploy checkout v1.2.4 --auto")
				w.awaitPhase("checkout-1", rollout.Baking)
				w.slack.SetFault("chat.update", fault)
				w.slack.SetFault("chat.postMessage", fault)
				began := time.Now()
				w.awaitPhase("checkout-1", rollout.Ended)
				if took := time.Since(began); took > 10*time.Minute || w.unseen() > 0 {
					w.t.Errorf("it took %s", took)
				}
				w.slack.ClearFaults()
				time.Sleep(10 * time.Minute)
				w.wants("the card", w.shown(), "Succeeded")
				if text := w.slack.Transcript("#deploys"); strings.Contains(text, "could see") {
					w.t.Errorf("people are told of it: %s", text)
				}
			})
		})
	}
}

// A limit that goes on is asked about now and then, not with every change; a first card that it keeps back holds.
func TestALimitThatGoesOn(t *testing.T) {
	for _, fault := range []slacksim.Fault{{Error: "ratelimited"}, {Error: "message_limit_exceeded"}, {HTTPStatus: 429}, {HTTPStatus: 429, RetryAfter: "soon"}} {
		t.Run(fmt.Sprintf("%+v", fault), func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slack.SetFault("chat.postMessage", fault)
				w.slash(oncall, "deploy checkout v1.2.4 --auto")
				time.Sleep(10 * time.Minute)
				if n := calls(w, "chat.postMessage"); n > 10 {
					w.t.Errorf("%v posts in ten minutes", n)
				}
				if got := w.weight(); got != 0 {
					w.t.Errorf("%d %% of traffic go where nobody can see it", got)
				}
				w.slack.ClearFaults()
				w.awaitPhase("checkout-1", rollout.Baking)
				before := calls(w, "chat.update")
				w.slack.SetFault("chat.update", fault)
				time.Sleep(10 * time.Minute)
				if n := calls(w, "chat.update") - before; n > 10 {
					w.t.Errorf("%v edits in ten minutes", n)
				}
				w.slack.ClearFaults()
				w.awaitPhase("checkout-1", rollout.Ended)
			})
		})
	}
}

// A process that starts goes by what the last one stored until it has tried itself.
func TestARestartSeesNothingByItself(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.SetFault("chat.postMessage", slacksim.Fault{Error: "restricted_action"})
		w.slash(oncall, "deploy checkout v1.2.4 --auto")
		time.Sleep(time.Minute)
		w.stop()
		w.slack.SetFault("chat.postMessage", slacksim.Fault{HTTPStatus: 503}) // nobody knows now
		w.start()
		time.Sleep(time.Hour)
		if got := w.weight(); got != 0 {
			w.t.Errorf("%d %% of traffic go where nobody can see it", got)
		}
		w.slack.ClearFaults()
		w.awaitPhase("checkout-1", rollout.Ended)
	})
}

// A channel that is archived and made anew under its name gets the next card; the bot follows the name.
func TestTheCardFollowsTheChannelsName(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.slack.PutChannel(slacksim.Channel{ID: channel, Name: "deploys-old", Archived: true})
		w.slack.PutChannel(slacksim.Channel{ID: "C0DEPLOYS2", Name: "deploys"})
		w.slash2(dev, "C0DEPLOYS2", "pause checkout")
		w.await("the card", func() bool { return strings.Contains(w.slack.Transcript("C0DEPLOYS2"), "Paused by @dev") })
		w.wants("the new card", w.slack.Transcript("C0DEPLOYS2"), "earlier messages")
		time.Sleep(5 * time.Second) // nobody answers what they have not read
		w.slash2(oncall, "C0DEPLOYS2", "resume checkout")
		time.Sleep(time.Minute)
		w.slash2(oncall, "C0DEPLOYS2", "promote checkout")
		w.awaitPhase("checkout-1", rollout.Ended)
	})
}

// slash2 types a command in another channel.
func (w *world) slash2(user, where, text string) {
	w.t.Helper()
	if out, err := w.slack.As(user).Slash(where, "/canary", text); err != nil || out.Delivery != slacksim.Acked {
		w.t.Fatalf("/canary %s: %v, %v\n%s", text, out.Delivery, err, w.log)
	}
}

// The buttons of a card from which another one took over hold as far as what they answer does; a deleted card's do not.
func TestButtonsOfEarlierCards(t *testing.T) {
	inWorld(t, slacksim.Options{Timing: slacksim.Timing{Edits: time.Minute}}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		time.Sleep(time.Minute)
		all := w.cards()
		if len(all) != 2 || !strings.Contains(w.slack.Plain(all[1]), "earlier messages") {
			w.t.Fatalf("%d cards\n%s", len(all), w.slack.Transcript("#deploys"))
		}
		out, err := w.slack.As(dev).Press("#deploys", all[0].TS, "Roll back")
		if err != nil || out.Delivery != slacksim.Acked {
			w.t.Fatalf("%v, %v", out.Delivery, err)
		}
		synctest.Wait()
		if got := w.phase("checkout-1"); got != rollout.RollingBack {
			w.t.Errorf("%s after a press on the earlier card", got)
		}
		if out, err = w.slack.As(dev).Say("#deploys", all[0].TS, "@canarybot status"); err != nil || out.Delivery != slacksim.Acked {
			w.t.Fatalf("%v, %v", out.Delivery, err)
		}
		w.settle()
		w.wants("what the earlier thread knows", w.told(dev), "checkout-1")
	})
}

// The process dies at any call or note while one card takes over from the other: there is one of each, linked both ways.
func TestCrashWhileAnotherCardTakesOver(t *testing.T) {
	die := map[string]func(w *world, n int, after bool, died func()){
		"post": func(w *world, n int, after bool, died func()) { w.wire.killAt("chat.postMessage", n, after, died) },
		"note": func(w *world, n int, after bool, died func()) { w.notes.killAt(n, after, died) },
	}
	for what, kill := range die {
		for _, after := range []bool{false, true} {
			for nth := 1; nth <= 12; nth += stride {
				t.Run(fmt.Sprintf("%s %d, after its effect %v", what, nth, after), func(t *testing.T) {
					inWorld(t, slacksim.Options{}, func(w *world) { w.takeOver(func(died func()) { kill(w, nth, after, died) }) })
				})
			}
		}
	}
}

func (w *world) takeOver(kill func(died func())) {
	w.t.Helper()
	w.slash(dev, "deploy checkout v1.2.4")
	w.awaitPhase("checkout-1", rollout.Baking)
	old := w.card()
	w.slack.SetFault("chat.update", slacksim.Fault{Error: "edit_window_closed"})
	dead := make(chan struct{}, 1)
	kill(func() {
		w.wire.kill()
		w.notes.kill()
		w.slack.DropSockets()
		dead <- struct{}{}
	})
	select {
	case <-dead:
		w.crash()
		w.restart()
	case <-time.After(5 * time.Minute): // it went through with fewer
		w.notes.revive()
		w.wire.revive()
	}
	w.awaitPhase("checkout-1", rollout.Awaiting)
	time.Sleep(5 * time.Minute)
	if n := len(w.cards()); n != 2 {
		w.t.Fatalf("%d cards, want 2\n%s\n%s", n, w.slack.Transcript("#deploys"), w.log)
	}
	w.wants("the new card", w.shown(), "Waiting for a person", "earlier messages")
	text := w.slack.Transcript("#deploys")
	for _, once := range []string{"goes on under a new card", "Promote to 50 %?", "started a canary"} {
		if n := strings.Count(text, once); n != 1 {
			w.t.Errorf("%q is there %d times:\n%s", once, n, text)
		}
	}
	below := w.slack.Thread("#deploys", old.TS)
	if !slices.ContainsFunc(below, func(m slacksim.Message) bool { return strings.Contains(w.slack.Plain(m), "new card") }) {
		w.t.Errorf("the earlier thread does not say where it goes on:\n%s", text)
	}
}
