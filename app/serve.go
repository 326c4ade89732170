package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// tooLate is how long a reconcile may be overdue before the process counts as dead. The slowest sound one waits for
	// an API server that times out.
	tooLate = 2 * time.Minute
	// closing bounds how long pending answers may take at the end.
	closing = 3 * time.Second
)

// serve answers /metrics, /healthz and /readyz until the context ends. Healthy means that reconciles
// advance, whatever Slack and Prometheus do: a restart would not fix those.
func (a *App) serve(ctx context.Context, l net.Listener) error {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.meters.registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		var err error
		if late := a.engine.Late(time.Now()); late > tooLate {
			err = fmt.Errorf("a reconcile is %s overdue", late.Round(time.Second))
		}
		answer(w, err)
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) { answer(w, a.Ready()) })
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, WriteTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		defer cancel()
		_ = server.Shutdown(late)
	}()
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		<-done
		return nil
	}
	return fmt.Errorf("serve health and metrics: %w", err)
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, err.Error()+"\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
