package prom_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/common/config"
	"go.uber.org/goleak"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func response(r *http.Request, status int, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Body: io.NopCloser(bytes.NewReader(body)),
		Header: http.Header{}, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
}

// sourceOver returns a Source whose requests go nowhere but to rt.
func sourceOver(t testing.TB, rt http.RoundTripper) *prom.Source {
	t.Helper()
	o := prom.Default("http://prometheus.test/base")
	o.Transport = rt
	s, err := prom.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAskGivesUpAfterTenSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}))
		before := time.Now()
		got := s.Ask(t.Context(), question(four(t)...)).Samples
		if took := time.Since(before); took != 10*time.Second {
			t.Errorf("took %s, want 10s", took)
		}
		for _, sample := range got {
			if sample.CanaryWhy != rollout.WhyTimeout || sample.StableWhy != rollout.WhyTimeout {
				t.Errorf("%s: got %q and %q, want timeouts", sample.Check, sample.CanaryWhy, sample.StableWhy)
			}
		}
	})
}

func TestAskGivesUpOnASlowBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			resp := response(r, http.StatusOK, nil)
			body, never := io.Pipe()
			context.AfterFunc(r.Context(), func() { _ = never.CloseWithError(r.Context().Err()) })
			resp.Body = body
			return resp, nil
		}))
		if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; got.CanaryWhy != rollout.WhyTimeout {
			t.Errorf("got %q (%s), want a timeout", got.CanaryWhy, got.Detail)
		}
	})
}

func TestAskEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		cancel()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}))
	for _, got := range s.Ask(ctx, question(four(t)...)).Samples {
		if got.CanaryWhy != rollout.WhyUnreachable {
			t.Errorf("%s: got %q, want that nobody was reached", got.Check, got.CanaryWhy)
		}
	}
}

// crowd counts who is in it together.
type crowd struct {
	mu        sync.Mutex
	now, most int
}

// enter counts one in, and returns what counts it out.
func (c *crowd) enter() (leave func()) {
	count := func(by int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.now += by
		c.most = max(c.most, c.now)
	}
	count(1)
	return func() { count(-1) }
}

func TestAskIsBoundedAndAsksNothingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var asked []string
		var together crowd
		s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
			defer together.enter()()
			body, _ := io.ReadAll(r.Body)
			form, _ := url.ParseQuery(string(body))
			mu.Lock()
			asked = append(asked, form.Get("query"))
			mu.Unlock()
			if form.Get("time") != "" || form.Get("timeout") != "10s" {
				t.Errorf("asked with time %q and timeout %q, want none and 10s", form.Get("time"), form.Get("timeout"))
			}
			time.Sleep(time.Second)
			return response(r, http.StatusOK, []byte(success("vector", "[]"))), nil
		}))
		s.Ask(t.Context(), question(four(t)...))
		if got := together.most; got != 4 {
			t.Errorf("%d queries at once, want 4", got)
		}
		slices.Sort(asked)
		// Of four checks the values of both arms and the ages, and the traffic of both arms once.
		if unique := len(slices.Compact(slices.Clone(asked))); unique != len(asked) || unique != 4*3+2 {
			t.Errorf("%d queries, %d of them different, want 14:\n%s", len(asked), unique, strings.Join(asked, "\n"))
		}
	})
}

// Whoever has to wait for its turn is answered too, and whoever waits too long is told so.
func TestAskIsBoundedAcrossQuestions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		takes time.Duration
		why   rollout.Why
	}{{10 * time.Millisecond, rollout.WhyNoData}, {time.Minute, rollout.WhyTimeout}} {
		synctest.Test(t, func(t *testing.T) {
			var together crowd
			s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
				defer together.enter()()
				select {
				case <-time.After(tt.takes):
					return response(r, http.StatusOK, []byte(success("vector", "[]"))), nil
				case <-r.Context().Done():
					return nil, r.Context().Err()
				}
			}))
			began := time.Now()
			var asking sync.WaitGroup
			for range 100 {
				asking.Go(func() {
					for _, got := range s.Ask(t.Context(), question(four(t)...)).Samples {
						if got.CanaryWhy != tt.why {
							t.Errorf("%s: got %q, want %q", got.Check, got.CanaryWhy, tt.why)
						}
					}
				})
			}
			asking.Wait()
			if got := together.most; got != 64 {
				t.Errorf("%d queries at once, want those of 16 questions, 64", got)
			}
			if took := time.Since(began); took > 11*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

func TestWarmingUp(t *testing.T) {
	t.Parallel()
	s := sourceOver(t, roundTrip(func(*http.Request) (*http.Response, error) {
		t.Error("asked while warming up")
		return nil, io.EOF
	}))
	for _, since := range []time.Duration{0, scrape, 2*scrape - time.Millisecond} {
		q := question(four(t)...)
		q.Since = now.Add(-since)
		for _, got := range s.Ask(t.Context(), q).Samples {
			if got.CanaryWhy != rollout.WhyWarmingUp {
				t.Errorf("%s after the weight: got %q, want warming up", since, got.CanaryWhy)
			}
		}
	}
}

