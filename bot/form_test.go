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

// fill fills in a field of the form.
func (w *world) fill(user, field, text string) {
	w.t.Helper()
	if _, err := w.slack.As(user).Fill(field, text); err != nil {
		w.t.Fatalf("%s: %v\n%s", field, err, w.log)
	}
	w.settle()
}

// submit sends the form, and returns what it shows then.
func (w *world) submit(user string) string {
	w.t.Helper()
	out, err := w.slack.As(user).Submit()
	if err != nil || out.Delivery != slacksim.Acked {
		w.t.Fatalf("submit: %v, %v\n%s\n%s", out.Delivery, err, w.modal(user), w.log)
	}
	synctest.Wait()
	return w.modal(user)
}

// configured restarts the bot with other services.
func (w *world) configured(change func(map[rollout.ServiceName]rollout.Service)) {
	w.t.Helper()
	w.stop()
	change(w.services)
	w.start()
}

func (w *world) nothingStarted() {
	w.t.Helper()
	for name := range w.services {
		if all, err := w.store.History(w.t.Context(), name, 9); err != nil || len(all) > 0 {
			w.t.Errorf("%d rollouts of %s, %v", len(all), name, err)
		}
	}
}

func search() rollout.Service {
	s := service()
	s.Name, s.Spec.Objects.Stable, s.Spec.Objects.Canary = "search", "search-stable", "search-canary"
	return s
}

func TestFormIsSentAfterTheConfigurationChanged(t *testing.T) {
	for name, test := range map[string]struct {
		change func(map[rollout.ServiceName]rollout.Service)
		want   string
	}{
		"the service is gone": {
			func(all map[rollout.ServiceName]rollout.Service) { delete(all, "checkout"); all["search"] = search() },
			"✗ checkout is not in the configuration any more. Choose another.",
		},
		"the plan is gone": {
			func(all map[rollout.ServiceName]rollout.Service) { s := service(); s.Plans = nil; all["checkout"] = s },
			"Nothing was started. checkout has no plan quick. It has standard.",
		},
		"the plan has other steps": {
			func(all map[rollout.ServiceName]rollout.Service) {
				s := service()
				s.Plans = []rollout.Plan{{Name: "quick", Steps: []rollout.Step{{Weight: 99, Bake: time.Minute, Gate: rollout.Auto}}}}
				all["checkout"] = s
			},
			"Look at it, then press Deploy again.\n    checkout gets v1.2.4: 99 % for 1 min, then everyone.",
		},
		"the image comes from elsewhere": {
			func(all map[rollout.ServiceName]rollout.Service) {
				s := service()
				s.Spec.Repository = "registry.example.com/other/checkout"
				all["checkout"] = s
			},
			"Look at it, then press Deploy again.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slash(dev, "deploy checkout")
				w.fill(dev, "Version", "v1.2.4")
				w.fill(dev, "Plan", "quick")
				w.configured(test.change)
				got := w.submit(dev)
				w.wants("the form", got, test.want)
				if strings.Contains(got, "✅ Dry run") {
					t.Errorf("the form says still what it said before:\n%s", got)
				}
				w.nothingStarted()
			})
		})
	}
}

func TestFormIsSentBeforeItFollowed(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.configured(func(all map[rollout.ServiceName]rollout.Service) { all["search"] = search() })
		w.slash(dev, "deploy checkout")
		w.fill(dev, "Version", "v1.2.4")
		// Another service is chosen, and the form sent before it says what that would do.
		w.slack.SetFault("views.update", slacksim.Fault{Latency: 2 * time.Second})
		if _, err := w.slack.As(dev).StartFill("Service", "search"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.wants("the form", w.submit(dev), "Nothing was started: this is not what the form showed")
		w.settle()
		w.nothingStarted()
		w.wants("the form", w.modal(dev), "Service: [search]", "Version: [v1.2.4]", "Look at it, then press Deploy again.\n    ❌ Dry run of search v1.2.4")
	})
}

