package config

import (
	"net"
	"net/url"
	"os"
	"strings"

	"canarybot.io/rollout"
	"canarybot.io/rollout/prom"
)

// What is wrong with the address of Slack's API. Key is the environment variable, Value the address's host.
const (
	ProblemSlackAddress   rollout.ProblemCode = "slack_address"
	ProblemSlackClearText rollout.ProblemCode = "slack_clear_text"
	ProblemNotAllowed     rollout.ProblemCode = "insecure_word" // Value is what stands there in place of allowed
)

// SlackAddressFromEnv returns SLACK_API_URL, with a slash at its end; empty: Slack's own. The tokens go there, so it is
// encrypted, on this machine, or SLACK_API_INSECURE says that it need not be.
func SlackAddressFromEnv() (string, error) {
	const name, insecure = "SLACK_API_URL", "SLACK_API_INSECURE"
	refuse := func(p rollout.Problem) (string, error) { return "", rollout.Refuse(rollout.Invalid, p) }
	address, word := os.Getenv(name), os.Getenv(insecure)
	if word != "" && word != "allowed" {
		return refuse(rollout.Problem{Code: ProblemNotAllowed, Key: insecure, Value: word})
	}
	if address == "" {
		return "", nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return refuse(rollout.Problem{Code: ProblemSlackAddress, Key: name})
	case word == "" && clearText(address):
		return refuse(rollout.Problem{Code: ProblemSlackClearText, Key: name, Value: u.Host})
	}
	return strings.TrimSuffix(address, "/") + "/", nil // methods are appended to it
}

// refuseClearText adds a problem where what signs in would leave this machine unencrypted: for Prometheus, or for whoever
// gives the tokens for it. Where nothing signs in there is nothing to hide.
func refuseClearText(f fields, o prom.Options) {
	if f.at("insecure").word("refused", "refused", "allowed") == "allowed" {
		return
	}
	const advice = "write https://, or insecure: allowed where nobody can listen on the way"
	if signsIn(o) && clearText(o.URL) {
		f.at("url").bad("what signs in would go there unencrypted; %s", advice)
	}
	if oauth := o.HTTP.OAuth2; oauth != nil && clearText(oauth.TokenURL) {
		f.at("http").bad("the client's secret would go to token_url unencrypted; %s", advice)
	}
}

// signsIn reports whether requests carry anything that others could use.
func signsIn(o prom.Options) bool {
	h := o.HTTP
	if h.BasicAuth != nil || h.Authorization != nil || h.OAuth2 != nil || o.SignIn != (prom.SignIn{}) {
		return true
	}
	if u, err := url.Parse(o.URL); err == nil && u.User != nil {
		return true
	}
	if h.HTTPHeaders == nil {
		return false
	}
	for name, header := range h.HTTPHeaders.Headers {
		if len(header.Secrets) > 0 || len(header.Files) > 0 || secretName.MatchString(name) {
			return true
		}
	}
	return false
}

// clearText reports whether a request to the address leaves this machine unencrypted.
func clearText(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" {
		return false
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	ip := net.ParseIP(host)
	return host != "localhost" && !strings.HasSuffix(host, ".localhost") && (ip == nil || !ip.IsLoopback())
}
