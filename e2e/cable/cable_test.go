package cable_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"canarybot.io/e2e/cable"
)

// A caller gets its answer over a whole line, none over a silent one, and a refusal over a refused one; mended, answers again.
func TestCut(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "here") }))
	t.Cleanup(server.Close)
	line := cable.Lay(t, strings.TrimPrefix(server.URL, "http://"))
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	ask := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+line.Address, nil)
		if err != nil {
			return err
		}
		response, err := (&http.Client{Transport: transport}).Do(request)
		if err != nil {
			return err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && string(text) != "here" {
			err = errors.New("another answer: " + string(text))
		}
		return err
	}
	for _, step := range []struct {
		cut  cable.Cut
		want func(error) bool
	}{
		{cable.Whole, func(err error) bool { return err == nil }},
		{cable.Silent, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
		{cable.Refused, func(err error) bool { return err != nil && !errors.Is(err, context.DeadlineExceeded) }},
		{cable.Whole, func(err error) bool { return err == nil }},
	} {
		line.Set(step.cut)
		if err := ask(); !step.want(err) {
			t.Errorf("cut %d: %v", step.cut, err)
		}
	}
}
