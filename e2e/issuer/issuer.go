// Package issuer is an OpenID Connect issuer of our own: it publishes its keys as GitHub, GitLab and Kubernetes do, and
// signs whatever it is asked to, also what no issuer would. It refuses to know who checks its tokens. To test it, check
// them with a library that others wrote.
package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

// Issuer publishes keys and signs tokens. Start it with Start. It is safe for concurrent use.
type Issuer struct {
	URL    string // as its tokens name it
	CAFile string // the certificates that it is trusted by

	maxAge time.Duration

	mu      sync.Mutex
	keys    []Key // the newest last
	fetched int   // how often the keys were asked for
	away    bool
}

// Key is one key to sign with.
type Key struct {
	ID     string
	signer crypto.Signer // of RSA or of P-256
}

// Kind is a kind of key.
type Kind string

// The kinds that issuers use.
const (
	RSA Kind = "RSA"
	EC  Kind = "EC"
)

// Start runs an issuer with one key until the test ends. Its keys may be kept for the time that their answer names.
func Start(t testing.TB, kind Kind, maxAge time.Duration) *Issuer {
	t.Helper()
	i := &Issuer{maxAge: maxAge}
	i.Rotate(t, kind)
	server := httptest.NewTLSServer(i)
	t.Cleanup(server.Close)
	i.URL = server.URL
	i.CAFile = filepath.Join(t.TempDir(), "issuer-ca.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(i.CAFile, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return i
}

// NewKey makes a key that the issuer does not publish.
func NewKey(t testing.TB, kind Kind) Key {
	t.Helper()
	var signer crypto.Signer
	var err error
	switch kind {
	case RSA:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case EC:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("no key is of the kind %q", kind)
	}
	if err != nil {
		t.Fatal(err)
	}
	return Key{ID: rand.Text(), signer: signer}
}

// Rotate adds a key, and signs with it from now on. The old ones stay published until Withdraw.
func (i *Issuer) Rotate(t testing.TB, kind Kind) {
	t.Helper()
	key := NewKey(t, kind)
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = append(i.keys, key)
}

// Withdraw publishes the newest key alone.
func (i *Issuer) Withdraw() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys = slices.Clone(i.keys[len(i.keys)-1:])
}

// Away has the issuer answer nobody, or everybody again.
func (i *Issuer) Away(away bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.away = away
}

// Fetched returns how often the keys were asked for.
func (i *Issuer) Fetched() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetched
}

// Key returns the key that is signed with now.
func (i *Issuer) Key() Key {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.keys[len(i.keys)-1]
}

// ServeHTTP answers with the issuer's description and its keys.
func (i *Issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	var answer any
	switch {
	case i.away:
		http.Error(w, "away", http.StatusServiceUnavailable)
		return
	case r.URL.Path == "/.well-known/openid-configuration":
		answer = map[string]any{
			"issuer": i.URL, "jwks_uri": i.URL + "/keys", "response_types_supported": []string{"id_token"},
			"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256", "ES256"},
		}
	case r.URL.Path == "/keys":
		i.fetched++
		var all []any
		for _, key := range i.keys {
			all = append(all, key.published())
		}
		answer = map[string]any{"keys": all}
	default:
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", fmt.Sprintf("public, max-age=%d", int(i.maxAge.Seconds())))
	_ = json.NewEncoder(w).Encode(answer) // whoever asked has gone
}

// published returns the key's public half, as RFC 7517 has it.
func (k Key) published() map[string]string {
	switch public := k.signer.Public().(type) {
	case *rsa.PublicKey:
		return map[string]string{
			"kid": k.ID, "use": "sig", "kty": "RSA", "alg": "RS256",
			"n": encode(public.N.Bytes()), "e": encode(big.NewInt(int64(public.E)).Bytes()),
		}
	case *ecdsa.PublicKey:
		point, err := public.Bytes()
		if err != nil {
			panic(err) // it was generated
		}
		return map[string]string{
			"kid": k.ID, "use": "sig", "kty": "EC", "alg": "ES256", "crv": "P-256",
			"x": encode(point[1:33]), "y": encode(point[33:]),
		}
	}
	panic("a key of a kind that nobody made")
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
