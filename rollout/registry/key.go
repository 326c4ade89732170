package registry

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// leastRSA is the shortest RSA key that is believed, in bits.
const leastRSA = 2048

// ParseKeys reads public keys in PEM, as `cosign generate-key-pair` writes them to cosign.pub. Several may follow each
// other: a signature by any of them counts, so that a key can be replaced. The error quotes nothing of the text.
func ParseKeys(text string) ([]crypto.PublicKey, error) {
	var keys []crypto.PublicKey
	rest := []byte(strings.TrimSpace(text))
	for len(rest) > 0 {
		block, after := pem.Decode(rest)
		switch {
		case block == nil:
			return nil, errors.New("is not a public key in PEM")
		case strings.Contains(block.Type, "PRIVATE"):
			return nil, errors.New("holds a private key; write the public one, cosign.pub")
		case block.Type != "PUBLIC KEY":
			return nil, fmt.Errorf("holds a %s in PEM, not a PUBLIC KEY", strings.ToLower(block.Type))
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("holds a public key that cannot be read")
		}
		if err := usable(key); err != nil {
			return nil, err
		}
		keys, rest = append(keys, key), after
	}
	if len(keys) == 0 {
		return nil, errors.New("holds no public key")
	}
	return keys, nil
}

func usable(key crypto.PublicKey) error {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Params().BitSize < 256 {
			return errors.New("holds an ECDSA key of less than 256 bits")
		}
	case *rsa.PublicKey:
		if key.Size()*8 < leastRSA {
			return fmt.Errorf("holds an RSA key of less than %d bits", leastRSA)
		}
	case ed25519.PublicKey:
	default:
		return errors.New("holds a key that is neither ECDSA, Ed25519 nor RSA")
	}
	return nil
}

// signedBy reports whether one of the keys made the signature of the text.
func signedBy(keys []crypto.PublicKey, text, signature []byte) bool {
	for _, key := range keys {
		if made(key, text, signature) {
			return true
		}
	}
	return false
}

// made reports whether the key made the signature: over SHA-256, as cosign does with all kinds of keys, or with the hash that
// is as long as the curve, as its bundles do.
func made(key crypto.PublicKey, text, signature []byte) bool {
	sum := sha256.Sum256(text)
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		long := sha512.Sum512(text)
		if key.Params().BitSize == 384 {
			short := sha512.Sum384(text)
			return ecdsa.VerifyASN1(key, sum[:], signature) || ecdsa.VerifyASN1(key, short[:], signature)
		}
		return ecdsa.VerifyASN1(key, sum[:], signature) || key.Params().BitSize > 384 && ecdsa.VerifyASN1(key, long[:], signature)
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], signature) == nil
	case ed25519.PublicKey:
		return ed25519.Verify(key, text, signature)
	}
	return false
}
