package git_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/git/forge"
)

// atEach runs a test at a GitHub and at a GitLab.
func atEach(t *testing.T, test func(*testing.T, *history)) {
	t.Helper()
	t.Parallel()
	for _, kind := range []forge.Kind{forge.GitHub, forge.GitLab} {
		t.Run(string(kind), func(t *testing.T) { test(t, newHistory(t, kind)) })
	}
}

// filled is a history with everything that people compare.
func filled(h *history) {
	h.add("v1", "Begin", "Ana")
	h.line("v1", "v2", 3)
	h.line("v2", "v3", 27)
	h.line("v3", "v4", 3000)
	h.line("v1", "hotfix", 2)
	h.line("v1", "full", 20)
	h.add("side", "On the side", "Ana", "v2")
	h.add("merged", "Merge pull request #7 from acme/side\n\nOn the side", "Ben", "v2", "side")
	h.add("rebuilt", "Rebuild", "Ana", "v2")
	h.refs["rebuilt-2"] = h.refs["rebuilt"]
	h.add("checkout/v1.2.4", "Tagged with a path", "Ana", "v2")
	h.add("checkout-v1.2.4", "Tagged with its service", "Ana", "v2")
	h.add("v1.2.4", "Tagged with a v", "Ana", "v2")
	h.add("odd", "", "", "v1")
	h.add("hostile", "<!channel> `x` *b* https://evil.example \u202egnp :fire:\r\nmore", "<@U024BE7LH>", "v1")
	h.add("long", strings.Repeat("ä", 10_000)+"\nmore", strings.Repeat("ö", 1000), "v1")
}

// What lies between two versions, told the same by both forges.
func TestTheCommitsBetweenTwoVersions(t *testing.T) {
	atEach(t, func(t *testing.T, h *history) {
		filled(h)
		for name, test := range map[string]struct {
			from, to, tag string
			ahead, behind int
			newest        []string // the titles, as far as the test says
		}{
			"a few commits":             {from: "v1", to: "v2", ahead: 3, newest: []string{"Change 3 of v2", "Change 2 of v2", "Change 1 of v2"}},
			"more than are named":       {from: "v2", to: "v3", ahead: 27, newest: changes("v3", 27, 18)},
			"thousands":                 {from: "v1", to: "v4", ahead: 3030, newest: changes("v4", 3000, 2991)},
			"pages that are full":       {from: "v1", to: "full", ahead: 20, newest: []string{"Change 20 of full"}},
			"the version before":        {from: "v3", to: "v2", behind: 27, newest: []string{"Change 27 of v3"}},
			"apart":                     {from: "v2", to: "hotfix", ahead: 2, behind: 3, newest: []string{"Change 2 of hotfix"}},
			"the same commit":           {from: "rebuilt", to: "rebuilt-2"},
			"a merge":                   {from: "v2", to: "merged", ahead: 2, newest: []string{"Merge pull request #7 from acme/side", "On the side"}},
			"a tag with a path":         {from: "v2", to: "v1.2.4", tag: "checkout/{version}", ahead: 1, newest: []string{"Tagged with a path"}},
			"a tag with a name":         {from: "v2", to: "v1.2.4", tag: "checkout-{version}", ahead: 1, newest: []string{"Tagged with its service"}},
			"a tag with a v":            {from: "v2", to: "1.2.4", tag: "v{version}", ahead: 1, newest: []string{"Tagged with a v"}},
			"a commit's id":             {from: "v1", to: h.refs["v2"], ahead: 3},
			"a commit's short id":       {from: "v1", to: h.refs["v2"][:12], ahead: 3},
			"a commit as builds say it": {from: "v1", to: "sha-" + h.refs["v2"], ahead: 3},
			"neither words nor author":  {from: "v1", to: "odd", ahead: 1, newest: []string{""}},
			"words that are markup":     {from: "v1", to: "hostile", ahead: 1, newest: []string{"<!channel> `x` *b* https://evil.example \u202egnp :fire:"}},
			"words without end":         {from: "v1", to: "long", ahead: 1, newest: []string{strings.Repeat("ä", 199) + "…"}},
		} {
			s := h.source()
			if s.Tag = test.tag; s.Tag != "" {
				h.mu.Lock()
				h.refs[strings.ReplaceAll(s.Tag, "{version}", test.from)] = h.refs[test.from]
				h.mu.Unlock()
			}
			got := h.reader().Compare(t.Context(), s, "r/checkout:"+test.from, "r/checkout:"+test.to+"@sha256:"+strings.Repeat("a", 64))
			if !got.Unknown.IsZero() || got.Ahead != test.ahead || got.Behind != test.behind {
				t.Errorf("%s: %d ahead, %d behind, unknown %v", name, got.Ahead, got.Behind, got.Unknown)
			}
			if want := min(10, named(test.ahead, test.behind)); len(got.Newest) != want {
				t.Fatalf("%s: %d are named, want %d", name, len(got.Newest), want)
			}
			for i, title := range test.newest {
				if got.Newest[i].Title != title {
					t.Errorf("%s: number %d is %q, want %q", name, i, got.Newest[i].Title, title)
				}
			}
		}
	})
}

