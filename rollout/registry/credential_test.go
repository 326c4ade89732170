package registry

import (
	"testing"

	"oras.land/oras-go/v2/registry/remote/auth"
)

// Which entry of a Docker configuration is for which repository, as the kubelet sees it.
func TestCredentialIn(t *testing.T) {
	t.Parallel()
	const config = `{
		"auths": {
			"https://index.docker.io/v1/": {"auth": "aHViOnA="},
			"registry.example.com": {"username": "all", "password": "p"},
			"registry.example.com/shop": {"username": "shop", "password": "p"},
			"registry.example.com/shop/checkout": {"auth": "Y2hlY2tvdXQ6cDpx"},
			"*.example.org": {"username": "any", "password": "p"},
			"eu.example.org": {"username": "eu", "password": "p"},
			"registry.local:5000": {"username": "port", "password": "p"},
			"acr.example.net": {"auth": "PHRva2VuPjp0", "identitytoken": "identity"},
			"gitlab.example.net": {"username": "<token>", "password": "identity"},
			"gcr.example.net": {"registrytoken": "access"},
			"empty.example.net": {}
		},
		"credsStore": "never-run", "credHelpers": {"helped.example.net": "never-run"}
	}`
	user := func(name string) auth.Credential { return auth.Credential{Username: name, Password: "p"} }
	for _, tt := range []struct {
		host, repository string
		want             auth.Credential
	}{
		{"docker.io", "library/nginx", user("hub")},
		{"registry.example.com", "cart", user("all")},
		{"registry.example.com", "shopping", user("all")},
		{"registry.example.com", "shop/cart", user("shop")},
		{"registry.example.com", "shop/checkout", auth.Credential{Username: "checkout", Password: "p:q"}},
		{"registry.example.com:5000", "cart", auth.Credential{}},
		{"example.com", "cart", auth.Credential{}},
		{"us.example.org", "cart", user("any")},
		{"eu.example.org", "cart", user("eu")},
		{"a.eu.example.org", "cart", auth.Credential{}},
		{"registry.local:5000", "cart", user("port")},
		{"registry.local", "cart", auth.Credential{}},
		{"acr.example.net", "cart", auth.Credential{RefreshToken: "t"}},
		{"gitlab.example.net", "cart", auth.Credential{RefreshToken: "identity"}},
		{"gcr.example.net", "cart", auth.Credential{AccessToken: "access"}},
		{"empty.example.net", "cart", auth.Credential{}},
		{"helped.example.net", "cart", auth.Credential{}},
	} {
		if got := credentialIn([]byte(config), tt.host, tt.repository); got != tt.want {
			t.Errorf("%s/%s: got %+v, want %+v", tt.host, tt.repository, got, tt.want)
		}
	}
}
