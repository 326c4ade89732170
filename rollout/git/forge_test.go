package git_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/git/forge"
)

// token signs in at the forges here.
const token = "t0ken-hunter2"

// pull is a pull request of the forge in memory.
type pull struct {
	number      int
	head, base  string
	state       string // open, closed, merged
	hash        string
	title, body string
}

// forgeBed is a repository at a forge in memory, that serves Git and the API and knows one token.
type forgeBed struct {
	*bed
	kind    forge.Kind
	url     string
	hosts   []git.Host
	mu      sync.Mutex // guards the fields below
	pulls   []*pull
	opened  int                       // requests to open one
	answer  func(r *http.Request) int // a status instead of an answer; 0: none
	onClose func(p *pull)             // before one is closed
}

// newForge starts a forge of a kind.
func newForge(t *testing.T, kind forge.Kind) *forgeBed {
	t.Helper()
	f := &forgeBed{bed: newBed(t, shop()), kind: kind}
	repo := f.serve(func(git http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/api/") {
				f.api(w, r)
				return
			}
			if _, password, _ := r.BasicAuth(); password != token {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			git.ServeHTTP(w, r)
		})
	})
	u, err := url.Parse(repo)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.url = repo
	f.hosts = []git.Host{{Name: u.Host, TokenFile: file, Forge: kind, API: "http://" + u.Host + map[forge.Kind]string{forge.GitHub: "/api/v3", forge.GitLab: "/api/v4"}[kind]}}
	return f
}

// api answers as the forge's REST API does, as far as it is used.
func (f *forgeBed) api(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer "+token {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"message": "Bad credentials"}`)
		return
	}
	if f.answer != nil {
		if status := f.answer(r); status != 0 {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, `{"message": "made to fail with `+token+`"}`)
			return
		}
	}
	prefix := map[forge.Kind]string{forge.GitHub: "/api/v3/repos/acme/deploys/pulls", forge.GitLab: "/api/v4/projects/acme%2Fdeploys/merge_requests"}[f.kind]
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message": "404 Not Found"}`)
		return
	}
	var body struct{ Title, Head, Base, Body, State, Source_branch, Target_branch, Description, State_event string }
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&body)
	}
	switch {
	case r.Method == http.MethodGet && rest == "":
		f.list(w, r)
	case r.Method == http.MethodPost && rest == "":
		f.opened++
		f.open(w, &pull{
			head: body.Head + body.Source_branch, base: body.Base + body.Target_branch, title: body.Title, body: body.Body + body.Description, state: "open",
		})
	case (r.Method == http.MethodPatch || r.Method == http.MethodPut) && (body.State == "closed" || body.State_event == "close"):
		for _, p := range f.pulls {
			if rest == fmt.Sprintf("/%d", p.number) {
				if f.onClose != nil {
					f.onClose(p)
				}
				if p.state == "open" {
					p.state = "closed"
				}
				f.write(w, f.render(p))
			}
		}
	}
}

func (f *forgeBed) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	head, base := strings.TrimPrefix(q.Get("head"), "acme:")+q.Get("source_branch"), q.Get("base")+q.Get("target_branch")
	all := []any{}
	for _, p := range f.pulls {
		if p.head == head && p.base == base && q.Get("state") == "all" {
			all = append(all, f.render(p))
		}
	}
	f.write(w, all)
}

func (f *forgeBed) open(w http.ResponseWriter, p *pull) {
	for _, other := range f.pulls {
		if other.head == p.head && other.base == p.base && other.state == "open" {
			w.WriteHeader(map[forge.Kind]int{forge.GitHub: 422, forge.GitLab: 409}[f.kind])
			_, _ = io.WriteString(w, `{"message": ["Another open merge request already exists"]}`)
			return
		}
	}
	if !f.has(p.head) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = io.WriteString(w, `{"message": "Validation Failed", "errors": [{"message": "head is invalid"}]}`)
		return
	}
	p.number = len(f.pulls) + 1
	f.pulls = append(f.pulls, p)
	w.WriteHeader(http.StatusCreated)
	f.write(w, f.render(p))
}

func (f *forgeBed) write(w http.ResponseWriter, what any) {
	if err := json.NewEncoder(w).Encode(what); err != nil {
		f.t.Error(err)
	}
}

