package view_test

import (
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/command"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

func policy() rollout.Policy {
	return rollout.Policy{Deployers: []string{"U024BE7LH"}, Approvers: []string{"U0G9QF9C6"}, Rollback: []string{rollout.Everyone}}
}

func launch() rollout.DeployRequest {
	return rollout.DeployRequest{Service: "checkout", Version: "v1.2.5", Plan: "fast", Text: "hot fix"}
}

func answers() map[string]view.Message {
	a := view.Answers{}
	guest := rollout.Actor{Kind: rollout.Person, ID: "U0GUEST99"}
	checkout := rollout.Service{Name: "checkout", Spec: spec(), Plans: []rollout.Plan{{Name: "fast", Steps: []rollout.Step{{Weight: 50, Gate: rollout.Auto}}}}}
	search := rollout.Service{Name: "search", Spec: spec()}
	refused := rollout.Preflight{Problems: []rollout.Problem{rollout.Text("Deployment shop/checkout is paused: kubectl -n shop rollout resume deployment/checkout")}, Checks: unfit()}
	found := rollout.Preflight{Original: baking().Original}
	found.Original.TemplateDiffers = []string{"resources"}
	queued := in(rollout.Queued)
	all := map[string]view.Message{
		"status":         a.Status([]rollout.Rollout{baking(), in(rollout.RollingBack)}),
		"status_nothing": a.Status(nil),
		"status_of":      a.StatusOf(baking(), nil, permalink),
		"services":       a.Services([]rollout.Service{checkout, search}, []rollout.Rollout{baking()}),
		"services_none":  a.Services(nil, nil),
		"history":        a.History("checkout", []rollout.Rollout{ending(rollout.Succeeded, nil), ending(rollout.RolledBack, nil)}),
		"history_none":   a.History("checkout", nil),
		"checks":         a.Checks("checkout", passing()),
		"checks_unknown": a.Checks("checkout", unknown(rollout.WhyTooFewRequests)),
		"checks_failing": a.Checks("checkout", failing()),
		"checks_worse":   a.Checks("checkout", compared(rollout.Fail, rollout.WhyWorse)),
		"why_worse": a.Why(with(func(r *rollout.Rollout) {
			*r = ending(rollout.RolledBack, nil)
			r.Verdict = compared(rollout.Fail, rollout.WhyWorse)
			r.Ending.Reason.Evidence = &r.Verdict.Evidence[0]
		})),
		"why_not_yet": a.Why(with(func(r *rollout.Rollout) { r.Verdict.At = time.Time{} })),
		"why_emergency": a.Why(func() rollout.Rollout {
			r := emergency()
			r.Verdict.At = time.Time{}
			return r
		}()),
		"why_part":         a.Why(with(func(r *rollout.Rollout) { r.Verdict = inPart("/checkout") })),
		"checks_part":      a.Checks("checkout", inPart("")),
		"why_hangs":        a.Why(with(func(r *rollout.Rollout) { r.Verdict = beside(besides(rollout.Fail)[0]) })),
		"why_restarts":     a.Why(with(func(r *rollout.Rollout) { r.Verdict = beside(besides(rollout.Unknown)[1]) })),
		"why_refused":      a.Why(with(func(r *rollout.Rollout) { r.Verdict = beside(besides(rollout.Unknown)[2]) })),
		"why_beyond":       a.Why(with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Fail, rollout.WhyBeyond) })),
		"why_undecided":    a.Why(with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyUndecided) })),
		"why_little_share": a.Why(with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyLittleShare) })),
		"why_probes":       a.Why(with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyProbes) })),
		"why_shared":       a.Why(with(func(r *rollout.Rollout) { r.Verdict = compared(rollout.Unknown, rollout.WhyShared) })),
		"why_business":     a.Why(with(func(r *rollout.Rollout) { r.Verdict = business(rollout.Fail, rollout.WhyWorse) })),
		"why_unasked":      a.Why(with(func(r *rollout.Rollout) { r.Verdict = unknown(rollout.WhyUnreachable) })),
		"why_never":        a.Why(in(rollout.Queued)),
		"history_agreed":   a.History("checkout", []rollout.Rollout{ending(rollout.Succeeded, nil)}).Agreement(37, 38),
		"whoami_deployer":  a.Whoami(person("U024BE7LH"), policy(), nil),
		"whoami_services": a.Whoami(person("U024BE7LH"), policy(), []rollout.Service{
			{Name: "checkout", Policy: policy()}, {Name: "search", Policy: rollout.Policy{Approvers: []string{"U024BE7LH"}, Rollback: []string{rollout.Everyone}}},
		}),
		"whoami_guest":        a.Whoami(guest, policy(), nil),
		"help":                a.Help(""),
		"help_all":            a.Help(command.All),
		"help_deploy":         a.Help(command.Deploy),
		"help_accept":         a.Help(command.Accept),
		"help_freeze":         a.Help(command.Freeze),
		"help_queue":          a.Help(command.Queue),
		"help_rollback":       a.Help(command.Rollback),
		"help_other_command":  view.Answers{Command: "/canary-staging"}.Help(command.Promote),
		"busy":                a.Busy(launch(), &rollout.BusyError{Live: baking()}, permalink),
		"busy_queued":         a.Busy(launch(), &rollout.BusyError{Live: queued}, ""),
		"busy_orphan":         a.Busy(launch(), &rollout.BusyError{Live: orphan("checkout-41"), Before: new(ending(rollout.RolledBack, nil))}, permalink),
		"busy_all":            a.Busy(launch(), &rollout.BusyError{Live: baking(), Waiting: &queued, Before: new(ending(rollout.RolledBack, nil))}, permalink),
		"busy_dry_run":        a.ForDryRun().Busy(launch(), &rollout.BusyError{Live: baking()}, permalink),
		"rolled_back_already": a.RolledBackAlready(ending(rollout.Succeeded, nil)),
		"rolled_back_before":  a.RolledBackBefore(launch(), ending(rollout.RolledBack, nil)),
		"same_version":        a.SameVersion("checkout", "registry.example.com/shop/checkout:v1.2.3"),
		"unknown_plan":        a.UnknownPlan(checkout, "fsat"),
		"forbidden":           a.Forbidden(person("U0LAN0Z89"), rollout.Promote, policy()),
		"forbidden_no_group":  a.Forbidden(person("U0LAN0Z89"), rollout.Promote, rollout.Policy{Approvers: []string{"S0614TZR7"}}).NobodyIn([]string{"S0614TZR7"}),
		"forbidden_guest":     a.Forbidden(guest, rollout.Rollback, policy()),
		"outsider":            a.Outsider(guest),
		"not_counted":         a.NotCounted(person("U024BE7LH"), rollout.Problem{Code: rollout.ProblemOwnRollout, Rollout: "checkout-42"}, []string{"U024BE7LH", "S0614TZR7"}),
		"not_counted_nobody":  a.NotCounted(person("U024BE7LH"), rollout.Problem{Code: rollout.ProblemOwnRollout, Rollout: "checkout-42"}, []string{"U024BE7LH"}),
		"forbidden_nobody":    a.Forbidden(person("U0LAN0Z89"), rollout.Promote, rollout.Policy{}),
		"stale":               a.Stale(rollout.Problem{Code: rollout.ProblemMovedOn, Rollout: "checkout-42"}),
		"nothing_live":        a.NothingLive("checkout", ending(rollout.Succeeded, nil)),
		"nothing_ever":        a.NothingLive("checkout", rollout.Rollout{}),
		"no_rollout":          a.NoRollout("checkout-99"),
		"needs_reason":        a.NeedsReason(in(rollout.RollingBack), rollout.Abandon),
		"needs_reason_now":    a.NeedsReason(in(rollout.Baking), rollout.PromoteNow),
		"rechecking":          a.Rechecking(in(rollout.Awaiting), ""),
		"review_due":          a.ReviewDue(emergency(), []string{"U0G9QF9C6"}, "https://acme.slack.com/archives/C1/p1"),
		"nothing_to_recheck":  a.NothingToRecheck(in(rollout.Returning)),
		"dry_run":             a.DryRun(in(rollout.Queued), found),
		"dry_run_detection":   a.DryRun(in(rollout.Queued), detectable()),
		"dry_run_notices":     a.DryRun(in(rollout.Queued), rollout.Preflight{Original: baking().Original, Notices: noticed(11)}),
		"dry_run_unnoticed":   a.DryRun(in(rollout.Queued), undetectable()),
		"dry_run_cannot":      a.DryRun(in(rollout.Queued), cannot()),
		"dry_run_refused":     a.DryRun(in(rollout.Queued), refused),
		"dry_run_unreadable":  a.DryRun(in(rollout.Queued), rollout.Preflight{Unreadable: rollout.Text("the API server does not answer")}),
		"offer_rollback":      a.OfferRollback(ending(rollout.Succeeded, nil), "r/checkout:v1.2.4", "r/checkout:v1.2.3"),
		"offer_gentle":        a.OfferGentleRollback(ending(rollout.Succeeded, nil), "r/checkout:v1.2.4", "r/checkout:v1.2.3", baking().Spec.Plan),
		"dry_run_together": a.DryRunTogether([]rollout.DryRun{
			{Request: launch(), Rollout: in(rollout.Queued), Preflight: rollout.Preflight{Original: baking().Original}},
			{Request: launch(), Rollout: in(rollout.Queued), Preflight: rollout.Preflight{Original: baking().Original, Notices: noticed(2)}},
		}, make([]view.Message, 2), map[rollout.ServiceName]rollout.Commits{"checkout": between(27, 0)}),
		"dry_run_together_unread": a.DryRunTogether([]rollout.DryRun{
			{Request: launch(), Rollout: in(rollout.Queued), Preflight: rollout.Preflight{Unreadable: rollout.Text("the API server does not answer")}},
		}, make([]view.Message, 1), nil),
		"dry_run_together_not": a.DryRunTogether([]rollout.DryRun{
			{Request: launch(), Rollout: in(rollout.Queued), Preflight: rollout.Preflight{Original: baking().Original}},
			{Request: launch(), Rollout: in(rollout.Queued), Preflight: refused},
			{Request: launch(), Rollout: in(rollout.Queued), Preflight: rollout.Preflight{Unreadable: rollout.Text("the API server does not answer")}},
			{Request: launch(), Err: &rollout.BusyError{Live: baking()}},
		}, []view.Message{{}, {}, {}, a.Busy(launch(), &rollout.BusyError{Live: baking()}, permalink)}, nil),
		"accepted_together":   a.AcceptedTogether([]rollout.Rollout{in(rollout.Queued), baking()}),
		"refused_together":    a.BecauseOf("web", view.NothingStarted, a.ForSeveral().RolledBackBefore(launch(), ending(rollout.RolledBack, nil))),
		"unapproved_together": a.BecauseOf("web", view.NothingApproved, a.Forbidden(person("U1"), rollout.Promote, policy())),
		"error":               a.Error(rollout.Refuse(rollout.Invalid, rollout.Text("v 1 is not a version."))),
		"error_internal":      a.Error(errors.New("bbolt: page 7 is broken")),
		"outage_began":        a.OutageBegan(outage()),
		"outage_taken_off":    a.TakenOff(ending(rollout.RolledBack, func(*rollout.Ending) {}), "https://test.slack.com/archives/C0DEPLOYS/p1"),
		"outage_over":         a.OutageOver(12 * time.Minute),
		"outage_status":       a.InOutage(a.Status(nil), outage()),
		"connections":         a.ConnectionsTold(2, 3),
		"parse_unrecognised":  a.ParseError(errors.New("not ours")),
		"parse_other_command": view.Answers{Command: "/canary-staging"}.ParseError(&command.Error{Problem: command.MissingService, Verb: command.Pause}),
	}
	for name, line := range lines() {
		known := command.Known{Services: []rollout.ServiceName{"checkout", "search"}, Thread: thread(name), Message: message(name)}
		_, err := command.Parse(line, known)
		all["parse_"+name] = a.ParseError(err)
		if message(name) {
			all["parse_"+name] = view.Answers{Command: "@canary"}.ParseError(err)
		}
	}
	maps.Copy(all, shows())
	maps.Copy(all, compares())
	maps.Copy(all, accepted())
	maps.Copy(all, doubtAnswers())
	maps.Copy(all, short())
	maps.Copy(all, closureAnswers())
	maps.Copy(all, queueAnswers())
	maps.Copy(all, auditAnswers())
	maps.Copy(all, digests())
	named := make(map[string]view.Message, len(all))
	for name, m := range all {
		named["answer_"+name] = m
	}
	return named
}

