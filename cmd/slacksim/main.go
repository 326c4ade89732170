// Command slacksim is a strict Slack on this machine, for whoever writes a bot: the Web API, Socket Mode, response URLs, a
// page with people in it, and a control API for tests. Nothing leaves the machine. docs/slacksim.md says what it does.
//
// It listens on 127.0.0.1:8085, or on -listen. With -manifest it is strict about what the app's manifest asked for:
// scopes, slash commands and events; without, the app has every one of them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"canarybot.io/bot/slacksim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "slacksim:", err)
		os.Exit(1)
	}
}

// run is the program; it blocks until the context ends. Its error is a sentence for the user.
func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("slacksim", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8085", "where to listen; port 0 takes any that is free")
	manifest := flags.String("manifest", "", "the app's manifest, YAML or JSON: only what it asks for is allowed")
	unlimited := flags.Bool("unlimited", false, "no rate limits")
	stories := flags.String("storybook", "", "a folder with what the bot can show, one JSON file each: /storybook draws it")
	verbose := flags.Bool("v", false, "print every call and delivery to stderr")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is too much: slacksim takes flags only", flags.Arg(0))
	}
	o := permissive()
	if *manifest != "" {
		var err error
		if o, err = fromManifest(*manifest); err != nil {
			return err
		}
	}
	o.Limits.Off = *unlimited
	if *stories != "" {
		if _, err := os.ReadDir(*stories); err != nil {
			return err
		}
		o.Page.Stories = os.DirFS(*stories)
	}
	level := slog.LevelWarn // violations
	if *verbose {
		level = slog.LevelDebug
	}
	o.Log = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return serve(ctx, *listen, slacksim.New(o), out)
}

// serve answers on the address until the context ends.
func serve(ctx context.Context, address string, sim *slacksim.Sim, out io.Writer) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("/", sim.Handler())
	mux.Handle("/control/", sim.Control())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	bot, url := sim.Bot(), "http://"+l.Addr().String()
	fmt.Fprintf(out, "A strict Slack listens on %s: open that in a browser to be its people.\n\n"+
		"  API URL    %s/api/\n  bot token  %s\n  app token  %s\n  for tests  %s/control/\n\n"+
		"What your bot does wrong is printed here. Ctrl-C ends it; nothing is left behind.\n",
		url, url, bot.BotToken, bot.AppToken, url)
	select {
	case err = <-ended:
	case <-ctx.Done():
		err = errors.Join(sim.Close(), server.Close())
		<-ended
	}
	return err
}
