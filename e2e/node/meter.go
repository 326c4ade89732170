package node

import (
	"fmt"
	"io"
	"strconv"
	"time"
)

// buckets is how many bounded buckets the latency histogram has.
const buckets = 11

// bounds returns their upper bounds, in seconds.
func bounds() [buckets]float64 {
	return [buckets]float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}
}

// meter counts the answers of one run of a container. A copy of it is a reading.
type meter struct {
	requests, good, bad int
	within              [buckets]int // not cumulative
	seconds             float64
}

func (m *meter) observe(status int, took time.Duration) {
	m.requests++
	switch status / 100 {
	case 2:
		m.good++
	case 5:
		m.bad++
	}
	m.seconds += took.Seconds()
	for i, bound := range bounds() {
		if took.Seconds() <= bound {
			m.within[i]++
			return
		}
	}
}

// write writes the reading as Prometheus reads it. No series names a version or a pod: in a cluster
// it is Prometheus that adds where a series comes from.
func (m meter) write(w io.Writer, container string, memory int64) {
	counter := func(name string, value int) {
		fmt.Fprintf(w, "# TYPE %s counter\n%s %d\n", name, name, value)
	}
	counter("http_requests_total", m.requests)
	counter("http_2xx_total", m.good)
	counter("http_5xx_total", m.bad)
	counter("http_errors", m.bad)

	fmt.Fprintln(w, "# TYPE http_duration histogram")
	total := 0
	for i, bound := range bounds() {
		total += m.within[i]
		fmt.Fprintf(w, "http_duration_bucket{le=%q} %d\n", strconv.FormatFloat(bound, 'g', -1, 64), total)
	}
	fmt.Fprintf(w, "http_duration_bucket{le=\"+Inf\"} %d\n", m.requests)
	fmt.Fprintf(w, "http_duration_sum %g\nhttp_duration_count %d\n", m.seconds, m.requests)

	fmt.Fprintln(w, "# TYPE container_memory_working_set_bytes gauge")
	fmt.Fprintf(w, "container_memory_working_set_bytes{container=%q} %d\n", container, memory)
}
