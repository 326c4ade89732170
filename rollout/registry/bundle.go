package registry

import (
	"crypto"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/opencontainers/go-digest"
)

const (
	bundleType    = "application/vnd.dev.sigstore.bundle"
	statementType = "application/vnd.in-toto+json"
	statementKind = "https://in-toto.io/Statement/v1"
	signKind      = "https://sigstore.dev/cosign/sign/v1"
)

// bundle is a Sigstore bundle: an envelope around a statement that names the image as its subject. One key signs many kinds
// of statements about an image, so the kind counts: a list of contents, or a test's report, is no signature.
type bundle []byte

func (b bundle) signs(keys []crypto.PublicKey, image digest.Digest) bool {
	var said struct {
		Envelope struct {
			Payload    []byte `json:"payload"`
			Type       string `json:"payloadType"`
			Signatures []struct {
				Signature []byte `json:"sig"`
			} `json:"signatures"`
		} `json:"dsseEnvelope"`
	}
	if json.Unmarshal(b, &said) != nil || said.Envelope.Type != statementType || len(said.Envelope.Signatures) > mostSignatures {
		return false
	}
	text := authenticated(said.Envelope.Type, said.Envelope.Payload)
	for _, s := range said.Envelope.Signatures {
		if signedBy(keys, text, s.Signature) {
			return isSubject(said.Envelope.Payload, image)
		}
	}
	return false
}

// authenticated is what is signed of an envelope: DSSE's pre-authentication encoding.
func authenticated(kind string, payload []byte) []byte {
	head := strings.Join([]string{"DSSEv1", strconv.Itoa(len(kind)), kind, strconv.Itoa(len(payload)), ""}, " ")
	return append([]byte(head), payload...)
}

// isSubject reports whether the statement is a signature of the image.
func isSubject(statement []byte, image digest.Digest) bool {
	var said struct {
		Type      string `json:"_type"`
		Predicate string `json:"predicateType"`
		Subject   []struct {
			Digest map[string]string `json:"digest"`
		} `json:"subject"`
	}
	if json.Unmarshal(statement, &said) != nil || said.Type != statementKind || said.Predicate != signKind {
		return false
	}
	for _, s := range said.Subject {
		if sum, ok := s.Digest["sha256"]; ok && digest.NewDigestFromEncoded(digest.SHA256, sum) == image {
			return true
		}
	}
	return false
}
