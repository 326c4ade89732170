package who_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"canarybot.io/api/who"
)

// What a run is called and where it is read follows from signed claims alone, for each CI system that names its runs.
func TestRunsByTheirClaims(t *testing.T) {
	for name, tt := range map[string]struct {
		issuer    string
		claims    map[string]any
		run, link string
	}{
		"GitHub":                     {actions, nil, "github.com/acme/shop, run 812", "https://github.com/acme/shop/actions/runs/1812"},
		"GitHub of an enterprise":    {actions + "/acme", nil, "github.com/acme/shop, run 812", "https://github.com/acme/shop/actions/runs/1812"},
		"GitHub with data residency": {"https://token.actions.acme.ghe.com", nil, "acme.ghe.com/acme/shop, run 812", "https://acme.ghe.com/acme/shop/actions/runs/1812"},
		"GitHub Enterprise Server":   {"https://git.acme.io/_services/token", nil, "git.acme.io/acme/shop, run 812", "https://git.acme.io/acme/shop/actions/runs/1812"},
		"GitHub without a run":       {actions, map[string]any{"run_id": nil, "run_number": nil}, "github.com/acme/shop", ""},
		"GitLab": {"https://gitlab.com", map[string]any{"repository": nil, "project_path": "acme/web/shop", "pipeline_id": "77", "job_id": "99"},
			"gitlab.com/acme/web/shop, job 99", "https://gitlab.com/acme/web/shop/-/jobs/99"},
		"GitLab without a job": {"https://gitlab.com", map[string]any{"repository": nil, "project_path": "acme/shop", "pipeline_id": "77"},
			"gitlab.com/acme/shop, pipeline 77", "https://gitlab.com/acme/shop/-/pipelines/77"},
		"GitLab below a path": {"https://acme.io/gitlab", map[string]any{"repository": nil, "project_path": "acme/shop", "pipeline_id": "77"},
			"acme.io/acme/shop, pipeline 77", "https://acme.io/gitlab/acme/shop/-/pipelines/77"},
		"Buildkite": {"https://agent.buildkite.com", map[string]any{"repository": nil, "organization_slug": "acme", "pipeline_slug": "shop", "build_number": 812},
			"buildkite.com/acme/shop, build 812", "https://buildkite.com/acme/shop/builds/812"},
		"CircleCI": {"https://oidc.circleci.com/org/1a", map[string]any{"repository": nil, "oidc.circleci.com/vcs-origin": "github.com/acme/shop", "oidc.circleci.com/vcs-ref": "refs/heads/main"},
			"circleci.com, github.com/acme/shop, ref refs/heads/main", ""},
		"Google":                  {"https://accounts.google.com", map[string]any{"sub": "1077", "email": "ci@acme.iam.gserviceaccount.com"}, "accounts.google.com, ci@acme.iam.gserviceaccount.com", ""},
		"anybody else":            {"https://id.acme.io", map[string]any{"sub": "deployer"}, "id.acme.io, deployer", ""},
		"a path upward":           {actions, map[string]any{"repository": "../evil"}, "github.com/../evil, run 812", ""},
		"a run that is no number": {actions, map[string]any{"run_id": "1?x=y"}, "github.com/acme/shop, run 812", ""},
		"markup":                  {actions, map[string]any{"repository": "acme/<shop|x>"}, "github.com/acme/<shop|x>, run 812", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				i := newIssuer(t, tt.issuer)
				p := who.Pipeline{Name: "ci", Issuer: tt.issuer, Audience: "canarybot", Claims: map[string][]string{"aud": {"canarybot"}}}
				c, code := whose(t, verifier(i, p), i.token(tt.claims))
				if code != "" || c.Run != tt.run || c.Link != tt.link {
					t.Errorf("%s: %q %q, want %q %q", code, c.Run, c.Link, tt.run, tt.link)
				}
			})
		})
	}
}

