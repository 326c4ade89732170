package prom

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/config"

	"canarybot.io/rollout"
)

// Options say how to reach Prometheus.
type Options struct {
	URL     string                  // where the API's path /api/v1 begins; a password in it is never shown
	HTTP    config.HTTPClientConfig // authentication, TLS, proxy, headers
	SignIn  SignIn                  // at a cloud's own service; at most one
	Params  map[string]string       // sent with every query; an empty one is not sent
	Timeout time.Duration           // for all queries of a question together
	// Transport replaces the network; nil: the network, by HTTP.
	Transport http.RoundTripper
	Log       *slog.Logger // of files that were rewritten; nil: discards
}

// Default returns the options for a Prometheus that asks for no authentication.
func Default(url string) Options {
	return Options{URL: url, HTTP: config.DefaultHTTPClientConfig, Timeout: 10 * time.Second}
}

const (
	// atOnce is how many queries of one question run in parallel.
	atOnce = 4
	// questions is how many questions run in parallel. Prometheus evaluates 20 queries at a time (its
	// -query.max-concurrency); more would wait there, each with a connection here, and each question holding the
	// answers it has so far.
	questions = 16
)

// Source queries one Prometheus, or a server with the same query API. It is safe for concurrent use.
type Source struct {
	api     v1.API
	client  api.Client
	timeout time.Duration
	turns   chan struct{} // holds one element for each question in progress
}

var _ rollout.Metrics = (*Source)(nil)

// ProblemSettings reports that the connection to Prometheus is configured wrongly; Words say how.
const ProblemSettings rollout.ProblemCode = "prometheus_settings"

// New returns a Source. It does not connect yet; the error names what is wrong with the options.
func New(o Options) (*Source, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemSettings, Words: words(err)})
	}
	return &Source{api: v1.NewAPI(client), client: client, timeout: o.Timeout, turns: make(chan struct{}, questions)}, nil
}

// Close closes idle connections.
func (s *Source) Close() error {
	if c, ok := s.client.(api.CloseIdler); ok {
		c.CloseIdleConnections()
	}
	return nil
}

// Ask returns one sample for each check, in their order, and the requested history of the signals. It blocks until all
// queries are answered, the timeout has passed or ctx is done; an unanswered check has a sample with a reason.
func (s *Source) Ask(ctx context.Context, q rollout.Question) rollout.Answer {
	inquiries := make([]inquiry, len(q.Checks))
	var queries []string
	for i, c := range q.Checks {
		inquiries[i] = inquire(q, c)
		for _, query := range inquiries[i].queries() {
			if !slices.Contains(queries, query) { // several checks may count the same traffic
				queries = append(queries, query)
			}
		}
	}
	raw, err := inquireRaw(q)
	for _, query := range raw.queries() {
		if !slices.Contains(queries, query) {
			queries = append(queries, query)
		}
	}
	answers := s.fetch(ctx, queries)
	out := rollout.Answer{Samples: make([]rollout.Sample, len(inquiries))}
	for i, in := range inquiries {
		out.Samples[i] = in.sample(answers, q.Now)
	}
	out.Raw = raw.read(answers, err)
	return out
}

// fetch sends the queries, a few at a time, and returns the answers by query. Waiting for its turn counts towards the
// timeout.
func (s *Source) fetch(ctx context.Context, queries []string) map[string]answer {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	select {
	case <-ctx.Done(): // each query reports it
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
	}
	var (
		mu      sync.Mutex
		answers = make(map[string]answer, len(queries))
		waiting = make(chan string, len(queries)) // holds them all, so that no send blocks
		workers sync.WaitGroup
	)
	for _, query := range queries {
		waiting <- query
	}
	close(waiting)
	for range min(atOnce, len(queries)) {
		workers.Go(func() {
			for query := range waiting {
				a := s.one(ctx, query)
				mu.Lock()
				answers[query] = a
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return answers
}

// one sends one query, evaluated at Prometheus's own time. A panic in decoding what Prometheus sent is an error like
// any other: it must not end the program that can roll back.
func (s *Source) one(ctx context.Context, query string) (a answer) {
	defer func() {
		if r := recover(); r != nil {
			a = answer{err: fmt.Errorf("the answer cannot be decoded: %v", r)}
		}
	}()
	if err := ctx.Err(); err != nil {
		return answer{err: err}
	}
	value, warnings, _, err := s.api.Query(ctx, query, time.Time{}, v1.WithTimeout(s.timeout))
	return answer{value: value, warnings: warnings, err: err}
}
