package registry

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/opencontainers/go-digest"
)

// FuzzSignatures: whatever stands beside an image, it counts only where the owner of the key signed just that about it. It is
// in this package as a registry has no part in it.
func FuzzSignatures(f *testing.F) {
	private := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	keys := []crypto.PublicKey{private.Public()}
	const image = digest.Digest("sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	payload := []byte(`{"critical":{"identity":{"docker-reference":""},"image":{"docker-manifest-digest":"` + image.String() +
		`"},"type":"cosign container image signature"},"optional":null}`)
	said := []byte(`{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://sigstore.dev/cosign/sign/v1","subject":[{"digest":{"sha256":"` +
		image.Encoded() + `"}}]}`)
	signature := base64.StdEncoding.EncodeToString(ed25519.Sign(private, payload))
	envelope := `{"dsseEnvelope":{"payload":"` + base64.StdEncoding.EncodeToString(said) + `","payloadType":"` + statementType + `","signatures":[{"sig":"` +
		base64.StdEncoding.EncodeToString(ed25519.Sign(private, authenticated(statementType, said))) + `"}]}}`
	f.Add(payload, signature)
	f.Add([]byte(envelope), "")
	f.Add([]byte(`{"critical":{"image":{"docker-manifest-digest":1}}}`), "====")
	f.Add([]byte(`{"dsseEnvelope":{"payload":"e30=","signatures":[{},{"sig":""}]}}`), "")
	if !(simpleSigning{payload, signature}).signs(keys, image) || !bundle(envelope).signs(keys, image) {
		f.Fatal("what the key signed does not count")
	}
	f.Fuzz(func(t *testing.T, text []byte, signature string) {
		if (simpleSigning{text, signature}).signs(keys, image) && string(text) != string(payload) {
			t.Errorf("counts as signed: %q", text)
		}
		if !bundle(text).signs(keys, image) {
			return
		}
		var b struct {
			Envelope struct {
				Payload []byte `json:"payload"`
			} `json:"dsseEnvelope"`
		}
		if err := json.Unmarshal(text, &b); err != nil || string(b.Envelope.Payload) != string(said) {
			t.Errorf("counts as signed: %q", text)
		}
	})
}

// FuzzCredentials: a Docker configuration may be anything, and gives a registry nothing that is another's.
func FuzzCredentials(f *testing.F) {
	f.Add([]byte(`{"auths":{"https://index.docker.io/v1/":{"auth":"dTpw"},"*.example.com/shop":{"username":"u","password":"p"}}}`), "docker.io")
	f.Add([]byte(`{"auths":{"registry.example.com":{"identitytoken":"t"},"[":{"auth":"x"}}}`), "registry.example.com")
	f.Fuzz(func(t *testing.T, config []byte, host string) {
		found := credentialIn(config, host, "shop/checkout")
		if elsewhere := credentialIn([]byte(`{"auths":{"only.example.com":{"auth":"dTpw"}}}`), host, "shop/checkout"); elsewhere.Username != "" && host != "only.example.com" {
			t.Errorf("%s gets the credentials of another registry", host)
		}
		if found.RefreshToken != "" && (found.Username != "" || found.Password != "") {
			t.Errorf("two ways to sign in: %+v", found)
		}
	})
}
