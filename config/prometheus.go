package config

import (
	"errors"
	"regexp"
	"strings"

	"github.com/prometheus/common/config"
	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout/prom"
)

// readPrometheus reads how to reach Prometheus. Its address may hold a password and is never quoted.
func readPrometheus(n node) prom.Options {
	f := n.fields("url", "http")
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
		o.HTTP = readHTTP(http)
	}
	return o
}

// unknownField is how the YAML library of prometheus/common reports an unknown key.
var unknownField = regexp.MustCompile(`^field (\S+) not found`)

// readHTTP reads the keys of prometheus/common's http_config, by that library: it knows them and checks them. It
// reads text, and only the older YAML library reads strictly there.
func readHTTP(n node) config.HTTPClientConfig {
	http := config.DefaultHTTPClientConfig
	if n.y.Kind != yaml.MappingNode {
		n.bad("%s", n.wanted("a mapping of keys to values"))
		return http
	}
	text, err := yaml.Marshal(n.y)
	if err != nil {
		n.bad("it cannot be read")
		return http
	}
	err = yamlv2.UnmarshalStrict(text, &http)
	if err == nil {
		return http
	}
	if wrong, ok := errors.AsType[*yamlv2.TypeError](err); ok {
		for _, one := range wrong.Errors {
			one = quoted.ReplaceAllString(lineForm.ReplaceAllString(one, ""), "…")
			one = wrongType.ReplaceAllString(one, "a $1 is where something else belongs")
			if found := unknownField.FindStringSubmatch(one); found != nil {
				one = short(found[1]) + " is unknown to Prometheus's http_config"
			}
			n.bad("%s", one)
		}
		return http
	}
	n.bad("%s", strings.Join(strings.Fields(quoted.ReplaceAllString(err.Error(), "…")), " "))
	return http
}

var (
	lineForm  = regexp.MustCompile(`^line \d+: `) // of the piece, not of the file
	wrongType = regexp.MustCompile(`^cannot unmarshal !!(\w+).*`)
	quoted    = regexp.MustCompile("`[^`]*`|\"[^\"]*\"") // values, which may be secret
)
