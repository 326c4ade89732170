// Package audit holds the chain in which every store keeps the audit, and the files that it is exported to.
//
// The bytes of an entry are made once, when it is appended, and are what is hashed, stored and exported from then on: no
// later version has to encode an old entry as the earlier one did. The hash of an entry is the SHA-256, in hex, of the hash
// before it, a line break and these bytes; before the first entry stands the SHA-256 of "canarybot audit of store " and the
// store's id. So whoever has the first hash and the entries needs sha256sum and nothing of ours.
//
// It uses no disk and no clock. Test it with tables: what was cut, edited, swapped or put in has to be named by its entry.
package audit