// render is a pull request as the forge's API has it.
func (f *forgeBed) render(p *pull) map[string]any {
	link := fmt.Sprintf("%s/pull/%d", strings.TrimSuffix(f.url, ".git"), p.number)
	if f.kind == forge.GitLab {
		state := map[string]string{"open": "opened"}[p.state]
		return map[string]any{
			"iid": p.number, "state": or(state, p.state), "web_url": link, "source_branch": p.head, "target_branch": p.base,
			"source_project_id": 1, "target_project_id": 1, "merge_commit_sha": nil, "squash_commit_sha": nil, "sha": p.hash,
		}
	}
	one := map[string]any{
		"number": p.number, "state": p.state, "html_url": link, "merged_at": nil, "merge_commit_sha": "7e57",
		"head": map[string]any{"ref": p.head, "repo": map[string]any{"full_name": "acme/deploys"}}, "base": map[string]any{"ref": p.base},
	}
	if p.state == "merged" {
		one["state"], one["merged_at"], one["merge_commit_sha"] = "closed", "2026-11-28T20:00:00Z", p.hash
	}
	return one
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// merge merges a pull request, as a person would by the forge's button.
func (f *forgeBed) merge(p *pull, squash string) {
	f.run(f.work, "fetch", "-q", "origin")
	f.run(f.work, "reset", "-q", "--hard", "origin/"+p.base)
	if squash != "" {
		f.run(f.work, "merge", "-q", "--squash", "origin/"+p.head)
		f.run(f.work, "commit", "-q", "-m", squash)
	} else {
		f.run(f.work, "merge", "-q", "--no-ff", "-m", "Merge", "origin/"+p.head)
	}
	f.run(f.work, "push", "-q", "origin", "HEAD:"+p.base)
	f.run(f.work, "push", "-q", "origin", ":"+p.head)
	p.state, p.hash = "merged", f.run(f.work, "rev-parse", "HEAD")
}

func (f *forgeBed) rollout() rollout.Rollout {
	r := promoting(f.url)
	r.Spec.Promote.Git.Push = rollout.PullRequest
	return r
}

func (f *forgeBed) fulfil(r rollout.Rollout, wish rollout.GitWish) rollout.GitState {
	return git.New(git.Options{Hosts: f.hosts}).Fulfil(f.t.Context(), r, wish)
}

const asking = "canarybot/checkout-42-5ce1f00d"

// forges runs a test at each kind of forge.
func forges(t *testing.T, test func(t *testing.T, f *forgeBed)) {
	t.Parallel()
	for _, kind := range []forge.Kind{forge.GitHub, forge.GitLab} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, newForge(t, kind))
		})
	}
}

func TestAPullRequest(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		s := want(t, f.fulfil(r, rollout.WantPromotion), "v1")
		if !s.Promotion.Asked || s.Promotion.Hash != "" || !strings.HasSuffix(s.Promotion.Link, "/acme/deploys/pull/1") {
			t.Fatalf("asked: %+v", s)
		}
		if again := want(t, f.fulfil(r, rollout.WantPromotion), "v1"); again.Promotion != s.Promotion || f.opened != 1 {
			t.Errorf("asked again: %+v", again)
		}
		if p := f.pulls[0]; p.title != "Promote checkout to v2" || !strings.Contains(p.body, "Canarybot-Rollout: checkout-42\n") || p.head != asking || p.base != "main" {
			t.Errorf("the pull request is %+v", p)
		}
		f.merge(f.pulls[0], "")
		s = want(t, f.fulfil(r, rollout.WantPromotion), "v2")
		if s.Promotion.Hash == "" || !s.Promotion.Asked || s.Promotion.Declined || f.ours("main") != 1 {
			t.Errorf("merged: %+v", s)
		}
		back := want(t, f.fulfil(r, rollout.WantRevert), "v2")
		if back.Promotion.Hash == "" || !back.Revert.Asked || back.Revert.Hash != "" || len(f.pulls) != 2 || f.pulls[1].head != asking+"-revert" {
			t.Fatalf("the revert is %+v", back)
		}
		f.merge(f.pulls[1], "")
		back = want(t, f.fulfil(r, rollout.WantRevert), "v1")
		if back.Revert.Hash == "" || len(f.pulls) != 2 || f.file("main", "apps/shop/kustomization.yaml")+"\n" != kustomization {
			t.Errorf("reverted: %+v", back)
		}
	})
}

