package view_test

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const permalink = "https://example.slack.com/archives/C1/p1"

func splitLines(s string) []string { return strings.Split(s, "\n") }

// entries is one entry for everything that the thread tells.
func entries() map[string]rollout.Entry {
	passed, failed, missing := passing(), failing(), unknown(rollout.WhyNoData)
	worst := broken()
	bot := rollout.Actor{Kind: rollout.Bot}
	data := func(kind rollout.EntryKind, d rollout.Data) rollout.Entry {
		return rollout.Entry{Rollout: "checkout-42", Seq: 7, At: noon.Add(11 * time.Minute), Kind: kind, Actor: bot, Data: d}
	}
	decided := func(a rollout.Action, text string) rollout.Entry {
		e := data(rollout.EntryDecided, rollout.Data{Action: a, Text: text, From: rollout.Baking, To: rollout.Baking})
		e.Actor = person("U0G9QF9C6")
		return e
	}
	second := data(rollout.EntryStep, rollout.Data{Weight: 50, Verdict: &passed})
	second.Step = 1
	annotated := data(rollout.EntryDecided, rollout.Data{Action: rollout.Rollback, Reason: rollout.Reason{Code: rollout.ReasonAnnotation}})
	annotated.Actor = rollout.Actor{Kind: rollout.Kube, ID: "kube:uid:77"}
	override := decided(rollout.Override, "")
	override.Data.Drift = &weightDrift
	unqueued := decided(rollout.Rollback, "wrong service")
	unqueued.Data.From, unqueued.Data.To = rollout.Queued, rollout.Ended
	replaced := decided(rollout.Rollback, "hot fix")
	replaced.Data.Reason = rollout.Reason{Code: rollout.ReasonReplaced, Detail: "checkout-43"}
	all := map[string]rollout.Entry{
		"replaced":             replaced,
		"started":              data(rollout.EntryStarted, rollout.Data{}),
		"started_notice":       data(rollout.EntryStarted, rollout.Data{Notices: noticed(1)}),
		"started_notices":      data(rollout.EntryStarted, rollout.Data{DetectionPower: new(detectable().DetectionPower), Differs: []string{"resources"}, Notices: noticed(3)}),
		"started_many_notices": data(rollout.EntryStarted, rollout.Data{Notices: noticed(11)}),
		"started_differs":      data(rollout.EntryStarted, rollout.Data{Differs: []string{"resources", "env[TAX_URL]"}}),
		"rolling_back_worse": data(rollout.EntryPhase, rollout.Data{From: rollout.Baking, To: rollout.RollingBack,
			Reason: rollout.Reason{Code: rollout.ReasonCheck, Evidence: &compared(rollout.Fail, rollout.WhyWorse).Evidence[0]}}),
		"rolling_back_no_share": data(rollout.EntryPhase, rollout.Data{From: rollout.Baking, To: rollout.RollingBack,
			Reason: rollout.Reason{Code: rollout.ReasonCheck, Evidence: &compared(rollout.Fail, rollout.WhyNoShare).Evidence[0]}}),
		"rolling_back": data(rollout.EntryPhase, rollout.Data{From: rollout.Baking, To: rollout.RollingBack, Reason: rollout.Reason{Code: rollout.ReasonCheck, Evidence: &worst}}),
		"rolling_back_crash": data(rollout.EntryPhase, rollout.Data{From: rollout.Preparing, To: rollout.RollingBack, Reason: rollout.Reason{
			Code: rollout.ReasonCanary, Failure: rollout.Failure{Kind: rollout.CrashLoop, Detail: "back-off 40s restarting failed container=checkout"},
		}}),
		"rolling_back_write_refused": data(rollout.EntryPhase, rollout.Data{From: rollout.Preparing, To: rollout.RollingBack, Reason: rollout.Reason{
			Code: rollout.ReasonWriteRefused, Problem: rollout.Problem{
				Code: rollout.ProblemForbidden, Call: rollout.CallCreate, Object: inShop("Deployment", "checkout-canary"),
				Words: `admission webhook "validation.gatekeeper.sh" denied the request: [must-have-owner] you must provide labels: {"owner"}`,
			},
		}}),
		"rolling_back_pods_refused": data(rollout.EntryPhase, rollout.Data{From: rollout.Preparing, To: rollout.RollingBack, Reason: rollout.Reason{
			Code: rollout.ReasonCanary, Failure: rollout.Failure{Kind: rollout.Refused, Detail: `pods "checkout-canary-66b6c48dd5-" is forbidden: violates PodSecurity "restricted:latest"`},
		}}),
		"rolling_back_over_quota": data(rollout.EntryPhase, rollout.Data{From: rollout.Preparing, To: rollout.RollingBack, Reason: rollout.Reason{
			Code: rollout.ReasonCanary, Failure: rollout.Failure{Kind: rollout.OverQuota, Detail: `pods "checkout-canary-66b6c48dd5-" is forbidden: exceeded quota: compute, requested: limits.cpu=1, used: limits.cpu=8, limited: limits.cpu=8`},
		}}),
		"promoted":     decided(rollout.Promote, "looks good"),
		"reviewed":     decided(rollout.Review, "it was right"),
		"promoted_now": {Kind: rollout.EntryDecided, At: noon, Actor: person("U0G9QF9C6"), Data: rollout.Data{Action: rollout.PromoteNow, Text: "the sale begins", Left: 7 * time.Minute}},
		"paused":       decided(rollout.Pause, ""),
		"resumed":      decided(rollout.Resume, ""),
		"override":     override,
		"retried":      decided(rollout.Retry, ""),
		"abandoning":   decided(rollout.Abandon, "the cluster goes away tonight"),
		"rollback":     decided(rollout.Rollback, "customers complain"),
		"rollback_off": unqueued,
		"annotated":    annotated,
		"step":         data(rollout.EntryStep, rollout.Data{Weight: 5, Verdict: &passed}),
		"step_auto":    second,
		"unknown":      data(rollout.EntryVerdict, rollout.Data{Verdict: &missing}),
		"asked":        data(rollout.EntryAsked, rollout.Data{Left: 2 * time.Hour}),
		"asked_held":   data(rollout.EntryAsked, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonUnknown}, Verdict: &missing, Left: 30 * time.Minute}),
		"reminded":     data(rollout.EntryReminded, rollout.Data{Left: 90 * time.Minute}),
		"reminded_drift": data(rollout.EntryReminded, rollout.Data{
			Drift: &weightDrift,
		}),
		"drift":             data(rollout.EntryDrift, rollout.Data{Drift: &weightDrift}),
		"drift_min":         data(rollout.EntryDrift, rollout.Data{Drift: &rollout.Drift{Field: rollout.FieldStableMin, Wanted: "20", Value: "2", By: "helm"}}),
		"drift_image":       data(rollout.EntryDrift, rollout.Data{Drift: &rollout.Drift{Field: rollout.FieldStableImage, Wanted: "r/checkout:v1.2.3", Value: "r/checkout:v1.2.9", By: "argocd"}}),
		"settled":           data(rollout.EntrySettled, rollout.Data{Drift: &weightDrift}),
		"settled_held":      data(rollout.EntrySettled, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonUnknown}}),
		"tag_moved":         data(rollout.EntryTagMoved, rollout.Data{Notices: []rollout.Problem{{Code: rollout.ProblemTagMoved, Key: "v1.2.4", Value: "sha256:ab12ab12ab12", Want: "sha256:cd34cd34cd34"}}}),
		"commits":           data(rollout.EntryCommits, rollout.Data{Commits: new(between(27, 0))}),
		"commits_apart":     data(rollout.EntryCommits, rollout.Data{Commits: new(comparisons()["apart"])}),
		"commits_away":      data(rollout.EntryCommits, rollout.Data{Commits: new(comparisons()["away"])}),
		"unseen":            data(rollout.EntryUnseen, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonUnseen, Problem: rollout.Problem{Code: "channel_archived", Value: "#deploys"}}}),
		"frozen":            data(rollout.EntryFrozen, rollout.Data{Frozen: &closures()[2]}),
		"frozen_configured": data(rollout.EntryFrozen, rollout.Data{Frozen: &rollout.Closure{Kind: rollout.FreezeClosure, Name: "christmas", Until: noon.Add(72 * time.Hour), Running: rollout.PauseRunning}}),
		"settled_frozen":    data(rollout.EntrySettled, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonFrozen}}),
		"settled_unseen":    data(rollout.EntrySettled, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonUnseen}}),
		"settled_empty":     data(rollout.EntrySettled, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonStableEmpty}}),
		"settled_stable":    data(rollout.EntrySettled, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonStableGone}}),
		"overwrote":         data(rollout.EntryOverwrote, rollout.Data{Drift: &rollout.Drift{Field: rollout.FieldWeight, Wanted: "0", Value: "20", By: "kubectl-edit"}}),
		"stuck_traffic":     data(rollout.EntryStuck, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonSlow}, From: rollout.RollingBack, Weight: 5}),
		"stuck":             data(rollout.EntryStuck, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonSlow}}),
		"stuck_empty":       data(rollout.EntryStuck, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonStableEmpty}, From: rollout.Baking, Weight: 5}),
		"stuck_no_pods":     data(rollout.EntryStuck, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonStableNoPods, Failure: rollout.Failure{Kind: rollout.Unschedulable, Detail: "0/3 nodes are available"}}}),
		"stuck_reverted":    data(rollout.EntryStuck, rollout.Data{Reason: rollout.Reason{Code: rollout.ReasonReverted, Detail: "argocd"}, Drift: &weightDrift}),
		"away":              data(rollout.EntryAway, rollout.Data{Away: 4*time.Minute + 12*time.Second}),
		"verdict_failing":   data(rollout.EntryVerdict, rollout.Data{Verdict: &failed}),
		"drift_image_id":    data(rollout.EntryDrift, rollout.Data{Drift: &imageDrift}),
		"drift_admission":   data(rollout.EntryDrift, rollout.Data{Drift: &rollout.Drift{Field: rollout.FieldCanaryImage, Wanted: "r/checkout:v1.2.4", Value: "r/checkout:v1.2.3", By: rollout.ByAdmission}}),
		"override_image_id": {Kind: rollout.EntryDecided, At: noon, Actor: person("U0G9QF9C6"), Data: rollout.Data{Action: rollout.Override, Drift: &imageDrift}},
	}
	maps.Copy(all, doubtEntries())
	maps.Copy(all, gitEntries())
	return all
}

