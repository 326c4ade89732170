package storetest

import (
	"errors"
	"fmt"
	"sync"

	"canarybot.io/rollout"
)

func togetherCases() []testCase {
	return []testCase{
		{"of many that change one rollout each revision has one winner", oneWinner},
		{"of many that create the same number one wins", func(b *bed) {
			errs := race(16, func(int) error {
				return b.Commit(b.Context(), Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			})
			b.won(errs, 1, func(err error) bool { return rollout.CodeOf(err) == rollout.Conflict })
		}},
		{"of many that take one service one wins", func(b *bed) {
			errs := race(16, func(i int) error {
				return b.Commit(b.Context(), Move(Queued("checkout", 100-i), rollout.Preparing, Epoch()))
			})
			b.won(errs, 1, func(err error) bool {
				var held *rollout.HeldError
				return errors.As(err, &held) || rollout.CodeOf(err) == rollout.Conflict
			})
		}},
		{"of many that bring one decision one wins", func(b *bed) {
			errs := race(16, func(i int) error {
				r := Queued(rollout.ServiceName(fmt.Sprintf("s%d", i)), 1)
				return b.Commit(b.Context(), Decided(Move(r, rollout.Preparing, Epoch()), "slack:1"))
			})
			b.won(errs, 1, func(err error) bool { return errors.Is(err, rollout.ErrDecided) })
		}},
		{"what does not meet succeeds, whoever fails beside it", func(b *bed) {
			b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
			errs := race(32, func(i int) error {
				r := Queued(rollout.ServiceName(fmt.Sprintf("s%d", i)), 1)
				if i%2 == 1 {
					r = Queued("checkout", 1)
				}
				return b.Commit(b.Context(), Move(r, rollout.Preparing, Epoch()))
			})
			b.won(errs, 16, func(err error) bool { return rollout.CodeOf(err) == rollout.Conflict })
		}},
	}
}

// race runs n calls at once and returns the result of each.
func race(n int, run func(i int) error) []error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = run(i) })
	}
	wg.Wait()
	return errs
}

// won checks that so many succeeded and the others failed as expected; both must hold after reopening.
func (b *bed) won(errs []error, want int, expected func(error) bool) {
	b.Helper()
	before, err := b.Open(b.Context(), "")
	if err != nil {
		b.Fatal(err)
	}
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
		} else if !expected(err) {
			b.Errorf("a loser got %v", err)
		}
	}
	b.reopen()
	if after, err := b.Open(b.Context(), ""); won != want || len(after) != len(before) || err != nil {
		b.Fatalf("%d won, want %d; %d rollouts were open, %d are now, %v", won, want, len(before), len(after), err)
	}
}

func oneWinner(b *bed) {
	const writers, each = 8, 20
	b.one(Move(Queued("checkout", 1), rollout.Queued, Epoch()))
	errs := race(writers, func(int) error {
		for won := 0; won < each; {
			r, err := b.Load(b.Context(), "checkout-1")
			if err != nil {
				return err
			}
			switch err := b.Commit(b.Context(), Move(r, rollout.Baking, Epoch())); {
			case err == nil:
				won++
			case rollout.CodeOf(err) != rollout.Conflict:
				return err
			}
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		b.Fatal(err)
	}
	b.reopen()
	r := b.load("checkout-1")
	if want := rollout.Revision(writers*each + 1); r.Revision != want || r.Seq != int(want) {
		b.Fatalf("revision %d with %d entries; want %d of each", r.Revision, r.Seq, want)
	}
}
