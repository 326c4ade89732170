package client_test

import (
	"context"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/rollout"
)

// transport answers each request with what the function says.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func answer(status int, kind, body string, headers ...string) *http.Response {
	h := http.Header{"Content-Type": {kind}}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body))}
}

const (
	plain   = "application/json"
	problem = "application/problem+json"
)

func fixed(context.Context, bool) (string, error) { return "t0ken", nil }

func newClient(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	if o.Server == "" {
		o.Server = "https://canarybot.example.com/under/a/path/"
	}
	if o.Token == nil {
		o.Token = fixed
	}
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What one question comes to, by what answers it.
func TestAnswers(t *testing.T) {
	status := `{"kind":"Status","apiVersion":"v1","status":"Failure","message":"services \"canarybot\" is forbidden","code":%d}`
	for name, tt := range map[string]struct {
		first, then *http.Response
		err         error  // instead of the first
		refused     string // the sentence of a refusal
		unreachable string // why there is no answer
		after       time.Duration
	}{
		"an answer":                        {first: answer(200, plain, `{"id":"checkout-42"}`)},
		"in another spelling":              {first: answer(200, "application/json; charset=utf-8", `{"id":"checkout-42","later":{"x":1}}`)},
		"refused":                          {first: answer(403, problem, `{"detail":"ci may not promote."}`), refused: "ci may not promote."},
		"refused in no words":              {first: answer(422, problem, `{}`), refused: "Canarybot answers 422 Unprocessable Entity."},
		"too many, then an answer":         {first: answer(429, problem, `{}`, "Retry-After", "7"), after: 7 * time.Second},
		"asked to wait for ever":           {first: answer(503, problem, `{}`, "Retry-After", "86400"), after: 30 * time.Second},
		"asked to wait for nonsense":       {first: answer(503, problem, `{}`, "Retry-After", "-5"), after: 250 * time.Millisecond},
		"a failure, then an answer":        {first: answer(500, problem, `{}`), after: 250 * time.Millisecond},
		"a gateway's page, then an answer": {first: answer(502, "text/html", "<html>"), after: 250 * time.Millisecond},
		"Kubernetes finds no pod":          {first: answer(503, plain, fmt.Sprintf(status, 503)), after: 250 * time.Millisecond},
		"a broken connection":              {err: io.ErrUnexpectedEOF, after: 250 * time.Millisecond},
		"Kubernetes forbids it":            {first: answer(403, plain, fmt.Sprintf(status, 403)), refused: `Kubernetes refuses the way to Canarybot: services "canarybot" is forbidden`},
		"Kubernetes has no such service":   {first: answer(404, plain, fmt.Sprintf(status, 404)), unreachable: "no way to Canarybot through Kubernetes"},
		"somebody else's page":             {first: answer(200, "text/html", "<html>sign in</html>"), unreachable: "is not Canarybot's API"},
		"somebody else's 404":              {first: answer(404, "text/html", "<html>"), unreachable: "is not Canarybot's API: it answers 404"},
		"half an answer":                   {first: answer(200, plain, `{"id":`), unreachable: "is not Canarybot's API"},
		"another type":                     {first: answer(200, plain, `{"id":7}`), unreachable: "is not Canarybot's API"},
		"an endless answer":                {first: answer(200, plain, `{"id":"`+strings.Repeat("x", 5<<20)+`"}`), unreachable: "larger than any"},
		"a redirect":                       {first: answer(302, "text/html", "", "Location", "https://elsewhere.example.com/"), unreachable: "where the token is not sent"},
		"a certificate that nobody knows":  {err: x509.UnknownAuthorityError{}, unreachable: "certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				asked := 0
				c := newClient(t, client.Options{Patience: time.Minute, Transport: transport(func(r *http.Request) (*http.Response, error) {
					if r.URL.Host != "canarybot.example.com" || r.URL.Path != "/under/a/path/v1/rollouts/checkout-42" || r.Header.Get("Authorization") != "Bearer t0ken" {
						t.Errorf("asked %s with %v", r.URL, r.Header)
					}
					if asked++; asked > 1 {
						return answer(200, plain, `{"id":"checkout-42"}`), nil
					}
					return tt.first, tt.err
				})})
				began := time.Now()
				r, err := c.Rollout(t.Context(), "checkout-42")
				if r.ID != "checkout-42" && tt.refused+tt.unreachable == "" {
					t.Errorf("got %+v", r)
				}
				cameTo(t, err, tt.refused, tt.unreachable)
				if tt.unreachable != "" && asked != 1 {
					t.Errorf("it was asked %d times", asked)
				}
				if took := time.Since(began); took != tt.after {
					t.Errorf("it took %s, want %s", took, tt.after)
				}
			})
		})
	}
}