func TestAPullRequestThatIsDeclined(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		f.fulfil(r, rollout.WantPromotion)
		f.pulls[0].state = "closed"
		for range 2 {
			s := want(t, f.fulfil(r, rollout.WantPromotion), "v1")
			if !s.Promotion.Declined || s.Promotion.Asked || len(f.pulls) != 1 {
				t.Errorf("got %+v", s)
			}
		}
		s := want(t, f.fulfil(r, rollout.WantRevert), "v1")
		if !s.Promotion.Declined || f.has(asking) || f.ours("main") != 0 {
			t.Errorf("withdrawn: %+v", s)
		}
	})
}

func TestAnOpenPullRequestIsWithdrawn(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		f.fulfil(r, rollout.WantPromotion)
		if !f.has(asking) {
			t.Fatal("no branch was pushed")
		}
		for range 2 {
			s := want(t, f.fulfil(r, rollout.WantRevert), "v1")
			if !s.Promotion.Declined || !s.Revert.IsZero() || f.has(asking) || f.pulls[0].state != "closed" {
				t.Errorf("got %+v", s)
			}
		}
	})
}

// Somebody merges it while it is being withdrawn: then it is reverted.
func TestAPullRequestThatIsMergedWhileItIsWithdrawn(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		f.fulfil(r, rollout.WantPromotion)
		f.onClose = func(p *pull) { f.merge(p, "") }
		s := want(t, f.fulfil(r, rollout.WantRevert), "v2")
		if s.Promotion.Hash == "" || !s.Revert.Asked {
			t.Errorf("got %+v", s)
		}
	})
}

// A squash whose message lost the trailers is known by its pull request.
func TestASquashWithoutTrailers(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		f.fulfil(r, rollout.WantPromotion)
		f.merge(f.pulls[0], "Promote (#1)")
		s := want(t, f.fulfil(r, rollout.WantPromotion), "v2")
		if s.Promotion.Hash != f.pulls[0].hash || len(f.pulls) != 1 {
			t.Errorf("got %+v", s)
		}
		if s = want(t, f.fulfil(r, rollout.WantRevert), "v2"); !s.Revert.Asked {
			t.Errorf("the revert is %+v", s)
		}
	})
}

// Cut off between the push of the branch and the request, it goes on there.
func TestABranchWithoutItsRequest(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		f.answer = func(r *http.Request) int {
			if r.Method == http.MethodPost {
				return 503
			}
			return 0
		}
		s := f.fulfil(r, rollout.WantPromotion)
		if s.Unreadable.Code != rollout.ProblemGitForge || s.Unreadable.Count != 503 || !f.has(asking) {
			t.Fatalf("got %+v", s)
		}
		if strings.Contains(s.Unreadable.String(), token) {
			t.Errorf("the token is told: %s", s.Unreadable)
		}
		at := f.run(f.bare, "rev-parse", asking)
		f.answer = nil
		s = want(t, f.fulfil(r, rollout.WantPromotion), "v1")
		if !s.Promotion.Asked || f.run(f.bare, "rev-parse", asking) != at || len(f.pulls) != 1 {
			t.Errorf("got %+v", s)
		}
	})
}

// A branch whose request was never opened goes too.
func TestABranchWithoutItsRequestIsWithdrawn(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		f.answer = func(r *http.Request) int { return map[bool]int{true: 503}[r.Method == http.MethodPost] }
		f.fulfil(r, rollout.WantPromotion)
		s := want(t, f.fulfil(r, rollout.WantRevert), "v1")
		if !s.Promotion.IsZero() || f.has(asking) || len(f.pulls) != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestPullRequestsBesideOtherProcesses(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		r := f.rollout()
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if s := f.fulfil(r, rollout.WantPromotion); !s.Promotion.Asked {
					t.Errorf("got %+v", s)
				}
			})
		}
		group.Wait()
		if len(f.pulls) != 1 {
			t.Errorf("%d pull requests", len(f.pulls))
		}
	})
}

// A branch that takes no push gets a pull request by itself.
func TestAProtectedBranch(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		f.hook("pre-receive", `while read old new ref; do [ "$ref" != refs/heads/main ] || { echo "GH006: Protected branch update failed" >&2; exit 1; }; done`)
		r := f.rollout()
		r.Spec.Promote.Git.Push = rollout.PushDirect
		s := want(t, f.fulfil(r, rollout.WantPromotion), "v1")
		if !s.Promotion.Asked || len(f.pulls) != 1 {
			t.Fatalf("got %+v", s)
		}
		r.Git = s // as the rollout keeps it
		if s = want(t, f.fulfil(r, rollout.WantPromotion), "v1"); !s.Promotion.Asked || len(f.pulls) != 1 {
			t.Errorf("again: %+v", s)
		}
	})
}

