// Package series turns what Prometheus stored of counters into exact increments, each counted once.
//
// It reads raw samples, never rate() or increase(): those extrapolate to the window's edges, count a request in every
// window that it lies in, and lose the step from nothing to a new series' first value, which is where the first errors
// of a bad canary are. Instead each sample counts by what it has more than the ones before it. A counter that fell is
// mended first: whether its process started again, or a store gave an older copy, is seen by all counters of the target
// together. Intervals that lie side by side add up, however they are cut.
//
// The package is pure: samples and times go in, counts come out. It knows no query and no clock.
package series
