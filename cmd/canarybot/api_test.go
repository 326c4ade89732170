package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"canarybot.io/config"
)

// writePair writes a new certificate and its key, in the past: nobody is writing the files any more.
func writePair(t *testing.T, a config.API, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"canarybot"}}
	der, err := x509.CreateCertificate(rand.Reader, &cert, &cert, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, a.CertFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	writeFile(t, a.KeyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}))
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Minute)
	if err := os.Chtimes(path+".new", before, before); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

// A renewed certificate is used from the next connection on. Between the writes of its two files, and while one of them is no
// certificate, the one of before is.
func TestCertificatesAreRenewed(t *testing.T) {
	t.Parallel()
	a := config.API{CertFile: filepath.Join(t.TempDir(), "tls.crt"), KeyFile: filepath.Join(t.TempDir(), "tls.key")}
	serial := func(p *pair) int64 {
		t.Helper()
		made, err := p.certificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return made.Leaf.SerialNumber.Int64()
	}
	log := slog.New(slog.DiscardHandler)
	if _, err := newPair(a, log).certificate(nil); err == nil || !strings.Contains(err.Error(), "api.tls.cert_file") {
		t.Errorf("without files: %v", err)
	}
	writePair(t, a, 1)
	p := newPair(a, log)
	if got := serial(p); got != 1 {
		t.Errorf("at first: %d", got)
	}
	writePair(t, a, 2)
	if got := serial(p); got != 2 {
		t.Errorf("after the renewal: %d", got)
	}
	whole, err := os.ReadFile(a.CertFile)
	if err != nil {
		t.Fatal(err)
	}
	writePair(t, config.API{CertFile: a.CertFile, KeyFile: a.KeyFile + ".other"}, 3)
	if got := serial(p); got != 2 {
		t.Errorf("with another's key: %d", got)
	}
	writeFile(t, a.CertFile, []byte("no certificate"))
	if got := serial(p); got != 2 {
		t.Errorf("with a broken file: %d", got)
	}
	writeFile(t, a.CertFile, whole)
	if _, err := newPair(config.API{CertFile: a.CertFile, KeyFile: a.KeyFile + ".other"}, log).certificate(nil); err == nil {
		t.Error("a pair that does not fit is used from the start")
	}
}
