package bot

import (
	"cmp"
	"slices"
	"sync"
)

// CallCount is how often a Web API method came to a result: ok, ratelimited, lost, or Slack's own word.
type CallCount struct {
	Method string
	Result string
	Count  uint64
}

// Stats is what the bot counted since it was made, and what it has now.
type Stats struct {
	Connections int // that are up
	Reported    int // connections of the app that Slack counted when it last greeted us
	Excess      uint64
	Reconnects  uint64
	Envelopes   uint64
	Acked       uint64
	Unacked     uint64 // not committed, so not acknowledged
	AckFailed   uint64 // acknowledged, but no connection took it
	Unknown     uint64 // payloads that could not be read; acknowledged all the same
	Duplicates  uint64
	Overloaded  uint64
	Panics      uint64
	Told        uint64 // messages posted
	Edited      uint64 // cards edited
	Calls       []CallCount
}

// stats counts.
type stats struct {
	mu    sync.Mutex // guards the fields below
	now   Stats
	calls map[CallCount]uint64 // by a CallCount without its count
}

func newStats() *stats { return &stats{calls: map[CallCount]uint64{}} }

// add changes the counters under the lock.
func (s *stats) add(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.now)
}

func (s *stats) called(method, result string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[CallCount{Method: method, Result: result}]++
}

func (s *stats) read() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.now
	for c, n := range s.calls {
		c.Count = n
		out.Calls = append(out.Calls, c)
	}
	slices.SortFunc(out.Calls, func(a, b CallCount) int {
		return cmp.Or(cmp.Compare(a.Method, b.Method), cmp.Compare(a.Result, b.Result))
	})
	return out
}