// What the forge refuses is told, and no redirect gets the token.
func TestForgesInTrouble(t *testing.T) {
	forges(t, func(t *testing.T, f *forgeBed) {
		for _, status := range []int{301, 307, 400, 401, 403, 404, 429, 500} {
			f.answer = func(*http.Request) int { return status }
			s := f.fulfil(f.rollout(), rollout.WantPromotion)
			if s.Unreadable.Code != rollout.ProblemGitForge || s.Unreadable.Count != status || s.Unreadable.Words == "" || strings.Contains(s.Unreadable.String(), token) {
				t.Errorf("%d: %+v", status, s)
			}
		}
	})
}

// A link that leads elsewhere is none.
func TestLinksLeadToTheForge(t *testing.T) {
	f := newForge(t, forge.GitHub)
	r := f.rollout()
	good := f.url
	f.url = "https://evil.example.com/acme/deploys.git"
	s := want(t, git.New(git.Options{Hosts: f.hosts}).Fulfil(t.Context(), func() rollout.Rollout { r.Spec.Promote.Git.Repo = good; return r }(), rollout.WantPromotion), "v1")
	if s.Promotion.Link != "" || !s.Promotion.Asked {
		t.Errorf("got %+v", s)
	}
}

// Without a forge there is nobody to ask.
func TestWithoutAForge(t *testing.T) {
	f := newForge(t, forge.GitHub)
	f.hosts[0].Forge = forge.Unknown
	if s := f.fulfil(f.rollout(), rollout.WantPromotion); s.Refused.Code != rollout.ProblemGitNoForge {
		t.Errorf("got %+v", s)
	}
}

// A token that is wrong or missing is told as such, and shown to nobody.
func TestSigningIn(t *testing.T) {
	t.Parallel()
	f := newForge(t, forge.GitHub)
	f.answer = nil
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, tt := range map[string]struct {
		file string
		want rollout.ProblemCode
	}{
		"none":    {"", rollout.ProblemGitSignIn},
		"wrong":   {file("wrong", "wr0ng-hunter2"), rollout.ProblemGitSignIn},
		"missing": {filepath.Join(dir, "missing"), rollout.ProblemGitNoKey},
		"empty":   {file("empty", ""), rollout.ProblemGitNoKey},
		"lines":   {file("lines", "hunter2\nhunter2"), rollout.ProblemGitNoKey},
	} {
		hosts := []git.Host{f.hosts[0]}
		hosts[0].TokenFile, hosts[0].Forge = tt.file, forge.Unknown
		r := f.rollout()
		r.Spec.Promote.Git.Push = rollout.PushDirect
		s := git.New(git.Options{Hosts: hosts}).Fulfil(t.Context(), r, rollout.WantPromotion)
		if s.Unreadable.Code != tt.want || strings.Contains(s.Unreadable.String(), "hunter2") {
			t.Errorf("%s: got %+v", name, s)
		}
	}
}

// A token leaves this machine encrypted, or not at all.
func TestATokenInClearText(t *testing.T) {
	t.Parallel()
	f := newForge(t, forge.GitHub)
	hosts := []git.Host{f.hosts[0]}
	hosts[0].Name = "git.example.com"
	s := git.New(git.Options{Hosts: hosts}).Fulfil(t.Context(), promoting("http://git.example.com/acme/deploys.git"), rollout.WantNothing)
	if s.Unreadable.Code != rollout.ProblemGitNoKey || !strings.Contains(s.Unreadable.Words, "unencrypted") {
		t.Errorf("got %+v", s)
	}
}

// A server that sends the client elsewhere gets the token, and the other does not.
func TestRedirectsLoseTheToken(t *testing.T) {
	t.Parallel()
	f := newForge(t, forge.GitHub)
	var seen []string
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(other.Close)
	from := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL+r.URL.String(), http.StatusFound)
	}))
	t.Cleanup(from.Close)
	hosts := []git.Host{{Name: strings.TrimPrefix(from.URL, "http://"), TokenFile: f.hosts[0].TokenFile}}
	s := git.New(git.Options{Hosts: hosts}).Fulfil(t.Context(), promoting(from.URL+"/acme/deploys.git"), rollout.WantNothing)
	if s.Unreadable.Code != rollout.ProblemGitSignIn || len(seen) != 1 || seen[0] != "" {
		t.Errorf("got %+v; the other saw %q", s, seen)
	}
}
