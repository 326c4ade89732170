package prom

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/prometheus/client_golang/api"
	"github.com/prometheus/common/config"
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
		if rt, err = config.NewRoundTripperFromConfig(o.HTTP, "prometheus", config.WithUserAgent("canarybot")); err != nil {
			return nil, err
		}
	}
	client := &http.Client{Transport: limited{next: rt}, CheckRedirect: sameHost}
	if !o.HTTP.FollowRedirects {
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return api.NewClient(api.Config{Address: o.URL, Client: client})
}

// sameHost refuses redirects that would send the credentials to another host, or out of TLS: the round tripper adds
// them to each request, whatever its host.
func sameHost(next *http.Request, before []*http.Request) error {
	first := before[0].URL
	switch {
	case len(before) > 3:
		return fmt.Errorf("redirected by Prometheus more than three times")
	case next.URL.Hostname() != first.Hostname(), first.Scheme == "https" && next.URL.Scheme != "https":
		return fmt.Errorf("redirected by Prometheus to %s://%s, which is not followed", next.URL.Scheme, next.URL.Host)
	}
	return nil
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
