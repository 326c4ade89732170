// Package kubetest is a small Kubernetes API in memory that speaks HTTP and JSON, for tests of the adapters.
//
// client-go's fake clientset checks no conflicts and tracks no field managers, which is what the adapters are about.
// This one does: resourceVersions, UIDs, preconditions, generations, merge patches, managedFields in outline, access
// reviews, faults by request. It runs no controllers, admits everything, sets no defaults and knows no watches: status,
// pods and endpoints are what a test puts there. What only a real API server can prove is proved in e2e.
package kubetest