// unfit is every way in which a check of stable can judge no canary.
func unfit() []rollout.Evidence {
	check := func(name string, unit rollout.Unit, threshold float64, s rollout.Sample) (rollout.Check, rollout.Sample) {
		s.Check = name
		return rollout.Check{Name: name, Comparison: rollout.LessThan, Threshold: threshold, Unit: unit}, s
	}
	var checks []rollout.Check
	var samples []rollout.Sample
	add := func(c rollout.Check, s rollout.Sample) { checks, samples = append(checks, c), append(samples, s) }
	add(check("error_rate", rollout.Ratio, 0.01, rollout.Sample{Canary: ptr(0.03)}))
	add(check("memory_usage", rollout.Bytes, 512<<20, rollout.Sample{Canary: ptr(600 << 20)}))
	add(check("latency_p99", rollout.Seconds, 0.5, rollout.Sample{CanaryWhy: rollout.WhyNotANumber}))
	add(check("depth", rollout.Number, 5, rollout.Sample{CanaryWhy: rollout.WhyNoData}))
	add(check("orders", rollout.Number, 5, rollout.Sample{CanaryWhy: rollout.WhySeveralSeries, Detail: `2 series, the first two {pod="a"} and {pod="b"}`}))
	add(check("jobs", rollout.Number, 5, rollout.Sample{Canary: ptr(1), CanaryWhy: rollout.WhySeveralSeries, Detail: "traffic not counted: 2 series"}))
	add(check("slow", rollout.Number, 5, rollout.Sample{CanaryWhy: rollout.WhyTimeout}))
	add(check("typo", rollout.Number, 5, rollout.Sample{CanaryWhy: rollout.WhyQueryError, Detail: "parse error: unexpected end of input"}))
	add(check("fine", rollout.Number, 5, rollout.Sample{Canary: ptr(1)}))
	var bad []rollout.Evidence
	for _, e := range rollout.OnStable(checks, samples) {
		if e.Result != rollout.Pass {
			bad = append(bad, e)
		}
	}
	return bad
}

