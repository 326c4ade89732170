// Package object holds what every Kubernetes object has in common for the adapters that read and write them: the
// stamp and the other annotations of ours, the guard of a write, who changed a field last, who owns the object, and
// the one translation of the API server's errors.
//
// It is shared by the cluster adapter and by the routers, which do not know each other. It sends nothing itself. Test
// it with plain objects.
package object
