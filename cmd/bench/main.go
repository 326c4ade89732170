// Command bench measures the figures of the README on this machine and prints them: a table, or with -json one line
// a figure. Nothing in it is a test.
//
// It measures the product as production runs it: package app over a bbolt file, real WebSockets to the
// simulated Slack and real HTTP to a stand-in for Prometheus. Slack and Prometheus run in a process of their own, so
// that memory and processor time are the product's. The cluster carries out everything at once: the figures
// include no Kubernetes client.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// figure is one measured value.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	about string
}

func main() {
	asJSON := flag.Bool("json", false, "print one line of JSON a figure")
	outside := flag.Bool("outside", false, "be Slack and Prometheus, for the process that measures")
	only := flag.String("only", "", "one measurement: acks, api, many, restart, home, report or audit; default: all")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	var err error
	if *outside {
		err = serveOutside(ctx)
	} else {
		err = measure(ctx, *only, func(f figure) { show(f, *asJSON) })
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func show(f figure, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(os.Stdout).Encode(f)
		return
	}
	fmt.Printf("%-26s %10.2f   %s\n", f.Name, f.Value, f.about)
}

// measure runs the measurement of that name, or every one after another.
func measure(ctx context.Context, only string, tell func(figure)) error {
	measured := false
	for _, one := range []struct {
		name string
		run  func(context.Context, func(figure)) error
	}{{"acks", measureAcks}, {"api", measureAPI}, {"many", measureMany}, {"restart", measureRestart}, {"home", measureHome}, {"report", measureReport}, {"audit", measureAudit}} {
		if only != "" && only != one.name {
			continue
		}
		measured = true
		if err := one.run(ctx, tell); err != nil {
			return fmt.Errorf("%s: %w", one.name, err)
		}
	}
	if !measured {
		return fmt.Errorf("there is no measurement %q: -only is acks, api, many, restart, home, report or audit", only)
	}
	return nil
}
