package bolt_test

import (
	"path/filepath"
	"testing"

	"canarybot.io/store/bolt"
	"canarybot.io/store/storetest"
)

func TestConformance(t *testing.T) {
	storetest.Run(t, func(tb testing.TB, dir string) storetest.Store {
		s, err := bolt.Open(tb.Context(), filepath.Join(dir, "canarybot.db"), bolt.WithoutSync(bolt.Options{}))
		if err != nil {
			tb.Fatal(err)
		}
		return s
	})
}
