package slacksim_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim"
)

func TestTranscriptReadsLikeTheChannel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sim := slacksim.Start(t, slacksim.Options{})
		api := newAPI(sim)
		root := postCard(t, api)
		time.Sleep(5 * time.Minute)
		reply := slack.MsgOptionText("*Shifted* to 5 % at <!date^946684800^{time}|midnight>, see <https://grafana.example.com|the graph> &amp; wait", false)
		post(t, api, reply, slack.MsgOptionTS(root))
		if _, err := sim.As("oncall").Press("#deploys", root, "promote"); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.As("oncall").Say("#deploys", root, "no luck, @dev?"); err != nil {
			t.Fatal(err)
		}
		if _, err := sim.As("dev").Slash("#deploys", "/canary", "status"); err != nil {
			t.Fatal(err)
		}
		got := sim.Transcript("#deploys")
		want := `#deploys
00:00 @canarybot (⚠ for @oncall)
  # checkout v1.2.4
  Asked for by @dev
  [ Promote ] [ Roll back ]
    00:05 @canarybot
      Shifted to 5 % at 00:00 UTC, see the graph & wait
    00:05 @oncall
      no luck, @dev?
00:05 Slackbot (only you, @dev)
  /canary failed with the error "dispatch_failed"
`
		if got != want {
			t.Errorf("transcript:\n%s\nwant:\n%s", got, want)
		}
	})
}
