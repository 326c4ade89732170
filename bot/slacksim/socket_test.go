package slacksim_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack/socketmode"

	"canarybot.io/bot/slacksim"
)

func TestHelloCountsConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		_, first := openRaw(t, sim)
		_, second := openRaw(t, sim)
		if first.Type != "hello" || first.NumConnections != 1 || second.NumConnections != 2 {
			t.Errorf("hellos = %+v, %+v; want hello with 1 and 2 connections", first, second)
		}
		if first.ConnectionInfo.AppID != sim.Bot().AppID || first.DebugInfo.Time != 3600 {
			t.Errorf("hello = %+v; want the app's id and an hour to live", first)
		}
	})
}

func TestServerPingsEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		pings := 0
		raw.ws.SetPingHandler(func(string) error { pings++; return nil })
		_ = raw.ws.SetReadDeadline(time.Now().Add(21 * time.Second))
		_, _, err := raw.ws.ReadMessage()
		if err == nil || pings != 4 {
			t.Errorf("pings in 21 s = %d (%v), want 4", pings, err)
		}
	})
}

func TestEachEnvelopeGoesToExactlyOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{Seed: 7})
		bots := []*bot{startBot(t, sim, nil), startBot(t, sim, nil), startBot(t, sim, nil)}
		for range 30 {
			if _, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil {
				t.Fatal(err)
			}
		}
		total := 0
		for i, b := range bots {
			n := len(b.requests(socketmode.EventTypeSlashCommand))
			if n == 0 {
				t.Errorf("bot %d got nothing: the choice must not favour one connection", i)
			}
			total += n
		}
		if total != 30 {
			t.Errorf("envelopes received = %d, want 30", total)
		}
	})
}

func TestEleventhConnectionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.TooManySockets)
		for range 10 {
			openRaw(t, sim)
		}
		eleventh := dialRaw(t, sim, socketURL(t, sim))
		if f := eleventh.next(); f.Type != "disconnect" || f.Reason != "too_many_websockets" {
			t.Errorf("first frame = %+v, want disconnect too_many_websockets", f)
		}
	})
}

func TestTicketWorksOnceAndNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.BadTicket)
		url := socketURL(t, sim)
		dialRaw(t, sim, url).next()
		stale := socketURL(t, sim)
		time.Sleep(31 * time.Second)
		for _, u := range []string{url, stale} {
			_, _, err := dialRaw(t, sim, u).ws.ReadMessage()
			if closed := (*websocket.CloseError)(nil); !errors.As(err, &closed) || closed.Code != websocket.ClosePolicyViolation {
				t.Errorf("reading after a bad ticket: %v, want close 1008", err)
			}
		}
	})
}

func TestMissedAckTellsThePersonAndIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.MissedAck)
		startBot(t, sim, func(*socketmode.Client, socketmode.Event) {})
		began := time.Now()
		got, err := sim.As("dev").Slash("#deploys", "/canary", "status")
		if err != nil || got.Delivery != slacksim.TimedOut || time.Since(began) != 3*time.Second {
			t.Errorf("Slash = %+v, %v after %s; want timed out after 3s", got, err, time.Since(began))
		}
		want := `/canary failed with the error "operation_timeout"`
		if seen := sim.Ephemerals("dev"); len(seen) != 1 || seen[0].Text != want {
			t.Errorf("ephemerals = %+v, want %q", seen, want)
		}
	})
}

func TestLateAckIsIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.MissedAck)
		startBot(t, sim, func(c *socketmode.Client, e socketmode.Event) {
			time.Sleep(3100 * time.Millisecond)
			_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, map[string]string{"text": "too late"})
		})
		if _, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if seen := sim.Ephemerals("dev"); len(seen) != 1 {
			t.Errorf("ephemerals = %+v, want the timeout alone", seen)
		}
	})
}

func TestWithoutConnectionSlashFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		began := time.Now()
		got, err := sim.As("dev").Slash("#deploys", "/canary", "status")
		if err != nil || got.Delivery != slacksim.Undelivered || !strings.Contains(got.Text, "dispatch_failed") {
			t.Errorf("Slash = %+v, %v; want dispatch_failed", got, err)
		}
		if time.Since(began) != 0 {
			t.Errorf("took %s, want no wait", time.Since(began))
		}
	})
}

func TestDeadConnectionIsNotTheBotsFault(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		openRaw(t, sim)
		pending, err := sim.As("dev").StartSlash("#deploys", "", "/canary", "status")
		if err != nil {
			t.Fatal(err)
		}
		sim.DropSockets()
		if got := pending.Outcome(); got.Delivery != slacksim.TimedOut {
			t.Errorf("outcome = %+v, want timed out", got)
		}
	})
}

