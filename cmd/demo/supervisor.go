package main

import (
	"context"
	"sync"
	"time"
)

// supervisor keeps the bot alive as Kubernetes keeps a pod: when it was killed, another life begins on the same store
// a little later.
type supervisor struct {
	live func(context.Context, *killSwitch) error // one life; it returns when everything of it has ended
	tie  func() *killSwitch
	down time.Duration

	mu   sync.Mutex // guards what follows
	cord *killSwitch
	end  context.CancelFunc
	back time.Time // when the dead bot comes back; zero: it lives
}

// run begins one life after the other until the context ends. Its error is that of a life that ended by itself.
func (s *supervisor) run(ctx context.Context) error {
	for {
		life, end := context.WithCancel(ctx)
		cord := s.begin(end)
		err := s.live(life, cord)
		end()
		if ctx.Err() != nil {
			return nil
		}
		if !cord.isCut() {
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
	s.cord, s.end, s.back = s.tie(), end, time.Time{}
	return s.cord
}

// kill ends this life at once, as kill -9 does. Killing a dead bot does nothing.
func (s *supervisor) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cord == nil || !s.back.IsZero() {
		return
	}
	s.back = time.Now().Add(s.down)
	s.cord.cut()
	s.end()
}

// returns is when the dead bot comes back; zero: it lives.
func (s *supervisor) returns() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.back
}
