package mem

import (
	"context"
	"slices"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

// Load returns one rollout.
func (s *Store) Load(ctx context.Context, id rollout.ID) (rollout.Rollout, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return rollout.Rollout{}, err
	}
	r, ok := s.rollouts[id]
	if !ok {
		return rollout.Rollout{}, store.Absent(id)
	}
	return clone(r)
}

// Open returns the service's rollouts that have not ended, by number; without a service, those of all services, ordered
// by service.
func (s *Store) Open(ctx context.Context, service rollout.ServiceName) ([]rollout.Rollout, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return nil, err
	}
	var open []rollout.Rollout
	for _, r := range s.rollouts {
		if !r.Terminal() && (service == "" || r.Service == service) {
			open = append(open, r)
		}
	}
	slices.SortFunc(open, compare)
	return clone(open)
}

// History returns the service's newest rollouts, newest first.
func (s *Store) History(ctx context.Context, service rollout.ServiceName, limit int) ([]rollout.Rollout, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return nil, err
	}
	all := s.newest(service)
	return clone(all[:min(len(all), max(limit, 0))])
}

// Timeline returns the rollout's entries with a Seq above after; none if the rollout does not exist.
func (s *Store) Timeline(ctx context.Context, id rollout.ID, after int) ([]rollout.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return nil, err
	}
	all := s.entries[id]
	return clone(all[min(len(all), max(after, 0)):])
}

// Holder returns the live rollout that holds the service.
func (s *Store) Holder(ctx context.Context, service rollout.ServiceName) (rollout.ID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return "", err
	}
	return s.holders[service], nil
}

// NextNumber returns the number that the service's next rollout gets.
func (s *Store) NextNumber(ctx context.Context, service rollout.ServiceName) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return 0, err
	}
	return s.numbers[service] + 1, nil
}

// Decided returns the rollout that a decision made or was about.
func (s *Store) Decided(ctx context.Context, decision rollout.DecisionID) (rollout.ID, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.readable(ctx); err != nil {
		return "", false, err
	}
	d, ok := s.decided[decision]
	return d.rollout, ok, nil
}
