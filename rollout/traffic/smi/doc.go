// Package smi steers a TrafficSplit of the Service Mesh Interface: split.smi-spec.io, in whichever of its versions the
// cluster serves.
//
// Weights are always written as whole numbers, the only form that every version allows, and read in any form. The
// object has no status: what reads back counts as in force. Where the configuration says create, the split is made at
// weight 0 and deleted at the end.
package smi
