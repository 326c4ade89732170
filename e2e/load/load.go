// Package load sends steady traffic from a process of its own, so that neither the bot nor the pods of
// the test process hold it up, and counts who answered.
//
// The process is the same program again: main (or TestMain) calls Main first. It sends to one URL, a
// bounded number of requests per second for a bounded time, and ends by itself, at the latest when the
// test process does.
package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"canarybot.io/e2e/netns"
	"canarybot.io/e2e/process"
)

// Bounds of a plan.
const (
	mostRate = 2000
	longest  = 10 * time.Minute
)

// Plan is what traffic to send.
type Plan struct {
	URL  string        `json:"url"`
	Host string        `json:"host"` // the Host header: what the proxy routes by
	Rate int           `json:"rate"` // requests per second; default 100
	For  time.Duration `json:"for"`  // default two minutes
}

func (p Plan) withDefaults() Plan {
	if p.Rate == 0 {
		p.Rate = 100
	}
	if p.For == 0 {
		p.For = 2 * time.Minute
	}
	return p
}

func (p Plan) validate() error {
	address, err := target(p.URL)
	if err != nil {
		return fmt.Errorf("traffic to %q: %w", p.URL, err)
	}
	if !address.IsLoopback() && !netip.MustParsePrefix(netns.Range).Contains(address) {
		return fmt.Errorf("traffic to %s: only loopback and %s are allowed", address, netns.Range)
	}
	if p.Rate < 1 || p.Rate > mostRate {
		return fmt.Errorf("a rate of %d: 1 to %d are allowed", p.Rate, mostRate)
	}
	if p.For < 0 || p.For > longest {
		return fmt.Errorf("traffic for %s: at most %s is allowed", p.For, longest)
	}
	return nil
}

// target returns the address that a URL names; a name that had to be looked up is refused.
func target(raw string) (netip.Addr, error) {
	parsed, err := url.Parse(raw)
	if err != nil {
		return netip.Addr{}, err
	}
	return netip.ParseAddr(parsed.Hostname())
}

// Generator is traffic under way and what was counted of it.
type Generator struct {
	process *process.Process
	stdin   io.Closer

	mu      sync.Mutex
	partial []byte   // of a line
	buckets []bucket // in time
}

// Start starts to send what plan says, with the process's log in dir. The caller must call Stop.
func Start(dir string, plan Plan) (*Generator, error) {
	plan = plan.withDefaults()
	if err := plan.validate(); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(plan)
	if err != nil {
		return nil, err
	}
	command := exec.Command("/proc/self/exe")
	command.Env = append(os.Environ(), environment+"="+string(encoded))
	// The process ends when its input does, and with it when this process ends.
	stdin, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	g := &Generator{stdin: stdin}
	command.Stdout = (*lines)(g)
	g.process, err = process.Start(dir, "load-"+plan.Host, command)
	return g, err
}

// Stop ends the traffic and returns everything that was counted. It may be called again.
func (g *Generator) Stop() Tally {
	// Closing it twice is as good as once.
	_ = g.stdin.Close()
	g.process.Wait()
	return g.Since(time.Time{})
}

// Since returns what was answered after a moment.
func (g *Generator) Since(moment time.Time) Tally {
	g.mu.Lock()
	defer g.mu.Unlock()
	sum := Tally{}
	for _, b := range slices.Backward(g.buckets) {
		if b.Start.Before(moment) {
			break
		}
		sum.add(b.tally())
	}
	return sum
}

// Recent returns what was answered in the last d.
func (g *Generator) Recent(d time.Duration) Tally {
	return g.Since(time.Now().Add(-d))
}

// Last returns the moment until which a version may have answered last; buckets are a tenth of a
// second long. It is false when the version never answered.
func (g *Generator) Last(version string) (time.Time, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, b := range slices.Backward(g.buckets) {
		if b.tally().Version(version) > 0 {
			return b.End, true
		}
	}
	return time.Time{}, false
}

// lines is a generator as the writer of its process's output.
type lines Generator

// Write takes any part of the output.
func (l *lines) Write(output []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.partial = append(l.partial, output...)
	for {
		end := slices.Index(l.partial, '\n')
		if end < 0 {
			return len(output), nil
		}
		var b bucket
		if err := json.Unmarshal(l.partial[:end], &b); err != nil {
			return 0, errors.Join(fmt.Errorf("read the traffic's counts: %q", l.partial[:end]), err)
		}
		l.buckets = append(l.buckets, b)
		l.partial = l.partial[end+1:]
	}
}
