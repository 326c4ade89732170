package registry

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"path"
	"strings"

	"oras.land/oras-go/v2/registry/remote/auth"

	"canarybot.io/rollout"
)

// dockerConfig is the part of a Docker configuration that holds credentials. Programs that it names are never run.
type dockerConfig struct {
	Auths map[string]dockerAuth `json:"auths"`
}

type dockerAuth struct {
	Username      string `json:"username"`
	Password      string `json:"password"`
	Auth          string `json:"auth"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// credential returns what the service's pods sign in with for the repository: from the Docker configuration file, or from
// their pull secrets. What cannot be read is as if it were not there; the registry then says what it wants.
func (p *Pinner) credential(ctx context.Context, r rollout.Rollout, host, repository string) auth.Credential {
	var all [][]byte
	if p.config != nil {
		text, err := p.config.Read()
		if err != nil {
			p.options.Log.Warn("registry credentials not read", "error", err)
		}
		all = append(all, []byte(text))
	}
	if p.options.ReadSecrets && p.options.Secrets != nil {
		secrets, err := p.options.Secrets.PullSecrets(ctx, r, p.options.SecretNames)
		if err != nil {
			p.options.Log.Warn("pull secrets not read", "rollout", r.ID, "service", r.Service, "error", err)
		}
		all = append(all, secrets...)
	}
	for _, config := range all {
		if c := credentialIn(config, host, repository); c != auth.EmptyCredential {
			return c
		}
	}
	return auth.EmptyCredential
}

// credentialIn returns the credential for the repository in a Docker configuration: that of the longest path that covers it.
func credentialIn(config []byte, host, repository string) (best auth.Credential) {
	var all dockerConfig
	if json.Unmarshal(config, &all) != nil {
		return best
	}
	longest := -1
	for place, entry := range all.Auths {
		length, covers := coverage(place, host, repository)
		if c := entry.credential(); covers && length > longest && c != auth.EmptyCredential {
			best, longest = c, length
		}
	}
	return best
}

// coverage reports whether a credential for the place is one for the repository, and how closely: a place is a host, a host
// with the beginning of a path, or the address of an API, and * in a host stands for what is between two dots.
func coverage(place, host, repository string) (length int, covers bool) {
	_, rest, found := strings.Cut(place, "://")
	if !found {
		rest = place
	}
	name, prefix, _ := strings.Cut(rest, "/")
	prefix = strings.Trim(prefix, "/")
	if prefix == "v1" || prefix == "v2" {
		prefix = ""
	}
	if name == "index.docker.io" || name == "registry-1.docker.io" {
		name = "docker.io"
	}
	if !sameHost(name, host) || prefix != "" && repository != prefix && !strings.HasPrefix(repository, prefix+"/") {
		return 0, false
	}
	length = 2 * len(prefix)
	if name == host {
		length++ // before one with a *
	}
	return length, true
}

func sameHost(pattern, host string) bool {
	labels, is := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(labels) != len(is) {
		return false
	}
	for i, label := range labels {
		if ok, err := path.Match(label, is[i]); err != nil || !ok {
			return false
		}
	}
	return true
}

func (a dockerAuth) credential() auth.Credential {
	user, password := a.Username, a.Password
	if decoded, err := base64.StdEncoding.DecodeString(a.Auth); err == nil && a.Auth != "" {
		if u, p, ok := strings.Cut(strings.TrimRight(string(decoded), "\x00"), ":"); ok {
			user, password = u, p
		}
	}
	identity := a.IdentityToken
	if user == "<token>" { // how Docker writes that the password is an identity token
		user, password, identity = "", "", password
	}
	if identity != "" {
		user, password = "", ""
	}
	return auth.Credential{Username: user, Password: password, RefreshToken: identity, AccessToken: a.RegistryToken}
}
