package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"canarybot.io/config"
)

// Whether the token reads each service's repository is known before anybody deploys.
func TestLiveSources(t *testing.T) {
	t.Parallel()
	forge := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer hunter2" || !strings.HasSuffix(r.URL.EscapedPath(), "/projects/acme%2Fcheckout") {
			w.WriteHeader(http.StatusNotFound)
		}
		_, _ = io.WriteString(w, `{"id": 1, "message": "404 Project Not Found"}`)
	}))
	defer forge.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(fmt.Appendf(nil, `
environment: test
slack: {channel: "#deploys"}
prometheus: {url: "http://127.0.0.1:9"}
git: [{host: git.example.com, token_file: %q, forge: gitlab, api: %q}]
services:
  checkout: {namespace: shop, image: r/checkout, route: {kind: HTTPRoute, name: checkout}, repository: git.example.com/acme/checkout}
  hidden: {namespace: shop, image: r/hidden, route: {kind: HTTPRoute, name: hidden}, repository: git.example.com/acme/hidden}
  plain: {namespace: shop, image: r/plain, route: {kind: HTTPRoute, name: plain}}
`, token, forge.URL+"/api/v4"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	want := []string{"hidden: git.example.com/acme/hidden does not exist, or the bot may not see it."}
	if got := liveSources(t.Context(), &out, c); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
	if got := out.String(); got != "  ✓ checkout: the commits in git.example.com/acme/checkout can be read\n" {
		t.Errorf("it says %q", got)
	}
}
