// Package traffic is what the routers share: the arithmetic of a list of weighted backends, which is pure, and guarded
// requests for one kind of route, whose served version is discovered.
//
// Each router lives in a folder of its own, named after what splits the traffic, and knows nothing of the others, nor
// of the cluster adapter that calls it. A new one reads its object into a Rule for each list of backends, and leaves
// shares, rounding, foreign backends and rolling back to this package.
package traffic
