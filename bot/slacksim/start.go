package slacksim

// TB is the part of testing.TB that Start needs; declared here so that programs
// which embed the simulator do not link the testing package.
type TB interface {
	Helper()
	Cleanup(func())
	Errorf(format string, args ...any)
}

// Start serves a new simulator in memory for one test, in or out of a synctest
// bubble. When the test ends it closes the simulator and fails the test for each
// violation that was neither Expected nor Allowed.
func Start(t TB, opts Options) *Sim {
	t.Helper()
	s := New(opts)
	done := make(chan error, 1)
	go func() { done <- s.Serve(s.Listener()) }()
	t.Cleanup(func() {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Errorf("close the simulated Slack: %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("%v", err)
		}
		for _, complaint := range s.testFailures() {
			t.Errorf("%s", complaint)
		}
	})
	return s
}
