package trial

import "canarybot.io/rollout/judge/bet"

// Check is one of the bets of a trial.
type Check int

// The checks.
const (
	Errors       Check = iota // more errors than stable, beyond the margin
	Latency                   // slower than stable, beyond the margin
	ErrorLimit                // beyond the service's own limit
	SlowLimit                 // beyond the service's own limit
	Memory                    // grows so that it will reach its limit
	Share                     // less traffic than the weight promises
	Strata                    // more errors than stable in one part of the requests
	Hangs                     // requests that begin and do not end
	Restarts                  // containers restart more often than stable's
	ClientErrors              // far more requests are refused as wrong than by stable
	Checks                    // how many there are
)

var checkNames = [Checks]string{
	"errors", "latency", "error_limit", "slow_limit", "memory", "share", "strata", "hangs", "restarts", "client_errors",
}

// String returns the check's name in lower snake case.
func (c Check) String() string {
	if c < 0 || c >= Checks {
		return "none"
	}
	return checkNames[c]
}

// Bounds is how many latency bounds a trial compares at most.
const Bounds = 6

// Options are how a trial is judged. Start from Defaults.
type Options struct {
	Alpha   float64 // at most this share of the rollouts of fine canaries is rolled back
	Planned int     // scrapes of the whole rollout
	Weights [Checks]float64

	Errors  bet.Margin
	Latency bet.Margin
	// ErrorLimit and SlowLimit are the shares of bad and of slow requests that the service allows itself; Slow is the
	// bound, an index, beyond which a request is slow.
	ErrorLimit, SlowLimit float64
	Slow                  int
	// Bounds is how many bounds are compared, the first ones; 0: all that a trial has.
	Bounds int

	// ErrorSpread and SlowSpread are by how much more than by chance stable's pods differ, for each request of a pod and
	// scrape (kappa); 0: not at all.
	ErrorSpread float64
	SlowSpread  [Bounds]float64

	// MemoryLimit is what no pod may use, in bytes, and MemoryNoise how much the lowest use of a few scrapes differs from
	// that of the next ones where nothing grows: a standard deviation. 0: memory is not judged.
	MemoryLimit, MemoryNoise float64
	// MemoryFrom is the age of pods, in seconds, from which growth counts: every process grows at first.
	MemoryFrom float64
	// Interval is the time between two scrapes, in seconds.
	Interval float64

	// CompareFrom is the age of the youngest pod, in seconds, from which the canary is compared with stable.
	CompareFrom float64
	// Young is the age of the youngest pod, in seconds, below which only a catastrophe is acted on; 0: starts are known.
	Young float64
	// Acted is the margin beyond which slowness is acted on; people are asked about less.
	Acted bet.Margin
	// Off are rules that do not apply.
	Off RuleSet

	// Cap is by how many nats a single scrape may move a bet, unless half of the canary's requests in it were bad.
	Cap float64
	// Dwell is how many scrapes a step has to last before health can be proved.
	Dwell int
}

// Slack is by how much margins are wider.
type Slack struct {
	Errors float64
	Slow   [Bounds]float64
}

// Defaults returns the options for a service of which nothing is known.
func Defaults(planned int) Options {
	return Options{
		Alpha: 0.01, Planned: planned,
		Weights: [Checks]float64{
			Errors: .30, Latency: .25, ErrorLimit: .15, SlowLimit: .10, Memory: .10, Share: .10,
			Strata: .10, Hangs: .05, Restarts: .05, ClientErrors: .05,
		},
		Errors: bet.Margin{Ratio: 1.5, Slack: 0.001}, Latency: bet.Margin{Ratio: 1.25, Slack: 0.002},
		ErrorLimit: 0.01, SlowLimit: 0.01, Slow: Bounds - 1, Cap: 7, Dwell: 8, Interval: 15,
		Acted: bet.Margin{Ratio: 1.5, Slack: 0.004},
	}
}
