package api

import (
	"context"
	"net/http"
	"slices"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

// decisions are the actions that a pipeline may take; those that need the eyes of a person are not among them.
var decisions = []rollout.Action{rollout.Promote, rollout.Rollback, rollout.Pause, rollout.Resume} //nolint:gochecknoglobals // data

// decide decides about a rollout, and answers with it as committed.
func (a *API) decide(w http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
	var wish Decision
	if err := read(w, r, &wish); err != nil {
		return 0, nil, err
	}
	if err := wish.check(); err != nil {
		return 0, nil, err
	}
	about, err := a.find(r, c)
	if err != nil {
		return 0, nil, err
	}
	actor, err := a.actor(c, about.Service, "", wish.Action)
	if err != nil {
		return 0, nil, err
	}
	d := rollout.Decision{Action: wish.Action, Actor: actor, At: now(), Turn: wish.Turn, Text: wish.Reason}
	if d.ID, err = decisionID(r, actor); err != nil {
		return 0, nil, err
	}
	ctx, cancel := finishing(r)
	defer cancel()
	after, err := a.Engine.Decide(ctx, about.ID, d)
	if err != nil && !rollout.Unsaved(err) {
		// The first of two such requests is told of, whatever the rollout says now.
		if again, ok, known := a.decidedBefore(r.Context(), about.ID, d); ok || known != nil {
			return http.StatusOK, again, known
		}
	}
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, a.tell(r.Context(), after), nil
}

// check refuses what no pipeline decides, and answers to no question.
func (d Decision) check() error {
	var wrong []FieldError
	asks := d.Action == rollout.Promote || d.Action == rollout.Resume
	switch {
	case d.Action == "":
		wrong = append(wrong, FieldError{Field: "action", Detail: "is missing"})
	case !slices.Contains(decisions, d.Action):
		wrong = append(wrong, FieldError{Field: "action", Detail: "must be promote, rollback, pause or resume"})
	case d.Turn < 1 && (asks || d.Turn < 0):
		wrong = append(wrong, FieldError{Field: "turn", Detail: "must be the turn of the rollout as it was last read"})
	}
	if wrong == nil {
		return nil
	}
	return &fieldsError{wrong}
}

// decidedBefore returns the rollout where the decision counted already.
func (a *API) decidedBefore(ctx context.Context, about rollout.ID, d rollout.Decision) (Rollout, bool, error) {
	id, ok, err := a.Store.Decided(ctx, d.ID)
	if err != nil || !ok {
		return Rollout{}, false, err
	}
	if did, err := a.action(ctx, id, d.ID); err != nil || id != about || did != d.Action {
		return Rollout{}, false, reused(id, err)
	}
	r, err := a.load(ctx, id)
	return a.tell(ctx, r), err == nil, err
}
