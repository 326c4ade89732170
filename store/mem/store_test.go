package mem_test

import (
	"testing"

	"canarybot.io/store/mem"
	"canarybot.io/store/storetest"
)

func TestConformance(t *testing.T) {
	stores := map[string]*mem.Store{} // what a disk is to others
	storetest.Run(t, func(_ testing.TB, dir string) storetest.Store {
		if stores[dir] == nil {
			stores[dir] = mem.New(mem.Options{})
		}
		return stores[dir]
	})
}
