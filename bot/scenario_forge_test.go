package bot_test

import (
	"fmt"
	"time"

	"canarybot.io/rollout"
)

// code is where checkout's code is.
const code = "github.com/acme/checkout"

// forgeCommands are about where the code lives.
func forgeCommands() []command {
	return []command{
		{"forge", "STATE", "has the code of checkout from now on (holds), is down, up, slow or quick, or gets two more commits with a tag: forge tag v1.2.5", quiet(func(w *world, s words) {
			state, tag := s.cut()
			w.oneOf(state, map[string]func(){
				"holds": w.holdCode,
				"down":  func() { w.forge.Down(true) },
				"up":    func() { w.forge.Down(false) },
				"slow":  func() { w.forge.Slow(time.Minute) },
				"quick": func() { w.forge.Slow(time.Millisecond) },
				"tag": func() {
					w.forge.Tag(code, string(tag), written(11, "Say in the cart what is out of stock", "Ben"), written(12, "<!channel> deploy *me* `now`: <https://evil.example|here>", "<@U00000DEV1>"))
				},
			})
		})},
	}
}

// holdCode restarts the bot with the repository of checkout known.
func (w *world) holdCode() {
	w.stop()
	w.forge.Slow(time.Millisecond) // so that an answer comes after the ack that announces it
	w.forge.Tag(code, "v1.2.3", written(1, "Begin", "Ana"))
	w.forge.Tag(code, "v1.2.4", written(2, "Ask the stock once per basket", "Ben"), written(3, "Merge branch 'main' into tax", "Ana"), written(4, "Round the tax of each line, not of the sum (#412)", "Ana"))
	s := w.services["checkout"]
	s.Source = rollout.Source{Repository: code}
	w.services["checkout"] = s
	w.start()
	w.settle()
}

// written is a commit.
func written(n int, title, author string) rollout.SourceCommit {
	hash := fmt.Sprintf("%02xf9c2a1b7%030d", 16+n, n)
	return rollout.SourceCommit{Hash: hash, Title: title, Author: author, Link: "https://" + code + "/commit/" + hash}
}
