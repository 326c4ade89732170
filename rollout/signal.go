package rollout

import "time"

// Signals name a service's raw series: templates of PromQL selectors, each of which selects one arm's series of one
// metric. Empty: the service has none of that kind.
type Signals struct {
	Requests string `json:"requests"`          // counter of all requests
	Errors   string `json:"errors,omitempty"`  // counter of those that failed
	Success  string `json:"success,omitempty"` // counter of those that did not; where errors are not counted themselves
	Latency  string `json:"latency,omitempty"` // histogram of durations: buckets, or native where Native
	Native   bool   `json:"native,omitempty"`
	// Unit is what a latency of 1 means.
	Unit   time.Duration `json:"unit,omitempty"`
	Memory string        `json:"memory,omitempty"` // gauge, in bytes
	// By is the label by which requests and errors are looked at one by one too, beside all together: route, method,
	// handler. Empty: by none.
	By           string        `json:"by,omitempty"`
	InFlight     string        `json:"in_flight,omitempty"`     // gauge of the requests that are being served
	Restarts     string        `json:"restarts,omitempty"`      // counter of the containers' restarts
	ClientErrors string        `json:"client_errors,omitempty"` // counter of the requests that the client got wrong: 4xx
	Scrape       time.Duration `json:"scrape"`                  // between two samples of a series
}

// Groups is how many values of the label Signals.By are looked at one by one: stable's busiest. All others count together.
const Groups = 20

// Signal says which of a service's signals a check asks about. A check with a signal is judged by comparing raw counts
// of both arms; any other by comparing its query's number with its limits.
type Signal string

// The signals.
const (
	NoSignal      Signal = ""
	ErrorSignal   Signal = "errors"
	SuccessSignal Signal = "success" // the same counts, seen from the other side
	LatencySignal Signal = "latency"
	MemorySignal  Signal = "memory"
)

// Judging is how signals are judged.
type Judging struct {
	// Alpha is the share of the rollouts of fine canaries that may be rolled back, over all checks, steps and looks.
	Alpha float64 `json:"alpha"`
	// Ratio and Slack are how much worse than stable a canary may be: at most Ratio times stable's share of bad requests,
	// plus Slack.
	ErrorRatio   float64 `json:"error_ratio"`
	ErrorSlack   float64 `json:"error_slack"`
	LatencyRatio float64 `json:"latency_ratio"`
	LatencySlack float64 `json:"latency_slack"`
	// Interval is the time that is judged at once, at least; where a series has samples more often, it is several of them.
	Interval time.Duration `json:"interval,omitempty"`
	// Young is the age below which the canary's pods are not compared with stable's, until it is known how the service's
	// pods start.
	Young time.Duration `json:"young,omitempty"`
	// NoShare skips the check that the canary gets its share of the traffic, for services whose traffic does not all pass
	// through the route.
	NoShare bool `json:"no_share,omitempty"`
	// Dwell is how long a step lasts at least where proved health may end it, and Bake how long all bakes together do
	// before everybody gets the new version.
	Dwell time.Duration `json:"dwell"`
	Bake  time.Duration `json:"bake"`
}

// Point is one stored sample.
type Point struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// Series is what Prometheus has of one time series: samples in any order.
type Series struct {
	Target string  // the scraped endpoint: what all series of one scrape have in common
	Labels string  // all labels, as one word
	Group  string  // the value of the label Signals.By; empty: none, or too long to be told apart
	Bound  float64 // of a histogram's bucket; infinite for the one that counts everything
	Points []Point
}

// Reading is the answer about one metric of one arm. Where it could not be had, Why says so; with warnings there are
// series beside.
type Reading struct {
	Series []Series
	Why    Why
	Detail string
}

// Read is what was read of one arm.
type Read struct {
	Requests, Errors, Success, Latency, Memory Reading
	InFlight, Restarts, ClientErrors           Reading
}

// All returns every reading of the arm.
func (r Read) All() []Reading {
	return []Reading{r.Requests, r.Errors, r.Success, r.Latency, r.Memory, r.InFlight, r.Restarts, r.ClientErrors}
}

// Raw is what Prometheus has of a service's signals, as far as it was asked for.
type Raw struct {
	Canary, Stable Read
	// Buckets are the bounds that the latency histogram has, with how many requests stayed within each lately.
	Buckets Reading
	// Groups are the values of the label Signals.By that stable has the most requests with, lately: one series for each, at
	// most Groups of them, with a single point.
	Groups Reading
	// History is stable's recent past: sums for each target, at even times.
	History Read
}

// Want is what a judge has to know for its next verdict.
type Want struct {
	// Since is the start of the raw samples to fetch, including those that the first ones are compared with; zero: none.
	Since time.Time
	// Bounds are the histogram bounds to fetch, as their labels have them.
	Bounds  []string
	Buckets bool // the bounds that there are
	Groups  bool // the busiest values of the label Signals.By
	History bool // stable's recent past, with Bounds
	// At is when asking makes sense again.
	At time.Time
}

// Answer is what came of a question.
type Answer struct {
	Samples []Sample // one for each check that has a query of its own to be asked
	Raw     Raw
}

// Case is what a judge judges.
type Case struct {
	Spec   Spec
	Step   int       // whose weight the canary has
	Since  time.Time // that weight's acknowledgement
	Adrift bool      // somebody else changed what is steered: the weight may be another
	Now    time.Time
	// Accepted are the doubts that a person said are fine: the canary is not held by them.
	Accepted []Acceptance
	Samples  []Sample
	Raw      Raw
	State    JudgeState // what the judge returned last, whatever the step was
}

// Judge turns Prometheus's answers into a verdict. It is pure, and knows no clock.
type Judge interface {
	// Want returns what to ask Prometheus for the next verdict. Samples and Raw do not count.
	Want(c Case) Want
	// Judge returns the verdict and the judge's state after it. The same answers lead to the same verdict however they
	// are spread over calls. A state that cannot be read is the same as none.
	Judge(c Case) (Verdict, JudgeState)
	// WarmStart returns the state that a rollout begins with whose service's last successful one ended with this.
	WarmStart(state JudgeState) JudgeState
	// DetectionPower returns what will be seen of a rollout that begins now, and what keeps the judge from it. The case's state is
	// that of a judge whose wants were met.
	DetectionPower(c Case) DetectionPower
}