// accepted is the confirmation of every decision.
func accepted() map[string]view.Message {
	a := view.Answers{}
	cancelled, replacing := ending(rollout.Cancelled, nil), in(rollout.Queued)
	replacing.Behind = "checkout-41"
	return map[string]view.Message{
		"accepted_deploy":   a.Accepted(baking(), rollout.Deploy, permalink),
		"accepted_replace":  a.Accepted(replacing, rollout.Deploy, permalink),
		"accepted_promote":  a.Accepted(baking(), rollout.Promote, permalink),
		"accepted_approval": a.Accepted(joint("U0G9QF9C6"), rollout.Promote, permalink),
		"accepted_rollback": a.Accepted(in(rollout.RollingBack), rollout.Rollback, permalink),
		"accepted_cancel":   a.Accepted(cancelled, rollout.Rollback, permalink),
		"accepted_pause":    a.Accepted(baking(), rollout.Pause, ""),
		"accepted_resume":   a.Accepted(baking(), rollout.Resume, ""),
		"accepted_override": a.Accepted(baking(), rollout.Override, ""),
		"accepted_retry":    a.Accepted(baking(), rollout.Retry, ""),
		"accepted_abandon":  a.Accepted(baking(), rollout.Abandon, ""),
	}
}

func thread(name string) rollout.ID {
	if name == "other_thread" || message(name) {
		return "checkout-42"
	}
	return ""
}

