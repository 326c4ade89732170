// Command demo is the quick start: production's wiring over a simulated Slack and a simulated cluster, in one process
// and without a single outside connection. The checks are real PromQL: Prometheus's own engine and storage run here
// too and scrape the simulated pods, and production's adapter queries them over HTTP.
//
// It listens on 127.0.0.1:8080, or on ADDR; port 0 takes any that is free. With -play it needs no browser: it plays three
// rollouts, prints what people would see, and exits with 1 if anything went wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// usual is where the demo listens unless ADDR says otherwise.
const usual = "127.0.0.1:8080"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run is the program. Its error is a sentence for the user.
func run(ctx context.Context, args []string, env func(string) string, out io.Writer) error {
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	plays := flags.Bool("play", false, "play three rollouts in this terminal, without a browser")
	quick := flags.Bool("quick", false, "bake for seconds, as -play does: for tests in a browser")
	verbose := flags.Bool("v", false, "print the bot's log to stderr")
	if err := flags.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if *verbose {
		log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if *plays {
		return playHere(ctx, log, out)
	}
	address := env("ADDR")
	if address == "" {
		address = usual
	}
	p := browsing()
	if *quick {
		p = playing()
	}
	return serveHere(ctx, p, address, log, out)
}

// serveHere serves the demo on the address until somebody ends it.
func serveHere(ctx context.Context, p pace, address string, log *slog.Logger, out io.Writer) error {
	fmt.Fprintln(out, "Canarybot's demo: the bot as in production, over a simulated Slack, a simulated cluster and Prometheus's own engine, all in this process.")
	at, err := listen(address, log)
	if err != nil {
		return err
	}
	if at.api, err = beside(address, at.address); err != nil {
		return errors.Join(err, at.listener.Close())
	}
	w, err := newWorld(p, at)
	if err != nil {
		return err
	}
	err = w.run(ctx, func(ctx context.Context) error {
		if err := w.welcome(ctx, clientOf(at.dial)); err != nil {
			return err
		}
		fmt.Fprintf(out, "\n  Open http://%s and press Enter: the first command is typed already.\n", at.address)
		fmt.Fprintf(out, "  As a pipeline, in another terminal:\n  CANARYBOT_SERVER=http://%s CANARYBOT_TOKEN=canarybot_demo go run ./cmd/canarybot deploy checkout v1.2.4 --wait\n", at.api)
		fmt.Fprintln(out, "\nCtrl-C ends it; nothing is left behind.")
		<-ctx.Done()
		return nil
	})
	return errors.Join(err, w.close())
}

// playHere plays the rollouts on a port of its own, so that a demo in a browser may run beside it.
func playHere(ctx context.Context, log *slog.Logger, out io.Writer) error {
	fmt.Fprintln(out, "Canarybot's demo plays three rollouts: a healthy one, a bad one, and one in which the bot is killed. That takes about 85 seconds.")
	at, err := listen("127.0.0.1:0", log)
	if err != nil {
		return err
	}
	w, err := newWorld(playing(), at)
	if err != nil {
		return err
	}
	began := time.Now()
	err = w.run(ctx, func(ctx context.Context) error { return play(ctx, w, out) })
	if err = errors.Join(err, w.close()); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("the play was ended before it was over")
	}
	fmt.Fprintf(out, "\nAll three came out as they should, in %.0f s.\n", time.Since(began).Seconds())
	return nil
}

// beside returns where pipelines ask: ten ports above the page, or on any free port if the page was asked for on any.
func beside(asked, page string) (string, error) {
	host, port, err := net.SplitHostPort(page)
	if err != nil {
		return "", err
	}
	n, _ := strconv.Atoi(port)
	address := net.JoinHostPort(host, strconv.Itoa(n+10))
	if strings.HasSuffix(asked, ":0") {
		address = net.JoinHostPort(host, "0")
	}
	free, err := net.Listen("tcp", address)
	if err != nil {
		return "", fmt.Errorf("the demo answers pipelines on %s, and cannot listen there (%v): end what does, or choose another port, as in ADDR=%s make demo",
			address, err, net.JoinHostPort(host, strconv.Itoa(n+1)))
	}
	return free.Addr().String(), free.Close()
}

// listen opens the address. Its error says in one sentence what to do.
func listen(address string, log *slog.Logger) (site, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		host, port, _ := net.SplitHostPort(address) // it was good enough to be in use
		n, _ := strconv.Atoi(port)
		return site{}, fmt.Errorf(
			"another program listens on %s already: end it, or choose another port, as in ADDR=%s make demo", address, net.JoinHostPort(host, strconv.Itoa(n+1)))
	case err != nil:
		return site{}, fmt.Errorf(
			"the demo cannot listen on %q (%v): set ADDR to an address of this machine, as in ADDR=%s make demo", address, err, usual)
	}
	return site{listener: l, address: l.Addr().String(), dial: (&net.Dialer{}).DialContext, log: log}, nil
}
