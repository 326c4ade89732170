package rollout_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// A tag that names another image under way is told once and shown as long as it does; nothing else follows from it.
func TestATagThatMovesUnderWayIsToldOnce(t *testing.T) {
	r, w := checkout()
	r.Request.Version = "v2"
	r.Image = "r.io/shop/app:v2" + sumA
	const here, moved, further = "r.io/shop/app:v2" + sumA, "r.io/shop/app:v2" + sumB, "r.io/shop/app:v2@sha256:cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	for i, step := range []struct {
		tag, want string
		told      int
	}{
		{"", "", 0}, {here, "", 0}, {"", "", 0}, {moved, moved, 1}, {moved, moved, 0}, {"", moved, 0}, {further, further, 0}, {here, "", 0}, {moved, moved, 1},
	} {
		f := facts(r, w, interval, rollout.Pass)
		f.Tag = step.tag
		after, entries, _ := rollout.Next(r, f)
		told := 0
		for _, e := range entries {
			if e.Kind == rollout.EntryTagMoved {
				told++
			}
		}
		if after.Moved != step.want || told != step.told || after.Turn != r.Turn || after.Phase != r.Phase {
			t.Errorf("%d: moved %q, told %d times, turn %d, %s; want %q, %d", i, after.Moved, told, after.Turn, after.Phase, step.want, step.told)
		}
		if step.told > 0 && !rollout.NeedsCommit(r, after) {
			t.Errorf("%d: nothing is committed", i)
		}
		r = after
	}
	want := rollout.Problem{Code: rollout.ProblemTagMoved, Service: r.Service, Key: "v2", Value: "sha256:bbbbbbbbbbbb", Want: "sha256:aaaaaaaaaaaa"}
	if diff := cmp.Diff(r.TagMoved(), want); diff != "" {
		t.Errorf("got before want:\n%s", diff)
	}
}

// Whoever asked for a digest, or goes back, did not ask for what the tag names.
func TestWhoAskedForATag(t *testing.T) {
	for name, tt := range map[string]struct {
		image   string
		request rollout.Request
		want    bool
	}{
		"a tag that was pinned":             {"r.io/shop/app:v2" + sumA, rollout.Request{Version: "v2"}, true},
		"a whole reference that was pinned": {"r.io/shop/app:v2" + sumA, rollout.Request{Version: "r.io/shop/app:v2"}, true},
		"a tag that stayed":                 {"r.io/shop/app:v2", rollout.Request{Version: "v2"}, false},
		"a digest":                          {"r.io/shop/app" + sumA, rollout.Request{Version: sumA[1:]}, false},
		"a tag and its digest":              {"r.io/shop/app:v2" + sumA, rollout.Request{Version: "v2" + sumA}, false},
		"a way back":                        {"r.io/shop/app:v1" + sumA, rollout.Request{Back: true}, false},
	} {
		r, w := checkout()
		r.Image, r.Request = tt.image, tt.request
		f := facts(r, w, interval, rollout.Pass)
		f.Tag = "r.io/shop/app:v2" + sumB
		after, _, _ := rollout.Next(r, f)
		if r.PinnedByTag() != tt.want || (after.Moved != "") != tt.want {
			t.Errorf("%s: got %t, moved %q", name, r.PinnedByTag(), after.Moved)
		}
	}
}

// Which of the past rollouts were of the image that is asked for, by tag and digest.
func TestTheSameVersionByItsDigest(t *testing.T) {
	const tag = "r.io/shop/app:v2"
	past := func(image, admitted string, outcome rollout.Outcome) []rollout.Rollout {
		r := rollout.Rollout{Image: image, Admitted: admitted, Phase: rollout.Ended, Ending: rollout.Ending{Outcome: outcome}}
		r.Original.Stable.Image = "r.io/shop/app:v1"
		return []rollout.Rollout{r}
	}
	for name, tt := range map[string]struct {
		was, admitted, asked string
		want                 bool
	}{
		"the same tag, and no digest":                 {tag, "", tag, true},
		"a tag that was pinned":                       {tag + sumA, "", tag, true},
		"the same digest":                             {tag + sumA, "", tag + sumA, true},
		"the same digest alone":                       {tag + sumA, "", "r.io/shop/app" + sumA, true},
		"a tag that was pushed again":                 {tag + sumA, "", tag + sumB, false},
		"a tag that admission pinned":                 {tag, tag + sumA, tag + sumA, true},
		"a tag that admission pinned to another":      {tag, "r.io/shop/app" + sumA, tag + sumB, false},
		"a tag that admission took from a mirror":     {tag, "mirror.local/shop/app:v2", tag + sumB, true},
		"a pinned one that admission took elsewhere":  {tag + sumA, "mirror.local/shop/app:v2" + sumA, tag + sumA, true},
		"a pinned one, now only its tag is asked for": {tag + sumA, "mirror.local/shop/app" + sumA, tag, true},
	} {
		if _, got := rollout.RolledBackBefore(past(tt.was, tt.admitted, rollout.RolledBack), tt.asked); got != tt.want {
			t.Errorf("%s: rolled back before is %t", name, got)
		}
		runs := tt.was
		if tt.admitted != "" {
			runs = tt.admitted
		}
		if got := (rollout.Rollout{Image: tt.asked}).Runs(runs, past(tt.was, tt.admitted, rollout.Succeeded)); got != tt.want {
			t.Errorf("%s: runs is %t", name, got)
		}
	}
}

func TestSplitImage(t *testing.T) {
	for image, want := range map[string][4]string{
		"nginx":                         {"docker.io", "library/nginx", "latest", ""},
		"index.docker.io/shop/app:v1":   {"docker.io", "shop/app", "v1", ""},
		"localhost/app:v1":              {"localhost", "app", "v1", ""},
		"r.io:5000/app":                 {"r.io:5000", "app", "latest", ""},
		"[::1]:5000/shop/app:v1":        {"[::1]:5000", "shop/app", "v1", ""},
		"r.io/shop/app:v1" + sumA:       {"r.io", "shop/app", "v1", sumA[1:]},
		"r.io/shop/app" + sumA:          {"r.io", "shop/app", "", sumA[1:]},
		"mirror.local/r.io/shop/app:v1": {"mirror.local", "r.io/shop/app", "v1", ""},
	} {
		host, path, tag, digest := rollout.SplitImage(image)
		if got := [4]string{host, path, tag, digest}; got != want {
			t.Errorf("%s: got %q, want %q", image, got, want)
		}
	}
}
