package prom_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	httpconfig "github.com/prometheus/common/config"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// sourceAt returns a Source for a server, with options.
func sourceAt(t testing.TB, h http.Handler, change func(*prom.Options)) *prom.Source {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o := prom.Default(server.URL)
	change(&o)
	s, err := prom.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// askedOnce asks one check and fails unless the store's answer came through.
func askedOnce(t testing.TB, s *prom.Source) {
	t.Helper()
	if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; show(got.Canary) != "0.25" {
		t.Errorf("got %s (%q, %s), want 0.25", show(got.Canary), got.CanaryWhy, got.Detail)
	}
}

func healthy() recorded { return recorded{status: http.StatusOK, body: vector(`{}`, 0.25)} }

// Thanos is asked for whole answers without replicas; what is configured is sent too, and comes first. Google refuses
// whatever it does not know.
func TestParametersOfEveryQuery(t *testing.T) {
	t.Parallel()
	const google = "https://monitoring.googleapis.com/v1/projects/p/location/global/prometheus"
	for name, tt := range map[string]struct {
		url    string
		params map[string]string
		want   string
	}{
		"of Thanos":                   {"http://thanos", nil, "dedup=true&partial_response=false"},
		"another":                     {"http://vm", map[string]string{"nocache": "1"}, "dedup=true&nocache=1&partial_response=false"},
		"one's own":                   {"http://thanos", map[string]string{"partial_response": "true"}, "dedup=true&partial_response=true"},
		"none":                        {"http://p", map[string]string{"partial_response": "", "dedup": ""}, ""},
		"characters":                  {"http://vm", map[string]string{"extra_label": "team=a&b"}, "dedup=true&extra_label=team%3Da%26b&partial_response=false"},
		"of Google":                   {google, nil, ""},
		"of Google, what is asked of": {google, map[string]string{"alt": "json"}, "alt=json"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := "nothing was asked"
			o := prom.Default(tt.url)
			o.Params = tt.params
			o.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPost { // as a proxy does that knows no POST
					return response(r, http.StatusMethodNotAllowed, nil), nil
				}
				q := r.URL.Query()
				q.Del("query")
				q.Del("timeout")
				got = q.Encode()
				return response(r, http.StatusOK, []byte(success("vector", "[]"))), nil
			})
			c := valueCheck()
			c.Query = "value" // one query, without one for its age
			s, err := prom.New(o)
			if err != nil {
				t.Fatal(err)
			}
			if s.Ask(t.Context(), question(c)); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Long queries go by POST; where only GET is allowed, by GET.
func TestMethods(t *testing.T) {
	t.Parallel()
	for status, want := range map[int]bool{
		http.StatusMethodNotAllowed: true, http.StatusNotImplemented: true, http.StatusForbidden: true, http.StatusBadGateway: false,
	} {
		s := sourceAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodGet {
				w.WriteHeader(status)
				return
			}
			healthy().ServeHTTP(w, r)
		}), func(*prom.Options) {})
		if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; (got.Canary != nil) != want {
			t.Errorf("POST is answered %d: got %s (%q, %s)", status, show(got.Canary), got.CanaryWhy, got.Detail)
		}
	}
	long := valueCheck()
	long.Query = "value{} # " + strings.Repeat("x", 60_000)
	s := sourceAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if len(r.URL.String()) > 2000 {
			w.WriteHeader(http.StatusRequestURITooLong)
			return
		}
		fmt.Fprint(w, vector(`{"canarybot_arm":"canary 0"}`, now.Unix()))
	}), func(*prom.Options) {})
	if got := s.Ask(t.Context(), question(long)).Samples[0]; got.Canary == nil {
		t.Errorf("a long query: %q (%s)", got.CanaryWhy, got.Detail)
	}
}

// A redirect that loses the query is told with the address to write.
func TestRedirectsWithoutTheQuery(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther} {
		s := sourceAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere"+r.URL.Path, status)
		}), func(*prom.Options) {})
		got := s.Ask(t.Context(), question(valueCheck())).Samples[0]
		if got.CanaryWhy != rollout.WhyUnreachable || !strings.Contains(got.Detail, "prometheus.url must be where that leads") {
			t.Errorf("%d: got %q (%s)", status, got.CanaryWhy, got.Detail)
		}
	}
}

// The token goes to nobody else: not to who listens on another port, nor to another name of the host, nor out of TLS.
func TestRedirectsThatWouldTakeTheTokenAlong(t *testing.T) {
	t.Parallel()
	const at = "http://prometheus.example:9090"
	for name, test := range map[string]struct {
		from, to string
		followed bool
	}{
		"another path":                 {at, at + "/moved/api/v1/query", true},
		"the same, written otherwise":  {"http://prometheus.example", "http://PROMETHEUS.example:80/moved/api/v1/query", true},
		"another port":                 {at, "http://prometheus.example:9091/api/v1/query", false},
		"the scheme's port":            {at, "http://prometheus.example/api/v1/query", false},
		"another host":                 {at, "http://evil.example:9090/api/v1/query", false},
		"a host below":                 {at, "http://x.prometheus.example:9090/api/v1/query", false},
		"into TLS, which others serve": {"http://prometheus.example", "https://prometheus.example/api/v1/query", false},
		"out of TLS":                   {"https://prometheus.example", "http://prometheus.example/api/v1/query", false},
		"out of TLS, at its port":      {"https://prometheus.example", "http://prometheus.example:443/api/v1/query", false},
	} {
		o := prom.Default(test.from)
		var followed atomic.Bool
		o.Transport = roundTrips(func(r *http.Request) (*http.Response, error) {
			if !strings.HasPrefix(r.URL.String(), test.from+"/api/") {
				followed.Store(true)
				w := httptest.NewRecorder()
				healthy().ServeHTTP(w, r)
				return w.Result(), nil
			}
			return &http.Response{StatusCode: http.StatusTemporaryRedirect, Header: http.Header{"Location": {test.to}}, Body: http.NoBody, Request: r}, nil
		})
		s, err := prom.New(o)
		if err != nil {
			t.Fatal(err)
		}
		got := s.Ask(t.Context(), question(valueCheck())).Samples[0]
		if followed.Load() != test.followed || !test.followed && !strings.Contains(got.Detail, "which is not followed") {
			t.Errorf("%s: followed %t, %q (%s)", name, followed.Load(), got.CanaryWhy, got.Detail)
		}
	}
}

// roundTrips answers in the network's place.
type roundTrips func(*http.Request) (*http.Response, error)

// RoundTrip answers.
func (f roundTrips) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A tenant of Mimir is named by a header, beside whatever signs in.
func TestTenantHeaders(t *testing.T) {
	t.Parallel()
	askedOnce(t, sourceAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Scope-OrgID") != "shop|payments" || r.Header.Get("Authorization") != "Bearer abc" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, "no org id")
			return
		}
		healthy().ServeHTTP(w, r)
	}), func(o *prom.Options) {
		o.HTTP.Authorization = &httpconfig.Authorization{Type: "Bearer", Credentials: "abc"}
		o.HTTP.HTTPHeaders = &httpconfig.Headers{Headers: map[string]httpconfig.Header{"X-Scope-OrgID": {Values: []string{"shop|payments"}}}}
	}))
}
