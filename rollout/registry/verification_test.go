package registry_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/registry"
)

// demand asks for signatures of checkout's images.
func demand(v registry.Verification) registry.Options {
	return registry.Options{Verify: map[rollout.ServiceName]registry.Verification{"checkout": v}}
}

// Every kind of key, in both forms that signatures are stored in.
func TestASignedImagePasses(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"P-256", "P-384", "P-384 with SHA-384", "P-521 with SHA-512", "RSA", "Ed25519"} {
		for form, sign := range map[string]func(*shop, string, key){
			"a tag": func(s *shop, digest string, k key) {
				p := payload(s.t, digest)
				s.attach(digest, signed{p, k.sign(p)})
			},
			"a bundle": func(s *shop, digest string, k key) {
				s.refer(digest, envelope(s.t, statement(s.t, digest, "https://sigstore.dev/cosign/sign/v1"), k.sign))
			},
		} {
			t.Run(kind+" by "+form, func(t *testing.T) {
				t.Parallel()
				s, k := newShop(t), newKey(t, kind)
				digest := s.push("v1.2.4", "one")
				sign(s, digest, k)
				other := newKey(t, "P-256")
				for _, image := range []string{s.repository() + ":v1.2.4", s.repository() + "@" + digest} {
					got := ask(t, demand(verification(t, other.pem, k.pem)), image)
					if !got.Passes() || !strings.HasSuffix(got.Pinned, "@"+digest) {
						t.Errorf("got %+v", got)
					}
				}
				if got := ask(t, demand(verification(t, other.pem)), s.repository()+":v1.2.4"); only(t, got, false) != registry.ProblemSignedOtherwise {
					t.Errorf("by another key: got %+v", got)
				}
			})
		}
	}
}

// Whatever else stands beside an image is no signature of it.
func TestWhatIsNoSignature(t *testing.T) {
	t.Parallel()
	k := newKey(t, "P-256")
	const signing = "https://sigstore.dev/cosign/sign/v1"
	for name, tt := range map[string]struct {
		put  func(s *shop, digest string)
		want rollout.ProblemCode
	}{
		"nothing": {func(*shop, string) {}, registry.ProblemUnsigned},
		"a signature of another image": {func(s *shop, digest string) {
			p := payload(s.t, s.push("other", "two"))
			s.attach(digest, signed{p, k.sign(p)})
		}, registry.ProblemSignedOtherwise},
		"another payload than was signed": {func(s *shop, digest string) {
			s.attach(digest, signed{payload(s.t, digest), k.sign(payload(s.t, sum(nil)))})
		}, registry.ProblemSignedOtherwise},
		"a payload of another type": {func(s *shop, digest string) {
			p := []byte(strings.Replace(string(payload(s.t, digest)), "cosign container image signature", "atomic container signature", 1))
			s.attach(digest, signed{p, k.sign(p)})
		}, registry.ProblemSignedOtherwise},
		"a payload that is not JSON": {func(s *shop, digest string) {
			p := []byte(digest)
			s.attach(digest, signed{p, k.sign(p)})
		}, registry.ProblemSignedOtherwise},
		"a signature that is none": {func(s *shop, digest string) { s.attach(digest, signed{payload(s.t, digest), []byte("x")}) }, registry.ProblemSignedOtherwise},
		"an empty signature":       {func(s *shop, digest string) { s.attach(digest, signed{payload(s.t, digest), nil}) }, registry.ProblemSignedOtherwise},
		"a manifest without signatures": {func(s *shop, digest string) {
			s.attach(digest)
		}, registry.ProblemUnsigned},
		"a manifest that is none": {func(s *shop, digest string) {
			s.put(strings.Replace(digest, ":", "-", 1)+".sig", manifestType, []byte("[]"))
		}, registry.ProblemUnsigned},
		"a payload that is too large": {func(s *shop, digest string) {
			p := append(payload(s.t, digest), []byte(strings.Repeat(" ", 2<<20))...)
			s.attach(digest, signed{p, k.sign(p)})
		}, registry.ProblemSignedOtherwise},
		"a statement of another kind": {func(s *shop, digest string) {
			s.refer(digest, envelope(s.t, statement(s.t, digest, "https://spdx.dev/Document"), k.sign))
		}, registry.ProblemSignedOtherwise},
		"a statement about another image": {func(s *shop, digest string) {
			s.refer(digest, envelope(s.t, statement(s.t, sum(nil), signing), k.sign))
		}, registry.ProblemSignedOtherwise},
		"a statement that was changed": {func(s *shop, digest string) {
			s.refer(digest, envelope(s.t, statement(s.t, digest, signing), func(text []byte) []byte { return k.sign(append(text, ' ')) }))
		}, registry.ProblemSignedOtherwise},
		"a statement signed without its envelope": {func(s *shop, digest string) {
			st := statement(s.t, digest, signing)
			s.refer(digest, envelope(s.t, st, func([]byte) []byte { return k.sign(st) }))
		}, registry.ProblemSignedOtherwise},
		"a bundle that is not JSON": {func(s *shop, digest string) { s.refer(digest, []byte("{")) }, registry.ProblemSignedOtherwise},
		"a bundle without envelope": {func(s *shop, digest string) { s.refer(digest, []byte("{}")) }, registry.ProblemSignedOtherwise},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newShop(t)
			digest := s.push("v1.2.4", "one")
			tt.put(s, digest)
			got := ask(t, demand(verification(t, k.pem)), s.repository()+":v1.2.4")
			if code := only(t, got, false); code != tt.want {
				t.Errorf("got %s, want %s", code, tt.want)
			}
			if p := got.Problems; len(p) == 1 && (p[0].Service != "checkout" || !strings.HasSuffix(p[0].Value, digest)) {
				t.Errorf("it is about %+v", p[0])
			}
			// One good signature among all of them is enough.
			s.refer(digest, envelope(t, statement(t, digest, signing), k.sign))
			if got := ask(t, demand(verification(t, k.pem)), s.repository()+":v1.2.4"); !got.Passes() {
				t.Errorf("beside it a good one: got %+v", got)
			}
		})
	}
}

