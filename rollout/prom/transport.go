package prom

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/prometheus/client_golang/api"
)

// maxAnswerBytes is how much of an answer is read. One number takes a few hundred bytes.
const maxAnswerBytes = 1 << 20

// CheckURL returns what is wrong with the address of a Prometheus. It never quotes the address.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return fmt.Errorf("the address cannot be parsed")
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("the address does not begin with http://HOST or https://HOST")
	case u.RawQuery != "" || u.Fragment != "":
		return fmt.Errorf("the address has more than a path")
	}
	return nil
}

// String returns the address without its password; how to authenticate is not shown at all.
func (o Options) String() string {
	u, err := url.Parse(o.URL)
	if err != nil {
		return "[not an address]"
	}
	return u.Redacted()
}

func newClient(o Options) (api.Client, error) {
	if err := CheckURL(o.URL); err != nil {
		return nil, err
	}
	rt := o.Transport
	if rt == nil {
		var err error
		if rt, err = newFiles(o.Log).over(o.HTTP); err != nil {
			return nil, err
		}
	}
	rt, err := o.SignIn.over(rt, o.URL)
	if err != nil {
		return nil, err
	}
	client := &http.Client{Transport: limited{next: rt}, CheckRedirect: sameHost}
	if !o.HTTP.FollowRedirects {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	plain, err := api.NewClient(api.Config{Address: o.URL, Client: client})
	if err != nil {
		return nil, err
	}
	return store{Client: plain, params: o.params()}, nil
}

// params are sent with every query. Thanos merges replicas and tells of missing stores with an error where it is asked
// to; Prometheus and what is built on it leave out what they do not know, but Google's frontend refuses it.
func (o Options) params() string {
	all := url.Values{}
	if u, err := url.Parse(o.URL); o.SignIn.Google == nil && err == nil && !strings.HasSuffix(u.Hostname(), ".googleapis.com") {
		all.Set("dedup", "true")
		all.Set("partial_response", "false")
	}
	for name, value := range o.Params {
		if all.Set(name, value); value == "" {
			all.Del(name)
		}
	}
	return all.Encode()
}

// store is the API of a metrics store.
type store struct {
	api.Client
	params string
}

// URL returns an endpoint with the parameters of every query.
func (s store) URL(endpoint string, args map[string]string) *url.URL {
	u := s.Client.URL(endpoint, args)
	u.RawQuery = s.params
	return u
}

// Do sends a request. VictoriaMetrics says that a part of the data is missing in a field of its own; it becomes a warning.
func (s store) Do(ctx context.Context, r *http.Request) (*http.Response, []byte, error) {
	resp, body, err := s.Client.Do(ctx, r)
	var said struct {
		Partial  bool     `json:"isPartial"`
		Warnings []string `json:"warnings"`
	}
	if err != nil || !bytes.Contains(body, []byte(`"isPartial"`)) || json.Unmarshal(body, &said) != nil || !said.Partial {
		return resp, body, err
	}
	var whole map[string]json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		return resp, body, err
	}
	if whole["warnings"], err = json.Marshal(append(said.Warnings, "the answer is partial (isPartial)")); err != nil {
		return resp, body, err
	}
	body, err = json.Marshal(whole)
	return resp, body, err
}

// CloseIdleConnections closes those of the client.
func (s store) CloseIdleConnections() {
	if c, ok := s.Client.(api.CloseIdler); ok {
		c.CloseIdleConnections()
	}
}

// sameHost refuses redirects that would send the credentials to whoever else listens on the host, to another one, or out of
// TLS: the round tripper adds them to each request, whatever its address. What is left keeps scheme, host and port, and
// the method with its form.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case len(before) > 3:
		return fmt.Errorf("redirected by Prometheus more than three times")
	case next.Method != before[0].Method: // a redirect of a form as GET has lost the query
		return fmt.Errorf("redirected by Prometheus without the query to %s://%s; prometheus.url must be where that leads", next.URL.Scheme, next.URL.Host)
	case next.URL.Scheme != first.Scheme, !strings.EqualFold(next.URL.Hostname(), first.Hostname()), portOf(next.URL) != portOf(first):
		return fmt.Errorf("redirected by Prometheus to %s://%s, which is not followed: what signs in would go there; prometheus.url must be where that leads",
			next.URL.Scheme, next.URL.Host)
	}
	return nil
}

// portOf returns the port of an address, also where it is the scheme's own.
func portOf(u *url.URL) string {
	switch port := u.Port(); {
	case port != "":
		return port
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

// limited bounds how much of an answer is read. It wraps the transport, so it counts decompressed bytes.
type limited struct{ next http.RoundTripper }

func (l limited) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(r)
	if err == nil {
		resp.Body = &limitedBody{ReadCloser: resp.Body, left: maxAnswerBytes}
	}
	return resp, err
}

// CloseIdleConnections lets http.Client close the transport's connections.
func (l limited) CloseIdleConnections() {
	if c, ok := l.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

type limitedBody struct {
	io.ReadCloser
	left int
}

// tooLargeError reports that an answer was cut off.
type tooLargeError struct{}

func (*tooLargeError) Error() string { return "the answer is larger than 1 MiB" }

func (b *limitedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, &tooLargeError{}
	}
	if len(p) > b.left+1 { // one byte more than allowed, to tell an answer of exactly that size from a larger one
		p = p[:b.left+1]
	}
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, &tooLargeError{}
	}
	return n, err
}
