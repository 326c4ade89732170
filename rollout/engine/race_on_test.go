//go:build race

package engine_test

// raceEnabled thins the crash tests out: the runs without the race detector crash at every call.
const raceEnabled = true
