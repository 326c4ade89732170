package kube_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"k8s.io/client-go/rest"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube"
)

// Whose a token is, the API server says: a token is good that it knows, for our audience, and no other.
func TestTokenReviews(t *testing.T) {
	t.Parallel()
	const head = `{"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","status":`
	const user = `"user":{"username":"system:serviceaccount:ci:deployer","extra":{"authentication.kubernetes.io/pod-name":["deploy-x"]}}`
	for name, tt := range map[string]struct {
		status int
		answer string
		user   string
		code   rollout.Code
	}{
		"good":                    {201, head + `{"authenticated":true,"audiences":["canarybot"],` + user + `}}`, "system:serviceaccount:ci:deployer", ""},
		"not authenticated":       {201, head + `{"authenticated":false,"error":"token has expired"}}`, "", ""},
		"for another audience":    {201, head + `{"authenticated":true,"audiences":["https://kubernetes.default.svc"],` + user + `}}`, "", ""},
		"for no audience":         {201, head + `{"authenticated":true,` + user + `}}`, "", ""},
		"authenticated, an error": {201, head + `{"authenticated":true,"audiences":["canarybot"],"error":"x",` + user + `}}`, "", ""},
		"no right to ask":         {403, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403}`, "", rollout.Forbidden},
		"no answer":               {500, `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"InternalError","code":500}`, "", rollout.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				if r.Method != http.MethodPost || r.URL.Path != "/apis/authentication.k8s.io/v1/tokenreviews" || !bytes.Contains(body, []byte("the-token")) ||
					!bytes.Contains(body, []byte("canarybot")) {
					t.Errorf("asked by %s %s %q", r.Method, r.URL.Path, body)
				}
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = io.WriteString(w, tt.answer)
			}))
			defer server.Close()
			c, err := kube.New(kube.Config(&rest.Config{Host: server.URL}), nil)
			if err != nil {
				t.Fatal(err)
			}
			got, extra, err := c.ReviewToken(t.Context(), "the-token", "canarybot")
			if got != tt.user || rollout.CodeOf(err) != tt.code || (got != "") != (len(extra["authentication.kubernetes.io/pod-name"]) == 1) {
				t.Errorf("got %q %v, %v", got, extra, err)
			}
		})
	}
}
