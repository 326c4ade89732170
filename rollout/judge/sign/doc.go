// Package sign judges whether a value of the canary is worse than stable's by more than a margin, whatever the value is.
//
// Time is cut into blocks. In each, both sides' values are read in the same seconds, and it counts which of the two is
// worse, not by how much: a coin that falls on "worse" at most half of the time while the canary is within the margin,
// however wild the values are, and whatever swings in both together. A bet on that coin (package bet) is carried through
// the whole rollout. A block at most doubles it, so no short disturbance suffices.
//
// Blocks that are alike one after the other say less than as many that are not: by how much is measured in the blocks
// themselves, and every factor is divided by it (overlap.go). Where the bet is won, three questions are left that only
// delay: whether it is still so, whether the size of the difference is beyond chance too, and how large it is
// (standing.go).
//
// What is proved: where signs do not depend on each other, the bet reaches 1/alpha in at most a share alpha of the
// rollouts, however often it is looked at. Where they do, that is measured, not proved (sign_test.go).
//
// The package is pure and small: numbers, no clock. It is stored as JSON.
package sign
