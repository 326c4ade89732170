package store

// Usage is how much room a store takes and has, in bytes.
type Usage struct {
	Size   int64 // of the file
	Free   int64 // of it, in pages that nothing is stored on
	Volume int64 // free for it on its file system
}
