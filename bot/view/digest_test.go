package view_test

import (
	"regexp"
	"testing"
	"unicode/utf8"
)

// Everybody in the channel reads a digest, and nobody is called by it, however much there is in it.
func TestADigestMentionsNobodyAndFitsIntoOneMessage(t *testing.T) {
	t.Parallel()
	live := regexp.MustCompile(`<[@!#](?:[^d]|d[^a])`) // but dates
	for name, m := range digests() {
		size := 0
		for _, text := range texts(m) {
			size += utf8.RuneCountInString(text)
			if found := live.FindString(text); found != "" {
				t.Errorf("%s calls somebody: %q in %q", name, found, text)
			}
		}
		if size > 10_000 || len(m.Blocks) > 20 {
			t.Errorf("%s has %d characters in %d blocks", name, size, len(m.Blocks))
		}
	}
}
