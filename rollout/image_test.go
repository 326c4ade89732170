package rollout_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

const (
	sumA = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	sumB = "@sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func TestSameImage(t *testing.T) {
	for _, tt := range []struct {
		name, a, b string
		want       bool
	}{
		{"the same text", "r.io/shop/app:v1", "r.io/shop/app:v1", true},
		{"nothing and nothing", "", "", true},
		{"nothing and something", "", "r.io/shop/app:v1", false},
		{"another tag", "r.io/shop/app:v1", "r.io/shop/app:v2", false},
		{"another path", "r.io/shop/app:v1", "r.io/shop/cart:v1", false},
		{"a path that begins alike", "r.io/shop/app:v1", "r.io/shop/app-migrate:v1", false},
		{"a path that ends alike, within a word", "r.io/shop/myapp:v1", "r.io/app:v1", false},
		{"a digest beside the tag", "r.io/shop/app:v1", "r.io/shop/app:v1" + sumA, true},
		{"a digest beside another tag", "r.io/shop/app:v2", "r.io/shop/app:v1" + sumA, false},
		{"the digest alone, which nobody can tell", "r.io/shop/app:v1", "r.io/shop/app" + sumA, false},
		{"one digest, with and without the tag", "r.io/shop/app:v1" + sumA, "r.io/shop/app" + sumA, true},
		{"one digest under two tags", "r.io/shop/app:v1" + sumA, "r.io/shop/app:v2" + sumA, true},
		{"one tag with two digests", "r.io/shop/app:v1" + sumA, "r.io/shop/app:v1" + sumB, false},
		{"two digests", "r.io/shop/app" + sumA, "r.io/shop/app" + sumB, false},
		{"a mirror instead of the registry", "r.io/shop/app:v1", "mirror.local/shop/app:v1", true},
		{"a mirror before the registry", "r.io/shop/app:v1", "mirror.local:5000/r.io/shop/app:v1" + sumA, true},
		{"a mirror that puts all in a folder", "r.io/shop/app:v1", "mirror.local/cache/shop/app:v1", true},
		{"a registry with a port and no tag", "r.io:5000/app", "r.io:5000/app:latest", true},
		{"Docker Hub by its names", "nginx:1", "docker.io/library/nginx:1", true},
		{"Docker Hub and a mirror of it", "shop/app:v1", "mirror.local/dockerhub/shop/app:v1", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rollout.SameImage(tt.a, tt.b); got != tt.want || rollout.SameImage(tt.b, tt.a) != got {
				t.Errorf("got %t, want %t, either way round", got, tt.want)
			}
		})
	}
}

// What admission may make of our own write, and what is another version.
func TestAdmittedAs(t *testing.T) {
	const wrote, over = "r.io/shop/app:v2", "r.io/shop/app:v1"
	for _, tt := range []struct {
		name, wrote, over, became string
		want                      bool
	}{
		{"a digest beside the tag", wrote, over, wrote + sumA, true},
		{"a digest in place of the tag", wrote, over, "r.io/shop/app" + sumA, true},
		{"a mirror", wrote, over, "mirror.local/r.io/shop/app:v2", true},
		{"a mirror and a digest", wrote, over, "mirror.local/shop/app:v2" + sumA, true},
		{"a mirror with a digest alone", wrote, over, "mirror.local/cache/shop/app" + sumA, true},
		{"a mirror that flattens paths, known by the tag", wrote, over, "mirror.local/cache/shop-app:v2", true},
		{"the full name of Docker Hub", "shop/app:v2", "shop/app:v1", "docker.io/shop/app:v2", true},
		{"the tag that was left out", "r.io/shop/app", over, "r.io/shop/app:latest", true},
		{"a mirror, of what was written by its digest", "r.io/shop/app" + sumA, over, "mirror.local/shop/app" + sumA, true},
		{"the tag dropped beside its digest", "r.io/shop/app:v2" + sumA, over, "r.io/shop/app" + sumA, true},

		{"nothing", wrote, over, wrote, false},
		{"the old version", wrote, over, over, false},
		{"the old version with a digest", wrote, over, over + sumA, false},
		{"the old version, which is a digest", wrote, "r.io/shop/app" + sumA, "r.io/shop/app" + sumA, false},
		{"another version", wrote, over, "r.io/shop/app:v3", false},
		{"another image by a digest", wrote, over, "elsewhere.io/other" + sumA, false},
		{"another image by another tag", wrote, over, "elsewhere.io/other:v3", false},
		{"another digest than was written", "r.io/shop/app" + sumA, over, "r.io/shop/app" + sumB, false},
		{"a tag in place of the digest", "r.io/shop/app" + sumA, over, "r.io/shop/app:v2", false},
		{"no image", wrote, over, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := rollout.AdmittedAs(tt.wrote, tt.over, tt.became); got != tt.want {
				t.Errorf("got %t, want %t", got, tt.want)
			}
		})
	}
}

func TestPinnedVersions(t *testing.T) {
	for image, want := range map[string]string{
		"r.io/shop/app:v1" + sumA: "v1", "r.io/shop/app" + sumA: "sha256:aaaaaaaaaaaa", "r.io:5000/app": "latest", "app:v1": "v1",
	} {
		if got := rollout.ShortVersion(image); got != want {
			t.Errorf("%s is called %q, want %q", image, got, want)
		}
	}
	for _, version := range []string{"v1" + sumA, "r.io/shop/app:v1" + sumA} {
		if got, err := rollout.Image("r.io/shop/app", version); got != "r.io/shop/app:v1"+sumA || err != nil {
			t.Errorf("%s means %q, %v", version, got, err)
		}
	}
	for _, version := range []string{"v1@sha256:short", "v1" + sumA + sumA, "@" + sumA, "v1@"} {
		if got, err := rollout.Image("r.io/shop/app", version); err == nil {
			t.Errorf("%s means %q, want it refused", version, got)
		}
	}
}

// A rollout of an earlier Canarybot names one container, and digests alone.
func TestImagesOfBefore(t *testing.T) {
	const before = `{"spec":{"objects":{"container":"app"}},"image_ids":["sha256:aa"]}`
	var r rollout.Rollout
	if err := json.Unmarshal([]byte(before), &r); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(r.ImageIDs, []rollout.ImageID{{Digest: "sha256:aa"}}); diff != "" || len(r.Spec.Objects.Containers) != 1 {
		t.Errorf("read %q and, got before want:\n%s", r.Spec.Objects.Containers, diff)
	}
	again, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(again), `"container":"app"`) || !strings.Contains(string(again), `"image_ids":["sha256:aa"]`) {
		t.Errorf("written again it is %s, %v", again, err)
	}
	for _, id := range []rollout.ImageID{{Digest: "sha256:aa"}, {Digest: "sha256:aa", Config: true}, {Digest: "sha256:aa", Platform: "arm64"}, {Digest: "sha256:aa", Config: true, Platform: "arm64"}} {
		var read rollout.ImageID
		if err := read.UnmarshalText([]byte(id.String())); err != nil || read != id {
			t.Errorf("%q is read as %+v, %v", id, read, err)
		}
	}
	for _, text := range []string{"", "  ", "a b c d"} {
		if err := new(rollout.ImageID).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as an image id", text)
		}
	}
}
