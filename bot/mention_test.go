package bot_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// private returns what only the person sees.
func (w *world) private(user string) []string {
	var all []string
	for _, e := range w.slack.Ephemerals(user) {
		all = append(all, w.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks}))
	}
	return all
}

// inThread has somebody write in the card's thread, and returns what only they see because of it.
func (w *world) inThread(user, text string) []string {
	w.t.Helper()
	before := len(w.private(user))
	if _, err := w.slack.As(user).Say("#deploys", w.card().TS, text); err != nil {
		w.t.Fatalf("%q: %v", text, err)
	}
	w.settle()
	return w.private(user)[before:]
}

// What approvers say to each other about a rollout that waits for them moves nothing, and is answered at most once, in
// private.
func TestTalkInAThreadPromotesNothing(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		card := w.card()
		for text, hints := range map[string]int{
			"promote? not before we looked at the graphs. what does @canarybot say": 1,
			"promote @canarybot":                           1,
			"not yet: promote @canarybot":                  1,
			"> @canarybot promote":                         1,
			"```@canarybot promote```":                     1,
			"• @canarybot promote":                         1,
			"@dev @canarybot promote":                      1,
			"@canarybot @dev promote":                      1,
			"@canarybot promote?":                          1,
			"@canarybot promote later":                     1,
			"@canarybot promote, no wait":                  1,
			"@canarybot promote\nnot before two":           1,
			"@canarybot don't promote":                     1,
			"@canarybot “promote”":                         1,
			"@canarybot ~promote~":                         1,
			"@canarybot rollback??":                        1,
			"@canarybot rollback is a bit drastic":         1,
			"@canarybot thanks":                            1,
			"canarybot promote":                            0,
			"promote":                                      0,
			"promote, says the other @canary":              0,
			"the graphs are fine, who promotes? @oncall":   0,
			"@canarybot is right: promote @canarybot says": 1,
		} {
			if got := w.inThread(oncall, text); len(got) != hints {
				w.t.Errorf("%q: %d hints, want %d: %s", text, len(got), hints, got)
			}
			if got := w.phase("checkout-1"); got != rollout.Awaiting {
				w.t.Fatalf("%q moved it to %s", text, got)
			}
		}
		if got := len(w.cards()); got != 1 {
			w.t.Errorf("%d cards", got)
		}
		for _, m := range w.slack.Thread("#deploys", card.TS) {
			if m.FromBot && strings.Contains(w.slack.Plain(m), "may be talk") {
				w.t.Error("everybody reads the hint")
			}
		}
		w.inThread(oncall, "@canarybot Promote, please!")
		if got := w.phase("checkout-1"); got == rollout.Awaiting {
			w.t.Errorf("it still waits: %s", w.private(oncall))
		}
	})
}

// What is not typed by a person in so many words: payloads as Slack's documents have them.
func TestOnlyWhatIsTypedIsACommand(t *testing.T) {
	const typed = `"type":"app_mention","user":"U1","ts":"1.000009","thread_ts":"1.000001","channel":"C1","text":"<@UBOT> promote checkout"`
	for name, test := range map[string]struct {
		event  string
		counts bool
	}{
		"typed":                     {typed, true},
		"also shown in the channel": {typed + `,"subtype":"thread_broadcast"`, true},
		"with a file":               {typed + `,"subtype":"file_share"`, true},
		"with a link's preview":     {typed + `,"attachments":[{"from_url":"https://e.example"}]`, true},
		"/me":                       {typed + `,"subtype":"me_message"`, false},
		"edited":                    {typed + `,"edited":{"user":"U1","ts":"2.000000"}`, false},
		"edited, without a time":    {typed + `,"edited":{}`, false},
		"changed":                   {typed + `,"subtype":"message_changed"`, false},
		"passed on":                 {typed + `,"attachments":[{"is_share":true,"text":"<@UBOT> promote"}]`, false},
		"by a bot":                  {typed + `,"subtype":"bot_message"`, false},
		"by an app with a user":     {typed + `,"bot_id":"B1"`, false},
		"by nobody":                 {strings.Replace(typed, `"U1"`, `""`, 1), false},
		"by the bot itself":         {strings.Replace(typed, `"U1"`, `"UBOT"`, 1), false},
		"to another app":            {strings.Replace(typed, `<@UBOT>`, `<@UBOT2>`, 1), false},
		"of a kind unknown":         {typed + `,"subtype":"something_new"`, false},
		"an ordinary message":       {strings.Replace(typed, "app_mention", "message", 1), false},
	} {
		t.Run(name, func(t *testing.T) {
			b, rec, _ := pressed(t)
			payload := `{"team_id":"T1","authorizations":[{"user_id":"UBOT","is_bot":true},{"user_id":"UBOT2","is_bot":false}],"event":{` + test.event + `}}`
			acks := 0
			b.Handle(t.Context(), envelope("events_api", payload), func([]byte) error { acks++; return nil })
			if got := len(rec.decided) == 1; got != test.counts || acks != 1 {
				t.Errorf("decided %v, want %v; %d acks", got, test.counts, acks)
			}
		})
	}
}

