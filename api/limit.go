package api

import (
	"net"
	"net/http"
	"sync"

	"golang.org/x/time/rate"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

const (
	// perSecond is how many requests a pipeline may send, and as many at once.
	perSecond = 100
	// refusedPerSecond is how many tokens from one address may prove nobody, before none from there is looked at. It is as
	// much as a pipeline may send: those that come through the API server's proxy share an address.
	refusedPerSecond = perSecond
	// mostWide is how many requests are answered at a time that read every service, or have the cluster and Prometheus asked:
	// reconciles need the same processors.
	mostWide = 2
	// addressesKept bounds how many addresses are counted.
	addressesKept = 10_000
)

// limits count what callers send. Make them with newLimits.
type limits struct {
	mu       sync.Mutex               // guards the fields below; held for lines
	requests map[string]*rate.Limiter // by pipeline: no more than the configuration has
	refused  map[string]*rate.Limiter // by address
}

func newLimits() *limits {
	return &limits{requests: map[string]*rate.Limiter{}, refused: map[string]*rate.Limiter{}}
}

// of returns a caller's limiter.
func of(all map[string]*rate.Limiter, key string, fresh func() *rate.Limiter) *rate.Limiter {
	if all[key] == nil {
		all[key] = fresh()
	}
	return all[key]
}

// request counts a request, and returns the error for one too many.
func (l *limits) request(c who.Caller) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of(l.requests, c.Name(), func() *rate.Limiter { return rate.NewLimiter(perSecond, perSecond) }).Allow() {
		return nil
	}
	return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemTooMany, Key: c.Name(), Limit: perSecond})
}

// refuses counts a token that proves nobody.
func (l *limits) refuses(address string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.refused) > addressesKept {
		clear(l.refused) // whoever has so many addresses is not held up by this anyway
	}
	of(l.refused, address, func() *rate.Limiter { return rate.NewLimiter(refusedPerSecond, refusedPerSecond) }).Allow()
}

// tired returns the error where too many tokens from the address proved nobody.
func (l *limits) tired(address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if r := l.refused[address]; r == nil || r.Tokens() >= 1 {
		return nil
	}
	return rollout.Refuse(rollout.Conflict, rollout.Problem{Code: ProblemTooManyRefused})
}

// address is where a request comes from, without its port. No header says so: whoever asks could write it.
func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// few has a request wait until few enough of its kind are under way, or its caller is gone.
func (a *API) few(answer answerer) answerer {
	return func(w http.ResponseWriter, r *http.Request, c who.Caller) (int, any, error) {
		select {
		case a.wide <- struct{}{}:
		case <-r.Context().Done():
			return 0, nil, rollout.Wrap(rollout.Unavailable, r.Context().Err())
		}
		defer func() { <-a.wide }()
		return answer(w, r, c)
	}
}
