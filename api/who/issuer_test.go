package who_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math/big"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

const actions = "https://token.actions.githubusercontent.com"

// issuer makes tokens, and serves its keys without a network.
type issuer struct {
	testing.TB
	address string
	kid     string
	key     *ecdsa.PrivateKey

	mu     sync.Mutex
	asked  map[string]int
	away   error
	answer map[string]string // in the place of what it would answer, by path
	served []map[string]any  // the keys that it names
}

func newIssuer(t testing.TB, address string) *issuer {
	i := &issuer{TB: t, address: address, asked: map[string]int{}, answer: map[string]string{}}
	i.rotate("first")
	return i
}

// rotate signs with another key from here on, and names that one alone.
func (i *issuer) rotate(kid string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.Fatal(err)
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kid, i.key, i.served = kid, key, []map[string]any{public(kid, key)}
}

func public(kid string, key *ecdsa.PrivateKey) map[string]any {
	coordinate := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.FillBytes(make([]byte, 32))) }
	return map[string]any{"kty": "EC", "crv": "P-256", "kid": kid, "use": "sig", "alg": "ES256", "x": coordinate(key.X), "y": coordinate(key.Y)}
}

// RoundTrip answers as the issuer's server.
func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.asked[r.URL.Path]++
	if i.away != nil || !strings.HasPrefix(r.URL.String(), i.address) {
		return nil, errors.Join(i.away, errors.New("no route to "+r.URL.Host))
	}
	body, ok := i.answer[r.URL.Path]
	switch {
	case ok:
	case strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration"):
		body = encode(map[string]any{"issuer": i.address, "jwks_uri": i.address + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"}})
	default:
		body = encode(map[string]any{"keys": i.served})
	}
	return &http.Response{StatusCode: http.StatusOK, Status: "200 OK", Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (i *issuer) askedFor(path string) int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.asked[path]
}

func encode(v any) string {
	raw, _ := json.Marshal(v)
	return string(raw)
}

// claims are those of a run of acme/shop on main, with changes; a nil takes a claim away.
func (i *issuer) claims(changes map[string]any) map[string]any {
	c := map[string]any{
		"iss": i.address, "aud": "canarybot", "sub": "repo:acme/shop:ref:refs/heads/main", "repository": "acme/shop", "ref": "refs/heads/main",
		"run_id": "1812", "run_number": "812", "exp": time.Now().Add(5 * time.Minute).Unix(), "nbf": time.Now().Unix(), "iat": time.Now().Unix(),
	}
	maps.Copy(c, changes)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	return c
}

// token is a good one, with changes.
func (i *issuer) token(changes map[string]any) string {
	return i.signed(map[string]any{"alg": "ES256", "kid": i.kid, "typ": "JWT"}, encode(i.claims(changes)), i.key)
}

// signed is a token with any header.
func (i *issuer) signed(header map[string]any, payload string, key *ecdsa.PrivateKey) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(encode(header))) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		i.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// keyed is a token that is signed by a secret: here the issuer's public key, which everybody knows.
func (i *issuer) keyed() string {
	text := base64.RawURLEncoding.EncodeToString([]byte(encode(map[string]any{"alg": "HS256", "kid": i.kid}))) + "." +
		base64.RawURLEncoding.EncodeToString([]byte(encode(i.claims(nil))))
	mac := hmac.New(crypto.SHA256.New, []byte(encode(public(i.kid, i.key))))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}
