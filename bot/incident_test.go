package bot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// incidents returns what the audit has of incidents, newest first.
func (w *world) incidents() []rollout.AuditEntry {
	w.t.Helper()
	all, err := w.store.Audit(w.t.Context(), rollout.AuditQuery{Kinds: []rollout.AuditKind{rollout.AuditIncident}})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// incidentForm opens the form in the thread of a rollout that has succeeded.
func (w *world) incidentForm(user string) {
	w.t.Helper()
	if len(w.cards()) == 0 {
		w.slash(dev, "deploy checkout v1.2.4 --plan quick")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.press(oncall, "Promote to everyone")
		w.awaitPhase("checkout-1", rollout.Ended)
	}
	w.play("press " + map[string]string{dev: "dev", oncall: "oncall"}[user] + " Incident")
}

// toldIncidents counts the replies about incidents.
func (w *world) toldIncidents() int {
	return strings.Count(strings.Join(w.thread(), "\n"), "❌ Incident, reported by")
}

// What Slack says of a submission whose answer was lost is "Try again?": the first one counts.
func TestIncidentIsRecordedOnce(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.Expect(slacksim.MissedAck)
		w.incidentForm(dev)
		w.fill(dev, "What happened", "payments failed")
		w.slack.LoseAcks(1)
		if out, err := w.slack.As(dev).Submit(); err != nil || out.Delivery != slacksim.TimedOut {
			w.t.Fatalf("%v, %v", out.Delivery, err)
		}
		w.stop()
		w.start() // what is recognised in memory is forgotten
		w.fill(dev, "What happened", "it was search")
		w.fill(dev, "When it began", "2000-01-01 00:01")
		w.wants("the form", w.submit(dev), "an incident of checkout that began Saturday, 1 January 2000, 00:00 (UTC)")
		w.settle()
		if all := w.incidents(); len(all) != 1 || all[0].Text != "payments failed" {
			w.t.Errorf("recorded: %+v", all)
		}
		if n := w.toldIncidents(); n != 1 {
			w.t.Errorf("told %d times", n)
		}
	})
}

// Whatever comes back with a form is anybody's: what no form of ours has counts for nothing.
func TestForgedIncidents(t *testing.T) {
	submission := func(user, metadata, text string, began int64) []byte {
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		return envelope("interactive", fmt.Sprintf(`{"type":"view_submission","user":{"id":%q},"trigger_id":"9.9.a","view":{"id":"V1","callback_id":"canary.incident",
			"private_metadata":%q,"state":{"values":{"began":{"canary.began":{"type":"datetimepicker","selected_date_time":%d}},"what":{"canary.what":{"value":%s}}}}}}`,
			user, metadata, began, raw))
	}
	const button = "production/checkout-1/7/incident"
	for name, test := range map[string]struct {
		user, metadata, text string
		began                int64 // since the year 2000
		want                 string
		counts               bool
	}{
		"as it is":                  {text: "payments failed", want: "Recorded in the audit", counts: true},
		"as long as may be":         {text: strings.Repeat("é", 1000), want: "Recorded in the audit", counts: true},
		"another turn":              {metadata: "production/checkout-1/99/incident", text: "payments failed", want: "Recorded in the audit", counts: true},
		"10,000 characters":         {text: strings.Repeat("x", 10_000), want: "Shorten it to 1000 characters: it has 10000."},
		"nothing":                   {want: "Say what happened"},
		"what nobody sees":          {text: "\u200b\u2800 \n", want: "Say what happened"},
		"no time":                   {text: "payments failed", began: -946684800, want: "Choose when it began."},
		"a time to come":            {text: "payments failed", began: 1 << 30, want: "is still to come"},
		"before the rollout":        {text: "payments failed", began: -61, want: "no incident of it began before"},
		"a rollout that nobody has": {metadata: "production/checkout-9/7/incident", text: "payments failed", want: "There is no rollout"},
		"another action":            {metadata: "production/checkout-1/7/rollback", text: "payments failed", want: "not one of mine"},
		"another environment":       {metadata: "staging/checkout-1/7/incident", text: "payments failed", want: "belongs to staging"},
		"no metadata":               {metadata: "{}", text: "payments failed", want: "too old to be read"},
		"a guest":                   {user: guest, text: "payments failed", want: "Only full members"},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.incidentForm(dev)
				if test.user == "" {
					test.user = dev
				}
				if test.metadata == "" {
					test.metadata = button
				}
				var said string
				w.bot.Handle(w.t.Context(), submission(test.user, test.metadata, test.text, 946684800+test.began), func(raw []byte) error {
					said = string(raw)
					return nil
				})
				w.wants("the answer", said, test.want)
				w.settle()
				if n := len(w.incidents()); (n == 1) != test.counts || n > 1 {
					w.t.Errorf("%d incidents", n)
				}
				if n := w.toldIncidents(); (n == 1) != test.counts || n > 1 {
					w.t.Errorf("told %d times", n)
				}
			})
		})
	}
}

