// Package gateway steers an HTTPRoute of the Gateway API: gateway.networking.k8s.io, v1 or else v1beta1.
//
// It steers every rule that names the stable Service; a canary that is missing there is added beside it. Other rules,
// other backends and everything else in the route stay as they are. It reads and writes through the dynamic client, so
// that fields of newer versions survive. Test it against kubetest, a small API server in memory.
package gateway
