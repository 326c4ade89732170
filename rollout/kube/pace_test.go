package kube_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
	"canarybot.io/rollout/kube/kubetest"
	"canarybot.io/rollout/traffic/gateway"
)

// gate is what stands between the bot and the API server: it notes when requests come, and may answer in its place.
type gate struct {
	next http.RoundTripper
	// answer returns a response, an error, or neither to let the request through.
	answer func(r *http.Request) (*http.Response, error)
	takes  time.Duration // of each request

	mu     sync.Mutex // guards the fields below
	at     []time.Time
	inside int
	most   int
	writes int
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	g.at = append(g.at, time.Now())
	g.inside++
	g.most = max(g.most, g.inside)
	if r.Method != http.MethodGet {
		g.writes++
	}
	answer := g.answer
	g.mu.Unlock()
	defer func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.inside--
	}()
	if g.takes > 0 {
		select {
		case <-time.After(g.takes):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if answer != nil {
		if response, err := answer(r); response != nil || err != nil {
			return response, err
		}
	}
	return g.next.RoundTrip(r)
}

// set changes what the gate answers.
func (g *gate) set(answer func(*http.Request) (*http.Response, error)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.answer = answer
}

// requests returns when requests came since the last call.
func (g *gate) requests() []time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	all := g.at
	g.at = nil
	return all
}

// saying answers every request with the status and Retry-After.
func saying(status int, after string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		header := http.Header{"Content-Type": {"text/plain"}}
		if after != "" {
			header.Set("Retry-After", after)
		}
		return &http.Response{StatusCode: status, Header: header, Request: r, Body: io.NopCloser(strings.NewReader("busy"))}, nil
	}
}

// dropping answers no request.
func dropping(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

// hanging answers no request before its caller has enough of it.
func hanging(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// gated returns a cluster whose requests pass the gate, with the shop.
func gated(t *testing.T, s *kubetest.Server, g *gate) *kube.Cluster {
	t.Helper()
	s.Apply("helm", kubetest.Shop)
	base := s.Config()
	g.next = base.Transport
	base.Transport = g
	config := kube.Config(base)
	router := routerFrom(t, gateway.Kind, config)
	c, err := kube.New(config, map[string]kube.Router{gateway.Kind: router})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// crowd has so many rollouts look again and again, each a little after the other, until the context ends.
func crowd(ctx context.Context, c *kube.Cluster, rollouts int) (wait func()) {
	var group sync.WaitGroup
	for i := range rollouts {
		group.Go(func() {
			time.Sleep(time.Duration(i) * 3 * time.Second / time.Duration(rollouts))
			for ctx.Err() == nil {
				c.Observe(ctx, kubetest.Rollout())
				select {
				case <-ctx.Done():
				case <-time.After(3 * time.Second):
				}
			}
		})
	}
	return group.Wait
}

// Many rollouts ask an API server that cannot be read as often as one, less and less often, and never in step.
func TestAnAPIServerThatCannotBeReadIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rollouts int
		answer   func(*http.Request) (*http.Response, error)
	}{
		"nobody listens":      {10, dropping},
		"nobody answers":      {10, hanging},
		"a gateway's 502":     {10, saying(http.StatusBadGateway, "")},
		"a gateway's 504":     {10, saying(http.StatusGatewayTimeout, "")},
		"its own 503":         {10, saying(http.StatusServiceUnavailable, "1")},
		"too many requests":   {10, saying(http.StatusTooManyRequests, "1")},
		"a nonsensical delay": {10, saying(http.StatusServiceUnavailable, "soon")},
		"a delay in the past": {10, saying(http.StatusServiceUnavailable, "Fri, 01 Jan 1999 15:04:05 GMT")},
		"a negative delay":    {10, saying(http.StatusTooManyRequests, "-1")},
	} {
		kubetest.Run(t, name, func(t *testing.T, s *kubetest.Server) {
			g := &gate{answer: tt.answer}
			c := gated(t, s, g)
			ctx, stop := context.WithCancel(t.Context())
			wait := crowd(ctx, c, tt.rollouts)
			time.Sleep(10 * time.Second)
			if early := len(g.requests()); early > 300 { // those that were sent before anything was known
				t.Errorf("asked %d times at first", early)
			}
			time.Sleep(3 * time.Minute)
			tries := g.requests()
			if len(tries) < 5 || len(tries) > 20 {
				t.Fatalf("asked %d times in three minutes", len(tries))
			}
			gaps := map[time.Duration]bool{}
			for i := range tries[1:] {
				gaps[tries[i+1].Sub(tries[i]).Round(time.Second)] = true
			}
			if len(gaps) < 3 {
				t.Errorf("asked in step: %v", tries)
			}
			g.set(nil)
			time.Sleep(35 * time.Second)
			if w := c.Observe(ctx, kubetest.Rollout()); !w.Unreadable.IsZero() {
				t.Errorf("it answers again, and %+v", w.Unreadable)
			}
			stop()
			wait()
		})
	}
}

// A thousand that begin at once ask no oftener than ten.
func TestAThousandRolloutsThatBeginAtOnce(t *testing.T) {
	t.Parallel()
	kubetest.Run(t, "routes", func(t *testing.T, s *kubetest.Server) {
		g := &gate{answer: saying(http.StatusServiceUnavailable, "")}
		c := gated(t, s, g)
		for range 4 {
			var group sync.WaitGroup
			for range 1000 {
				group.Go(func() { c.Observe(t.Context(), kubetest.Rollout()) })
			}
			group.Wait()
			time.Sleep(5 * time.Second)
		}
		if n := len(g.requests()); n > 300 {
			t.Errorf("asked %d times", n)
		}
	})
}

// The API server is asked again no sooner than it says, by reads, writes and watches alike.
func TestRetryAfterIsObeyed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status        int
		after         func() string
		least, atMost time.Duration
	}{
		"429 in seconds":           {http.StatusTooManyRequests, func() string { return "7" }, 7 * time.Second, 12 * time.Second},
		"503 in seconds":           {http.StatusServiceUnavailable, func() string { return "20" }, 20 * time.Second, 35 * time.Second},
		"503 by date":              {http.StatusServiceUnavailable, func() string { return time.Now().Add(9 * time.Second).UTC().Format(http.TimeFormat) }, 9 * time.Second, 14 * time.Second},
		"a page of maintenance":    {http.StatusServiceUnavailable, func() string { return "3600" }, 5 * time.Minute, 6 * time.Minute},
		"more than a number holds": {http.StatusServiceUnavailable, func() string { return "99999999999" }, 5 * time.Minute, 6 * time.Minute},
	} {
		kubetest.Run(t, name, func(t *testing.T, s *kubetest.Server) {
			g := &gate{}
			c := gated(t, s, g)
			r := kubetest.Rollout()
			stable := c.Observe(t.Context(), r).Stable
			g.set(saying(tt.status, tt.after()))
			c.Observe(t.Context(), r)
			g.requests()
			began := time.Now()
			g.set(nil)
			for len(g.requests()) == 0 {
				if w := c.Observe(t.Context(), r); w.Unreadable.Code != rollout.ProblemRequestFailed && !w.Unreadable.IsZero() {
					t.Fatalf("meanwhile it says %+v", w.Unreadable)
				}
				_ = c.Do(t.Context(), r, rollout.Write{Object: rollout.StableDeployment, Verb: rollout.Update, UID: stable.UID, Version: stable.Version, Image: r.Image})
				time.Sleep(time.Second)
			}
			if waited := time.Since(began); waited < tt.least || waited > tt.atMost {
				t.Errorf("asked again after %s, want at least %s", waited, tt.least)
			}
			if g.writes > 0 && time.Since(began) < tt.least {
				t.Error("wrote before that")
			}
		})
	}
}

