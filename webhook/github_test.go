package webhook_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

const sha = "4f2c1d0e9b8a7654f2c1d0e9b8a7654f2c1d0e9b"

// hub is a small GitHub: commits by ref, statuses, deployments.
type hub struct {
	mu          sync.Mutex
	refs        map[string]string
	statuses    []string
	deployments []map[string]any
	states      []string
	// fails answers in place of the hub; 0: it answers itself. Lost is true where the hub did what was asked for first.
	fails func(method, path string) (code int, lost bool)
	asked []string
}

// RoundTrip answers a request.
func (h *hub) RoundTrip(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/repos/acme/shop")
	h.asked = append(h.asked, r.Method+" "+path)
	answer := func(code int, body string) (*http.Response, error) {
		return &http.Response{StatusCode: code, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
	}
	if r.Header.Get("Authorization") != "Bearer ghp_secret" || r.Header.Get("X-Github-Api-Version") == "" || r.URL.Host != "api.github.com" {
		return answer(http.StatusUnauthorized, "{}")
	}
	if h.fails != nil {
		if code, lost := h.fails(r.Method, path); code > 0 {
			if lost {
				h.do(r, path)
			}
			return answer(code, "{}")
		}
	}
	return answer(h.do(r, path))
}

// do does what is asked for, and returns the answer.
func (h *hub) do(r *http.Request, path string) (code int, body string) {
	var content map[string]any
	if r.Body != nil {
		_ = json.NewDecoder(r.Body).Decode(&content)
	}
	made := func(v any) (int, string) {
		raw, _ := json.Marshal(v)
		return http.StatusCreated, string(raw)
	}
	ref, isCommit := strings.CutPrefix(path, "/commits/")
	commit, isStatus := strings.CutPrefix(path, "/statuses/")
	switch {
	case isCommit && h.refs[ref] == "":
		return http.StatusUnprocessableEntity, "{}"
	case isCommit:
		return http.StatusOK, h.refs[ref]
	case isStatus:
		h.statuses = append(h.statuses, fmt.Sprintf("%s %s %s", commit, content["context"], content["state"]))
		return made(content)
	case path == "/deployments" && r.Method == http.MethodPost:
		content["id"] = len(h.deployments) + 1
		h.deployments = append(h.deployments, content)
		return made(content)
	case path == "/deployments":
		q := r.URL.Query()
		found := slices.DeleteFunc(slices.Clone(h.deployments), func(d map[string]any) bool {
			return d["ref"] != q.Get("ref") || d["environment"] != q.Get("environment") || d["task"] != q.Get("task")
		})
		raw, _ := json.Marshal(found)
		return http.StatusOK, string(raw)
	case strings.HasPrefix(path, "/deployments/"):
		h.states = append(h.states, fmt.Sprintf("%s %s", path, content["state"]))
		return made(content)
	}
	return http.StatusNotFound, "{}"
}

func github(t *testing.T, h *hub, change func(*webhook.Settings)) webhook.Recipient {
	t.Helper()
	s := webhook.Settings{
		Name: "github", TokenFile: written(t, "token", "ghp_secret"), Repository: "acme/shop", Ref: "{version}", Transport: h,
		Environment: "{environment}", Statuses: true, Deployments: true, Events: webhook.KindsOf(webhook.GitHubType),
	}
	change(&s)
	return s.Recipient(webhook.NewGitHub(s, nil))
}

func asIs(*webhook.Settings) {}

// A rollout is one deployment at GitHub, and a status at its commit.
func TestGitHub(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub{refs: map[string]string{"v1.2.4": sha}}
		b := newBed(t, github(t, h, asIs))
		b.start()
		b.live("checkout", 1)
		synctest.Wait()
		r := b.step(b.begin("cart", 1), 0)
		b.end(r, rollout.RolledBack)
		b.end(b.commit(rollout.Rollout{
			ID: "cart-2", Service: "cart", Store: "s1", Image: "r/cart:v1.2.4", Spec: r.Spec,
		}, rollout.Entry{Kind: rollout.EntryRequested}), rollout.Cancelled)
		synctest.Wait()
		checkout, cart := sha+" canarybot/eu 1.prod/checkout ", sha+" canarybot/eu 1.prod/cart "
		slices.Sort(h.statuses)
		wants(t, "statuses", h.statuses, []string{
			cart + "error", cart + "failure", cart + "pending", cart + "pending",
			checkout + "pending", checkout + "pending", checkout + "pending", checkout + "success",
		})
		if len(h.deployments) != 2 {
			t.Errorf("%d deployments", len(h.deployments))
		}
		wants(t, "states", ofDeployment(h.states, 1), []string{"in_progress", "in_progress", "in_progress", "success"})
		wants(t, "states", ofDeployment(h.states, 2), []string{"in_progress", "in_progress", "failure"})
	})
}

