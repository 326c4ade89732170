package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/slacksim/memnet"
	"canarybot.io/rollout"
)

// visit runs the test inside a running world, in a bubble and in memory: hours pass in no time, and only the clock
// and the network are fake.
func visit(t *testing.T, p pace, test func(context.Context, *player)) {
	t.Helper()
	t.Parallel() // most of it is waiting for the disk
	synctest.Test(t, func(t *testing.T) {
		l := memnet.Listen()
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return l.Dial(ctx) }
		w, err := newWorld(p, site{listener: l, address: "demo.test", dial: dial, log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		var transcript bytes.Buffer
		err = w.run(t.Context(), func(ctx context.Context) error {
			pl := &player{world: w, stage: newStage(w.slack, &transcript)}
			if err := pl.await(ctx, "Prometheus to know both services", pl.measured); err != nil {
				return err
			}
			test(ctx, pl)
			pl.stage.flush()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := w.close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log("\n" + transcript.String())
		}
	})
}

func TestPlay(t *testing.T) {
	visit(t, playing(), func(ctx context.Context, p *player) {
		var out bytes.Buffer
		began := time.Now()
		if err := play(ctx, p.world, &out); err != nil {
			t.Errorf("%v\n%s", err, out.String())
		}
		if took := time.Since(began); took > 80*time.Second {
			t.Errorf("the play takes %s", took)
		}
		for _, want := range []string{
			"only @intern sees: You (id `U0INTERN01`) may not deploy here",
			"Held · 5 % of traffic",
			"Rolled back · errors 5 %, stable 0.1 %",
			"kill -9",
		} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the transcript lacks %q:\n%s", want, out.String())
			}
		}
	})
}

// TestVersionsEndAsListed deploys every version that the bot lists, at the pace of the browser.
func TestVersionsEndAsListed(t *testing.T) {
	tells := map[string]string{
		"v1.2.5": "errors 5 %, stable 0.1 %", "v1.2.6": "slower than 500 ms", "v1.2.7": "memory", "v1.2.8": "crash",
		"v1.2.9": "image", "v1.3.0": "no data from the canary",
	}
	for _, v := range versions() {
		t.Run(v.tag, func(t *testing.T) {
			visit(t, browsing(), func(ctx context.Context, p *player) {
				if err := endsAsListed(ctx, p, v, tells[v.tag]); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func endsAsListed(ctx context.Context, p *player, v version, tells string) error {
	c, err := p.deploy(ctx, dev, "checkout", v.tag)
	if err != nil {
		return err
	}
	if tells == "" {
		if v.does.Warmup > 0 {
			err = p.await(ctx, "it to be held", func() bool { return strings.Contains(p.text(c), "❓ errors") })
		}
		if err != nil {
			return err
		}
		if err := p.press(ctx, c, onCall, "Promote to 50 %"); err != nil {
			return err
		}
		return p.ended(ctx, c, rollout.Succeeded, v.tag)
	}
	if err := p.ended(ctx, c, rollout.RolledBack, running); err != nil {
		return err
	}
	if !strings.Contains(p.text(c), tells) {
		return fmt.Errorf("the card does not tell %q:\n%s", tells, p.text(c))
	}
	return nil
}

// Whatever the page suggests is understood, and allowed to somebody whom it names.
func TestSuggestedCommandsAreAllowed(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		for _, c := range completions() {
			who := dev
			if strings.Contains(c.Hint, "on-call") {
				who = onCall
			}
			if err := p.slash(who, strings.TrimPrefix(c.Text, "/canary ")); err != nil {
				t.Fatal(err)
			}
			for _, e := range p.world.slack.Ephemerals(who) {
				text := p.world.slack.Plain(slacksim.Message{Text: e.Text, Blocks: e.Blocks})
				for _, no := range []string{"here. Nothing was changed", "I know no", "I do not know", "I cannot read", "It goes:", "has no plan"} {
					if strings.Contains(text, no) {
						t.Fatalf("%s: %s", c.Text, text)
					}
				}
			}
		}
	})
}

func TestWelcomeIsAMessageThatSlackTakes(t *testing.T) {
	visit(t, browsing(), func(ctx context.Context, p *player) {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return p.world.listener.(*memnet.Listener).Dial(ctx)
		}
		if err := p.world.welcome(ctx, &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}); err != nil {
			t.Fatal(err)
		}
		text := p.world.slack.Plain(p.world.slack.Messages(channel)[0])
		for _, v := range versions() {
			if !strings.Contains(text, v.tag) || !strings.Contains(text, v.note) {
				t.Errorf("the welcome does not list %s:\n%s", v.tag, text)
			}
		}
		if err := p.noViolations(); err != nil {
			t.Error(err)
		}
	})
}

func TestABusyPortIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var out bytes.Buffer
	err = run(t.Context(), nil, func(string) string { return l.Addr().String() }, &out)
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) || !strings.Contains(err.Error(), "ADDR=") {
		t.Errorf("the error is %v", err)
	}
	if !strings.Contains(out.String(), "demo") {
		t.Errorf("it does not say first what it does: %q", out.String())
	}
}
