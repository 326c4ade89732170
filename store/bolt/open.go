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
// names the file and what to do; a refused file is left unchanged. A file that can only be read is opened: Err says so,
// and it is written as soon as that is possible.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	s := newStore(path, o)
	if err := checkPlace(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := s.open(ctx); err != nil {
		s.dir.Close()
		return nil, err
	}
	go s.run()
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := s.lockDir(ctx); err != nil {
		return err
	}
	if s.dirLocked {
		sweep(s.path)
	}
	file, readOnly, err := s.openFile()
	if rollout.ProblemOf(err).Code == ProblemGone {
		if err := create(s.path, s.o.noSync); err != nil {
			return err
		}
		file, readOnly, err = s.openFile()
	}
	if err != nil {
		return err
	}
	if err := s.lock(ctx, file); err != nil {
		file.Close()
		return err
	}
	h, found, err := s.take(file, readOnly, func(identity) error { return nil })
	if err != nil {
		return err
	}
	if s.unmended = h.unready; readOnly {
		s.unmended = problem(rollout.Unavailable, ProblemReadOnly, s.path)
	}
	s.id, s.txid = found.ID, found.txid
	s.handle.Store(h)
	s.survey()
	s.usage = s.space
	return nil
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
	file, err := os.CreateTemp(dir, tempPattern(path)) // mode 0600
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