// Slack keeps what is typed in a field, and what is suggested for it, while an update leaves its block and action as they are.
func TestVersionIsTypedWhileTheFormFollows(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.configured(func(all map[rollout.ServiceName]rollout.Service) { all["search"] = search() })
		w.slash(dev, "deploy")
		for _, service := range []string{"checkout", "search"} {
			w.slack.SetFault("views.update", slacksim.Fault{Latency: time.Second, Times: 1})
			if _, err := w.slack.As(dev).StartFill("Service", service); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if _, err := w.slack.As(dev).Suggest("Version", "v1.2.4"); err != nil {
				t.Fatal(err)
			}
			w.settle() // by now the form follows
			if _, err := w.slack.As(dev).StartFill("Version", "v1.2.4"); err != nil {
				t.Fatalf("what was typed is lost: %v", err)
			}
			w.settle()
			w.wants("the form", w.modal(dev), "Service: ["+service+"]", "Version: [v1.2.4]", "Dry run of "+service+" v1.2.4")
		}
	})
}

// The versions of a service are suggested before the form has followed its choice.
func TestVersionsOfTheChosenServiceAreSuggested(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.configured(func(all map[rollout.ServiceName]rollout.Service) { all["search"] = search() })
		w.slash(dev, "deploy checkout v1.2.4")
		w.slash(dev, "deploy")
		for service, want := range map[string]int{"search": 0, "checkout": 1} {
			w.slack.SetFault("views.update", slacksim.Fault{Latency: time.Second, Times: 1})
			if _, err := w.slack.As(dev).StartFill("Service", service); err != nil {
				t.Fatal(err)
			}
			if got, err := w.slack.As(dev).Suggest("Version", ""); err != nil || len(got) != want {
				t.Errorf("%s: %d suggestions, want %d (%v)", service, len(got), want, err)
			}
			w.settle()
		}
	})
}

func TestVersionIsTypedBeforeTheService(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.configured(func(all map[rollout.ServiceName]rollout.Service) { all["search"] = search() })
		w.slash(dev, "deploy")
		w.fill(dev, "Version", "v1.2.4")
		w.fill(dev, "Service", "checkout")
		if got := w.modal(dev); !strings.Contains(got, "Version: [v1.2.4]") || !strings.Contains(got, "it would start") {
			t.Errorf("the version is still there:\n%s", got)
		}
		w.wants("the form", w.submit(dev), "is on its way, as checkout-1")
	})
}

// What Slack says of a submission whose answer was lost is "Try again?".
func TestFormIsSentAgainAfterItsAnswerWasLost(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.Expect(slacksim.MissedAck)
		w.slash(dev, "deploy")
		w.fill(dev, "Version", "v1.2.4")
		w.slack.LoseAcks(1)
		if out, err := w.slack.As(dev).Submit(); err != nil || out.Delivery != slacksim.TimedOut {
			t.Fatalf("%v, %v", out.Delivery, err)
		}
		w.wants("the form", w.modal(dev), "We had some trouble connecting. Try again?")
		w.fill(dev, "Version", "v1.2.5") // it may even say something else by now
		w.wants("the form", w.submit(dev), "checkout v1.2.4 (production) is on its way, as checkout-1.")
		if all, err := w.store.History(t.Context(), "checkout", 9); err != nil || len(all) != 1 {
			t.Errorf("%d rollouts, %v", len(all), err)
		}
	})
}

// So is a form that made a deploy pending.
func TestFormThatWaitsIsSentAgain(t *testing.T) {
	for name, choose := range map[string]func(w *world){
		"at a time": func(w *world) {
			w.fill(dev, "When", "At a time")
			w.fill(dev, "Time", "2000-01-02 10:00")
		},
		"in line": func(w *world) { w.fill(dev, "When", "As soon as nothing is in its way") },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.slack.Expect(slacksim.MissedAck)
				w.slash(oncall, "deploy checkout v1.2.3-hotfix")
				w.slash(dev, "deploy")
				w.fill(dev, "Version", "v1.2.4")
				choose(w)
				w.slack.LoseAcks(1)
				if out, err := w.slack.As(dev).Submit(); err != nil || out.Delivery != slacksim.TimedOut {
					t.Fatalf("%v, %v", out.Delivery, err)
				}
				w.wants("the form", w.submit(dev), "checkout v1.2.4 is pending as number 1")
				if q, err := w.store.Queue(t.Context()); err != nil || len(q.All) != 1 {
					t.Errorf("%d pending, %v", len(q.All), err)
				}
			})
		})
	}
}

