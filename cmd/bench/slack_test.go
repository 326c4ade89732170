package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/app"
	"canarybot.io/bot/slack"
	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
	"canarybot.io/store/mem"
)

// `make bench` runs the test with many rollouts and prints the figures.
var (
	live     = flag.Int("live", 60, "rollouts that are live at once")
	rooms    = flag.Int("rooms", 10, "channels that have their cards")
	watching = flag.Duration("watching", time.Minute, "how long ends are looked at")
	figures  = flag.Bool("figures", false, "print the figures")
	lines    = flag.Bool("lines", false, "print them as JSON, one line a figure")
)

const (
	endEvery  = 2 * time.Second        // a rollout ends, and another begins
	askEvery  = 200 * time.Millisecond // somebody types a command
	latency   = 200 * time.Millisecond // of each call
	around    = 75 * time.Second       // what a rollout of two steps takes beside its bakes
	bakeLeast = 20 * time.Second
	shownMost = 10 * time.Second
	callsMost = 40 // a rollout
)

// crowd is the product with many live rollouts, over a Slack that enforces its limits. Time is virtual.
type crowd struct {
	t       *testing.T
	slack   *slacksim.Sim
	store   *mem.Store
	app     *app.App
	calls   *calls
	all     map[rollout.ServiceName]rollout.Service
	began   int // rollouts
	decided map[rollout.ID]bool
}

// Slack's limits leave less than two edits for each rollout that ends: whatever else is late then, the end is not.
func TestEveryEndIsShownInTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		c.run(time.Duration(*live) * endEvery * 5 / 4) // until as many end as begin
		c.calls.reset()
		from := time.Now()
		c.run(*watching)
		to, calls := time.Now(), c.calls.reset()
		time.Sleep(time.Minute) // what is late is shown by then
		ends := c.endsBetween(from, to)
		if len(ends) < int(*watching/endEvery)*3/4 {
			t.Fatalf("%d rollouts ended in %s: the test tests nothing", len(ends), *watching)
		}
		for _, e := range ends {
			if e.shown > shownMost {
				t.Errorf("the card of %s says %s after its end how it ended", e.id, e.shown)
			}
		}
		perRollout := 0.0
		for _, n := range calls {
			perRollout += float64(n) / float64(len(ends))
		}
		if perRollout > callsMost {
			t.Errorf("%.1f calls a rollout, want %d at most: %v", perRollout, callsMost, calls)
		}
		if *figures {
			tellEnds(ends, calls, perRollout)
		}
	})
}

// run starts rollouts, decides about those that wait and asks about others, for as long as d.
func (c *crowd) run(d time.Duration) {
	end := time.Now().Add(d)
	for i := 0; time.Now().Before(end); i++ {
		service := string(serviceName(i * 7 % len(c.all)))
		switch i % int(endEvery/askEvery) {
		case 0:
			c.slash("deploy " + string(serviceName(c.began%len(c.all))) + " v2")
			c.began++
		case 2, 6:
			c.decide()
		case 3:
			c.slash("list")
		case 7:
			c.slash("history " + service)
		default:
			c.slash("status " + service)
		}
		time.Sleep(askEvery)
	}
}

// decide lets one that waits for it go on, and rolls every sixth back.
func (c *crowd) decide() {
	waiting := slices.DeleteFunc(c.app.Snapshot(), func(r rollout.Rollout) bool {
		return r.Phase != rollout.Awaiting || c.decided[r.ID]
	})
	if len(waiting) == 0 {
		return
	}
	r := slices.MinFunc(waiting, func(a, b rollout.Rollout) int { return a.Request.At.Compare(b.Request.At) })
	verb := "promote "
	if len(c.decided)%6 == 5 {
		verb = "rollback "
	}
	said := c.slash(verb + string(r.Service))
	c.decided[r.ID] = !strings.Contains(said, "Nothing was changed") // the question was not shown yet
}

// slash types a command and returns what the person reads at once.
func (c *crowd) slash(text string) string {
	out, err := c.slack.As(deployer).Slash(channelID, "/canary", text)
	if err != nil || out.Delivery != slacksim.Acked {
		c.t.Errorf("/canary %s: %v %v", text, out.Delivery, err)
	}
	return out.Text
}

// shownEnd is how a rollout's end was shown: how long after it on the card and in the thread.
type shownEnd struct {
	id          rollout.ID
	shown, told time.Duration
}

// endsBetween returns how the ends within a span were shown.
func (c *crowd) endsBetween(from, to time.Time) (all []shownEnd) {
	cards := map[string]slacksim.Message{}
	for i := range *rooms {
		for _, m := range c.slack.Messages(room(i).ID) {
			if m.Metadata != nil && m.ThreadTS == "" {
				cards[fmt.Sprint(m.Metadata.EventPayload["rollout"])] = m
			}
		}
	}
	for name := range c.all {
		past, err := c.store.History(c.t.Context(), name, 1)
		if err != nil {
			c.t.Fatal(err)
		}
		for _, r := range past {
			if !r.Terminal() || r.Ending.At.Before(from) || r.Ending.At.After(to) {
				continue
			}
			all = append(all, c.endOf(r, cards[string(r.ID)]))
		}
	}
	return all
}

