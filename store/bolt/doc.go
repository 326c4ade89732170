// Package bolt keeps rollouts in one bbolt file. It is the production store.
//
// What it promises beyond rollout.Store:
//
//   - One sync carries many commits: whoever waits while a transaction is in progress goes into the next one together,
//     each with an answer of its own (writer.go).
//   - No error of the disk is final (mend.go). The handle that failed is never used again: the file is opened anew,
//     without what the kernel's cache believes of it, and only as the same store in a state that is not older. What can
//     be read is read meanwhile, and no caller waits more than ten seconds.
//   - The directory is locked, which outlives the file: before each commit the store looks whether the path still leads
//     to the file that it works on.
//   - A file is looked at before bbolt may touch it (inspect.go). What is not ours, newer than this program or
//     damaged is refused with a sentence and left byte for byte. bbolt protects only its two first pages, so every
//     record carries a CRC-32C over its bucket, key and value, and one record carries the count and the sum of all
//     the others: neither a changed record nor a lost one goes unseen.
//   - The first file is built beside its place and linked there when it is whole.
//   - Some room ahead belongs to the file, for rollouts that end (space.go). What is kept is bounded in number and in
//     bytes (retain.go, shrink.go), and a file that is more than half empty is compacted while it is used (compact.go).
//
// The file belongs to one process at a time, has a directory of its own and lies on a local disk. Layout (buckets of
// framed JSON records, keys made to be read by people):
//
//	canarybot   store           format, schema, store id; the one place that every schema keeps
//	            sum             count and sum of all other records
//	rollouts    SERVICE/NUMBER  the rollout
//	entries     SERVICE/NUMBER/SEQ
//	open        SERVICE/NUMBER  its revision and last entry, as long as it has not ended
//	holders     SERVICE         the live rollout
//	numbers     SERVICE         the last number given out
//	decided     DECISION        when it was committed
//	decided_at  TIME DECISION   the same by age, to forget the old ones
//	notes       KIND/KEY        small records of others, as bytes
//
// To add a field, add it to the domain type with omitempty: old records decode for ever, testdata has one of each. A
// change that an older program would misread raises schema.
//
// Test it with storetest.Run and a temporary directory; Options.Sync slows a disk down or fails it.
package bolt
