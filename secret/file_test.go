package secret_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"canarybot.io/secret"
)

// write writes the file and makes it so old that nobody writes to it any more.
func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	age(t, path, time.Hour)
}

func age(t *testing.T, path string, old time.Duration) {
	t.Helper()
	at := time.Now().Add(-old)
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, f *secret.File, want string) {
	t.Helper()
	if got, err := f.Read(); err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// Whatever a path names, reading returns at once, with one sentence that quotes nothing.
func TestWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		make func(path string) error
		want string
	}{
		"absent":       {func(string) error { return nil }, "no such file"},
		"a directory":  {func(p string) error { return os.Mkdir(p, 0o700) }, "is a directory, not a file"},
		"a named pipe": {func(p string) error { return syscall.Mkfifo(p, 0o600) }, "is a named pipe, not a file"},
		"a link to a named pipe": {func(p string) error {
			return errors.Join(syscall.Mkfifo(p+"-pipe", 0o600), os.Symlink(p+"-pipe", p))
		}, "is a named pipe, not a file"},
		"an endless device": {func(p string) error { return os.Symlink("/dev/zero", p) }, "is a device, not a file"},
		"a terminal":        {func(p string) error { return os.Symlink("/dev/ptmx", p) }, "is a device, not a file"},
		"a link to nothing": {func(p string) error { return os.Symlink(p+"-gone", p) }, "no such file"},
		"a link to itself":  {func(p string) error { return os.Symlink(p, p) }, "too many levels of symbolic links"},
		"a socket": {func(p string) error {
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", p)
			if err == nil {
				t.Cleanup(func() { l.Close() })
			}
			return err
		}, "no such device or address"},
		"empty":            {content(""), "is empty"},
		"a line break":     {content("\r\n"), "is empty"},
		"huge":             {content(strings.Repeat("xox", 1<<20)), "is larger than any secret"},
		"longer than any":  {content(strings.Repeat("xox", 4<<10)), "is longer than any token"},
		"binary":           {content("xoxb\x00\x01\xfe"), "is not one word"},
		"two lines":        {content("xoxb-1\r\nxoxb-2\r\n"), "is not one word"},
		"in UTF-16":        {content("\xff\xfex\x00o\x00x\x00"), "is not one word"},
		"with a BOM":       {content("\xef\xbb\xbfxoxb-1"), "begins with a byte order mark"},
		"with a soft mark": {content("xoxb-\u200b1"), "is not one word"},
		"an assignment":    {content("SLACK_BOT_TOKEN = xoxb-1"), "is not one word"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t")
			if err := tt.make(path); err != nil {
				t.Fatal(err)
			}
			_, err := secret.NewFile(path, secret.Word, nil).Read()
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Count(err.Error(), path) != 1 {
				t.Errorf("got %v, want %q of %s", err, tt.want, path)
			}
			if err != nil && (strings.Contains(err.Error(), "xox") || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%q quotes the file", err)
			}
		})
	}
}

func content(text string) func(string) error {
	return func(path string) error { return os.WriteFile(path, []byte(text), 0o600) }
}

func TestWithoutPermission(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t")
	write(t, path, "xoxb-1")
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	_, err := secret.NewFile(path, secret.Word, nil).Read()
	if root := os.Geteuid() == 0; root != (err == nil) || !root && !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("got %v", err)
	}
}

func TestLineBreaksAroundASecretAreDropped(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "t")
	write(t, path, "xoxb-1 \r\n\n")
	holds(t, secret.NewFile(path, secret.Word, nil), "xoxb-1")
	write(t, path, "it may have spaces\nand lines\n")
	holds(t, secret.NewFile(path, secret.Text, nil), "it may have spaces\nand lines")
}

