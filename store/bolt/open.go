package bolt

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"canarybot.io/rollout"
)

// Open opens the store in the file, which it creates if missing. It starts the writer, which Close ends. Every error
// names the file and what to do; a refused file is left unchanged.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := newStore(path, o)
	if err := checkPlace(filepath.Dir(path)); err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := create(path, o.noSync); err != nil {
			return nil, err
		}
	case err == nil && !info.Mode().IsRegular(): // opening a pipe would block forever
		return nil, problem(rollout.Invalid, ProblemNotAFile, path)
	}
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	go s.run()
	return s, nil
}

// open locks the file before inspecting it, so that nothing changes it meanwhile, and hands the same descriptor to
// bbolt, so that the lock is never released in between.
func (s *Store) open(ctx context.Context) error {
	file, err := openFile(s.path)
	if err != nil {
		return err
	}
	if err := s.lock(ctx, file); err != nil {
		file.Close()
		return err
	}
	found, err := inspectLocked(file)
	if err != nil {
		file.Close()
		return refuse(s.path, err)
	}
	s.id, s.file = found.ID, file
	err = guard(func() error {
		s.db, err = bbolt.Open(s.path, 0o600, options(file, s.o.noSync))
		return err
	})
	if err != nil {
		file.Close()
		return problem(rollout.Unavailable, ProblemNotOpened, s.path).Because(err)
	}
	return nil
}

func inspectLocked(file *os.File) (identity, error) {
	info, err := file.Stat()
	if err != nil {
		return identity{}, err
	}
	return inspect(file, info.Size())
}

func openFile(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, problem(rollout.Invalid, ProblemNotPermitted, path).Because(err)
	case err != nil:
		return nil, problem(rollout.Unavailable, ProblemNotOpened, path).Because(err)
	}
	return file, nil
}

func options(file *os.File, noSync bool) *bbolt.Options {
	return &bbolt.Options{
		FreelistType: bbolt.FreelistMapType, NoStatistics: true, NoSync: noSync, NoGrowSync: noSync,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	}
}

// refuse turns an error of inspect into one with a message for people.
func refuse(path string, err error) error {
	var newer *newerError
	var foreign *foreignError
	var damage *damageError
	switch {
	case errors.As(err, &newer):
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemNewer, Key: path, Count: newer.schema, Limit: schema})
	case errors.As(err, &foreign):
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemForeign, Key: path, Words: foreign.why})
	case errors.As(err, &damage):
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemDamaged, Key: path, Words: damage.what})
	}
	return problem(rollout.Unavailable, ProblemUnreadable, path).Because(err)
}

// checkPlace returns why the directory cannot hold a store.
func checkPlace(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return problem(rollout.Invalid, ProblemNoDirectory, dir)
	case err != nil:
		return problem(rollout.Invalid, ProblemBadDirectory, dir).Because(err)
	case !info.IsDir():
		return problem(rollout.Invalid, ProblemNotADirectory, dir)
	}
	if name := network(dir); name != "" {
		return rollout.Refuse(rollout.Invalid, rollout.Problem{Code: ProblemNetwork, Key: dir, Value: name})
	}
	return nil
}

// create builds a new store in a temporary file and links it into place when complete: bbolt does not create its first
// pages crash-safely. If two processes do this at once, one wins, and the other finds the file locked.
func create(path string, noSync bool) (err error) {
	defer func() {
		if err != nil {
			err = problem(rollout.Unavailable, ProblemNotMade, path).Because(err)
		}
	}()
	dir := filepath.Dir(path)
	file, err := os.CreateTemp(dir, "."+filepath.Base(path)+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if err := build(file, noSync); err != nil {
		return err
	}
	if err := publish(file.Name(), path, os.Link); err != nil {
		return err
	}
	return syncDir(dir)
}

// build fills the empty file, syncs and closes it.
func build(file *os.File, noSync bool) error {
	db, err := bbolt.Open(file.Name(), 0o600, options(file, noSync))
	if err != nil {
		return errors.Join(err, file.Close())
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, bucket := range buckets() {
			if _, err := tx.CreateBucket([]byte(bucket)); err != nil {
				return err
			}
		}
		t := &table{tx: tx}
		if err := t.putJSON(bucketSelf, keySelf, identity{Format: format, Schema: schema, ID: rand.Text()}); err != nil {
			return err
		}
		return t.saveSum()
	})
	return errors.Join(err, db.Close())
}

// publish gives the finished file its name unless a file of that name exists by now. Where the file system has no hard
// links, it renames.
func publish(temp, path string, link func(from, to string) error) error {
	err := link(temp, path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if _, err := os.Lstat(path); err == nil {
		return nil
	}
	return os.Rename(temp, path)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
