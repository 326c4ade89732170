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
}

// SetFault makes calls of a method go wrong; AnyMethod and ResponseURLs are
// understood too. A method's own fault goes before the one for any method.
func (s *Sim) SetFault(method string, f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method] = f
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
	if found && f.Times > 0 {
		left := f
		left.Times--
		s.faults[key] = left
		if left.Times == 0 {
			delete(s.faults, key)
		}
	}
	return f, s.outage
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
