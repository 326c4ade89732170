package bolt

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"canarybot.io/store"
)

// TestRunbookHasTheNumbers is inside the package to see them.
func TestRunbookHasTheNumbers(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(string(page)), " ")
	parts := map[int]string{8: "an eighth", 16: "a sixteenth"}
	for _, want := range []string{
		fmt.Sprintf("%d MiB (at most %s of it) belong to the file", reserveBytes>>20, parts[reservePart]),
		fmt.Sprintf("With less than %d MiB free (at most %s of the volume)", lowBytes>>20, parts[lowPart]),
		fmt.Sprintf("%d ended rollouts of each service, the timelines of %d,", store.Keep, store.Keep*store.Timelines),
		fmt.Sprintf("gives up after %d s", Patience/time.Second),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the runbook lacks %q", want)
		}
	}
	if compactEvery != time.Hour || !strings.Contains(text, "at most once an hour") {
		t.Error("the runbook says something else about how often a file is compacted")
	}
}
