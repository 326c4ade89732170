// Package kube is the cluster adapter: it reads a rollout's Deployments, pods, endpoints and route live, sends its
// guarded writes, and says before the start whether the rollout can do its work.
//
// It does not know the reason of a write: package rollout decides, one write is one request. Whatever splits the
// traffic is behind the Router interface; the folders of rollout/traffic implement it, and the kind of the route
// chooses one.
//
// It caches nothing: it reads live whatever may move a rollout forward, be overwritten, or count as somebody else's
// change. client-go's fake clientset has no conflicts, so test this package against kubetest, a small API server in
// memory, and against the real one in e2e.
package kube
