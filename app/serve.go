package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

const (
	// tooLate is how long a reconcile may be overdue before the process counts as dead. The slowest sound one waits for
	// an API server that times out.
	tooLate = 2 * time.Minute
	// Whoever asks sends a line and a few headers at once, and reads the answer: the kubelet, Prometheus with its token.
	headerTimeout, readTimeout, writeTimeout = 5 * time.Second, 5 * time.Second, 10 * time.Second
	idleTimeout                              = 2 * time.Minute // longer than the slowest scrapes are apart
	mostHeaderBytes                          = 8 << 10
	mostAPIHeaderBytes                       = 32 << 10         // two tokens, of which an API server's proxy passes on one
	apiWriteTimeout                          = 30 * time.Second // a dry run asks the cluster and Prometheus; whoever waits for a change gets longer
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
	server := &http.Server{
		Handler: bodiless(mux), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: mostHeaderBytes, ErrorLog: slog.NewLogLogger(a.parts.Log.Handler(), slog.LevelWarn),
	}
	return a.until(ctx, server, &guests{Listener: l, most: mostGuests}, "health and metrics")
}

// serveAPI answers pipelines until the context ends.
func (a *App) serveAPI(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: a.api.Handler(), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: apiWriteTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: mostAPIHeaderBytes, ErrorLog: slog.NewLogLogger(a.parts.Log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return ctx }, // whoever waits is answered at the end
	}
	bounded := net.Listener(&guests{Listener: l, most: mostCallers})
	if certificate := a.parts.API.Certificate; certificate != nil {
		server.TLSConfig = &tls.Config{GetCertificate: certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
		bounded = tls.NewListener(bounded, server.TLSConfig)
	}
	return a.until(ctx, server, bounded, "the API")
}

// until serves until the context ends.
func (a *App) until(ctx context.Context, server *http.Server, l net.Listener, what string) error {
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
	return fmt.Errorf("serve %s: %w", what, err)
}

// bodiless refuses requests with a body: nothing here reads one.
func bodiless(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			w.Header().Set("Connection", "close")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func answer(w http.ResponseWriter, err error) {
	if err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, err.Error()+"\n")
		return
	}
	_, _ = io.WriteString(w, "ok\n")
}
