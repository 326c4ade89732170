package config

import (
	"net"
	"net/url"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"canarybot.io/api/who"
	"canarybot.io/rollout"
)

// API is how pipelines reach the bot.
type API struct {
	Listen string // empty: there is no API
	// CertFile and KeyFile serve it by TLS; empty: in clear text.
	CertFile string
	KeyFile  string
}

// readAPI reads how pipelines reach the bot. It is off where nothing is written.
func readAPI(n node) API {
	f := n.fields("listen", "tls")
	if !n.there() {
		return API{}
	}
	tls := f.at("tls").fields("cert_file", "key_file")
	a := API{Listen: readListen(f.at("listen"), ":8090"), CertFile: tls.at("cert_file").textOr(""), KeyFile: tls.at("key_file").textOr("")}
	if f.at("tls").there() {
		for _, key := range []string{"cert_file", "key_file"} {
			if !tls.at(key).there() {
				tls.at(key).bad("is missing; name the file, as a Secret of type kubernetes.io/tls gives it")
			}
		}
	}
	return a
}

var (
	pipelineName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`)
	sumForm      = regexp.MustCompile(`^sha256:([0-9a-f]{64})$`)
)

func pipelineKeys() []string {
	return []string{"name", "issuer", "audience", "claims", "ca_file", "kubernetes", "token", "services", "may", "links"}
}

// readPipelines reads which machines may ask, and gives each service's policy those that may do something to it.
func readPipelines(n node, c *Config) {
	var all []who.Pipeline
	for _, item := range n.items("[{name: ci, issuer: ..., claims: ..., services: [checkout]}]") {
		f := item.fields(pipelineKeys()...)
		p := readPipeline(f, c.Services)
		if p.Name != "" && slices.ContainsFunc(all, func(other who.Pipeline) bool { return other.Name == p.Name }) {
			f.at("name").bad("%s is the name of another pipeline too", p.Name)
		}
		all = append(all, p)
	}
	c.Pipelines = all
	for name, s := range c.Services {
		s.Policy.Pipelines = rights(all, func(p who.Pipeline) bool { return p.For(name) })
		c.Services[name] = s
	}
	c.Policy.Pipelines = rights(all, func(p who.Pipeline) bool { return len(p.Services) == 0 })
}

// rights returns what some of the pipelines may do, by their names.
func rights(all []who.Pipeline, which func(who.Pipeline) bool) map[string][]rollout.Action {
	may := map[string][]rollout.Action{}
	for _, p := range all {
		if which(p) {
			may[p.Name] = p.May
		}
	}
	if len(may) == 0 {
		return nil
	}
	return may
}

func readPipeline(f fields, services map[rollout.ServiceName]rollout.Service) who.Pipeline {
	p := who.Pipeline{Name: readPipelineName(f.at("name")), May: readMay(f.at("may")), Links: readLinks(f.at("links"))}
	for _, item := range words(f.at("services"), "[checkout]") {
		name := rollout.ServiceName(item.y.Value)
		if _, known := services[name]; !known {
			item.bad("%q is no service of this configuration%s", short(item.y.Value), meant(item.y.Value, names(services)))
			continue
		}
		p.Services = append(p.Services, name)
	}
	var kinds []string
	for _, key := range []string{"issuer", "kubernetes", "token"} {
		if f.at(key).there() {
			kinds = append(kinds, key)
		}
	}
	if len(kinds) != 1 {
		f.bad("a pipeline is known by one of issuer, kubernetes and token, not by %s", listOr(kinds, "none"))
	}
	p.Issuer = readIssuer(f.at("issuer"))
	p.Claims = readClaims(f, p.Issuer)
	p.CAFile = f.at("ca_file").textOr("")
	p.Account = readAccount(f.at("kubernetes"))
	p.Tokens = readSums(f.at("token"))
	p.Audience = readAudience(f, kinds)
	apartFromIssuer(f)
	return p
}

// apartFromIssuer refuses what only tokens of an issuer have.
func apartFromIssuer(f fields) {
	if f.at("issuer").there() {
		return
	}
	for _, key := range []string{"claims", "ca_file"} {
		if f.at(key).there() {
			f.at(key).bad("belongs to a pipeline with an issuer")
		}
	}
}

func readPipelineName(n node) string {
	name, ok := n.text()
	switch {
	case !n.there():
		n.bad("is missing; cards and the log name the pipeline by it, for example ci")
	case ok && !pipelineName.MatchString(name):
		n.bad("%q is not a valid name for a pipeline: use up to 40 lower-case letters, digits and dashes", short(name))
		return ""
	}
	return name
}

// mayActions are what a pipeline may be allowed.
func mayActions() []string {
	return []string{string(rollout.Deploy), string(rollout.Promote), string(rollout.Rollback), string(rollout.Pause), string(rollout.Resume)}
}

// readMay reads what a pipeline may do: start rollouts and take them back, where nothing is written.
func readMay(n node) []rollout.Action {
	if !n.there() {
		return []rollout.Action{rollout.Deploy, rollout.Rollback}
	}
	var may []rollout.Action
	for _, item := range words(n, "[deploy, rollback]") {
		if action := item.word("", mayActions()...); action != "" {
			may = append(may, rollout.Action(action))
		}
	}
	return may
}

// words reads a list of different words that is not empty.
func words(n node, example string) []node {
	if n.there() && n.y.Kind == yaml.SequenceNode && len(n.y.Content) == 0 {
		n.bad("is empty; list some, for example %s, or remove the key", example)
	}
	var all []node
	for _, item := range n.items(example) {
		text, ok := item.text()
		switch {
		case !ok:
		case slices.ContainsFunc(all, func(other node) bool { return other.y.Value == text }):
			item.bad("%s is written twice", short(text))
		default:
			all = append(all, item)
		}
	}
	return all
}

// readLinks reads the prefixes of addresses that a pipeline may name as its run's.
func readLinks(n node) []string {
	var links []string
	for _, item := range words(n, "[https://ci.example.com/job/]") {
		u, err := url.Parse(item.y.Value)
		if err == nil && u.User != nil {
			item.bad("has a user or a password in it, and this file is read by many; write the address without them")
			continue
		}
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" ||
			!strings.HasSuffix(u.Path, "/") || path.Clean(u.Path)+"/" != u.Path && u.Path != "/" {
			item.bad("%q is not the beginning of an address; write for example https://ci.example.com/job/, with a slash at its end", short(item.y.Value))
			continue
		}
		links = append(links, item.y.Value)
	}
	return links
}

// readIssuer reads the address of an issuer. Its keys are fetched there, so nobody on the way may answer in its place.
func readIssuer(n node) string {
	issuer, ok := n.text()
	if !ok {
		return ""
	}
	u, err := url.Parse(issuer)
	if err == nil && u.User != nil {
		n.bad("has a user or a password in it, and this file is read by many; an issuer needs neither")
		return ""
	}
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && u.Scheme != "http" {
		n.bad("%q is not an issuer; write its address as its tokens name it, for example https://token.actions.githubusercontent.com", short(issuer))
		return ""
	}
	if ip := net.ParseIP(u.Hostname()); u.Scheme == "http" && u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		n.bad("the keys of %s would be fetched in clear text, where anybody on the way could put their own; write https://", short(issuer))
	}
	return issuer
}

// readClaims reads what a token has to say: each claim one value, or one of a list.
func readClaims(f fields, issuer string) map[string][]string {
	n := f.at("claims")
	if issuer == "" {
		return nil
	}
	given := n.fields()
	if len(given.names) == 0 && !n.wrong() {
		n.bad("are missing: everybody with an account at %s could ask; write for example %s", issuer, exampleClaims(issuer))
		return nil
	}
	claims := map[string][]string{}
	for _, name := range given.names {
		at := given.at(name)
		switch {
		case name == "iss", name == "aud":
			at.bad("is checked already: write it as %s", map[string]string{"iss": "issuer", "aud": "audience"}[name])
		case at.there() && at.y.Kind == yaml.SequenceNode:
			for _, item := range words(at, "[refs/heads/main, refs/heads/next]") {
				claims[name] = append(claims[name], claimValue(item))
			}
		case at.there():
			claims[name] = []string{claimValue(at)}
		}
	}
	if by := who.Owners(issuer); len(by) > 0 && !slices.ContainsFunc(by, func(name string) bool { return claims[name] != nil }) && !n.wrong() {
		n.bad("nothing here says whose token it is, and everybody with an account at %s could ask; name one of %s", issuer, list(by))
	}
	return claims
}

// claimValue reads one value of a claim.
func claimValue(n node) string {
	if n.y.Kind == yaml.ScalarNode && (n.y.Tag == "!!bool" || n.y.Tag == "!!int") {
		return n.y.Value
	}
	text := n.textOr("")
	if strings.ContainsAny(text, "*?") {
		n.bad("%q is compared as it is: no sign in it stands for others; list the values", short(text))
	}
	return text
}

// exampleClaims is what a sentence names as an example.
func exampleClaims(issuer string) string {
	if by := who.Owners(issuer); len(by) > 0 {
		return "{" + by[0] + ": ...}"
	}
	return "{sub: ...}"
}

func readAccount(n node) who.Account {
	f := n.fields("namespace", "service_account")
	if !n.there() {
		return who.Account{}
	}
	for _, key := range []string{"namespace", "service_account"} {
		if !f.at(key).there() {
			f.at(key).bad("is missing; a service account is known by both")
		}
	}
	account := who.Account{Namespace: f.at("namespace").label("")}
	if name, ok := f.at("service_account").text(); ok {
		if account.Name = name; !objectName.MatchString(name) {
			f.at("service_account").bad("%q is not the name of a service account", short(name))
		}
	}
	return account
}

var objectName = regexp.MustCompile(`^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$`)

// readSums reads the sums of static tokens: one, or several while an old one is being replaced.
func readSums(n node) []string {
	if !n.there() {
		return nil
	}
	items := []node{n}
	if n.y.Kind == yaml.SequenceNode {
		items = words(n, "[sha256:...]")
	}
	var sums []string
	for _, item := range items {
		text, ok := item.text()
		found := sumForm.FindStringSubmatch(text)
		switch {
		case !ok:
		case text == "sha256:"+who.Sum(""):
			item.bad("is the sum of nothing: where it was made, the token was not set")
		case found == nil:
			item.bad("is not the sum of a token; write sha256: and 64 digits, as canarybot token new prints it")
		default:
			sums = append(sums, found[1])
		}
	}
	return sums
}

// readAudience reads what a token has to be made for.
func readAudience(f fields, kinds []string) string {
	n := f.at("audience")
	if slices.Contains(kinds, "token") {
		if n.there() {
			n.bad("belongs to a pipeline with an issuer or a service account")
		}
		return ""
	}
	audience := n.textOr("canarybot")
	if len(audience) > 256 || strings.ContainsFunc(audience, func(r rune) bool { return r <= ' ' || r > '~' }) {
		n.bad("%q is not an audience; write one word, for example canarybot", short(audience))
	}
	return audience
}

// names returns the services' names, sorted.
func names(services map[rollout.ServiceName]rollout.Service) []string {
	var all []string
	for name := range services {
		all = append(all, string(name))
	}
	slices.Sort(all)
	return all
}

func listOr(words []string, none string) string {
	if len(words) == 0 {
		return none
	}
	return list(words)
}

// relativeTo makes the paths of what pipelines need relative to a directory.
func (c *Config) relativeTo(directory string) {
	within := func(file string) string {
		if file == "" || filepath.IsAbs(file) {
			return file
		}
		return filepath.Join(directory, file)
	}
	c.API.CertFile, c.API.KeyFile = within(c.API.CertFile), within(c.API.KeyFile)
	for i := range c.Pipelines {
		c.Pipelines[i].CAFile = within(c.Pipelines[i].CAFile)
	}
}
