// Package kube is the cluster adapter: it reads a rollout's Deployments, pods, endpoints and route live, sends its
// guarded writes, and says before the start whether the rollout can do its work.
//
// It refuses to know why a write is wanted: package rollout decides, one write is one request. What splits the traffic
// is behind the Router interface, implemented by the folders of rollout/traffic and chosen by the kind of the route.
//
// Nothing is cached: what may move a rollout forward, be written over, or be called somebody else's change has to be
// read live. client-go's fake clientset knows no conflicts, so test this package against kubetest, a small API server
// in memory, and against the real one in e2e.
package kube
