package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

const (
	// mostWait bounds a long poll: the API server's proxy ends what takes a minute.
	mostWait = 55 * time.Second
	// listed is how many rollouts of a service a list has.
	listed = 20
	// versions is how many versions of a service are named.
	versions = 10
)

// load returns a rollout: as it is in memory while nothing can be saved, since it may be taken off traffic there.
func (a *API) load(ctx context.Context, id rollout.ID) (rollout.Rollout, error) {
	r, err := a.Store.Load(ctx, id)
	if _, degraded := a.Engine.Outage(); degraded || rollout.CodeOf(err) == rollout.Unavailable {
		open := a.Engine.Snapshot()
		if i := slices.IndexFunc(open, func(r rollout.Rollout) bool { return r.ID == id }); i >= 0 {
			return open[i], nil
		}
	}
	return r, err
}

// open returns the rollouts that have not ended, likewise.
func (a *API) open(ctx context.Context) ([]rollout.Rollout, error) {
	open, err := a.Store.Open(ctx, "")
	if _, degraded := a.Engine.Outage(); degraded || rollout.CodeOf(err) == rollout.Unavailable {
		return a.Engine.Snapshot(), nil
	}
	return open, err
}

// find returns the rollout that the path names, if the caller may ask about it.
func (a *API) find(r *http.Request, c who.Caller) (rollout.Rollout, error) {
	id := rollout.ID(r.PathValue("id"))
	service, _, ok := id.Split()
	if ok && len(c.For(service)) == 0 {
		return rollout.Rollout{}, notFor(c, service)
	}
	return a.load(r.Context(), id)
}

// get returns a rollout, at once or when it has changed.
func (a *API) get(w http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
	q, err := parameters(r, "wait", "after")
	if err != nil {
		return 0, nil, err
	}
	wait, err := duration(q, "wait", mostWait)
	if err != nil {
		return 0, nil, err
	}
	after, err := number(q, "after")
	if err != nil {
		return 0, nil, err
	}
	found, err := a.find(r, c)
	if err != nil {
		return 0, nil, err
	}
	if !q.Has("after") {
		after = found.Seq
	}
	if wait > 0 && !found.Terminal() && found.Seq <= after {
		a.wait(w, r, found.ID, after, wait)
		if found, err = a.load(r.Context(), found.ID); err != nil {
			return 0, nil, err
		}
	}
	return http.StatusOK, a.tell(r.Context(), found), nil
}

// list returns the newest rollouts of a service, or what is under way.
func (a *API) list(_ http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
	q, err := parameters(r, "service")
	if err != nil {
		return 0, nil, err
	}
	service := rollout.ServiceName(q.Get("service"))
	var found []rollout.Rollout
	if service == "" {
		found, err = a.open(r.Context())
		slices.SortStableFunc(found, func(x, y rollout.Rollout) int { return y.Request.At.Compare(x.Request.At) })
	} else {
		if len(c.For(service)) == 0 {
			return 0, nil, notFor(c, service)
		}
		found, err = a.Store.History(r.Context(), service, listed)
	}
	if err != nil {
		return 0, nil, err
	}
	all := Rollouts{Rollouts: []Rollout{}}
	for _, one := range found {
		if len(c.For(one.Service)) > 0 {
			all.Rollouts = append(all.Rollouts, a.tell(r.Context(), one))
		}
	}
	return http.StatusOK, all, nil
}

// services returns the services that the caller may do something about.
func (a *API) services(_ http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
	if _, err := parameters(r); err != nil {
		return 0, nil, err
	}
	open, err := a.open(r.Context())
	if err != nil {
		return 0, nil, err
	}
	all := Services{Services: []Service{}}
	for name, s := range a.Services {
		may := a.may(c, name)
		if len(may) == 0 {
			continue
		}
		one := Service{Name: name, Plans: []string{s.Spec.Plan.Name}, May: may}
		for _, p := range s.Plans {
			one.Plans = append(one.Plans, p.Name)
		}
		if i := slices.IndexFunc(open, func(r rollout.Rollout) bool { return r.Service == name && r.Phase.Live() }); i >= 0 {
			one.Live = open[i].ID
		}
		if one.Versions, err = a.versions(r.Context(), name); err != nil {
			return 0, nil, err
		}
		all.Services = append(all.Services, one)
	}
	slices.SortFunc(all.Services, func(x, y Service) int { return cmp.Compare(x.Name, y.Name) })
	return http.StatusOK, all, nil
}

// may returns what the caller may do to rollouts of the service.
func (a *API) may(c who.Caller, service rollout.ServiceName) []rollout.Action {
	var all []rollout.Action
	for _, action := range append([]rollout.Action{rollout.Deploy}, decisions...) {
		allowed := func(p who.Pipeline) bool {
			return a.policy(service).Allows(rollout.Actor{Kind: rollout.Pipeline, ID: p.Name}, action) == nil
		}
		if slices.ContainsFunc(c.For(service), allowed) {
			all = append(all, action)
		}
	}
	return all
}

// versions returns the versions that the service's last rollouts were about, newest first, each once.
func (a *API) versions(ctx context.Context, service rollout.ServiceName) ([]string, error) {
	past, err := a.Store.History(ctx, service, versions)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range past {
		for _, image := range []string{r.Image, r.From()} {
			if v := rollout.ShortVersion(image); image != "" && !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return all, nil
}

// parameters returns those of the request's query, of which it knows each, once.
func parameters(r *http.Request, known ...string) (url.Values, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemParameter, Key: "?", Value: r.URL.RawQuery, Want: "NAME=VALUE"})
	}
	for name, values := range q {
		switch {
		case !slices.Contains(known, name):
			return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemParameter, Key: name, Value: values[0], Want: "nothing: it is not known here"})
		case len(values) > 1:
			return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemParameter, Key: name, Value: values[1], Want: "written once"})
		}
	}
	return q, nil
}

// duration reads a parameter such as 30s, or a plain number of seconds.
func duration(q url.Values, name string, most time.Duration) (time.Duration, error) {
	text := q.Get(name)
	if !q.Has(name) {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if seconds, odd := strconv.Atoi(text); odd == nil {
		d, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || d < 0 || d > most {
		return 0, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemParameter, Key: name, Value: text, Want: "a duration up to " + most.String()})
	}
	return d, nil
}

func number(q url.Values, name string) (int, error) {
	if !q.Has(name) {
		return 0, nil
	}
	n, err := strconv.Atoi(q.Get(name))
	if err != nil || n < 0 {
		return 0, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemParameter, Key: name, Value: q.Get(name), Want: "a whole number"})
	}
	return n, nil
}
