package webhook

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"

	"canarybot.io/secret"
)

// Reach returns what keeps a target from being told, without telling it anything: a file that cannot be read, an address
// that is refused, a server that does not answer or has no certificate that is trusted. It blocks until the context ends at
// most. Nil says nothing about whether the target takes events.
func Reach(ctx context.Context, s Settings) error {
	if s.Type == KubernetesType {
		return nil
	}
	if s.URL == "" && s.URLFile == "" {
		s.URL = githubAPI
	}
	c := newClient(s, slog.New(slog.DiscardHandler))
	address, err := c.address()
	if err != nil {
		return errors.Unwrap(err)
	}
	var all []error
	for _, f := range append([]*secret.File(c.signer), c.token) {
		if f == nil {
			continue
		}
		if _, err := f.Read(); err != nil {
			all = append(all, err)
		}
	}
	return errors.Join(append(all, c.reach(ctx, address))...)
}

// reach opens a connection, and closes it.
func (c *client) reach(ctx context.Context, address string) error {
	round, err := c.transport()
	if err != nil {
		return errors.Unwrap(err)
	}
	u, err := url.Parse(address)
	t, ok := round.(*http.Transport)
	if err != nil || !ok || c.s.Proxy { // a proxy's answer would say nothing about the target
		return err
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	conn, err := t.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("not reached: %w", err)
	}
	defer conn.Close()
	if u.Scheme == "http" {
		return nil
	}
	config := t.TLSClientConfig.Clone()
	config.ServerName = u.Hostname()
	if err := tls.Client(conn, config).HandshakeContext(ctx); err != nil {
		return fmt.Errorf("not trusted: %w", err)
	}
	return nil
}
