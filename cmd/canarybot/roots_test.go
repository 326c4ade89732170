package main

import (
	"crypto/x509"
	"os"
	"os/exec"
	"testing"
)

// In an image with nothing but the binary, TLS finds the authorities. The system's are read once in a process, so that
// this runs in one of its own.
func TestTheBinaryBringsItsAuthorities(t *testing.T) {
	t.Parallel()
	const child = "CANARYBOT_TEST_ROOTS"
	if os.Getenv(child) == "" {
		again := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTheBinaryBringsItsAuthorities$")
		again.Env = append(os.Environ(), child+"=1", "SSL_CERT_FILE=/nowhere", "SSL_CERT_DIR=/nowhere")
		if output, err := again.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, output)
		}
		return
	}
	pool, err := x509.SystemCertPool()
	if err != nil || pool.Equal(x509.NewCertPool()) {
		t.Errorf("there is no authority: %v", err)
	}
}
