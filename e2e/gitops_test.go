package e2e_test

import (
	"bytes"
	"io"
	"log"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"canarybot.io/e2e/cluster"
	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
	"canarybot.io/e2e/writer"
)

// manifests is the file of the repository that says what the shop runs.
const manifests = "apps/shop.yaml"

// truth is a repository that git itself serves, with a branch main that says what an application runs.
type truth struct {
	t    *testing.T
	bare string
	url  string
}

// newTruth makes the repository, with a comment on the line that a promotion changes.
func newTruth(t *testing.T, app shop.App) *truth {
	t.Helper()
	r := &truth{t: t, bare: filepath.Join(t.TempDir(), "acme", "deploys.git")}
	r.git(".", "init", "--quiet", "--bare", "--initial-branch=main", r.bare)
	r.git(r.bare, "config", "http.receivepack", "true")
	work := t.TempDir()
	r.git(".", "clone", "--quiet", r.bare, work)
	r.git(work, "checkout", "--quiet", "-B", "main")
	var documents []string
	for _, object := range objects(t, app)[1:] { // without the namespace
		text, err := yaml.Marshal(object.Object)
		must(t, err)
		documents = append(documents, strings.Replace(string(text), app.Image(app.Version), app.Image(app.Version)+" # what everybody gets", 1))
	}
	must(t, os.MkdirAll(filepath.Dir(filepath.Join(work, manifests)), 0o755))
	must(t, os.WriteFile(filepath.Join(work, manifests), []byte("# the shop\n---\n"+strings.Join(documents, "---\n")), 0o600))
	r.git(work, "add", ".")
	r.git(work, "commit", "--quiet", "--message", "The shop")
	r.git(work, "push", "--quiet", "origin", "main")

	backend := &cgi.Handler{
		Path: filepath.Join(r.git(".", "--exec-path"), "git-http-backend"), Dir: r.bare, Stderr: io.Discard, Logger: log.New(io.Discard, "", 0),
		Env:        []string{"GIT_PROJECT_ROOT=" + filepath.Dir(filepath.Dir(r.bare)), "GIT_HTTP_EXPORT_ALL=1"},
		InheritEnv: []string{"PATH"},
	}
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	r.url = server.URL + "/acme/deploys.git"
	return r
}

// git runs git in a directory and returns what it says.
func (r *truth) git(dir string, arguments ...string) string {
	r.t.Helper()
	all := append([]string{"-C", dir, "-c", "user.name=Shop", "-c", "user.email=shop@example.com"}, arguments...)
	cmd := exec.CommandContext(r.t.Context(), "git", all...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_SYSTEM=/dev/null")
	var failed bytes.Buffer
	cmd.Stderr = &failed
	said, err := cmd.Output()
	if err != nil {
		r.t.Fatalf("git %s: %v: %s", strings.Join(arguments, " "), err, &failed)
	}
	return strings.TrimSpace(string(said))
}

// has checks the commits of the branch since the first, oldest first, each of which changed one line.
func (r *truth) has(want ...string) {
	r.t.Helper()
	var got []string
	for _, hash := range strings.Fields(r.git(r.bare, "log", "--reverse", "--format=%H", "main"))[1:] {
		trailers := r.git(r.bare, "log", "-1", "--format=%(trailers:key=Canarybot-Rollout,valueonly)", hash)
		says := "promotes"
		if r.git(r.bare, "log", "-1", "--format=%(trailers:key=Canarybot-Reverts,valueonly)", hash) != "" {
			says = "reverts"
		}
		got = append(got, says+" "+trailers)
		if changed := r.git(r.bare, "show", "--numstat", "--format=", hash); !strings.HasPrefix(changed, "1\t1\t") {
			r.t.Errorf("a commit changed %q, want one line", changed)
		}
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		r.t.Errorf("the branch has %q, want %q", got, want)
	}
}

// follower applies the branch as Flux does, as soon as it moves, unless it is suspended.
type follower struct {
	suspended atomic.Bool
	failed    atomic.Pointer[error]
}

func (r *truth) follow(t *testing.T, w *world.World, app shop.App) *follower {
	t.Helper()
	flux, err := writer.NewFlux(w.Cluster.Config(w.Cluster.AdminToken()), app.Namespace, "apps")
	must(t, err)
	f := &follower{}
	sync := func() error {
		parsed, err := cluster.Parse([]byte(r.git(r.bare, "show", "main:"+manifests)))
		if err != nil {
			return err
		}
		_, err = flux.Reconcile(t.Context(), parsed)
		return err
	}
	must(t, sync())
	done := make(chan struct{})
	t.Cleanup(func() {
		<-done
		if err := f.failed.Load(); err != nil {
			t.Errorf("Flux: %v", *err)
		}
	})
	go func() {
		defer close(done)
		tick := time.NewTicker(300 * time.Millisecond)
		defer tick.Stop()
		for applied := ""; ; {
			select {
			case <-t.Context().Done():
				return
			case <-tick.C:
			}
			text, err := os.ReadFile(filepath.Join(r.bare, "refs", "heads", "main"))
			head := string(text)
			if err != nil || head == applied || f.suspended.Load() {
				continue
			}
			if err := sync(); err != nil && t.Context().Err() == nil {
				f.failed.Store(&err)
				return
			}
			applied = head
		}
	}()
	return f
}

// testPromotedByGit promotes by commits that Flux applies: one commit each, though the bot is killed, and a revert for what is
// rolled back.
func testPromotedByGit(t *testing.T, w *world.World) {
	app := shop.Checkout("gitops")
	w.Install(t, app)
	git := newTruth(t, app)
	flux := git.follow(t, w, app)
	s := set(t, w, app, false, false, func(c map[string]any) {
		service(c, app)["promote"] = map[string]any{"by": "git", "repo": git.url, "path": manifests, "edit": "manifest"}
	})
	promote := func(card install.Card) {
		card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
		card.Press(install.OnCall, "Promote to 50 %")
		card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
		card.Press(install.OnCall, "Promote to everyone")
	}

	card := s.bot.Deploy(app.Name, next)
	promote(card)
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	card.ThreadShows(time.Minute, "Committed to Git")
	git.has("promotes " + app.Name + "-1")
	s.before.restored(t, w, app, next)
	s.noRepeats(card)

	flux.suspended.Store(true)
	const later = "v1.2.6"
	card = s.bot.Deploy(app.Name, later)
	promote(card)
	card.Shows(time.Minute, "is in Git")
	s.bot.Kill()
	s.bot.Run()
	card.Press(install.OnCall, "Roll back")
	card.Shows(time.Minute, "Rolled back", "100 % on "+next)
	flux.suspended.Store(false)
	git.has("promotes "+app.Name+"-1", "promotes "+app.Name+"-2", "reverts "+app.Name+"-2")
	s.before.restored(t, w, app, next)
	s.noRepeats(card)
	s.unharmed()
	if image := deployment(t, w, app, app.Stable()).Spec.Template.Spec.Containers[0].Image; image != app.Image(next) {
		t.Errorf("stable runs %s", image)
	}
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}
