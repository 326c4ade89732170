package config_test

import (
	"strings"
	"testing"

	"canarybot.io/config"
	"canarybot.io/rollout"
)

func TestSlackAddress(t *testing.T) {
	for name, tt := range map[string]struct {
		address, insecure, want string
		code                    rollout.ProblemCode
	}{
		"none":                          {"", "", "", ""},
		"encrypted":                     {"https://slack.example/api", "", "https://slack.example/api/", ""},
		"with its slash":                {"https://slack.example/api/", "", "https://slack.example/api/", ""},
		"on this machine":               {"http://127.0.0.1:8080/api/", "", "http://127.0.0.1:8080/api/", ""},
		"on this machine, IPv6":         {"http://[::1]:8080/api/", "", "http://[::1]:8080/api/", ""},
		"on this machine, by name":      {"http://localhost:8080/api/", "", "http://localhost:8080/api/", ""},
		"unencrypted":                   {"http://slack.example/api/", "", "", config.ProblemSlackClearText},
		"unencrypted, in the cluster":   {"http://slacksim.demo.svc/api/", "", "", config.ProblemSlackClearText},
		"unencrypted, as it is allowed": {"http://slacksim.demo.svc/api/", "allowed", "http://slacksim.demo.svc/api/", ""},
		"looks like this machine":       {"http://localhost.evil.example/api/", "", "", config.ProblemSlackClearText},
		"looks like its address":        {"http://127.0.0.1.evil.example/api/", "", "", config.ProblemSlackClearText},
		"another word":                  {"https://slack.example/api/", "true", "", config.ProblemNotAllowed},
		"a password":                    {"https://u:hunter2@slack.example/api/", "", "", config.ProblemSlackAddress},
		"no scheme":                     {"slack.example/api/", "", "", config.ProblemSlackAddress},
		"a socket's scheme":             {"wss://slack.example/api/", "", "", config.ProblemSlackAddress},
		"a query":                       {"https://slack.example/api/?token=hunter2", "", "", config.ProblemSlackAddress},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("SLACK_API_URL", tt.address)
			t.Setenv("SLACK_API_INSECURE", tt.insecure)
			got, err := config.SlackAddressFromEnv()
			if got != tt.want || rollout.ProblemOf(err).Code != tt.code && err != nil || (err == nil) != (tt.code == "") {
				t.Errorf("got %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the error quotes a secret: %v", err)
			}
		})
	}
}

// Nothing that signs in leaves the machine unencrypted, unless that is said; a Prometheus that asks for nothing needs no word.
func TestNothingSignsInUnencrypted(t *testing.T) {
	t.Parallel()
	const inCluster = "http://prometheus.monitoring:9090"
	for name, tt := range map[string]struct {
		keys string // of prometheus
		want string // in the problem; empty: none
	}{
		"nothing signs in":                {"url: " + inCluster, ""},
		"a tenant":                        {"url: " + inCluster + ", http: {http_headers: {X-Scope-OrgID: {values: [shop]}}}", ""},
		"a password":                      {"url: " + inCluster + ", http: {basic_auth: {username: bot, password_file: /p}}", "unencrypted"},
		"a token":                         {"url: " + inCluster + ", http: {authorization: {credentials_file: /t}}", "unencrypted"},
		"a token, in the older key":       {"url: " + inCluster + ", http: {bearer_token_file: /t}", "unencrypted"},
		"a key in a header":               {"url: " + inCluster + ", http: {http_headers: {X-Api-Key: {files: [/k]}}}", "unencrypted"},
		"a cloud's token":                 {"url: " + inCluster + ", google_iam: {}", "unencrypted"},
		"encrypted":                       {"url: https://prometheus.example, http: {authorization: {credentials_file: /t}}", ""},
		"on this machine":                 {"url: http://127.0.0.1:9090, http: {authorization: {credentials_file: /t}}", ""},
		"beside the bot, by name":         {"url: http://localhost:9090, http: {authorization: {credentials_file: /t}}", ""},
		"as it is allowed":                {"url: " + inCluster + ", insecure: allowed, http: {authorization: {credentials_file: /t}}", ""},
		"as it is refused":                {"url: " + inCluster + ", insecure: refused, http: {authorization: {credentials_file: /t}}", "unencrypted"},
		"another word":                    {"url: " + inCluster + ", insecure: yes", "insecure"},
		"the way to a token":              {"url: https://prometheus.example, http: {oauth2: {client_id: bot, client_secret_file: /s, token_url: 'http://idp.example/token'}}", "token_url unencrypted"},
		"the way to a token, as well":     {"url: https://prometheus.example, http: {oauth2: {client_id: bot, client_secret_file: /s, token_url: 'https://idp.example/token'}}", ""},
		"the same, where this is allowed": {"url: https://prometheus.example, insecure: allowed, http: {oauth2: {client_id: bot, client_secret_file: /s, token_url: 'http://idp.example/token'}}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte("environment: staging\nslack: {channel: \"#deploys\"}\nprometheus: {" + tt.keys + `}
services:
  checkout: {namespace: shop, image: example.com/checkout, route: {kind: HTTPRoute, name: checkout}}
`))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want a problem with %s", err, tt.want)
			}
		})
	}
}
