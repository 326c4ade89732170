package api

import (
	"context"
	"net/http"

	"canarybot.io/api/who"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// start starts a rollout: 201, or 200 where the same request with the same key did.
func (a *API) start(w http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
	l, err := a.request(w, r, c)
	if err != nil {
		return 0, nil, err
	}
	if earlier, ok, err := a.started(r.Context(), l); ok || err != nil {
		return http.StatusOK, earlier, err
	}
	ctx, cancel := finishing(r)
	defer cancel()
	made, err := a.Engine.Deploy(ctx, l)
	if err != nil {
		// The same request may have been quicker: then it is in its own way.
		if earlier, ok, again := a.started(r.Context(), l); ok || again != nil {
			return http.StatusOK, earlier, again
		}
		return 0, nil, err
	}
	return http.StatusCreated, a.tell(r.Context(), made), nil
}

// request reads the wish to start a rollout.
func (a *API) request(w http.ResponseWriter, r *http.Request, c who.Caller) (rollout.DeployRequest, error) {
	var s Start
	if err := read(w, r, &s); err != nil {
		return rollout.DeployRequest{}, err
	}
	if missing := required(map[string]string{"service": s.Service, "version": s.Version}); missing != nil {
		return rollout.DeployRequest{}, missing
	}
	l := rollout.DeployRequest{
		At: now(), Service: rollout.ServiceName(s.Service), Version: s.Version, Plan: s.Plan, Auto: s.Auto, Replace: s.Replace, Text: s.Reason,
	}
	actions := []rollout.Action{rollout.Deploy}
	if s.Auto {
		actions = append(actions, rollout.AutoGate)
	}
	if s.Replace {
		actions = append(actions, rollout.Rollback) // of the one to be replaced
	}
	actor, err := a.actor(c, l.Service, s.Link, actions...)
	if err != nil {
		return l, err
	}
	l.Actor = actor
	l.ID, err = decisionID(r, actor)
	return l, err
}

// started returns the rollout that the same request started before. The error says that the key stands for something else.
func (a *API) started(ctx context.Context, l rollout.DeployRequest) (earlier Rollout, ok bool, err error) {
	id, ok, err := a.Store.Decided(ctx, l.ID)
	if err != nil || !ok {
		return Rollout{}, false, err
	}
	r, err := a.load(ctx, id)
	if err != nil {
		return Rollout{}, false, err
	}
	q := r.Request
	same := r.Service == l.Service && q.Version == l.Version && q.Plan == l.Plan && q.Auto == l.Auto && q.Replace == l.Replace
	if made, err := a.action(ctx, id, l.ID); err != nil || made != rollout.Deploy || !same {
		return Rollout{}, false, reused(id, err)
	}
	return a.tell(ctx, r), true, nil
}

// plan says what a start would come to, and changes nothing.
func (a *API) plan(w http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
	l, err := a.request(w, r, c)
	if err != nil {
		return 0, nil, err
	}
	made, p, err := a.Engine.DryRun(r.Context(), l)
	if err != nil {
		return 0, nil, err
	}
	answer := Plan{Rollout: a.tell(r.Context(), made), Starts: p.Passes(), Text: a.answers.DryRun(made, p).Plain()}
	if !p.Unreadable.IsZero() {
		answer.Problems = append(answer.Problems, view.Plain(view.Problem(p.Unreadable)))
	}
	for _, one := range view.Problems(p.Problems) {
		answer.Problems = append(answer.Problems, view.Plain(one))
	}
	for _, e := range p.Checks {
		answer.Problems = append(answer.Problems, view.Plain(view.StableProblem(e)))
	}
	for _, one := range view.Problems(p.Notices) {
		answer.Notices = append(answer.Notices, view.Plain(one))
	}
	return http.StatusOK, answer, nil
}