func (c *crowd) endOf(r rollout.Rollout, card slacksim.Message) shownEnd {
	says := map[rollout.Outcome]string{rollout.Succeeded: "Succeeded", rollout.RolledBack: "Rolled back"}[r.Ending.Outcome]
	e := shownEnd{id: r.ID, shown: time.Hour, told: time.Hour} // never
	if says != "" && strings.Contains(card.Text, says) {
		at := card.At
		if n := len(card.History); n > 0 {
			at = card.History[n-1].At
		}
		e.shown = at.Sub(r.Ending.At)
	} else {
		c.t.Errorf("the card of %s, which ended as %s, says %q", r.ID, r.Ending.Outcome, card.Text)
	}
	if replies := c.slack.Thread(card.Channel, card.TS); len(replies) > 0 && !replies[len(replies)-1].At.Before(r.Ending.At) {
		e.told = replies[len(replies)-1].At.Sub(r.Ending.At)
	}
	return e
}

// tellEnds prints the figures.
func tellEnds(ends []shownEnd, calls map[string]int, perRollout float64) {
	about := fmt.Sprintf("of %d live, one ends every %s, %d commands/s, %d channels", *live, endEvery, time.Second/askEvery, *rooms)
	for _, one := range []struct {
		name, about string
		of          func(shownEnd) time.Duration
	}{
		{"shown", "end to card", func(e shownEnd) time.Duration { return e.shown }},
		{"told", "end to the last reply in the thread", func(e shownEnd) time.Duration { return e.told }},
	} {
		var all []float64
		for _, e := range ends {
			all = append(all, one.of(e).Seconds())
		}
		show(figure{"slack_" + one.name + "_p50_s", quantile(all, .50), one.about + ", " + about}, *lines)
		show(figure{"slack_" + one.name + "_p99_s", quantile(all, .99), one.about + ", " + about}, *lines)
		show(figure{"slack_" + one.name + "_max_s", quantile(all, 1), one.about + ", " + about}, *lines)
	}
	show(figure{"slack_calls", perRollout, "calls a rollout of two steps, everything included"}, *lines)
	for _, method := range slices.Sorted(maps.Keys(calls)) {
		show(figure{"slack_calls_" + method, float64(calls[method]) / float64(len(ends)), "of them"}, *lines)
	}
}

func room(i int) slacksim.Channel {
	return slacksim.Channel{ID: fmt.Sprintf("C0TEAM%04d", i), Name: fmt.Sprintf("team-%d", i)}
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	opts := slacksim.Options{
		Users:    []slacksim.User{{ID: deployer, Name: "dev"}},
		Channels: []slacksim.Channel{{ID: channelID, Name: "deploys"}},
	}
	for i := range *rooms {
		opts.Channels = append(opts.Channels, room(i))
	}
	c := &crowd{t: t, slack: slacksim.Start(t, opts), store: mem.New(mem.Options{}), decided: map[rollout.ID]bool{}}
	c.slack.SetFault(slacksim.AnyMethod, slacksim.Fault{Latency: latency})
	c.all = services(2 * (*live + int(*watching/endEvery)))
	cluster := sim.New(sim.Options{})
	bake := max(bakeLeast, (time.Duration(*live)*endEvery-around)/2)
	for i := range len(c.all) {
		s := c.all[serviceName(i)]
		s.Channel = "#" + room(i%*rooms).Name
		s.Spec.Plan = rollout.Plan{Name: "two", Steps: []rollout.Step{
			{Weight: 5, Bake: bake, Gate: rollout.Manual}, {Weight: 50, Bake: bake, Gate: rollout.Auto},
		}}
		c.all[s.Name] = s
		cluster.Add(sim.Setup{Objects: s.Spec.Objects, Image: "r/app:v1", Age: time.Hour})
	}
	c.calls = &calls{next: c.slack.HTTPClient().Transport, counts: map[string]int{}}
	c.app = app.New(app.Parts{
		Environment: "bench", Channel: "#deploys", Services: c.all, Slack: slack.Config{
			Tokens: c.slack.Bot().Tokens, APIURL: c.slack.APIURL(), HTTP: &http.Client{Transport: c.calls}, Dial: c.slack.Dial,
		},
		Store: c.store, Cluster: cluster, Metrics: sim.NewMetrics(cluster), Preflights: []rollout.Preflighter{cluster},
	})
	c.start()
	return c
}

// start runs the product until the test ends, and returns when it is connected.
func (c *crowd) start() {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.t.Context())
	done := make(chan error, 1)
	go func() { done <- c.app.Run(ctx) }()
	c.t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			c.t.Error(err)
		}
	})
	if err := c.slack.Wait(ctx, func(s *slacksim.Sim) bool { return s.Connections() == 2 }); err != nil {
		c.t.Fatal(err)
	}
}

// calls counts the calls of the Web API by their methods.
type calls struct {
	next http.RoundTripper

	mu     sync.Mutex // guards the counts
	counts map[string]int
}

// RoundTrip makes the call.
func (c *calls) RoundTrip(r *http.Request) (*http.Response, error) {
	method := path.Base(r.URL.Path)
	if !strings.Contains(method, ".") {
		method = slacksim.ResponseURLs
	}
	c.mu.Lock()
	c.counts[method]++
	c.mu.Unlock()
	return c.next.RoundTrip(r)
}

// reset returns the counts and starts them anew.
func (c *calls) reset() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts := c.counts
	c.counts = map[string]int{}
	return counts
}
