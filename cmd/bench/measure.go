package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	liveForAcks = 500
	perSecond   = 50
	commands    = 1000
	settle      = 20 * time.Second
	watched     = 60 * time.Second
)

// with runs do on a product with n live rollouts.
func with(ctx context.Context, n int, sync func() error, do func(p *product, o *outside, path string) error) error {
	path, remove, err := temporary()
	if err != nil {
		return err
	}
	defer remove()
	o, err := startOutside(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = o.close() }()
	p, err := start(ctx, o, path, n, sync)
	if err != nil {
		return err
	}
	if err := p.launchAll(ctx); err != nil {
		return err
	}
	return do(p, o, path)
}

// measureAcks types decisions at a steady rate and measures from the command leaving Slack to its ack coming back, the
// commit's fsync included; then again with a disk whose sync takes ten milliseconds.
func measureAcks(ctx context.Context, tell func(figure)) error {
	slow := func() error { time.Sleep(10 * time.Millisecond); return nil }
	for _, disk := range []struct {
		name, about string
		sync        func() error
	}{{"ack", "this disk", nil}, {"ack_sync10ms", "a disk whose sync takes 10 ms more", slow}} {
		err := with(ctx, liveForAcks, disk.sync, func(p *product, o *outside, _ string) error {
			all, err := ackTimes(o)
			if err != nil {
				return err
			}
			about := fmt.Sprintf("command to ack, fsync included, %d live, %d/s, %s", liveForAcks, perSecond, disk.about)
			tell(figure{disk.name + "_p50_ms", quantile(all, .50), about})
			tell(figure{disk.name + "_p99_ms", quantile(all, .99), about})
			return p.stop()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ackTimes pauses and resumes random services, and returns how long each ack took, in milliseconds.
func ackTimes(o *outside) ([]float64, error) {
	go func() {
		tick := time.NewTicker(time.Second / perSecond)
		defer tick.Stop()
		order := rand.Perm(liveForAcks)
		for i := range commands {
			<-tick.C
			verb := "pause"
			if (i/liveForAcks)%2 == 1 {
				verb = "resume"
			}
			o.slash(verb + " " + string(serviceName(order[i%liveForAcks])))
		}
	}()
	all := make([]float64, 0, commands)
	for len(all) < commands && o.lines.Scan() {
		took, ok := strings.CutPrefix(o.lines.Text(), "acked ")
		if !ok {
			return nil, fmt.Errorf("a command was not acknowledged: %s", o.lines.Text())
		}
		ns, err := strconv.ParseFloat(took, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, ns/1e6)
	}
	return all, nil
}

func quantile(all []float64, q float64) float64 {
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// measureMany lets many rollouts bake and reads what the process takes.
func measureMany(ctx context.Context, tell func(figure)) error {
	for _, n := range []int{100, 1000} {
		err := with(ctx, n, nil, func(p *product, _ *outside, _ string) error {
			if err := wait(ctx, settle); err != nil {
				return err
			}
			before, start := processorTime(), time.Now()
			if err := wait(ctx, watched); err != nil {
				return err
			}
			cores := (processorTime() - before).Seconds() / time.Since(start).Seconds()
			about := fmt.Sprintf("%d live rollouts baking, 4 checks every 15 s", n)
			tell(figure{fmt.Sprintf("rss_mib_%d", n), resident(), about})
			tell(figure{fmt.Sprintf("cpu_cores_%d", n), cores, about})
			return p.stop()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// measureRestart ends the product with a thousand live rollouts and measures from opening the file to the moment when
// the engine has reconciled each again.
func measureRestart(ctx context.Context, tell func(figure)) error {
	const n = 1000
	return with(ctx, n, nil, func(p *product, o *outside, path string) error {
		if err := p.stop(); err != nil {
			return err
		}
		began := time.Now()
		again, err := start(ctx, o, path, n, nil)
		if err != nil {
			return err
		}
		err = again.until(ctx, often, func() bool {
			all := again.app.Snapshot()
			for _, r := range all {
				if r.ReconciledAt.Before(began) {
					return false
				}
			}
			return len(all) == n
		})
		if err != nil {
			return err
		}
		tell(figure{"restart_s_1000", time.Since(began).Seconds(), "from opening the store to every one of 1000 rollouts reconciled again"})
		return again.stop()
	})
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// processorTime is the processor time that this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of this process in MiB, as Linux counts it.
func resident() float64 {
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}
