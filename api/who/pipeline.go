package who

import (
	"net/url"
	"path"
	"slices"
	"strings"

	"canarybot.io/rollout"
)

// Pipeline is one entry of the configuration's pipelines: a machine that may ask, and how its token proves that it is the
// one. Exactly one of Issuer, Account and Tokens is set.
type Pipeline struct {
	Name string
	// Issuer and Claims are those of an OpenID Connect token: every claim has one of the values, compared whole.
	Issuer string
	Claims map[string][]string
	// CAFile has the certificates that the issuer is trusted by; empty: those of the system.
	CAFile string
	// Audience is what a token has to be made for: Issuer's and Account's.
	Audience string
	Account  Account
	Tokens   []string // SHA-256 of whole static tokens, in lower-case hex

	Services []rollout.ServiceName // that it may ask about; empty: all
	May      []rollout.Action
	// Links are the prefixes of addresses that the pipeline may name as its run's: each a whole address that ends in a slash.
	Links []string
}

// Account is a service account of Kubernetes.
type Account struct {
	Namespace string
	Name      string
}

// user is what the API server calls the account.
func (a Account) user() string { return "system:serviceaccount:" + a.Namespace + ":" + a.Name }

// For reports whether the pipeline may ask about the service.
func (p Pipeline) For(service rollout.ServiceName) bool {
	return len(p.Services) == 0 || slices.Contains(p.Services, service)
}

// Caller is whoever asks: the pipelines that a token proves, one at least, in the order of the configuration.
type Caller struct {
	Pipelines []Pipeline
	// Run is what of the pipeline asks, and Link where to read it, both by the claims of its token.
	Run  string
	Link string
}

// Name is what the caller is counted by: its first pipeline's name.
func (c Caller) Name() string { return c.Pipelines[0].Name }

// For returns those of the caller's pipelines that may ask about the service.
func (c Caller) For(service rollout.ServiceName) []Pipeline {
	var all []Pipeline
	for _, p := range c.Pipelines {
		if p.For(service) {
			all = append(all, p)
		}
	}
	return all
}

// Allows reports whether the configuration lets the pipeline name the address as its run's. It compares scheme, host and
// whole parts of the path, so that an address cannot lead elsewhere than it seems to.
func (p Pipeline) Allows(link string) bool {
	u, err := url.Parse(link)
	if link == "" || err != nil || u.User != nil || u.Opaque != "" || path.Clean(u.Path) != strings.TrimSuffix(u.Path, "/") ||
		strings.ContainsAny(link, "\\%") {
		return false
	}
	return slices.ContainsFunc(p.Links, func(prefix string) bool { return strings.HasPrefix(link, prefix) })
}
