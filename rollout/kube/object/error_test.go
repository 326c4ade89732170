package object_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

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

// What no retry mends is told from what may pass, in the words of API servers and webhooks.
func TestOnlyWhatNoRetryMendsIsFinal(t *testing.T) {
	t.Parallel()
	deployments := schema.GroupResource{Group: "apps", Resource: "deployments"}
	status := func(code int32, reason meta.StatusReason, words string) error {
		return &apierrors.StatusError{ErrStatus: meta.Status{Status: meta.StatusFailure, Code: code, Reason: reason, Message: words}}
	}
	forbidden := func(words string) error {
		return apierrors.NewForbidden(deployments, "checkout-canary", errors.New(words))
	}
	for _, c := range []struct {
		name  string
		err   error
		code  rollout.Code
		final bool
	}{
		{"a right was taken away", forbidden(`User "system:serviceaccount:canarybot:canarybot" cannot create resource "deployments" in API group "apps" in the namespace "shop"`), rollout.Forbidden, true},
		{"a webhook denies", status(403, meta.StatusReasonForbidden, `admission webhook "validate.kyverno.svc-fail" denied the request: blocked`), rollout.Forbidden, true},
		{"a webhook denies without a code", status(400, "", `admission webhook "x.example.com" denied the request without explanation`), rollout.Invalid, true},
		{"a webhook denies as if it were a validation", status(422, meta.StatusReasonInvalid, `admission webhook "vingress.elbv2.k8s.aws" denied the request: invalid`), rollout.Invalid, true},
		{"an admission policy denies", status(422, meta.StatusReasonInvalid, `deployments.apps "checkout-canary" is forbidden: ValidatingAdmissionPolicy 'x' with binding 'y' denied request: failed`), rollout.Invalid, true},
		{"objects are counted", forbidden("exceeded quota: objects, requested: count/deployments.apps=1, used: count/deployments.apps=5, limited: count/deployments.apps=5"), rollout.Forbidden, true},
		{"the namespace goes", forbidden("unable to create new content in namespace shop because it is being terminated"), rollout.Forbidden, true},
		{"the route's schema refuses", status(422, meta.StatusReasonInvalid, `HTTPRoute.gateway.networking.k8s.io "checkout" is invalid: spec.rules[0].backendRefs[1].weight: Invalid value: 1000001`), rollout.Invalid, true},
		{"a webhook is down", apierrors.NewInternalError(errors.New(`failed calling webhook "x.example.com": failed to call webhook: Post "https://x.svc:443/validate?timeout=10s": dial tcp 10.0.4.2:443: connect: connection refused`)), rollout.Unavailable, false},
		{"a webhook is in trouble of its own", status(500, meta.StatusReasonInternalError, `admission webhook "x.example.com" denied the request: cache not synced`), rollout.Unavailable, false},
		{"quotas are not counted yet", forbidden("status unknown for quota: objects, resources: count/deployments.apps"), rollout.Unavailable, false},
		{"admission has just started", forbidden("not yet ready to handle request"), rollout.Unavailable, false},
		{"a token is being renewed", apierrors.NewUnauthorized("Unauthorized"), rollout.Unavailable, false},
		{"no answer in time", apierrors.NewTimeoutError("request did not complete within requested timeout", 1), rollout.Unavailable, false},
		{"no answer from the store in time", apierrors.NewServerTimeout(deployments, "create", 1), rollout.Unavailable, false},
		{"the client was too slow", status(408, meta.StatusReasonTimeout, "request timeout"), rollout.Unavailable, false},
		{"too many requests", apierrors.NewTooManyRequests("try later", 1), rollout.Unavailable, false},
		{"etcd is in trouble", status(500, "", "etcdserver: leader changed"), rollout.Unavailable, false},
		{"it changed", apierrors.NewConflict(deployments, "checkout", errors.New("the object has been modified")), rollout.Conflict, false},
		{"it is gone", apierrors.NewNotFound(deployments, "checkout"), rollout.NotFound, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := object.Error(c.err, rollout.Problem{Call: rollout.CallCreate, Object: object.Ref("Deployment", "shop", "checkout-canary")})
			if code, final := rollout.CodeOf(err), rollout.ProblemOf(err).Final(); code != c.code || final != c.final {
				t.Errorf("got %q, final %t, want %q, %t: %v", code, final, c.code, c.final, err)
			}
		})
	}
}
