package sim

import (
	"cmp"
	"time"

	"canarybot.io/rollout"
)

// Options describe a cluster. The zero value is a fast and healthy one.
type Options struct {
	// Behaviours are by image tag; other tags are healthy.
	Behaviours map[string]Behaviour
	// Start is how long a pod takes to get ready, Stop how long it is seen terminating.
	Start, Stop time.Duration
	// Controller is how long it takes until a Deployment's new spec is observed; Accept, a route's; Collect, until the
	// pods of a deleted Deployment are removed.
	Controller, Accept, Collect time.Duration
	// Admit is what admission makes of every image that is written to a Deployment; nil: nothing.
	Admit func(image string) string
	// Platforms are those of the nodes, on which pods are placed in turn; an image has an id on each. Default: amd64.
	Platforms []string
	// Anywhere: pods may run on any node, so that nobody who looks at one knows its platform.
	Anywhere bool
	// Latency is how long each call through a port takes.
	Latency time.Duration
	// Jitter is by how much the requests of a second differ from the rate, 0 to 1. Without it traffic is exact.
	Jitter float64
	// Seed decides names and jitter.
	Seed uint64
	// Fault is called before and after every call through a port; nil: nothing goes wrong.
	Fault Fault
}

func (o Options) withDefaults() Options {
	o.Start = cmp.Or(o.Start, 2*time.Second)
	o.Stop = cmp.Or(o.Stop, time.Second)
	o.Controller = cmp.Or(o.Controller, 100*time.Millisecond)
	o.Accept = cmp.Or(o.Accept, 200*time.Millisecond)
	if o.Admit == nil {
		o.Admit = func(image string) string { return image }
	}
	if len(o.Platforms) == 0 {
		o.Platforms = []string{"amd64"}
	}
	o.Collect = cmp.Or(o.Collect, 300*time.Millisecond)
	return o
}

// Strategy is how a Deployment replaces its pods.
type Strategy int

// The strategies. Surge starts a new pod before it stops an old one; NoSurge stops an old one first; Recreate stops
// all of them first.
const (
	Surge Strategy = iota
	NoSurge
	Recreate
)

// Setup describes an app before Canarybot's first rollout.
type Setup struct {
	Objects  rollout.Objects
	Image    string
	Replicas int // default: 4
	Strategy Strategy
	// Progress is the Deployments' progress deadline; default: ten minutes.
	Progress time.Duration
	// Requests is the number of requests per second; default: 100.
	Requests float64
	// Canary is the image of an existing canary, at 0 replicas; empty: none exists. An existing canary has its Service
	// and its place in the route.
	Canary string
	// Age is how long requests have been coming in.
	Age time.Duration
	// NoRoute: the route does not exist yet.
	NoRoute bool
}

func (s Setup) withDefaults() Setup {
	s.Replicas = cmp.Or(s.Replicas, 4)
	s.Progress = cmp.Or(s.Progress, 10*time.Minute)
	s.Requests = cmp.Or(s.Requests, 100)
	return s
}

// Objects returns the names that the configuration's defaults give a service's objects, with an HTTPRoute.
func Objects(namespace, service string) rollout.Objects {
	return rollout.Objects{
		Namespace: namespace, Stable: service, Canary: service + "-canary",
		StableService: service, CanaryService: service + "-canary",
		Route: rollout.RouteRef{Kind: "HTTPRoute", Name: service},
	}
}