// silent names the entries that the thread leaves out.
var silent = map[string]bool{"verdict_failing": true, "doubt_brief": true, "doubt_lost_and_asks": true, "git_declined": true}

func replies() map[string]view.Message {
	all := map[string]view.Message{}
	add := func(name string, r rollout.Rollout, e rollout.Entry) {
		if m, ok := view.Reply(r, e, view.Audience{Approvers: []string{"U0G9QF9C6", "U0LAN0Z89"}, Notify: rollout.Notify{RolledBack: []string{"S0614TZR7"}, Stuck: []string{"S0614TZR7"}, Waits: []string{"S0WATCHES"}}}, permalink); ok {
			all["reply_"+name] = m
		}
	}
	for name, e := range entries() {
		add(name, in(rollout.RollingBack), e)
	}
	byGit := by(rollout.Promoting, rollout.ByGit, func(*rollout.Rollout) {})
	add("drift_in_git", byGit, entries()["drift_image"])
	given := by(rollout.RollingBack, rollout.ByGate, func(*rollout.Rollout) {})
	add("ended_gate_given", given, rollout.Entry{Kind: rollout.EntryEnded, At: noon, Data: rollout.Data{Ending: &rollout.Ending{
		Outcome: rollout.RolledBack, Reason: rollout.Reason{Code: rollout.ReasonPerson}, By: person("U0G9QF9C6"), StableImage: given.Image, At: noon,
	}}})
	beside := in(rollout.RollingBack)
	beside.Request.Together = []rollout.ID{beside.ID, "web-4"}
	beside.Siblings = []rollout.Sibling{{ID: "web-4", Phase: rollout.Ended, Outcome: rollout.Succeeded}}
	failed := outcomes()["rolled_back"].Ending
	add("ended_sibling_promoted", beside, rollout.Entry{Kind: rollout.EntryEnded, At: failed.At, Data: rollout.Data{Ending: &failed}})
	add("started_together", beside, entries()["started"])
	queued := in(rollout.Queued)
	queued.Behind = "checkout-41"
	add("requested_emergency", emergency(), rollout.Entry{Kind: rollout.EntryRequested, At: noon})
	held := heldOnFail()
	add("held_on_fail", held, rollout.Entry{Kind: rollout.EntryStuck, At: noon, Data: rollout.Data{Reason: *held.Stuck, From: rollout.Baking, Weight: 5}})
	add("requested_behind", queued, rollout.Entry{Kind: rollout.EntryRequested})
	forged := orphan("checkout-41")
	forged.Orphan.Claims = []rollout.Claim{
		{Field: rollout.FieldStableImage, Said: "evil.example.com/miner:v1 <!channel>", Kept: "registry.example.com/shop/checkout:v1.2.3"},
		{Field: rollout.FieldCanaryImage, Kept: "registry.example.com/shop/checkout:v1.2.4"},
	}
	add("asked_orphan_forged", forged, rollout.Entry{Kind: rollout.EntryAsked, Data: rollout.Data{
		Weight: 5, Reason: rollout.Reason{Code: rollout.ReasonOrphaned, Detail: "checkout-41"},
	}})
	add("asked_orphan", orphan("checkout-41"), rollout.Entry{Kind: rollout.EntryAsked, Data: rollout.Data{
		Weight: 5, Reason: rollout.Reason{Code: rollout.ReasonOrphaned, Detail: "checkout-41"},
	}})
	approving := func(ids ...string) rollout.Entry {
		return rollout.Entry{Kind: rollout.EntryDecided, At: noon, Actor: person(ids[len(ids)-1]), Data: rollout.Data{
			Action: rollout.Promote, Approvals: joint(ids...).Approvals, Needed: 2,
		}}
	}
	add("approved_first", joint(), approving("U0G9QF9C6"))
	add("approved_second", joint(), approving("U0G9QF9C6", "U0LAN0Z89"))
	add("asked_two", joint(), entries()["asked"])
	apart, _ := view.Reply(joint(), entries()["asked"], view.Audience{Approvers: []string{"S0614TZR7"}, Apart: true}, permalink)
	all["reply_asked_apart"] = apart
	back := special()["back"]
	add("started_back", back, rollout.Entry{Kind: rollout.EntryStarted})
	unapproved, _ := view.Reply(baking(), entries()["asked"], view.Audience{}, "")
	all["reply_asked_nobody"] = unapproved
	night := func(name string, question *rollout.Entry, kinds ...string) {
		var those []rollout.Entry
		for _, kind := range kinds {
			those = append(those, entries()[kind])
		}
		all["reply_quiet_"+name], _ = view.Held(in(rollout.Awaiting), those, question, func(e rollout.Entry) (view.Message, bool) {
			return view.Reply(in(rollout.Awaiting), e, view.Audience{Approvers: []string{"U0G9QF9C6", "U0LAN0Z89"}}, permalink)
		})
	}
	asked := entries()["asked"]
	night("progress", nil, "started", "step", "paused", "resumed")
	night("asked", &asked, "started", "step")
	for name, r := range ends() {
		end := r.Ending
		add("ended_"+name, r, rollout.Entry{Kind: rollout.EntryEnded, At: end.At, Data: rollout.Data{Ending: &end}})
	}
	return all
}

