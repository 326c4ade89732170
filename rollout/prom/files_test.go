package prom_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	httpconfig "github.com/prometheus/common/config"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// signing lists every way to sign in by a file of the configuration, and what arrives with the word w in it.
var signing = map[string]struct {
	by   func(o *prom.Options, path string)
	want func(w string) http.Header
}{
	"authorization": {
		func(o *prom.Options, path string) {
			o.HTTP.Authorization = &httpconfig.Authorization{Type: "Bearer", CredentialsFile: path}
		},
		func(w string) http.Header { return http.Header{"Authorization": {"Bearer " + w}} },
	},
	"the older bearer token": {
		func(o *prom.Options, path string) { o.HTTP.BearerTokenFile = path },
		func(w string) http.Header { return http.Header{"Authorization": {"Bearer " + w}} },
	},
	"a password": {
		func(o *prom.Options, path string) {
			o.HTTP.BasicAuth = &httpconfig.BasicAuth{Username: "bot", PasswordFile: path}
		},
		basic("bot"),
	},
	"a header": {
		func(o *prom.Options, path string) {
			o.HTTP.HTTPHeaders = &httpconfig.Headers{Headers: map[string]httpconfig.Header{
				"X-Token": {Files: []string{path}}, "X-Team": {Values: []string{"shop"}},
			}}
		},
		func(w string) http.Header { return http.Header{"X-Token": {w}, "X-Team": {"shop"}} },
	},
}

func basic(user string) func(string) http.Header {
	return func(w string) http.Header {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth(user, w)
		return r.Header
	}
}

// A rewritten file is used with the next query; what cannot be one takes nothing away.
func TestRewrittenFilesSignIn(t *testing.T) {
	t.Parallel()
	for name, tt := range signing {
		t.Run(name, func(t *testing.T) {
			path := file(t, "old word\n")
			var got atomic.Pointer[http.Header] // several queries are asked at once
			s := sourceAt(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				sent := r.Header.Clone()
				got.Store(&sent)
				healthy().ServeHTTP(w, r)
			}), func(o *prom.Options) { tt.by(o, path) })
			for _, step := range []struct{ content, want string }{
				{"old word\n", "old word"}, {"", "old word"}, {"newer", "newer"}, {"half\x00", "newer"}, {strings.Repeat("x", 2<<20), "newer"},
			} {
				rewrite(t, path, step.content)
				askedOnce(t, s)
				for key, want := range tt.want(step.want) {
					if sent := got.Load().Get(key); sent != want[0] {
						t.Errorf("with %.9q in the file: %s %q, want %q", step.content, key, sent, want[0])
					}
				}
			}
		})
	}
}

// rewrite writes a file that nobody has touched for an hour.
func rewrite(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
}

// What is no file is refused at the start: a query that waits for a named pipe would never end.
func TestWhatIsNoFileIsRefused(t *testing.T) {
	t.Parallel()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range signing {
		for path, want := range map[string]string{
			pipe: "is a named pipe, not a file", t.TempDir(): "is a directory, not a file", "/dev/zero": "is a device, not a file",
			file(t, ""): "is empty",
		} {
			o := prom.Default("http://prometheus.test")
			tt.by(&o, path)
			if _, err := prom.New(o); err == nil || rollout.ProblemOf(err).Words != path+" "+want {
				t.Errorf("%s: got %v, want %s", name, err, want)
			}
		}
	}
	for name, c := range map[string]httpconfig.TLSConfig{"ca": {CAFile: pipe}, "certificate": {CertFile: pipe, KeyFile: pipe}} {
		o := prom.Default("http://prometheus.test")
		o.HTTP.TLSConfig = c
		if _, err := prom.New(o); err == nil || !strings.Contains(err.Error(), "is a named pipe") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// One that is not there may yet come: others write it.
func TestAFileThatComesLater(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "later")
	s := sourceAt(t, bearing("late"), func(o *prom.Options) { signing["authorization"].by(o, path) })
	if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; got.CanaryWhy != rollout.WhyUnreachable || !strings.Contains(got.Detail, "no such file") {
		t.Errorf("before there is a file: %q (%s)", got.CanaryWhy, got.Detail)
	}
	rewrite(t, path, "late\n")
	askedOnce(t, s)
}

// There is no manager of secrets behind the references that Prometheus's configuration may have: they name no files.
func TestReferencesAreRefused(t *testing.T) {
	t.Parallel()
	s := sourceAt(t, healthy(), func(o *prom.Options) {
		o.HTTP.Authorization = &httpconfig.Authorization{Type: "Bearer", CredentialsRef: file(t, "token")}
	})
	if got := s.Ask(t.Context(), question(valueCheck())).Samples[0]; got.CanaryWhy != rollout.WhyUnreachable || !strings.Contains(got.Detail, "_file") {
		t.Errorf("got %q (%s)", got.CanaryWhy, got.Detail)
	}
}

// Google's key may be rotated: the next token is asked for with the new one.
func TestARotatedKeyOfGoogle(t *testing.T) {
	bare(t)
	var signers []string
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		signers = append(signers, decoded(strings.Split(r.Form.Get("assertion"), ".")[1], "iss"))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"google","token_type":"Bearer","expires_in":1}`) // so short that each is the last
	}))
	t.Cleanup(tokens.Close)
	path := serviceAccount(t, tokens.URL)
	s := sourceAt(t, bearing("google"), func(o *prom.Options) { o.SignIn.Google = &prom.GoogleIAM{CredentialsFile: path} })
	askedOnce(t, s)
	key, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, path, strings.Replace(string(key), "bot@", "new@", 1))
	askedOnce(t, s)
	if signers = slices.Compact(signers); !slices.Equal(signers, []string{"bot@p.iam.gserviceaccount.com", "new@p.iam.gserviceaccount.com"}) {
		t.Errorf("signed by %s", signers)
	}
}
