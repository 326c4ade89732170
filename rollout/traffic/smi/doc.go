// Package smi steers a TrafficSplit of the Service Mesh Interface: split.smi-spec.io, in whichever of its versions the
// cluster serves.
//
// Weights are always written as whole numbers, the one form that every version takes, and read in any form. The object
// has no status: what reads back is in force as far as anybody can tell. Where the configuration says create, the
// split is made at weight 0 and deleted at the end.
package smi
