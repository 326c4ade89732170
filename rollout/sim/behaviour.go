package sim

import (
	"cmp"
	"time"
)

// Behaviour is what a version does. The zero value is a healthy version.
type Behaviour struct {
	// Errors is the share of its requests that end with 500.
	Errors float64
	// Hang is the share of its requests that never end, and Refused of those that end with a 4xx.
	Hang, Refused float64
	// Latency is the median latency of its answers; zero: 60 ms.
	Latency time.Duration
	// Memory is what one pod takes at first, in bytes; zero: 180 MiB. Leak is what it adds in a second.
	Memory, Leak float64
	// Start is how long a pod takes from being made to being ready; zero: the cluster's.
	Start time.Duration
	// ImageMissing: the image cannot be pulled. CrashLoop: it crashes at every start. Unready: it starts and never gets
	// ready. Unschedulable: no node has room for it.
	ImageMissing, CrashLoop, Unready, Unschedulable bool
	// ImageLate is how long its registry answers that there are too many requests; then the pods get the image.
	ImageLate time.Duration
	// CrashAfter and OOMAfter let a ready pod crash, or be killed for lack of memory, so much later; zero: never.
	CrashAfter, OOMAfter time.Duration
	// RestartEach is how long a pod's container runs between two restarts, which take no time; zero: it never restarts.
	RestartEach time.Duration
	// Silent: it serves, and reports no metrics.
	Silent bool
}

// The healthy version.
const (
	mebibyte       = 1 << 20
	healthyMemory  = 180 * mebibyte
	healthyLatency = 60 * time.Millisecond
)

func (b Behaviour) latency() time.Duration { return cmp.Or(b.Latency, healthyLatency) }

func (b Behaviour) memory(age time.Duration) float64 {
	return cmp.Or(b.Memory, healthyMemory) + b.Leak*age.Seconds()
}

// starts reports whether a pod of the version ever gets ready.
func (b Behaviour) starts() bool {
	return !b.ImageMissing && !b.CrashLoop && !b.Unready && !b.Unschedulable
}
