package bolt

import (
	"errors"
	"hash/fnv"
	"os"
	"path/filepath"
	"time"

	"go.etcd.io/bbolt"
)

const (
	compactFrom  = 32 << 20 // smaller files are not worth it
	compactEvery = time.Hour
	compactBatch = 4 << 20 // bytes that one transaction of a compaction copies
)

// worthwhile reports whether more than half of the file is free, and there is room for the other half beside it.
func (s *Store) worthwhile() bool {
	p := s.space.pages
	return p.size >= s.o.compactFrom && p.free > p.size/2 && s.space.volume.free > p.size-p.free+s.space.volume.low()
}

// tidy compacts the file where that is worth it, at most once an hour: commits wait meanwhile, for as long as it takes to
// write what is stored. The writer calls it when everybody has an answer. Where it fails, the old file goes on.
func (s *Store) tidy() {
	h := s.handle.Load()
	if s.unmended != nil || !h.usable() || !s.worthwhile() || time.Now().Before(s.compacting) || !s.inPlace(h) {
		return
	}
	s.compacting = time.Now().Add(compactEvery)
	s.begin()
	err := h.guard(func() error { return s.compact(h) })
	unmended := s.unmended
	var f *fault
	switch {
	case err == nil:
		unmended = s.reopen(h)
		s.survey()
	case errors.As(err, &f):
		h.spoil(err)
	}
	s.settle(unmended, s.unwritten)
}

// compact writes what is stored to a new file and gives it the name of the old one. Whenever it is interrupted, the path
// leads to a whole file.
func (s *Store) compact(h *handle) error {
	temp, found, err := compacted(h.db, s.path, s.o.noSync)
	if err != nil {
		return err
	}
	defer os.Remove(temp)
	if found.ID != s.id {
		return errors.New("the compacted file is another store")
	}
	if err := os.Rename(temp, s.path); err != nil {
		return err
	}
	s.txid = found.txid
	return syncDir(filepath.Dir(s.path))
}

// compacted writes what is in the database to a new file beside the path, and looks at every page of it.
func compacted(db *bbolt.DB, path string, noSync bool) (temp string, found identity, err error) {
	file, err := os.CreateTemp(filepath.Dir(path), tempPattern(path))
	if err != nil {
		return "", identity{}, err
	}
	temp = file.Name()
	defer func() {
		if err != nil {
			os.Remove(temp)
		}
	}()
	to, err := bbolt.Open(temp, 0o600, options(file, true)) // one sync at the end
	if err != nil {
		return "", identity{}, errors.Join(err, file.Close())
	}
	if err := errors.Join(bbolt.Compact(to, db, compactBatch), to.Close()); err != nil {
		return "", identity{}, err
	}
	found, err = follow(temp, db, noSync)
	return temp, found, err
}

// follow gives the compacted file a newer transaction than the database has, so that an older copy of the store can be
// told by that as ever, syncs the file and inspects it.
func follow(temp string, db *bbolt.DB, noSync bool) (identity, error) {
	tx, err := db.Begin(false)
	if err != nil {
		return identity{}, err
	}
	last := uint64(tx.ID())
	if err := tx.Rollback(); err != nil {
		return identity{}, err
	}
	file, err := os.OpenFile(temp, os.O_RDWR, 0)
	if err != nil {
		return identity{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return identity{}, err
	}
	if err := raiseTransactions(file, info.Size(), last+last%2); err != nil { // the parity tells the two pages apart
		return identity{}, err
	}
	if !noSync {
		if err := file.Sync(); err != nil {
			return identity{}, err
		}
	}
	return inspect(file, info.Size())
}

// raiseTransactions adds to the number of the transaction in both meta pages.
func raiseTransactions(file *os.File, size int64, by uint64) error {
	m, err := metas(file, size)
	if err != nil {
		return err
	}
	for page := range int64(2) {
		meta := make([]byte, metaSize)
		at := page*int64(m.pageSize) + headerSize
		if _, err := file.ReadAt(meta, at); err != nil {
			return err
		}
		order.PutUint64(meta[48:], order.Uint64(meta[48:])+by)
		sum := fnv.New64a()
		sum.Write(meta[:metaSize-8])
		order.PutUint64(meta[metaSize-8:], sum.Sum64())
		if _, err := file.WriteAt(meta, at); err != nil {
			return err
		}
	}
	return nil
}

// tempPattern names files that become the one under the path.
func tempPattern(path string) string { return "." + filepath.Base(path) + ".new-*" }

// sweep removes what an interrupted creation or compaction left behind. Nobody else writes such files while the
// directory is locked.
func sweep(path string) {
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), tempPattern(path)))
	if err != nil {
		return
	}
	for _, file := range left {
		os.Remove(file) //nolint:errcheck // it only takes room
	}
}
