package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"

	"canarybot.io/bot/slacksim"
)

const (
	deployer  = "U0BENCH01"
	channelID = "C0BENCH001"
	lookers   = 20
)

// serveOutside is Slack and Prometheus in one process, until its standard input closes. It prints their addresses as a
// line of JSON, and then reads commands: "slash TEXT" types the command and prints how long the ack took, "home USER" opens
// the App Home and prints how long it took until it was there.
func serveOutside(ctx context.Context) error {
	users := []slacksim.User{{ID: deployer, Name: "dev"}}
	for i := range lookers {
		users = append(users, slacksim.User{ID: looker(i), Name: looker(i)})
	}
	sim := slacksim.New(slacksim.Options{
		Users:    users,
		Channels: []slacksim.Channel{{ID: channelID, Name: "deploys"}},
		Commands: []string{"/canary"},
	})
	sim.SetRateLimits(false)
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", sim.Handler())
	mux.HandleFunc("/prometheus/api/v1/query", answerQuery)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	b := sim.Bot()
	err = json.NewEncoder(os.Stdout).Encode(outside{
		Address: "http://" + l.Addr().String(), BotToken: b.BotToken, AppToken: b.AppToken,
	})
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		do, text, _ := strings.Cut(lines.Text(), " ")
		switch do {
		case "slash":
			go timed(func() (slacksim.Outcome, error) { return sim.As(deployer).Slash(channelID, "/canary", text) })
		case "home":
			go timed(func() (slacksim.Outcome, error) { return openHome(ctx, sim, text) })
		}
	}
	return errors.Join(err, server.Close(), sim.Close())
}

// timed prints how long something took.
func timed(do func() (slacksim.Outcome, error)) {
	start := time.Now()
	out, err := do()
	if err != nil || out.Delivery != slacksim.Acked {
		fmt.Printf("failed %s %v\n", out.Delivery, err)
		return
	}
	fmt.Printf("acked %d\n", time.Since(start).Nanoseconds())
}

// openHome opens a person's App Home, and returns when there is something on it.
func openHome(ctx context.Context, sim *slacksim.Sim, user string) (slacksim.Outcome, error) {
	out, err := sim.As(user).OpenHome()
	if err != nil {
		return out, err
	}
	return out, sim.Wait(ctx, func(s *slacksim.Sim) bool {
		_, there := s.Home(user)
		return there
	})
}

// looker is one of those who open the App Home.
func looker(i int) string { return fmt.Sprintf("U0LOOKER%02d", i) }

// outside is where the other process serves, and how to talk to it.
type outside struct {
	Address  string `json:"address"`
	BotToken string `json:"bot_token"`
	AppToken string `json:"app_token"`

	cmd   *exec.Cmd
	in    interface{ Write([]byte) (int, error) }
	lines *bufio.Scanner
}

// startOutside starts the other process; it ends on close, or with this one.
func startOutside(ctx context.Context) (*outside, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	o := &outside{cmd: exec.CommandContext(ctx, self, "-outside")}
	o.cmd.Stderr = os.Stderr
	in, err := o.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := o.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.cmd.Start(); err != nil {
		return nil, err
	}
	o.in, o.lines = in, bufio.NewScanner(out)
	if !o.lines.Scan() {
		return nil, errors.New("the process that plays Slack said nothing")
	}
	return o, json.Unmarshal(o.lines.Bytes(), o)
}

func (o *outside) close() error {
	if c, ok := o.in.(interface{ Close() error }); ok {
		_ = c.Close()
	}
	return o.cmd.Wait()
}

// slash types a command; the answer comes as a line.
func (o *outside) slash(text string) { fmt.Fprintln(o.in, "slash "+text) }
