// Package sim is a cluster with traffic and faults, in memory: the world of the engine's tests and of the demo.
//
// A Cluster holds apps: a stable Deployment with its Service, a route, the requests that come in, and room for a
// canary. It keeps the promises that Kubernetes makes and that Canarybot leans on: a resourceVersion that rises with
// every write and every change of status, UIDs, writes that conflict on any other object than the one they were
// decided on, a controller that follows the spec a little later, pods that take their time, endpoints that follow the
// pods, and managers that are named for the fields they changed.
//
// How a version behaves is data (Behaviour), found by the image's tag. Nothing runs in the background: a cluster is
// brought up to time.Now whenever somebody looks, event by event, so that it shows the same whoever looks how often,
// in a synctest bubble and in real time alike.
//
// People and tests reach into the cluster through App; faults come through the hook that is asked before and after
// every call through a port. Metrics answers the four named checks straight from the counters, without Prometheus;
// Scrape hands the same counters to a real one.
//
// The package knows neither Kubernetes' types nor Prometheus, and decides nothing about health.
package sim