func ofDeployment(states []string, id int) (all []string) {
	for _, s := range states {
		if rest, ok := strings.CutPrefix(s, fmt.Sprintf("/deployments/%d/statuses ", id)); ok {
			all = append(all, rest)
		}
	}
	return all
}

// Whatever fails, and whether it was done or not: each rollout is one deployment, and its last state is right.
func TestGitHubFailsAtEveryRequest(t *testing.T) {
	for _, lost := range []bool{false, true} {
		for n := range 18 {
			t.Run(fmt.Sprintf("%v %d", lost, n), func(t *testing.T) {
				in(t, func(t *testing.T) {
					calls := 0
					h := &hub{refs: map[string]string{"v1.2.4": sha}}
					h.fails = func(string, string) (int, bool) {
						if calls++; calls == n+1 {
							return http.StatusBadGateway, lost
						}
						return 0, false
					}
					b := newBed(t, github(t, h, asIs))
					b.start()
					b.live("checkout", 1)
					pass(time.Minute)
					if len(h.deployments) != 1 || h.states[len(h.states)-1] != "/deployments/1/statuses success" {
						t.Errorf("%d deployments, states %v", len(h.deployments), h.states)
					}
				})
			})
		}
	}
}

// Another store's rollout of the same number is another deployment.
func TestAnotherStoreIsAnotherDeployment(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub{refs: map[string]string{"v1.2.4": sha}}
		h.deployments = []map[string]any{
			{"id": 1, "ref": "v1.2.4", "environment": "eu 1.prod", "task": "deploy", "payload": map[string]any{"canarybot_store": "s0", "canarybot_rollout": "checkout-1"}},
			{"id": 2, "ref": "v1.2.4", "environment": "eu 1.prod", "task": "deploy", "payload": "by hand"},
		}
		b := newBed(t, github(t, h, asIs))
		b.start()
		b.live("checkout", 1)
		synctest.Wait()
		if len(h.deployments) != 3 || len(ofDeployment(h.states, 3)) != 4 {
			t.Errorf("%d deployments, states %v", len(h.deployments), h.states)
		}
	})
}

// What stands for a version in the repository.
func TestRefs(t *testing.T) {
	digest := "registry.example.com/shop/checkout@sha256:" + strings.Repeat("0a", 32)
	for name, tt := range map[string]struct {
		image, ref, prefix string
		want               string // empty: nothing is asked
	}{
		"the tag":           {"r/checkout:v1.2.4", "{version}", "", "GET /commits/v1.2.4"},
		"a tag in a folder": {"r/checkout:1.2.4", "checkout/v{version}", "", "GET /commits/checkout/v1.2.4"},
		"a commit":          {"r/checkout:sha-4f2c1d0", "{version}", "sha-", "GET /commits/4f2c1d0"},
		"tag and digest":    {"r/checkout:v1.2.4@sha256:" + strings.Repeat("0a", 32), "{version}", "", "GET /commits/v1.2.4"},
		"a digest":          {digest, "{version}", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			in(t, func(t *testing.T) {
				h := &hub{}
				b := newBed(t, github(t, h, func(s *webhook.Settings) { s.Ref, s.Prefix = tt.ref, tt.prefix }))
				b.start()
				b.commit(rollout.Rollout{ID: "checkout-1", Service: "checkout", Store: "s1", Image: tt.image}, rollout.Entry{Kind: rollout.EntryStarted})
				synctest.Wait()
				if got := strings.Join(h.asked, ", "); got != tt.want {
					t.Errorf("asked %q, want %q", got, tt.want)
				}
				if n := b.count("canary_webhook_events_total", "github", "refused"); n != 1 {
					t.Errorf("%v events refused", n)
				}
			})
		})
	}
}

// Either alone may be kept.
func TestWhatIsKeptAtGitHub(t *testing.T) {
	in(t, func(t *testing.T) {
		h := &hub{refs: map[string]string{"v1.2.4": sha}}
		b := newBed(t, github(t, h, func(s *webhook.Settings) {
			s.Statuses, s.Environment = false, "{environment}/{service}"
		}))
		b.start()
		b.live("checkout", 1)
		synctest.Wait()
		if len(h.statuses) != 0 || len(h.deployments) != 1 || h.deployments[0]["environment"] != "eu 1.prod/checkout" {
			t.Errorf("statuses %v, deployments %v", h.statuses, h.deployments)
		}
	})
}
