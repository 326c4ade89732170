package registry_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/registry"
)

// A tag is pinned to the digest of the index, not of one platform; what has a digest is not asked about.
func TestATagIsPinned(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	digest := s.push("v1.2.4", "one")
	latest := s.push("latest", "two")
	for image, want := range map[string]string{
		s.repository() + ":v1.2.4":           s.repository() + ":v1.2.4@" + digest,
		s.repository():                       s.repository() + ":latest@" + latest,
		s.repository() + ":latest":           s.repository() + ":latest@" + latest,
		s.repository() + ":v1.2.4@" + latest: s.repository() + ":v1.2.4@" + latest,
		s.repository() + "@" + digest:        s.repository() + "@" + digest,
	} {
		got := ask(t, registry.Options{}, image)
		if got.Pinned != want || !got.Passes() || len(got.Notices) > 0 {
			t.Errorf("%s: got %+v, want %s", image, got, want)
		}
	}
	if got := ask(t, registry.Options{Off: true}, s.repository()+":v1.2.4"); got.Pinned != "" || !got.Passes() || len(got.Notices) > 0 {
		t.Errorf("switched off: got %+v, want nothing", got)
	}
}

// A registry that says no digest at HEAD, or knows no HEAD, is asked by GET.
func TestARegistryThatKnowsNoHead(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(http.ResponseWriter){
		"without a digest": func(w http.ResponseWriter) { w.Header().Set("Content-Type", indexType) },
		"not allowed":      func(w http.ResponseWriter) { w.WriteHeader(http.StatusMethodNotAllowed) },
	} {
		s := newShop(t)
		digest := s.push("v1.2.4", "one")
		s.answer(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				answer(w)
			}
			return r.Method == http.MethodHead
		})
		if got := ask(t, registry.Options{}, s.repository()+":v1.2.4"); !strings.HasSuffix(got.Pinned, "@"+digest) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// What a registry may answer in place of a digest, and what becomes of the start: without a demand for signatures the tag
