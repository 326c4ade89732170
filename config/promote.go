package config

import (
	"cmp"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git"
	"canarybot.io/rollout/git/forge"
)

// promoteWait is how long promoting waits for whoever else writes stable's image.
const promoteWait = time.Hour

// readGit reads how to sign in at hosts of repositories.
func readGit(n node) git.Options {
	var o git.Options
	names := map[string]bool{}
	for _, item := range n.items("[{host: github.com, token_file: /etc/canarybot/git/token, forge: github}]") {
		f := item.fields("host", "token_file", "username", "key_file", "known_hosts_file", "ca_file", "forge", "api", "insecure")
		h := git.Host{
			Name: strings.ToLower(f.at("host").textOr("")), TokenFile: f.at("token_file").textOr(""), Username: f.at("username").textOr(""),
			KeyFile: f.at("key_file").textOr(""), KnownHostsFile: f.at("known_hosts_file").textOr(""), CAFile: f.at("ca_file").textOr(""),
			Forge: forge.Kind(f.at("forge").word("", string(forge.GitHub), string(forge.GitLab))), API: f.at("api").textOr(""),
			Insecure: f.at("insecure").word(refused, refused, allowed) == allowed,
		}
		if !f.at("forge").there() && (h.Name == "github.com" || h.Name == "gitlab.com") {
			h.Forge = forge.Kind(strings.TrimSuffix(h.Name, ".com"))
		}
		switch {
		case !f.there():
			continue
		case !f.at("host").there():
			item.bad("host is missing; write for example github.com")
		case !git.IsHost(h.Name):
			f.at("host").bad("%q is not a host; write it as addresses of repositories have it, for example github.com", short(h.Name))
		case names[h.Name]:
			f.at("host").bad("%s is listed twice", short(h.Name))
		}
		names[h.Name] = true
		checkHost(f, h)
		o.Hosts = append(o.Hosts, h)
	}
	return o
}

// checkHost adds problems with what belongs together.
func checkHost(f fields, h git.Host) {
	if (h.KeyFile == "") != (h.KnownHostsFile == "") {
		f.bad("key_file and known_hosts_file go together: a key signs in only at a host that is known")
	}
	if h.TokenFile == "" && h.KeyFile == "" && h.CAFile == "" && !h.Insecure {
		f.bad("names nothing that signs in; write token_file, or key_file and known_hosts_file")
	}
	if h.TokenFile == "" {
		for _, key := range []string{"username", "forge", "api"} {
			if f.at(key).there() {
				f.at(key).bad("is of no use without token_file")
			}
		}
	}
	api := f.at("api")
	switch {
	case !api.there():
	case h.Forge == forge.Unknown:
		api.bad("is of no use without forge")
	case git.CheckAddress(strings.TrimSuffix(h.API, "/")+"/x") != nil || !strings.HasPrefix(h.API, "http"):
		api.bad("is not the address of an API; write for example https://git.example.com/api/v4")
	case clearText(h.API) && !h.Insecure:
		api.bad("the token would go there in clear text; write https://, or insecure: allowed where nobody can listen on the way")
	}
}

func promoteKeys() []string {
	return []string{"by", "repo", "branch", "path", "edit", "key", "push", "author", "wait"}
}

// byPatch is how the default is written.
const byPatch = "patch"

// readPromote reads who writes stable's image when the service is promoted.
func readPromote(n node, o git.Options) rollout.Promotion {
	if !n.there() {
		return rollout.Promotion{}
	}
	if n.y.Kind == yaml.ScalarNode {
		switch n.word(byPatch, byPatch, string(rollout.ByGit), string(rollout.ByGate)) {
		case string(rollout.ByGit):
			n.bad("needs a repository and a file in it; write {by: git, repo: ..., path: ...}")
		case string(rollout.ByGate):
			return rollout.Promotion{By: rollout.ByGate, Wait: promoteWait}
		}
		return rollout.Promotion{}
	}
	f := n.fields(promoteKeys()...)
	p := rollout.Promotion{By: rollout.Promoter(f.at("by").word("", byPatch, string(rollout.ByGit), string(rollout.ByGate)))}
	switch {
	case !f.there() || n.y.Kind != yaml.MappingNode:
		return rollout.Promotion{}
	case !f.at("by").there():
		f.at("by").bad("is missing; write git, gate or patch")
		return rollout.Promotion{}
	case p.By == byPatch:
		p.By = rollout.ByPatch
	default:
		p.Wait = f.at("wait").positive(promoteWait)
	}
	if p.By == rollout.ByGit {
		p.Git = readGitFile(f, o)
		return p
	}
	for _, key := range promoteKeys() {
		if at := f.at(key); at.there() && key != "by" && (key != "wait" || p.By == rollout.ByPatch) {
			at.bad("is of no use here; it belongs to by: git")
		}
	}
	return p
}

// readGitFile reads which value of which file says what stable runs.
func readGitFile(f fields, o git.Options) rollout.GitFile {
	g := rollout.GitFile{
		Repo: f.at("repo").textOr(""), Branch: f.at("branch").textOr("main"), Path: f.at("path").textOr(""),
		Key: f.at("key").textOr(""), Author: f.at("author").textOr(git.DefaultAuthor),
		Push: rollout.GitPush(f.at("push").word(string(rollout.PushDirect), string(rollout.PushDirect), string(rollout.PullRequest))),
	}
	g.Edit = rollout.GitEdit(f.at("edit").word(string(editOf(g.Path)), string(rollout.Kustomize), string(rollout.HelmValues), string(rollout.Manifest)))
	if g.Edit == rollout.HelmValues {
		g.Key = cmp.Or(g.Key, "image.tag")
	}
	checkText(f.at("repo"), "https://github.com/acme/deploys.git", git.CheckAddress(g.Repo))
	checkText(f.at("path"), "apps/shop/kustomization.yaml", git.CheckPath(g.Path))
	checkText(f.at("branch"), "", git.CheckBranch(g.Branch))
	checkText(f.at("author"), "", git.CheckAuthor(g.Author))
	switch {
	case g.Edit == "" && f.at("path").there() && !f.at("edit").wrong():
		f.at("edit").bad("is missing: write kustomize, helm-values or manifest, for what the file is")
	case !git.ValidKey(g):
		f.at("key").bad(`is not the path of a value; write for example image.tag, services[0].image.tag or apps.my\.name.tag`)
	}
	if !f.at("repo").wrong() {
		if err := o.CanReach(g); err != nil {
			f.at("repo").bad("%s", err)
		}
	}
	return g
}

// checkText adds what is wrong with a text, or that it is missing: what has an example is required.
func checkText(at node, example string, wrong error) {
	switch {
	case !at.there() && example != "":
		at.bad("is missing; write for example %s", example)
	case at.there() && wrong != nil && !at.wrong():
		at.bad("%s", wrong)
	}
}

// editOf says what a file is by its name; empty where that does not say it.
func editOf(name string) rollout.GitEdit {
	switch path.Base(name) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return rollout.Kustomize
	case "values.yaml":
		return rollout.HelmValues
	}
	return ""
}

// place is the one value of a file that only one service may promote; empty where there is none.
func place(s rollout.Spec) string {
	g := s.Promote.Git
	if s.Promote.By != rollout.ByGit {
		return ""
	}
	key := g.Key
	switch {
	case g.Edit == rollout.Kustomize:
		key = cmp.Or(key, s.Repository)
	case g.Edit == rollout.Manifest:
		key = s.Objects.Namespace + "/" + s.Objects.Stable + "/" + key
	}
	return strings.Join([]string{g.Repo, g.Branch, g.Path, key}, " ")
}
