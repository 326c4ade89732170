package main

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// scraped is the time between two samples of a series.
const scraped = 15 * time.Second

// stablePods and canaryPods are the pods of each side: enough for answers of the size that a medium service leads to.
const stablePods, canaryPods = 4, 1

// window is the end of a query for raw samples.
var window = regexp.MustCompile(`\[(\d+)s(?::\d+s)?\]$`)

// within is the share of a healthy service's requests within each bound.
var within = map[string]float64{"0.1": 0.75, "0.25": 0.92, "0.5": 0.998, "1": 0.9995, "+Inf": 1}

// answerQuery answers every query as a healthy service's Prometheus would: raw samples on request, else one
// healthy number.
func answerQuery(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	query, now := r.Form.Get("query"), time.Now()
	kind, result := "vector", number(query, now)
	switch m := window.FindStringSubmatch(query); {
	case m != nil:
		seconds, _ := strconv.Atoi(m[1])
		kind, result = "matrix", samples(query, now.Add(-time.Duration(seconds)*time.Second), now)
	case strings.HasPrefix(query, "sum by (le)") && strings.Contains(query, "(increase("):
		var all []string
		for le, share := range within {
			all = append(all, fmt.Sprintf(`{"metric":{"le":%q},"value":[%s,"%g"]}`, le, unix(now), 100_000*share))
		}
		result = strings.Join(all, ",")
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[%s]}}`, kind, result)
}

func unix(at time.Time) string { return strconv.FormatFloat(float64(at.UnixMilli())/1000, 'f', 3, 64) }

// number is the one healthy number that answers a check's query.
func number(query string, now time.Time) string {
	value := "0.001"
	switch {
	case strings.Contains(query, "timestamp("):
		value = unix(now)
	case strings.Contains(query, "increase("):
		value = "5000"
	case strings.Contains(query, "2xx"):
		value = "0.999"
	case strings.Contains(query, "quantile"):
		value = "0.2"
	case strings.Contains(query, "memory"):
		value = "200000000"
	}
	return fmt.Sprintf(`{"metric":{},"value":[%s,%q]}`, unix(now), value)
}

// samples are what each pod's counters were at every scrape of a span: straight lines.
func samples(query string, from, to time.Time) string {
	pods, name := stablePods, "stable"
	if strings.Contains(query, "-canary-") {
		pods, name = canaryPods, "canary"
	}
	rate, gauge := 5.0, false
	switch {
	case strings.Contains(query, "5xx"):
		rate = 0.005
	case strings.Contains(query, "memory"):
		rate, gauge = 200<<20, true
	}
	bounds := map[string]float64{"": 1}
	if strings.Contains(query, "bucket") {
		bounds = within
	}
	var all []string
	for pod := range pods {
		for le, share := range bounds {
			var values []string
			for at := from.Truncate(scraped).Add(scraped); !at.After(to); at = at.Add(scraped) {
				v := rate * share
				if !gauge {
					v *= float64(at.Unix() % 1e6)
				}
				values = append(values, fmt.Sprintf(`[%s,"%.0f"]`, unix(at), v))
			}
			metric := fmt.Sprintf(`{"namespace":"bench","pod":"%s-%d","instance":"10.0.0.%d:8080","job":"pods"`, name, pod, pod)
			if le != "" {
				metric += fmt.Sprintf(`,"le":%q`, le)
			}
			all = append(all, fmt.Sprintf(`{"metric":%s},"values":[%s]}`, metric, strings.Join(values, ",")))
		}
	}
	return strings.Join(all, ",")
}
