package node_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/e2e/node"
)

func TestParseTag(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, tag string
		want      node.Behaviour
	}{
		{"a plain version is healthy", "v1.2.4", node.Behaviour{}},
		{"other words belong to the version", "v1.2.4-rc1-2026", node.Behaviour{}},
		{"the version itself is not a word", "crash", node.Behaviour{}},
		{"errors have a default", "v1-errors", node.Behaviour{Errors: 0.05}},
		{"words combine", "v1-rc2-errors30-slow250", node.Behaviour{Errors: 0.3, Latency: 250 * time.Millisecond}},
		{"requests that never end", "v1-hangs", node.Behaviour{Hangs: 1}},
		{"some that never end", "v1-hangs90", node.Behaviour{Hangs: 0.9}},
		{"a cold start", "v1-cold", node.Behaviour{Cold: 40}},
		{"a leak is in MiB a second", "v1-leak100", node.Behaviour{Leak: 100 << 20}},
		{"no word to Prometheus", "v1-silent", node.Behaviour{Silent: true}},
		{"counters that fall at times", "v1-dips", node.Behaviour{Dips: true}},
		{"an image of two platforms", "v1-platforms", node.Behaviour{Platforms: true}},
		{"a registry that has enough at first", "v1-throttled", node.Behaviour{Throttled: 2}},
		{"and for longer", "v1-throttled5", node.Behaviour{Throttled: 5}},
		{"a crash", "v1-crash", node.Behaviour{Fate: node.Crashes}},
		{"a kill after some time", "v1-oom10", node.Behaviour{Fate: node.OutOfMemory, Life: 10 * time.Second}},
		{"restarts now and then", "v1-restarts", node.Behaviour{Fate: node.Restarts, Life: 4 * time.Second}},
		{"a missing image", "v1-missing", node.Behaviour{Fate: node.Missing}},
		{"a version that never gets ready", "v1-notready", node.Behaviour{Fate: node.NeverReady}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := node.ParseTag(test.tag)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got, test.want); diff != "" {
				t.Errorf("%s, got before want:\n%s", test.tag, diff)
			}
		})
	}
}

func TestRegistryFindsByDigestWhatATagWasSeenWith(t *testing.T) {
	t.Parallel()
	images := node.NewRegistry()
	const ref = "registry.example.com:5000/shop/checkout:v1"
	first, err := images.Digest(ref)
	if err != nil {
		t.Fatal(err)
	}
	byDigest, err := images.Digest("registry.example.com:5000/shop/checkout@" + first)
	if err != nil || byDigest != first {
		t.Errorf("by digest: got %s, %v, want %s", byDigest, err, first)
	}
	if err := images.Push(ref); err != nil {
		t.Fatal(err)
	}
	if second, err := images.Digest(ref); err != nil || second == first {
		t.Errorf("after another push: got %s, %v, want another digest", second, err)
	}
	if _, err := images.Digest("registry.example.com:5000/shop/checkout@sha256:0"); err == nil {
		t.Error("got no error for a digest that was never pushed")
	}
}
