package bolt

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"canarybot.io/rollout"
)

// What is kept free, unless that is more than so large a part of the volume.
const (
	reserveBytes = 8 << 20 // in the file, for rollouts that end
	reservePart  = 16
	lowBytes     = 32 << 20 // in the file and on the volume, below which no rollout starts
	lowPart      = 8
)

// volume is what a file system has for us, in bytes.
type volume struct{ free, total int64 }

func (v volume) reserve() int64 { return min(reserveBytes, v.total/reservePart) }
func (v volume) low() int64     { return min(lowBytes, v.total/lowPart) }

// space is what the writer knows about the room that there is.
type space struct {
	volume volume
	pages  pages
	// until is how far the file system has allotted blocks to the file. What lies behind the last page is the reserve:
	// nobody else can take it. What moves a rollout forward needs it to be whole, what ends a rollout may use it up.
	until int64
	none  bool // the file system cannot promise any
}

// pages are the bytes of a file that are in use up to the last one, and those of them that are free.
type pages struct{ size, free int64 }

// countPages reads from the file how many pages there are.
func countPages(f io.ReaderAt, size int64) (pages, error) {
	m, err := metas(f, size)
	if err != nil {
		return pages{}, err
	}
	var head [headerSize + 8]byte
	if _, err := f.ReadAt(head[:], int64(m.freelist*m.pageSize)); err != nil {
		return pages{}, err
	}
	count := uint64(countOf(head[:]))
	if count == 0xFFFF { // then the first number is the count
		count = order.Uint64(head[headerSize:])
	}
	return pages{size: int64(m.high * m.pageSize), free: int64(count * m.pageSize)}, nil
}

// survey looks how much room there is. The handle must be there.
func (s *Store) survey() {
	if v, err := s.o.statfs(filepath.Dir(s.path)); err == nil {
		s.space.volume = v
	}
	file := s.handle.Load().file
	if info, err := file.Stat(); err == nil {
		if p, err := countPages(file, info.Size()); err == nil {
			s.space.pages = p
		}
	}
}

// reserve allots what is missing of the reserve. It returns nil when it is whole or cannot be had on this file system,
// else that the disk is full.
func (s *Store) reserve(h *handle) error {
	size, used := s.space.volume.reserve(), s.space.pages.size
	if s.space.none || used+size <= s.space.until {
		return nil
	}
	until := used + size + size/2 // more, so that this is not due at each growth
	err := s.o.allocate(h.file, used, until-used)
	if full(err) {
		until = used + size
		err = s.o.allocate(h.file, used, until-used)
	}
	switch {
	case full(err):
		return s.failure(err)
	case err == nil:
		s.space.until = until
	default:
		s.space.none = true
	}
	return nil
}

// mayCreate returns why no rollout may start now: space is kept for those under way.
func (s *Store) mayCreate() error {
	have, want := s.space.volume.free+s.space.pages.free, s.space.volume.low()
	if have >= want {
		return nil
	}
	return rollout.Refuse(rollout.Forbidden, rollout.Problem{Code: rollout.ProblemStoreLow, Key: s.path, Value: bytesText(have), Want: bytesText(want)})
}

// bytesText returns a size for people.
func bytesText(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// smallNote is how large a note may be that may use the reserve: what shows an end to people is one.
const smallNote = 4 << 10

// needed reports whether the op may use the reserve up: a commit that ends a rollout or takes its canary off traffic, and
// the notes about it.
func needed(o op) bool {
	switch o := o.(type) {
	case *note:
		return o.deleted || len(o.value) <= smallNote
	case *record:
		return false
	case *change:
		return slices.ContainsFunc(o.changes, func(one rollout.Change) bool {
			return one.Rollout.Phase.Ending() || one.Rollout.Terminal()
		})
	}
	return false
}

// Usage returns how much room the store takes and has, in bytes, as of its last write: the file, its pages on which
// nothing is stored, and what is free on the volume.
func (s *Store) Usage() (size, free, volume int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.usage.pages.size, s.usage.pages.free, s.usage.volume.free
}
