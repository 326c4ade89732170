// Package sim is a cluster with traffic and faults, in memory, for the engine's tests and the demo.
//
// A Cluster holds apps: a stable Deployment with its Service, a route, the requests that come in, and room for a
// canary. It keeps the guarantees of Kubernetes that Canarybot relies on: a resourceVersion that rises with every write
// and every change of status, UIDs, writes that conflict if the object has changed since they were decided, a
// controller that follows the spec a little later, pods that need time to start, endpoints that follow the pods, and
// managers that are named for the fields they changed.
//
// How a version behaves is data (Behaviour), found by the image's tag. Nothing runs in the background: each access
// simulates the cluster up to time.Now, event by event, so that its state does not depend on how often it is observed,
// in a synctest bubble and in real time alike.
//
// People and tests change the cluster through App; faults come from the hook that is called before and after every call
// through a port. Metrics answers the four named checks straight from the counters, without Prometheus; Scrape exports
// the same counters to a real one.
//
// The package knows neither Kubernetes' types nor Prometheus, and decides nothing about health.
package sim