// Each way in which a file is rewritten, and what may be seen of it half done.
func TestRewrittenFiles(t *testing.T) {
	t.Parallel()
	tests := map[string]func(t *testing.T, path string){
		"in place": func(t *testing.T, path string) { write(t, path, "xoxb-new") },
		"in place, with the same length": func(t *testing.T, path string) {
			write(t, path, "xoxb-new")
			age(t, path, time.Minute) // only the time tells
		},
		"by a rename": func(t *testing.T, path string) { // Vault's agent, editors
			write(t, path+".tmp", "xoxb-new")
			if err := os.Rename(path+".tmp", path); err != nil {
				t.Fatal(err)
			}
		},
		"by removing it first": func(t *testing.T, path string) {
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, "xoxb-new")
		},
	}
	for name, rewrite := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "token")
			write(t, path, "xoxb-old")
			f := secret.NewFile(path, secret.Word, nil)
			holds(t, f, "xoxb-old")
			rewrite(t, path)
			holds(t, f, "xoxb-new")
			holds(t, f, "xoxb-new")
		})
	}
}

// The kubelet and CSI drivers swap a link to a directory.
func TestALinkIsSwapped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	release := func(name, token string) {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, name, "token"), token)
		if err := errors.Join(os.Symlink(name, filepath.Join(dir, "..tmp")), os.Rename(filepath.Join(dir, "..tmp"), filepath.Join(dir, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	release("..1", "xoxb-old")
	if err := os.Symlink("..data/token", filepath.Join(dir, "token")); err != nil {
		t.Fatal(err)
	}
	f := secret.NewFile(filepath.Join(dir, "token"), secret.Word, nil)
	holds(t, f, "xoxb-old")
	release("..2", "xoxb-new")
	holds(t, f, "xoxb-new")
	if err := os.RemoveAll(filepath.Join(dir, "..2")); err != nil {
		t.Fatal(err)
	}
	holds(t, f, "xoxb-new")
}

// What cannot be a secret takes nothing away from the one of before, and is logged once.
func TestAHalfWrittenFileTakesNothingAway(t *testing.T) {
	t.Parallel()
	tests := map[string]func(path string) error{
		"empty":            content(""),
		"gone":             os.Remove,
		"of two lines":     content("xoxb-new\nxoxb-"),
		"a directory":      func(p string) error { return errors.Join(os.Remove(p), os.Mkdir(p, 0o700)) },
		"a pipe":           func(p string) error { return errors.Join(os.Remove(p), syscall.Mkfifo(p, 0o600)) },
		"huge":             content(strings.Repeat("x", 2<<20)),
		"with a byte mark": content("\xef\xbb\xbfxoxb-new"),
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "token")
			write(t, path, "xoxb-old")
			var log bytes.Buffer
			f := secret.NewFile(path, secret.Word, slog.New(slog.NewTextHandler(&log, nil)))
			holds(t, f, "xoxb-old")
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			if name != "gone" {
				age(t, path, time.Hour)
			}
			holds(t, f, "xoxb-old")
			holds(t, f, "xoxb-old")
			if got := strings.Count(log.String(), "level=WARN"); got != 1 || strings.Contains(log.String(), "xox") {
				t.Errorf("logged %s", log.String())
			}
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			write(t, path, "xoxb-new")
			holds(t, f, "xoxb-new")
			if !strings.Contains(log.String(), "secret taken over") || strings.Contains(log.String(), "xox") {
				t.Errorf("logged %s", log.String())
			}
		})
	}
}

// A file that looks whole and was written just now may be the first half of a longer one.
func TestAFileThatWasJustWrittenIsNotTakenYet(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	write(t, path, "xoxb-old")
	f := secret.NewFile(path, secret.Word, nil)
	holds(t, f, "xoxb-old")
	write(t, path, "xoxb-")
	age(t, path, 0)
	holds(t, f, "xoxb-old")
	write(t, path, "xoxb-new")
	holds(t, f, "xoxb-new")
}

// Where the file's clock is ahead of ours, as on another machine's disk, it has to look the same for a while.
func TestAFileOfAnotherClockIsTakenOver(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "token")
	synctest.Test(t, func(t *testing.T) {
		write(t, path, "xoxb-old")
		f := secret.NewFile(path, secret.Word, nil)
		holds(t, f, "xoxb-old")
		write(t, path, "xoxb-")
		age(t, path, -time.Hour)
		holds(t, f, "xoxb-old")
		time.Sleep(time.Second)
		write(t, path, "xoxb-new")
		age(t, path, -time.Hour)
		holds(t, f, "xoxb-old")
		time.Sleep(time.Second)
		holds(t, f, "xoxb-old")
		time.Sleep(time.Second)
		holds(t, f, "xoxb-new")
	})
}
