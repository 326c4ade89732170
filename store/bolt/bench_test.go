package bolt_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

// BenchmarkCommit measures commits of different services' rollouts by so many writers at once, on this disk and on
// one whose sync takes 10 ms. p99 is how long the slowest hundredth waited.
func BenchmarkCommit(b *testing.B) {
	for _, disk := range []struct {
		name string
		sync func() error
	}{
		{"disk=this", nil},
		{"disk=10ms", func() error { time.Sleep(10 * time.Millisecond); return nil }},
	} {
		for _, writers := range []int{1, 50, 500} {
			b.Run(fmt.Sprintf("%s/writers=%d", disk.name, writers), func(b *testing.B) {
				s := open(b, place(b), bolt.Options{Sync: disk.sync})
				rollouts := make([]rollout.Rollout, writers)
				for i := range rollouts {
					rollouts[i] = storetest.Queued(rollout.ServiceName(fmt.Sprintf("s%d", i)), 1)
				}
				contend(b, s, rollouts)
				shut(b, s)
			})
		}
	}
}

// contend shares b.N commits among as many writers as there are rollouts.
func contend(b *testing.B, s *bolt.Store, rollouts []rollout.Rollout) {
	took := make([][]time.Duration, len(rollouts))
	var wg sync.WaitGroup
	b.ResetTimer()
	for i, r := range rollouts {
		wg.Go(func() {
			for range (b.N + len(rollouts) - 1 - i) / len(rollouts) {
				c := storetest.Move(r, rollout.Baking, storetest.Epoch())
				start := time.Now()
				if err := s.Commit(b.Context(), c); err != nil {
					b.Error(err)
					return
				}
				took[i] = append(took[i], time.Since(start))
				r = c.Rollout
				r.Revision++
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	all := slices.Sorted(slices.Values(slices.Concat(took...)))
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "commits/s")
	b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkOpen measures how long a start takes with the store of a busy year: what Open reads is the whole file.
func BenchmarkOpen(b *testing.B) {
	path := place(b)
	s := open(b, path, bolt.WithoutSync(bolt.Options{}))
	for service := range 50 {
		var changes []rollout.Change
		for n := range 200 {
			r := storetest.Queued(rollout.ServiceName(fmt.Sprintf("s%d", service)), n+1)
			c := storetest.Move(r, rollout.Ended, storetest.Epoch())
			for range 20 {
				next := storetest.Move(c.Rollout, rollout.Ended, storetest.Epoch())
				c.Rollout, c.Entries = next.Rollout, append(c.Entries, next.Entries...)
			}
			changes = append(changes, c)
		}
		commit(b, s, changes...)
	}
	shut(b, s)
	for b.Loop() {
		shut(b, open(b, path, bolt.Options{}))
	}
	b.ReportMetric(float64(size(b, path))/1e6, "MB")
}
