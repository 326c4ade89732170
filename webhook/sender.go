package webhook

import (
	"context"
	"log/slog"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"canarybot.io/rollout"
)

// Options are what a sender is made of. Store, Notes and Say are required.
type Options struct {
	Recipients []Recipient
	Store      Store
	Notes      Notes
	// Services are those of the configuration.
	Services []rollout.ServiceName
	// Say returns an entry's sentence as one line of plain text. It names nobody where people are hidden.
	Say func(r rollout.Rollout, e rollout.Entry, hidePeople bool) string
	// Link returns where people read about a rollout; empty or an error: it is not known. Nil: it never is.
	Link       func(ctx context.Context, id rollout.ID) (string, error)
	Registerer prometheus.Registerer // nil: nothing is counted
	Log        *slog.Logger          // nil: nothing is logged
}

// Sender tells every recipient of what is committed. Create it with New, start it with Run.
type Sender struct{ lines []*line }

// New returns a sender that tells nobody anything before Run.
func New(o Options) *Sender {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s, m := &Sender{}, newMeters()
	for _, r := range o.Recipients {
		s.lines = append(s.lines, newLine(o, r, m))
	}
	if o.Registerer != nil && len(s.lines) > 0 {
		m.lines = s.lines
		o.Registerer.MustRegister(m)
	}
	return s
}

// Committed notes that a rollout has a new value. It never blocks.
func (s *Sender) Committed(r rollout.Rollout) {
	for _, l := range s.lines {
		l.committed(r)
	}
}

// Run tells until the context ends. Each recipient has one request under way at a time, and none waits for another.
func (s *Sender) Run(ctx context.Context) {
	var group sync.WaitGroup
	for _, l := range s.lines {
		group.Go(func() { l.run(ctx) })
	}
	group.Wait()
}