// changes are titles of a line of commits, newest first.
func changes(of string, newest, oldest int) (titles []string) {
	for n := newest; n >= oldest; n-- {
		titles = append(titles, fmt.Sprintf("Change %d of %s", n, of))
	}
	return titles
}

// named is how many there are to be named: those ahead, or where there are none those behind.
func named(ahead, behind int) int {
	if ahead > 0 {
		return ahead
	}
	return behind
}

// Links lead to the service's own repository whatever the forge answers, and names are bounded.
func TestLinksAreOurs(t *testing.T) {
	atEach(t, func(t *testing.T, h *history) {
		filled(h)
		got := h.reader().Compare(t.Context(), h.source(), "r/c:v1", "r/c:v2")
		page := "https://git.example.com/" + h.project()
		if h.kind == forge.GitLab {
			page += "/-"
		}
		if got.Link != page+"/compare/v1...v2" || got.Newest[0].Link != page+"/commit/"+h.refs["v2"] || got.Newest[0].Hash != h.refs["v2"] || got.Newest[0].Author != "Ana" {
			t.Errorf("%s, %+v", got.Link, got.Newest[0])
		}
		if back := h.reader().Compare(t.Context(), h.source(), "r/c:v2", "r/c:v1"); back.Link != page+"/compare/v1...v2" {
			t.Errorf("back: %s", back.Link)
		}
		if long := h.reader().Compare(t.Context(), h.source(), "r/c:v1", "r/c:long"); len([]rune(long.Newest[0].Author)) != 80 {
			t.Errorf("a name of %d characters", len([]rune(long.Newest[0].Author)))
		}
	})
}

