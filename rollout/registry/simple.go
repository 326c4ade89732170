package registry

import (
	"crypto"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"

	"github.com/opencontainers/go-digest"
	spec "github.com/opencontainers/image-spec/specs-go/v1"
)

const (
	signatureAnnotation = "dev.cosignproject.cosign/signature"
	simpleSigningType   = "application/vnd.dev.cosign.simplesigning.v1+json"
	simpleSigningKind   = "cosign container image signature"
)

// simpleSigning is a signature beside an image: the payload says what was signed.
type simpleSigning struct {
	payload   []byte
	signature string // in base64
}

func (s simpleSigning) signs(keys []crypto.PublicKey, image digest.Digest) bool {
	signature, err := base64.StdEncoding.DecodeString(s.signature)
	return err == nil && signedBy(keys, s.payload, signature) && imageIn(s.payload) == image
}

// imageIn returns the digest of the image that a payload is about; empty: it is no payload of a signature.
func imageIn(payload []byte) digest.Digest {
	var said struct {
		Critical struct {
			Image struct {
				Digest digest.Digest `json:"docker-manifest-digest"`
			} `json:"image"`
			Type string `json:"type"`
		} `json:"critical"`
	}
	if json.Unmarshal(payload, &said) != nil || said.Critical.Type != simpleSigningKind {
		return ""
	}
	return said.Critical.Image.Digest
}

// readManifest reads a manifest that its digest proves, and closes the body.
func readManifest(d spec.Descriptor, body io.ReadCloser) (m spec.Manifest, err error) {
	defer body.Close()
	if d.Size > mostManifest {
		return m, errors.New("the manifest is too large")
	}
	text, err := proved(body, d)
	if err != nil || text == nil {
		return m, err
	}
	if json.Unmarshal(text, &m) != nil {
		return spec.Manifest{}, nil // it holds no signatures
	}
	return m, nil
}
