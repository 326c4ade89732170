package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"sync"
	"time"

	"canarybot.io/api"
	"canarybot.io/rollout"
)

// apiToken is the static token of the one pipeline.
const apiToken = "canarybot_bench"

// waitingPipelines is how many follow a rollout each.
const waitingPipelines = 200

// measureAPI sends decisions and reads at a steady rate, and measures from the request to its whole answer; then it has
// pipelines wait, and measures what the process takes beside what it took before. They run in the same process: what the
// product takes is less.
func measureAPI(ctx context.Context, tell func(figure)) error {
	return with(ctx, liveForAcks, nil, func(p *product, _ *outside, _ string) error {
		for _, one := range []struct {
			name, about string
			request     func(i int) error
		}{
			{"api_decision", "a decision, fsync included", p.pauseOrResume},
			{"api_read", "a rollout read", func(i int) error { return p.ask(ctx, "GET", "/v1/rollouts/"+string(rolloutOf(i)), nil) }},
		} {
			all, err := answerTimes(one.request)
			if err != nil {
				return err
			}
			about := fmt.Sprintf("%s over the API, %d live, %d/s", one.about, liveForAcks, perSecond)
			tell(figure{one.name + "_p50_ms", quantile(all, .50), about})
			tell(figure{one.name + "_p99_ms", quantile(all, .99), about})
		}
		if err := p.measureWaiting(ctx, tell); err != nil {
			return err
		}
		return p.stop()
	})
}

// answerTimes sends requests at a steady rate, and returns how long each answer took, in milliseconds.
func answerTimes(request func(i int) error) ([]float64, error) {
	all, failed := make([]float64, commands), make([]error, commands)
	tick := time.NewTicker(time.Second / perSecond)
	defer tick.Stop()
	var group sync.WaitGroup
	for i := range commands {
		<-tick.C
		group.Go(func() {
			began := time.Now()
			failed[i] = request(i)
			all[i] = float64(time.Since(began)) / 1e6
		})
	}
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func (p *product) measureWaiting(ctx context.Context, tell func(figure)) error {
	idle, before, err := usage(ctx)
	if err != nil {
		return err
	}
	waiting, leave := context.WithCancel(ctx)
	var group sync.WaitGroup
	for i := range waitingPipelines {
		group.Go(func() {
			for waiting.Err() == nil {
				_ = p.ask(waiting, "GET", "/v1/rollouts/"+string(rolloutOf(i))+"?wait=55s", nil)
			}
		})
	}
	busy, after, err := usage(ctx)
	leave()
	group.Wait()
	if err != nil {
		return err
	}
	about := fmt.Sprintf("%d pipelines wait, their own part included", waitingPipelines)
	tell(figure{"api_waiting_cpu_cores", busy - idle, about})
	tell(figure{"api_waiting_mib", after - before, about})
	return nil
}

// usage is how much processor and memory the process takes.
func usage(ctx context.Context) (cores, mib float64, err error) {
	if err := wait(ctx, settle); err != nil {
		return 0, 0, err
	}
	before, began := processorTime(), time.Now()
	if err := wait(ctx, watched); err != nil {
		return 0, 0, err
	}
	cores = (processorTime() - before).Seconds() / time.Since(began).Seconds()
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return cores, float64(m.HeapInuse+m.StackInuse) / (1 << 20), nil
}

func rolloutOf(i int) rollout.ID { return rollout.NewID(serviceName(i%liveForAcks), 1) }

// pauseOrResume pauses the rollouts one after another, and resumes them in the next round.
func (p *product) pauseOrResume(i int) error {
	d := api.Decision{Action: rollout.Pause}
	if (i/liveForAcks)%2 == 1 {
		r, err := p.store.Load(context.Background(), rolloutOf(i))
		if err != nil {
			return err
		}
		d = api.Decision{Action: rollout.Resume, Turn: r.Turn}
	}
	return p.ask(context.Background(), "POST", "/v1/rollouts/"+string(rolloutOf(i))+"/decisions", d)
}

// ask sends one request, and reads its answer.
func (p *product) ask(ctx context.Context, method, path string, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, p.api+path, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+apiToken)
	r.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, text)
	}
	return err
}