func ends() map[string]rollout.Rollout {
	return map[string]rollout.Rollout{
		"succeeded":   ending(rollout.Succeeded, nil),
		"rolled_back": ending(rollout.RolledBack, nil),
		"rolled_back_person": ending(rollout.RolledBack, func(e *rollout.Ending) {
			e.Reason, e.By, e.Breach = rollout.Reason{Code: rollout.ReasonPerson, Detail: "customers complain"}, person("U0G9QF9C6"), time.Time{}
		}),
		"rolled_back_unanswered": ending(rollout.RolledBack, func(e *rollout.Ending) {
			e.Reason, e.Breach = rollout.Reason{Code: rollout.ReasonUnanswered}, time.Time{}
		}),
		"rolled_back_unanswered_doubt": ending(rollout.RolledBack, func(e *rollout.Ending) {
			e.Reason, e.Breach = rollout.Reason{Code: rollout.ReasonUnanswered, Evidence: &doubtful(0, rollout.WhyBoth, rollout.DoubtAsks).Evidence[0]}, time.Time{}
		}),
		"rolled_back_foreign_image": special()["rolled_back_foreign_image"],
		"rolled_back_crash": ending(rollout.RolledBack, func(e *rollout.Ending) {
			e.Reason, e.Breach = rollout.Reason{Code: rollout.ReasonCanary, Failure: rollout.Failure{
				Kind: rollout.ImagePull, Detail: "manifest unknown",
			}}, time.Time{}
		}),
		"cancelled": special()["cancelled"],
		"cancelled_held": ending(rollout.Cancelled, func(e *rollout.Ending) {
			e.Reason = rollout.Reason{Code: rollout.ReasonHeld, Detail: "checkout-41"}
		}),
		"cancelled_orphan_gone": ending(rollout.Cancelled, func(e *rollout.Ending) {
			e.Reason = rollout.Reason{Code: rollout.ReasonOrphanGone}
		}),
		"abandoned": special()["abandoned"],
	}
}

