package bolt_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.etcd.io/bbolt"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
)

func TestOpenLeavesWhatItRefusesAsItIs(t *testing.T) {
	whole := func(tb testing.TB, path string) []byte {
		s := open(tb, path, bolt.Options{})
		small(tb, s)
		shut(tb, s)
		return read(tb, path)
	}
	for _, c := range []struct {
		name string
		make func(tb testing.TB, path string)
		want rollout.ProblemCode
		said string
	}{
		{"an empty file", func(tb testing.TB, path string) { write(tb, path, nil) }, bolt.ProblemForeign, "it is empty"},
		{"a text", func(tb testing.TB, path string) { write(tb, path, []byte("services:\n")) }, bolt.ProblemForeign, ""},
		{"a large text", func(tb testing.TB, path string) {
			write(tb, path, bytes.Repeat([]byte("all work and no play "), 10000))
		}, bolt.ProblemForeign, ""},
		{"a bbolt file of another program", alien, bolt.ProblemForeign, "is a bbolt file of another program"},
		{"a newer schema", func(tb testing.TB, path string) {
			whole(tb, path)
			edit(tb, path, "canarybot", "store", `{"format":"canarybot store","schema":3,"id":"x"}`)
		}, bolt.ProblemNewer, ""},
		{"another format in our bucket", func(tb testing.TB, path string) {
			whole(tb, path)
			edit(tb, path, "canarybot", "store", `{"format":"something","schema":1,"id":"x"}`)
		}, bolt.ProblemForeign, ""},
		{"half a file", func(tb testing.TB, path string) {
			b := whole(tb, path)
			write(tb, path, b[:len(b)/2])
		}, bolt.ProblemDamaged, ""},
		{"only a first page", func(tb testing.TB, path string) { write(tb, path, whole(tb, path)[:4096]) }, bolt.ProblemDamaged, ""},
		{"a first page of zeros", func(tb testing.TB, path string) {
			b := whole(tb, path)
			clear(b[:4096])
			write(tb, path, b)
		}, bolt.ProblemDamaged, ""},
		{"a second page of zeros", func(tb testing.TB, path string) {
			b := whole(tb, path)
			clear(b[4096:8192])
			write(tb, path, b)
		}, bolt.ProblemDamaged, ""},
		{"a record that another one overwrote", func(tb testing.TB, path string) {
			whole(tb, path)
			edit(tb, path, "holders", "checkout", `"checkout-9"`)
		}, bolt.ProblemDamaged, "records are missing or stand in an older state"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := place(t)
			c.make(t, path)
			before := read(t, path)
			s, err := bolt.Open(t.Context(), path, bolt.Options{})
			if err == nil {
				shut(t, s)
			}
			if p := rollout.ProblemOf(err); p.Code != c.want || p.Key != path || !strings.Contains(p.Words, c.said) {
				t.Errorf("got the error %v, want %s %q", err, c.want, c.said)
			}
			if !bytes.Equal(read(t, path), before) {
				t.Error("the file was changed")
			}
		})
	}
}

func alien(tb testing.TB, path string) {
	tb.Helper()
	change(tb, path, func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucket([]byte("key"))
		return err
	})
}

// edit puts a record with a right checksum, as another program or version would.
func edit(tb testing.TB, path, bucket, key, payload string) {
	tb.Helper()
	change(tb, path, func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte(bucket)).Put([]byte(key), bolt.Frame(bucket, key, []byte(payload)))
	})
}

func change(tb testing.TB, path string, f func(*bbolt.Tx) error) {
	tb.Helper()
	db, err := bbolt.Open(path, 0o600, nil)
	if err == nil {
		err = errors.Join(db.Update(f), db.Close())
	}
	if err != nil {
		tb.Fatal(err)
	}
}

func TestOpenSaysWhatIsWrongWithThePlace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), []byte("x"))
	for path, want := range map[string]rollout.Problem{
		filepath.Join(dir, "gone", "canarybot.db"): {Code: bolt.ProblemNoDirectory, Key: filepath.Join(dir, "gone")},
		filepath.Join(dir, "file", "canarybot.db"): {Code: bolt.ProblemNotADirectory, Key: filepath.Join(dir, "file")},
		dir: {Code: bolt.ProblemNotAFile, Key: dir},
	} {
		_, err := bolt.Open(t.Context(), path, bolt.Options{})
		if diff := cmp.Diff(want, rollout.ProblemOf(err)); diff != "" {
			t.Errorf("%s: the problem (-want +got):\n%s", path, diff)
		}
	}
}

func TestNewFileIsPrivateAndAlone(t *testing.T) {
	t.Parallel()
	path := place(t)
	first := open(t, path, bolt.Options{})
	id := first.ID()
	shut(t, first)
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o600 {
		t.Fatalf("the mode is %v, %v", info.Mode(), err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); len(left) != 1 || err != nil {
		t.Fatalf("the directory holds %v, %v", left, err)
	}
	other := open(t, place(t), bolt.Options{})
	if other.ID() == id || len(id) < 20 {
		t.Errorf("two stores have the ids %q and %q", id, other.ID())
	}
	shut(t, other)
}

func TestFirstOpenersMakeOneStore(t *testing.T) {
	t.Parallel()
	path := place(t)
	type result struct {
		s   *bolt.Store
		err error
	}
	results := make(chan result)
	for range 8 {
		go func() {
			s, err := bolt.Open(t.Context(), path, bolt.Options{Wait: 1})
			results <- result{s, err}
		}()
	}
	var winner *bolt.Store
	for range 8 {
		r := <-results
		switch {
		case r.err == nil && winner == nil:
			winner = r.s
		case r.err == nil:
			t.Error("two have the store")
		case rollout.ProblemOf(r.err).Code != bolt.ProblemInUseBy:
			t.Error(r.err)
		}
	}
	small(t, winner)
	shut(t, winner)
	shut(t, open(t, path, bolt.Options{}))
}

func TestPublishNeverReplaces(t *testing.T) {
	t.Parallel()
	noLinks := func(string, string) error { return fs.ErrPermission }
	for _, c := range []struct {
		name  string
		link  func(string, string) error
		there bool
		want  string
	}{
		{"a link", os.Link, false, "new"},
		{"a link where another is", os.Link, true, "old"},
		{"no links", noLinks, false, "new"},
		{"no links where another is", noLinks, true, "old"},
	} {
		dir := t.TempDir()
		temp, path := filepath.Join(dir, "temp"), filepath.Join(dir, "path")
		write(t, temp, []byte("new"))
		if c.there {
			write(t, path, []byte("old"))
		}
		if err := bolt.Publish(temp, path, c.link); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if got := read(t, path); string(got) != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

func TestNetworkFileSystemsAreKnown(t *testing.T) {
	t.Parallel()
	for magic, want := range map[uint32]string{
		0x6969: "NFS", 0x517B: "SMB", 0xFF534D42: "SMB", 0xFE534D42: "SMB", 0xEF53: "", 0x58465342: "", 0x01021994: "",
	} {
		if got := bolt.NetworkName(magic); got != want {
			t.Errorf("%#x: got %q, want %q", magic, got, want)
		}
	}
}
