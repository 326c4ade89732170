package bolt

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// This file reads bbolt's pages, file format 2, without bbolt: it checks every length before using it, where bbolt
// would panic, fault or loop.

const (
	headerSize = 16 // id 8, flags 2, count 2, overflow 4
	metaSize   = 64 // magic 4, version 4, page size 4, flags 4, root 8+8, freelist 8, high water 8, txid 8, checksum 8
	metaMagic  = 0xED0CDAED

	branchPage   = 0x01
	leafPage     = 0x02
	freelistPage = 0x10

	bucketElement = 1
)

var order = binary.NativeEndian // bbolt writes in native byte order

// meta is one of the two pages that point to all others.
type meta struct {
	pageSize, root, freelist, high, txid uint64
}

// readMeta reads the meta page at the offset. magic reports whether it looks like a meta page at all, ok whether its
// checksum matches.
func readMeta(f io.ReaderAt, offset int64) (m meta, magic, ok bool) {
	var b [headerSize + metaSize]byte
	if _, err := f.ReadAt(b[:], offset); err != nil {
		return m, false, false
	}
	p := b[headerSize:]
	magic = order.Uint32(p) == metaMagic
	h := fnv.New64a()
	h.Write(p[:metaSize-8])
	ok = magic && order.Uint32(p[4:]) == 2 && h.Sum64() == order.Uint64(p[56:])
	return meta{
		pageSize: uint64(order.Uint32(p[8:])), root: order.Uint64(p[16:]), freelist: order.Uint64(p[32:]),
		high: order.Uint64(p[40:]), txid: order.Uint64(p[48:]),
	}, magic, ok
}

// element is a key with a value on a leaf, or with a child on a branch.
type element struct {
	key, value []byte
	flags      uint32
	child      uint64
}

func flagsOf(page []byte) uint16    { return order.Uint16(page[8:]) }
func countOf(page []byte) int       { return int(order.Uint16(page[10:])) }
func overflowOf(page []byte) uint64 { return uint64(order.Uint32(page[12:])) }

// elements returns the elements of a branch or leaf page.
func elements(page []byte) ([]element, error) {
	flags := flagsOf(page)
	if flags != leafPage && flags != branchPage {
		return nil, fmt.Errorf("has the kind %#x", flags)
	}
	all := make([]element, countOf(page))
	for i := range all {
		at := headerSize + 16*i
		if at+16 > len(page) {
			return nil, fmt.Errorf("has no room for its %d elements", len(all))
		}
		b := page[at:]
		var pos, key, value uint64
		if flags == leafPage {
			all[i].flags = order.Uint32(b)
			pos, key, value = uint64(order.Uint32(b[4:])), uint64(order.Uint32(b[8:])), uint64(order.Uint32(b[12:]))
		} else {
			all[i].child = order.Uint64(b[8:])
			pos, key = uint64(order.Uint32(b)), uint64(order.Uint32(b[4:]))
		}
		if pos+key+value > uint64(len(b)) {
			return nil, fmt.Errorf("has an element that ends behind it")
		}
		all[i].key, all[i].value = b[pos:pos+key], b[pos+key:pos+key+value]
	}
	return all, nil
}
