package kube_test

import (
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// Why no pod could be made, in the words of API servers and webhooks, and what follows.
func TestPodsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	const pod = `pods "checkout-canary-66b6c48dd5-" is forbidden: `
	var cases []failureCase
	add := func(kind rollout.FailureKind, reason string, words ...string) {
		for _, w := range words {
			cases = append(cases, failureCase{
				name: w, want: rollout.Failure{Kind: kind, Detail: w},
				change: func(d kubetest.Object) { conditions(d, "ReplicaFailure", "True", reason, w) },
			})
		}
	}
	add(rollout.Refused, "FailedCreate",
		pod+`violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false (container "checkout" must set securityContext.allowPrivilegeEscalation=false)`,
		`admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/shop/checkout-canary-66b6c48dd5- was blocked due to the following policies: verify-image: failed to verify image: context deadline exceeded`,
		`admission webhook "validation.gatekeeper.sh" denied the request: [must-have-owner] you must provide labels: {"owner"}`,
		pod+`ValidatingAdmissionPolicy 'no-latest' with binding 'no-latest' denied request: failed expression: !object.spec.containers.exists(c, c.image.endsWith(':latest'))`,
		pod+`failed quota: compute: must specify limits.cpu for: checkout; limits.memory for: checkout`,
		pod+`insufficient quota to match these scopes: [{PriorityClass In [high]}]`,
		pod+`[maximum memory usage per Container is 1Gi, but limit is 2Gi, maximum cpu usage per Pod is 2, but limit is 4]`,
		pod+`minimum cpu usage per Container is 100m, but request is 10m`,
		pod+`error looking up service account shop/checkout: serviceaccount "checkout" not found`,
		pod+`no PriorityClass with name high was found`,
		pod+`pod rejected: RuntimeClass "gvisor" not found`,
		pod+`unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by user or serviceaccount]`,
		pod+`unable to create new content in namespace shop because it is being terminated`,
		`Pod "checkout-canary-66b6c48dd5-x2x9q" is invalid: spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
	)
	add(rollout.OverQuota, "FailedCreate",
		pod+`exceeded quota: compute, requested: limits.cpu=1, used: limits.cpu=8, limited: limits.cpu=8`,
		pod+`exceeded quota: pods, requested: pods=1, used: pods=20, limited: pods=20`,
	)
	add(rollout.NotCreated, "FailedCreate",
		`Internal error occurred: failed calling webhook "vault-agent-injector.vault.svc": failed to call webhook: Post "https://vault.vault.svc:443/mutate?timeout=10s": dial tcp 10.0.4.2:443: connect: connection refused`,
		`Internal error occurred: failed calling webhook "sidecar-injector.istio.io": failed to call webhook: Post "https://istiod.istio-system.svc:443/inject?timeout=10s": context deadline exceeded`,
		pod+`status unknown for quota: compute, resources: limits.cpu`,
		pod+`not yet ready to handle request`,
		pod+`error looking up service account shop/checkout: etcdserver: request timed out`,
		`etcdserver: leader changed`,
		`Timeout: request did not complete within requested timeout - context deadline exceeded`,
		`the server is currently unable to handle the request`,
	)
	add(rollout.NotReady, "FailedDelete", pod+"exceeded quota: whatever this is about, pods were to go")
	checkFailures(t, cases)
}
