package main

import (
	"time"

	"canarybot.io/rollout"
	"canarybot.io/rollout/sim"
)

// trouble is what happens from now on to an app with a canary, whose pods are given.
type trouble func(p pace, now time.Time, pods []sim.PodView) []sim.Trouble

// troubles are what the panel's button can let happen that is no version's own, by the panel's names.
func troubles() map[string]trouble {
	return map[string]trouble{
		"burst": func(p pace, now time.Time, _ []sim.PodView) []sim.Trouble {
			return sharedBurst(now, 3*p.Interval, p.Interval)
		},
		"blip": func(p pace, now time.Time, _ []sim.PodView) []sim.Trouble {
			return []sim.Trouble{{
				Does: sim.Behaviour{Errors: 0.1}, Hits: rollout.CanaryDeployment, From: now, Until: now.Add(p.Interval),
			}}
		},
		"neighbour": func(_ pace, now time.Time, pods []sim.PodView) []sim.Trouble {
			for _, pod := range pods {
				if pod.State == sim.PodReady {
					return []sim.Trouble{{
						Does: sim.Behaviour{Errors: healthyVersion.Errors, Latency: 250 * time.Millisecond},
						Hits: rollout.CanaryDeployment, Pod: pod.Name, From: now, Until: now.Add(10 * time.Minute),
					}}
				}
			}
			return nil
		},
	}
}

// sharedBurst has both versions err for a while; Prometheus sees it so much later on stable, as where each pod is scraped
// at a moment of its own.
func sharedBurst(now time.Time, span, later time.Duration) []sim.Trouble {
	bad := sim.Behaviour{Errors: 0.3, Latency: 150 * time.Millisecond}
	return []sim.Trouble{
		{Does: bad, Hits: rollout.CanaryDeployment, From: now, Until: now.Add(span)},
		{Does: bad, Hits: rollout.StableDeployment, From: now.Add(later), Until: now.Add(later + span)},
	}
}

// befall lets a trouble happen to every service that has a canary, and reports whether there was one.
func (w *world) befall(happens trouble) bool {
	found := false
	for _, s := range w.apps {
		if canary := s.app.View(0).Canary; canary.Exists {
			all := happens(w.pace, time.Now(), canary.Pods)
			s.app.Befall(all...)
			found = found || len(all) > 0
		}
	}
	return found
}

// restart restarts every pod that alone is in trouble, and reports whether there was one.
func (w *world) restart() bool {
	found := false
	for _, s := range w.apps {
		for _, pod := range s.app.View(0).Canary.Pods {
			if pod.Alone {
				found = s.app.RestartPod(pod.Name) || found
			}
		}
	}
	return found
}
