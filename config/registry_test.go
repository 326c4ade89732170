package config_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/config"
	"canarybot.io/rollout"
	"canarybot.io/rollout/registry"
)

const publicKey = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEQZ1YvldNKMDZ2Dxta+9IKK8txDlo
VbcQ8jUnbfzbr8p1ujkrxfJtLMQJctYEgwLl2lw1dYTUL5Q8JW7pPAwxmQ==
-----END PUBLIC KEY-----
`

// shopWith is a configuration with two services and this beside them.
func shopWith(top, service string) string {
	const head = "environment: production\nslack: {channel: \"#deploys\"}\nprometheus: {url: http://prometheus:9090}\n"
	const at = ": {namespace: shop, image: r.example.com/shop/app, route: {kind: HTTPRoute, name: "
	return head + top + "\nservices:\n  checkout" + at + "checkout}, stable: checkout" + service + "}\n  search" + at + "search}, stable: search}\n"
}

func TestRegistry(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]registry.Options{
		"":                           {},
		"registry: {}":               {},
		"registry: {resolve: on}":    {},
		"registry: {resolve: off}":   {Off: true},
		"registry: {resolve: true}":  {},
		"registry: {resolve: false}": {Off: true}, // what Helm makes of off
		`registry: {insecure: [registry.local:5000, "[::1]:5000"], ca_file: /ca, docker_config: /config}`: {
			Insecure: []string{"registry.local:5000", "[::1]:5000"}, CAFile: "/ca", DockerConfig: "/config",
		},
		"registry: {pull_secrets: refused}":      {},
		"registry: {pull_secrets: allowed}":      {ReadSecrets: true},
		"registry: {pull_secrets: [pull, more]}": {ReadSecrets: true, SecretNames: []string{"pull", "more"}},
	} {
		c, err := config.Parse([]byte(shopWith(text, "")))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if diff := cmp.Diff(c.Registry, want); diff != "" {
			t.Errorf("%s: got before want:\n%s", text, diff)
		}
	}
}

// A service's own demand goes before that of the defaults.
func TestVerify(t *testing.T) {
	t.Parallel()
	indented := strings.ReplaceAll("\n"+publicKey, "\n", "\n        ")
	c, err := config.Parse([]byte(shopWith("defaults:\n  verify:\n    cosign:\n      key: |"+indented, `, verify: {command: [cosign, verify, "{image}"]}`)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := registry.ParseKeys(publicKey)
	if err != nil {
		t.Fatal(err)
	}
	want := map[rollout.ServiceName]registry.Verification{
		"checkout": {Command: []string{"cosign", "verify", "{image}"}}, "search": {Keys: keys},
	}
	if diff := cmp.Diff(c.Registry.Verify, want); diff != "" {
		t.Errorf("got before want:\n%s", diff)
	}
	c, err = config.Parse([]byte(shopWith("", ", verify: {cosign: {key_file: /etc/cosign.pub}}")))
	if diff := cmp.Diff(c.Registry.Verify, map[rollout.ServiceName]registry.Verification{"checkout": {KeyFile: "/etc/cosign.pub"}}); err != nil || diff != "" {
		t.Errorf("%v, got before want:\n%s", err, diff)
	}
}

func TestWhatIsNoRegistry(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"registry: {resolve: maybe}":                                                    `registry.resolve: "maybe" is unknown`,
		"registry: {insecure: [http://r.io]}":                                           `registry.insecure[0]: "http://r.io" is not a registry`,
		"registry: {insecure: [user:word@r.io]}":                                        `registry.insecure[0]: "user:word@r.io" is not a registry`,
		"registry: {pull_secrets: []}":                                                  "this list names no secret",
		"registry: {pull_secrets: [a, a]}":                                              "a is named twice",
		"registry: {mirror: x}":                                                         "registry.mirror: this key is unknown",
		"defaults: {verify: {}}":                                                        "defaults.verify: write one of cosign and command",
		"defaults: {verify: {command: []}}":                                             "names no program",
		"defaults: {verify: {cosign: {}}}":                                              "write one of key, a public key in PEM, and key_file",
		"defaults: {verify: {cosign: {key: abc}}}":                                      "is not a public key in PEM",
		"defaults: {verify: {cosign: {key: \"-----BEGIN PRIVATE KEY-----\"}}}":          "holds a private key",
		"defaults: {verify: {cosign: {key_file: a}, command: [b]}}":                     "write one of cosign and command",
		"defaults: {verify: {cosign: {key: a, key_file: b}}}":                           "write one of key",
		"defaults: {verify: {cosign: {issuer: a, identity: b}}}":                        "this key is unknown",
		"registry: {docker_config: \"\"}":                                               "is empty",
		"registry: {ca_file: 7}":                                                        "this must be text",
		"registry: {insecure: registry.local:5000}":                                     "this must be a list",
		"defaults: {verify: {command: cosign verify}}":                                  "this must be a list",
		"defaults: {verify: true}":                                                      "this must be a mapping",
		"defaults: {verify: {cosign: {key_file: \"\"}}}":                                "is empty",
		"defaults: {verify: {cosign: {key: \"-----BEGIN PUBLIC KEY-----\\nMFkw\\n\"}}}": "is not a public key in PEM",
	} {
		_, err := config.Parse([]byte(shopWith(text, "")))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
