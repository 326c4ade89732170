package rollout

// This file is what the explorer does while the store refuses: the store may stop and start to commit between any two
// events, and the process may die meanwhile.

// memory is the rollout as the process has it.
func (s state) memory() Rollout {
	if s.ahead != nil {
		return *s.ahead
	}
	return s.r
}

// outage lets the store refuse, or be well again: then what was kept in memory is committed.
func (x run) outage(s state) []step {
	var all []step
	if !s.out && s.left.outages > 0 && !s.r.Terminal() {
		t := step{label: "the store refuses", to: s}
		t.to.left.outages--
		t.to.out = true
		all = append(all, t)
	}
	if s.out {
		t := step{label: "the store is well", to: s}
		t.to.out, t.to.ahead = false, nil
		if s.ahead != nil {
			t.to.r = committed(*s.ahead)
			t.err = x.illegal(s.r, t.to)
		}
		all = append(all, t)
	}
	if s.ahead != nil && len(s.pending) == 0 {
		all = append(all, x.crash(s))
	}
	return all
}

// reconcileDegraded is a reconcile of the process in memory.
func (x run) reconcileDegraded(s state, v Verdict) step {
	t := step{label: "reconcile without the store, " + string(v.Result), to: s}
	if v.Evidence != nil {
		t.to.left.doubts--
	}
	t.to.reconcileInMemory(v, x)
	before, after := s.memory(), t.to.memory()
	judged := !before.WeightAckedAt.IsZero() && before.Phase.Forward() && before.Spec.Plan.DemandsEvidence()
	switch {
	case Invariant(after) != "":
		t.err = Invariant(after)
	case after.Phase.Forward() && after.Step > before.Step, after.Phase == Promoting && before.Phase != Promoting:
		t.err = "invariant 21: moved forward while the store refuses"
	case v.Result == Fail && judged && !t.to.relieved(x):
		t.err = "invariant 21: a canary beyond its limit keeps its traffic while the store refuses"
	}
	return t
}

// reconcileInMemory is the reconcile itself.
func (s *state) reconcileInMemory(v Verdict, x run) {
	before := s.memory()
	f := Facts{Now: epoch.Add(unit), Observed: s.w, Git: s.others.facts, Frozen: s.freeze()}
	if !before.WeightAckedAt.IsZero() {
		v.Since, v.At = before.WeightAckedAt, f.Now
		f.Verdict = v
	}
	after, _, _ := Degraded(before, f)
	if x.wrong.noStore {
		after = before
	}
	revision := after.Revision
	after = committed(after)
	after.Revision = revision // it is not
	s.ahead = &after
	var writes []Write
	switch {
	case after.Phase.Ending() && after.Phase == s.r.Phase:
		writes = Writes(after, f)
	case after.Phase == RollingBack:
		writes = UnsavedWrites(after, f)
	}
	s.pending = nil
	for _, w := range writes {
		s.pending = append(s.pending, sent{Write: w, phase: after.Phase, seen: s.w, evidence: v.Result, stored: s.r.Verdict.Result, size: after.Size})
	}
}

// relieved reports whether the process comes to take the canary off traffic when nothing else happens, as far as stable
// can take it.
func (s state) relieved(x run) bool {
	for range 4 {
		for _, p := range s.pending {
			s.apply(p)
		}
		s.reconcileInMemory(Verdict{Result: Fail}, x)
	}
	return s.w.Route.share() == 0 || weightWaits(s.memory(), s.w)
}

// arriveDegraded is a decision that cannot be saved: only a rollback is taken, into memory.
func (x run) arriveDegraded(t step, d Decision) step {
	before := t.to.memory()
	after, _, err := Decide(before, d, everybody)
	if err != nil || after.Phase != RollingBack || before.Phase == RollingBack {
		return t
	}
	revision := after.Revision
	after = committed(after)
	after.Revision = revision
	t.to.ahead, t.to.pending = &after, nil
	return t
}
