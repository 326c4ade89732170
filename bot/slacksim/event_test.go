package slacksim_test

import (
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
)

type outerEvent struct {
	EventID string `json:"event_id"`
	Event   struct {
		Type, User, Text, TS, Channel string
		ThreadTS                      string `json:"thread_ts"`
	} `json:"event"`
}

func event(t *testing.T, f frame) outerEvent {
	t.Helper()
	var e outerEvent
	if err := json.Unmarshal(f.Payload, &e); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestMentionInThreadReachesTheBot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		root := postCard(t, newAPI(sim))
		raw, _ := openRaw(t, sim)
		pending, err := sim.As("dev").StartSay("#deploys", root, "@canarybot promote, please <now>")
		if err != nil {
			t.Fatal(err)
		}
		f := raw.next()
		raw.ack(f.EnvelopeID)
		if got := pending.Outcome(); got.Delivery != slacksim.Acked {
			t.Errorf("outcome = %+v, want acked", got)
		}
		got := event(t, f).Event
		if got.Type != "app_mention" || got.ThreadTS != root || got.User != "U00000DEV1" || got.Channel != deploys {
			t.Errorf("event = %+v", got)
		}
		if want := "<@" + sim.Bot().UserID + "> promote, please &lt;now&gt;"; got.Text != want {
			t.Errorf("text = %q, want %q", got.Text, want)
		}
		if f.Accepts {
			t.Error("an event accepts a response payload")
		}
	})
}

func TestMessageWithoutMentionStaysSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		got, err := sim.As("dev").Say("#deploys", "", "good morning @oncall")
		if err != nil || got.Delivery != slacksim.Silent {
			t.Errorf("Say = %+v, %v; want silent", got, err)
		}
		if m, _ := sim.Message("#deploys", got.TS); m.Text != "good morning <@U00ONCALL1>" {
			t.Errorf("text = %q", m.Text)
		}
	})
}

func TestUnacknowledgedEventComesAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.MissedAck)
		raw, _ := openRaw(t, sim)
		if _, err := sim.As("dev").StartSay("#deploys", "", "@canarybot status"); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		first := raw.next()
		// 3 s deadline, then at once, after 1 min, after 5 min, each with its own deadline.
		for i, at := range []time.Duration{3, 3 + 3 + 60, 3 + 3 + 60 + 3 + 300} {
			f := raw.next()
			if f.RetryAttempt != i+1 || f.RetryReason != "timeout" || time.Since(began) != at*time.Second {
				t.Errorf("retry = %d %q after %s, want %d after %ds", f.RetryAttempt, f.RetryReason, time.Since(began), i+1, at)
			}
			if f.EnvelopeID == first.EnvelopeID || event(t, f).EventID != event(t, first).EventID {
				t.Error("a retry has a new envelope id and the same event id")
			}
			if i == 2 {
				raw.ack(f.EnvelopeID)
			}
		}
		_ = raw.ws.SetReadDeadline(time.Now().Add(time.Hour))
		if _, b, err := raw.ws.ReadMessage(); err == nil && string(b) != "" {
			var f frame
			_ = json.Unmarshal(b, &f)
			if f.Type == "events_api" {
				t.Error("an acknowledged event came again")
			}
		}
	})
}

func TestEventWaitsForAConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		got, err := sim.As("dev").Say("#deploys", "", "@canarybot status")
		if err != nil || got.Delivery != slacksim.Undelivered {
			t.Errorf("Say = %+v, %v; want undelivered at first", got, err)
		}
		synctest.Wait() // the first retry comes at once and finds nobody either
		raw, _ := openRaw(t, sim)
		if f := raw.next(); f.Type != "events_api" || f.RetryAttempt != 2 {
			t.Errorf("frame = %+v, want the second retry", f)
		} else {
			raw.ack(f.EnvelopeID)
		}
		synctest.Wait()
	})
}

func TestDuplicatedEventHasItsOwnEnvelope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		sim.DuplicateNext()
		if _, err := sim.As("dev").StartSay("#deploys", "", "@canarybot status"); err != nil {
			t.Fatal(err)
		}
		a, b := raw.next(), raw.next()
		if a.EnvelopeID == b.EnvelopeID || event(t, a).EventID != event(t, b).EventID {
			t.Errorf("envelopes %s and %s, events %s and %s", a.EnvelopeID, b.EnvelopeID, event(t, a).EventID, event(t, b).EventID)
		}
		raw.ack(a.EnvelopeID)
		raw.ack(b.EnvelopeID)
		synctest.Wait()
	})
}

func TestMentionWhereTheBotIsNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		openRaw(t, sim)
		got, err := sim.As("dev").Say("#general", "", "@canarybot status")
		if err != nil || got.Delivery != slacksim.Silent {
			t.Errorf("Say = %+v, %v; want silent", got, err)
		}
		if seen := sim.Ephemerals("dev"); len(seen) != 1 || seen[0].FromBot {
			t.Errorf("ephemerals = %+v, want Slack's own hint", seen)
		}
	})
}