// A link that a caller gives is live under the configuration's prefixes only, as whole parts of the path.
func TestLinksThatAreAllowed(t *testing.T) {
	p := who.Pipeline{Links: []string{"https://ci.acme.io/job/"}}
	for link, want := range map[string]bool{
		"https://ci.acme.io/job/shop/812": true, "https://ci.acme.io/job/shop/812/": true, "https://ci.acme.io/job/shop/812?x=1#console": true,
		"": false, "https://ci.acme.io/jobs/1": false, "https://ci.acme.io.evil.com/job/1": false, "http://ci.acme.io/job/1": false,
		"https://ci.acme.io/job/../admin": false, "https://ci.acme.io/job/%2e%2e/admin": false, "https://ci.acme.io/job/x//../..": false,
		"https://user:pw@ci.acme.io/job/1": false, "https://ci.acme.io@evil.com/job/": false, "https://ci.acme.io/job/\\..\\admin": false,
		"HTTPS://CI.ACME.IO/job/1": false, "https://ci.acme.io:8443/job/1": false, "javascript:alert(1)": false, "https://ci.acme.io/job/./1": false,
	} {
		if got := p.Allows(link); got != want {
			t.Errorf("%q: %t, want %t", link, got, want)
		}
	}
	if (who.Pipeline{}).Allows("https://ci.acme.io/job/1") {
		t.Error("without a prefix a link is live")
	}
}

// Whatever a link is, what is allowed is an address below a prefix, without a way out of it.
func FuzzLinks(f *testing.F) {
	for _, link := range []string{"https://ci.acme.io/job/1", "https://ci.acme.io/job/../x", "https://ci.acme.io/job/%2e%2e/x", "https://ci.acme.io/job/\\x"} {
		f.Add(link)
	}
	p := who.Pipeline{Links: []string{"https://ci.acme.io/job/"}}
	f.Fuzz(func(t *testing.T, link string) {
		if !p.Allows(link) {
			return
		}
		base, _ := url.Parse("https://other.example.com/")
		u, err := base.Parse(link) // as a browser would, dots resolved
		if err != nil || u.Host != "ci.acme.io" || u.Scheme != "https" || !strings.HasPrefix(u.Path, "/job/") || u.User != nil {
			t.Errorf("%q is allowed and leads to %v", link, u)
		}
	})
}

// Whatever a token's claim is, it is the pipeline's only where it is the value itself, or a list with it.
func FuzzClaims(f *testing.F) {
	for _, claim := range []string{`"acme/shop"`, `"acme/shop-evil"`, `["x","acme/shop"]`, `[["acme/shop"]]`, `{"a":"acme/shop"}`, `null`, `true`, `12`, `1e2`, `"acme\u002fshop"`} {
		f.Add(claim, "acme/shop")
	}
	f.Fuzz(func(t *testing.T, claim, value string) {
		var v any
		digits := json.NewDecoder(strings.NewReader(claim))
		if digits.UseNumber(); !json.Valid([]byte(claim)) || digits.Decode(&v) != nil {
			return // no token can have it
		}
		text := func(v any) bool {
			switch v.(type) {
			case string, bool, json.Number:
				return fmt.Sprint(v) == value
			}
			return false
		}
		list, isList := v.([]any)
		want := value != "" && (text(v) || isList && slices.ContainsFunc(list, text))
		synctest.Test(t, func(t *testing.T) {
			i := newIssuer(t, actions)
			payload := strings.TrimSuffix(encode(i.claims(map[string]any{"repository": nil})), "}") + `,"repository":` + claim + "}"
			_, err := verifier(i, pipeline("ci", map[string][]string{"repository": {value}})).Whose(t.Context(),
				i.signed(map[string]any{"alg": "ES256", "kid": i.kid}, payload, i.key))
			if err == nil && !want {
				t.Errorf("the claim %s is taken for %q", claim, value)
			}
		})
	})
}
