package chart_test

import (
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"canarybot.io/config"
)

// What cannot work is refused with a sentence before anything is installed, and no refusal quotes a secret.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ values, says string }{
		"a service whose namespace gets no rights": {
			"config: {services: {books: {namespace: library, image: a, route: {kind: HTTPRoute, name: books}}}}",
			"config.services.books works in the namespace library, where the bot would have no rights. Add to namespaces: {name: library, create: true, routes: [HTTPRoute]}",
		},
		"a service whose namespace comes from the defaults": {
			"config: {defaults: {namespace: library}, services: {books: {image: a, route: {kind: HTTPRoute, name: books}}}}",
			"config.services.books works in the namespace library",
		},
		"a kind of route that is not listed": {
			"namespaces: [{name: shop, create: true, routes: [HTTPRoute]}, {name: bank, create: false, routes: [HTTPRoute]}]",
			"config.services.search steers the TrafficSplit search, and the namespace shop lists only HTTPRoute. Add TrafficSplit to its routes.",
		},
		"a route to create where nothing may be created": {
			"namespaces: [{name: shop, create: false, routes: [HTTPRoute, TrafficSplit]}, {name: bank, create: false, routes: [HTTPRoute]}]",
			"config.services.search has route.create, and in the namespace shop the bot may create nothing.",
		},
		"a namespace without a service": {
			"namespaces: [{name: shop, create: true, routes: [HTTPRoute, TrafficSplit]}, {name: bank, create: false, routes: [HTTPRoute]}, {name: attic, create: true, routes: [HTTPRoute]}]",
			"namespaces lists attic, where no service of the configuration works.",
		},
		"a namespace twice": {
			"namespaces: [{name: shop, create: true, routes: [HTTPRoute]}, {name: shop, create: true, routes: [TrafficSplit]}]",
			"namespaces: shop is listed twice.",
		},
		"no namespace":          {"namespaces: []", "namespaces is empty."},
		"no token":              {"tokens: {secret: ''}", "Slack's bot token comes from nowhere."},
		"only a bot token":      {"tokens: {secret: '', botFile: /vault/bot}", "Slack's app-level token comes from nowhere."},
		"a Secret for nothing":  {"tokens: {botFile: /vault/bot, appFile: /vault/app}", "tokens names a Secret that gives no token"},
		"an app token twice":    {"tokens: {appSecret: a, appFile: /vault/app}", "both give the app-level token"},
		"two monitors":          {"serviceMonitor: {enabled: true}\npodMonitor: {enabled: true}", "would both scrape the pod"},
		"no account":            {"serviceAccount: {create: false}", "Name the existing ServiceAccount in serviceAccount.name."},
		"a label that selects":  {"podLabels: {app.kubernetes.io/name: other}", "podLabels: app.kubernetes.io/name is the chart's own"},
		"the same, for all":     {"commonLabels: {app.kubernetes.io/instance: other}", "commonLabels: app.kubernetes.io/instance is the chart's own"},
		"a variable twice":      {"extraEnv: [{name: A, value: a}, {name: A, value: b}]", "extraEnv has A twice."},
		"a volume twice":        {"extraVolumes: [{name: a}, {name: a}]", "extraVolumes has a twice."},
		"a volume of ours":      {"extraVolumes: [{name: store}]", "/extraVolumes/0/name"},
		"a path of ours":        {"extraVolumeMounts: [{name: prometheus, mountPath: /var/lib/canarybot}]", "/extraVolumeMounts/0/mountPath"},
		"a variable of ours":    {"extraEnv: [{name: SLACK_BOT_TOKEN_FILE, value: a}]", "/extraEnv/0/name"},
		"an unknown key":        {"replicas: 2", "replicas"},
		"a wrong kind of label": {"podLabels: {a: 1}", "/podLabels/a"},

		"an unknown key of the configuration":  {"config: {services: {checkout: {imgae: x}}}", "/config/services/checkout"},
		"an unknown word of the configuration": {"config: {defaults: {on_doubt: never}}", "/config/defaults/on_doubt"},
		"a key without a value":                {"config: {services: {checkout: {plan: ~}}}", "/config/services/checkout/plan"},

		"a proxy as a variable": {"extraEnv: [{name: HTTPS_PROXY, value: 'http://robot:hunter2@proxy:3128'}]", "valueFrom.secretKeyRef, for a password is in it"},
		"a token of Slack":      {"extraEnv: [{name: TOKEN, value: xoxb-hunter2}]", "valueFrom.secretKeyRef, for a password is in it"},
		"Slack's address":       {"slackApiUrl: 'http://robot:hunter2@slack/api/'", "/slackApiUrl"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch _, err := installed(t, c.values); {
			case err == nil:
				t.Errorf("it is taken")
			case !strings.Contains(err.Error(), c.says):
				t.Errorf("it says: %v\nwant: %s", err, c.says)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("it quotes the secret: %v", err)
			}
		})
	}
}

