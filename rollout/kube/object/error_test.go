package object_test

import (
	"errors"
	"net/url"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

func TestAnAPIServerThatIsAwayIsToldWithoutItsAddress(t *testing.T) {
	t.Parallel()
	err := object.Error(&url.Error{
		Op: "Get", URL: "https://10.96.0.1:443/apis/apps/v1/namespaces/shop/deployments/checkout?timeout=10s",
		Err: errors.New("dial tcp 10.96.0.1:443: connect: connection refused"),
	}, "read", "Deployment shop/checkout")
	const want = "Could not read Deployment shop/checkout: the API server does not answer: dial tcp 10.96.0.1:443: connect: connection refused."
	if got := rollout.Message(err); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := rollout.CodeOf(err); got != rollout.Unavailable {
		t.Errorf("got %q, want %q", got, rollout.Unavailable)
	}
}
