package config

import (
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The configuration is read by many: it is a ConfigMap, stands in a repository, is printed by `helm get values`. So it
// names the files that hold secrets, and a secret in it is refused, whatever it would do. No problem here quotes a value.
// The chart's schema refuses the same; a test holds both to one table.

// instead says what to write in the place of keys whose value is a secret, wherever they stand below prometheus.
var instead = map[string]string{
	"password":               "password_file",
	"credentials":            "credentials_file",
	"bearer_token":           "authorization, with credentials_file",
	"client_secret":          "client_secret_file",
	"client_certificate_key": "client_certificate_key_file",
	"key":                    "key_file",
	"secrets":                "files",
}

// Words that say of a header's or a parameter's name that its value is a secret.
var secretName = regexp.MustCompile(`(?i)token|secret|passw|credential|cookie|signature|session|api-?_?key|access-?_?key|` +
	`(^|[-_])(sig|auth|authorization|jwt|key)($|[-_])`)

var (
	userInURL  = regexp.MustCompile(`://[^/?#]*@`)
	ownToken   = regexp.MustCompile(`\bcanarybot_[A-Z2-7]{40,}\b`)
	slackToken = regexp.MustCompile(`\bxox[a-z]-|\bxapp-`)
	forgeToken = regexp.MustCompile(`\b(gh[pousr]_|github_pat_|glpat-)[A-Za-z0-9_-]{8}`)
	privateKey = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----`)
)

// refuseExposed adds a problem for each secret at or below the node.
func refuseExposed(n node) {
	switch n.y.Kind {
	case yaml.ScalarNode:
		refuseSecretText(n)
	case yaml.SequenceNode:
		for _, y := range n.y.Content {
			refuseExposed(node{r: n.r, key: n.key, line: y.Line, y: y})
		}
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.y.Content); i += 2 {
			refuseSecretText(node{r: n.r, key: n.key, line: n.y.Content[i].Line, y: n.y.Content[i]})
			child := n.child(n.y.Content[i].Value, n.y.Content[i].Line)
			if child.y = n.y.Content[i+1]; child.y.Tag == "!!null" || child.y.Kind == yaml.ScalarNode && child.y.Value == "" {
				continue
			}
			if way := wayOut(child.key); way != "" {
				child.bad("is a secret, and this file is read by many; %s", way)
				continue
			}
			refuseExposed(child)
		}
	}
}

// refuseSecretText adds a problem with a text that is a secret, or holds one. Then it goes, for other problems may quote
// it.
func refuseSecretText(n node) {
	switch text := n.y.Value; {
	case strings.HasPrefix(n.key, "prometheus.") && userInURL.MatchString(text):
		n.bad("the user or password in this address is a secret, and this file is read by many; %s", withoutUser(n.key))
		n.y.Value = userInURL.ReplaceAllString(text, "://")
	case ownToken.MatchString(text):
		n.bad("holds a token, and this file is read by many; write its sum, sha256: and 64 digits, as canarybot token new prints it")
		n.y.Value = "…"
	case slackToken.MatchString(text):
		n.bad("holds a token of Slack, and this file is read by many; give it in SLACK_BOT_TOKEN_FILE or SLACK_APP_TOKEN_FILE")
		n.y.Value = "…"
	case forgeToken.MatchString(text):
		n.bad("holds a token of GitHub or GitLab, and this file is read by many; write token_file, for a file that a Secret gives")
		n.y.Value = "…"
	case privateKey.MatchString(text):
		n.bad("holds a private key, and this file is read by many; write key_file, for a file that a Secret gives")
		n.y.Value = "…"
	}
}

// throughProxy is how to sign in at a proxy.
const throughProxy = "write proxy_from_environment: true, with HTTPS_PROXY in the environment from a Secret"

// withoutUser returns where user and password of an address belong.
func withoutUser(key string) string {
	switch {
	case key == "prometheus.url":
		return "write prometheus.http.basic_auth, with a password_file that a Secret gives"
	case strings.HasSuffix(key, ".proxy_url"):
		return throughProxy
	}
	return "write the address without them"
}

// wayOut returns what to do instead of writing the key's value into the file; empty: it is no secret.
func wayOut(path string) string {
	keys := strings.Split(path, ".")
	if len(keys) < 3 || keys[0] != "prometheus" {
		return ""
	}
	key, parent := keys[len(keys)-1], keys[len(keys)-2]
	switch {
	case path == "prometheus.sigv4.secret_key":
		return "give it in the environment, as AWS_SECRET_ACCESS_KEY from a Secret, or use a role"
	case path == "prometheus.azuread.oauth.client_secret":
		return "write sdk: {}, with AZURE_CLIENT_SECRET in the environment from a Secret, or use a workload identity"
	case path == "prometheus.azuread.certificate.certificate_password":
		return "take a key without a password from a file that a Secret gives, or use a workload identity"
	case parent == "params" && secretName.MatchString(key):
		return "send it as a header, by prometheus.http.http_headers with files that a Secret gives"
	case parent == "endpoint_params" && secretName.MatchString(key):
		return "write client_secret_file, for a file that a Secret gives"
	case parent == "proxy_connect_header":
		return throughProxy
	case parent == "params" || parent == "endpoint_params" || parent == "http_headers":
		return ""
	case key == "values" && secretName.MatchString(parent):
		return "write files, for files that a Secret gives"
	case instead[key] != "":
		return "write " + instead[key] + ", for a file that a Secret gives"
	}
	return ""
}
