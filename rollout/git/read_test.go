package git_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

// What does not lead to a plain file is refused, and nothing is written.
func TestPathsThatAreNoFile(t *testing.T) {
	t.Parallel()
	const dir = "apps/shop/"
	for name, tt := range map[string]struct {
		path string
		make func(b *bed)
		want rollout.ProblemCode
	}{
		"a missing file":      {dir + "none.yaml", nil, rollout.ProblemGitNoFile},
		"a missing directory": {"none/kustomization.yaml", nil, rollout.ProblemGitNoFile},
		"below a file":        {dir + "kustomization.yaml/x", nil, rollout.ProblemGitNoFile},
		"a directory":         {"apps/shop", nil, rollout.ProblemGitDirectory},
		"a link":              {dir + "link.yaml", func(b *bed) { link(b, "kustomization.yaml", dir+"link.yaml") }, rollout.ProblemGitSymlink},
		"a link out of it":    {dir + "out.yaml", func(b *bed) { link(b, "/etc/passwd", dir+"out.yaml") }, rollout.ProblemGitSymlink},
		"behind a link":       {"linked/shop/kustomization.yaml", func(b *bed) { link(b, "apps", "linked") }, rollout.ProblemGitSymlink},
		"in a submodule": {"sub/kustomization.yaml", func(b *bed) {
			b.run(b.work, "update-index", "--add", "--cacheinfo", "160000,"+b.run(b.work, "rev-parse", "HEAD")+",sub")
			b.run(b.work, "commit", "-q", "-m", "Sub")
			b.run(b.work, "push", "-q", "origin", "HEAD:main")
		}, rollout.ProblemGitSubmodule},
		"kept by LFS": {"lfs.yaml", func(b *bed) {
			b.commit("LFS", map[string]string{"lfs.yaml": "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n"})
		}, rollout.ProblemGitLFS},
		"huge":       {"huge.yaml", func(b *bed) { b.commit("Huge", map[string]string{"huge.yaml": strings.Repeat("# x\n", 1<<19)}) }, rollout.ProblemGitFileTooLarge},
		"no YAML":    {"README.md", func(b *bed) { b.commit("Text", map[string]string{"README.md": "a: b: c\n"}) }, rollout.ProblemGitNotYAML},
		"no version": {"apps/other.yaml", nil, rollout.ProblemGitNoValue},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, shop())
			if tt.make != nil {
				tt.make(b)
			}
			for _, filter := range []bool{false, true} {
				if filter {
					b.filtering()
				}
				r := promoting("file://" + b.bare)
				r.Spec.Promote.Git.Path = tt.path
				s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion)
				if s.Refused.Code != tt.want || s.Refused.Key != tt.path || b.ours("main") != 0 {
					t.Errorf("filter %v: got %+v, want %s", filter, s, tt.want)
				}
			}
		})
	}
}

func link(b *bed, to, at string) {
	if err := os.Symlink(to, filepath.Join(b.work, at)); err != nil {
		b.t.Fatal(err)
	}
	b.commit("Link", nil)
}

// Paths and addresses that the configuration refuses are refused here too: a stored rollout may have them.
func TestPathsOutOfTheRepository(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	for _, path := range []string{"../x.yaml", "/etc/passwd", "apps/../../x", ".git/config", "apps//shop/kustomization.yaml", "./README.md", ""} {
		r := promoting("file://" + b.bare)
		r.Spec.Promote.Git.Path = path
		if s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion); s.Unreadable.IsZero() && s.Refused.IsZero() {
			t.Errorf("%q: %+v", path, s)
		}
	}
	for _, repo := range []string{"https://me:hunter2@127.0.0.1/x", "ext::sh -c hunter2", "-hunter2", "https://127.0.0.1/x?hunter2"} {
		s := git.New(git.Options{}).Fulfil(t.Context(), promoting(repo), rollout.WantPromotion)
		if s.Unreadable.IsZero() || strings.Contains(fmt.Sprintf("%+v", s), "hunter2") {
			t.Errorf("%q: %+v", repo, s)
		}
	}
}

