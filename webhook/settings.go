package webhook

import (
	"net/http"
	"net/netip"

	"canarybot.io/rollout"
)

// Settings are how a target is reached, and what it is told, as the configuration says.
type Settings struct {
	Name string
	Type string // the key of a constructor
	// URL is where it is told; URLFile is a file that holds it, where it is a secret itself.
	URL, URLFile string
	// Insecure allows an address that is not encrypted.
	Insecure bool
	// Networks are what may be reached although it is an address of this machine, of its link, or of a cloud's metadata.
	Networks []netip.Prefix
	// Proxy has the environment's proxy reach it. The proxy then decides about addresses that are names.
	Proxy bool
	// SecretFiles hold what events are signed with: each event by each of them. TokenFile holds what signs in, CAFile the
	// authorities that its certificate may be from.
	SecretFiles       []string
	TokenFile, CAFile string
	Services          []rollout.ServiceName
	Events            []Kind
	HidePeople        bool

	Structured bool     // cdevents: one document instead of headers
	Tags       []string // grafana: beside those that each annotation has
	Dashboard  string   // grafana: its uid; empty: every dashboard may show it
	Panel      int      // grafana: of the dashboard; 0: all of it
	Repository string   // github: owner/name
	Ref        string   // github: what stands for the version; {version} is its tag without Prefix
	Prefix     string
	// Environment is github's name of the environment, in which {environment} and {service} stand for ours.
	Environment string
	// Deployments and Statuses are what is kept at GitHub.
	Deployments, Statuses bool

	// Transport makes the requests; nil: the network.
	Transport http.RoundTripper
}

// Recipient returns what the target is told.
func (s Settings) Recipient(t Target) Recipient {
	return Recipient{Name: s.Name, Target: t, Services: s.Services, Events: s.Events, HidePeople: s.HidePeople}
}
