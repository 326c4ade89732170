package who

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/sync/singleflight"

	"canarybot.io/rollout"
	"canarybot.io/secret"
)

const (
	// fetching bounds what one request to an issuer takes: a pipeline waits for it.
	fetching = 5 * time.Second
	// fetchAgain is how soon an issuer is asked again: whoever invents tokens must not have it asked for each.
	fetchAgain = 5 * time.Second
	// freshFor is how long keys are trusted without asking which there are now: a key that was taken back is not used for longer.
	freshFor = time.Hour
	// longestKeys bounds what an issuer may answer.
	longestKeys = 1 << 20
	// skew is by how much the issuer's clock and ours may differ.
	skew = time.Minute
)

// algorithms are those that prove something to whoever knows public keys alone.
func algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}
}

// issuer makes tokens. It is asked for its keys when the first token comes, and again when a token is signed by another one.
type issuer struct {
	address string
	client  *http.Client
	log     *slog.Logger
	once    singleflight.Group

	mu       sync.Mutex // guards the fields below; held for lines
	verifier *oidc.IDTokenVerifier
	asked    time.Time // when verifier was made or could not be
	err      error     // why it could not be
}

func newIssuer(address string, reach http.RoundTripper, log *slog.Logger) *issuer {
	asks := &http.Client{Timeout: fetching, Transport: &seldom{next: reach}, CheckRedirect: sameScheme}
	return &issuer{address: address, client: asks, log: log}
}

// transport trusts the certificates in the file, or those of the system.
func transport(caFile string) http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if caFile == "" || !ok {
		return http.DefaultTransport
	}
	return &trusting{file: secret.NewFile(caFile, secret.Text, nil), like: t}
}

// trusting trusts the certificates in a file that may be rewritten. It connects anew for each request: there are few.
type trusting struct {
	file *secret.File
	like *http.Transport
}

// RoundTrip sends one request.
func (t *trusting) RoundTrip(r *http.Request) (*http.Response, error) {
	text, err := t.file.Read()
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(text)) {
		return nil, errors.New("the pipeline's ca_file holds no certificate")
	}
	one := t.like.Clone()
	one.TLSClientConfig, one.DisableKeepAlives = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, true
	return one.RoundTrip(r)
}

// sameScheme follows a few redirects, and none to clear text.
func sameScheme(r *http.Request, via []*http.Request) error {
	if len(via) > 3 || r.URL.Scheme != via[0].URL.Scheme {
		return errors.New("it redirects elsewhere")
	}
	return nil
}

// verified returns what the token says, if the issuer signed it and it holds now.
func (i *issuer) verified(ctx context.Context, token string) (claims, error) {
	v, err := i.ready(ctx)
	if err != nil {
		return nil, i.unreachable(err)
	}
	var unfetched error
	proved, err := v.Verify(context.WithValue(ctx, unfetchedKey{}, &unfetched), token)
	switch {
	case unfetched != nil:
		return nil, i.unreachable(unfetched)
	case err != nil:
		return nil, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemSignature, Want: i.address}).Because(errors.New("the signature does not fit"))
	}
	var raw rawClaims
	if err := proved.Claims(&raw); err != nil {
		return nil, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemMalformed})
	}
	c, err := readClaims(raw)
	if err != nil {
		return nil, rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemMalformed})
	}
	return c, c.holds(proved.Expiry, time.Now())
}

// rawClaims keeps the claims as they are written.
type rawClaims []byte

// UnmarshalJSON keeps them.
func (r *rawClaims) UnmarshalJSON(b []byte) error {
	*r = bytes.Clone(b)
	return nil
}

// holds returns why a token does not hold now. One that does not say until when never does.
func (c claims) holds(until, now time.Time) error {
	from := c.number("nbf")
	switch {
	case until.Add(skew).Before(now):
		return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemExpired})
	case from.Add(-skew).After(now):
		return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: ProblemEarly})
	}
	return nil
}

// unreachable is the error where nobody can say whose token it is, as its issuer does not answer.
func (i *issuer) unreachable(err error) error {
	return rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: ProblemUnchecked, Words: i.address + " cannot be asked for its keys"}).Because(err)
}

