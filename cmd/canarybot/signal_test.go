package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestMain makes the test's own binary the program, where a test runs it as one.
func TestMain(m *testing.M) {
	if os.Getenv("CANARYBOT_IS_THE_PROGRAM") == "yes" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ServeHTTP serves the bot over real sockets, for a real process.
func (b *fakeBot) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	response := b.serve(request)
	defer response.Body.Close()
	w.Header().Set("Content-Type", response.Header.Get("Content-Type"))
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body) // the client may be gone
}

// What a signal does to a process that waits, and to its rollout.
func TestSignals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		signal syscall.Signal
		args   []string
		code   int // -1: it died of it
		phase  string
	}{
		"interrupted":              {syscall.SIGINT, nil, 3, "baking"},
		"interrupted, taken back":  {syscall.SIGINT, []string{"--on-interrupt=rollback"}, 3, "rolling_back"},
		"terminated":               {syscall.SIGTERM, nil, 3, "baking"},
		"terminated, taken back":   {syscall.SIGTERM, []string{"--on-interrupt=rollback"}, 3, "rolling_back"},
		"killed, and not told why": {syscall.SIGKILL, []string{"--on-interrupt=rollback"}, -1, "baking"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bot, waits := newFakeBot(), make(chan struct{}, 100)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
				if request.URL.Query().Has("wait") {
					waits <- struct{}{}
				}
				bot.ServeHTTP(w, request)
			}))
			defer server.Close()
			cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"deploy", "checkout", "v1.2.4", "--wait", "--server", server.URL}, tt.args...)...)
			cmd.Env = []string{"CANARYBOT_IS_THE_PROGRAM=yes", "CANARYBOT_TOKEN=secret-token", "CI=true", "HOME=" + t.TempDir()}
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			<-waits
			if err := cmd.Process.Signal(tt.signal); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait() // the code says how it ended
			if code := cmd.ProcessState.ExitCode(); code != tt.code {
				t.Errorf("it ended with %d, want %d: %s", code, tt.code, said.String())
			}
			if phase := bot.state("checkout-42").Phase; phase != tt.phase {
				t.Errorf("the rollout is %s, want %s: %s", phase, tt.phase, said.String())
			}
			if strings.Contains(said.String(), "secret-token") {
				t.Errorf("the token is shown: %s", said.String())
			}
		})
	}
}

// A word that is no command ends with the code for bad input, and not with the one for a rollback.
func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{"deply", "checkout", "v1.2.4"}, {"--wiat"}} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		cmd.Env = []string{"CANARYBOT_IS_THE_PROGRAM=yes"}
		if out, err := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != int(exitRefused) || len(out) == 0 {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}
