package issuer_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"canarybot.io/e2e/issuer"
)

// A library that others wrote takes its tokens, and none of those that prove nothing.
func TestTokens(t *testing.T) {
	t.Parallel()
	for _, kind := range []issuer.Kind{issuer.RSA, issuer.EC} {
		i := issuer.Start(t, kind, time.Hour)
		foreign, old := issuer.NewKey(t, kind), i.Sign(t, i.Job())
		check(t, i, map[string]bool{
			i.Sign(t, i.Job()): true, old: true,
			issuer.Unsigned(t, i.Job()):                                            false,
			i.Key().SignedByPublicKey(t, i.Job()):                                  false,
			foreign.Sign(t, i.Job()):                                               false,
			foreign.As(i.Key()).Sign(t, i.Job()):                                   false,
			i.Sign(t, i.Job().With(issuer.Claims{"aud": "others"})):                false,
			i.Sign(t, i.Job().With(issuer.Claims{"iss": "https://example.com"})):   false,
			i.Sign(t, i.Job().With(issuer.Claims{"exp": time.Now().Unix() - 600})): false,
		})
		i.Rotate(t, kind)
		check(t, i, map[string]bool{i.Sign(t, i.Job()): true, old: true})
		i.Withdraw()
		check(t, i, map[string]bool{i.Sign(t, i.Job()): true, old: false})
	}
}

// check has the library check tokens as if it had never seen the issuer before.
func check(t *testing.T, i *issuer.Issuer, tokens map[string]bool) {
	t.Helper()
	ctx := oidc.ClientContext(t.Context(), client(t, i))
	provider, err := oidc.NewProvider(ctx, i.URL)
	if err != nil {
		t.Fatal(err)
	}
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: issuer.Audience})
	for token, want := range tokens {
		if _, err := verifier.Verify(ctx, token); (err == nil) != want {
			t.Errorf("%.60s…: %v, want it taken: %t", token, err, want)
		}
	}
}

func client(t *testing.T, i *issuer.Issuer) *http.Client {
	t.Helper()
	text, err := os.ReadFile(i.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// A step gets a token by what its environment says, and by nothing less.
func TestRunner(t *testing.T) {
	t.Parallel()
	i := issuer.Start(t, issuer.RSA, time.Hour)
	runner := i.Runner(t, i.Job)
	ask := func(address, key string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+key)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		var said struct{ Value string }
		_ = json.NewDecoder(response.Body).Decode(&said) // a refusal has none
		return response.StatusCode, said.Value
	}
	if status, _ := ask(runner.URL+"&audience=canarybot", "guessed"); status != http.StatusUnauthorized {
		t.Errorf("without its key: %d", status)
	}
	_, token := ask(runner.URL+"&audience=canarybot", runner.Key)
	check(t, i, map[string]bool{token: true})
	if i.Fetched() == 0 {
		t.Error("nobody asked for the keys")
	}
}
