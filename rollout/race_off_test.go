//go:build !race

package rollout

// raceEnabled leaves the largest explorations to the runs without the race detector.
const raceEnabled = false