// cameTo fails unless the error is a refusal with that text, or says that there is no answer and why, or is none.
func cameTo(t *testing.T, err error, refusal, why string) {
	t.Helper()
	var refused *client.Refused
	var unreachable *client.Unreachable
	switch {
	case refusal != "":
		if !errors.As(err, &refused) || err.Error() != refusal {
			t.Errorf("got %v, want it refused: %s", err, refusal)
		}
	case why != "":
		if !errors.As(err, &unreachable) || !strings.Contains(err.Error(), why) {
			t.Errorf("got %v, want no answer: %s", err, why)
		}
	case err != nil:
		t.Error(err)
	}
}

// A try that nobody answers ends, and so does trying.
func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tries, told := 0, 0
		c := newClient(t, client.Options{Patience: time.Minute, Trouble: func(error) { told++ }, Transport: transport(func(r *http.Request) (*http.Response, error) {
			tries++
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		began := time.Now()
		_, err := c.Start(t.Context(), api.Start{Service: "checkout"}, "key")
		var unreachable *client.Unreachable
		if !errors.As(err, &unreachable) || !unreachable.Sent || err.Error() != "no answer in time" {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took < 45*time.Second || took > 80*time.Second || told != tries-1 {
			t.Errorf("it took %s and %d tries, %d were told", took, tries, told)
		}
	})
}

// What is sent again is the same request: the key makes it count once.
func TestTheKeyStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		keys := map[string][]string{}
		c := newClient(t, client.Options{Patience: time.Minute, Transport: transport(func(r *http.Request) (*http.Response, error) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				t.Error(err)
			}
			keys[r.URL.Path] = append(keys[r.URL.Path], r.Header.Get("Idempotency-Key")+string(body))
			if len(keys[r.URL.Path]) < 3 {
				return nil, io.ErrUnexpectedEOF
			}
			return answer(200, plain, `{}`), nil
		})})
		if _, err := c.Start(t.Context(), api.Start{Service: "checkout", Version: "v1"}, "run-812"); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Decide(t.Context(), "checkout-42", api.Decision{Action: rollout.Promote, Turn: 2}); err != nil {
			t.Fatal(err)
		}
		for path, sent := range keys {
			if len(sent) != 3 || sent[0] != sent[1] || sent[1] != sent[2] || strings.HasPrefix(sent[0], "{") {
				t.Errorf("%s was sent as %q", path, sent)
			}
		}
	})
}

// Nothing of an id gets out of its place in the path.
func TestIDsStayInThePath(t *testing.T) {
	t.Parallel()
	for _, id := range []rollout.ID{"../services", "a/b", "a?b=c", "a#b", "..", "%2e%2e", "a\nb"} {
		c := newClient(t, client.Options{Transport: transport(func(r *http.Request) (*http.Response, error) {
			if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/under/a/path/v1/rollouts/"); !ok || strings.Contains(rest, "/") || r.URL.RawQuery != "" {
				t.Errorf("%q asks %s", id, r.URL)
			}
			return answer(200, plain, `{}`), nil
		})})
		_, _ = c.Rollout(t.Context(), id)
	}
}

// A rollback that is taken without being saved is taken, though its answer has the status of one to try again.
func TestRollbackUnsaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		posts := 0
		c := newClient(t, client.Options{Patience: time.Minute, Transport: transport(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodPost {
				posts++
				return answer(503, problem, `{"code":"rollback_unsaved","detail":"The traffic of checkout-42 is being taken off its canary now."}`), nil
			}
			return answer(200, plain, `{"id":"checkout-42","phase":"rolling_back"}`), nil
		})})
		r, err := c.Decide(t.Context(), "checkout-42", api.Decision{Action: rollout.Rollback})
		if err != nil || r.Phase != "rolling_back" || posts != 1 {
			t.Errorf("got %+v, %v, after %d", r, err, posts)
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, ok := range map[string]bool{
		"https://canarybot.example.com": true, "http://canarybot.canarybot:8090": true, "https://example.com/canarybot": true,
		"canarybot.example.com": false, "": false, "ftp://x": false, "https://": false, "https://me:pass@example.com": false, "https://example.com/?x=1": false, "://": false,
	} {
		_, err := client.New(client.Options{Server: address, Token: fixed})
		if (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "pass@") {
			t.Errorf("the error quotes the password: %v", err)
		}
	}
}