// What a server or a network does instead of answering.
func TestServersInTrouble(t *testing.T) {
	t.Parallel()
	status := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code); _, _ = io.WriteString(w, body) }
	}
	endless := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		for chunk := strings.Repeat("0", 1<<16); ; {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	}
	for name, tt := range map[string]struct {
		answer http.HandlerFunc
		want   rollout.ProblemCode
	}{
		"401":         {status(401, "hunter2"), rollout.ProblemGitSignIn},
		"403":         {status(403, ""), rollout.ProblemGitSignIn},
		"404":         {status(404, "Not Found"), rollout.ProblemGitMissing},
		"500":         {status(500, "<html>"), rollout.ProblemGitNoAnswer},
		"502":         {status(502, strings.Repeat("x", 1<<20)), rollout.ProblemGitNoAnswer},
		"a page":      {status(200, "<html>Sign in</html>"), rollout.ProblemGitNoAnswer},
		"nothing":     {status(200, ""), rollout.ProblemGitNoAnswer},
		"without end": {endless, ""},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/x", http.StatusFound)
		}, rollout.ProblemGitNoAnswer},
		"round and round": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }, rollout.ProblemGitNoAnswer},
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, "001e# service=git-upload-pack\n")
		}, rollout.ProblemGitNoAnswer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := httptest.NewServer(tt.answer)
			t.Cleanup(s.Close)
			got := git.New(git.Options{}).Fulfil(t.Context(), promoting(s.URL+"/acme/deploys.git"), rollout.WantPromotion)
			if got.Unreadable.IsZero() || tt.want != "" && got.Unreadable.Code != tt.want || got.Unreadable.Value == "" || strings.Contains(got.Unreadable.String(), "hunter2") {
				t.Errorf("got %+v", got)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		t.Parallel()
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		got := git.New(git.Options{}).Fulfil(t.Context(), promoting("http://"+l.Addr().String()+"/acme/deploys.git"), rollout.WantPromotion)
		if got.Unreadable.Code != rollout.ProblemGitNoAnswer || !strings.Contains(got.Unreadable.Words, "refused") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("no answer", func(t *testing.T) {
		t.Parallel()
		release := make(chan struct{})
		s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
		t.Cleanup(s.Close)
		t.Cleanup(func() { close(release) })
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		got := git.New(git.Options{}).Fulfil(ctx, promoting(s.URL+"/acme/deploys.git"), rollout.WantPromotion)
		if got.Unreadable.Code != rollout.ProblemGitTimeout {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRepositoriesThatAreNotThere(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	empty := filepath.Join(t.TempDir(), "acme", "deploys.git")
	b.run(b.bare, "init", "-q", "--bare", empty)
	for name, tt := range map[string]struct {
		repo, branch string
		want         rollout.ProblemCode
	}{
		"no repository": {"file:///nowhere/acme/deploys.git", "main", rollout.ProblemGitMissing},
		"no branch":     {"file://" + b.bare, "production", rollout.ProblemGitNoBranch},
		"empty":         {"file://" + empty, "main", rollout.ProblemGitNoBranch},
		"empty, HTTP":   {(&bed{t: t, bare: empty}).serve(nil), "main", rollout.ProblemGitNoBranch},
	} {
		r := promoting(tt.repo)
		r.Spec.Promote.Git.Branch = tt.branch
		if s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion); s.Unreadable.Code != tt.want {
			t.Errorf("%s: got %+v, want %s", name, s, tt.want)
		}
	}
}

// counted counts what a server sends.
type counted struct {
	http.ResponseWriter
	bytes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.bytes.Add(int64(len(p)))
	return c.ResponseWriter.Write(p)
}

// Of a large repository only what is needed is read, or it is refused.
func TestALargeRepository(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	large := make([]byte, 34<<20) // more than is read at a time
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(large)
	if err := os.WriteFile(filepath.Join(b.work, "large.bin"), large, 0o600); err != nil {
		t.Fatal(err)
	}
	b.run(b.work, "config", "core.compression", "0")
	b.run(b.work, "config", "core.bigFileThreshold", "1m")
	b.commit("Large", nil)
	var sent atomic.Int64
	repo := b.serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { h.ServeHTTP(counted{w, &sent}, r) })
	})
	r := promoting(repo)
	s := git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion)
	if s.Refused.Code != rollout.ProblemGitTooLarge || s.Refused.Limit != 32 {
		t.Errorf("without a filter: %+v", s)
	}
	b.filtering()
	sent.Store(0)
	want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
	if sent.Load() > 100<<10 || b.ours("main") != 1 {
		t.Errorf("%d bytes were sent", sent.Load())
	}
}

// Our commit is found as far back as the rollout's start, whatever came since; and not made again.
func TestALongHistory(t *testing.T) {
	t.Parallel()
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, shop())
			r := promoting(way(b))
			first := want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			var stream strings.Builder
			fmt.Fprintf(&stream, "reset refs/heads/main\nfrom %s\n", b.run(b.bare, "rev-parse", "main"))
			for i := range 600 {
				text := strings.Replace(kustomization, "v1 ", "v3 ", 1)
				fmt.Fprintf(&stream, "commit refs/heads/main\ncommitter Ana <a@example.com> %d +0000\ndata 1\nx\nM 644 inline apps/shop/kustomization.yaml\ndata %d\n%s\n",
					time.Now().Unix()+int64(i), len(text), text)
			}
			cmd := exec.CommandContext(t.Context(), "git", "fast-import", "--quiet")
			cmd.Dir, cmd.Stdin = b.bare, strings.NewReader(stream.String())
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v %s", err, out)
			}
			s := want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v3")
			if s.Promotion != first.Promotion || b.ours("main") != 1 {
				t.Errorf("got %+v", s)
			}
			s = want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantRevert), "v3")
			if !s.Revert.IsZero() || b.ours("main") != 1 {
				t.Errorf("somebody else's value was reverted: %+v", s)
			}
		})
	}
}