// stays and that is told, unless nobody could run it.
func TestWhatKeepsATagFromBeingPinned(t *testing.T) {
	t.Parallel()
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code) }
	}
	for name, tt := range map[string]struct {
		answer   func(http.ResponseWriter)
		notice   rollout.ProblemCode
		demanded rollout.ProblemCode // where a signature is asked for
		holds    bool                // that holds the start, and does not refuse it
	}{
		"wants to know who asks": {status(401), registry.ProblemUnauthorised, registry.ProblemSignatureHidden, false},
		"wants a name and a password": {func(w http.ResponseWriter) {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(401)
		}, registry.ProblemUnauthorised, registry.ProblemSignatureHidden, false},
		"forbids":            {status(403), registry.ProblemUnauthorised, registry.ProblemSignatureHidden, false},
		"knows no such tag":  {status(404), registry.ProblemTagUnknown, registry.ProblemNoSuchVersion, false},
		"was asked too much": {status(429), registry.ProblemRateLimited, registry.ProblemSignatureUnread, true},
		"is ill":             {status(500), registry.ProblemUnreachable, registry.ProblemSignatureUnread, true},
		"is a proxy's page": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "text/html")
			_, _ = w.Write([]byte("<h1>Sign in</h1>"))
		}, registry.ProblemUnreachable, registry.ProblemSignatureUnread, true},
		"names an odd digest": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", indexType)
			w.Header().Set("Docker-Content-Digest", "sha512:"+strings.Repeat("a", 128))
		}, registry.ProblemUnreachable, registry.ProblemSignatureUnread, true},
		"sends to another machine in clear": {func(w http.ResponseWriter) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="gopher://elsewhere/token"`)
			w.WriteHeader(401)
		}, registry.ProblemUnreachable, registry.ProblemSignatureUnread, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			s.push("v1.2.4", "one")
			s.answer(func(w http.ResponseWriter, _ *http.Request) bool {
				tt.answer(w)
				return true
			})
			got := ask(t, registry.Options{}, s.repository()+":v1.2.4")
			if !got.Passes() || got.Pinned != "" || len(got.Notices) != 1 || got.Notices[0].Code != tt.notice || got.Notices[0].Key != s.host {
				t.Errorf("got %+v, want the notice %s", got, tt.notice)
			}
			verify := map[rollout.ServiceName]registry.Verification{"checkout": verification(t, newKey(t, "P-256").pem)}
			got = ask(t, registry.Options{Verify: verify}, s.repository()+":v1.2.4")
			if code := only(t, got, tt.holds); code != tt.demanded {
				t.Errorf("got %s where a signature is demanded, want %s", code, tt.demanded)
			}
		})
	}
}

// only returns the one problem that holds or refuses the start.
func only(t *testing.T, p rollout.Preflight, holds bool) rollout.ProblemCode {
	t.Helper()
	switch {
	case p.Passes() || p.Pinned != "" || len(p.Notices) > 0:
		t.Errorf("the start goes on: %+v", p)
	case holds && len(p.Problems) == 0:
		return p.Unreadable.Code
	case !holds && p.Unreadable.IsZero() && len(p.Problems) == 1:
		return p.Problems[0].Code
	}
	return ""
}

// Nobody is there, or whoever is there says nothing: one question, bounded.
func TestARegistryThatIsAway(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	away := s.host
	s.answer(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	got := ask(t, registry.Options{}, away+"/shop/checkout:v1.2.4")
	if len(got.Notices) != 1 || got.Notices[0].Code != registry.ProblemUnreachable || got.Notices[0].Words == "" {
		t.Errorf("got %+v", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	p := newPinner(t, registry.Options{})
	if got := p.Preflight(ctx, request(s.repository()+":v1.2.4")); got.Pinned != "" {
		t.Errorf("got %+v after the end", got)
	}
	s.answer(nil)
	digest := s.push("v1.2.4", "one")
	if got := p.Preflight(t.Context(), request(s.repository()+":v1.2.4")); !strings.HasSuffix(got.Pinned, digest) {
		t.Errorf("half an answer was remembered: %+v", got)
	}
}

// A start is answered once; another start of the same name, such as a dry run's, anew. Who gave no answer is left alone
// for a while.
func TestAStartIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	first := s.push("v1.2.4", "one")
	p := newPinner(t, registry.Options{})
	r := request(s.repository() + ":v1.2.4")
	for range 3 {
		if got := p.Preflight(t.Context(), r); !strings.HasSuffix(got.Pinned, first) {
			t.Fatalf("got %+v", got)
		}
		s.push("v1.2.4", "two")
	}
	if asked := s.requests(); len(asked) != 1 {
		t.Errorf("it was asked %q", asked)
	}
	r.Request.At = r.Request.At.Add(1)
	if got := p.Preflight(t.Context(), r); strings.HasSuffix(got.Pinned, first) {
		t.Errorf("got %+v for the next start", got)
	}
	if got := p.Resolve(t.Context(), r); got == "" || strings.HasSuffix(got, first) {
		t.Errorf("got %s for now", got)
	}
	s.answer(func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(429); return true })
	r.Request.At = r.Request.At.Add(1)
	for range 3 {
		p.Preflight(t.Context(), r)
	}
	if asked := s.requests(); len(asked) != 1 {
		t.Errorf("it was asked %q after it said that this is too often", asked)
	}
	if got := p.Resolve(t.Context(), r); got != "" {
		t.Errorf("got %s from who says nothing", got)
	}
}

// secrets are the pull secrets of the pods.
type secrets struct {
	config string
	err    error
	names  []string
}

func (s *secrets) PullSecrets(_ context.Context, _ rollout.Rollout, names []string) ([][]byte, error) {
	s.names = names
	if s.config == "" {
		return nil, s.err
	}
	return [][]byte{[]byte("not JSON"), []byte(s.config)}, s.err
}

// Whoever signs in, from the pods' pull secrets or from a file, learns what the tag names, and is believed where there is no
// such tag.
func TestWhoSignsIn(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	digest := s.push("v1.2.4", "one")
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if user, password, _ := r.BasicAuth(); user == "pull" && password == "s3cret" {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="shop"`)
		w.WriteHeader(401)
		return true
	})
	config := `{"auths":{"` + s.host + `":{"auth":"` + base64.StdEncoding.EncodeToString([]byte("pull:s3cret")) + `"}}}`
	file := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	pods := &secrets{config: config}
	for name, o := range map[string]registry.Options{
		"the pods' secrets":         {ReadSecrets: true, Secrets: pods},
		"one of the pods' secrets":  {ReadSecrets: true, SecretNames: []string{"pull"}, Secrets: pods},
		"a file":                    {DockerConfig: file},
		"some secrets are unread":   {ReadSecrets: true, Secrets: &secrets{config: config, err: errors.New("forbidden")}},
		"a file that is not there":  {DockerConfig: file + "x", ReadSecrets: true, Secrets: pods},
		"a file for somebody else ": {DockerConfig: filepath.Join("testdata", "elsewhere.json"), ReadSecrets: true, Secrets: pods},
	} {
		if got := ask(t, o, s.repository()+":v1.2.4"); !strings.HasSuffix(got.Pinned, digest) {
			t.Errorf("%s: got %+v", name, got)
		}
		if got := ask(t, o, s.repository()+":v1.2.44"); len(got.Problems) != 1 || got.Problems[0].Code != registry.ProblemNoSuchVersion {
			t.Errorf("%s: a tag that is not there: got %+v", name, got)
		}
	}
	ask(t, registry.Options{ReadSecrets: true, SecretNames: []string{"pull"}, Secrets: pods}, s.repository()+":v1.2.4")
	if !slices.Equal(pods.names, []string{"pull"}) {
		t.Errorf("the secrets %q were asked for", pods.names)
	}
	if got := ask(t, registry.Options{Secrets: pods}, s.repository()+":v1.2.4"); len(got.Notices) != 1 || got.Notices[0].Code != registry.ProblemUnauthorised {
		t.Errorf("secrets that are not allowed: got %+v", got)
	}
	// 404 of whatever stands before the registry refuses nothing.
	s.answer(func(w http.ResponseWriter, _ *http.Request) bool {
		http.Error(w, "<h1>no such host</h1>", 404)
		return true
	})
	if got := ask(t, registry.Options{DockerConfig: file}, s.repository()+":v1.2.4"); len(got.Notices) != 1 || got.Notices[0].Code != registry.ProblemTagUnknown {
		t.Errorf("a proxy's 404: got %+v", got)
	}
}

// A token is fetched where the registry says, with the credentials, and never by a way that is less safe than the registry's.
func TestWhoFetchesAToken(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	digest := s.push("v1.2.4", "one")
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.URL.Path == "/token":
			user, _, _ := r.BasicAuth()
			_, _ = w.Write([]byte(`{"token":"for ` + user + r.URL.Query().Get("scope") + `"}`))
		case r.Header.Get("Authorization") == "Bearer for pullrepository:shop/checkout:pull":
			return false
		default:
			w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+s.host+`/token",service="shop"`)
			w.WriteHeader(401)
		}
		return true
	})
	pods := &secrets{config: `{"auths":{"http://` + s.host + `/v2/":{"username":"pull","password":"s3cret"}}}`}
	if got := ask(t, registry.Options{ReadSecrets: true, Secrets: pods}, s.repository()+":v1.2.4"); !strings.HasSuffix(got.Pinned, digest) {
		t.Errorf("got %+v", got)
	}
	if got := ask(t, registry.Options{}, s.repository()+":v1.2.4"); len(got.Notices) != 1 || got.Notices[0].Code != registry.ProblemUnauthorised {
		t.Errorf("without credentials: got %+v", got)
	}
}
