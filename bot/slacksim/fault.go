package slacksim

import (
	"net/http"
	"time"
)

// AnyMethod names every Web API method in SetFault.
const AnyMethod = "*"

// ResponseURLs names the response URLs in SetFault.
const ResponseURLs = "response_url"

// SocketDials names the dials of Socket Mode connections in SetFault: of a fault, HTTPStatus and LoseRequest count.
const SocketDials = "socket"

// Fault describes how calls of a method fail.
type Fault struct {
	// Latency passes before anything else happens.
	Latency time.Duration
	// LoseRequest cuts the connection before the call had any effect.
	LoseRequest bool
	// HTTPStatus, for example 500, is answered instead of the call.
	HTTPStatus int
	// Location is where an answer of 307 and the like leads.
	Location string
	// RetryAfter is the header of that name, as it is, in whatever is answered.
	RetryAfter string
	// Error is answered with ok:false instead of the call.
	Error string
	// LoseResponse cuts the connection after the effect: the caller cannot know.
	LoseResponse bool
	// Times is how many calls it hits; 0 means all until ClearFaults.
	Times int
	// Every makes it hit each so-many-th call only; 0 and 1 mean each.
	Every int
	// After is how long after SetFault it begins, and For how long it then lasts; 0 means at once, and until ClearFaults.
	After time.Duration
	For   time.Duration
}

// fate is a fault that was set: when, and how many calls of its method there were since it began.
type fate struct {
	Fault
	set   time.Time
	calls int
}

// hit reports whether the fault hits the call of this moment. The caller holds the lock.
func (f *fate) hit(now time.Time) bool {
	begins := f.set.Add(f.After)
	if now.Before(begins) || f.For > 0 && !now.Before(begins.Add(f.For)) {
		return false
	}
	f.calls++
	return f.calls%max(1, f.Every) == 0
}

// SetFault makes calls of a method go wrong; AnyMethod and ResponseURLs are
// understood too. A method's own fault goes before the one for any method.
func (s *Sim) SetFault(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = &fate{Fault: f, set: time.Now()}
}

// ClearFaults ends every fault set so far.
func (s *Sim) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.faults)
}

// Outage takes Slack down or brings it back: every socket is cut, no call is
// answered and people can do nothing.
func (s *Sim) Outage(down bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setOutage(down)
}

// ScheduleOutage takes Slack down after a while, for a while. It does not block.
func (s *Sim) ScheduleOutage(after, length time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later(after, func() {
		s.setOutage(true)
		s.later(length, func() { s.setOutage(false) })
	})
}

func (s *Sim) setOutage(down bool) {
	s.outage = down
	if down {
		s.cutAll()
	}
	s.notifyChange()
}

// fault returns the fault for this call and whether Slack is down.
func (s *Sim) fault(method string) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := method
	f, found := s.faults[key]
	if !found && method != SocketDials {
		key = AnyMethod
		f, found = s.faults[key]
	}
	if !found || !f.hit(time.Now()) {
		return Fault{}, s.outage
	}
	if f.Times > 0 {
		f.Times--
		if f.Times == 0 {
			delete(s.faults, key)
		}
	}
	return f.Fault, s.outage
}

// delay waits and reports whether the caller is still there afterwards.
func (s *Sim) delay(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	case <-s.closed:
		return false
	}
}

// failed answers a call as the fault says, with no effect; false: it says nothing of that kind.
func (f Fault) failed(w http.ResponseWriter) bool {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	if f.HTTPStatus == 0 {
		return false
	}
	if f.Location != "" {
		w.Header().Set("Location", f.Location)
	}
	http.Error(w, "<html>Something went wrong</html>", f.HTTPStatus)
	return true
}