func TestAcksThatSlackDrops(t *testing.T) {
	cases := []struct {
		name string
		kind slacksim.Kind
		send func(rawSocket, string)
	}{
		{"20 KiB or more", slacksim.OversizeAck, func(r rawSocket, id string) {
			r.send([]byte(`{"envelope_id":"` + id + `","payload":{"text":"` + strings.Repeat("x", 20<<10) + `"}}`))
		}},
		{"not JSON", slacksim.BadAck, func(r rawSocket, _ string) { r.send([]byte("ok")) }},
		{"unknown envelope", slacksim.BadAck, func(r rawSocket, _ string) { r.ack("nobody") }},
		{"binary", slacksim.BadAck, func(r rawSocket, id string) {
			_ = r.ws.WriteMessage(websocket.BinaryMessage, []byte(`{"envelope_id":"`+id+`"}`))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sim := slacksim.Start(t, slacksim.Options{})
				sim.Expect(c.kind)
				sim.Allow(slacksim.MissedAck)
				raw, _ := openRaw(t, sim)
				pending, err := sim.As("dev").StartSlash("#deploys", "", "/canary", "status")
				if err != nil {
					t.Fatal(err)
				}
				c.send(raw, raw.next().EnvelopeID)
				if got := pending.Outcome(); got.Delivery != slacksim.TimedOut {
					t.Errorf("outcome = %+v, want timed out: the ack must not count", got)
				}
			})
		})
	}
}

// A custom dialer without a write buffer of its own splits acks above 4 KB: the
// trap that costs bots their large acks.
func TestFragmentedAckIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.FragmentedAck, slacksim.MissedAck)
		dialer := &websocket.Dialer{NetDialContext: sim.Dial}
		runBot(t, sim, newAPI(sim), dialer, func(c *socketmode.Client, e socketmode.Event) {
			_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, map[string]string{"text": strings.Repeat("x", 5000)})
		})
		if _, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestAckIsTakenOverAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		first, _ := openRaw(t, sim)
		pending, err := sim.As("dev").StartSlash("#deploys", "", "/canary", "status")
		if err != nil {
			t.Fatal(err)
		}
		id := first.next().EnvelopeID
		second, _ := openRaw(t, sim)
		second.ack(id)
		if got := pending.Outcome(); got.Delivery != slacksim.Acked {
			t.Errorf("outcome = %+v, want acked", got)
		}
	})
}

func TestPayloadInTheAckOfAPressIsAViolation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		sim.Expect(slacksim.UnwantedAckPayload)
		b := startBot(t, sim, func(c *socketmode.Client, e socketmode.Event) {
			_ = c.AckCtx(t.Context(), e.Request.EnvelopeID, map[string]string{"text": "ignored"})
		})
		ts := postCard(t, b.api)
		if got, err := sim.As("dev").Press("#deploys", ts, "promote"); err != nil || got.Delivery != slacksim.Acked {
			t.Errorf("Press = %+v, %v; want acked", got, err)
		}
	})
}

func TestRefreshWarnsThenAsksThenCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		began := time.Now()
		sim.RefreshAll()
		if f := raw.next(); f.Reason != "warning" || time.Since(began) != 0 {
			t.Errorf("first = %+v after %s, want a warning at once", f, time.Since(began))
		}
		answered := make(chan slacksim.Outcome)
		go func() {
			got, _ := sim.As("dev").Slash("#deploys", "/canary", "status")
			answered <- got
		}()
		raw.ack(raw.next().EnvelopeID)
		if got := <-answered; got.Delivery != slacksim.Acked {
			t.Errorf("slash between warning and refresh = %+v, want acked: the link still works", got)
		}
		if f := raw.next(); f.Reason != "refresh_requested" || time.Since(began) != 10*time.Second {
			t.Errorf("second = %+v after %s, want refresh_requested after 10s", f, time.Since(began))
		}
		if n := sim.Connections(); n != 0 {
			t.Errorf("live connections = %d, want none for new envelopes", n)
		}
		if _, _, err := raw.ws.ReadMessage(); err == nil {
			t.Error("the connection is open after its refresh")
		}
	})
}

