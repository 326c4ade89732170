package bolt_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
)

// absences are the ways in which the file of a running store goes away, and how it comes back.
var absences = []struct {
	name      string
	away, fix func(tb testing.TB, path string)
	want      rollout.ProblemCode
}{
	{"deleted, and linked again", func(tb testing.TB, path string) {
		try(tb, os.Link(path, path+".link"), os.Remove(path))
	}, func(tb testing.TB, path string) { try(tb, os.Rename(path+".link", path)) }, bolt.ProblemGone},
	{"moved away and back", func(tb testing.TB, path string) {
		try(tb, os.Rename(path, path+".old"))
	}, func(tb testing.TB, path string) { try(tb, os.Rename(path+".old", path)) }, bolt.ProblemGone},
	{"deleted, and put back as a copy", func(tb testing.TB, path string) {
		write(tb, path+".copy", read(tb, path))
		try(tb, os.Remove(path))
	}, func(tb testing.TB, path string) { try(tb, os.Rename(path+".copy", path)) }, bolt.ProblemGone},
	{"in a directory that is moved away and back", func(tb testing.TB, path string) {
		try(tb, os.Rename(filepath.Dir(path), filepath.Dir(path)+"-old"))
	}, func(tb testing.TB, path string) { try(tb, os.Rename(filepath.Dir(path)+"-old", filepath.Dir(path))) }, bolt.ProblemGone},
	{"replaced by another store", func(tb testing.TB, path string) {
		other := place(tb)
		shut(tb, open(tb, other, bolt.Options{}))
		try(tb, os.Rename(path, path+".old"), os.Rename(other, path))
	}, func(tb testing.TB, path string) { try(tb, os.Rename(path+".old", path)) }, bolt.ProblemReplaced},
	{"replaced by an older copy", func(tb testing.TB, path string) {
		try(tb, os.Rename(path, path+".old"), os.Rename(path+".older", path))
	}, func(tb testing.TB, path string) { try(tb, os.Rename(path+".old", path)) }, bolt.ProblemReplaced},
	{"replaced by an empty file", func(tb testing.TB, path string) {
		try(tb, os.Rename(path, path+".old"))
		write(tb, path, nil)
	}, func(tb testing.TB, path string) { try(tb, os.Rename(path+".old", path)) }, bolt.ProblemForeign},
	{"replaced by a directory", func(tb testing.TB, path string) {
		try(tb, os.Rename(path, path+".old"), os.Mkdir(path, 0o700))
	}, func(tb testing.TB, path string) { try(tb, os.Remove(path), os.Rename(path+".old", path)) }, bolt.ProblemNotAFile},
}

func try(tb testing.TB, errs ...error) {
	tb.Helper()
	for _, err := range errs {
		if err != nil {
			tb.Fatal(err)
		}
	}
}

func TestFileThatIsGoneIsNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range absences {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				path := place(t)
				s := open(t, path, bolt.Options{})
				write(t, path+".older", read(t, path))
				small(t, s)
				want := dump(t, s)
				c.away(t, path)
				there, _ := os.ReadFile(path)
				for range 3 {
					for _, err := range []error{s.Probe(t.Context()), s.PutNote(t.Context(), "card", "x", nil), s.Err()} {
						if rollout.CodeOf(err) != rollout.Unavailable || rollout.ProblemOf(err).Code != c.want {
							t.Fatalf("got %v, want %s", err, c.want)
						}
					}
					if dump(t, s) != want {
						t.Fatal("what is durable cannot be read any more")
					}
				}
				if now, _ := os.ReadFile(path); !bytes.Equal(now, there) {
					t.Error("what took its place was changed")
				}
				c.fix(t, path)
				recovers(t, s)
				if dump(t, s) != want {
					t.Error("it came back as something else")
				}
				try(t, s.PutNote(t.Context(), "card", "x", []byte("1")))
				shut(t, s)
				again := open(t, path, bolt.Options{})
				if value, _, err := again.Note(t.Context(), "card", "x"); string(value) != "1" || err != nil {
					t.Errorf("what was committed afterwards is not in the file: %q, %v", value, err)
				}
				shut(t, again)
			})
		})
	}
}

func TestNobodyStartsBesideAFileThatIsGone(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.Options{})
	try(t, os.Remove(path))
	for range 2 { // before and after it was noticed
		other, err := bolt.Open(t.Context(), path, bolt.Options{Wait: 1})
		if err == nil {
			shut(t, other)
		}
		if rollout.ProblemOf(err).Code != bolt.ProblemInUseBy {
			t.Errorf("another process got %v", err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("another process made a file")
		}
		if rollout.ProblemOf(s.Probe(t.Context())).Code != bolt.ProblemGone {
			t.Error("it is not noticed")
		}
	}
	shut(t, s)
	shut(t, open(t, path, bolt.Options{}))
}
