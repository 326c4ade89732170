package registry_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	memory "github.com/google/go-containerregistry/pkg/registry"

	"canarybot.io/rollout"
	"canarybot.io/rollout/registry"
)

const (
	indexType    = "application/vnd.oci.image.index.v1+json"
	manifestType = "application/vnd.oci.image.manifest.v1+json"
	bundleType   = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// shop is a registry in memory with the repository shop/checkout.
type shop struct {
	t    *testing.T
	host string

	mu     sync.Mutex
	before func(w http.ResponseWriter, r *http.Request) bool
	asked  []string
}

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{t: t}
	under := memory.New(memory.Logger(log.New(io.Discard, "", 0)), memory.WithReferrersSupport(true))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			s.mu.Lock()
			s.asked = append(s.asked, r.Method+" "+r.URL.Path)
			before := s.before
			s.mu.Unlock()
			if before != nil && before(w, r) {
				return
			}
		}
		under.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	s.host = strings.TrimPrefix(server.URL, "http://")
	return s
}

// answer has the function answer in place of the registry, where it returns true, and forgets what was asked so far.
func (s *shop) answer(before func(w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before, s.asked = before, nil
}

// requests are what it was asked for.
func (s *shop) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.asked)
}

func (s *shop) repository() string { return s.host + "/shop/checkout" }

// put stores a manifest under the reference.
func (s *shop) put(reference, mediaType string, content []byte) string {
	s.t.Helper()
	s.send(http.MethodPut, "/v2/shop/checkout/manifests/"+reference, mediaType, content)
	return sum(content)
}

// blob stores a blob, and returns its descriptor.
func (s *shop) blob(mediaType string, content []byte) map[string]any {
	s.t.Helper()
	s.send(http.MethodPost, "/v2/shop/checkout/blobs/uploads/?digest="+sum(content), "application/octet-stream", content)
	return map[string]any{"mediaType": mediaType, "digest": sum(content), "size": len(content)}
}

func (s *shop) send(method, path, mediaType string, content []byte) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.host+path, bytes.NewReader(content))
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaType)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		body, _ := io.ReadAll(resp.Body)
		s.t.Fatalf("%s %s: %s %s", method, path, resp.Status, body)
	}
}

// push makes the tag name an image for two platforms, of this content, and returns the digest of its index.
func (s *shop) push(tag, content string) string {
	s.t.Helper()
	config := s.blob("application/vnd.oci.image.config.v1+json", []byte("{}"))
	var platforms []map[string]any
	for _, arch := range []string{"amd64", "arm64"} {
		m := encode(s.t, map[string]any{
			"schemaVersion": 2, "mediaType": manifestType, "config": config, "layers": []any{},
			"annotations": map[string]string{"content": content + arch},
		})
		digest := s.put(sum(m), manifestType, m)
		platforms = append(platforms, map[string]any{
			"mediaType": manifestType, "digest": digest, "size": len(m), "platform": map[string]string{"architecture": arch, "os": "linux"},
		})
	}
	return s.put(tag, indexType, encode(s.t, map[string]any{"schemaVersion": 2, "mediaType": indexType, "manifests": platforms}))
}

// signed is one signature as it is stored.
type signed struct{ payload, signature []byte }

// attach stores signatures as cosign's tag beside the image has them.
func (s *shop) attach(digest string, all ...signed) {
	s.t.Helper()
	var layers []any
	for _, one := range all {
		layer := s.blob("application/vnd.dev.cosign.simplesigning.v1+json", one.payload)
		layer["annotations"] = map[string]string{"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(one.signature)}
		layers = append(layers, layer)
	}
	s.put(strings.Replace(digest, ":", "-", 1)+".sig", manifestType, encode(s.t, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "config": s.blob("application/vnd.oci.image.config.v1+json", []byte("{}")), "layers": layers,
	}))
}

