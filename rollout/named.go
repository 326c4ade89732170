package rollout

import "slices"

// The names of the built-in checks.
const (
	ErrorRate   = "error_rate"
	LatencyP99  = "latency_p99"
	SuccessRate = "success_rate"
	MemoryUsage = "memory_usage"
)

// NamedCheck is a built-in check. This value is all there is to it: its
// query follows from the signal, and the configuration, the view and the simulator read the rest.
type NamedCheck struct {
	Name       string
	Words      string // what people call it
	Signal     Signal
	Unit       Unit
	Comparison Comparison
	Threshold  float64
	Ceiling    float64 // beyond it one sample condemns; 0: none
	Share      float64 // how many requests may be slow; for LatencySignal
	Optional   bool    // asked only where a service lists it
}

// NamedChecks returns the built-in checks, in the order in which people read them.
func NamedChecks() []NamedCheck {
	return []NamedCheck{
		{Name: ErrorRate, Words: "errors", Signal: ErrorSignal, Unit: Ratio, Comparison: LessThan, Threshold: 0.01, Ceiling: 0.20},
		{Name: LatencyP99, Words: "p99", Signal: LatencySignal, Unit: Seconds, Comparison: LessThan, Threshold: 0.5, Share: 0.01},
		// The same fifth of the requests, seen from the other side. It says what error_rate says.
		{Name: SuccessRate, Words: "success", Signal: SuccessSignal, Unit: Ratio, Comparison: GreaterThan, Threshold: 0.99, Ceiling: 0.80, Optional: true},
		{Name: MemoryUsage, Words: "memory", Signal: MemorySignal, Unit: Bytes, Comparison: LessThan, Threshold: 512 << 20},
	}
}

// Named returns the named check of that name; ok is false when it is a check of the configuration's own.
func Named(name string) (c NamedCheck, ok bool) {
	all := NamedChecks()
	i := slices.IndexFunc(all, func(c NamedCheck) bool { return c.Name == name })
	if i < 0 {
		return NamedCheck{}, false
	}
	return all[i], true
}
