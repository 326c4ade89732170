package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"canarybot.io/api/who"
	"canarybot.io/app"
	"canarybot.io/config"
	"canarybot.io/secret"
)

// newAPI opens the listener of the API, and knows whom it answers. It is off where the configuration has none.
func newAPI(ctx context.Context, c config.Config, reviewer who.Reviewer, log *slog.Logger) (app.API, error) {
	if c.API.Listen == "" {
		return app.API{}, nil
	}
	reached := app.API{Callers: who.New(who.Options{Pipelines: c.Pipelines, Reviewer: reviewer, Log: log})}
	if c.API.CertFile != "" {
		pair := newPair(c.API, log)
		if _, err := pair.certificate(nil); err != nil {
			return app.API{}, err
		}
		reached.Certificate = pair.certificate
	}
	var err error
	if reached.Listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.API.Listen); err != nil {
		return app.API{}, fmt.Errorf("listen on %s, the configuration's api.listen: %w", c.API.Listen, err)
	}
	return reached, nil
}

// pair is a certificate and its key in two files, which may be rewritten one after the other.
type pair struct {
	cert, key *secret.File
	log       *slog.Logger

	mu       sync.Mutex // guards the fields below
	from     [2]string  // what made the certificate
	made     *tls.Certificate
	mismatch bool // told of already
}

func newPair(a config.API, log *slog.Logger) *pair {
	return &pair{cert: secret.NewFile(a.CertFile, secret.Text, log), key: secret.NewFile(a.KeyFile, secret.Text, log), log: log}
}

// certificate returns the certificate as the files have it now. Where they do not fit together, as between the two writes of a
// renewal, the one of before holds.
func (p *pair) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	cert, err := p.cert.Read()
	if err != nil {
		return nil, fmt.Errorf("read the configuration's api.tls.cert_file: %w", err)
	}
	key, err := p.key.Read()
	if err != nil {
		return nil, fmt.Errorf("read the configuration's api.tls.key_file: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made != nil && p.from == [2]string{cert, key} {
		return p.made, nil
	}
	made, err := tls.X509KeyPair([]byte(cert), []byte(key))
	switch {
	case err == nil:
		p.from, p.made, p.mismatch = [2]string{cert, key}, &made, false
	case p.made == nil:
		return nil, fmt.Errorf("the configuration's api.tls: certificate and key: %w", err)
	case !p.mismatch:
		p.mismatch = true
		p.log.Warn("certificate and key do not fit together; those of before are used", "error", err)
	}
	return p.made, nil
}
