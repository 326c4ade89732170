package object_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/object"
)

func TestAnAPIServerThatIsAwayIsToldWithoutItsAddress(t *testing.T) {
	t.Parallel()
	deployment := object.Ref("Deployment", "shop", "checkout")
	err := object.Error(&url.Error{
		Op: "Get", URL: "https://10.96.0.1:443/apis/apps/v1/namespaces/shop/deployments/checkout?timeout=10s",
		Err: errors.New("dial tcp 10.96.0.1:443: connect: connection refused"),
	}, rollout.Problem{Call: rollout.CallRead, Object: deployment})
	want := rollout.Problem{
		Code: rollout.ProblemAPIServerNoAnswer, Call: rollout.CallRead, Object: deployment,
		Words: "dial tcp 10.96.0.1:443: connect: connection refused",
	}
	if diff := cmp.Diff(rollout.ProblemOf(err), want); diff != "" {
		t.Errorf("got before want:\n%s", diff)
	}
	if got := rollout.CodeOf(err); got != rollout.Unavailable {
		t.Errorf("got %q, want %q", got, rollout.Unavailable)
	}
}
