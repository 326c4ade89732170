package bot_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"canarybot.io/bot"
	connection "canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

func TestRefreshLosesNoClick(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.RefreshAll()
		for range 300 { // through warning, refresh and the end of the old connections
			time.Sleep(50 * time.Millisecond)
			w.slash(dev, "help")
		}
		if n := w.slack.Connections(); n != 2 {
			w.t.Errorf("%d connections, want 2", n)
		}
		if err := w.bot.Ready(); err != nil {
			w.t.Errorf("not ready: %v", err)
		}
	})
}

func TestOldConnectionsAreReplaced(t *testing.T) {
	inWorld(t, slacksim.Options{Timing: slacksim.Timing{Life: 5 * time.Minute}}, func(w *world) {
		for range 120 {
			time.Sleep(10 * time.Second)
			w.slash(dev, "help")
		}
		if n := w.slack.Connections(); n != 2 {
			w.t.Errorf("%d connections, want 2", n)
		}
	})
}

func TestClickInFlightDuringARefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		w.change = func(o *bot.Options) { o.Rollouts = &slowRollouts{Rollouts: o.Rollouts, takes: 2 * time.Second} }
		w.start()
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		w.slack.RefreshAll()
		time.Sleep(9500 * time.Millisecond) // half a second before Slack asks us to leave
		w.press(oncall, "Promote to 50 %")
		if got := w.phase("checkout-1"); got == rollout.Awaiting {
			w.t.Error("the press did nothing")
		}
	})
}

func TestSocketsComeBackAfterTheyDrop(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.DropSockets()
		w.await("both connections", func() bool { return w.slack.Connections() == 2 })
		w.slack.MuteSockets() // half-open: they stay, and nothing comes through
		time.Sleep(40 * time.Second)
		w.await("new connections", func() bool { return w.bot.Ready() == nil && w.count("canary_slack_connections") == 2 })
		w.slash(dev, "help")
	})
}

func TestTroubleThatOnlyAPersonCanMend(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.DisableSocketMode()
		time.Sleep(time.Hour)
		err := w.bot.Ready()
		if err == nil || !strings.Contains(err.Error(), "access_denied") && !strings.Contains(err.Error(), "link_disabled") {
			w.t.Errorf("Ready() = %v", err)
		}
		if !w.log.has("a person has to look") {
			w.t.Errorf("not logged:\n%s", w.log)
		}
		if n := calls(w, "apps.connections.open"); n > 60 {
			w.t.Errorf("%v tries in an hour", n)
		}
		w.slack.EnableSocketMode()
		w.await("both connections", func() bool { return w.slack.Connections() == 2 })
		if err := w.bot.Ready(); err != nil {
			w.t.Errorf("not ready: %v", err)
		}
	})
}

func TestFatalAnswersToTheToken(t *testing.T) {
	for _, code := range []string{"invalid_auth", "account_inactive", "token_revoked", "missing_scope", "not_allowed_token_type"} {
		t.Run(code, func(t *testing.T) {
			inWorld(t, slacksim.Options{}, func(w *world) {
				before := calls(w, "apps.connections.open")
				w.slack.SetFault("apps.connections.open", slacksim.Fault{Error: code})
				w.slack.DropSockets()
				time.Sleep(time.Hour)
				if err := w.bot.Ready(); err == nil || !strings.Contains(err.Error(), code) {
					w.t.Errorf("Ready() = %v", err)
				}
				if n := calls(w, "apps.connections.open") - before; n > 60 {
					w.t.Errorf("%v tries in an hour", n)
				}
			})
		})
	}
}

// calls counts the calls of a method.
func calls(w *world, method string) float64 {
	return w.count("canary_slack_calls_total", "method="+method)
}

func TestSomebodyElseUsesTheToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		connect(t, w.slack)
		w.start()
		w.await("both connections", func() bool { return w.slack.Connections() == 3 })
		time.Sleep(time.Minute)
		if n := len(w.cards()); n != 0 {
			w.t.Errorf("told after a minute: %s", w.slack.Transcript("#deploys"))
		}
		time.Sleep(4 * time.Minute)
		w.wants("the channel", w.slack.Transcript("#deploys"), "Slack counts 3 connections of this app", "2 of them are mine")
		time.Sleep(50 * time.Minute)
		if n := len(w.cards()); n != 1 {
			w.t.Errorf("told %d times within an hour", n)
		}
		if got := w.count("canary_slack_excess_connections_total"); got != 1 {
			w.t.Errorf("counted %v times", got)
		}
	})
}

func TestGhostsOfADeadProcessAreNoAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		ghost := connect(t, w.slack)
		w.start()
		w.await("both connections", func() bool { return w.slack.Connections() == 3 })
		time.Sleep(time.Minute)
		_ = ghost.Close()
		time.Sleep(2 * time.Hour)
		if n := len(w.cards()); n != 0 {
			w.t.Errorf("an alarm without a cause: %s", w.slack.Transcript("#deploys"))
		}
		if n := w.slack.Connections(); n != 2 {
			w.t.Errorf("%d connections, want 2", n)
		}
	})
}

// connect opens a connection to the app that is not the bot's, and keeps it.
func connect(t *testing.T, sim *slacksim.Sim) *websocket.Conn {
	t.Helper()
	api := slack.New("", slack.OptionAPIURL(sim.APIURL()), slack.OptionAppLevelToken(sim.Bot().AppToken), slack.OptionHTTPClient(sim.HTTPClient()))
	_, url, err := api.StartSocketModeContext(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dialer := websocket.Dialer{NetDialContext: sim.Dial}
	ws, _, err := dialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		_ = ws.Close()
		<-done
	})
	return ws
}

func TestShutdownClosesPolitelyAndFinishesWhatIsInHand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, slacksim.Options{})
		w.change = func(o *bot.Options) { o.Rollouts = &slowRollouts{Rollouts: o.Rollouts, takes: time.Second} }
		w.start()
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		p, err := w.slack.As(oncall).StartPress("#deploys", w.card().TS, "Promote to 50 %")
		if err != nil {
			w.t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		began := time.Now()
		w.stop()
		if took := time.Since(began); took > 6*time.Second {
			w.t.Errorf("the end took %s", took)
		}
		if out := p.Outcome(); out.Delivery != slacksim.Acked {
			w.t.Errorf("the press in hand: %v", out.Delivery)
		}
		synctest.Wait() // Slack reads the goodbyes
		if n := w.slack.Connections(); n != 0 {
			w.t.Errorf("%d connections are left", n)
		}
		w.wants("the card", w.shown(), "The bot is restarting and nobody is judging")
		if err := w.bot.Ready(); err == nil {
			w.t.Error("still ready")
		}
	})
}

func TestNotReadyBeforeRun(t *testing.T) {
	b := bot.New(bot.Options{Slack: connection.New(connection.Config{}, nil, nil), Rollouts: &slowRollouts{}})
	if err := b.Ready(); err == nil || errors.Is(err, errDead) {
		t.Errorf("Ready() = %v", err)
	}
}
