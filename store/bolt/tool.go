package bolt

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"canarybot.io/rollout"
)

// copies is how often a file is copied that somebody writes to meanwhile.
const copies = 10

// Report is what Check found.
type Report struct {
	ID      string
	Records int
	Size    int64 // bytes in use up to the last page
	Free    int64 // of it, in pages on which nothing is stored
}

// Check looks at every page and every record of the file, which a running Canarybot may work on. The error says in one
// sentence what is wrong. It writes nothing.
func Check(ctx context.Context, path string) (Report, error) {
	file, err := openToRead(path)
	if err != nil {
		return Report{}, err
	}
	defer file.Close()
	return settled(ctx, path, func() (Report, error) { return report(file) })
}

// settled tries again while a running Canarybot may have written at the same moment.
func settled(ctx context.Context, path string, try func() (Report, error)) (r Report, err error) {
	for range copies {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		if r, err = try(); err == nil {
			return r, nil
		}
	}
	return r, refuse(path, err)
}

func report(file *os.File) (Report, error) {
	info, err := file.Stat()
	if err != nil {
		return Report{}, err
	}
	found, err := inspect(file, info.Size())
	if err != nil {
		return Report{}, err
	}
	p, err := countPages(file, info.Size())
	return Report{ID: found.ID, Records: found.records, Size: p.size, Free: p.free}, err
}

// Backup writes a whole copy of the store to a new file, also while a running Canarybot works on it: a copy during which
// something was written is noticed, because every page of it is looked at, and made again.
func Backup(ctx context.Context, path, to string) (Report, error) {
	file, err := openToRead(path)
	if err != nil {
		return Report{}, err
	}
	defer file.Close()
	if _, err := os.Lstat(to); err == nil {
		return Report{}, problem(rollout.Invalid, ProblemBackupThere, to)
	}
	temp, err := os.CreateTemp(filepath.Dir(to), tempPattern(to)) // mode 0600
	if err != nil {
		return Report{}, problem(rollout.Unavailable, ProblemBackupNotMade, to).Because(err)
	}
	defer os.Remove(temp.Name())
	defer temp.Close()
	r, err := settled(ctx, path, func() (Report, error) { return duplicate(temp, file) })
	if err != nil {
		return r, err
	}
	err = errors.Join(temp.Sync(), temp.Close())
	if err == nil {
		err = publish(temp.Name(), to, os.Link)
	}
	if err == nil {
		err = syncDir(filepath.Dir(to))
	}
	if err != nil {
		return r, problem(rollout.Unavailable, ProblemBackupNotMade, to).Because(err)
	}
	return r, nil
}

// duplicate makes the file to a copy of the other and looks at it.
func duplicate(to, from *os.File) (Report, error) {
	if err := to.Truncate(0); err != nil {
		return Report{}, err
	}
	info, err := from.Stat()
	if err != nil {
		return Report{}, err
	}
	if _, err := io.Copy(io.NewOffsetWriter(to, 0), io.NewSectionReader(from, 0, info.Size())); err != nil {
		return Report{}, err
	}
	return report(to)
}

// Compact writes what is stored to a new file that takes the place of the old one. It needs the store for itself.
func Compact(ctx context.Context, path string) (before, after Report, err error) {
	file, err := openToRead(path) // Open would make it
	if err != nil {
		return before, after, err
	}
	file.Close()
	s, err := Open(ctx, path, Options{})
	if err != nil {
		return before, after, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := s.Err(); err != nil {
		return before, after, err
	}
	h := s.handle.Load()
	if before, err = report(h.file); err != nil {
		return before, after, refuse(path, err)
	}
	if err := h.guard(func() error { return s.compact(h) }); err != nil {
		return before, after, s.failure(err)
	}
	after, err = Check(ctx, path)
	return before, after, err
}

func openToRead(path string) (*os.File, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, problem(rollout.NotFound, ProblemMissing, path)
	case err == nil && !info.Mode().IsRegular(): // opening a pipe would block forever
		return nil, problem(rollout.Invalid, ProblemNotAFile, path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, problem(rollout.Unavailable, ProblemNotOpened, path).Because(err)
	}
	return file, nil
}
