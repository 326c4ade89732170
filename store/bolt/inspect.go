package bolt

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// damageError reports that the file is a Canarybot store, but damaged.
type damageError struct{ what string }

func (e *damageError) Error() string { return e.what }

func damagef(format string, args ...any) error { return &damageError{fmt.Sprintf(format, args...)} }

// foreignError reports that the file is not a Canarybot store.
type foreignError struct{ why string }

func (e *foreignError) Error() string { return e.why }

// newerError reports that a newer Canarybot wrote the file.
type newerError struct{ schema int }

func (e *newerError) Error() string { return fmt.Sprintf("schema %d", e.schema) }

// inspector reads a whole file and trusts nothing: pages must form a tree in which every page occurs once, keys must be
// where a lookup finds them, every page must be in use or free, every record must match its checksum and all of them
// the stored sum.
type inspector struct {
	f    io.ReaderAt
	meta meta
	seen []bool // by page
	sum  sum
	head []byte // where the audit ends; nil: there is none
}

// inspect returns the file's identity, or why it may not be used: a foreignError, newerError, damageError, or the
// disk's error. It writes nothing.
func inspect(f io.ReaderAt, size int64) (identity, error) {
	m, err := metas(f, size)
	if err != nil {
		return identity{}, err
	}
	in := &inspector{f: f, meta: m}
	in.seen = make([]bool, in.meta.high)
	in.seen[0], in.seen[1] = true, true
	roots, err := in.roots()
	if err != nil {
		return identity{}, err
	}
	found, want, err := in.readIdentity(roots)
	if err != nil {
		return identity{}, err
	}
	for _, name := range bucketsOf(found.Schema)[1:] {
		if err := in.bucket(name, roots[name], in.record(name)); err != nil {
			return identity{}, err
		}
	}
	if in.sum != want {
		return identity{}, damagef("records are missing or stand in an older state: %d of %d are there", in.sum.Records, want.Records)
	}
	if err := in.free(); err != nil {
		return identity{}, err
	}
	found.txid, found.records = m.txid, in.sum.Records
	return found, nil
}

// metas returns the newer of the two meta pages. Both must be valid: bbolt would go on with the older one and lose the
// last commit. A crash cannot leave a broken one, because the data of a meta page fits into one sector.
func metas(f io.ReaderAt, size int64) (meta, error) {
	if size == 0 {
		return meta{}, &foreignError{"it is empty"}
	}
	a, magic, ok := readMeta(f, 0)
	if !ok {
		for at := int64(1024); !magic && at <= 1<<24; at *= 2 {
			_, _, magic = readMeta(f, at)
		}
		if !magic {
			return meta{}, &foreignError{"it has another format"}
		}
		return meta{}, damagef("its first page differs from its checksum")
	}
	b, _, ok := readMeta(f, int64(a.pageSize))
	switch {
	case !ok:
		return meta{}, damagef("its second page differs from its checksum")
	case a.pageSize < 1024 || a.pageSize > 1<<24 || a.pageSize&(a.pageSize-1) != 0 || a.pageSize != b.pageSize:
		return meta{}, damagef("its page size cannot be")
	case a.txid+1 != b.txid && b.txid+1 != a.txid:
		return meta{}, damagef("its first two pages do not follow each other")
	}
	if b.txid > a.txid {
		a = b
	}
	if a.high < 4 || a.high > uint64(size)/a.pageSize {
		return meta{}, damagef("it has %d bytes and should have %d pages of %d", size, a.high, a.pageSize)
	}
	return a, nil
}

// roots returns the value of each bucket, which says where it begins.
func (in *inspector) roots() (map[string][]byte, error) {
	roots := make(map[string][]byte)
	err := in.walk(in.meta.root, nil, nil, func(e element) error {
		if e.flags != bucketElement || len(e.value) < headerSize {
			return damagef("its list of buckets holds something else")
		}
		roots[string(e.key)] = bytes.Clone(e.value)
		return nil
	})
	if _, ours := roots[bucketSelf]; err == nil && !ours {
		return nil, &foreignError{"it is a bbolt file of another program"}
	}
	return roots, err
}

// readIdentity reads the bucket canarybot, which every schema keeps, before it expects the others.
func (in *inspector) readIdentity(roots map[string][]byte) (found identity, want sum, err error) {
	err = in.bucket(bucketSelf, roots[bucketSelf], func(e element) error {
		payload, crc, err := unframe(bucketSelf, string(e.key), e.value)
		switch {
		case err != nil:
			return damagef("%v", err)
		case string(e.key) == keySum:
			err = json.Unmarshal(payload, &want)
		case string(e.key) == keySelf:
			in.sum = in.sum.with(crc)
			err = json.Unmarshal(payload, &found)
		case string(e.key) == keyAudit:
			in.sum, in.head = in.sum.with(crc), bytes.Clone(payload)
		default:
			in.sum = in.sum.with(crc)
		}
		if err != nil {
			return damagef("the record %q in %s cannot be read", e.key, bucketSelf)
		}
		return nil
	})
	switch {
	case err != nil:
		return identity{}, sum{}, err
	case found.Format != format:
		return identity{}, sum{}, &foreignError{"its format is not ours"}
	case found.Schema > schema:
		return identity{}, sum{}, &newerError{found.Schema}
	case found.Schema < 1 || found.ID == "":
		return identity{}, sum{}, damagef("its schema is %d", found.Schema)
	case len(roots) != len(bucketsOf(found.Schema)):
		return identity{}, sum{}, damagef("it has %d buckets and should have %d", len(roots), len(bucketsOf(found.Schema)))
	}
	return found, want, nil
}

