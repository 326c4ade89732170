package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/tsdb"

	"canarybot.io/rollout/sim"
)

// prometheus is Prometheus's own storage and query engine, fed by scraping the simulated pods. Only the HTTP server is
// the demo's own (query.go). Unplugged it neither scrapes nor answers, like one whose node is gone.
type prometheus struct {
	cluster   *sim.Cluster
	db        *tsdb.DB
	engine    *promql.Engine
	unplugged atomic.Bool
	scrapes   atomic.Int64
	seen      map[string]labels.Labels // the series of the last scrape, by their text
}

// newPrometheus keeps its storage in the directory.
func newPrometheus(dir string, c *sim.Cluster) (*prometheus, error) {
	options := tsdb.DefaultOptions()
	options.WALSegmentSize = -1 // nothing here must outlive the process
	options.StripeSize = 1 << 9 // a few hundred series
	db, err := tsdb.Open(dir, nil, nil, options, nil)
	if err != nil {
		return nil, fmt.Errorf("open Prometheus's storage: %w", err)
	}
	engine := promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1_000_000, Timeout: 10 * time.Second, LookbackDelta: 5 * time.Minute,
		EnableAtModifier: true, EnableNegativeOffset: true,
	})
	return &prometheus{cluster: c, db: db, engine: engine, seen: map[string]labels.Labels{}}, nil
}

func (p *prometheus) close() error { return errors.Join(p.engine.Close(), p.db.Close()) }

// run scrapes until the context ends.
func (p *prometheus) run(ctx context.Context, every time.Duration) error {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		if !p.unplugged.Load() {
			if err := p.scrape(ctx, time.Now()); err != nil && ctx.Err() == nil {
				return fmt.Errorf("scrape the simulated pods: %w", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// scrape stores every pod's series, and a stale marker for those that are gone, as Prometheus does: a query then
// forgets them at once, not five minutes later.
func (p *prometheus) scrape(ctx context.Context, at time.Time) error {
	app := p.db.Appender(ctx)
	now := make(map[string]labels.Labels, len(p.seen))
	for _, point := range p.cluster.Scrape() {
		series := labels.FromMap(point.Labels)
		series = labels.NewBuilder(series).Set(model.MetricNameLabel, point.Name).Labels()
		if _, err := app.Append(0, series, at.UnixMilli(), point.Value); err != nil {
			return errors.Join(err, app.Rollback())
		}
		now[series.String()] = series
	}
	for text, series := range p.seen {
		if _, still := now[text]; still {
			continue
		}
		if _, err := app.Append(0, series, at.UnixMilli(), math.Float64frombits(value.StaleNaN)); err != nil {
			return errors.Join(err, app.Rollback())
		}
	}
	if err := app.Commit(); err != nil {
		return err
	}
	p.seen = now
	p.scrapes.Add(1)
	return nil
}
