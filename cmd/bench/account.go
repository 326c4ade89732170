package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"canarybot.io/rollout"
	"canarybot.io/store/audit"
	"canarybot.io/store/bolt"
)

const (
	liveForHome = 500
	reported    = 10_000 // rollouts
	perRollout  = 10     // entries of the audit
	audited     = 1_000_000
	reports     = 10
	batch       = 20_000
)

// measureHome opens the App Home of people who never did, and measures until Slack has it.
func measureHome(ctx context.Context, tell func(figure)) error {
	return with(ctx, liveForHome, nil, func(p *product, o *outside, _ string) error {
		var all []float64
		for i := range lookers {
			ms, err := o.timed("home " + looker(i))
			if err != nil {
				return err
			}
			all = append(all, ms)
		}
		about := fmt.Sprintf("App Home from opening to Slack having it, %d live", liveForHome)
		tell(figure{"home_p50_ms", quantile(all, .50), about})
		tell(figure{"home_max_ms", quantile(all, 1), about})
		return p.stop()
	})
}

// measureReport asks for a report about many rollouts, and measures until its ack.
func measureReport(ctx context.Context, tell func(figure)) error {
	path, remove, err := temporary()
	if err != nil {
		return err
	}
	defer remove()
	if err := fill(ctx, path, reported*perRollout); err != nil {
		return err
	}
	o, err := startOutside(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = o.close() }()
	p, err := start(ctx, o, path, 1, nil)
	if err != nil {
		return err
	}
	var all []float64
	before := processorTime()
	for range reports {
		ms, err := o.timed("slash report 30d")
		if err != nil {
			return err
		}
		all = append(all, ms)
	}
	about := fmt.Sprintf("report over %d rollouts, command to ack", reported)
	tell(figure{"report_p50_ms", quantile(all, .50), about})
	tell(figure{"report_max_ms", quantile(all, 1), about})
	used := (processorTime() - before).Seconds() * 1000 / reports
	tell(figure{"report_cpu_ms", used, "processor time of each"})
	return p.stop()
}

// measureAudit verifies an audit as canarybot audit verify does.
func measureAudit(ctx context.Context, tell func(figure)) error {
	path, remove, err := temporary()
	if err != nil {
		return err
	}
	defer remove()
	if err := fill(ctx, path, audited); err != nil {
		return err
	}
	began, before := time.Now(), processorTime()
	var v *audit.Verifier
	found, err := bolt.ReadAudit(ctx, path, func(store string) error {
		v = audit.NewVerifier(audit.Start(store), nil)
		return nil
	}, func(seq int64, record []byte) error {
		v.Entry(seq, record)
		return nil
	})
	if err != nil {
		return err
	}
	if problems := v.End(found.Head); len(problems) > 0 || v.Last().Seq < audited {
		return fmt.Errorf("%d entries: %v", v.Last().Seq, problems)
	}
	tell(figure{"audit_verify_s_1000000", time.Since(began).Seconds(), fmt.Sprintf("verify %d entries of the audit, %.0f MB", audited, float64(v.Last().Bytes)/1e6)})
	tell(figure{"audit_verify_cpu_s", (processorTime() - before).Seconds(), "its processor time"})
	return nil
}

// fill appends so many entries to the audit of a new store: those of rollouts that ended within the last 29 days.
func fill(ctx context.Context, path string, entries int) error {
	store, err := bolt.Open(ctx, path, bolt.Options{})
	if err != nil {
		return err
	}
	from := time.Now().UTC().Add(-29 * 24 * time.Hour)
	for n := 0; n < entries; {
		all := make([]rollout.AuditEntry, 0, batch)
		for ; n < entries && len(all) < batch; n++ {
			all = append(all, entry(n, from.Add(29*24*time.Hour/time.Duration(entries)*time.Duration(n))))
		}
		if err := store.Record(ctx, all); err != nil {
			return err
		}
	}
	return store.Close()
}

// entry is the n-th of an audit. Every tenth is the end of a rollout, of which each sixth was rolled back.
func entry(n int, at time.Time) rollout.AuditEntry {
	by := rollout.Actor{Kind: rollout.Person, ID: deployer, Member: true}
	checks := []rollout.AuditCheck{{Check: "error_rate", Result: rollout.Pass}, {Check: "latency_p99", Result: rollout.Pass}}
	e := rollout.AuditEntry{
		At: at, Kind: rollout.AuditDecided, Environment: "bench", Service: serviceName(n / perRollout % liveForHome),
		Actor: by, Action: rollout.Promote, Text: "looks good to me", Image: "r/app:v2",
		Rules: &rollout.Policy{Approvers: []string{deployer}}, Verdict: &rollout.AuditVerdict{Result: rollout.Pass, At: at, Checks: checks},
	}
	e.Rollout = rollout.NewID(e.Service, n/perRollout/liveForHome+1)
	if n%perRollout < perRollout-1 {
		return e
	}
	e.Kind, e.Action = rollout.AuditEnded, ""
	e.Request = &rollout.Request{Version: "v2", By: by, At: at.Add(-20 * time.Minute)}
	e.Summary = &rollout.AuditSummary{Outcome: rollout.Succeeded, Started: at.Add(-19 * time.Minute), Exposed: at.Add(-18 * time.Minute), Agreed: 2, Judged: 2}
	if n/perRollout%6 == 5 {
		e.Summary.Outcome, e.Reason.Code = rollout.RolledBack, rollout.ReasonCheck
		e.Summary.Condemned, e.Summary.WeightZero, e.Summary.Kept = at.Add(-17*time.Minute), at.Add(-16*time.Minute), 1000
	}
	return e
}

// timed has the other process do something and returns how long it took, in milliseconds.
func (o *outside) timed(line string) (float64, error) {
	fmt.Fprintln(o.in, line)
	if !o.lines.Scan() {
		return 0, fmt.Errorf("no answer to %s", line)
	}
	took, ok := strings.CutPrefix(o.lines.Text(), "acked ")
	ns, err := strconv.ParseFloat(took, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("%s: %s", line, o.lines.Text())
	}
	return ns / 1e6, nil
}
