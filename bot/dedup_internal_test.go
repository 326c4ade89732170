package bot

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"canarybot.io/bot/view"
)

// TestAnswersAreBounded is inside the package to see the heap of the memory alone.
func TestAnswersAreBounded(t *testing.T) { // not parallel: others would use the heap
	d := newDedup()
	before := heap()
	ask := func(key string) (out answer, first bool) {
		out, first, ok := d.do(t.Context(), key, func() (answer, bool) {
			big := strings.Repeat("x", 13_000)
			out := answerWith(view.Message{Text: big})
			out.later = func(context.Context) view.Message { return view.Message{Text: big + big} }
			return out, true
		})
		if !ok {
			t.Fatal("not handled")
		}
		return out, first
	}
	const many = 30_000 // ten minutes at fifty a second
	for i := range many {
		ask(fmt.Sprintf("slack:%d", i))
	}
	if grown := heap() - before; grown > 4<<20 {
		t.Errorf("%d answers take %d KiB", many, grown>>10)
	}
	if out, first := ask(fmt.Sprintf("slack:%d", many-1)); first || out.now == nil {
		t.Error("the last answer is not shared")
	}
	if out, first := ask(fmt.Sprintf("slack:%d", many-remembered)); first || out.now != nil {
		t.Errorf("a request of before is handled again (%t) or shares an answer (%v)", first, out.now)
	}
	runtime.KeepAlive(d)
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
