package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/git/forge"
)

// promoted is a configuration with one service that is promoted as the text says.
func promoted(t *testing.T, promote, global string) config.Config {
	t.Helper()
	c, err := config.Parse([]byte(`
environment: test
slack: {channel: "#deploys"}
prometheus: {url: "http://prometheus:9090"}
policy: {deployers: [U024BE7LH]}
` + global + `
services:
  checkout: {namespace: shop, image: r/checkout, route: {kind: HTTPRoute, name: checkout}, promote: ` + promote + `}
`))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestWhoPromotes(t *testing.T) {
	t.Parallel()
	file := func(change func(*rollout.GitFile)) rollout.Promotion {
		f := rollout.GitFile{
			Repo: "https://github.com/acme/deploys.git", Branch: "main", Path: "shop/kustomization.yaml", Edit: rollout.Kustomize,
			Push: rollout.PushDirect, Author: git.DefaultAuthor,
		}
		change(&f)
		return rollout.Promotion{By: rollout.ByGit, Git: f, Wait: time.Hour}
	}
	const repo = `by: git, repo: "https://github.com/acme/deploys.git"`
	for promote, want := range map[string]rollout.Promotion{
		"patch":                 {},
		"{by: patch}":           {},
		"gate":                  {By: rollout.ByGate, Wait: time.Hour},
		"{by: gate, wait: 20m}": {By: rollout.ByGate, Wait: 20 * time.Minute},
		"{" + repo + ", path: shop/kustomization.yaml}": file(func(*rollout.GitFile) {}),
		"{" + repo + ", path: shop/kustomization.yaml, key: checkout, branch: production, push: pull-request, author: Bot <bot@example.com>}": file(
			func(f *rollout.GitFile) {
				f.Key, f.Branch, f.Push, f.Author = "checkout", "production", rollout.PullRequest, "Bot <bot@example.com>"
			}),
		"{" + repo + ", path: shop/values.yaml}": file(func(f *rollout.GitFile) {
			f.Path, f.Edit, f.Key = "shop/values.yaml", rollout.HelmValues, "image.tag"
		}),
		"{" + repo + `, path: shop/prod.yaml, edit: helm-values, key: 'apps.my\.app[0].tag'}`: file(func(f *rollout.GitFile) {
			f.Path, f.Edit, f.Key = "shop/prod.yaml", rollout.HelmValues, `apps.my\.app[0].tag`
		}),
		"{" + repo + ", path: shop/checkout.yaml, edit: manifest, key: app}": file(func(f *rollout.GitFile) {
			f.Path, f.Edit, f.Key = "shop/checkout.yaml", rollout.Manifest, "app"
		}),
	} {
		c := promoted(t, promote, "git: [{host: github.com, token_file: /etc/token}]")
		if diff := cmp.Diff(want, c.Services["checkout"].Spec.Promote); diff != "" {
			t.Errorf("%s:\n%s", promote, diff)
		}
	}
}

// Every form of an address is taken, where its host is known.
func TestRepositories(t *testing.T) {
	t.Parallel()
	for repo, global := range map[string]string{
		"https://github.com/acme/deploys":            "",
		"https://git.example.com:8443/a/b/c.git":     "",
		"http://127.0.0.1:3000/acme/deploys.git":     "",
		"http://git.example.com/acme/deploys.git":    "git: [{host: git.example.com, insecure: allowed}]",
		"git@github.com:acme/deploys.git":            "git: [{host: github.com, key_file: /k, known_hosts_file: /h}]",
		"ssh://git@git.example.com:2222/acme/x.git":  "git: [{host: 'git.example.com:2222', key_file: /k, known_hosts_file: /h}]",
		"file:///srv/git/deploys.git":                "",
		"https://git.example.com/scm/team/repo.git/": "",
	} {
		c := promoted(t, `{by: git, repo: "`+repo+`", path: a/kustomization.yaml}`, global)
		if got := c.Services["checkout"].Spec.Promote.Git.Repo; got != repo {
			t.Errorf("%s became %s", repo, got)
		}
	}
}

func TestHostsOfRepositories(t *testing.T) {
	t.Parallel()
	c := promoted(t, "patch", `git:
  - {host: GitHub.com, token_file: /t, username: bot}
  - {host: "git.example.com:8443", token_file: /t, forge: gitlab, api: "https://git.example.com/api/v4", ca_file: /ca.pem}
  - {host: gitlab.com, key_file: /k, known_hosts_file: /h}`)
	want := []git.Host{
		{Name: "github.com", TokenFile: "/t", Username: "bot", Forge: forge.GitHub},
		{Name: "git.example.com:8443", TokenFile: "/t", Forge: forge.GitLab, API: "https://git.example.com/api/v4", CAFile: "/ca.pem"},
		{Name: "gitlab.com", KeyFile: "/k", KnownHostsFile: "/h", Forge: forge.GitLab},
	}
	if diff := cmp.Diff(want, c.Git.Hosts); diff != "" {
		t.Error(diff)
	}
}

// What is secret in an address is not repeated.
func TestCredentialsInAnAddressAreNotQuoted(t *testing.T) {
	t.Parallel()
	for _, repo := range []string{"https://me:hunter2@github.com/a/b", "ssh://me:hunter2@github.com/a/b", "hunter2://x", "https://github.com/a/b?token=hunter2"} {
		_, err := config.Parse([]byte("services: {a: {promote: {by: git, repo: '" + repo + "'}}}"))
		if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "promote.repo") {
			t.Errorf("got %v", err)
		}
	}
}
