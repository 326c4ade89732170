// Package node replaces the scheduler and the kubelet: it binds pods to nodes of two architectures,
// gives each an address, and runs in this process what their images do, listening on real sockets. The
// real controllers do the rest: they see pods that become ready, crash or cannot be pulled.
//
// What an image does is written in its tag (see Behaviour), so that a scenario reads as what it is:
// a deploy of v1.2.4-errors30 is a deploy of a version that answers 30 % of its requests with an
// error. A Registry can change what an image does while its pods run.
//
// It refuses to know what the pods are for. Test it against a real control plane (package cluster);
// what a tag means is tested without one.
package node
