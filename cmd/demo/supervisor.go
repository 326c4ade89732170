package main

import (
	"context"
	"sync"
	"time"
)

// supervisor restarts a killed bot as Kubernetes restarts a pod: a little later another life begins on the same store.
type supervisor struct {
	live    func(context.Context, *killSwitch) error // one life; it returns when everything of it has ended
	connect func() *killSwitch
	down    time.Duration

	mu     sync.Mutex // guards what follows
	link   *killSwitch
	end    context.CancelFunc
	backAt time.Time // when the dead bot comes back; zero: it is running
}

// run begins one life after the other until the context ends. Its error is that of a life that ended by itself.
func (s *supervisor) run(ctx context.Context) error {
	for {
		life, end := context.WithCancel(ctx)
		link := s.begin(end)
		err := s.live(life, link)
		end()
		if ctx.Err() != nil {
			//lint:ignore nilerr the caller asked for the end
			return nil
		}
		if !link.killed() {
			return err
		}
		timer := time.NewTimer(time.Until(s.returns()))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil
		}
	}
}

func (s *supervisor) begin(end context.CancelFunc) *killSwitch {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link, s.end, s.backAt = s.connect(), end, time.Time{}
	return s.link
}

// kill ends this life at once, as kill -9 does. Killing a dead bot does nothing.
func (s *supervisor) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.link == nil || !s.backAt.IsZero() {
		return
	}
	s.backAt = time.Now().Add(s.down)
	s.link.kill()
	s.end()
}

// returns is when the dead bot comes back; zero: it is running.
func (s *supervisor) returns() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.backAt
}
