package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"os"

	"canarybot.io/rollout"
)

// WithoutSync returns the options of a store that never syncs, for tests of logic: a process that goes on living
// reads what it wrote all the same.
func WithoutSync(o Options) Options {
	o.noSync = true
	return o
}

// Inspect says whether the bytes are a whole store, and which. Tests ask it about thousands of images, for which
// opening each would take minutes.
func Inspect(image []byte) (id string, err error) {
	found, err := inspect(bytes.NewReader(image), int64(len(image)))
	return found.ID, err
}

// Refuse returns what Open makes of what Inspect found.
func Refuse(path string, err error) error { return refuse(path, err) }

// File returns the file that the store works on, for tests to take away from under it.
func File(s *Store) *os.File { return s.handle.Load().file }

// WithOpenFile returns the options of a store that opens its file by the function.
func WithOpenFile(o Options, openFile func(string, int, os.FileMode) (*os.File, error)) Options {
	o.openFile = openFile
	return o
}

// WithSyncFile returns the options of a store that syncs its file by the function before it reads it again.
func WithSyncFile(o Options, syncFile func(*os.File) error) Options {
	o.syncFile = syncFile
	return o
}

// WithDisk returns the options of a store on a disk of so many bytes.
func WithDisk(o Options, allocate func(at, size int64) error, statfs func() (free, total int64)) Options {
	o.allocate = func(_ *os.File, at, size int64) error { return allocate(at, size) }
	o.statfs = func(string) (volume, error) {
		free, total := statfs()
		return volume{free: free, total: total}, nil
	}
	return o
}

// CompactingFrom returns the options of a store that compacts smaller files.
func CompactingFrom(o Options, size int64) Options {
	o.compactFrom = size
	return o
}

// Read runs the function as a read, with the file's pages at hand.
func Read(ctx context.Context, s *Store, read func()) error {
	_, err := view(ctx, s, func(*table) (bool, error) {
		read()
		return true, nil
	})
	return err
}

// NetworkName and Publish are what cannot be brought about on an ordinary disk.
var (
	NetworkName = networkName
	Publish     = publish
)

// Recode decodes a stored rollout, entry, decision or entry of the audit and encodes it again.
func Recode(bucket string, payload []byte) ([]byte, error) {
	switch bucket {
	case bucketEntries:
		return recode[rollout.Entry](bucket, payload)
	case bucketAudit:
		return recode[rollout.AuditEntry](bucket, payload)
	case bucketDecided:
		return recode[decided](bucket, payload)
	}
	return recode[rollout.Rollout](bucket, payload)
}

func recode[T any](bucket string, payload []byte) ([]byte, error) {
	v, err := decode[T](bucket, "key", payload)
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

// Frame and Unframe are the form of every record.
var (
	Frame   = frame
	Unframe = unframe
)
