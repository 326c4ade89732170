package config

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/rollout/registry"
)

// What registry.resolve says. Helm writes off as false.
const on, off = "on", "off"

// hostForm is a registry's host, with its port if it has one.
var hostForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:]+\])(:[0-9]{1,5})?$`)

// readRegistry reads how tags are resolved.
func readRegistry(n node) registry.Options {
	f := n.fields("resolve", "insecure", "ca_file", "docker_config", "pull_secrets")
	o := registry.Options{
		Off:          !f.at("resolve").enabled(),
		CAFile:       f.at("ca_file").textOr(""),
		DockerConfig: f.at("docker_config").textOr(""),
	}
	o.ReadSecrets, o.SecretNames = readPullSecrets(f.at("pull_secrets"))
	for _, item := range f.at("insecure").items("[registry.local:5000]") {
		host, ok := item.text()
		if ok && !hostForm.MatchString(host) {
			item.bad("%q is not a registry; write its host, with its port if it has one, for example registry.local:5000", short(host))
		}
		o.Insecure = append(o.Insecure, host)
	}
	return o
}

// enabled reads on or off; by default on.
func (n node) enabled() bool {
	if n.there() && n.y.Kind == yaml.ScalarNode && n.y.Tag == "!!bool" {
		return strings.EqualFold(n.y.Value, "true")
	}
	return n.word(on, on, off) == on
}

// readPullSecrets reads which of the pods' pull secrets may be read: none, all, or those named.
func readPullSecrets(n node) (read bool, names []string) {
	if !n.there() || n.y.Kind != yaml.SequenceNode {
		return n.word(refused, refused, allowed) == allowed, nil
	}
	for _, item := range n.items("[registry-credentials]") {
		name := item.label("")
		if name != "" && slices.Contains(names, name) {
			item.bad("%s is named twice", short(name))
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		n.bad("this list names no secret; write refused, or leave the line out")
	}
	return len(names) > 0, names
}

// readVerify reads who has to have signed a service's images; ok is false where nobody has to.
func readVerify(n node) (v registry.Verification, ok bool) {
	f := n.fields("cosign", "command")
	cosign, command := f.at("cosign"), f.at("command")
	switch {
	case !n.there():
		return v, false
	case cosign.there() == command.there():
		n.bad("write one of cosign and command")
		return v, false
	case command.there():
		v.Command = readCommandLine(command)
		return v, true
	}
	keys := cosign.fields("key", "key_file")
	key, file := keys.at("key"), keys.at("key_file")
	if key.there() == file.there() {
		cosign.bad("write one of key, a public key in PEM, and key_file, a file that holds it")
		return v, true
	}
	v.KeyFile = file.textOr("")
	if text, is := key.text(); is {
		all, err := registry.ParseKeys(text)
		if err != nil {
			key.bad("%s", err)
		}
		v.Keys = all
	}
	return v, true
}

// readCommandLine reads a program and its arguments.
func readCommandLine(n node) []string {
	var line []string
	for _, item := range n.items("[cosign, verify, --key, /etc/cosign.pub, \"{image}\"]") {
		line = append(line, item.textOr(""))
	}
	if n.there() && n.y.Kind == yaml.SequenceNode && len(line) == 0 {
		n.bad(`names no program; write for example [cosign, verify, --key, /etc/cosign.pub, "{image}"]`)
	}
	return line
}

// verifications are those of all services.
func verifications(root fields, defaults fields) map[rollout.ServiceName]registry.Verification {
	all := map[rollout.ServiceName]registry.Verification{}
	services := root.at("services").fields()
	for _, name := range services.names {
		if v, ok := readVerify(services.at(name).fields(serviceKeys()...).at("verify").or(defaults.at("verify"))); ok {
			all[rollout.ServiceName(name)] = v
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}
