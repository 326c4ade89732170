package rollout

// This file is what the explorer does where somebody else writes stable: a repository that takes commits, loses answers and
// is away, whatever applies it, and whatever waits at a gate.

// others is what promotes in the place of the rollout.
type others struct {
	wish     GitWish  // of the last reconcile
	passed   bool     // evidence passed when the promotion was wished for
	facts    GitState // as the process has them
	promoted bool     // the repository has the promotion
	reverted bool
	late     bool // a push is under way that nobody waits for any more
	open     bool // the gate was open once
}

// image is what the repository says.
func (o others) image() string {
	if o.promoted && !o.reverted {
		return newImage
	}
	return oldImage
}

// read is the repository's answer to the wish.
func (o others) read() GitState {
	g := GitState{At: epoch, Wish: o.wish, Image: o.image()}
	if o.promoted {
		g.Promotion.Hash = "p"
	}
	if o.reverted {
		g.Revert.Hash = "r"
	}
	return g
}

// wished notes what the reconcile wants of the others, and ages what is known of Git by the time that it took.
func (s *state) wished(x run, f Facts, result Result) {
	if x.by == ByPatch {
		return
	}
	s.others.wish = WishOf(s.r, f)
	s.others.passed = result == Pass || !s.r.judged().DemandsEvidence()
	s.others.open = s.others.open || s.r.MayGoOn()
	if !s.others.facts.At.IsZero() {
		s.others.facts.At = aged(s.others.facts.At)
	}
}

// promoters are the steps of the others.
func (x run) promoters(s state) []step {
	if x.by == ByPatch {
		return nil
	}
	var all []step
	add := func(label string, holds bool, do func(s *state) string) {
		if holds {
			t := step{label: label, to: s}
			t.err = do(&t.to)
			all = append(all, t)
		}
	}
	o := s.others
	wants := o.wish == WantPromotion && !o.promoted || o.wish == WantRevert
	add("git does what is wanted", wants, func(s *state) string {
		err := s.push(x)
		s.others.facts = s.others.read()
		return err
	})
	add("git does it, and the process dies", wants, func(s *state) string {
		err := s.push(x)
		*s = x.crash(*s).to
		return err
	})
	add("a push is cut off, and the process dies", wants && o.wish == WantPromotion && s.left.late > 0 && !o.late, func(s *state) string {
		s.left.late--
		s.others.late = true
		*s = x.crash(*s).to
		return ""
	})
	young := s.r.Phase.Forward() || s.r.Phase == RollingBack && s.r.Spans.Ending < s.r.gitPatience() // as rollout.Repository promises
	add("the push that was cut off lands", o.late && !o.promoted && young, func(s *state) string {
		s.others.late, s.others.promoted = false, true
		if s.r.Phase >= Cleaning && s.r.Ending.Outcome == RolledBack {
			return "invariant 7: a push that began before the rollback landed after it"
		}
		return ""
	})
	add("the push that was cut off is lost", o.late, func(s *state) string { s.others.late = false; return "" })
	add("git is away", wants && s.left.faults > 0, func(s *state) string {
		s.left.faults--
		s.others.facts = GitState{At: epoch, Wish: s.others.wish, Unreadable: Text("away")}
		return ""
	})
	add("git refuses", wants && o.wish == WantPromotion && s.left.faults > 0, func(s *state) string {
		s.left.faults--
		s.others.facts = GitState{At: epoch, Wish: s.others.wish, Image: s.others.image(), Refused: Text("no such key")}
		return ""
	})
	written := x.by == ByGit && s.w.Stable.Exists && !s.foreign[byStable] && s.w.Stable.Image != o.image()
	add("the repository is applied", written, func(s *state) string { s.write(s.others.image()); return "" })
	add("the gate's caller writes stable", x.by == ByGate && o.open && s.w.Stable.Image == oldImage && !s.foreign[byStable], func(s *state) string {
		s.others.open = false
		s.write(newImage)
		return ""
	})
	return all
}

// push does what is wanted of the repository.
func (s *state) push(x run) string {
	o := &s.others
	switch {
	case o.wish == WantPromotion && !o.passed && x.plan[len(x.plan)-1].Bake > 0:
		return "invariant 4: the promotion was committed to Git without passing evidence"
	case o.wish == WantPromotion:
		o.promoted = true
	case o.promoted:
		o.reverted = true
	}
	return ""
}

// write is somebody else's write of stable's image.
func (s *state) write(image string) {
	s.setStable(image)
	fresh(&s.w.Stable.Meta)
}

// illegalPromotion checks what must hold where others write stable.
func (x run) illegalPromotion(s state) string {
	if x.by == ByPatch {
		return ""
	}
	for _, p := range s.pending {
		if p.Object == StableDeployment && p.Image != "" {
			return "stable was patched although others write it"
		}
	}
	if s.r.Phase == Ended && s.r.Ending.Outcome == RolledBack && x.by == ByGit && s.others.image() == newImage && s.r.StableWritten {
		return "invariant 8: rolled back, and Git still has the promotion"
	}
	return ""
}
