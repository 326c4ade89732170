// Package store holds what every store of rollouts agrees on: the rules that one change must keep before it may be
// committed, whatever keeps it afterwards. Package bolt is the store of production, package mem the reference,
// package storetest the suite that both pass.
//
// It knows no disk, no clock and no goroutine. Test a new store with storetest.Run; a new rule here with a table.
package store
