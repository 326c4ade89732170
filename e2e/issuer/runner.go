package issuer

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
)

// Runner gives the steps of a job tokens, as GitHub's runner does for a job with `id-token: write`.
type Runner struct {
	URL string // ACTIONS_ID_TOKEN_REQUEST_URL
	Key string // ACTIONS_ID_TOKEN_REQUEST_TOKEN
}

// Runner runs a runner of one job until the test ends. Its tokens say what the claims say at the moment, for the audience that
// is asked for.
func (i *Issuer) Runner(t testing.TB, claims func() Claims) Runner {
	t.Helper()
	key := rand.Text()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		audience := r.URL.Query().Get("audience")
		if r.Header.Get("Authorization") != "Bearer "+key || r.URL.Query().Get("api-version") != "2.0" || audience == "" {
			http.Error(w, "no token for you", http.StatusUnauthorized)
			return
		}
		token, err := i.Key().sign(claims().With(Claims{"aud": audience}))
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": token}) // whoever asked has gone
	}))
	t.Cleanup(server.Close)
	return Runner{URL: server.URL + "/idtoken?api-version=2.0", Key: key}
}
