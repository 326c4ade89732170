package bolt

import "time"

// pace spaces tries that fail. The first failure may be followed by a try at once, later ones by a second, or by ten
// times as long as the try took: looking at a large file again and again must not keep a core busy.
type pace struct {
	failures int
	next     time.Time
}

func (p *pace) due() bool { return !time.Now().Before(p.next) }

// failed notes that a try failed that began at the time.
func (p *pace) failed(start time.Time) {
	if p.failures++; p.failures > 1 {
		now := time.Now()
		p.next = now.Add(max(time.Second, 10*now.Sub(start)))
	}
}
