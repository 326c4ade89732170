// Package storetest is the suite that every store of rollouts must pass: cases for each sentence of rollout.Store, and
// a random machine that compares a store with a model and reopens it after every step.
//
// The test of a new store is one function:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(tb testing.TB, dir string) storetest.Store {
//			s, err := mystore.Open(tb.Context(), filepath.Join(dir, "store"))
//			if err != nil {
//				tb.Fatal(err)
//			}
//			return s
//		})
//	}
//
// The suite closes what it opened. Opening the same directory again must find what was stored.
package storetest
