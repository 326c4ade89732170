package issuer

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"testing"
	"time"
)

// Claims are what a token says.
type Claims map[string]any

// With returns the claims with others in their place; a nil value takes one away.
func (c Claims) With(others Claims) Claims {
	all := maps.Clone(c)
	for name, value := range others {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

// Audience is what the tokens of Job are made out to.
const Audience = "canarybot"

// Job returns the claims of a run of GitHub Actions, as its issuer writes them: run 812 on the main branch of acme/shop.
func (i *Issuer) Job() Claims {
	now := time.Now()
	return Claims{
		"iss": i.URL, "aud": Audience, "sub": "repo:acme/shop:ref:refs/heads/main", "jti": rand.Text(),
		"iat": now.Unix(), "nbf": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix(),
		"repository": "acme/shop", "repository_owner": "acme", "repository_id": "74", "repository_owner_id": "65", "repository_visibility": "private",
		"ref": "refs/heads/main", "ref_type": "branch", "ref_protected": "true", "sha": "2f1c8b1dd2a8f6a7f9d1d3dbe0c6e8c1e5a4b3c2",
		"workflow": "deploy", "workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
		"job_workflow_ref": "acme/shop/.github/workflows/deploy.yml@refs/heads/main",
		"event_name":       "push", "actor": "nia", "run_id": "9007199254740993", "run_number": "812", "run_attempt": "1",
		"runner_environment": "github-hosted",
	}
}

// Sign returns a token with the claims, signed with the key of now.
func (i *Issuer) Sign(t testing.TB, claims Claims) string {
	t.Helper()
	return i.Key().Sign(t, claims)
}

// Sign returns a token with the claims, signed with this key.
func (k Key) Sign(t testing.TB, claims Claims) string {
	t.Helper()
	token, err := k.sign(claims)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (k Key) sign(claims Claims) (string, error) {
	algorithm := "RS256"
	if _, ok := k.signer.(*ecdsa.PrivateKey); ok {
		algorithm = "ES256"
	}
	text, err := unsigned(algorithm, k.ID, claims)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(text))
	var signature []byte
	switch private := k.signer.(type) {
	case *rsa.PrivateKey:
		signature, err = rsa.SignPKCS1v15(rand.Reader, private, crypto.SHA256, sum[:])
	case *ecdsa.PrivateKey:
		var r, s *big.Int
		if r, s, err = ecdsa.Sign(rand.Reader, private, sum[:]); err == nil {
			signature = append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
		}
	default:
		err = fmt.Errorf("%T signs nothing", private)
	}
	return text + "." + encode(signature), err
}

// As returns the key under another's id.
func (k Key) As(other Key) Key {
	k.ID = other.ID
	return k
}

// Unsigned returns a token with the algorithm none, which proves nothing.
func Unsigned(t testing.TB, claims Claims) string {
	t.Helper()
	text, err := unsigned("none", "", claims)
	if err != nil {
		t.Fatal(err)
	}
	return text + "."
}

// SignedByPublicKey returns a token that is signed with a secret, HS256, where the secret is the public key: whoever lets a
// token say how it is checked takes it.
func (k Key) SignedByPublicKey(t testing.TB, claims Claims) string {
	t.Helper()
	public, err := x509.MarshalPKIXPublicKey(k.signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	text, err := unsigned("HS256", k.ID, claims)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// unsigned returns what of a token is signed.
func unsigned(algorithm, key string, claims Claims) (string, error) {
	header := map[string]string{"alg": algorithm, "typ": "JWT"}
	if key != "" {
		header["kid"] = key
	}
	first, err := json.Marshal(header)
	if err != nil {
		return "", err
	}
	second, err := json.Marshal(claims)
	return encode(first) + "." + encode(second), err
}
