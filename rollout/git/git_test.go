package git_test

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
)

const image = "registry.example.com/shop/checkout"

const kustomization = `# what the shop runs
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
images:
  - name: ` + image + `
    newTag: v1   # by the bot
  - name: other
    newTag: "1.10"
`

// bed is a bare repository with a clone of somebody else's.
type bed struct {
	t    *testing.T
	bare string
	work string
}

// newBed makes a repository whose branch main has the files.
func newBed(t *testing.T, files map[string]string) *bed {
	t.Helper()
	dir := t.TempDir()
	b := &bed{t: t, bare: filepath.Join(dir, "acme", "deploys.git"), work: filepath.Join(dir, "work")}
	b.run(dir, "init", "-q", "--bare", "-b", "main", b.bare)
	b.run(b.bare, "config", "http.receivepack", "true")
	b.run(dir, "init", "-q", "-b", "main", b.work)
	b.run(b.work, "remote", "add", "origin", b.bare)
	b.commit("Begin", files)
	return b
}

// run runs git and returns what it says.
func (b *bed) run(dir string, args ...string) string {
	b.t.Helper()
	cmd := exec.CommandContext(context.Background(), "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null", "GIT_AUTHOR_NAME=Ana", "GIT_AUTHOR_EMAIL=ana@example.com",
		"GIT_COMMITTER_NAME=Ana", "GIT_COMMITTER_EMAIL=ana@example.com")
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// commit pushes files as somebody else.
func (b *bed) commit(message string, files map[string]string) {
	b.t.Helper()
	if b.has("main") {
		b.run(b.work, "pull", "-q", "--rebase", "origin", "main")
	}
	for name, text := range files {
		path := filepath.Join(b.work, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			b.t.Fatal(err)
		}
	}
	b.run(b.work, "add", "-A")
	b.run(b.work, "commit", "-q", "--allow-empty", "-m", message)
	b.run(b.work, "push", "-q", "origin", "HEAD:main")
}

func (b *bed) has(branch string) bool {
	return strings.Contains(b.run(b.bare, "for-each-ref", "--format=%(refname)"), "refs/heads/"+branch)
}

// file returns a file of a branch.
func (b *bed) file(branch, path string) string {
	b.t.Helper()
	return b.run(b.bare, "show", branch+":"+path)
}

// ours counts the commits of a branch with our trailer.
func (b *bed) ours(branch string) int {
	b.t.Helper()
	return strings.Count(b.run(b.bare, "log", "--format=%B", branch), "Canarybot-Rollout: checkout-42\n")
}

// hook writes a hook of the repository's.
func (b *bed) hook(name, script string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.bare, "hooks", name), []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		b.t.Fatal(err)
	}
}

// serve serves the repository by git's own http-backend, behind the handler that wraps it.
func (b *bed) serve(wrap func(http.Handler) http.Handler) string {
	b.t.Helper()
	backend := &cgi.Handler{
		Path: filepath.Join(b.run(".", "--exec-path"), "git-http-backend"), Dir: b.bare, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
		Env:        []string{"GIT_PROJECT_ROOT=" + filepath.Dir(filepath.Dir(b.bare)), "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null"},
		InheritEnv: []string{"PATH"},
	}
	var handler http.Handler = backend
	if wrap != nil {
		handler = wrap(handler)
	}
	s := httptest.NewServer(handler)
	b.t.Cleanup(s.Close)
	return s.URL + "/acme/deploys.git"
}

// filtering lets the server leave files out, as GitHub's and GitLab's do.
func (b *bed) filtering() {
	b.run(b.bare, "config", "uploadpack.allowFilter", "true")
	b.run(b.bare, "config", "uploadpack.allowReachableSHA1InWant", "true")
}

