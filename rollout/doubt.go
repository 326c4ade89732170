package rollout

// Doubt says what a check asks for whose evidence shows that the canary is different, where that may be shared with
// stable, passing, one pod's own, or small: such a canary is held, not rolled back.
type Doubt string

// The doubts. The zero value is none.
const (
	NoDoubt    Doubt = ""
	DoubtWaits Doubt = "waiting" // it may clear by itself: held, and nobody is asked yet
	DoubtAsks  Doubt = "ask"     // a person decides
)

// OnDoubt says what follows where a check would ask people.
type OnDoubt string

// What may follow. The zero value is AskOnDoubt in effect.
const (
	AskOnDoubt      OnDoubt = "ask"
	RollbackOnDoubt OnDoubt = "rollback" // the check fails
	WaitOnDoubt     OnDoubt = "wait"     // held until it clears, and asked about as any other unknown evidence
)

// Acceptance names a doubt about one check: what people are asked to accept, and what a person said is fine.
type Acceptance struct {
	Check string `json:"check"`
	Why   Why    `json:"why"`
}

// InDoubt reports whether the evidence is in a doubt that counts: of a check that decides.
func (e Evidence) InDoubt() bool { return e.Result == Unknown && e.Doubt != NoDoubt && !e.DryRun }

// Doubts returns the evidence that is in doubt, in the order of the checks. What only informs does not count.
func (v Verdict) Doubts() []Evidence {
	var all []Evidence
	for _, e := range v.Evidence {
		if e.InDoubt() {
			all = append(all, e)
		}
	}
	return all
}

// Asks returns the evidence in doubt that a person has to decide about; ok is false where there is none.
func (v Verdict) Asks() (Evidence, bool) {
	for _, e := range v.Evidence {
		if e.Doubt == DoubtAsks && !e.DryRun {
			return e, true
		}
	}
	return Evidence{}, false
}
