package config

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
	"canarybot.io/webhook"
)

// mostTargets bounds the targets: each has a connection and a cursor of its own.
const mostTargets = 16

var (
	targetName       = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$`)
	githubRepository = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,38}/[A-Za-z0-9._-]{1,100}$`)
	tagForm          = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9:._/-]{0,62}$`)
	dashboardForm    = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)
)

// targetKeys are the keys of a target, beside those that every one has.
func targetKeys(typ string) []string {
	reached := []string{"url", "url_file", "insecure", "proxy", "networks", "ca_file", "token_file"}
	keys := map[string][]string{
		webhook.PlainType:    {"secret_files"},
		webhook.CDEventsType: {"secret_files", "mode"},
		webhook.GrafanaType:  {"tags", "dashboard", "panel"},
		webhook.GitHubType:   {"repository", "ref", "prefix", "environment", "keep"},
	}[typ]
	common := []string{"name", "type", "services", "events", "people"}
	if typ == webhook.KubernetesType {
		return common
	}
	return slices.Concat(common, reached, keys)
}

// readWebhooks reads who is told. Events in Kubernetes are told of unless the list says otherwise.
func readWebhooks(n node, services []string) []webhook.Settings {
	var all []webhook.Settings
	if n.there() && n.y.Kind == yaml.SequenceNode && len(n.y.Content) > mostTargets {
		n.bad("%d targets are told at most", mostTargets)
		return nil
	}
	kubernetes := false
	for _, item := range listed(n, "[{type: webhook, url: https://ci.example.com/hooks/canarybot}]") {
		s, told := readTarget(item, services)
		kubernetes = kubernetes || s.Type == webhook.KubernetesType
		if slices.ContainsFunc(all, func(o webhook.Settings) bool { return o.Name == s.Name }) {
			item.child("name", item.line).bad("%s is the name of another target; give each its own: events and metrics bear it", s.Name)
		}
		if told {
			all = append(all, s)
		}
	}
	if !kubernetes {
		all = append(all, webhook.Settings{
			Name: webhook.KubernetesType, Type: webhook.KubernetesType, Events: webhook.KindsOf(webhook.KubernetesType),
		})
	}
	return all
}

// readTarget reads one target; told is false where it is to be told nothing.
func readTarget(n node, services []string) (s webhook.Settings, told bool) {
	if !n.there() || n.y.Kind != yaml.MappingNode {
		n.bad("%s", n.wanted("a mapping of keys to values"))
		return s, false
	}
	at, ok := scan(n)["type"]
	if !ok {
		at = n.child("type", n.line)
	}
	s.Type = at.word(webhook.PlainType, webhook.Types()...)
	if !at.there() {
		at.bad("is missing; write one of %s", list(webhook.Types()))
	}
	f := n.fields(targetKeys(s.Type)...)
	s.Name = f.at("name").textOr(s.Type)
	if !targetName.MatchString(s.Name) {
		f.at("name").bad("%q is not a valid name: use up to 32 lower-case letters, digits and dashes", short(s.Name))
	}
	s.Services = readServiceNames(f.at("services"), services)
	s.HidePeople = f.at("people").word("shown", "shown", "hidden") == "hidden"
	if s.Events, told = readEvents(f.at("events"), s.Type); s.Type == webhook.KubernetesType {
		return s, told
	}
	readReached(f, &s)
	switch s.Type {
	case webhook.PlainType, webhook.CDEventsType:
		s.SecretFiles = readSecretFiles(f.at("secret_files"))
		s.Structured = f.at("mode").word("binary", "binary", "structured") == "structured"
	case webhook.GrafanaType:
		readGrafana(f, &s)
	case webhook.GitHubType:
		readGitHub(f, &s)
	}
	return s, told
}

// scan returns a mapping's values by key, whatever they are.
func scan(n node) map[string]node {
	all := map[string]node{}
	for i := 0; i+1 < len(n.y.Content); i += 2 {
		child := n.child(n.y.Content[i].Value, n.y.Content[i].Line)
		if value := n.y.Content[i+1]; value.Tag != "!!null" {
			child.y = value
		}
		all[n.y.Content[i].Value] = child
	}
	return all
}

// listed reads a list that is not empty where it is written.
func listed(n node, example string) []node {
	if n.there() && n.y.Kind == yaml.SequenceNode && len(n.y.Content) == 0 {
		n.bad("is empty; write for example %s, or remove the key", example)
	}
	return n.items(example)
}

// readEvents reads what a target is told; told is false for nothing.
func readEvents(n node, typ string) (kinds []webhook.Kind, told bool) {
	known := webhook.KindsOf(typ)
	switch {
	case !n.there():
		return known, true
	case n.y.Kind == yaml.ScalarNode:
		return known, n.word("none", "none") != "none"
	}
	var names []string
	for _, k := range known {
		names = append(names, string(k))
	}
	for _, item := range listed(n, "[started, ended]") {
		kinds = append(kinds, webhook.Kind(item.word("", names...)))
	}
	return kinds, true
}

// readServiceNames reads names of services that there are.
func readServiceNames(n node, known []string) []rollout.ServiceName {
	var all []rollout.ServiceName
	for _, item := range listed(n, "[checkout]") {
		if name := item.word("", known...); name != "" {
			all = append(all, rollout.ServiceName(name))
		}
	}
	return all
}

// readReached reads how a target is reached.
func readReached(f fields, s *webhook.Settings) {
	s.Insecure = f.at("insecure").word(refused, refused, allowed) == allowed
	s.Proxy = f.at("proxy").word("none", "none", "environment") == "environment"
	for _, item := range listed(f.at("networks"), "[127.0.0.0/8]") {
		text, ok := item.text()
		network, err := netip.ParsePrefix(text)
		if ok && err != nil {
			item.bad("%q is not a network; write for example 127.0.0.0/8", short(text))
		}
		s.Networks = append(s.Networks, network.Masked())
	}
	s.CAFile, s.TokenFile, s.URLFile = f.at("ca_file").textOr(""), f.at("token_file").textOr(""), f.at("url_file").textOr("")
	at := f.at("url")
	address, ok := at.text()
	switch {
	case ok && s.URLFile != "":
		at.bad("stands beside url_file; write one of them")
	case ok:
		s.URL = address
		checkTargetURL(at, *s)
	case s.URLFile == "" && !at.there() && s.Type != webhook.GitHubType:
		at.bad("is missing; write for example https://ci.example.com/hooks/canarybot")
	}
	if (s.Type == webhook.GrafanaType || s.Type == webhook.GitHubType) && s.TokenFile == "" {
		f.at("token_file").bad("is missing; write the path of a file that a Secret gives, with the token that signs in")
	}
}

// checkTargetURL adds what is wrong with a target's address.
func checkTargetURL(n node, s webhook.Settings) {
	if err := webhook.CheckURL(s.URL, s.Insecure, s.Networks); err != nil {
		n.bad("%s", err)
		return
	}
	u, err := url.Parse(s.URL)
	if err != nil {
		return
	}
	for name := range u.Query() {
		if secretName.MatchString(name) {
			n.bad("its parameter %s is a secret, and this file is read by many; write url_file, for a file that a Secret gives", short(name))
		}
	}
	if s.Type == webhook.GrafanaType || s.Type == webhook.GitHubType {
		if u.RawQuery != "" {
			n.bad("has more than a path; write where the API begins")
		}
	}
}

// readSecretFiles reads the files of the keys that events are signed with: two while one takes over from the other.
func readSecretFiles(n node) (paths []string) {
	all := listed(n, "[/etc/canarybot/webhooks/ci]")
	if len(all) > 2 {
		n.bad("two files are enough: the key in use, and the one that takes over from it")
	}
	for _, item := range all {
		if path := item.textOr(""); path != "" {
			paths = append(paths, path)
		}
	}
	return paths
}

func readGrafana(f fields, s *webhook.Settings) {
	for _, item := range listed(f.at("tags"), "[team:shop]") {
		tag, ok := item.text()
		if ok && !tagForm.MatchString(tag) {
			item.bad("%q is not a tag; use up to 63 letters, digits and : . _ / -", short(tag))
		}
		s.Tags = append(s.Tags, tag)
	}
	s.Dashboard = f.at("dashboard").textOr("")
	if s.Dashboard != "" && !dashboardForm.MatchString(s.Dashboard) {
		f.at("dashboard").bad("%q is not the uid of a dashboard: it stands in its address, behind /d/", short(s.Dashboard))
	}
	if at := f.at("panel"); at.there() {
		if s.Panel = at.whole(1); s.Panel < 1 {
			at.bad("%d is not the number of a panel", s.Panel)
		}
		if s.Dashboard == "" {
			at.bad("needs the dashboard that the panel is on")
		}
	}
}

func readGitHub(f fields, s *webhook.Settings) {
	at := f.at("repository")
	repository, ok := at.text()
	switch {
	case !at.there():
		at.bad("is missing; write for example acme/shop")
	case ok && !githubRepository.MatchString(repository), strings.HasSuffix(repository, "/.."), strings.HasSuffix(repository, "/."):
		at.bad("%q is not a repository; write for example acme/shop", short(repository))
	}
	s.Repository = repository
	s.Ref = f.at("ref").textOr("{version}")
	if !strings.Contains(s.Ref, "{version}") || strings.ContainsAny(s.Ref, " ?#%\\~^:") || strings.Contains(s.Ref, "..") {
		f.at("ref").bad(`%q is not a ref with the version in it; write for example "{version}" or "checkout/{version}"`, short(s.Ref))
	}
	s.Prefix = f.at("prefix").textOr("")
	s.Environment = f.at("environment").textOr("{environment}")
	s.Statuses, s.Deployments = true, true
	if keep := f.at("keep"); keep.there() {
		var kept []string
		for _, item := range listed(keep, "[statuses, deployments]") {
			kept = append(kept, item.word("", "statuses", "deployments"))
		}
		s.Statuses, s.Deployments = slices.Contains(kept, "statuses"), slices.Contains(kept, "deployments")
	}
}

// within makes the paths of a target's files relative to a directory.
func within(dir string, s webhook.Settings) webhook.Settings {
	from := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(dir, path)
	}
	s.URLFile, s.TokenFile, s.CAFile = from(s.URLFile), from(s.TokenFile), from(s.CAFile)
	s.SecretFiles = slices.Clone(s.SecretFiles)
	for i, path := range s.SecretFiles {
		s.SecretFiles[i] = from(path)
	}
	return s
}