func TestRollbackMakesSenseOnALockScreen(t *testing.T) {
	m := replies()["reply_ended_rolled_back"]
	const want = "checkout v1.2.4 (production) rolled back: errors 5.1 %, limit 1 %. 100 % on v1.2.3 since 23 Nov 2026 14:09:48 UTC. Look into v1.2.4: /canary why checkout-42"
	if m.Text != want {
		t.Errorf("got  %s\nwant %s", m.Text, want)
	}
}

// Two bots of one workspace have a command each: what people are told to type must reach the one that tells it.
func TestTheEndNamesTheCommandAsItIsConfigured(t *testing.T) {
	for outcome, want := range map[rollout.Outcome]string{
		rollout.RolledBack: "/canary-staging why checkout-42", rollout.Succeeded: "/canary-staging rollback checkout",
	} {
		r := ending(outcome, nil)
		e := rollout.Entry{Kind: rollout.EntryEnded, Data: rollout.Data{Ending: &r.Ending}}
		m, _ := view.Reply(r, e, view.Audience{Command: "/canary-staging"}, permalink)
		if !strings.Contains(m.Text, want) || strings.Contains(m.Text, "/canary ") {
			t.Errorf("%s: %s", outcome, m.Text)
		}
	}
}

// Phones show the text of a notification, desktops the first words of its blocks. So the text of each reply begins with the
// service and its version, and so do the blocks of those that call somebody, or are shown in the channel.
func TestReplyNamesTheRolloutOnALockScreen(t *testing.T) {
	begins := regexp.MustCompile(`^(🐤|✅|⏳|⚠️|⏪|❌|❓|⏸|🌙|ℹ️)? ?\*?checkout v1\.2\.\d \(production\)`)
	calls := regexp.MustCompile(`<!subteam`) // each of those that call has a group here
	for name, m := range replies() {
		if !begins.MatchString(m.Text) {
			t.Errorf("%s makes no sense alone: %s", name, m.Text)
		}
		for _, blocks := range [][]string{texts(m)[1:], texts(view.Message{Blocks: m.Native})[1:]} {
			if all := strings.Join(blocks, "\n"); (m.Broadcast || calls.MatchString(all)) && all != "" && !begins.MatchString(blocks[0]) {
				t.Errorf("%s makes no sense on a desktop's notification: %s", name, blocks[0])
			}
		}
	}
}