// threeGates makes every step wait for a person.
func threeGates(w *world) {
	s := service()
	s.Spec.Plan.Steps = []rollout.Step{
		{Weight: 5, Bake: 30 * time.Second, Gate: rollout.Manual}, {Weight: 50, Bake: 30 * time.Second, Gate: rollout.Manual},
	}
	w.services["checkout"] = s
}

// A mention that Slack delivers again after minutes answers what its writer saw, not what the card asks by then; whatever
// the clocks say.
func TestADecisionIsNotOlderThanItsQuestion(t *testing.T) {
	for _, ahead := range []time.Duration{0, 7 * time.Minute, -7 * time.Minute} {
		t.Run(fmt.Sprint("slack's clock is ahead by ", ahead), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, slacksim.Options{Timing: slacksim.Timing{Ahead: ahead}})
				threeGates(w)
				w.start()
				w.slash(dev, "deploy checkout v1.2.4")
				w.awaitPhase("checkout-1", rollout.Awaiting)
				w.slack.LoseNext(2)
				if _, err := w.slack.As(oncall).StartSay("#deploys", w.card().TS, "@canarybot promote"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(5 * time.Second) // the first delivery and the second are lost; the third comes after a minute
				w.press(oncall, "Promote to 50 %")
				w.await("the second question", func() bool {
					r, err := w.store.Load(t.Context(), "checkout-1")
					return err == nil && r.Phase == rollout.Awaiting && r.Step == 1
				})
				time.Sleep(time.Minute)
				w.settle()
				if got := w.phase("checkout-1"); got != rollout.Awaiting {
					t.Fatalf("promoted to everyone: %s", got)
				}
				w.wants("the answer", strings.Join(w.private(oncall), "\n"), "you wrote that before checkout-1 asked what its card asks now")
				w.inThread(oncall, "@canarybot promote")
				if got := w.phase("checkout-1"); got == rollout.Awaiting {
					t.Errorf("an answer to what is asked does nothing: %s", w.private(oncall))
				}
			})
		})
	}
}

// A slash command is typed while the card changes: nobody can have read the new question yet.
func TestNobodyAnswersWhatAppearedThisInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		threeGates(w)
		w.start()
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.press(oncall, "Promote to 50 %")
		for i := 0; !strings.Contains(w.shown(), "Promote to everyone"); i++ {
			if i > 3000 {
				t.Fatal(w.shown())
			}
			time.Sleep(100 * time.Millisecond)
			synctest.Wait()
		}
		w.wants("the answer", w.slash(oncall, "promote checkout"), "you wrote that before")
		time.Sleep(3 * time.Second)
		w.wants("the answer", w.slash(oncall, "promote checkout"), "is promoted")
	})
}

// sayLost has somebody write something that Slack delivers once it has failed n times, and waits for that.
func (w *world) sayLost(n int, user, thread, text string) {
	w.t.Helper()
	w.slack.LoseNext(n)
	if _, err := w.slack.As(user).StartSay("#deploys", thread, text); err != nil {
		w.t.Fatal(err)
	}
	time.Sleep([]time.Duration{0, 4 * time.Second, 67 * time.Second, 370 * time.Second}[n])
	w.settle()
}

func TestNothingStartsMinutesAfterItWasWritten(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.sayLost(3, dev, "", "@canarybot deploy checkout v1.2.4")
		if len(w.cards()) != 0 {
			w.t.Fatal("it was started")
		}
		w.wants("the answer", strings.Join(w.private(dev), "\n"), "Nothing was started: Slack delivered that only now, 6 min")
		w.sayLost(2, dev, "", "@canarybot deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
	})
}