// ready returns what verifies tokens: as it is kept, or made anew where it is too old.
func (i *issuer) ready(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	i.mu.Lock()
	v, err, age := i.verifier, i.err, time.Since(i.asked)
	i.mu.Unlock()
	if v != nil && age < freshFor {
		return v, nil
	}
	if v == nil && err != nil && age < fetchAgain {
		return nil, err
	}
	// Whoever asks first may be gone before the answer, and others wait for it too.
	made := i.once.DoChan("", func() (any, error) { return i.discover(context.WithoutCancel(ctx)) })
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case result := <-made:
		v, _ := result.Val.(*oidc.IDTokenVerifier)
		return v, result.Err
	}
}

// discover asks the issuer where its keys are. While it does not answer, what it said before holds.
func (i *issuer) discover(ctx context.Context) (*oidc.IDTokenVerifier, error) {
	ctx = oidc.ClientContext(ctx, i.client)
	provider, err := oidc.NewProvider(ctx, i.address)
	var found struct {
		Keys string `json:"jwks_uri"`
	}
	if err == nil {
		err = provider.Claims(&found)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked, i.err = time.Now(), err
	switch {
	case err == nil:
		i.verifier = oidc.NewVerifier(i.address, keys{oidc.NewRemoteKeySet(ctx, found.Keys)}, &oidc.Config{
			SkipClientIDCheck: true, SkipExpiryCheck: true, // both are checked by ourselves, to say which it is
			SupportedSigningAlgs: algorithms(),
		})
	case i.verifier != nil:
		i.asked = i.asked.Add(time.Minute - freshFor) // tried again in a minute
		i.log.Warn("issuer not asked anew for its keys; those of before are used", "issuer", i.address, "error", err)
		return i.verifier, nil
	default:
		i.log.Warn("issuer not asked for its keys", "issuer", i.address, "error", err)
	}
	return i.verifier, err
}

// unfetchedKey is where keys notes in the context that there are none.
type unfetchedKey struct{}

// keys tells keys that could not be fetched from keys that do not fit.
type keys struct{ oidc.KeySet }

// VerifySignature returns what the token says, if one of the keys signed it.
func (k keys) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.KeySet.VerifySignature(ctx, token)
	// The library tells them apart by their text alone; a test notices if that changes.
	if note, ok := ctx.Value(unfetchedKey{}).(*error); ok && err != nil && strings.HasPrefix(err.Error(), "fetching keys") {
		*note = err
	}
	return payload, err
}

// seldom asks for each address once in a while, and gives the same answer in between.
type seldom struct {
	next http.RoundTripper

	mu   sync.Mutex // guards the field below; held for lines
	last map[string]fetched
}

// fetched is an answer, or why there is none.
type fetched struct {
	at       time.Time
	response http.Response
	body     []byte
	err      error
}

// RoundTrip answers one request, by itself or as it was answered a moment ago.
func (s *seldom) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	f, ok := s.last[r.URL.String()]
	s.mu.Unlock()
	if !ok || time.Since(f.at) >= fetchAgain {
		f = s.fetch(r)
		s.mu.Lock()
		if s.last == nil || len(s.last) > 16 { // an issuer has two addresses
			s.last = map[string]fetched{}
		}
		s.last[r.URL.String()] = f
		s.mu.Unlock()
	}
	if f.err != nil {
		return nil, f.err
	}
	response := f.response
	response.Request, response.Body = r, io.NopCloser(bytes.NewReader(f.body))
	return &response, nil
}

func (s *seldom) fetch(r *http.Request) fetched {
	f := fetched{at: time.Now()}
	response, err := s.next.RoundTrip(r)
	if err == nil {
		f.body, err = io.ReadAll(io.LimitReader(response.Body, longestKeys+1))
		err = errors.Join(err, response.Body.Close())
		f.response = *response
	}
	switch {
	case err != nil:
		f.err = err
	case len(f.body) > longestKeys:
		f.err = errors.New("it answers more than any issuer does")
	case !slices.Contains([]int{http.StatusOK, http.StatusMovedPermanently, http.StatusFound, http.StatusTemporaryRedirect, http.StatusPermanentRedirect}, response.StatusCode):
		f.err = fmt.Errorf("it answers %s", response.Status)
	}
	return f
}
