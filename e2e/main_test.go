package e2e_test

import (
	"testing"

	"canarybot.io/e2e/world"
)

func TestMain(m *testing.M) { world.Main(m) }