// Each way in which a forge is of no help is one problem, soon, and never the token.
func TestWhyTheCommitsAreNotKnown(t *testing.T) {
	atEach(t, func(t *testing.T, h *history) {
		filled(h)
		status := func(code int, headers ...string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) {
				for i := 0; i < len(headers); i += 2 {
					w.Header().Set(headers[i], headers[i+1])
				}
				w.WriteHeader(code)
				_, _ = io.WriteString(w, `{"message": "no, `+token+`"}`)
			}
		}
		says := func(body string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
		}
		reset := time.Now().Add(20 * time.Minute).Truncate(time.Second)
		unix := fmt.Sprint(reset.Unix())
		for name, test := range map[string]struct {
			from, to string
			answer   http.HandlerFunc
			want     rollout.ProblemCode
			until    time.Time
		}{
			"no tag before":             {from: "v0", to: "v2", want: rollout.ProblemNoSuchTag},
			"no such tag":               {from: "v1", to: "v99", want: rollout.ProblemNoSuchTag},
			"a tag that git has not":    {from: "v1", to: "v1..v2", want: rollout.ProblemNoSuchTag},
			"a version without a tag":   {from: "", to: "v2", want: rollout.ProblemNoVersionTag},
			"twice the same tag":        {from: "latest", to: "latest", want: rollout.ProblemOneVersionTag},
			"not to be seen":            {from: "v1", to: "v2", answer: status(404), want: rollout.ProblemGitMissing},
			"a bad token":               {from: "v1", to: "v2", answer: status(401), want: rollout.ProblemGitSignIn},
			"no right":                  {from: "v1", to: "v2", answer: status(403), want: rollout.ProblemGitForge},
			"asked too much, at GitHub": {from: "v1", to: "v2", answer: status(403, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", unix), want: rollout.ProblemForgeLimit, until: reset},
			"asked too much, at GitLab": {from: "v1", to: "v2", answer: status(429, "RateLimit-Reset", unix), want: rollout.ProblemForgeLimit, until: reset},
			"asked too much, unsaid":    {from: "v1", to: "v2", answer: status(429), want: rollout.ProblemForgeLimit},
			"nonsense in its limit":     {from: "v1", to: "v2", answer: status(429, "Retry-After", "-1", "X-RateLimit-Reset", "99999999999999999999"), want: rollout.ProblemForgeLimit},
			"broken":                    {from: "v1", to: "v2", answer: status(502), want: rollout.ProblemGitForge},
			"moved":                     {from: "v1", to: "v2", answer: status(301, "Location", "http://127.0.0.1:1/"), want: rollout.ProblemGitForge},
			"a page for people":         {from: "v1", to: "v2", answer: says("<html>"), want: rollout.ProblemNotRead},
			"an empty object":           {from: "v1", to: "v2", answer: says("{}"), want: rollout.ProblemNotRead},
			"nothing":                   {from: "v1", to: "v2", answer: says("null"), want: rollout.ProblemNotRead},
			"half an answer":            {from: "v1", to: "v2", answer: says(`{"status": "ahead", "commits": [`), want: rollout.ProblemNotRead},
			"other types":               {from: "v1", to: "v2", answer: says(`{"status": 1, "commits": 2}`), want: rollout.ProblemNotRead},
			"too much": {from: "v1", to: "v2", answer: func(w http.ResponseWriter, _ *http.Request) {
				for range 17 {
					_, _ = w.Write(make([]byte, 1<<20))
				}
			}, want: rollout.ProblemTooManyCommits},
			"a connection that breaks": {from: "v1", to: "v2", answer: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, want: rollout.ProblemGitNoAnswer},
		} {
			h.faulty(test.answer)
			image := func(version string) string {
				if version == "" {
					return "r/c@sha256:" + strings.Repeat("a", 64)
				}
				return "r/c:" + version
			}
			got := h.reader().Compare(t.Context(), h.source(), image(test.from), image(test.to))
			if got.Unknown.Code != test.want || !got.Unknown.Until.Equal(test.until) {
				t.Errorf("%s: %+v, want %s until %s", name, got.Unknown, test.want, test.until)
			}
			if strings.Contains(fmt.Sprint(got), token) {
				t.Errorf("%s: it tells the token: %+v", name, got)
			}
		}
	})
}

// What one asks in vain for is named: the tag, and the repository.
func TestWhatIsMissingIsNamed(t *testing.T) {
	atEach(t, func(t *testing.T, h *history) {
		filled(h)
		s := h.source()
		s.Tag = "checkout/{version}"
		for version, tag := range map[string]string{"v9": "checkout/v9", "a..b": "checkout/a..b"} {
			got := h.reader().Compare(t.Context(), s, "r/c:v1.2.4", "r/c:"+version).Unknown
			want := rollout.Problem{Code: rollout.ProblemNoSuchTag, Value: "git.example.com/" + h.project(), Want: tag}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", version, diff)
			}
		}
		s.Repository += "-2"
		if got := h.reader().Compare(t.Context(), s, "r/c:v1", "r/c:v2").Unknown; got.Code != rollout.ProblemGitMissing || got.Value != s.Repository {
			t.Errorf("another repository: %+v", got)
		}
	})
}