// Of two signatures one is good: that is enough, whatever the other is.
func TestOneGoodSignatureIsEnough(t *testing.T) {
	t.Parallel()
	s, k, other := newShop(t), newKey(t, "P-256"), newKey(t, "P-256")
	digest := s.push("v1.2.4", "one")
	p := payload(t, digest)
	s.attach(digest, signed{p, other.sign(p)}, signed{p, k.sign(p)})
	if got := ask(t, demand(verification(t, k.pem)), s.repository()+":v1.2.4"); !got.Passes() {
		t.Errorf("got %+v", got)
	}
	third := newKey(t, "P-256")
	got := ask(t, demand(verification(t, third.pem)), s.repository()+":v1.2.4")
	if only(t, got, false) != registry.ProblemSignedOtherwise || got.Problems[0].Count != 2 {
		t.Errorf("got %+v", got)
	}
}

// A registry that is ill while the signatures are looked for holds the start: it neither passes nor is refused.
func TestARegistryThatDoesNotShowSignatures(t *testing.T) {
	t.Parallel()
	k := newKey(t, "P-256")
	for name, tt := range map[string]struct {
		where  string
		status int
		holds  bool
		want   rollout.ProblemCode
	}{
		"the tag":            {".sig", 500, true, registry.ProblemSignatureUnread},
		"the tag, too often": {".sig", 429, true, registry.ProblemSignatureUnread},
		"the tag, hidden":    {".sig", 403, false, registry.ProblemSignatureHidden},
		"the payload":        {"/blobs/", 502, true, registry.ProblemSignatureUnread},
		"the referrers":      {"/referrers/", 500, true, registry.ProblemSignatureUnread},
	} {
		s := newShop(t)
		digest := s.push("v1.2.4", "one")
		if tt.where == "/blobs/" {
			p := payload(t, digest)
			s.attach(digest, signed{p, k.sign(p)})
		}
		s.answer(func(w http.ResponseWriter, r *http.Request) bool {
			if strings.Contains(r.URL.Path, tt.where) {
				w.WriteHeader(tt.status)
				return true
			}
			return false
		})
		if code := only(t, ask(t, demand(verification(t, k.pem)), s.repository()+":v1.2.4"), tt.holds); code != tt.want {
			t.Errorf("%s: got %s, want %s", name, code, tt.want)
		}
	}
}

