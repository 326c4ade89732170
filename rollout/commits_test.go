package rollout_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
)

// What a version brings is told once, while it goes forward, and changes nothing else.
func TestCommitsAreTheTimelinesAlone(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 23, 14, 2, 0, 0, time.UTC)
	brings := &rollout.Commits{Base: "v1", Head: "v2", Ahead: 3}
	for name, test := range map[string]struct {
		phase rollout.Phase
		found string
		facts *rollout.Commits
		told  bool // before
		want  bool
	}{
		"known":                           {rollout.Baking, "r/a:v1", brings, false, true},
		"told before":                     {rollout.Baking, "r/a:v1", brings, true, false},
		"not known":                       {rollout.Baking, "r/a:v1", nil, false, false},
		"rolling back":                    {rollout.RollingBack, "r/a:v1", brings, false, false},
		"the version before is not known": {rollout.Baking, "", brings, false, false},
	} {
		r := rollout.Rollout{ID: "a-1", Service: "a", Phase: test.phase, Image: "r/a:v2", CommitsTold: test.told}
		r.Original.Stable.Image = test.found
		facts := rollout.Facts{Now: at, Observed: rollout.Observed{Unreadable: rollout.Text("away")}}
		without, entries, _ := rollout.Next(r, facts)
		facts.Commits = test.facts
		with, more, _ := rollout.Next(r, facts)
		told := len(more) - len(entries)
		if (told == 1) != test.want || with.CommitsTold != (test.told || test.want) {
			t.Errorf("%s: %d entries more, told %t", name, told, with.CommitsTold)
		}
		with.CommitsTold, with.Seq = without.CommitsTold, without.Seq
		if diff := cmp.Diff(without, with); diff != "" {
			t.Errorf("%s changes the rollout:\n%s", name, diff)
		}
	}
}

// What a version is called where its code is.
func TestWhatARepositoryCallsAVersion(t *testing.T) {
	t.Parallel()
	const commit = "3f9c2a1b70d2f4e6a8091b2c3d4e5f60718293a4"
	sum := "@sha256:" + strings.Repeat("a", 64)
	for name, test := range map[string]struct{ tag, image, want string }{
		"a tag":                       {"", "r/checkout:v1.2.4", "v1.2.4"},
		"a tag beside its digest":     {"", "r/checkout:v1.2.4" + sum, "v1.2.4"},
		"a template":                  {"v{version}", "r/checkout:1.2.4", "v1.2.4"},
		"a template with a path":      {"checkout/v{version}", "registry.example.com:5000/shop/checkout:1.2.4" + sum, "checkout/v1.2.4"},
		"a digest alone":              {"v{version}", "r/checkout" + sum, ""},
		"nothing":                     {"v{version}", "", ""},
		"a commit":                    {"v{version}", "r/checkout:" + commit, commit},
		"a short commit":              {"v{version}", "r/checkout:3f9c2a1", "3f9c2a1"},
		"a date is no commit":         {"v{version}", "r/checkout:20261128", "v20261128"},
		"a word is no commit":         {"v{version}", "r/checkout:defaced", "vdefaced"},
		"a commit with a prefix":      {"v{version}", "r/checkout:sha-3f9c2a1", "3f9c2a1"},
		"as git describes it":         {"v{version}", "r/checkout:v1.2.4-3-g3f9c2a1", "3f9c2a1"},
		"a tag that ends like one":    {"", "r/checkout:v1.2.4-g3f9c2a1", "v1.2.4-g3f9c2a1"},
		"upper case is no commit":     {"v{version}", "r/checkout:3F9C2A1", "v3F9C2A1"},
		"too short to be a commit":    {"v{version}", "r/checkout:3f9c2a", "v3f9c2a"},
		"longer than a commit can be": {"v{version}", "r/checkout:" + commit + "0", "v" + commit + "0"},
	} {
		if got := (rollout.Source{Repository: "github.com/acme/checkout", Tag: test.tag}).Ref(test.image); got != test.want {
			t.Errorf("%s: got %q, want %q", name, got, test.want)
		}
	}
}
