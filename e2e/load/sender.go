package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"canarybot.io/e2e/node"
)

// environment carries the plan to the process that sends.
const environment = "CANARYBOT_E2E_LOAD"

const (
	// bucketLength is how often counts are handed over.
	bucketLength = 100 * time.Millisecond

	// mostInFlight bounds the requests under way; those that would exceed it count as failed.
	mostInFlight = 256
)

// Main sends traffic when this process was started for that, and then ends the process. Otherwise it
// does nothing.
func Main() {
	encoded, ok := os.LookupEnv(environment)
	if !ok {
		return
	}
	if err := send(encoded, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// send sends traffic until the plan or its input ends.
func send(encoded string, input io.Reader, output io.Writer) error {
	var plan Plan
	if err := json.Unmarshal([]byte(encoded), &plan); err != nil {
		return fmt.Errorf("read the plan: %w", err)
	}
	if err := plan.validate(); err != nil {
		return err
	}
	ctx, stop := context.WithTimeout(context.Background(), plan.For)
	defer stop()
	go func() {
		defer stop()
		// Nothing is ever written to it: it ends when the test process closes it, or ends.
		_, _ = io.Copy(io.Discard, input)
	}()
	s := &sender{plan: plan, output: json.NewEncoder(output), slots: make(chan struct{}, mostInFlight)}
	s.client.Timeout = 10 * time.Second
	s.client.Transport = &http.Transport{MaxIdleConnsPerHost: mostInFlight}
	return s.run(ctx)
}

// sender is the sending side, in its own process.
type sender struct {
	plan   Plan
	client http.Client
	output *json.Encoder
	slots  chan struct{}

	mu     sync.Mutex
	counts Tally
}

func (s *sender) run(ctx context.Context) error {
	s.counts = Tally{}
	var sending sync.WaitGroup
	tick := time.NewTicker(time.Second / time.Duration(s.plan.Rate))
	defer tick.Stop()
	report := time.NewTicker(bucketLength)
	defer report.Stop()
	since := time.Now()
	for {
		select {
		case <-tick.C:
			s.launch(&sending)
		case <-report.C:
			until := time.Now()
			if err := s.report(since, until); err != nil {
				return err
			}
			since = until
		case <-ctx.Done():
			sending.Wait()
			return s.report(since, time.Now())
		}
	}
}

// launch sends one request without waiting for its answer, so that slow answers do not slow down the
// rate.
func (s *sender) launch(sending *sync.WaitGroup) {
	select {
	case s.slots <- struct{}{}:
	default:
		s.count(Answer{})
		return
	}
	sending.Go(func() {
		s.count(s.request())
		<-s.slots
	})
}

// request sends one request. It is not cut short by the end of the plan: what was sent is counted.
func (s *sender) request() Answer {
	request, err := http.NewRequest(http.MethodGet, s.plan.URL, nil)
	if err != nil {
		return Answer{}
	}
	request.Host = s.plan.Host
	response, err := s.client.Do(request)
	if err != nil {
		return Answer{}
	}
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<20))
	if errors.Join(err, response.Body.Close()) != nil {
		return Answer{}
	}
	return Answer{Version: response.Header.Get(node.VersionHeader), Status: response.StatusCode}
}

func (s *sender) count(answer Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[answer]++
}

// report hands over what was counted since the last report.
func (s *sender) report(since, until time.Time) error {
	s.mu.Lock()
	counts := s.counts
	s.counts = Tally{}
	s.mu.Unlock()
	b := bucket{Start: since, End: until}
	for answer, times := range counts {
		b.Answers = append(b.Answers, counted{Answer: answer, Count: times})
	}
	return s.output.Encode(b)
}