// A secret in the configuration is refused by the chart, which makes a ConfigMap of it, and by the bot, which may get it
// in other ways. Both say what to do instead, and neither quotes it.
func TestSecretsInTheConfigurationAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ values, says string }{
		"a password in the address": {"config: {prometheus: {url: 'http://robot:hunter2@prometheus:9090'}}", "an address without user and password; put those into http.basic_auth, with a password_file from a Secret"},
		"a token as the user":       {"config: {prometheus: {url: 'https://hunter2@prometheus:9090/api'}}", "an address without user and password"},
		"a password":                {"config: {prometheus: {http: {basic_auth: {username: robot, password: hunter2}}}}", "in a file that a Secret gives, named by password_file"},
		"credentials":               {"config: {prometheus: {http: {authorization: {credentials: hunter2}}}}", "in a file that a Secret gives, named by credentials_file"},
		"a bearer token":            {"config: {prometheus: {http: {bearer_token: hunter2}}}", "named by authorization.credentials_file"},
		"a secret of OAuth":         {"config: {prometheus: {http: {oauth2: {client_id: a, client_secret: hunter2, token_url: 'http://t'}}}}", "named by client_secret_file"},
		"a parameter of OAuth":      {"config: {prometheus: {http: {oauth2: {client_id: a, endpoint_params: {password: hunter2}}}}}", "client_secret_file"},
		"a key":                     {"config: {prometheus: {http: {tls_config: {key: hunter2}}}}", "named by key_file"},
		"a proxy's password":        {"config: {prometheus: {http: {proxy_url: 'http://robot:hunter2@proxy:3128'}}}", "proxy_from_environment: true, with HTTPS_PROXY from a Secret by extraEnv"},
		"a proxy's header":          {"config: {prometheus: {http: {proxy_connect_header: {Proxy-Authorization: [hunter2]}}}}", "proxy_from_environment: true"},
		"a secret header":           {"config: {prometheus: {http: {http_headers: {X-Scope-OrgID: {secrets: [hunter2]}}}}}", "named by files"},
		"a token as a header":       {"config: {prometheus: {http: {http_headers: {X-Api-Key: {values: [hunter2]}}}}}", "named by files"},
		"a token as a parameter":    {"config: {prometheus: {params: {access_token: hunter2}}}", "in http.http_headers, with files from a Secret"},
		"a key of Amazon":           {"config: {prometheus: {sigv4: {access_key: a, secret_key: hunter2}}}", "AWS_SECRET_ACCESS_KEY"},
		"a secret of Azure":         {"config: {prometheus: {azuread: {oauth: {client_secret: hunter2}}}}", "AZURE_CLIENT_SECRET"},
		"a certificate's password":  {"config: {prometheus: {azuread: {certificate: {certificate_password: hunter2}}}}", "a key without a password"},
		"a key of a certificate":    {"config: {prometheus: {http: {oauth2: {client_certificate_key: hunter2}}}}", "named by client_certificate_key_file"},
		"an address of OAuth":       {"config: {prometheus: {http: {oauth2: {token_url: 'https://robot:hunter2@login'}}}}", "an address without user and password"},
		"a key in capitals":         {"config: {prometheus: {http: {http_headers: {X-API-KEY: {values: [hunter2]}}}}}", "named by files"},
		"a signature":               {"config: {prometheus: {params: {sig: hunter2}}}", "in http.http_headers, with files from a Secret"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			switch _, err := installed(t, c.values); {
			case err == nil:
				t.Errorf("the chart takes it")
			case !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the chart says: %v\nwant: %s", err, c.says)
			}
			text, err := yaml.Marshal(shop(t, product+"/ci/shop-values.yaml", c.values)["config"])
			if err != nil {
				t.Fatal(err)
			}
			switch _, err := config.Parse(text); {
			case err == nil:
				t.Errorf("the bot takes it")
			case !strings.Contains(err.Error(), "secret, and this file is read by many; ") || strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the bot says: %v", err)
			}
		})
	}
}

