package api

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

// actor returns which of the caller's pipelines acts: the first that may do all of it. Link is the one that the caller
// gives; it takes the place of the token's own where the configuration allows it.
func (a *API) actor(c who.Caller, service rollout.ServiceName, link string, actions ...rollout.Action) (rollout.Actor, error) {
	mine := c.For(service)
	if len(mine) == 0 {
		return rollout.Actor{}, notFor(c, service)
	}
	var refused error
	for _, p := range mine {
		actor := rollout.Actor{Kind: rollout.Pipeline, ID: p.Name, Run: c.Run, Link: c.Link}
		if p.Allows(link) {
			actor.Link = link
		}
		forbidden := slices.IndexFunc(actions, func(action rollout.Action) bool { return a.policy(service).Allows(actor, action) != nil })
		if _, known := a.Services[service]; forbidden < 0 || !known {
			return actor, nil
		}
		if refused == nil {
			refused = mayNot(p, actions[forbidden], service)
		}
	}
	return rollout.Actor{}, refused
}

// mayNot refuses an action that the pipeline may not take.
func mayNot(p who.Pipeline, action rollout.Action, service rollout.ServiceName) error {
	problem := rollout.Problem{Code: ProblemMayNot, Key: p.Name, Value: string(action), Service: service}
	if action == rollout.AutoGate {
		problem = rollout.Problem{Code: ProblemMayNotAuto, Key: p.Name, Service: service}
	}
	return rollout.Refuse(rollout.Forbidden, problem)
}

// notFor refuses a caller none of whose pipelines is for the service, whether or not there is such a service.
func notFor(c who.Caller, service rollout.ServiceName) error {
	return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemNotForService, Key: c.Name(), Service: service})
}

// keyHeader names a request, so that sending it twice does it once.
const keyHeader = "Idempotency-Key"

// mostKey bounds a key.
const mostKey = 200

// decisionID identifies the request: by its key, else as one of its own.
func decisionID(r *http.Request, actor rollout.Actor) (rollout.DecisionID, error) {
	keys := r.Header.Values(keyHeader)
	if len(keys) == 0 {
		return rollout.DecisionID("api:" + actor.ID + ":" + rand.Text()), nil
	}
	odd := func(c rune) bool { return c <= ' ' || c > '~' }
	if key := keys[0]; len(keys) > 1 || key == "" || len(key) > mostKey || slices.ContainsFunc([]rune(key), odd) {
		return "", rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemKeyForm, Limit: mostKey})
	}
	return rollout.DecisionID("api:" + actor.ID + ":" + keys[0]), nil
}

// action returns what the decision did to the rollout, by its timeline; empty: nothing is known of it.
func (a *API) action(ctx context.Context, id rollout.ID, decision rollout.DecisionID) (rollout.Action, error) {
	entries, err := a.Store.Timeline(ctx, id, 0)
	if err != nil {
		return "", err
	}
	if i := slices.IndexFunc(entries, func(e rollout.Entry) bool { return e.Decision == decision }); i >= 0 {
		return entries[i].Data.Action, nil
	}
	return "", nil
}

// reused is the error for a key that stands for another request already; err, if there is one, says that nobody knows.
func reused(id rollout.ID, err error) error {
	if err != nil {
		return err
	}
	return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemKeyReused, Rollout: id})
}

// required returns the error for fields that are missing; nil: none is.
func required(fields map[string]string) error {
	var wrong []FieldError
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] == "" {
			wrong = append(wrong, FieldError{Field: name, Detail: "is missing"})
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	return &fieldsError{wrong}
}

// committing bounds what a request commits: a disk that hangs takes ten seconds to be known as one.
const committing = 15 * time.Second

// finishing returns the context of what is committed for a request. It goes on when the caller is gone: what is committed has to
// be followed by what it starts.
func finishing(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), committing)
}
