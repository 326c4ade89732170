package prom

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"time"

	"github.com/prometheus/common/config"
	"github.com/prometheus/prometheus/storage/remote/azuread"
	"github.com/prometheus/sigv4"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"

	"canarybot.io/secret"
)

// SignIn says how to sign in at a cloud's own service. At most one of its fields is set. The first two are read and done
// as Prometheus itself does for writing.
type SignIn struct {
	SigV4   *sigv4.SigV4Config // Amazon
	AzureAD *azuread.AzureADConfig
	Google  *GoogleIAM
}

// GoogleIAM signs in with the file's credentials or, without a file, with those of the environment. Prometheus' own way
// asks for the right to write and links gRPC: 4 MB more.
type GoogleIAM struct {
	CredentialsFile string `yaml:"credentials_file,omitempty"`
}

// SetDirectory makes the options' relative paths start at the directory.
func (o *Options) SetDirectory(dir string) {
	o.HTTP.SetDirectory(dir)
	join := func(path string) string { return config.JoinDir(dir, path) }
	s := o.SignIn
	if s.Google != nil {
		s.Google.CredentialsFile = join(s.Google.CredentialsFile)
	}
	if s.AzureAD != nil && s.AzureAD.WorkloadIdentity != nil {
		s.AzureAD.WorkloadIdentity.TokenFilePath = join(s.AzureAD.WorkloadIdentity.TokenFilePath)
	}
	if s.AzureAD != nil && s.AzureAD.Certificate != nil {
		c := s.AzureAD.Certificate
		c.CertificatePath, c.CertificateKeyPath = join(c.CertificatePath), join(c.CertificateKeyPath)
	}
}

// over returns the transport that signs in before it sends.
func (s SignIn) over(next http.RoundTripper, address string) (http.RoundTripper, error) {
	var begin func(context.Context) (http.RoundTripper, error)
	switch {
	case s.SigV4 != nil:
		c := *s.SigV4
		if c.Region = regionOf(c.Region, address); c.Region == "" {
			return nil, errors.New("sigv4.region is missing, and neither the address nor AWS_REGION tells it")
		}
		begin = func(context.Context) (http.RoundTripper, error) { return sigv4.NewSigV4RoundTripper(&c, next) }
	case s.AzureAD != nil:
		c := *s.AzureAD
		if c.Scope == "" {
			c.Scope = queryScopes[c.Cloud]
		}
		begin = func(context.Context) (http.RoundTripper, error) { return azuread.NewAzureADRoundTripper(&c, next) }
	case s.Google != nil:
		begin = func(ctx context.Context) (http.RoundTripper, error) { return s.Google.over(ctx, next) }
	default:
		return next, nil
	}
	return &signed{next: next, begin: begin, turn: make(chan struct{}, 1), slots: make(chan struct{}, questions*atOnce)}, nil
}

// amazonHost matches the host of an Amazon workspace.
var amazonHost = regexp.MustCompile(`^aps-workspaces(?:-fips)?\.([a-z0-9-]+)\.`)

// regionOf returns the region to sign for: what is signed for no region is refused by Amazon.
func regionOf(written, address string) string {
	if written != "" {
		return written
	}
	if u, err := url.Parse(address); err == nil {
		if found := amazonHost.FindStringSubmatch(u.Hostname()); found != nil {
			return found[1]
		}
	}
	if region := os.Getenv("AWS_REGION"); region != "" {
		return region
	}
	return os.Getenv("AWS_DEFAULT_REGION")
}

// queryScopes are what a token for querying is asked for, by cloud. Prometheus' own default is for writing.
var queryScopes = map[string]string{
	azuread.AzurePublic:     "https://prometheus.monitor.azure.com/.default",
	azuread.AzureGovernment: "https://prometheus.monitor.azure.us/.default",
	azuread.AzureChina:      "https://prometheus.monitor.azure.cn/.default",
}

// readScope is Google's right to query.
const readScope = "https://www.googleapis.com/auth/monitoring.read"

// tokenTimeout bounds a request for a token, which outlives the query that it was first made for.
const tokenTimeout = 10 * time.Second

func (g GoogleIAM) over(ctx context.Context, next http.RoundTripper) (http.RoundTripper, error) {
	ctx = context.WithValue(context.WithoutCancel(ctx), oauth2.HTTPClient, &http.Client{Timeout: tokenTimeout})
	if g.CredentialsFile == "" {
		found, err := google.FindDefaultCredentials(ctx, readScope)
		if err != nil {
			return nil, err
		}
		return &oauth2.Transport{Source: found.TokenSource, Base: next}, nil
	}
	key := googleKey{ctx: ctx, path: g.CredentialsFile, file: secret.NewFile(g.CredentialsFile, secret.Text, nil)}
	if _, err := key.credentials(); err != nil {
		return nil, err
	}
	return &oauth2.Transport{Source: oauth2.ReuseTokenSource(nil, key), Base: next}, nil
}

// googleKey asks for a token with the key that its file holds by then.
type googleKey struct {
	ctx  context.Context //nolint:containedctx // carries the client, and nothing that ends
	path string
	file *secret.File
}

// Token returns a new token.
func (k googleKey) Token() (*oauth2.Token, error) {
	credentials, err := k.credentials()
	if err != nil {
		return nil, err
	}
	return credentials.TokenSource.Token()
}

func (k googleKey) credentials() (*google.Credentials, error) {
	text, err := k.file.Read()
	if err != nil {
		return nil, err
	}
	var file struct {
		Type google.CredentialsType `json:"type"`
	}
	if json.Unmarshal([]byte(text), &file) != nil { // its words would quote the file
		return nil, fmt.Errorf("%s does not hold Google credentials", k.path)
	}
	return google.CredentialsFromJSONWithType(k.ctx, []byte(text), file.Type, readScope)
}

// signed signs in at its first request, and again where that failed: a cloud's token service that is away must not keep
// Canarybot from starting. What signs in knows no deadline, so each request runs beside its caller, who leaves at his.
type signed struct {
	next  http.RoundTripper
	begin func(context.Context) (http.RoundTripper, error)
	turn  chan struct{} // held while ready is read or set
	ready http.RoundTripper
	slots chan struct{} // one for each request: what hangs does not pile up
}

// RoundTrip signs the request and sends it.
func (s *signed) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	select {
	case s.slots <- struct{}{}:
	case <-ctx.Done():
		if r.Body != nil {
			_ = r.Body.Close()
		}
		return nil, ctx.Err()
	}
	type outcome struct {
		resp *http.Response
		err  error
	}
	came := make(chan outcome) // unbuffered: whoever left takes nothing
	go func() {
		defer func() { <-s.slots }()
		resp, err := s.send(r.Clone(ctx)) // signing changes it
		select {
		case came <- outcome{resp, err}:
		case <-ctx.Done():
			if err == nil {
				_ = resp.Body.Close()
			}
		}
	}()
	select {
	case o := <-came:
		return o.resp, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *signed) send(r *http.Request) (*http.Response, error) {
	rt, err := s.signer(r.Context())
	if err != nil {
		return nil, fmt.Errorf("signing in: %w", err)
	}
	return rt.RoundTrip(r)
}

func (s *signed) signer(ctx context.Context) (http.RoundTripper, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.ready != nil {
		return s.ready, nil
	}
	rt, err := s.begin(ctx)
	if err == nil {
		s.ready = rt
	}
	return rt, err
}

// CloseIdleConnections lets http.Client close the transport's connections.
func (s *signed) CloseIdleConnections() {
	if c, ok := s.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