// What quiet hours held back is told in one reply, and its question calls whom it would have called.
func TestWhatWasHeldBackIsToldOnce(t *testing.T) {
	all, r := entries(), in(rollout.Awaiting)
	asked := all["asked"]
	to := view.Audience{Approvers: []string{"U0LAN0Z89"}, Notify: rollout.Notify{Waits: []string{"S0WATCHES", "S0GONE"}}, Gone: []string{"S0GONE"}}
	for name, test := range map[string]struct {
		entries  []rollout.Entry
		question *rollout.Entry
		lines    int // that have a time in front
		calls    int
		ok       bool
	}{
		"progress":                        {[]rollout.Entry{all["started"], all["step"], all["paused"]}, nil, 3, 0, true},
		"progress and a question":         {[]rollout.Entry{all["started"], all["step"]}, &asked, 2, 1, true},
		"a reminder of the same question": {[]rollout.Entry{all["step"], all["reminded"]}, &asked, 1, 1, true},
		"the question alone":              {[]rollout.Entry{all["reminded"]}, &asked, 0, 1, true},
		"nothing that is told":            {[]rollout.Entry{all["verdict_failing"]}, nil, 0, 0, false},
	} {
		m, ok := view.Held(r, test.entries, test.question, func(e rollout.Entry) (view.Message, bool) { return view.Reply(r, e, to, permalink) })
		shown := strings.Join(texts(m), "\n")
		lines, calls := strings.Count(shown, "<!date^1"), strings.Count(shown, "<@U0LAN0Z89> <!subteam^S0WATCHES>")
		if test.question != nil {
			lines-- // until when it may be answered
		}
		if ok != test.ok || ok && lines != test.lines || calls != test.calls || m.Broadcast || strings.Contains(shown, "S0GONE") {
			t.Errorf("%s: %t, %d lines, %d calls\n%s", name, ok, lines, calls, shown)
		}
		if ok && !strings.HasPrefix(m.Text, "checkout v1.2.4 (production)") {
			t.Errorf("%s on a lock screen: %s", name, m.Text)
		}
	}
}