// promoting is a rollout that is promoted by a commit.
func promoting(repo string) rollout.Rollout {
	return rollout.Rollout{
		ID: "checkout-42", Service: "checkout", Store: "5ce1f00d5ce1f00d", Image: image + ":v2", Request: rollout.Request{At: time.Now()},
		Original: rollout.Original{Stable: rollout.OriginalWorkload{Image: image + ":v1"}},
		Spec: rollout.Spec{
			Environment: "production", Repository: image, Objects: rollout.Objects{Namespace: "shop", Stable: "checkout"},
			Promote: rollout.Promotion{By: rollout.ByGit, Git: rollout.GitFile{
				Repo: repo, Branch: "main", Path: "apps/shop/kustomization.yaml", Edit: rollout.Kustomize, Push: rollout.PushDirect,
				Author: "Canary Bot <bot@example.com>",
			}},
		},
	}
}

func shop() map[string]string {
	return map[string]string{"apps/shop/kustomization.yaml": kustomization, "README.md": "hello\n", "apps/other.yaml": "a: b\n"}
}

// want fails the test unless the state says the image, without a problem.
func want(t *testing.T, s rollout.GitState, tag string) rollout.GitState {
	t.Helper()
	if !s.Unreadable.IsZero() || s.Image != image+":"+tag || s.At.IsZero() {
		t.Fatalf("the state is %+v, want %s", s, tag)
	}
	return s
}

// ways are those to reach a repository.
func ways() map[string]func(*bed) string {
	return map[string]func(*bed) string{
		"over the file system":          func(b *bed) string { return "file://" + b.bare },
		"over the file system, filters": func(b *bed) string { b.filtering(); return "file://" + b.bare },
		"over HTTP":                     func(b *bed) string { return b.serve(nil) },
		"over HTTP, filters":            func(b *bed) string { b.filtering(); return b.serve(nil) },
	}
}

// message is the example's, for other versions.
func message(t *testing.T, before, after string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "message.golden"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.NewReplacer("v1.2.3", before, "v1.2.4", after).Replace(string(text)))
}

func TestACommitAndItsRevert(t *testing.T) {
	t.Parallel()
	for name, way := range ways() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, shop())
			r := promoting(way(b))
			g := git.New(git.Options{})
			if s := want(t, g.Fulfil(t.Context(), r, rollout.WantNothing), "v1"); !s.Promotion.IsZero() {
				t.Errorf("read %+v", s)
			}
			s := want(t, g.Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			if s.Promotion.Hash != b.run(b.bare, "rev-parse", "main") || s.Promotion.Asked {
				t.Errorf("promoted %+v", s)
			}
			if diff := b.run(b.bare, "diff", "--unified=0", "main~", "main"); strings.Count(diff, "\n+") != 2 ||
				!strings.Contains(diff, "\n-    newTag: v1   # by the bot\n+    newTag: v2   # by the bot") {
				t.Errorf("the commit changes\n%s", diff)
			}
			if got := b.run(b.bare, "log", "-1", "--format=%an <%ae>|%cn|%B", "main"); got != "Canary Bot <bot@example.com>|Canary Bot|"+message(t, "v1", "v2") {
				t.Errorf("the message is\n%s", got)
			}
			again := want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantPromotion), "v2")
			if again.Promotion != s.Promotion || b.ours("main") != 1 {
				t.Errorf("promoted again: %+v", again)
			}
			back := want(t, g.Fulfil(t.Context(), r, rollout.WantRevert), "v1")
			if back.Revert.Hash == "" || back.Promotion != s.Promotion || b.file("main", "apps/shop/kustomization.yaml")+"\n" != kustomization {
				t.Errorf("reverted %+v", back)
			}
			if got := b.run(b.bare, "log", "-1", "--format=%B", "main"); !strings.Contains(got, "Canarybot-Reverts: "+s.Promotion.Hash) {
				t.Errorf("the message is\n%s", got)
			}
			back = want(t, git.New(git.Options{}).Fulfil(t.Context(), r, rollout.WantRevert), "v1")
			if back.Revert.Hash == "" || b.ours("main") != 2 {
				t.Errorf("reverted again: %+v", back)
			}
			b.run(b.bare, "fsck", "--strict")
		})
	}
}