// A forge that hangs costs five seconds, one that is away none to speak of.
func TestAForgeThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	h := newHistory(t, forge.GitHub)
	released := make(chan struct{})
	defer close(released)
	h.faulty(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-released:
		}
	})
	began := time.Now()
	got := h.reader().Compare(t.Context(), h.source(), "r/c:v1", "r/c:v2").Unknown
	if got.Code != rollout.ProblemGitTimeout || got.Span != 5*time.Second || time.Since(began) > 30*time.Second {
		t.Errorf("%+v after %s", got, time.Since(began))
	}
	h.server.CloseClientConnections()
	away := git.New(git.Options{Hosts: []git.Host{{Name: "git.example.com", TokenFile: h.file, Forge: forge.GitHub, API: "http://127.0.0.1:1"}}})
	if got := away.Compare(t.Context(), h.source(), "r/c:v1", "r/c:v2").Unknown; got.Code != rollout.ProblemGitNoAnswer {
		t.Errorf("away: %+v", got)
	}
}

// The token goes to the forge and nowhere else: a redirect is not followed.
func TestARedirectIsNotFollowed(t *testing.T) {
	atEach(t, func(t *testing.T, h *history) {
		var came atomic.Int32
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came.Add(1) }))
		defer other.Close()
		for _, status := range []int{301, 302, 303, 307, 308} {
			h.faulty(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other.URL+r.URL.Path, status) })
			if got := h.reader().Compare(t.Context(), h.source(), "r/c:v1", "r/c:v2").Unknown; got.Code != rollout.ProblemGitForge || got.Count != status {
				t.Errorf("%d: %+v", status, got)
			}
		}
		if came.Load() != 0 {
			t.Errorf("%d requests went elsewhere", came.Load())
		}
	})
}

// What was answered is not asked again: about commits never, about tags for five minutes. What was refused is.
func TestAnswersAreKept(t *testing.T) {
	t.Parallel()
	h := newHistory(t, forge.GitHub)
	filled(h)
	g, ask := h.reader(), func(g *git.Repository, to string) int {
		h.questions()
		g.Compare(t.Context(), h.source(), "r/c:v1", "r/c:"+to)
		return h.questions()
	}
	for i, want := range []int{1, 0, 0} {
		if n := ask(g, "v2"); n != want {
			t.Errorf("number %d: %d requests", i, n)
		}
	}
	if n := ask(g, "hotfix"); n != 1 {
		t.Errorf("another version: %d requests", n)
	}
	for range 2 {
		if n := ask(g, "v99"); n == 0 {
			t.Error("a missing tag is never looked for again")
		}
	}
	h.add("v99", "At last", "Ana", "v1")
	if got := g.Compare(t.Context(), h.source(), "r/c:v1", "r/c:v99"); got.Ahead != 1 {
		t.Errorf("once it is pushed: %+v", got)
	}
	for i := range 300 { // more than are kept
		h.add(fmt.Sprintf("n%d", i), "Again", "Ana", "v1")
		ask(g, fmt.Sprintf("n%d", i))
	}
	if n := ask(g, "v2"); n != 1 {
		t.Errorf("after many others: %d requests", n)
	}
}

// Who reads needs no token where everybody may read, and the one in the file is read anew.
func TestTheTokenIsReadAnew(t *testing.T) {
	atEach(t, func(t *testing.T, h *history) {
		filled(h)
		g := h.reader()
		h.token = "rotated"
		if got := g.CanRead(t.Context(), h.source()); got.Code != rollout.ProblemGitSignIn {
			t.Errorf("with the old token: %+v", got)
		}
		if err := os.WriteFile(h.file, []byte("rotated\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		deadline := time.Now().Add(20 * time.Second)
		for !g.CanRead(t.Context(), h.source()).IsZero() {
			if time.Now().After(deadline) {
				t.Fatalf("with the new one: %+v", g.CanRead(t.Context(), h.source()))
			}
		}
		unknown := rollout.Source{Repository: "elsewhere.example.com/acme/checkout"}
		if got := g.CanRead(t.Context(), unknown); got.Code != rollout.ProblemNoForge || got.Want != "elsewhere.example.com" {
			t.Errorf("at a host that nobody knows: %+v", got)
		}
	})
}
