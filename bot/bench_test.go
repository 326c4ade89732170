package bot_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"

	"canarybot.io/bot"
	"canarybot.io/bot/cards"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/store/mem"
)

// BenchmarkAck measures a command from a person's Enter to the ack, through a real WebSocket on the loopback.
func BenchmarkAck(b *testing.B) {
	sim := slacksim.New(slacksim.Options{Limits: slacksim.Limits{Off: true}})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() { _ = sim.Serve(l) })
	ctx, stop := context.WithCancel(b.Context())
	store := mem.New(mem.Options{})
	client := slack.New(slack.Config{Tokens: sim.Bot().Tokens, APIURL: "http://" + l.Addr().String() + "/api/"}, nil, nil)
	publisher := cards.New(cards.Options{Slack: client, Store: store, Notes: store, Channel: "#deploys"})
	group.Go(func() { publisher.Run(ctx) })
	listener := bot.New(bot.Options{
		Slack: client, Cards: publisher, Rollouts: &recorder{}, Store: store, Environment: "production", Channel: "#deploys",
		Services: map[rollout.ServiceName]rollout.Service{"checkout": service()}, Log: slog.New(slog.DiscardHandler),
	})
	group.Go(func() { listener.Run(ctx) })
	if err := sim.Wait(ctx, func(s *slacksim.Sim) bool { return s.Connections() > 0 }); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		out, err := sim.As("dev").Slash("#deploys", "/canary", "deploy checkout v1.2.4")
		if err != nil || out.Delivery != slacksim.Acked {
			b.Fatal(out.Delivery, err)
		}
	}
	stop()
	_ = sim.Close()
	group.Wait()
}
