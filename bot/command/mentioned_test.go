package command_test

import (
	"slices"
	"strings"
	"testing"

	"canarybot.io/bot/command"
	"canarybot.io/rollout"
)

func deployables() []command.Deployable {
	return []command.Deployable{
		{Name: "checkout", Repository: "registry.example.com/shop/checkout"},
		{Name: "checkout-admin", Repository: "registry.example.com/shop/checkout-admin"},
		{Name: "search", Repository: "registry.example.com/shop/search"},
	}
}

func TestWhatAMessageMentions(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0a", 32)
	for name, test := range map[string]struct {
		text    string
		service rollout.ServiceName
		version string
		all     []string
	}{
		"a sentence":               {"checkout v1.2.4 is built.", "checkout", "v1.2.4", []string{"v1.2.4"}},
		"a full reference":         {"pushed registry.example.com/shop/checkout:v1.2.4", "checkout", "v1.2.4", []string{"v1.2.4"}},
		"a name that begins alike": {"pushed registry.example.com/shop/checkout-admin:v7", "checkout-admin", "v7", []string{"v7"}},
		"a digest":                 {"registry.example.com/shop/search@" + digest, "search", digest, []string{digest}},
		"a tag and a digest":       {"registry.example.com/shop/search:v3@" + digest, "search", "v3@" + digest, []string{"v3@" + digest}},
		"name and tag in one":      {"Release checkout@v1.2.4: faster tax", "checkout", "v1.2.4", []string{"v1.2.4"}},
		"code marks":               {"Deployed `search` *2.10.0-rc.1*", "search", "2.10.0-rc.1", []string{"2.10.0-rc.1"}},
		"a commit":                 {"search: build #812 of 3f2a1c9e passed", "search", "3f2a1c9e", []string{"3f2a1c9e"}},
		"a branch and a commit":    {"search main-3f2a1c9e", "search", "main-3f2a1c9e", []string{"main-3f2a1c9e"}},
		"a release beats a commit": {"search v2.0.0 (3f2a1c9e)", "search", "v2.0.0", []string{"v2.0.0", "3f2a1c9e"}},
		"two versions":             {"search v1.2.3 → v1.2.4", "search", "", []string{"v1.2.3", "v1.2.4"}},
		"two services":             {"checkout and search v1.2.4", "", "v1.2.4", []string{"v1.2.4"}},
		"two pairs":                {"checkout:v1 search:v2", "", "", []string{"v1", "v2"}},
		"no service":               {"billing v1.2.4", "", "v1.2.4", []string{"v1.2.4"}},
		"no version":               {"checkout is slow since 12:30 on 2026-11-28, 5% of 812 requests", "checkout", "", nil},
		"a link":                   {"<https://ci.example.com/checkout/v1.2.4|build> of search", "search", "", nil},
		"nothing":                  {"", "", "", nil},
		"a mention":                {"<@U00000DEV1> <!channel> checkout v1.2.4", "checkout", "v1.2.4", []string{"v1.2.4"}},
		"another's registry":       {"registry.example.net/shop/checkout:v1.2.4", "", "", nil},
		"no version behind a name": {"checkout:latest", "checkout", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			service, version, all := command.Mentioned(test.text, deployables())
			if service != test.service || version != test.version || !slices.Equal(all, test.all) {
				t.Errorf("got %q %q %q, want %q %q %q", service, version, all, test.service, test.version, test.all)
			}
		})
	}
}

func TestLongMessageIsReadInPart(t *testing.T) {
	var text strings.Builder
	for i := range 100_000 {
		text.WriteString("v1." + strings.Repeat("1", i%5+1) + " ")
	}
	if _, _, all := command.Mentioned(text.String(), deployables()); len(all) != 5 {
		t.Errorf("got %q", all)
	}
}

// Whatever a message says, what is found in it can be typed and shown.
func FuzzMentioned(f *testing.F) {
	f.Add("checkout v1.2.4")
	f.Add("registry.example.com/shop/search:v3@sha256:00 <https://x|y> &amp;")
	f.Fuzz(func(t *testing.T, text string) {
		service, version, all := command.Mentioned(text, deployables())
		if service != "" && !slices.ContainsFunc(deployables(), func(d command.Deployable) bool { return d.Name == service }) {
			t.Errorf("no such service: %q", service)
		}
		if version != "" && !slices.Contains(all, version) || len(all) > 10 {
			t.Errorf("%q is not among %q", version, all)
		}
		for _, v := range all {
			if len(v) > 128 || strings.ContainsAny(v, " \n<>|`") {
				t.Errorf("%q is no version", v)
			}
		}
	})
}
