package bolt_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"canarybot.io/rollout"
	"canarybot.io/store/bolt"
)

func TestBackupBesideARunningStoreIsWhole(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	small(t, s)
	done := make(chan bool)
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			if err := s.PutNote(t.Context(), "card", fmt.Sprint(i%30), make([]byte, i%9000)); err != nil {
				t.Error(err)
				return
			}
		}
	})
	made := 0
	for i := range 20 {
		to := filepath.Join(filepath.Dir(path), fmt.Sprintf("copy-%d", i))
		if _, err := bolt.Backup(t.Context(), path, to); err != nil { // it never had the file for itself
			continue
		}
		made++
		if id, err := bolt.Inspect(read(t, to)); id != s.ID() || err != nil {
			t.Errorf("the copy is of %q, %v", id, err)
		}
	}
	close(done)
	writing.Wait()
	to := filepath.Join(t.TempDir(), "copy")
	if _, err := bolt.Backup(t.Context(), path, to); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of 20 copies were made while every moment something was written", made)
	want := dump(t, s)
	shut(t, s)
	again := open(t, to, bolt.Options{})
	if dump(t, again) != want {
		t.Error("the copy holds something else")
	}
	shut(t, again)
}

func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	path := place(t)
	shut(t, open(t, path, bolt.Options{}))
	broken := filepath.Join(t.TempDir(), "broken.db")
	write(t, broken, read(t, path)[:9000])
	before := read(t, path)
	dir := t.TempDir()
	for name, c := range map[string]struct {
		from, to string
		want     rollout.ProblemCode
	}{
		"what is there already": {path, path, bolt.ProblemBackupThere},
		"a damaged store":       {broken, filepath.Join(dir, "x"), bolt.ProblemDamaged},
		"no store":              {filepath.Join(dir, "none"), filepath.Join(dir, "x"), bolt.ProblemMissing},
		"a directory":           {dir, filepath.Join(dir, "x"), bolt.ProblemNotAFile},
		"nowhere":               {path, filepath.Join(dir, "none", "x"), bolt.ProblemBackupNotMade},
	} {
		if _, err := bolt.Backup(t.Context(), c.from, c.to); rollout.ProblemOf(err).Code != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if left, err := os.ReadDir(dir); len(left) != 0 || err != nil || string(read(t, path)) != string(before) {
		t.Errorf("it left %v, %v", left, err)
	}
}

func TestCompactBySomebody(t *testing.T) {
	t.Parallel()
	path := place(t)
	s := open(t, path, bolt.WithoutSync(bolt.Options{}))
	small(t, s)
	bloat(t, s)
	want := dump(t, s)
	if _, err := bolt.Check(t.Context(), path); err != nil {
		t.Errorf("a store in use cannot be looked at: %v", err)
	}
	shut(t, s)
	before, after, err := bolt.Compact(t.Context(), path)
	if err != nil || before.ID != after.ID || before.Records != after.Records || after.Size > mib/2 || before.Size < mib {
		t.Errorf("it had %+v and has %+v, %v", before, after, err)
	}
	s = open(t, path, bolt.Options{})
	if dump(t, s) != want {
		t.Error("it holds something else")
	}
	shut(t, s)
	if _, _, err := bolt.Compact(t.Context(), path+".none"); rollout.ProblemOf(err).Code != bolt.ProblemMissing {
		t.Errorf("a store that is not there: %v", err)
	}
	alone(t, path)
}
