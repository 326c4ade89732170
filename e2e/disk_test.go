package e2e_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"canarybot.io/e2e/install"
	"canarybot.io/e2e/node"
	"canarybot.io/e2e/shop"
	"canarybot.io/e2e/world"
)

// testFullDisk fills the volume under the bot in a bake, restarts the bot on it, and breaks the canary: it is off traffic as
// soon as ever, the rollback is saved in the room that is kept for ends, and with room again everything works.
func testFullDisk(t *testing.T, w *world.World) {
	app := shop.Checkout("full-disk")
	app.Repository += "-full-disk"
	w.Install(t, app)
	volume := t.TempDir()
	if err := syscall.Mount("tmpfs", volume, "tmpfs", 0, "size=8m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(volume, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := setOn(t, w, app, install.Options{Volume: volume})
	card := s.bot.Deploy(app.Name, next)
	card.Shows(time.Minute, "Waiting for a person", "5 % of traffic")

	ballast := filepath.Join(volume, "somebody-elses")
	fill(t, ballast)
	s.bot.Kill()
	s.bot.Run()
	if err := w.Images.Behave(app.Image(next), node.Behaviour{Errors: 0.5}); err != nil {
		t.Fatal(err)
	}
	broken := time.Now()
	off := s.weights.becomes(t, broken, 0)
	t.Logf("weight 0 accepted %s after half of the requests began to fail", off.Sub(broken).Round(10*time.Millisecond))
	card.Shows(time.Minute, "Rolled back", "100 % on "+current)
	s.before.restored(t, w, app, current)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	again := s.bot.Command(install.OnCall, "deploy "+app.Name+" v1.2.5 --auto")
	again.Shows(time.Minute, "Succeeded", "100 % on v1.2.5")
	s.noRepeats(card)
	t.Logf("what people saw:\n%s", s.bot.Slack.Transcript(install.Channel))
}

// fill writes a file until its volume is full.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
