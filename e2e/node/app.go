package node

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// Headers of every answer of a pod: what was deployed, and which pod answered.
const (
	VersionHeader = "X-Version"
	PodHeader     = "X-Pod"
)

// coldWork is how much longer a cold container takes for each fourth answer.
const coldWork = 700 * time.Millisecond

// work is how long an answer takes that nothing slows down.
const work = 2 * time.Millisecond

// app is one run of a container: the web service of its image.
type app struct {
	pod, container, version string

	// behaviour is asked for each request: it may change under a running container.
	behaviour func() Behaviour
	started   time.Time
	restarts  int32 // before this run

	mu    sync.Mutex
	debt  float64 // errors still to be answered
	hung  float64 // requests still to be left hanging
	begun int64   // requests
	open  int     // requests that have not ended
	meter meter

	scrapes int
	scraped meter // what the last scrape was answered
}

// dipEvery is which of the scrapes see a counter fall, of an image that dips.
const dipEvery = 5

// ServeHTTP answers any path as the image's behaviour says; kubelets always get an answer, and Prometheus unless the
// image is silent.
func (a *app) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/metrics":
		if a.behaviour().Silent {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		a.serveMetrics(w)
	case "/healthz":
		w.WriteHeader(http.StatusOK)
	default:
		a.serve(w, r)
	}
}

func (a *app) serve(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	behaviour := a.behaviour()
	latency, answers := a.begin(behaviour)
	defer a.end()
	if !answers {
		<-r.Context().Done()
		return
	}
	timer := time.NewTimer(latency)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
		return
	}
	status := a.finish(behaviour.Errors, start)
	w.Header().Set(VersionHeader, a.version)
	w.Header().Set(PodHeader, a.pod)
	w.WriteHeader(status)
	fmt.Fprintf(w, "%s says %d\n", a.version, status)
}

// begin picks how long an answer takes, and whether there is one at all.
func (a *app) begin(b Behaviour) (latency time.Duration, answers bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open++
	latency = work + b.Latency
	if a.begun++; a.begun <= b.Cold && a.begun%4 == 0 {
		latency += coldWork
	}
	if a.hung += b.Hangs; a.hung >= 1 {
		a.hung--
		return 0, false
	}
	return latency, true
}

// end counts a request as one that is not under way any more, answered or not.
func (a *app) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
}

// finish picks the status of an answer and counts it. Errors are spread evenly, so that a share is
// that share in every short stretch of requests.
func (a *app) finish(errors float64, start time.Time) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	status := http.StatusOK
	if a.debt += errors; a.debt >= 1 {
		a.debt--
		status = http.StatusInternalServerError
	}
	a.meter.observe(status, time.Since(start))
	return status
}

func (a *app) serveMetrics(w http.ResponseWriter) {
	reading := a.read(a.behaviour().Dips)
	w.Header().Set("Content-Type", "text/plain; version=0.0.4")
	reading.write(w, a.container, a.memory())
	a.writeState(w)
}

// writeState writes what is no counter of answers: requests under way, and restarts, which kube-state-metrics has in a
// cluster.
func (a *app) writeState(w io.Writer) {
	a.mu.Lock()
	open := a.open
	a.mu.Unlock()
	fmt.Fprintf(w, "# TYPE http_requests_in_flight gauge\nhttp_requests_in_flight %d\n", open)
	fmt.Fprintln(w, "# TYPE kube_pod_container_status_restarts_total counter")
	fmt.Fprintf(w, "kube_pod_container_status_restarts_total{container=%q} %d\n", a.container, a.restarts)
}

// read returns what a scrape is answered. An image that dips answers at times what it answered before, less one.
func (a *app) read(dips bool) meter {
	a.mu.Lock()
	defer a.mu.Unlock()
	reading := a.meter
	if a.scrapes++; dips && a.scrapes%dipEvery == 0 && a.scraped.requests > 0 {
		reading = a.scraped
		reading.requests--
	}
	a.scraped = reading
	return reading
}

// memory says how much memory the container would use.
func (a *app) memory() int64 {
	const idle = 64 << 20
	age := time.Since(a.started)
	return idle + int64(age.Seconds()*float64(a.behaviour().Leak))
}
