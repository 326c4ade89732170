package view

import "canarybot.io/rollout"

// Sentences returns the sentence of each problem code, with its placeholders.
func Sentences() map[rollout.ProblemCode]string { return sentences() }

// ClusterSentences returns the sentences of the cluster's problems, with their placeholders.
func ClusterSentences() map[rollout.ProblemCode]string { return clusterSentences() }

// Fill returns what a placeholder stands for in a problem's sentence.
func Fill(p rollout.Problem, placeholder string) string { return fill(p, placeholder) }