// A registry without the referrers API keeps the list of them under a tag, or has none.
func TestARegistryWithoutReferrers(t *testing.T) {
	t.Parallel()
	k := newKey(t, "P-256")
	s := newShop(t)
	digest := s.push("v1.2.4", "one")
	s.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/referrers/") {
			w.WriteHeader(404)
			return true
		}
		return false
	})
	if got := ask(t, demand(verification(t, k.pem)), s.repository()+":v1.2.4"); only(t, got, false) != registry.ProblemUnsigned {
		t.Errorf("got %+v", got)
	}
	bundle := envelope(t, statement(t, digest, "https://sigstore.dev/cosign/sign/v1"), k.sign)
	m := encode(t, map[string]any{
		"schemaVersion": 2, "mediaType": manifestType, "artifactType": bundleType,
		"config": s.blob("application/vnd.oci.empty.v1+json", []byte("{}")), "layers": []any{s.blob(bundleType, bundle)},
	})
	s.put(sum(m), manifestType, m)
	s.put(strings.Replace(digest, ":", "-", 1), indexType, encode(t, map[string]any{
		"schemaVersion": 2, "mediaType": indexType,
		"manifests": []any{map[string]any{"mediaType": manifestType, "artifactType": bundleType, "digest": sum(m), "size": len(m)}},
	}))
	if got := ask(t, demand(verification(t, k.pem)), s.repository()+":v1.2.4"); !got.Passes() {
		t.Errorf("got %+v", got)
	}
}

// A way back to what stable ran is not held up by a registry; one to a tag is verified like any version.
func TestTheWayBackIsNotVerifiedAgain(t *testing.T) {
	t.Parallel()
	s, k := newShop(t), newKey(t, "P-256")
	digest := s.push("v1.2.3", "one")
	r := request(s.repository() + ":v1.2.3@" + digest)
	r.Request = rollout.Request{Back: true}
	p := newPinner(t, demand(verification(t, k.pem)))
	if got := p.Preflight(t.Context(), r); !got.Passes() || len(s.requests()) > 0 {
		t.Errorf("got %+v after %q", got, s.requests())
	}
	r.Image = s.repository() + ":v1.2.3"
	if got := p.Preflight(t.Context(), r); only(t, got, false) != registry.ProblemUnsigned {
		t.Errorf("a tag: got %+v", got)
	}
}

// A demand for signatures pins, also where tags are otherwise left alone.
func TestWhatIsVerifiedIsPinned(t *testing.T) {
	t.Parallel()
	s, k := newShop(t), newKey(t, "P-256")
	digest := s.push("v1.2.4", "one")
	p := payload(t, digest)
	s.attach(digest, signed{p, k.sign(p)})
	o := demand(verification(t, k.pem))
	o.Off = true
	if got := ask(t, o, s.repository()+":v1.2.4"); !strings.HasSuffix(got.Pinned, digest) {
		t.Errorf("got %+v", got)
	}
	if got := newPinner(t, o).Resolve(t.Context(), request(s.repository()+":v1.2.4")); !strings.HasSuffix(got, digest) {
		t.Errorf("got %s", got)
	}
	if got := newPinner(t, registry.Options{Off: true}).Resolve(t.Context(), request(s.repository()+":v1.2.4")); got != "" {
		t.Errorf("switched off: got %s", got)
	}
}

func TestTheKeyInAFile(t *testing.T) {
	t.Parallel()
	s, k := newShop(t), newKey(t, "P-256")
	digest := s.push("v1.2.4", "one")
	p := payload(t, digest)
	s.attach(digest, signed{p, k.sign(p)})
	file := filepath.Join(t.TempDir(), "cosign.pub")
	o := demand(registry.Verification{KeyFile: file})
	if got := ask(t, o, s.repository()+":v1.2.4"); only(t, got, false) != registry.ProblemKeyUnread || got.Problems[0].Key != file {
		t.Errorf("no file: got %+v", got)
	}
	if err := os.WriteFile(file, []byte(k.pem), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := ask(t, o, s.repository()+":v1.2.4"); !got.Passes() {
		t.Errorf("got %+v", got)
	}
}

func TestWhatIsAKey(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&short.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	good := newKey(t, "P-256").pem
	for text, want := range map[string]string{
		good: "", "\n" + good + good + "\n": "",
		"":                                    "holds no public key",
		"ssh-ed25519 AAAA":                    "is not a public key in PEM",
		good + "and more":                     "is not a public key in PEM",
		block("PUBLIC KEY", []byte("x")):      "holds a public key that cannot be read",
		block("CERTIFICATE", []byte("x")):     "holds a certificate in PEM, not a PUBLIC KEY",
		block("PUBLIC KEY", der):              "holds an RSA key of less than 2048 bits",
		newKey(t, "P-224").pem:                "holds an ECDSA key of less than 256 bits",
		good + block("PRIVATE KEY", []byte{}): "holds a private key; write the public one, cosign.pub",
	} {
		keys, err := registry.ParseKeys(text)
		switch {
		case want == "" && (err != nil || len(keys) == 0):
			t.Errorf("%q: %v", text, err)
		case want != "" && (err == nil || err.Error() != want):
			t.Errorf("%q: got %v, want %q", text, err, want)
		}
	}
}