// record returns the function that checks and counts one record of the bucket.
func (in *inspector) record(name string) func(element) error {
	return func(e element) error {
		_, crc, err := unframe(name, string(e.key), e.value)
		if err != nil {
			return damagef("%v", err)
		}
		in.sum = in.sum.with(crc)
		return nil
	}
}

// bucket calls each for the records of a bucket. The value holds its root page's number and a sequence; a small
// bucket has number 0 and its only page right behind.
func (in *inspector) bucket(name string, value []byte, each func(element) error) error {
	plain := func(e element) error {
		if e.flags != 0 {
			return damagef("%s holds a bucket", name)
		}
		return each(e)
	}
	switch {
	case value == nil:
		return damagef("the bucket %s is gone", name)
	case order.Uint64(value) != 0:
		return in.walk(order.Uint64(value), nil, nil, plain)
	case len(value) < 2*headerSize || flagsOf(value[headerSize:]) != leafPage:
		return damagef("the bucket %s has no page", name)
	}
	return in.leaf(name, value[headerSize:], nil, nil, plain)
}

// walk calls each for the elements of the tree below the page. first is the key under which its parent lists it, next
// the key of its right neighbour.
func (in *inspector) walk(id uint64, first, next []byte, each func(element) error) error {
	page, err := in.page(id)
	if err != nil {
		return err
	}
	if flagsOf(page) != branchPage {
		return in.leaf(fmt.Sprintf("page %d", id), page, first, next, each)
	}
	all, err := ordered(fmt.Sprintf("page %d", id), page, first, next)
	if err == nil && len(all) == 0 {
		err = damagef("page %d is empty", id)
	}
	for i := 0; err == nil && i < len(all); i++ {
		end := next
		if i+1 < len(all) {
			end = all[i+1].key
		}
		err = in.walk(all[i].child, all[i].key, end, each)
	}
	return err
}

func (in *inspector) leaf(name string, page, first, next []byte, each func(element) error) error {
	all, err := ordered(name, page, first, next)
	if err == nil && len(all) == 0 && first != nil {
		err = damagef("%s is empty", name)
	}
	for i := 0; err == nil && i < len(all); i++ {
		err = each(all[i])
	}
	return err
}

// ordered returns the elements of a page. Their keys must rise, begin with exactly first, because bbolt finds a changed
// page in its parent by it, and stay below next.
func ordered(name string, page, first, next []byte) ([]element, error) {
	all, err := elements(page)
	if err != nil {
		return nil, damagef("%s %v", name, err)
	}
	for i, e := range all {
		switch {
		case len(e.key) == 0, i > 0 && bytes.Compare(all[i-1].key, e.key) >= 0,
			i == 0 && first != nil && !bytes.Equal(e.key, first),
			next != nil && bytes.Compare(e.key, next) >= 0:
			return nil, damagef("the keys on %s are out of order", name)
		}
	}
	return all, nil
}

// page reads a page with its overflow and marks it as seen.
func (in *inspector) page(id uint64) ([]byte, error) {
	if id < 2 || id >= in.meta.high {
		return nil, damagef("there is no page %d", id)
	}
	at := int64(id * in.meta.pageSize)
	head := make([]byte, headerSize)
	if _, err := in.f.ReadAt(head, at); err != nil {
		return nil, err
	}
	more := overflowOf(head)
	if order.Uint64(head) != id || more >= in.meta.high-id {
		return nil, damagef("page %d is not itself", id)
	}
	for i := id; i <= id+more; i++ {
		if in.seen[i] {
			return nil, damagef("page %d is used twice", i)
		}
		in.seen[i] = true
	}
	page := make([]byte, (1+more)*in.meta.pageSize)
	_, err := in.f.ReadAt(page, at)
	return page, err
}

// free checks the list of free pages: together with the pages in use it must make up the file.
func (in *inspector) free() error {
	page, err := in.page(in.meta.freelist)
	if err != nil {
		return err
	}
	count, at := uint64(countOf(page)), uint64(headerSize)
	if count == 0xFFFF { // then the first number is the count
		count, at = order.Uint64(page[at:]), at+8
	}
	if flagsOf(page) != freelistPage || count > (uint64(len(page))-at)/8 {
		return damagef("its list of free pages cannot be")
	}
	for i := range count {
		id := order.Uint64(page[at+8*i:])
		if id >= in.meta.high || in.seen[id] {
			return damagef("page %d is free and in use", id)
		}
		in.seen[id] = true
	}
	if i := slices.Index(in.seen, false); i >= 0 {
		return damagef("page %d is neither free nor in use", i)
	}
	return nil
}
