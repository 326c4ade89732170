package config_test

import (
	"strings"
	"testing"

	"canarybot.io/config"
)

// Cards where strangers read them have to be meant: only the very word allows them.
func TestSharedChannelsAreRefusedUnlessAllowed(t *testing.T) {
	read := func(key string) (config.Config, error) {
		return config.Parse([]byte("environment: e\nslack: {channel: C0123" + key + "}\nprometheus: {url: \"http://p:9090\"}\n" +
			"services: {s: {namespace: n, image: r/s, route: {kind: HTTPRoute, name: s}}}\n"))
	}
	for key, want := range map[string]bool{"": false, ", shared_channels: refused": false, ", shared_channels: allowed": true} {
		if c, err := read(key); err != nil || c.Slack.SharedChannels != want {
			t.Errorf("%q: allowed %v, %v", key, c.Slack.SharedChannels, err)
		}
	}
	for _, value := range []string{"true", "yes", "allow", "Allowed", `""`, "[allowed]"} {
		if _, err := read(", shared_channels: " + value); err == nil || !strings.Contains(err.Error(), "slack.shared_channels") {
			t.Errorf("%s: %v", value, err)
		}
	}
}
