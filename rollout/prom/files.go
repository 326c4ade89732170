package prom

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"slices"

	"github.com/prometheus/common/config"

	"canarybot.io/secret"
)

// files reads the files that the configuration names, in the place of prometheus/common: it would wait for a named pipe
// for ever, and send what is half written.
type files struct {
	byPath map[string]*secret.File
	log    *slog.Logger
}

func newFiles(log *slog.Logger) files { return files{byPath: map[string]*secret.File{}, log: log} }

var _ config.SecretManager = files{}

// Fetch returns what the file holds now. It does not block.
func (f files) Fetch(_ context.Context, path string) (string, error) {
	file, ok := f.byPath[path]
	if !ok {
		return "", fmt.Errorf("%s is no file of the configuration; write a key that ends in _file", path)
	}
	return file.Read()
}

// take makes a reference of a path, so that the file is read here.
func (f files) take(path, ref *string) {
	if *path != "" {
		f.add(*path)
		*ref, *path = *path, ""
	}
}

func (f files) add(path string) *secret.File {
	if f.byPath[path] == nil {
		f.byPath[path] = secret.NewFile(path, secret.Text, f.log)
	}
	return f.byPath[path]
}

// over returns the transport of the configuration, which reads every file through f.
func (f files) over(h config.HTTPClientConfig) (http.RoundTripper, error) {
	h.TLSConfig = f.tls(h.TLSConfig)
	if h.BearerTokenFile != "" { // the older way to write it
		h.Authorization, h.BearerTokenFile = &config.Authorization{Type: "Bearer", CredentialsFile: h.BearerTokenFile}, ""
	}
	if h.Authorization != nil {
		a := *h.Authorization
		f.take(&a.CredentialsFile, &a.CredentialsRef)
		h.Authorization = &a
	}
	if h.BasicAuth != nil {
		b := *h.BasicAuth
		f.take(&b.UsernameFile, &b.UsernameRef)
		f.take(&b.PasswordFile, &b.PasswordRef)
		h.BasicAuth = &b
	}
	if h.OAuth2 != nil {
		o := *h.OAuth2
		f.take(&o.ClientSecretFile, &o.ClientSecretRef)
		f.take(&o.ClientCertificateKeyFile, &o.ClientCertificateKeyRef)
		o.TLSConfig = f.tls(o.TLSConfig)
		h.OAuth2 = &o
	}
	headers := f.headers(&h)
	if err := f.check(); err != nil {
		return nil, err
	}
	next, err := config.NewRoundTripperFromConfig(h, "prometheus", config.WithUserAgent("canarybot"), config.WithSecretManager(f))
	if err != nil || len(headers.files) == 0 {
		return next, err
	}
	headers.RoundTripper = next
	return headers, nil
}

// check returns what is wrong with a file. One that is not there may yet come.
func (f files) check() error {
	for _, path := range slices.Sorted(maps.Keys(f.byPath)) {
		if _, err := f.byPath[path].Read(); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (f files) tls(c config.TLSConfig) config.TLSConfig {
	f.take(&c.CAFile, &c.CARef)
	f.take(&c.CertFile, &c.CertRef)
	f.take(&c.KeyFile, &c.KeyRef)
	return c
}

// headers takes the headers whose values are in files out of the configuration: they have no references.
func (f files) headers(h *config.HTTPClientConfig) headerFiles {
	taken := headerFiles{files: map[string][]*secret.File{}}
	if h.HTTPHeaders == nil {
		return taken
	}
	rest := config.Headers{Headers: map[string]config.Header{}}
	for name, one := range h.HTTPHeaders.Headers {
		for _, path := range one.Files {
			taken.files[name] = append(taken.files[name], f.add(path))
		}
		one.Files = nil
		rest.Headers[name] = one
	}
	h.HTTPHeaders = &rest
	return taken
}

// headerFiles adds the headers whose values are in files.
type headerFiles struct {
	http.RoundTripper
	files map[string][]*secret.File
}

// RoundTrip sends the request with the headers.
func (h headerFiles) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	for name, all := range h.files {
		for _, file := range all {
			value, err := file.Read()
			if err != nil {
				return nil, fmt.Errorf("unable to read headers file: %w", err)
			}
			r.Header.Add(name, value)
		}
	}
	return h.RoundTripper.RoundTrip(r)
}

// CloseIdleConnections lets http.Client close the transport's connections.
func (h headerFiles) CloseIdleConnections() {
	if c, ok := h.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
