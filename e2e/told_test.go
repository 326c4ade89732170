package e2e_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// receiver is the other side of a webhook.
type receiver struct {
	key []byte

	mu    sync.Mutex
	away  bool
	tries int
	kinds []string
	seen  map[string]bool
	wrong []string
}

// ServeHTTP takes an event, once under each id.
func (v *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tries++
	if v.away {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	var body struct{ ID, Type string }
	id := r.Header.Get("Webhook-Id")
	mac := hmac.New(sha256.New, v.key)
	fmt.Fprintf(mac, "%s.%s.%s", id, r.Header.Get("Webhook-Timestamp"), raw)
	if json.Unmarshal(raw, &body) != nil || body.ID != id || r.Header.Get("Webhook-Signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		v.wrong = append(v.wrong, string(raw))
	}
	if !v.seen[id] {
		v.seen[id], v.kinds = true, append(v.kinds, strings.TrimPrefix(body.Type, "rollout."))
	}
}

// isAway sets whether it is away, and returns how often it was tried.
func (v *receiver) isAway(away bool) (tries int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.away = away
	return v.tries
}

// testTold has a webhook's receiver away while a rollout starts and the bot is killed: the rollout goes on, and everything is
// told in the end. Whoever has kubectl alone sees how it went.
func testTold(t *testing.T, w *world.World) {
	v := &receiver{key: []byte("01234567890123456789012345678901"), away: true, seen: map[string]bool{}}
	server := httptest.NewServer(v)
	defer server.Close()
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("whsec_"+base64.StdEncoding.EncodeToString(v.key)), 0o600); err != nil {
		t.Fatal(err)
	}
	s := stage(t, w, shop.Checkout("told"), false, func(c map[string]any) {
		c["webhooks"] = []any{map[string]any{
			"name": "ci", "type": "webhook", "url": server.URL, "insecure": "allowed", "networks": []any{"127.0.0.0/8"}, "secret_files": []any{path},
		}}
	})
	card := s.bot.Deploy(s.app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")
	s.bot.Kill()
	if tries := v.isAway(true); tries == 0 {
		t.Error("nobody tried to tell the receiver while it was away")
	}
	s.bot.Run()
	card.Press(install.OnCall, "Promote to 50 %")
	card.Shows(time.Minute, "Waiting for a person", "50 % of traffic")
	v.isAway(false)
	card.Press(install.OnCall, "Promote to everyone")
	card.Shows(time.Minute, "Succeeded", "100 % on "+next)
	want := []string{
		"requested", "started", "step", "passed", "asked", "decided", "step", "passed", "asked", "decided", "promoting", "promoted", "ended",
	}
	world.Eventually(t, 2*time.Minute, func() error {
		v.mu.Lock()
		defer v.mu.Unlock()
		if len(v.wrong) > 0 {
			t.Fatalf("not signed, or not what it says: %s", v.wrong)
		}
		if !slices.Equal(v.kinds, want) {
			return fmt.Errorf("told %v", v.kinds)
		}
		return nil
	})
	world.Eventually(t, time.Minute, func() error { return s.inKubernetes() })
	s.unharmed()
}

// inKubernetes returns nil once each move of a promoted rollout is an event on stable's Deployment, once.
func (s *scene) inKubernetes() error {
	all, err := s.w.Cluster.Kube.CoreV1().Events(s.app.Namespace).List(s.t.Context(), meta.ListOptions{
		FieldSelector: "involvedObject.kind=Deployment,involvedObject.name=" + s.app.Stable(),
	})
	if err != nil {
		return err
	}
	seen := map[string]int{}
	for _, e := range all.Items {
		if strings.HasPrefix(e.Reason, "Rollout") {
			seen[e.Reason]++
		}
	}
	want := map[string]int{
		"RolloutStarted": 1, "RolloutStep": 2, "RolloutAsks": 2, "RolloutPromoting": 1, "RolloutPromoted": 1, "RolloutSucceeded": 1,
	}
	for reason, times := range want {
		if seen[reason] != times {
			return fmt.Errorf("the events are %v, want %v", seen, want)
		}
	}
	return nil
}
