package command

import "strings"

// longestWord bounds the words that are compared: no name is longer.
const longestWord = 64

// nearest returns the candidate that the word most likely meant; empty if none is near enough.
func nearest(word string, candidates []string) string {
	typed := []rune(word)
	if len(typed) == 0 || len(typed) > longestWord {
		return ""
	}
	best, found := len(typed)+longestWord, ""
	for _, c := range candidates {
		want := []rune(c)
		d := distance(typed, want)
		if len(typed) >= 3 && strings.HasPrefix(c, word) {
			d = 1 // a prefix counts like one typing error
		}
		if d < best && d <= max(1, max(len(typed), len(want))/3) {
			best, found = d, c
		}
	}
	return found
}

// distance counts the characters to add, drop, change or swap with their neighbour to make b out of a.
func distance(a, b []rune) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := last[j-1]
			if a[i-1] != b[j-1] {
				change++
			}
			row[j] = min(last[j]+1, row[j-1]+1, change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