// Where the clock was set back to before the weight, it is asked all the same, about as little as shows anything.
func TestAClockThatWasSetBack(t *testing.T) {
	t.Parallel()
	q := question(four(t)...)
	q.Since = now.Add(10 * time.Minute)
	shortest := fmt.Sprintf("[%ds]", int((2 * scrape).Seconds()))
	var mu sync.Mutex
	var asked []string
	s := sourceOver(t, roundTrip(func(r *http.Request) (*http.Response, error) {
		mu.Lock()
		defer mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		query, _ := url.ParseQuery(string(body))
		asked = append(asked, query.Get("query"))
		return nil, io.EOF
	}))
	s.Ask(t.Context(), q)
	if len(asked) == 0 || !slices.ContainsFunc(asked, func(q string) bool { return strings.Contains(q, shortest) }) {
		t.Errorf("asked %q, want windows of %s", asked, shortest)
	}
}

func TestBadQuestions(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*rollout.Question)
		detail string
	}{
		"a name that is not a label": {func(q *rollout.Question) { q.Namespace = `shop"} or up{x="` }, "not a DNS label"},
		"no canary":                  {func(q *rollout.Question) { q.Canary = "" }, "not a DNS label"},
		"a bad select":               {func(q *rollout.Question) { q.Select = `{{.Version}}` }, "{{.Version}} is not a known word here"},
		"a bad query":                {func(q *rollout.Question) { q.Checks[0].Query = "up{" }, "query: a { is not closed"},
		"a bad traffic query":        {func(q *rollout.Question) { q.Checks[0].Traffic = "{{up" }, "traffic: "},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := sourceOver(t, roundTrip(func(*http.Request) (*http.Response, error) { return nil, io.EOF }))
			q := question(named(t, rollout.ErrorRate))
			tt.change(&q)
			got := s.Ask(t.Context(), q).Samples[0]
			if got.CanaryWhy != rollout.WhyQueryError || !strings.Contains(got.Detail, tt.detail) {
				t.Errorf("got %q (%s), want a query error with %q", got.CanaryWhy, got.Detail, tt.detail)
			}
		})
	}
}

func TestRedirects(t *testing.T) {
	t.Parallel()
	var reached atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	t.Cleanup(other.Close)
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	s := sourceOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere+r.URL.Path, http.StatusTemporaryRedirect)
	}))
	got := s.Ask(t.Context(), question(valueCheck())).Samples[0]
	if got.CanaryWhy != rollout.WhyUnreachable || !strings.Contains(got.Detail, "which is not followed") || reached.Load() {
		t.Errorf("got %q (%s), other host reached: %t", got.CanaryWhy, got.Detail, reached.Load())
	}

	s = sourceOf(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path, moved := strings.CutPrefix(r.URL.Path, "/moved"); !moved {
			http.Redirect(w, r, "/moved"+path, http.StatusPermanentRedirect)
			return
		}
		recorded{status: http.StatusOK, body: vector(`{}`, 0.25)}.ServeHTTP(w, r)
	}))
	if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; show(got.Canary) != "0.25" {
		t.Errorf("the same host: got %s (%s %s), want 0.25", show(got.Canary), got.CanaryWhy, got.Detail)
	}
}

func TestErrorsHoldNoSecrets(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	o := prom.Default(strings.Replace(closed.URL, "http://", "http://robot:hunter2@", 1))
	if shown := fmt.Sprint(o); strings.Contains(shown, "hunter2") || !strings.Contains(shown, "127.0.0.1") {
		t.Errorf("the options show as %s", shown)
	}
	s, err := prom.New(o)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Ask(t.Context(), question(valueCheck())).Samples[0]
	if got.CanaryWhy != rollout.WhyUnreachable || got.Detail == "" {
		t.Errorf("got %q (%s), want that nobody was reached, with words", got.CanaryWhy, got.Detail)
	}
	for _, secret := range []string{"robot", "hunter2"} {
		if strings.Contains(got.Detail, secret) {
			t.Errorf("detail %q holds %s", got.Detail, secret)
		}
	}
	for _, url := range []string{"http://u:hunter2@%zz", "ftp://u:hunter2@host", "prometheus:9090", "", "http://host?token=hunter2"} {
		if _, err := prom.New(prom.Default(url)); err == nil || strings.Contains(err.Error(), "hunter2") || rollout.CodeOf(err) != rollout.Invalid {
			t.Errorf("%q: got error %v, want one without the secret", url, err)
		}
	}
}

func TestAuthenticates(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer abc" || r.UserAgent() != "canarybot" || !strings.HasPrefix(r.URL.Path, "/base/api/v1/") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		recorded{status: http.StatusOK, body: vector(`{}`, 0.25)}.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	o := prom.Default(server.URL + "/base")
	o.HTTP.Authorization = &config.Authorization{Type: "Bearer", Credentials: "abc"}
	s, err := prom.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; show(got.Canary) != "0.25" {
		t.Errorf("got %s (%s %s)", show(got.Canary), got.CanaryWhy, fmt.Sprint(got.Detail))
	}
}
