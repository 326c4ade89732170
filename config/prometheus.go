package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/storage/remote/azuread"
	"github.com/prometheus/sigv4"
	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout/prom"
)

// readPrometheus reads how to reach Prometheus. Its address is never quoted.
func readPrometheus(n node) prom.Options {
	f := n.fields("url", "http", "params", "sigv4", "azuread", "google_iam", "insecure")
	address, ok := f.at("url").text()
	switch {
	case !f.at("url").there():
		f.at("url").bad("is missing; write for example http://prometheus.monitoring:9090")
	case ok:
		if err := prom.CheckURL(address); err != nil {
			f.at("url").bad("%s", err)
		}
	}
	o := prom.Default(address)
	if http := f.at("http"); http.there() {
		readForeign(http, "http_config", &o.HTTP)
		if a := o.HTTP.Authorization; a != nil && a.Credentials == "" && a.CredentialsFile == "" && a.CredentialsRef == "" {
			http.fields().at("authorization").bad("holds no credentials; write credentials_file, or remove the key")
		}
	}
	o.Params = readParams(f.at("params"))
	o.SignIn = readSignIn(f, o)
	refuseClearText(f, o)
	return o
}

func signInKeys() []string { return []string{"sigv4", "azuread", "google_iam"} }

// readSignIn reads how to sign in at a cloud's service. It is the only way to sign in then: each of them sets the same
// header.
func readSignIn(f fields, o prom.Options) prom.SignIn {
	var s prom.SignIn
	var ways []string
	if n := f.at("sigv4"); n.there() {
		s.SigV4, ways = &sigv4.SigV4Config{}, append(ways, "sigv4")
		readForeign(n, "sigv4", s.SigV4)
	}
	if n := f.at("azuread"); n.there() {
		s.AzureAD, ways = &azuread.AzureADConfig{}, append(ways, "azuread")
		readForeign(n, "azuread", s.AzureAD)
	}
	if n := f.at("google_iam"); n.there() {
		s.Google, ways = &prom.GoogleIAM{}, append(ways, "google_iam")
		readForeign(n, "google_iam", s.Google)
	}
	if len(ways) == 0 {
		return s
	}
	h := o.HTTP
	if h.BasicAuth != nil || h.Authorization != nil || h.OAuth2 != nil { // a bearer token is read as an authorization
		ways = append(ways, "http")
	}
	if len(ways) > 1 {
		f.at(ways[0]).bad("%s both sign in; write one of them", strings.Join(ways[:2], " and "))
	}
	return s
}

// reserved are parameters of the questions themselves.
var reserved = []string{"query", "time", "timeout", "start", "end", "step"}

// readParams reads what is sent with every query.
func readParams(n node) map[string]string {
	f := n.fields()
	params := map[string]string{}
	for _, name := range f.names {
		at := f.at(name)
		switch {
		case slices.Contains(reserved, name):
			at.bad("is what Canarybot asks itself")
		case at.there() && at.y.Kind == yaml.ScalarNode:
			params[name] = at.y.Value // numbers and true as they are written
		case at.there():
			at.bad("%s", at.wanted("a word or a number"))
		}
	}
	if len(params) == 0 {
		return nil
	}
	return params
}

// unknownField is how the YAML library of prometheus/common reports an unknown key.
var unknownField = regexp.MustCompile(`^field (\S+) not found`)

// readForeign reads keys that Prometheus has in its own configuration, by Prometheus' own code: it knows them and checks
// them. It reads text, and only the older YAML library reads strictly there.
func readForeign(n node, name string, into any) {
	if n.y.Kind != yaml.MappingNode {
		n.bad("%s", n.wanted("a mapping of keys to values"))
		return
	}
	refuseEmpty(n)
	text, err := yaml.Marshal(n.y)
	if err != nil {
		n.bad("it cannot be read")
		return
	}
	err = yamlv2.UnmarshalStrict(text, into)
	if err == nil {
		return
	}
	if wrong, ok := errors.AsType[*yamlv2.TypeError](err); ok {
		for _, one := range wrong.Errors {
			one = quoted.ReplaceAllString(lineForm.ReplaceAllString(one, ""), "…")
			one = wrongType.ReplaceAllString(one, "a $1 is where something else belongs")
			if found := unknownField.FindStringSubmatch(one); found != nil {
				one = short(found[1]) + " is unknown to Prometheus's " + name
			}
			n.bad("%s", one)
		}
		return
	}
	n.bad("%s", strings.Join(strings.Fields(quoted.ReplaceAllString(err.Error(), "…")), " "))
}

// refuseEmpty refuses empty words under keys: Prometheus takes them for absent, and would send nothing to sign in with.
func refuseEmpty(n node) {
	for i := 0; n.y.Kind == yaml.MappingNode && i+1 < len(n.y.Content); i += 2 {
		key, value := n.y.Content[i], n.y.Content[i+1]
		child := n.child(key.Value, key.Line)
		if child.y = value; value.Tag == "!!str" && strings.TrimSpace(value.Value) == "" {
			child.bad("is empty; write a value, or remove the key")
		}
		refuseEmpty(child)
	}
}

var (
	lineForm  = regexp.MustCompile(`^line \d+: `) // of the piece, not of the file
	wrongType = regexp.MustCompile(`^cannot unmarshal !!(\w+).*`)
	quoted    = regexp.MustCompile("`[^`]*`|\"[^\"]*\"") // values, which may be secret
)