// A kind whose cache the API server fills just now holds up nobody who asks about another one.
func TestOneKindThatIsNotReadyHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	kubetest.Run(t, "routes", func(t *testing.T, s *kubetest.Server) {
		g := &gate{}
		c := gated(t, s, g)
		g.set(func(r *http.Request) (*http.Response, error) {
			if !strings.Contains(r.URL.Path, "/httproutes") {
				return nil, nil
			}
			status := apierrors.NewTooManyRequests("storage is (re)initializing", 1).Status()
			status.TypeMeta = meta.TypeMeta{APIVersion: "v1", Kind: "Status"}
			body, err := json.Marshal(status)
			header := http.Header{"Content-Type": {"application/json"}, "Retry-After": {"1"}}
			return &http.Response{StatusCode: int(status.Code), Header: header, Request: r, Body: io.NopCloser(bytes.NewReader(body))}, err
		})
		p := c.Preflight(t.Context(), kubetest.Rollout())
		if !strings.Contains(p.Unreadable.Words, "initializing") {
			t.Fatalf("the route could be read: %+v", p)
		}
		g.requests()
		if again := c.Preflight(t.Context(), kubetest.Rollout()); again.Unreadable.Object.Kind != p.Unreadable.Object.Kind {
			t.Errorf("what is unreadable is %+v, and was %+v", again.Unreadable, p.Unreadable)
		}
		if len(g.requests()) < 5 {
			t.Error("nothing else was asked")
		}
		g.set(nil)
		if p = c.Preflight(t.Context(), kubetest.Rollout()); !p.Unreadable.IsZero() {
			t.Errorf("still unreadable: %+v", p.Unreadable)
		}
	})
}