// refer stores a bundle as a referrer of the image.
func (s *shop) refer(digest string, bundle []byte) {
	s.t.Helper()
	m := encode(s.t, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "artifactType": bundleType,
		"config":  s.blob("application/vnd.oci.empty.v1+json", []byte("{}")),
		"layers":  []any{s.blob(bundleType, bundle)},
		"subject": map[string]any{"mediaType": indexType, "digest": digest, "size": 1},
	})
	s.put(sum(m), manifestType, m)
}

// payload is what cosign signs of an image.
func payload(t testing.TB, digest string) []byte {
	t.Helper()
	return encode(t, map[string]any{
		"critical": map[string]any{
			"identity": map[string]string{"docker-reference": "registry.example.com/shop/checkout"},
			"image":    map[string]string{"docker-manifest-digest": digest}, "type": "cosign container image signature",
		},
		"optional": nil,
	})
}

// statement is what a bundle's envelope says of an image.
func statement(t testing.TB, digest, predicate string) []byte {
	t.Helper()
	return encode(t, map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": map[string]any{},
		"subject": []any{map[string]any{"digest": map[string]string{"sha256": strings.TrimPrefix(digest, "sha256:")}}},
	})
}

// envelope is a bundle around the statement.
func envelope(t testing.TB, statement []byte, sign func([]byte) []byte) []byte {
	t.Helper()
	const kind = "application/vnd.in-toto+json"
	text := fmt.Appendf(nil, "DSSEv1 %d %s %d %s", len(kind), kind, len(statement), statement)
	return encode(t, map[string]any{
		"mediaType":            bundleType,
		"verificationMaterial": map[string]any{"publicKey": map[string]string{"hint": "abc"}},
		"dsseEnvelope": map[string]any{
			"payload": statement, "payloadType": kind, "signatures": []any{map[string]any{"sig": sign(text), "keyid": ""}},
		},
	})
}

// key is a pair of keys of some kind.
type key struct {
	pem  string
	sign func(text []byte) []byte
}

func newKey(t testing.TB, kind string) key {
	t.Helper()
	var private crypto.Signer
	var err error
	hash := crypto.SHA256
	switch kind {
	case "P-256":
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "P-384", "P-384 with SHA-384":
		private, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "P-521 with SHA-512":
		private, err = ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	case "P-224":
		private, err = ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	case "RSA":
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case "Ed25519":
		_, private, err = ed25519.GenerateKey(rand.Reader)
		hash = 0
	}
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	if _, with, ok := strings.Cut(kind, " with SHA-"); ok {
		hash = map[string]crypto.Hash{"384": crypto.SHA384, "512": crypto.SHA512}[with]
	}
	return key{
		pem: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
		sign: func(text []byte) []byte {
			signature, err := private.Sign(rand.Reader, hashed(hash, text), hash)
			if err != nil {
				t.Fatal(err)
			}
			return signature
		},
	}
}

func hashed(hash crypto.Hash, text []byte) []byte {
	//exhaustive:ignore
	switch hash {
	case crypto.SHA384:
		s := sha512.Sum384(text)
		return s[:]
	case crypto.SHA512:
		s := sha512.Sum512(text)
		return s[:]
	case crypto.SHA256:
		s := sha256.Sum256(text)
		return s[:]
	}
	return text
}

// verification demands a signature by one of the keys.
func verification(t testing.TB, pems ...string) registry.Verification {
	t.Helper()
	keys, err := registry.ParseKeys(strings.Join(pems, ""))
	if err != nil {
		t.Fatal(err)
	}
	return registry.Verification{Keys: keys}
}

func encode(t testing.TB, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func sum(content []byte) string { return fmt.Sprintf("sha256:%x", sha256.Sum256(content)) }

// ask returns what the preflight of a version comes to.
func ask(t *testing.T, o registry.Options, image string) rollout.Preflight {
	t.Helper()
	return newPinner(t, o).Preflight(t.Context(), request(image))
}

func newPinner(t *testing.T, o registry.Options) *registry.Pinner {
	t.Helper()
	p, err := registry.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func request(image string) rollout.Rollout {
	return rollout.Rollout{
		ID: "checkout-1", Service: "checkout", Image: image, Request: rollout.Request{Version: "v1.2.4", At: time.Unix(1, 0)},
	}
}