// A moment that was still to come when it was chosen is past when the form is sent.
func TestFormIsSentAfterItsMoment(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy")
		w.fill(dev, "Version", "v1.2.4")
		w.fill(dev, "When", "At a time")
		w.fill(dev, "Time", "2000-01-01 00:10")
		w.wants("the form", w.modal(dev), "starts on Saturday, 1 January 2000, 00:10 (UTC)")
		time.Sleep(time.Hour)
		got := w.submit(dev)
		w.wants("the form", got, `✗ Nothing was changed: "2000-01-01 00:10" is past`)
		if strings.Contains(got, "starts on") {
			t.Errorf("the form says still when it starts:\n%s", got)
		}
		w.nothingStarted()
	})
}

// What is chosen when the form has not followed yet is looked at first.
func TestWhenIsChosenAndTheFormSentAtOnce(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy")
		w.fill(dev, "Version", "v1.2.4")
		w.slack.SetFault("views.update", slacksim.Fault{Latency: 2 * time.Second})
		if _, err := w.slack.As(dev).StartFill("When", "At a time"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		w.wants("the form", w.submit(dev), "Nothing was started: this is not what the form showed", "Time: []")
		w.settle()
		w.nothingStarted()
	})
}

// Of choices that follow each other quickly the last one is shown, in whatever order the answers arrive.
func TestLastChoiceIsShown(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy")
		w.fill(dev, "Version", "v1.2.4")
		for i, latency := range []time.Duration{3 * time.Second, 0, time.Second, 0} {
			w.slack.SetFault("views.update", slacksim.Fault{Latency: latency, Times: 1})
			plan := []string{"quick", "standard"}[i%2]
			if _, err := w.slack.As(dev).StartFill("Plan", plan); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		w.settle()
		w.settle()
		w.wants("the form", w.modal(dev), "Plan: [standard]", "it would start", "5 % for 2 min and approval, 50 % for 2 min, then everyone.")
		w.wants("the form", w.submit(dev), "is on its way")
	})
}

func TestFormIsClosedWhileTheClusterIsLookedAt(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy")
		w.slack.SetFault("views.update", slacksim.Fault{Latency: 2 * time.Second})
		if _, err := w.slack.As(dev).Suggest("Version", "v1.2.4"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.slack.As(dev).StartFill("Version", "v1.2.4"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.slack.As(dev).CloseModal(false); err != nil {
			t.Fatal(err)
		}
		w.settle()
		w.nothingStarted()
		if _, open := w.slack.Modal(dev); open {
			t.Error("the form is back")
		}
	})
}

func TestManyServicesAreSearched(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.configured(func(all map[rollout.ServiceName]rollout.Service) {
			for i := range 150 {
				s := search()
				s.Name = rollout.ServiceName(fmt.Sprintf("search-%d", i))
				all[s.Name] = s
			}
		})
		w.slash(dev, "deploy")
		for typed, want := range map[string]int{"": 100, "CHECK": 1, "search-14": 11, "nothing": 0} {
			got, err := w.slack.As(dev).Suggest("Service", typed)
			if err != nil || len(got) != want {
				t.Errorf("%q: %d suggestions, want %d (%v)", typed, len(got), want, err)
			}
		}
		w.fill(dev, "Service", "checkout")
		w.fill(dev, "Version", "v1.2.4")
		w.wants("the form", w.submit(dev), "is on its way, as checkout-1")
	})
}
