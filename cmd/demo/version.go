package main

import (
	"context"
	"slices"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// version is one of the versions that can be deployed, and what it does.
type version struct {
	tag  string
	note string // what it is like, as the bot lists it
	ends string // how its rollout ends
	does sim.Behaviour
}

// running is the version that serves at first.
const running = "v1.2.3"

// versions are the versions to choose from.
func versions() []version {
	return []version{
		{"v1.2.4", "healthy", "a click at 5 %, and everybody has it", healthyVersion},
		{"v1.2.5", "5 % errors", "rolled back by its error rate", sim.Behaviour{Errors: 0.05}},
		{"v1.2.6", "slow", "rolled back by its latency", sim.Behaviour{Latency: 320 * time.Millisecond}},
		{"v1.2.7", "leaks memory", "rolled back before it is killed", sim.Behaviour{Leak: 30 << 20}},
		{"v1.2.8", "crash loop", "never gets any traffic", sim.Behaviour{CrashLoop: true}},
		{"v1.2.9", "image missing", "never gets any traffic", sim.Behaviour{ImageMissing: true}},
		{"v1.3.0", "no traffic", "serves, and reports nothing: silence is not health", sim.Behaviour{Silent: true}},
		{"v1.3.1", "starts slowly", "held while its caches fill, then a click", sim.Behaviour{Errors: healthyVersion.Errors, Warmup: 8 * time.Second}},
	}
}

// healthyVersion fails now and then, like everything.
var healthyVersion = sim.Behaviour{Errors: 0.001}

// faults are what the panel's button can turn a healthy canary into, by the panel's names.
func faults() map[string]sim.Behaviour {
	return map[string]sim.Behaviour{
		"errors-30": {Errors: 0.3, Latency: 150 * time.Millisecond},
		"errors-5":  {Errors: 0.05},
		"errors-2":  {Errors: 0.02},
		"slow":      {Errors: healthyVersion.Errors, Latency: 320 * time.Millisecond},
		"leak":      {Errors: healthyVersion.Errors, Leak: 20 << 20},
		"hang":      {Errors: healthyVersion.Errors, Hang: 0.4},
		"restarts":  {Errors: healthyVersion.Errors, RestartEach: 8 * time.Second},
		"refuse":    {Errors: healthyVersion.Errors, Refused: 0.5},
		"silent":    {Errors: healthyVersion.Errors, Silent: true},
	}
}

// busy is how many requests a second each service gets at first.
const busy = 1200

func behaviours() map[string]sim.Behaviour {
	all := map[string]sim.Behaviour{running: healthyVersion}
	for _, v := range versions() {
		all[v.tag] = v.does
	}
	return all
}

// registry lists the versions that there are.
type registry struct{}

// Newest returns all of them, newest first.
func (registry) Newest(context.Context, rollout.Service) []string {
	var all []string
	for _, v := range slices.Backward(versions()) {
		all = append(all, v.tag)
	}
	return all
}
