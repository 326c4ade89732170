package kube_test

import (
	"fmt"
	"strings"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/rollout/kube/kubetest"
)

// rpc is how the kubelet begins what a runtime told it.
const rpc = `rpc error: code = Unknown desc = `

// TestImagePulls has what kubelets really say, of containerd, CRI-O and Docker.
func TestImagePulls(t *testing.T) {
	t.Parallel()
	const containerd = rpc + `failed to pull and unpack image "registry.example.com/shop/checkout:v1.2.4": `
	for _, c := range []struct {
		name, reason, message string
		want                  rollout.FailureKind
	}{
		{"too many requests, containerd", "ErrImagePull", containerd + `failed to copy: httpReadSeeker: failed open: unexpected status code https://registry-1.docker.io/v2/shop/checkout/manifests/sha256:8d0bff: 429 Too Many Requests - Server message: toomanyrequests: You have reached your pull rate limit.`, rollout.ImagePullRetried},
		{"too many requests, CRI-O", "ErrImagePull", rpc + `Error reading manifest v1.2.4 in docker.io/shop/checkout: toomanyrequests: You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limit`, rollout.ImagePullRetried},
		{"too many requests, between two attempts", "ImagePullBackOff", `Back-off pulling image "shop/checkout:v1.2.4": ErrImagePull: ` + containerd + `failed to copy: 429 Too Many Requests`, rollout.ImagePullRetried},
		{"no token in time to read it", "ErrImagePull", containerd + `failed to authorize: failed to fetch anonymous token: unexpected status from GET request to https://auth.docker.io/token?scope=x: 503 Service Unavailable`, rollout.ImagePullRetried},
		{"the kubelet's own limit", "ErrImagePull", `pull QPS exceeded`, rollout.ImagePullRetried},
		{"an error of the registry", "ErrImagePull", containerd + `failed to resolve reference "registry.example.com/shop/checkout:v1.2.4": unexpected status from HEAD request to https://registry.example.com/v2/shop/checkout/manifests/v1.2.4: 500 Internal Server Error`, rollout.ImagePullRetried},
		{"a proxy in front of it", "ErrImagePull", containerd + `unexpected status code [manifests v1.2.4]: 502 Bad Gateway`, rollout.ImagePullRetried},
		{"connection refused", "ErrImagePull", rpc + `pinging container registry registry.example.com: Get "https://registry.example.com/v2/": dial tcp 198.18.0.7:443: connect: connection refused`, rollout.ImagePullRetried},
		{"connection reset", "ErrImagePull", containerd + `failed to copy: read tcp 198.18.0.7:51034->198.18.0.9:443: read: connection reset by peer`, rollout.ImagePullRetried},
		{"a name that does not resolve now", "ErrImagePull", containerd + `failed to do request: Head "https://registry.example.com/v2/shop/checkout/manifests/v1.2.4": dial tcp: lookup registry.example.com on 10.96.0.10:53: no such host`, rollout.ImagePullRetried},
		{"name service in trouble", "ErrImagePull", rpc + `error pinging docker registry registry.example.com: proxyconnect tcp: dial tcp: lookup proxy: Temporary failure in name resolution`, rollout.ImagePullRetried},
		{"a slow handshake, Docker", "ErrImagePull", rpc + `Error response from daemon: Get "https://registry.example.com/v2/": net/http: TLS handshake timeout`, rollout.ImagePullRetried},
		{"a slow answer, Docker", "ErrImagePull", rpc + `Error response from daemon: Get "https://registry.example.com/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`, rollout.ImagePullRetried},
		{"a slow layer", "ErrImagePull", `rpc error: code = DeadlineExceeded desc = context deadline exceeded`, rollout.ImagePullRetried},
		{"cut off", "ErrImagePull", containerd + `failed to copy: httpReadSeeker: failed open: failed to do request: Get "https://registry.example.com/v2/blobs/sha256:aa": EOF`, rollout.ImagePullRetried},
		{"an image whose name sounds like a verdict", "ErrImagePull", containerd + `failed to copy docker.io/shop/not-found@sha256:aa: connection lost`, rollout.ImagePullRetried},
		{"credentials that ran out and are renewed", "ErrImagePull", containerd + `pulling from host 1.dkr.ecr.eu-central-1.amazonaws.com failed with status code [manifests v1.2.4]: denied: Your authorization token has expired. Reauthenticate and try again.`, rollout.ImagePullRetried},
		{"a full disk", "ErrImagePull", containerd + `failed to extract layer sha256:aa: write /var/lib/x: no space left on device`, rollout.ImagePullRetried},
		{"words that nobody knows", "ErrImagePull", `something odd`, rollout.ImagePullRetried},
		{"no words", "ImagePullBackOff", ``, rollout.ImagePullRetried},
		{"waiting, as kubelets before 1.32 say it", "ImagePullBackOff", `Back-off pulling image "shop/checkout:v1.2.4"`, rollout.ImagePullRetried},
		{"the registry is known to be away", "RegistryUnavailable", `image pull failed for shop/checkout:v1.2.4 because the registry is unavailable`, rollout.ImagePullRetried},
		{"the runtime does not answer", "ImageInspectError", `Failed to inspect image "": rpc error`, rollout.ImagePullRetried},

		{"no such tag, containerd", "ErrImagePull", `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/shop/checkout:v1.2.4": failed to resolve reference "docker.io/shop/checkout:v1.2.4": docker.io/shop/checkout:v1.2.4: not found`, rollout.ImagePull},
		{"no such tag, CRI-O", "ErrImagePull", rpc + `reading manifest v1.2.4 in registry.example.com/shop/checkout: manifest unknown: manifest unknown`, rollout.ImagePull},
		{"no such tag, Docker", "ErrImagePull", rpc + `Error response from daemon: manifest for shop/checkout:v1.2.4 not found: manifest unknown: manifest unknown`, rollout.ImagePull},
		{"no such tag, between two attempts", "ImagePullBackOff", `Back-off pulling image "shop/checkout:v1.2.4": ErrImagePull: rpc error: code = NotFound desc = failed to pull: not found`, rollout.ImagePull},
		{"no such repository", "ErrImagePull", containerd + `failed to resolve reference "docker.io/shop/checkout:v1.2.4": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed`, rollout.ImagePull},
		{"not signed in, CRI-O", "ErrImagePull", rpc + `initializing source docker://registry.example.com/shop/checkout:v1.2.4: reading manifest v1.2.4 in registry.example.com/shop/checkout: unauthorized: authentication required`, rollout.ImagePull},
		{"not signed in, Amazon", "ErrImagePull", rpc + `Error response from daemon: Get "https://1.dkr.ecr.eu-central-1.amazonaws.com/v2/shop/checkout/manifests/v1.2.4": no basic auth credentials`, rollout.ImagePull},
		{"not allowed", "ErrImagePull", rpc + `Requesting bearer token: invalid status code from registry 403 (Forbidden)`, rollout.ImagePull},
		{"denied, Docker", "ErrImagePull", rpc + `Error response from daemon: pull access denied for shop/checkout, repository does not exist or may require 'docker login': denied: requested access to the resource is denied`, rollout.ImagePull},
		{"a wrong password", "ErrImagePull", rpc + `unable to retrieve auth token: invalid username/password: unauthorized: incorrect username or password`, rollout.ImagePull},
		{"no such reference", "ErrImagePull", rpc + `invalid reference format`, rollout.ImagePull},
		{"no reference at all", "InvalidImageName", `Failed to apply default image tag "shop/Checkout": couldn't parse image name: invalid reference format: repository name must be lowercase`, rollout.ImagePull},
		{"never to be pulled", "ErrImageNeverPull", `Container image "shop/checkout:v1.2.4" is not present with pull policy of Never`, rollout.ImagePull},
		{"not for this platform, containerd", "ErrImagePull", `rpc error: code = NotFound desc = failed to pull and unpack image "docker.io/shop/checkout:v1.2.4": no match for platform in manifest: not found`, rollout.ImagePull},
		{"not for this platform, Docker", "ErrImagePull", rpc + `Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries`, rollout.ImagePull},
		{"not for this platform, CRI-O", "ErrImagePull", rpc + `choosing an image from manifest list docker://shop/checkout:v1.2.4: no image found in manifest list for architecture "arm64", variant "v8", OS "linux"`, rollout.ImagePull},
		{"not signed by whom it has to be", "SignatureValidationFailed", `image pull failed for shop/checkout:v1.2.4 because the signature validation failed: Source image rejected: A signature was required, but no signature exists`, rollout.ImagePull},
		{"the same, between two attempts", "ImagePullBackOff", `Back-off pulling image "shop/checkout:v1.2.4": SignatureValidationFailed: image pull failed for shop/checkout:v1.2.4 because the signature validation failed`, rollout.ImagePull},
	} {
		kubetest.Run(t, c.name, func(t *testing.T, s *kubetest.Server) {
			s.Apply("helm", strings.Join([]string{kubetest.Shop, canaryDeployment, pod("a", "canary-now", pulling(c.reason, c.message))}, "\n---\n"))
			got := connect(t, s).Observe(t.Context(), kubetest.Rollout()).Canary.Failure
			if got.Kind != c.want || !strings.Contains(got.Detail, c.message) {
				t.Errorf("got %+v, want %q with its words", got, c.want)
			}
		})
	}
}

