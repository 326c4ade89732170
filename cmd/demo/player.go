package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// patience is how long the player waits for any one thing.
const patience = 90 * time.Second

// player does what people do in a browser, and checks the results in Slack and in the cluster.
type player struct {
	world *world
	stage *stage
}

// card is a rollout as people know it: a message with a thread.
type card struct {
	ts      string
	service rollout.ServiceName
}

// await waits until cond holds. It polls a few times a second: the cluster announces nothing.
func (p *player) await(ctx context.Context, what string, cond func() bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("waited %s for %s, in vain", patience, what))
	defer cancel()
	ticker := time.NewTicker(200 * time.Millisecond)
	defer ticker.Stop()
	for !cond() {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (p *player) app(name rollout.ServiceName) *sim.App {
	i := slices.IndexFunc(p.world.apps, func(s service) bool { return s.name == name })
	return p.world.apps[i].app
}

// measured reports whether Prometheus has two scrapes of every pod, and the bot is running.
func (p *player) measured() bool {
	return p.world.prometheus.scrapes.Load() > 2 && p.world.slack.Connections() > 0
}

// slash types a command.
func (p *player) slash(who, text string) error {
	p.stage.say("  @%s types: /canary %s\n", p.stage.name(who), text)
	out, err := p.world.slack.As(who).Slash(channel, "/canary", text)
	if err == nil && out.Delivery != slacksim.Acked {
		err = fmt.Errorf("/canary %s was %s", text, out.Delivery)
	}
	return err
}

// cards returns the roots that the bot posted.
func (p *player) cards() []slacksim.Message {
	return slices.DeleteFunc(p.world.slack.Messages(channel), func(m slacksim.Message) bool {
		return !m.FromBot || m.ThreadTS != "" || m.Metadata == nil
	})
}

// deploy types the command and returns the resulting card.
func (p *player) deploy(ctx context.Context, who string, service rollout.ServiceName, version string) (card, error) {
	before := len(p.cards())
	if err := p.slash(who, fmt.Sprintf("deploy %s %s", service, version)); err != nil {
		return card{}, err
	}
	err := p.await(ctx, "the card of "+version, func() bool { return len(p.cards()) > before })
	if err != nil {
		return card{}, err
	}
	return card{ts: p.cards()[before].TS, service: service}, nil
}

// refused types a command that the bot must refuse.
func (p *player) refused(ctx context.Context, who, text string) error {
	before := len(p.world.slack.Ephemerals(who))
	if err := p.slash(who, text); err != nil {
		return err
	}
	answered := func() bool { return len(p.world.slack.Ephemerals(who)) > before }
	if err := p.await(ctx, "a polite no", answered); err != nil {
		return err
	}
	if n := len(p.cards()); n > 0 {
		return fmt.Errorf("%s was not allowed to, and there is a card", p.stage.name(who))
	}
	return nil
}

// text returns what the card says.
func (p *player) text(c card) string {
	m, _ := p.world.slack.Message(channel, c.ts)
	return p.world.slack.Plain(m)
}

// asked reports whether the thread asks for the button: "Promote to 50 %?", or "Go on: it is fine".
func (p *player) asked(c card, label string) bool {
	return slices.ContainsFunc(p.world.slack.Thread(channel, c.ts), func(m slacksim.Message) bool {
		text := p.world.slack.Plain(m)
		return strings.Contains(text, label+"?") || strings.Contains(text, "\n"+label+": ")
	})
}

// press waits until the thread asks for the button and the card has it, and presses it.
func (p *player) press(ctx context.Context, c card, who, label string) error {
	there := func() bool {
		m, _ := p.world.slack.Message(channel, c.ts)
		return p.asked(c, label) && slices.ContainsFunc(m.Buttons(), func(b blockkit.Button) bool { return b.Label == label })
	}
	if err := p.await(ctx, "the button "+label, there); err != nil {
		return err
	}
	p.stage.say("  @%s presses [ %s ]\n", p.stage.name(who), label)
	out, err := p.world.slack.As(who).Press(channel, c.ts, label)
	if err == nil && out.Delivery != slacksim.Acked {
		err = fmt.Errorf("pressing %s was %s", label, out.Delivery)
	}
	return err
}

// ended waits for the end and checks it: the outcome on the card, one card, and the state of the cluster.
func (p *player) ended(ctx context.Context, c card, want rollout.Outcome, version string) error {
	var text string
	over := func() bool {
		m, _ := p.world.slack.Message(channel, c.ts)
		text = p.world.slack.Plain(m)
		return len(m.Buttons()) == 0 && (strings.Contains(text, "Succeeded") || strings.Contains(text, "Rolled back"))
	}
	if err := p.await(ctx, "the end on the card", over); err != nil {
		return err
	}
	p.stage.flush()
	title := map[rollout.Outcome]string{rollout.Succeeded: "Succeeded", rollout.RolledBack: "Rolled back"}[want]
	if !strings.Contains(text, title) {
		return fmt.Errorf("the card says something else than %q:\n%s", title, text)
	}
	return p.settled(c, version)
}

// settled checks the cluster and the channel after the end.
func (p *player) settled(c card, version string) error {
	v := p.app(c.service).View(0)
	mine := slices.DeleteFunc(p.cards(), func(m slacksim.Message) bool {
		root, _ := p.world.slack.Message(channel, c.ts)
		return m.Metadata.EventPayload["rollout"] != root.Metadata.EventPayload["rollout"]
	})
	switch {
	case len(mine) != 1:
		return fmt.Errorf("there are %d cards of one rollout", len(mine))
	case v.Share != 0 || v.Canary.Exists:
		return fmt.Errorf("%s still has a canary with %s of the traffic", c.service, v.Share)
	case v.Stable.Version != version:
		return fmt.Errorf("%s runs %s, not %s", c.service, v.Stable.Version, version)
	}
	for _, pod := range v.Stable.Pods {
		if pod.State != sim.PodReady {
			return fmt.Errorf("pod %s of %s is %s", pod.Name, c.service, pod.State)
		}
	}
	if lost := p.app(c.service).Lost(); lost > 0 {
		return fmt.Errorf("%.0f requests found nobody to serve them", lost)
	}
	return nil
}
