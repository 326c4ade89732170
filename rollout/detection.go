package rollout

import (
	"context"
	"time"
)

// DetectionPower is what the judge knows before a rollout starts: which faults it will be able to detect, and when.
type DetectionPower struct {
	Requests   float64     // of stable, a second; 0: not known
	Detections []Detection // by the size of the fault, largest first
	// Checks are those that could judge no canary, each with the reason.
	Checks []Evidence
	// Coarse is set where the latency histogram has no bucket at the limit: it is then judged at the next one above.
	Coarse *Coarse
	// Errorless is set where stable's past has no series of failed requests at all: no request failed, or the signal
	// selects nothing and would never show a failure.
	Errorless bool
}

// Detection is when a share of errors would be found, at the traffic of now.
type Detection struct {
	Share float64
	Step  int // at whose weight it is found; -1: at none
	After time.Duration
}

// Coarse is a limit between two bounds of a histogram, in seconds; Below is 0 where there is none.
type Coarse struct{ Limit, Below, Above float64 }

// Backtest is what a check would have said of stable in the last hour.
type Backtest struct {
	Check   string
	Asked   int    // times
	None    int    // of them without a number
	Beyond  int    // of them beyond the threshold
	NoLimit bool   // the check has no threshold: it is compared with stable alone
	Series  int    // the most at once; one is expected
	Problem string // why it cannot be asked about an hour
}

// Backtester is a Metrics that can be asked about the last hour.
type Backtester interface {
	// Hour asks each of the question's checks about every interval of the last hour, of stable. It blocks as long as
	// Metrics does, for each check.
	Backtest(ctx context.Context, q Question) []Backtest
}