// Taking a canary off traffic waits for nothing: neither for what others may not ask now, nor for their turns.
func TestARollbackIsNeverHeldUp(t *testing.T) {
	t.Parallel()
	kubetest.Run(t, "where others leave the API server alone", func(t *testing.T, s *kubetest.Server) {
		g := &gate{answer: saying(http.StatusTooManyRequests, "300")}
		c := gated(t, s, g)
		r := kubetest.Rollout()
		c.Observe(t.Context(), r)
		g.set(nil)
		if w := c.Observe(t.Context(), r); w.Unreadable.IsZero() {
			t.Error("others go on asking")
		}
		for _, phase := range []rollout.Phase{rollout.RollingBack, rollout.Returning, rollout.Cleaning, rollout.Releasing} {
			r.Phase = phase
			w := c.Observe(t.Context(), r)
			if !w.Unreadable.IsZero() {
				t.Errorf("%s: %+v", phase, w.Unreadable)
				continue
			}
			zero := rollout.Weight(0)
			err := c.Do(t.Context(), r, rollout.Write{
				Object: rollout.RouteObject, Verb: rollout.Update, UID: w.Route.UID, Version: w.Route.Version, Weight: &zero,
				Stamp: rollout.Stamp{Store: r.Store, Rollout: r.ID, Weight: &zero},
			})
			if err != nil {
				t.Errorf("%s: %v", phase, err)
			}
		}
	})
	kubetest.Run(t, "where a thousand others look", func(t *testing.T, s *kubetest.Server) {
		g := &gate{takes: 100 * time.Millisecond}
		c := gated(t, s, g)
		ctx, stop := context.WithCancel(t.Context())
		wait := crowd(ctx, c, 1000)
		synctest.Wait()
		began := time.Now()
		r := kubetest.Rollout()
		r.Phase = rollout.RollingBack
		if w := c.Observe(ctx, r); !w.Unreadable.IsZero() {
			t.Errorf("unreadable: %+v", w.Unreadable)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("it took %s", took)
		}
		stop()
		wait()
	})
}

// However many rollouts there are, a bounded number of them is looked at at a time, and all are.
func TestLooksTakeTurns(t *testing.T) {
	t.Parallel()
	kubetest.Run(t, "routes", func(t *testing.T, s *kubetest.Server) {
		g := &gate{takes: 20 * time.Millisecond}
		c := gated(t, s, g)
		var group sync.WaitGroup
		for range 200 {
			group.Go(func() {
				if w := c.Observe(t.Context(), kubetest.Rollout()); !w.Unreadable.IsZero() {
					t.Errorf("unreadable: %+v", w.Unreadable)
				}
			})
		}
		group.Wait()
		if g.most > 16*12 {
			t.Errorf("%d requests at a time", g.most)
		}
	})
}

// One namespace whose lists hang tells nothing of the API server: the others are read on.
func TestOneListThatHangsHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(*http.Request) (*http.Response, error){
		"it hangs":          hanging,
		"a webhook is away": saying(http.StatusInternalServerError, ""),
	} {
		kubetest.Run(t, name, func(t *testing.T, s *kubetest.Server) {
			g := &gate{answer: func(r *http.Request) (*http.Response, error) {
				if strings.Contains(r.URL.Path, "/namespaces/other/") && (strings.HasSuffix(r.URL.Path, "/pods") || strings.HasSuffix(r.URL.Path, "/replicasets")) {
					return answer(r)
				}
				return nil, nil
			}}
			c := gated(t, s, g)
			s.Apply("helm", strings.ReplaceAll(kubetest.Shop, "namespace: shop", "namespace: other"))
			other := kubetest.Rollout()
			other.Spec.Objects.Namespace = "other"
			for range 20 {
				if w := c.Observe(t.Context(), other); w.Unreadable.IsZero() {
					t.Fatal("the other can be read")
				}
				if w := c.Observe(t.Context(), kubetest.Rollout()); !w.Unreadable.IsZero() {
					t.Fatalf("unreadable: %+v", w.Unreadable)
				}
			}
		})
	}
}

// A look that waits for its turn ends with its caller, and after a while by itself.
func TestALookThatWaitsEnds(t *testing.T) {
	t.Parallel()
	kubetest.Run(t, "routes", func(t *testing.T, s *kubetest.Server) {
		g := &gate{takes: time.Hour}
		c := gated(t, s, g)
		base := kubetest.Rollout()
		var group sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		for range 16 {
			group.Go(func() { c.Observe(ctx, base) })
		}
		synctest.Wait()
		left, leave := context.WithCancel(t.Context())
		began := time.Now()
		group.Go(func() {
			if w := c.Observe(left, base); w.Unreadable.Code != rollout.ProblemRequestCanceled || time.Since(began) > 0 {
				t.Errorf("after %s: %+v", time.Since(began), w.Unreadable)
			}
		})
		synctest.Wait()
		leave()
		synctest.Wait()
		stop()
		group.Wait()
	})
}