// pulling is the status of a pod that waits for its image.
func pulling(reason, message string) string {
	return fmt.Sprintf(`{phase: Pending, containerStatuses: [{name: checkout, state: {waiting: {reason: %s, message: %q}}}]}`, reason, message)
}

// Of several pods the one is told that says why, and what no patience mends before what passes.
func TestTheMostTellingPullIsTold(t *testing.T) {
	t.Parallel()
	const waits = `Back-off pulling image "shop/checkout:v1.2.4"`
	missed := func(d kubetest.Object) {
		conditions(d, "Progressing", "False", "ProgressDeadlineExceeded", "timed out")
	}
	busy := pod("b", "canary-now", pulling("ErrImagePull", "429 Too Many Requests"))
	checkFailures(t, []failureCase{
		{
			name: "the cause before the bare wait", want: rollout.Failure{Kind: rollout.ImagePullRetried, Detail: "pod b, container checkout: ErrImagePull: 429 Too Many Requests"},
			pods: pod("a", "canary-now", pulling("ImagePullBackOff", waits)) + "\n---\n" + busy,
		}, {
			name: "what stays before what passes", want: rollout.Failure{Kind: rollout.ImagePull, Detail: "pod c, container checkout: ErrImagePull: manifest unknown"},
			pods: busy + "\n---\n" + pod("c", "canary-now", pulling("ErrImagePull", "manifest unknown")),
		}, {
			name: "of two containers of a pod the one that says why", want: rollout.Failure{Kind: rollout.ImagePullRetried, Detail: "pod a, container checkout: ErrImagePull: EOF"},
			pods: pod("a", "canary-now", `{phase: Pending, initContainerStatuses: [{name: migrate, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image "x"'}}}], containerStatuses: [{name: checkout, state: {waiting: {reason: ErrImagePull, message: EOF}}}]}`),
		}, {
			name: "a missed deadline with its cause", change: missed, pods: busy,
			want: rollout.Failure{Kind: rollout.ProgressDeadline, Detail: "timed out; pod b, container checkout: ErrImagePull: 429 Too Many Requests"},
		},
	})
}
