package storetest

import (
	"errors"

	"canarybot.io/rollout"
	"canarybot.io/store"
)

func serviceCases() []testCase {
	return []testCase{
		{"a live rollout holds its service until it has ended", heldWhileLive},
		{"two that are queued hold nothing", func(b *bed) {
			b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			b.one(Move(Queued("checkout", 2), rollout.Queued, Epoch()))
			b.holder("checkout", "")
		}},
		{"a service changes hands in one commit, in any order", func(b *bed) {
			a := b.one(Move(Queued("checkout", 1), rollout.Releasing, Epoch()))
			z := b.one(Move(Queued("checkout", 2), rollout.Queued, Epoch()))
			z = b.commit(Move(z, rollout.Preparing, Epoch()), Move(a, rollout.Ended, Epoch()))[0]
			b.holder("checkout", "checkout-2")
			b.commit(Move(z, rollout.Ended, Epoch()), Move(Queued("checkout", 3), rollout.Preparing, Epoch()))
			b.holder("checkout", "checkout-3")
		}},
		{"two in one commit cannot take the same service", func(b *bed) {
			b.held("checkout-1", Move(Queued("checkout", 1), rollout.Preparing, Epoch()),
				Move(Queued("checkout", 2), rollout.Preparing, Epoch()))
			b.holder("checkout", "")
		}},
		{"services do not know each other", func(b *bed) {
			b.one(Move(Queued("a", 1), rollout.Preparing, Epoch()))
			b.one(Move(Queued("a-1", 1), rollout.Preparing, Epoch()))
			b.holder("a", "a-1")
			b.holder("a-1", "a-1-1")
			if got, err := b.History(b.Context(), "a", 10); len(got) != 1 || err != nil {
				b.Fatalf("the history of a has %d rollouts, %v", len(got), err)
			}
		}},
		{"numbers count per service and go on after opening again", func(b *bed) {
			for n := 1; n <= 3; n++ {
				if got, err := b.NextNumber(b.Context(), "checkout"); got != n || err != nil {
					b.Fatalf("the next number is %d, %v; want %d", got, err, n)
				}
				b.one(Move(Queued("checkout", n), rollout.Ended, Epoch()))
				b.reopen()
			}
			if got, err := b.NextNumber(b.Context(), "payments"); got != 1 || err != nil {
				b.Fatalf("the next number of another service is %d, %v", got, err)
			}
		}},
		{"the newest ended rollouts stay, with all that is open", retention},
		{"timelines stay for longer than their rollouts, and not for ever", timelines},
		{"the judge's state stays with the last success alone", judged},
	}
}

func heldWhileLive(b *bed) {
	var r rollout.Rollout
	waiting := b.one(Move(Queued("checkout", 2), rollout.Queued, Epoch()))
	r = b.one(Move(Queued("checkout", 3), rollout.Queued, Epoch()))
	for _, p := range rollout.Phases() {
		if !p.Live() {
			continue
		}
		r = b.one(Move(r, p, Epoch()))
		b.reopen()
		b.holder("checkout", r.ID)
		b.held(r.ID, Move(waiting, rollout.Preparing, Epoch()))
	}
	b.one(Move(r, rollout.Ended, Epoch()))
	b.reopen()
	b.holder("checkout", "")
	b.one(Move(waiting, rollout.Preparing, Epoch()))
	b.holder("checkout", waiting.ID)
}

func (b *bed) held(by rollout.ID, changes ...rollout.Change) {
	b.Helper()
	err := b.Commit(b.Context(), changes...)
	var held *rollout.HeldError
	if !errors.As(err, &held) || held.Holder != by || held.Service != changes[0].Rollout.Service {
		b.Fatalf("commit: got %v, want that %s holds the service", err, by)
	}
}

func (b *bed) holder(service rollout.ServiceName, want rollout.ID) {
	b.Helper()
	if got, err := b.Holder(b.Context(), service); got != want || err != nil {
		b.Fatalf("the holder of %s is %q, %v; want %q", service, got, err, want)
	}
}

func retention(b *bed) {
	open := b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
	var many []rollout.Change
	for n := 2; n <= store.Keep+1; n++ {
		many = append(many, Move(Queued("checkout", n), rollout.Ended, Epoch()))
	}
	b.commit(many...)
	if err := errors.Join(b.PutNote(b.Context(), "card", "checkout-2", []byte("x")),
		b.PutNote(b.Context(), "card", "checkout-3", []byte("y"))); err != nil {
		b.Fatal(err)
	}
	b.load("checkout-2")
	b.one(Move(Queued("payments", 1), rollout.Ended, Epoch()))
	b.one(Move(Queued("checkout", store.Keep+2), rollout.Ended, Epoch()))
	b.reopen()
	if _, err := b.Load(b.Context(), "checkout-2"); rollout.CodeOf(err) != rollout.NotFound {
		b.Fatalf("load: got %v, want not found", err)
	}
	if left, err := b.Timeline(b.Context(), "checkout-2", 0); len(left) != 1 || err != nil {
		b.Fatalf("its timeline has %d entries, %v: it stays longer", len(left), err)
	}
	if notes, err := b.Notes(b.Context(), "card"); len(notes) != 1 || string(notes["checkout-3"]) != "y" || err != nil {
		b.Fatalf("the notes are %q, %v", notes, err)
	}
	all, err := b.History(b.Context(), "checkout", 2*store.Keep)
	if len(all) != store.Keep+1 || err != nil || all[store.Keep].ID != open.ID || all[store.Keep-1].ID != "checkout-3" {
		b.Fatalf("%d rollouts are left, %v", len(all), err)
	}
	b.refused(rollout.Conflict, Move(Queued("checkout", 2), rollout.Ended, Epoch()))
}

func timelines(b *bed) {
	const kept = store.Timelines * store.Keep
	for from := 1; from <= kept+10; from += 100 {
		var many []rollout.Change
		for n := from; n < from+100 && n <= kept+10; n++ {
			many = append(many, Move(Queued("checkout", n), rollout.Ended, Epoch()))
		}
		b.commit(many...)
	}
	for n, want := range map[int]int{1: 0, 10: 0, 11: 1, kept: 1} {
		if got, err := b.Timeline(b.Context(), rollout.NewID("checkout", n), 0); len(got) != want || err != nil {
			b.Errorf("the timeline of %d has %d entries, %v; want %d", n, len(got), err, want)
		}
	}
}

func judged(b *bed) {
	end := func(n int, outcome rollout.Outcome) {
		r := Queued("checkout", n)
		r.Judge = rollout.StoredJudgeState([]byte("what pods are like"))
		r.Original.Stable.Image = "registry.example.com/shop/checkout:v1.2.3"
		r = b.one(Move(r, rollout.Baking, Epoch()))
		r.Ending.Outcome = outcome
		b.one(Move(r, rollout.Ended, Epoch()))
	}
	has := func(n int) bool { return len(b.load(rollout.NewID("checkout", n)).Judge.Bytes()) > 0 }
	end(1, rollout.Succeeded)
	end(2, rollout.RolledBack)
	if !has(1) || has(2) {
		b.Errorf("the success has it: %t, what was rolled back: %t", has(1), has(2))
	}
	end(3, rollout.Succeeded)
	b.reopen()
	open := Queued("checkout", 4)
	open.Judge = rollout.StoredJudgeState([]byte("what pods are like"))
	b.one(Move(open, rollout.Baking, Epoch()))
	if has(1) || has(2) || !has(3) || !has(4) {
		b.Errorf("have it: %t %t %t %t", has(1), has(2), has(3), has(4))
	}
}