// A press counts where the button is: in the thread of the rollout, for whoever may.
func TestForgedIncidentButtons(t *testing.T) {
	for name, test := range map[string]struct {
		value, in, under string
	}{
		"forwarded to another channel": {value: "production/checkout-1/7/incident", in: "C0ELSEWHERE"},
		"under another card":           {value: "production/checkout-1/7/incident", in: channel, under: "1.000009"},
		"of a rollout that is unknown": {value: "production/checkout-9/7/incident", in: channel},
		"of another environment":       {value: "staging/checkout-1/7/incident", in: channel},
		"of another action":            {value: "production/checkout-1/7/rollback", in: channel},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.incidentForm(dev)
				if _, err := w.slack.As(dev).CloseModal(true); err != nil {
					w.t.Fatal(err)
				}
				under := w.card().TS
				if test.under != "" {
					under = test.under
				}
				pressed := strings.ReplaceAll(press(test.value, "canary.incident", test.in, under), `"U1"`, `"`+dev+`"`)
				w.bot.Handle(w.t.Context(), envelope("interactive", pressed), func([]byte) error { return nil })
				w.settle()
				if _, open := w.slack.Modal(dev); open {
					w.t.Error("a form is open")
				}
			})
		})
	}
}

// The question about when it began is answered once: a second press before Slack shows the answer records nothing more.
func TestMeantIncidentIsRecordedOnce(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		pressed := func(trigger int, question string) {
			value := `{"environment":"production","line":"incident checkout at 2000-01-01T00:00:00Z -- payments failed"}`
			payload := fmt.Sprintf(`{"type":"block_actions","user":{"id":%q},"container":{"type":"message","message_ts":%q,"channel_id":%q,"is_ephemeral":true},
				"trigger_id":"%d.1.a","actions":[{"type":"button","action_id":"canary.say","value":%q}]}`, dev, question, channel, trigger, value)
			w.bot.Handle(w.t.Context(), envelope("interactive", payload), func([]byte) error { return nil })
		}
		for i, test := range []struct {
			question string
			recorded int
		}{{"1.000001", 1}, {"1.000001", 1}, {"1.000002", 2}} {
			if pressed(i, test.question); len(w.incidents()) != test.recorded {
				w.t.Errorf("press %d: %d incidents, want %d", i, len(w.incidents()), test.recorded)
			}
		}
	})
}

// A process that dies around the reply leaves it to the next one.
func TestIncidentIsToldAfterACrash(t *testing.T) {
	for name, test := range map[string]struct {
		after bool
	}{
		"before the reply": {false},
		"behind the reply": {true},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.incidentForm(dev)
				w.fill(dev, "What happened", "payments failed")
				dead := w.dying(func(died func()) { w.wire.killAt("chat.postMessage", 1, test.after, died) })
				if _, err := w.slack.As(dev).StartSubmit(); err != nil {
					w.t.Fatal(err)
				}
				w.comeBack(dead)
				time.Sleep(2 * time.Minute)
				synctest.Wait()
				if n := w.toldIncidents(); n != 1 {
					w.t.Errorf("told %d times", n)
				}
				if all := w.incidents(); len(all) != 1 {
					w.t.Errorf("recorded: %+v", all)
				}
				if left, err := w.store.Notes(w.t.Context(), "incident"); err != nil || len(left) > 0 {
					w.t.Errorf("still to be told: %q, %v", left, err)
				}
			})
		})
	}
}
