package view_test

import (
	"encoding/json"
	"testing"

	"github.com/slack-go/slack"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// homes are all that people see on their home tab.
func homes() map[string]view.Blocks {
	a := view.Answers{}
	links := map[rollout.ID]string{"checkout-42": permalink}
	var many []rollout.Rollout
	for range 60 {
		many = append(many, baking())
	}
	return map[string]view.Blocks{
		"nothing": a.Home(view.Home{}),
		"busy": a.Home(view.Home{
			Waiting: []rollout.Rollout{in(rollout.Awaiting)}, Running: []rollout.Rollout{baking(), in(rollout.Queued)},
			Recent: []rollout.Rollout{ending(rollout.Succeeded, nil), ending(rollout.RolledBack, nil)}, Links: links,
		}),
		"many":    a.Home(view.Home{Waiting: many, Running: many, Recent: many, Links: links}),
		"outage":  a.Home(view.Home{Running: []rollout.Rollout{baking()}, Notice: a.OutageBegan(outage())}),
		"closed":  a.Home(view.Home{Running: []rollout.Rollout{baking()}, Closures: closures(), Now: noon}),
		"pending": a.Home(view.Home{Queue: queue(), Now: noon}),
		"guest":   a.Outsider(rollout.Actor{Kind: rollout.Person, ID: "U0GUEST99"}).Blocks,
	}
}

func TestHomesAreValid(t *testing.T) {
	for name, blocks := range homes() {
		encoded, err := json.Marshal(slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range blockkit.ValidateView(encoded, blockkit.InHome) {
			t.Errorf("%s: %s", name, p)
		}
	}
}