func TestBroadcastOnlyWhatTheChannelHasToKnow(t *testing.T) {
	for name, m := range replies() {
		loud := strings.HasPrefix(name, "reply_asked_orphan") || name == "reply_ended_rolled_back_person" || name == "reply_ended_gate_given" ||
			name == "reply_requested_emergency" || name == "reply_held_on_fail"
		for _, prefix := range []string{"reply_reminded", "reply_stuck", "reply_rolling_back", "reply_doubt_failed"} {
			loud = loud || strings.HasPrefix(name, prefix)
		}
		if m.Broadcast != loud {
			t.Errorf("%s: broadcast is %t", name, m.Broadcast)
		}
	}
}

// A rollback is told to the channel once: when it begins, by the bot itself or by a person.
func TestTheChannelHearsOfARollbackOnce(t *testing.T) {
	r := ending(rollout.RolledBack, nil)
	for _, why := range []rollout.ReasonCode{
		rollout.ReasonPerson, rollout.ReasonAnnotation, rollout.ReasonReplaced, rollout.ReasonCheck, rollout.ReasonCanary, rollout.ReasonStable,
		rollout.ReasonDeadline, rollout.ReasonUnanswered, rollout.ReasonUnknown, rollout.ReasonWeightZero, rollout.ReasonRouteGone,
		rollout.ReasonCanaryGone, rollout.ReasonServiceGone, rollout.ReasonImageDiffers, rollout.ReasonWriteRefused,
	} {
		r.Ending.Reason = rollout.Reason{Code: why}
		begins, told := view.Reply(r, rollout.Entry{Kind: rollout.EntryPhase, Data: rollout.Data{To: rollout.RollingBack, Reason: r.Ending.Reason}}, view.Audience{}, permalink)
		ends, _ := view.Reply(r, rollout.Entry{Kind: rollout.EntryEnded, Data: rollout.Data{Ending: &r.Ending}}, view.Audience{}, permalink)
		if told != begins.Broadcast || begins.Broadcast == ends.Broadcast {
			t.Errorf("%s: its beginning is told: %t, in the channel: %t; its end in the channel: %t", why, told, begins.Broadcast, ends.Broadcast)
		}
	}
}

func TestAnAutomaticRollbackCallsWhomItConcerns(t *testing.T) {
	pipeline := in(rollout.RollingBack)
	pipeline.Request.By = rollout.Actor{Kind: rollout.Pipeline, ID: "ci"}
	for name, c := range map[string]struct {
		r      rollout.Rollout
		onCall []string
		want   string
	}{
		"who asked for it":        {in(rollout.RollingBack), nil, "<@U024BE7LH>"},
		"and who is on call":      {in(rollout.RollingBack), []string{"S0614TZR7", "W0BBB"}, "<@U024BE7LH> <!subteam^S0614TZR7> <@W0BBB>"},
		"nobody twice":            {in(rollout.RollingBack), []string{"U024BE7LH"}, "<@U024BE7LH>"},
		"a pipeline has no phone": {pipeline, []string{"S0614TZR7"}, "<!subteam^S0614TZR7>"},
	} {
		m, _ := view.Reply(c.r, entries()["rolling_back"], view.Audience{Approvers: []string{"U0LAN0Z89"}, Notify: rollout.Notify{RolledBack: c.onCall}}, permalink)
		if lines := strings.Split(texts(m)[1], "\n"); lines[len(lines)-1] != c.want {
			t.Errorf("%s: got %q, want %q at the end", name, lines, c.want)
		}
	}
}

func TestApproversAreCalledOnceAndWhereAPersonIsAsked(t *testing.T) {
	for name, e := range entries() {
		m, _ := view.Reply(baking(), e, view.Audience{Approvers: []string{"U0LAN0Z89"}}, permalink)
		want := 0
		if e.Kind == rollout.EntryAsked || e.Kind == rollout.EntryDrift || e.Kind == rollout.EntryStuck {
			want = 1
		}
		if got := strings.Count(string(raw(t, m)), "@U0LAN0Z89"); got != want {
			t.Errorf("%s calls the approvers %d times, want %d", name, got, want)
		}
	}
}

func TestEveryKindOfEntryIsTold(t *testing.T) {
	told := replies()
	for name := range entries() {
		if _, ok := told["reply_"+name]; ok == silent[name] {
			t.Errorf("%s is told: %t", name, ok)
		}
	}
}
