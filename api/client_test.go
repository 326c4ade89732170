package api_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"canarybot.io/api"
	"canarybot.io/api/client"
	"canarybot.io/rollout"
)

// lossy is the way to the API in memory. It loses the first answers to each kind of request that changes something.
type lossy struct {
	handler http.Handler
	lost    map[string]int
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	l.handler.ServeHTTP(recorder, r)
	if r.Method == http.MethodPost && l.lost[r.URL.Path] < 2 {
		l.lost[r.URL.Path]++
		return nil, io.ErrUnexpectedEOF
	}
	return recorder.Result(), nil
}

func (w *world) client(token string) *client.Client {
	w.Helper()
	c, err := client.New(client.Options{
		Server: "https://canarybot.example.com", Transport: &lossy{w.handler, map[string]int{}}, Patience: time.Minute,
		Token: func(context.Context, bool) (string, error) { return token, nil },
	})
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// The client and the API together: every answer to what changes something is lost twice, and it happens once.
func TestClientAndAPI(t *testing.T) {
	run(t, func(w *world) {
		c, ctx := w.client(leadToken), w.Context()
		p, err := c.Plan(ctx, api.Start{Service: "checkout", Version: "v2"})
		if err != nil || !p.Starts || p.Text == "" {
			t.Errorf("the plan is %+v, %v", p, err)
		}
		r, err := c.Start(ctx, api.Start{Service: "checkout", Version: "v2", Reason: "faster"}, "run-812")
		if err != nil || r.ID != "checkout-1" {
			t.Fatalf("started %v, %v", r.ID, err)
		}
		follow := func(so func(api.Rollout) bool) {
			t.Helper()
			for range 1000 {
				if so(r) {
					return
				}
				if r, err = c.Await(ctx, r.ID, r.Seq, 30*time.Second); err != nil {
					t.Fatal(err)
				}
			}
			t.Fatalf("that never happened: %+v", r)
		}
		follow(func(r api.Rollout) bool { return slices.Contains(r.Actions, rollout.Promote) })
		turn := r.Turn
		if r, err = c.Decide(ctx, r.ID, api.Decision{Action: rollout.Promote, Turn: turn}); err != nil {
			t.Fatal(err)
		}
		var refused *client.Refused
		if _, err := c.Decide(ctx, r.ID, api.Decision{Action: rollout.Promote, Turn: turn}); !errors.As(err, &refused) || refused.Problem.Status != http.StatusConflict {
			t.Errorf("a second promotion by the same question: %v", err)
		}
		follow(func(r api.Rollout) bool { return r.Outcome != "" })
		if r.Ending() != rollout.Succeeded {
			t.Errorf("it ended as %q", r.Outcome)
		}
		list, err := c.Rollouts(ctx, "checkout")
		if err != nil || len(list) != 1 || list[0].Ending() != rollout.Succeeded {
			t.Errorf("the list is %+v, %v", list, err)
		}
		services, err := c.Services(ctx)
		if err != nil || len(services) != 2 || services[0].Name != "checkout" || !slices.Contains(services[0].Versions, "v2") {
			t.Errorf("the services are %+v, %v", services, err)
		}
		for name, err := range map[string]error{
			"another's service":     second(w.client(otherToken).Start(ctx, api.Start{Service: "checkout", Version: "v3"}, "a")),
			"another's rollout":     second(w.client(otherToken).Rollout(ctx, "checkout-1")),
			"nobody's token":        second(w.client("nobody").Services(ctx)),
			"no such rollout":       second(c.Rollout(ctx, "checkout-99")),
			"the version that runs": second(c.Start(ctx, api.Start{Service: "checkout", Version: "v2"}, "b")),
			"no version":            second(c.Start(ctx, api.Start{Service: "checkout"}, "c")),
		} {
			if !errors.As(err, &refused) || len(strings.Fields(err.Error())) < 4 || strings.Contains(err.Error(), "Canarybot answers") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// second returns the error of a call.
func second[T any](_ T, err error) error { return err }

// Every outcome that a rollout may have is read as the one that it was.
func TestOutcomesAreRead(t *testing.T) {
	t.Parallel()
	for wire, want := range map[string]rollout.Outcome{
		"": "", "succeeded": rollout.Succeeded, "rolled back": rollout.RolledBack, "cancelled": rollout.Cancelled, "abandoned": rollout.Abandoned,
	} {
		if got := (api.Rollout{Outcome: wire}).Ending(); got != want {
			t.Errorf("%q is read as %q", wire, got)
		}
	}
}