func jwt(until time.Time) string {
	return "e30." + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"exp":%d}`, until.Unix())) + ".c2ln"
}

// A token of GitHub's is asked for anew before it ends, and when it is refused, and asked for once otherwise.
func TestGitHubsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked, refuse := 0, false
		github := transport(func(r *http.Request) (*http.Response, error) {
			if q := r.URL.Query(); r.Header.Get("Authorization") != "Bearer job-key" || q.Get("audience") != "canarybot" || q.Get("api-version") != "2.0" {
				t.Errorf("asked %s with %v", r.URL, r.Header)
			}
			asked++
			return answer(200, plain, fmt.Sprintf(`{"value":%q}`, jwt(time.Now().Add(5*time.Minute))+fmt.Sprint(asked))), nil
		})
		token, err := client.Source{Transport: github, Env: environment("ACTIONS_ID_TOKEN_REQUEST_URL", "https://vstoken.example.com/?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "job-key")}.Find()
		if err != nil {
			t.Fatal(err)
		}
		var sent []string
		c := newClient(t, client.Options{Token: token, Transport: transport(func(r *http.Request) (*http.Response, error) {
			sent = append(sent, r.Header.Get("Authorization"))
			if refuse {
				refuse = false
				return answer(401, problem, `{"detail":"The token has expired."}`), nil
			}
			return answer(200, plain, `{}`), nil
		})})
		for _, step := range []struct {
			after  time.Duration
			refuse bool
			tokens int
		}{{0, false, 1}, {3 * time.Minute, false, 1}, {70 * time.Second, false, 2}, {time.Second, true, 3}, {time.Second, false, 3}} {
			time.Sleep(step.after)
			refuse = step.refuse
			if _, err := c.Services(t.Context()); err != nil {
				t.Fatal(err)
			}
			if asked != step.tokens {
				t.Errorf("%+v: %d tokens were asked for", step, asked)
			}
		}
		if sent[0] == sent[len(sent)-1] {
			t.Error("the first token was sent to the end")
		}
	})
}

func environment(pairs ...string) func(string) string {
	all := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		all[pairs[i]] = pairs[i+1]
	}
	return func(name string) string { return all[name] }
}

// A token that is refused twice is refused, and one that never was is not asked for for ever.
func TestRefusedToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		c := newClient(t, client.Options{Patience: time.Minute, Transport: transport(func(*http.Request) (*http.Response, error) {
			asked++
			return answer(401, problem, `{"detail":"The token proves nobody."}`), nil
		})})
		_, err := c.Services(t.Context())
		var refused *client.Refused
		if !errors.As(err, &refused) || asked != 2 {
			t.Errorf("got %v after %d tries", err, asked)
		}
	})
}

// Where a token comes from, and what is said where there is none.
func TestWhereTokensComeFrom(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := func(name, text string) string {
		file := filepath.Join(folder, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	flag, env, two := path("flag", "of-the-flag\n"), path("env", " of-the-file "), path("two", "two words")
	down := transport(func(*http.Request) (*http.Response, error) { return answer(403, "text/plain", "no"), nil })
	for name, tt := range map[string]struct {
		file       string
		env        []string
		want, none string
	}{
		"the flag's file first":        {flag, []string{"CANARYBOT_TOKEN", "of-the-variable"}, "of-the-flag", ""},
		"the variable's file":          {"", []string{"CANARYBOT_TOKEN_FILE", env}, "of-the-file", ""},
		"the variable":                 {"", []string{"CANARYBOT_TOKEN", "of-the-variable", "ACTIONS_ID_TOKEN_REQUEST_URL", "https://x"}, "of-the-variable", ""},
		"both":                         {"", []string{"CANARYBOT_TOKEN", "x", "CANARYBOT_TOKEN_FILE", env}, "", "both set"},
		"no file":                      {folder + "/none", nil, "", "no such file"},
		"a file with two words":        {two, nil, "", "is not one word"},
		"a variable with a line break": {"", []string{"CANARYBOT_TOKEN", "a\nb"}, "", "is not one word"},
		"nowhere":                      {"", nil, "", "set CANARYBOT_TOKEN"},
		"nowhere, at GitHub":           {"", []string{"GITHUB_ACTIONS", "true"}, "", "id-token: write"},
		"GitHub's issuer in the clear": {"", []string{"ACTIONS_ID_TOKEN_REQUEST_URL", "http://vstoken.example.com"}, "", "is no https address"},
		"GitHub's issuer refuses":      {"", []string{"ACTIONS_ID_TOKEN_REQUEST_URL", "https://vstoken.example.com"}, "", "its issuer answers 403"},
	} {
		token, err := client.Source{File: tt.file, Env: environment(tt.env...), Transport: down}.Find()
		got := ""
		if err == nil {
			got, err = token(t.Context(), false)
		}
		var none client.NoToken
		switch {
		case tt.none != "" && (!errors.As(err, &none) || !strings.Contains(err.Error(), tt.none) || strings.Contains(err.Error(), "two words")):
			t.Errorf("%s: got %v", name, err)
		case got != tt.want:
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}