// message reports whether the line is what followed a mention.
func message(name string) bool { return strings.HasPrefix(name, "talk") }

func outage() rollout.Outage {
	return rollout.Outage{Since: noon, Words: "write /data/canarybot.db: no space left on device"}
}

// lines is one wrong line for each problem.
func lines() map[string]string {
	return map[string]string{
		"unknown_command": "depoly checkout v1.2.4",
		"missing_service": "promote",
		"unknown_service": "promote chekout",
		"not_together":    "deploy checkout=v1.2.4 search=v2",
		"alone":           "deploy checkout v1.2.4 --together",
		"twice":           "deploy checkout=v1.2.4 checkout=v1.2.5 --together",
		"missing_version": "deploy checkout",
		"missing_reason":  "abandon checkout",
		"unknown_option":  "deploy checkout v1.2.4 --repalce",
		"missing_value":   "deploy checkout v1.2.4 --plan",
		"unwanted_value":  "deploy checkout v1.2.4 --auto=yes",
		"repeated_option": "deploy checkout v1.2.4 --plan a --plan b",
		"late_option":     "deploy checkout v1.2.4 faster tax --dry-run",
		"too_many":        "status checkout now",
		"other_thread":    "promote search",
		"no_version":      "deploy checkout latest",
		"two_versions":    "deploy checkout v1.2.3 → v1.2.4",
		"other_words":     "deploy checkout to v1.2.4",
		"other_service":   "deploy checkout=v1.2.4",
		"question":        "promote checkout?",
		"talk":            "promote, no wait",
		"talk_deploy":     "deploy v1.2.4 to checkout",
		"no_time":         "freeze checkout until Mondy 9:00",
		"no_time_at":      "deploy checkout v1.2.4 --at Mondy 9:00",
		"show_what":       "show",
		"at_once":         "lock checkout from Monday the database moves",
		"one_service":     "lock all the database moves",
		"no_pending":      "queue leave checkout",
		"no_running":      "freeze checkout --running stop",
		"now_or_later":    "deploy checkout v1.2.4 --at 2h --replace",
		"talk_unclear":    "deploy checkout v1.2.4 --plan fast tomorrow",
	}
}

func TestAnswersShowNothingOfAnErrorThatIsNotOurs(t *testing.T) {
	m := view.Answers{}.Error(errors.New("xoxb-secret"))
	if got := string(raw(t, m)) + m.Text; len(got) == 0 || strings.Contains(got, "xoxb") {
		t.Errorf("the answer tells too much: %s", got)
	}
}