// What only looks like a secret is taken by both.
func TestHarmlessConfigurationIsTaken(t *testing.T) {
	t.Parallel()
	for _, lines := range []string{
		"config: {prometheus: {url: 'https://prometheus:9090/team@home'}}",
		"config: {prometheus: {http: {http_headers: {X-Scope-OrgID: {values: [shop]}, X-Keyspace: {values: [shop]}}}}}",
		"config: {prometheus: {http: {http_headers: {X-Api-Key: {files: [/etc/prometheus-token/token]}}}}}",
		"config: {prometheus: {params: {dedup: true, author: me, monkey: 1, keyspace: a}}}",
		"config: {prometheus: {http: {tls_config: {ca_file: /ca, cert_file: /cert, key_file: /key}}}}",
		"config: {prometheus: {http: {proxy_url: 'http://proxy:3128'}}}",
	} {
		if _, err := installed(t, lines); err != nil {
			t.Errorf("the chart refuses %s: %v", lines, err)
		}
		text, err := yaml.Marshal(shop(t, product+"/ci/shop-values.yaml", lines)["config"])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := config.Parse(text); err != nil {
			t.Errorf("the bot refuses %s: %v", lines, err)
		}
	}
}

// Without the operator's kinds in the cluster, what needs them is refused; with them it is not.
func TestOperatorsKindsAreAskedFor(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"serviceMonitor", "podMonitor", "prometheusRule"} {
		values := shop(t, product+"/ci/shop-values.yaml", key+": {enabled: true}")
		_, err := newHelm().install(product, "canarybot", values)
		if err == nil || !strings.Contains(err.Error(), key+".enabled needs the kind ") {
			t.Errorf("%s without the operator: %v", key, err)
		}
		if _, err := installed(t, key+": {enabled: true}"); err != nil {
			t.Errorf("%s with the operator: %v", key, err)
		}
	}
}

// The ways in which tokens and the account may come.
func TestWaysOfTokens(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		values     string
		has, lacks []string
	}{
		"one Secret": {"{}", []string{"value: /var/run/canarybot/tokens/bot", "name: canarybot-slack", "SLACK_APP_TOKEN_FILE"}, []string{"secretKeyRef"}},
		"two Secrets and other keys": {
			"tokens: {secret: bots, botKey: bot, appSecret: apps, appKey: app}",
			[]string{"- key: bot\n                path: bot\n              name: bots", "- key: app\n                path: app\n              name: apps"}, []string{"canarybot-slack"},
		},
		"the environment": {"tokens: {mount: false, appSecret: apps}", []string{"name: canarybot-slack\n              key: SLACK_BOT_TOKEN", "name: apps\n              key: SLACK_APP_TOKEN"}, []string{"_TOKEN_FILE", "name: tokens"}},
		"files of Vault": {
			"tokens: {secret: '', botFile: /vault/bot, appFile: /vault/app}\npodAnnotations: {inject: 'true'}",
			[]string{"name: SLACK_BOT_TOKEN_FILE\n          value: \"/vault/bot\"", "value: \"/vault/app\""}, []string{"name: tokens", "secretKeyRef", "create secret"},
		},
		"a file and a Secret":     {"tokens: {botFile: /vault/bot}", []string{"value: \"/vault/bot\"", "SLACK_APP_TOKEN\n                path: app"}, []string{"path: bot"}},
		"an account of yours":     {"serviceAccount: {create: false, name: robot}", []string{"serviceAccountName: robot", "- kind: ServiceAccount\n  name: robot"}, []string{"kind: ServiceAccount\nmetadata"}},
		"rights that others give": {"rbac: {create: false}", nil, []string{"kind: Role"}},
		"rights on everything":    {"rbac: {resourceNames: false}", nil, []string{"resourceNames"}},
		"a Service by a monitor":  {"serviceMonitor: {enabled: true}", []string{"kind: Service\n"}, nil},
		"the image's version":     {"image: {tag: v9.9.9}", []string{"app.kubernetes.io/version: v9.9.9"}, []string{"v0.2.0\n"}},
		"a digest names none":     {"image: {digest: 'sha256:" + strings.Repeat("a", 64) + "'}", []string{"@sha256:aaa"}, []string{"app.kubernetes.io/version"}},
		"a long tag":              {"image: {tag: " + strings.Repeat("a", 62) + "-b}", []string{"app.kubernetes.io/version: " + strings.Repeat("a", 62) + "\n"}, nil},
		"nothing but nulls":       {"podLabels: ~\npodAnnotations: ~\ncommonLabels: ~\ncommonAnnotations: ~\npodSecurityContext: ~\nresources: ~\npersistence: {annotations: ~}", []string{"runAsNonRoot: true"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := installed(t, c.values)
			if err != nil {
				t.Fatal(err)
			}
			text := made.Manifest + made.Info.Notes
			for _, has := range c.has {
				if !strings.Contains(text, has) {
					t.Errorf("it lacks %q", has)
				}
			}
			for _, lacks := range c.lacks {
				if strings.Contains(text, lacks) {
					t.Errorf("it has %q", lacks)
				}
			}
		})
	}
}
