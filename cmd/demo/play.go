package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"canarybot.io/rollout"
)

// scene is one rollout of the play.
type scene struct {
	title string
	run   func(context.Context, *player) error
}

func scenes() []scene {
	return []scene{
		{"1. v1.2.4 is healthy, and its only pod slow for a while: held, and promoted by clicks", healthy},
		{"2. v1.2.5 answers 5 % of its requests with errors: rolled back by itself", bad},
		{"3. search v1.2.4, and the bot is killed in the middle: promoted in the same thread", killed},
	}
}

// play plays every scene and prints what people see, as it happens. The error says what went wrong.
func play(ctx context.Context, w *world, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	p := &player{world: w, stage: newStage(w.slack, out)}
	return together(ctx, p.stage.run, func(ctx context.Context) error {
		defer cancel()
		if err := p.await(ctx, "Prometheus to know both services", p.measured); err != nil {
			return err
		}
		for _, s := range scenes() {
			p.stage.say("\n%s\n", s.title)
			if err := s.run(ctx, p); err != nil {
				return fmt.Errorf("%s\nThis came out wrong: %w", s.title, err)
			}
		}
		return p.noViolations()
	})
}

// healthy is promoted by clicks, though a noisy neighbour slows its only pod: that may be the node's, so it is held, and a
// person says that it is fine. Before all that the intern tries, and is refused.
func healthy(ctx context.Context, p *player) error {
	if err := p.refused(ctx, intern, "deploy checkout v1.2.4"); err != nil {
		return err
	}
	c, err := p.deploy(ctx, dev, "checkout", "v1.2.4")
	if err != nil {
		return err
	}
	if err := p.await(ctx, "the canary to bake", func() bool { return strings.Contains(p.text(c), "all checks pass") }); err != nil {
		return err
	}
	p.stage.say("  ⚡ a neighbour on its node slows the canary's only pod\n")
	p.world.befall(troubles()["neighbour"])
	for _, label := range []string{"Go on", "Promote to 50 %"} {
		if err := p.press(ctx, c, onCall, label); err != nil {
			return err
		}
	}
	return p.ended(ctx, c, rollout.Succeeded, "v1.2.4")
}

// bad is rolled back for its error rate, without any action by a person.
func bad(ctx context.Context, p *player) error {
	c, err := p.deploy(ctx, dev, "checkout", "v1.2.5")
	if err != nil {
		return err
	}
	return p.ended(ctx, c, rollout.RolledBack, "v1.2.4")
}

// killed loses its bot while it bakes; the next life goes on with the same card.
func killed(ctx context.Context, p *player) error {
	c, err := p.deploy(ctx, onCall, "search", "v1.2.4")
	if err != nil {
		return err
	}
	if err := p.await(ctx, "the canary to bake", func() bool { return strings.Contains(p.text(c), "baking") }); err != nil {
		return err
	}
	p.stage.say("  ⚡ kill -9: the bot is dead for %.0f s; the canary keeps its 5 %%, and nobody judges it\n", p.world.pace.Down.Seconds())
	p.world.bot.kill()
	if err := p.await(ctx, "the bot to die", func() bool { return p.world.slack.Connections() == 0 }); err != nil {
		return err
	}
	if err := p.await(ctx, "the bot to be back", func() bool { return p.world.slack.Connections() > 0 }); err != nil {
		return err
	}
	p.stage.say("  ⚡ the bot is back, on the same store\n")
	if err := p.press(ctx, c, dev, "Promote to 50 %"); err != nil {
		return err
	}
	return p.ended(ctx, c, rollout.Succeeded, "v1.2.4")
}

// noViolations returns the violations that the strict Slack recorded. Even a killed bot must leave none.
func (p *player) noViolations() error {
	if all := p.world.slack.Violations(); len(all) > 0 {
		return fmt.Errorf("the bot broke %d of Slack's rules, the first: %s", len(all), all[0])
	}
	return nil
}
