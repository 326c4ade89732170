package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"strconv"

	"canarybot.io/rollout"
	"canarybot.io/store/audit"
)

// rereads is how often a file is read on from where it was when a running Canarybot has written to it.
const rereads = 100

// errChanged says that somebody wrote to the file while it was read.
var errChanged = errors.New("the file was written to meanwhile")

// Audit is what is read of a store's audit: whose it is, and where it should end.
type Audit struct {
	Store string
	Head  audit.Head
}

// ReadAudit calls each for every entry of the audit in the file, in order. The record is nil where an entry is there and
// cannot be read. A running Canarybot may work on the file: what it writes meanwhile is read too. It writes nothing. begin
// hears whose audit it is before the first entry.
func ReadAudit(ctx context.Context, path string, begin func(store string) error, each func(seq int64, record []byte) error) (Audit, error) {
	file, err := openToRead(path)
	if err != nil {
		return Audit{}, err
	}
	defer file.Close()
	r := &auditReader{ctx: ctx, file: file, begin: begin, each: each}
	for range rereads {
		found, err := r.read()
		switch {
		case err == nil:
			return found, nil
		case r.failed != nil:
			return found, r.failed
		case ctx.Err() != nil:
			return found, ctx.Err()
		case !errors.Is(err, errChanged) && !r.changed():
			return found, refuse(path, err)
		}
	}
	if err := r.unreadable(); err != nil { // whatever is written to it
		return Audit{}, refuse(path, err)
	}
	return Audit{}, rollout.Refuse(rollout.Unavailable, rollout.Problem{Code: audit.ProblemBusy, Key: path})
}

// auditReader reads the pages of the audit without bbolt, as inspect does. Where the file changes under it, it goes on
// behind the last entry that it gave out: what is stored of the audit never changes.
type auditReader struct {
	ctx    context.Context //nolint:containedctx // of one read
	file   *os.File
	begin  func(store string) error
	each   func(seq int64, record []byte) error
	txid   uint64
	seq    int64 // the last one given out
	begun  bool
	failed error // of begin or each
}

// unreadable returns why the file is none whose audit could be read.
func (r *auditReader) unreadable() error {
	info, err := r.file.Stat()
	if err == nil {
		_, err = metas(r.file, info.Size())
	}
	return err
}

// changed reports whether the file has another newest transaction than the one that is read.
func (r *auditReader) changed() bool {
	info, err := r.file.Stat()
	if err != nil {
		return false
	}
	m, err := metas(r.file, info.Size())
	return err != nil || m.txid != r.txid
}

func (r *auditReader) read() (Audit, error) {
	info, err := r.file.Stat()
	if err != nil {
		return Audit{}, err
	}
	m, err := metas(r.file, info.Size())
	if err != nil {
		return Audit{}, err
	}
	r.txid = m.txid
	in := &inspector{f: r.file, meta: m, seen: make([]bool, m.high)}
	in.seen[0], in.seen[1] = true, true
	roots, err := in.roots()
	if err != nil {
		return Audit{}, err
	}
	found, _, err := in.readIdentity(roots)
	if err != nil {
		return Audit{}, err
	}
	if found.Schema == 1 {
		r.failed = rollout.Refuse(rollout.NotFound, rollout.Problem{Code: audit.ProblemNotStored, Key: r.file.Name()})
		return Audit{}, r.failed
	}
	if !r.begun {
		if r.failed = r.begin(found.ID); r.failed != nil {
			return Audit{}, r.failed
		}
		r.begun = true
	}
	a := Audit{Store: found.ID, Head: audit.Start(found.ID)}
	if in.head != nil {
		if err := json.Unmarshal(in.head, &a.Head); err != nil {
			return a, damagef("the record %q in %s cannot be read", keyAudit, bucketSelf)
		}
	}
	if err := r.bucket(in, roots[bucketAudit]); err != nil {
		return a, err
	}
	if r.changed() {
		return a, errChanged
	}
	return a, nil
}

func (r *auditReader) bucket(in *inspector, value []byte) error {
	switch {
	case value == nil:
		return damagef("the bucket %s is gone", bucketAudit)
	case order.Uint64(value) != 0:
		return r.walk(in, order.Uint64(value), nil, nil)
	case len(value) < 2*headerSize || flagsOf(value[headerSize:]) != leafPage:
		return damagef("the bucket %s has no page", bucketAudit)
	}
	return r.leaf(bucketAudit, value[headerSize:], nil, nil)
}

// walk reads the tree below the page, without what lies before the next entry.
func (r *auditReader) walk(in *inspector, id uint64, first, next []byte) error {
	page, err := in.page(id)
	if err != nil {
		return err
	}
	name := "page " + strconv.FormatUint(id, 10)
	if flagsOf(page) != branchPage {
		return r.leaf(name, page, first, next)
	}
	all, err := ordered(name, page, first, next)
	if err != nil {
		return err
	}
	for i, e := range all {
		end := next
		if i+1 < len(all) {
			end = all[i+1].key
		}
		if end != nil && bytes.Compare(end, []byte(auditKey(r.seq+1))) <= 0 {
			continue
		}
		if err := r.walk(in, e.child, e.key, end); err != nil {
			return err
		}
	}
	return r.ctx.Err()
}

func (r *auditReader) leaf(name string, page, first, next []byte) error {
	all, err := ordered(name, page, first, next)
	if err != nil {
		return err
	}
	for _, e := range all {
		seq, err := strconv.ParseInt(string(e.key), 10, 64)
		if err != nil {
			return damagef("the bucket %s has the key %q", bucketAudit, e.key)
		}
		if seq <= r.seq {
			continue
		}
		record, _, err := unframe(bucketAudit, string(e.key), e.value)
		if err != nil {
			if record = nil; r.changed() {
				return errChanged
			}
		}
		if r.failed = r.each(seq, record); r.failed != nil {
			return r.failed
		}
		r.seq = seq
	}
	return nil
}
