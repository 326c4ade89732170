// Package e2e tests the product in a real world: a Kubernetes control plane, Prometheus and proxies that
// are built from source and run in a network namespace of the test process.
//
// The programs are built first, once, by `go run ./build`. Then `go test .` needs root (or unprivileged
// user namespaces) and the command ip, nothing else: no container runtime, no network.
//
// Package world is where to begin: it starts everything and offers the steps of scenarios.
package e2e
