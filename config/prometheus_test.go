package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"canarybot.io/config"
)

// prometheusWith is a configuration with this under prometheus.
func prometheusWith(lines string) string {
	return "environment: e\nslack: {channel: C0123}\nprometheus:\n  " + strings.ReplaceAll(lines, "\n", "\n  ") +
		"\nservices:\n  a: {namespace: n, image: a, route: {kind: HTTPRoute, name: a}}\n"
}

func TestHowToSignIn(t *testing.T) {
	t.Parallel()
	const id = "11111111-2222-3333-4444-555555555555"
	for name, tt := range map[string]struct{ lines, want string }{
		"a tenant's header":           {"url: http://mimir/prometheus\nhttp: {http_headers: {X-Scope-OrgID: {values: [shop]}}}", ""},
		"Amazon":                      {"url: https://p\nsigv4: {region: eu-west-1, role_arn: \"arn:aws:iam::1:role/x\", external_id: y, profile: z}", ""},
		"Amazon, by the environment":  {"url: https://p\nsigv4: {}", ""},
		"Azure, a managed identity":   {"url: https://p\nazuread: {managed_identity: {client_id: " + id + "}}", ""},
		"Azure, the pod's identity":   {"url: https://p\nazuread: {cloud: AzureChina, workload_identity: {client_id: " + id + ", tenant_id: " + id + "}}", ""},
		"Azure, a secret":             {"url: https://p\nazuread: {oauth: {client_id: " + id + ", client_secret: hunter2, tenant_id: " + id + "}}", "prometheus.azuread.oauth.client_secret: is a secret"},
		"Azure, the environment":      {"url: https://p\nazuread: {sdk: {}}", ""},
		"Google":                      {"url: https://p\ngoogle_iam: {credentials_file: key.json}", ""},
		"Google, by the environment":  {"url: https://p\ngoogle_iam: {}", ""},
		"parameters":                  {"url: https://p\nparams: {partial_response: true, nocache: 1, dedup: \"\"}", ""},
		"two clouds":                  {"url: https://p\nsigv4: {}\ngoogle_iam: {}", "prometheus.sigv4: sigv4 and google_iam both sign in; write one of them (line 5)"},
		"a cloud and a token":         {"url: https://p\nazuread: {sdk: {}}\nhttp: {authorization: {credentials: x}}", "prometheus.azuread: azuread and http both sign in; write one of them (line 5)"},
		"a cloud and a password":      {"url: https://p\nsigv4: {}\nhttp: {basic_auth: {username: u, password: hunter2}}", "sigv4 and http both sign in"},
		"a cloud and OAuth 2":         {"url: https://p\ngoogle_iam: {}\nhttp: {oauth2: {client_id: u, client_secret: hunter2, token_url: http://t}}", "google_iam and http both sign in"},
		"a cloud and a bearer token":  {"url: https://p\nsigv4: {}\nhttp: {bearer_token_file: x}", "sigv4 and http both sign in"},
		"a cloud and a URL's user":    {"url: http://u:hunter2@p\nsigv4: {}", "prometheus.url: the user or password in this address is a secret"},
		"Amazon, a key without its":   {"url: https://p\nsigv4: {access_key: hunter2}", "prometheus.sigv4: must provide a AWS SigV4 Access key and Secret Key"},
		"Amazon, an unknown key":      {"url: https://p\nsigv4: {regoin: hunter2}", "prometheus.sigv4: regoin is unknown to Prometheus's sigv4 (line 5)"},
		"Amazon, an id without role":  {"url: https://p\nsigv4: {region: a, external_id: hunter2}", "external_id can only be used with role_arn"},
		"Azure, nothing":              {"url: https://p\nazuread: {}", "must provide an Azure Managed Identity"},
		"Azure, two ways":             {"url: https://p\nazuread: {sdk: {}, managed_identity: {}}", "cannot provide multiple authentication methods"},
		"Azure, another cloud":        {"url: https://p\nazuread: {cloud: hunter2, sdk: {}}", "must provide a cloud"},
		"Azure, an id that is none":   {"url: https://p\nazuread: {managed_identity: {client_id: hunter2}}", "client_id is invalid"},
		"Google, an unknown key":      {"url: https://p\ngoogle_iam: {file: hunter2}", "file is unknown to Prometheus's google_iam"},
		"Google, a word":              {"url: https://p\ngoogle_iam: hunter2", "prometheus.google_iam: this must be a mapping"},
		"a cloud without a value":     {"url: https://p\ngoogle_iam:", "prometheus.google_iam: has no value; write {}"},
		"a parameter of ours":         {"url: https://p\nparams: {query: hunter2}", "prometheus.params.query: is what Canarybot asks itself"},
		"a parameter that is a list":  {"url: https://p\nparams: {a: [hunter2]}", "prometheus.params.a: this must be a word or a number"},
		"a header that is not theirs": {"url: https://p\nhttp: {http_headers: {Authorization: {values: [hunter2]}}}", "prometheus.http: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse([]byte(prometheusWith(tt.lines)))
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("got %v, want %s", err, tt.want)
			case err != nil && strings.Contains(err.Error(), "hunter2"):
				t.Errorf("it quotes a value: %v", err)
			}
		})
	}
}

// Files are beside the configuration, whoever reads them.
func TestFilesOfSigningIn(t *testing.T) {
	t.Parallel()
	const id = "11111111-2222-3333-4444-555555555555"
	path := filepath.Join(t.TempDir(), "canarybot.yaml")
	load := func(lines string) config.Config {
		if err := os.WriteFile(path, []byte(prometheusWith(lines)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := config.Load(path)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	beside := filepath.Join(filepath.Dir(path), "key")
	google := load("url: https://p\ngoogle_iam: {credentials_file: key}").Prometheus.SignIn.Google
	workload := load("url: https://p\nazuread: {workload_identity: {client_id: " + id + ", tenant_id: " + id + ", token_file_path: key}}").Prometheus.SignIn.AzureAD.WorkloadIdentity
	certificate := load("url: https://p\nazuread: {certificate: {client_id: " + id + ", tenant_id: " + id + ", certificate_path: key}}").Prometheus.SignIn.AzureAD.Certificate
	for _, got := range []string{google.CredentialsFile, workload.TokenFilePath, certificate.CertificatePath} {
		if got != beside {
			t.Errorf("got %s, want %s", got, beside)
		}
	}
	if certificate.CertificateKeyPath != "" {
		t.Errorf("a path that is not written is %s", certificate.CertificateKeyPath)
	}
}