// What replaces a rollout replaces the one that its writer knew of.
func TestNobodyReplacesWhatTheyCannotHaveSeen(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Baking)
		w.slack.LoseNext(2)
		if _, err := w.slack.As(dev).StartSay("#deploys", "", "@canarybot deploy checkout v1.2.5 --replace"); err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(10 * time.Second) // nothing happens, so they try again
		w.slash(dev, "deploy checkout v1.2.6 --replace")
		w.wants("a colleague who was a moment later", w.slash(oncall, "deploy checkout v1.2.7 --replace"), "you wrote that before checkout-2 began")
		time.Sleep(time.Minute)
		w.settle()
		w.wants("the answer", strings.Join(w.private(dev), "\n"), "you wrote that before checkout-2 began")
		w.awaitPhase("checkout-2", rollout.Awaiting)
		w.wants("who has seen it", w.slash(oncall, "deploy checkout v1.2.7 --replace"), "as checkout-3")
	})
}

// A rollback is safe, so it counts however late it comes, but for the rollout that its writer meant.
func TestALateRollbackIsAboutItsOwnRollout(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.sayLost(3, dev, "", "@canarybot rollback checkout")
		w.awaitPhase("checkout-1", rollout.Ended)
		w.slash(dev, "deploy checkout v1.2.4 --replace")
		w.awaitPhase("checkout-2", rollout.Awaiting)
		w.slack.LoseNext(3)
		if _, err := w.slack.As(dev).StartSay("#deploys", "", "@canarybot rollback checkout"); err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		w.slash(dev, "deploy checkout v1.2.5 --replace")
		time.Sleep(370 * time.Second)
		w.settle()
		if got := w.phase("checkout-3"); got != rollout.Awaiting {
			w.t.Errorf("a rollout that began later is %s", got)
		}
		w.wants("the answer", strings.Join(w.private(dev), "\n"), "you wrote that before checkout-3 began")
	})
}

func TestAnEditDecidesNothing(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		for _, test := range []struct{ thread, first, then string }{
			{w.card().TS, "@canarybot promtoe", "@canarybot promote"},
			{w.card().TS, "@canarybot rolback", "@canarybot rollback"},
			{w.card().TS, "promote", "@canarybot promote"},
			{"", "hello", "@canarybot rollback checkout"},
			{"", "@canarybot status", "@canarybot rollback checkout"},
		} {
			out, err := w.slack.As(oncall).Say("#deploys", test.thread, test.first)
			if err != nil {
				w.t.Fatal(err)
			}
			w.settle()
			before := len(w.private(oncall))
			for _, forget := range []func(){func() {}, w.bot.Forget} { // as after a restart, or 2,000 requests
				forget()
				if _, err := w.slack.As(oncall).Edit("#deploys", out.TS, test.then); err != nil {
					w.t.Fatal(err)
				}
				time.Sleep(5 * time.Minute)
				w.settle()
			}
			if got := w.phase("checkout-1"); got != rollout.Awaiting {
				w.t.Fatalf("%q, edited to %q, did: %s", test.first, test.then, got)
			}
			told := w.private(oncall)[before:]
			if len(told) != 2 || !strings.Contains(told[0], "Typed anew it counts") {
				w.t.Errorf("%q, edited: %q", test.then, told)
			}
		}
		if len(w.cards()) != 1 {
			w.t.Error("an edit started something")
		}
	})
}

func TestAppsAreToldOnceThatNothingIsDoneForThem(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		told := func() (n int) {
			for _, m := range append(w.slack.Messages("#deploys"), w.slack.Thread("#deploys", w.card().TS)...) {
				for _, r := range append(w.slack.Thread("#deploys", m.TS), m) {
					if r.FromBot && strings.Contains(r.Text, "not from apps and workflows") {
						n++
					}
				}
			}
			return n
		}
		workflow := slacksim.App{BotID: "B0WORKFLOW", User: "U0WORKFLOW", Name: "Release train"}
		hook := slacksim.App{BotID: "B0HOOK", Name: "CI"}
		for i, app := range []slacksim.App{workflow, workflow, hook, hook, workflow} {
			text, thread := "@canarybot deploy checkout v1.2.5 --replace", ""
			if i%2 == 1 {
				text, thread = "@canarybot promote", w.card().TS
			}
			if _, err := w.slack.Say(app, "#deploys", thread, text); err != nil {
				w.t.Fatal(err)
			}
			w.settle()
			if got, want := told(), min(1+i/2, 2); got != want {
				w.t.Errorf("after message %d: told %d times, want %d", i+1, got, want)
			}
		}
		if got := w.phase("checkout-1"); got != rollout.Awaiting || len(w.slack.Ephemerals(workflow.User)) != 0 {
			w.t.Errorf("%s", got)
		}
		if all, err := w.store.Open(w.t.Context(), ""); err != nil || len(all) != 1 {
			w.t.Errorf("%d rollouts, %v", len(all), err)
		}
	})
}
