// Package kubetest is a small Kubernetes API in memory, for tests of the adapters: an HTTP transport that answers in JSON.
//
// client-go's fake clientset neither checks conflicts nor tracks field managers, which the adapters depend on. This
// server does: resourceVersions, UIDs, preconditions, generations, merge patches, managedFields in outline, access
// reviews, faults by request. It runs no controllers, admits everything, sets no defaults and supports no real watches:
// tests supply status, pods and endpoints. What only a real API server can prove is tested in e2e.
package kubetest
