package view

import "canarybot.io/rollout"

// Sentences returns the sentence of each problem code, with its placeholders.
func Sentences() map[rollout.ProblemCode]string { return sentences() }