// A merge may put our commit beside the first line of the history, or write its message anew.
func TestCommitsThatWereMerged(t *testing.T) {
	t.Parallel()
	for name, merge := range map[string]func(b *bed, branch string){
		"by a merge": func(b *bed, branch string) {
			b.run(b.work, "merge", "-q", "--no-ff", "-m", "Merge pull request #1", branch)
		},
		"by a squash": func(b *bed, branch string) {
			text := b.run(b.work, "log", "-1", "--format=%B", branch)
			b.run(b.work, "merge", "-q", "--squash", branch)
			b.run(b.work, "commit", "-q", "-m", "Promote (#1)\n\n* "+strings.ReplaceAll(text, "\n", "\n  ")+"\n\nCo-authored-by: x <x@example.com>")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, shop())
			b.run(b.bare, "branch", "ours", "main")
			r := promoting("file://" + b.bare)
			r.Spec.Promote.Git.Branch = "ours"
			want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			b.commit("Theirs", map[string]string{"other.txt": "x"})
			b.run(b.work, "fetch", "-q", "origin")
			merge(b, "origin/ours")
			b.run(b.work, "push", "-q", "origin", "HEAD:main")
			r.Spec.Promote.Git.Branch = "main"
			s := want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			if s.Promotion.Hash == "" {
				t.Errorf("not found: %+v", s)
			}
			s = want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantRevert), "v1")
			if s.Revert.Hash == "" || b.file("main", "apps/shop/kustomization.yaml")+"\n" != kustomization {
				t.Errorf("not reverted: %+v", s)
			}
		})
	}
}

// The same id of another store is another rollout.
func TestTwoStoresInOneRepository(t *testing.T) {
	t.Parallel()
	files := shop()
	files["stage/kustomization.yaml"] = kustomization
	b := newBed(t, files)
	one, other := promoting("file://"+b.bare), promoting("file://"+b.bare)
	other.Store, other.Spec.Promote.Git.Path = "0ther0ther", "stage/kustomization.yaml"
	g := git.New(git.Options{})
	want(t, g.Fulfil(t.Context(), one, rollout.WantPromotion), "v2")
	want(t, g.Fulfil(t.Context(), other, rollout.WantPromotion), "v2")
	if b.ours("main") != 2 {
		t.Errorf("%d commits", b.ours("main"))
	}
	want(t, g.Fulfil(t.Context(), one, rollout.WantRevert), "v1")
	want(t, g.Fulfil(t.Context(), other, rollout.WantNothing), "v2")
}

// What somebody else wrote already needs no commit of ours, and is not ours to take back.
func TestAVersionThatIsThereAlready(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	b.commit("Theirs", map[string]string{"apps/shop/kustomization.yaml": strings.Replace(kustomization, "v1 ", "v2 ", 1)})
	r := promoting("file://" + b.bare)
	g := git.New(git.Options{})
	for _, wish := range []rollout.GitWish{rollout.WantPromotion, rollout.WantRevert} {
		if s := want(t, g.Fulfil(t.Context(), r, wish), "v2"); !s.Promotion.IsZero() || !s.Revert.IsZero() || b.ours("main") != 0 {
			t.Errorf("%s: %+v", wish, s)
		}
	}
}

// A promotion that never landed needs no revert.
func TestNothingToRevert(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	s := want(t, git.New(git.Options{}).Fulfil(t.Context(), promoting("file://"+b.bare), rollout.WantRevert), "v1")
	if !s.Promotion.IsZero() || !s.Revert.IsZero() || b.ours("main") != 0 {
		t.Errorf("got %+v", s)
	}
}

// Whatever else is in the directories stays as it is: modes, links, submodules, names that no file system has.
func TestTheRestOfTheTreeStays(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	link(b, "kustomization.yaml", "apps/shop/link")
	b.run(b.work, "update-index", "--add", "--cacheinfo", "160000,"+b.run(b.work, "rev-parse", "HEAD")+",apps/sub")
	b.run(b.work, "update-index", "--chmod=+x", "apps/shop/kustomization.yaml")
	b.run(b.work, "commit", "-q", "-m", "Odd")
	b.run(b.work, "push", "-q", "origin", "HEAD:main")
	want(t, git.New(git.Options{}).Fulfil(t.Context(), promoting("file://"+b.bare), rollout.WantPromotion), "v2")
	if got := b.run(b.bare, "diff-tree", "-r", "--no-commit-id", "--raw", "main~", "main"); strings.Count(got, "\n") != 0 ||
		!strings.HasPrefix(got, ":100755 100755 ") || !strings.HasSuffix(got, "M\tapps/shop/kustomization.yaml") {
		t.Errorf("the commit changes\n%s", got)
	}
}

// Asked again, a repository whose branch stands still is asked for nothing but where that is.
func TestABranchThatStandsStillIsNotReadAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t, shop())
	var requests atomic.Int32
	r := promoting(b.serve(func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { requests.Add(1); h.ServeHTTP(w, r) })
	}))
	g := git.New(git.Options{})
	want(t, g.Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
	requests.Store(0)
	want(t, g.Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
	if n := requests.Load(); n != 1 {
		t.Errorf("%d requests", n)
	}
	b.commit("Theirs", map[string]string{"apps/shop/kustomization.yaml": kustomization})
	want(t, g.Fulfil(t.Context(), r, rollout.WantPromotion), "v1")
}
