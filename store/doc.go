// Package store holds the rules that every store of rollouts shares: what a change must satisfy before it is committed.
// Package bolt is the production store, package mem the reference, package storetest the suite that both pass.
//
// It uses no disk, no clock and no goroutine. Test a new store with storetest.Run; a new rule here with a table.
package store