func TestConnectionIsRefreshedWhenItIsOld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		b := startBot(t, sim, nil)
		time.Sleep(59 * time.Minute)
		if n := len(b.requests(socketmode.EventTypeConnected)); n != 1 {
			t.Fatalf("connects in 59 min = %d, want 1", n)
		}
		time.Sleep(2 * time.Minute)
		if n := len(b.requests(socketmode.EventTypeConnected)); n != 2 {
			t.Errorf("connects in 61 min = %d, want 2", n)
		}
		if got, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil || got.Delivery != slacksim.Acked {
			t.Errorf("Slash after the refresh = %+v, %v; want acked", got, err)
		}
	})
}

func TestBotComesBackAfterSocketsDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		startBot(t, sim, nil)
		sim.DropSockets()
		wait(t, sim, func(s *slacksim.Sim) bool { return s.Connections() == 0 })
		wait(t, sim, func(s *slacksim.Sim) bool { return s.Connections() == 1 })
		if got, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil || got.Delivery != slacksim.Acked {
			t.Errorf("Slash = %+v, %v; want acked", got, err)
		}
	})
}

func TestMutedSocketIsNoticedByMissingPings(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		b := startBot(t, sim, nil)
		time.Sleep(time.Second)
		sim.MuteSockets()
		time.Sleep(2 * time.Minute)
		if n := len(b.requests(socketmode.EventTypeConnected)); n < 2 {
			t.Errorf("connects = %d, want a reconnect", n)
		}
	})
}

func TestLinkDisabled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		sim.DisableSocketMode()
		if f := raw.next(); f.Reason != "link_disabled" {
			t.Errorf("frame = %+v, want link_disabled", f)
		}
		if _, _, err := newAPI(sim).StartSocketModeContext(t.Context()); err == nil {
			t.Error("apps.connections.open works while Socket Mode is off")
		}
		sim.EnableSocketMode()
		openRaw(t, sim)
	})
}

func TestOutageStopsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		b := startBot(t, sim, nil)
		sim.Outage(true)
		if _, err := b.api.AuthTestContext(t.Context()); err == nil {
			t.Error("auth.test works in an outage")
		}
		if _, err := sim.As("dev").Slash("#deploys", "/canary", "status"); !errors.Is(err, slacksim.ErrOutage) {
			t.Errorf("Slash in an outage: %v, want ErrOutage", err)
		}
		sim.Outage(false)
		wait(t, sim, func(s *slacksim.Sim) bool { return s.Connections() == 1 })
	})
}

func TestDuplicatedSlashKeepsItsIDs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		b := startBot(t, sim, nil)
		sim.DuplicateNext()
		if _, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		got := b.requests(socketmode.EventTypeSlashCommand)
		if len(got) != 2 || got[0].Request.EnvelopeID != got[1].Request.EnvelopeID {
			t.Errorf("envelopes = %v, want the same one twice", got)
		}
	})
}

func TestConnectionChoiceIsReproducible(t *testing.T) {
	pick := func(seed uint64) (order []int) {
		synctest.Test(t, func(t *testing.T) {
			sim := slacksim.Start(t, slacksim.Options{Seed: seed})
			bots := []*bot{startBot(t, sim, nil), startBot(t, sim, nil)}
			for range 16 {
				before := len(bots[0].requests(socketmode.EventTypeSlashCommand))
				_, _ = sim.As("dev").Slash("#deploys", "/canary", "status")
				order = append(order, len(bots[0].requests(socketmode.EventTypeSlashCommand))-before)
			}
		})
		return order
	}
	if first, second := pick(3), pick(3); !slices.Equal(first, second) {
		t.Errorf("same seed, different choices: %v and %v", first, second)
	}
	if first, other := pick(3), pick(4); slices.Equal(first, other) {
		t.Errorf("different seeds, same choices: %v", first)
	}
}

func TestSlashPayloadHasWhatSlackSends(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		raw, _ := openRaw(t, sim)
		if _, err := sim.As("dev").StartSlash("#deploys", "", "/canary", "  deploy checkout v1  "); err != nil {
			t.Fatal(err)
		}
		f := raw.next()
		raw.ack(f.EnvelopeID)
		synctest.Wait()
		var got map[string]any
		if err := json.Unmarshal(f.Payload, &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{
			"command": "/canary", "text": "deploy checkout v1", "user_id": "U00000DEV1", "user_name": "dev",
			"channel_id": "C0DEPLOYS1", "channel_name": "deploys", "team_domain": "northwind",
			"is_enterprise_install": "false",
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("payload[%q] = %v, want %v", k, got[k], v)
			}
		}
		if !f.Accepts || !strings.HasPrefix(got["response_url"].(string), "http://slack.test/response/commands/") {
			t.Errorf("envelope = %+v, payload = %v", f, got)
		}
	})
}
