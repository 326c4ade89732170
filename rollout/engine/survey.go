package engine

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"canarybot.io/rollout"
)

// surveyAgain is how long to wait before looking again at a service whose objects could not be read.
const surveyAgain = 30 * time.Second

// survey looks once at every service that no rollout of this store holds, for a canary that another store left behind:
// after the loss of a store nothing would judge or remove it. It makes a rollout that asks people.
func (e *Engine) survey(ctx context.Context) {
	unread := slices.Sorted(maps.Keys(e.Services))
	told := map[rollout.ServiceName]string{}
	again := time.NewTimer(0)
	defer again.Stop()
	for len(unread) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
		unread = slices.DeleteFunc(unread, func(name rollout.ServiceName) bool {
			done, err := e.surveyService(ctx, e.Services[name])
			if err != nil && ctx.Err() == nil && told[name] != err.Error() {
				told[name] = err.Error()
				e.Log.Warn("service not looked at for an orphan", "service", name, "error", err)
			}
			return done
		})
		again.Reset(surveyAgain)
	}
}

// surveyService looks at one service, and reports whether it could.
func (e *Engine) surveyService(ctx context.Context, service rollout.Service) (bool, error) {
	n, err := e.Store.NextNumber(ctx, service.Name) // before looking: a rollout that starts meanwhile takes the number
	if err != nil {
		return false, err
	}
	past, err := e.Store.History(ctx, service.Name, rollout.Recent)
	if err != nil || len(past) > 0 && !past[0].Terminal() {
		return err == nil, err
	}
	r := rollout.Rollout{
		ID: rollout.NewID(service.Name, n), Service: service.Name, Store: e.Store.ID(), Turn: 1, Spec: service.Spec,
	}
	w := e.Cluster.Observe(ctx, r)
	if !w.Unreadable.IsZero() {
		return false, errors.New(w.Unreadable.String())
	}
	orphan, ok := rollout.FindOrphan(w, func(s rollout.Stamp) bool { return e.knows(ctx, service.Name, s) })
	if !ok || len(past) > 0 && askedBefore(past, orphan) {
		return true, nil
	}
	r, entries := rollout.Adopt(r, orphan, w, now())
	err = e.commit(ctx, rollout.Change{Rollout: r, Entries: entries})
	switch {
	case rollout.CodeOf(err) == rollout.Conflict:
		return false, nil // somebody started a rollout: its preflight reports the orphan
	case err != nil:
		return false, err
	}
	r.Revision++
	e.Log.Info("orphan found", "rollout", r.ID, "revision", r.Revision, "phase", r.Phase, "of", orphan.Rollout)
	e.Committed(r)
	e.start(r)
	return true, nil
}

// knows reports whether the stamp is of a rollout of the service in this store: one of another service was copied. A store that cannot be read counts as knowing it: people
// are not asked about a rollout that may be ours.
func (e *Engine) knows(ctx context.Context, service rollout.ServiceName, s rollout.Stamp) bool {
	if of, _, _ := s.Rollout.Split(); s.Store != e.Store.ID() || of != service {
		return false
	}
	_, err := e.Store.Load(ctx, s.Rollout)
	return rollout.CodeOf(err) != rollout.NotFound
}

// askedBefore reports whether there is nothing to ask: people were asked about this very orphan, or the traffic was sent
// to the canary by hand, since the store has a history and so was not lost.
func askedBefore(past []rollout.Rollout, o rollout.Orphan) bool {
	return o.Store == "" || slices.ContainsFunc(past, func(r rollout.Rollout) bool {
		return r.Orphan != nil && r.Orphan.Store == o.Store && r.Orphan.Rollout == o.Rollout
	})
}
