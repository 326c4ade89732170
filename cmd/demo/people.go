package main

import (
	"canarybot.io/bot/slacksim"
	"canarybot.io/bot/view/storybook"
)

// The people of the demo. Their ids are those of the policy in canarybot.yaml.
const (
	dev    = "U0000DEV01"
	onCall = "U00ONCALL1"
	lead   = "U000LEAD01"
	intern = "U0INTERN01"
)

// channel is where everything happens.
const channel = "C0DEPLOYS1"

func people() []slacksim.User {
	return []slacksim.User{
		{ID: dev, Name: "dev", RealName: "dev", Title: "deploys and approves"},
		{ID: onCall, Name: "on-call", RealName: "on-call", Title: "deploys and approves"},
		{ID: lead, Name: "lead", RealName: "lead", Title: "approves"},
		{ID: intern, Name: "intern", RealName: "intern", Title: "may look, and roll back"},
	}
}

// workspace is the simulated Slack.
func workspace() slacksim.Options {
	return slacksim.Options{
		Shortcuts: []slacksim.Shortcut{
			{Name: "Deploy", CallbackID: "canary.deploy"}, {Name: "Deploy this version", CallbackID: "canary.deploy_this", OnMessage: true},
		},
		Workspace: slacksim.Workspace{Name: "Northwind", Domain: "northwind"},
		Users:     people(),
		Bot:       slacksim.Bot{Name: "canary"}, // as docs/slack-app.yaml has it
		Channels:  []slacksim.Channel{{ID: channel, Name: "deploys", Topic: "Canary deployments of checkout and search"}},
		Page: slacksim.Page{
			Channel: channel, User: dev, Prefill: "/canary deploy checkout v1.2.4",
			Completions: completions(), Panel: "/panel/", PanelTitle: "Cluster",
			Stories: storybook.Stories(),
		},
	}
}

// completions are the suggestions while a user types a command.
func completions() []slacksim.Completion {
	var all []slacksim.Completion
	for _, v := range versions() {
		all = append(all, slacksim.Completion{Text: "/canary deploy checkout " + v.tag, Hint: v.note})
	}
	return append(all,
		slacksim.Completion{Text: "/canary deploy search v1.2.4", Hint: "another service, at the same time"},
		slacksim.Completion{Text: "/canary deploy checkout v1.2.4 --auto", Hint: "no clicks: the verdict alone decides"},
		slacksim.Completion{Text: "/canary deploy checkout v1.2.4 --dry-run", Hint: "only ask whether it could start"},
		slacksim.Completion{Text: "/canary deploy checkout v1.2.4 --plan careful", Hint: "two others have to approve"},
		slacksim.Completion{Text: "/canary deploy", Hint: "a form, if you would rather not type"},
		slacksim.Completion{Text: "/canary status", Hint: "what is rolling out"},
		slacksim.Completion{Text: "/canary promote checkout", Hint: "the next step"},
		slacksim.Completion{Text: "/canary rollback checkout", Hint: "off traffic now; after the end: back to the version before"},
		slacksim.Completion{Text: "/canary extend checkout", Hint: "bake ten minutes longer"},
		slacksim.Completion{Text: "/canary promote checkout --now it is fine", Hint: "skip the rest of the bake: as on-call or lead"},
		slacksim.Completion{Text: "/canary pause checkout", Hint: "nothing moves forward"},
		slacksim.Completion{Text: "/canary resume checkout", Hint: "and on"},
		slacksim.Completion{Text: "/canary freeze all for 10m sale", Hint: "nothing starts; rolling back goes on"},
		slacksim.Completion{Text: "/canary unfreeze all", Hint: "and on"},
		slacksim.Completion{Text: "/canary lock checkout for 10m debugging", Hint: "nobody else starts anything there"},
		slacksim.Completion{Text: "/canary unlock checkout", Hint: "and on"},
		slacksim.Completion{Text: "/canary deploy checkout v1.2.4 --at tomorrow 10:00", Hint: "later; asks whether that is the day you mean"},
		slacksim.Completion{Text: "/canary queue", Hint: "what is pending"},
		slacksim.Completion{Text: "/canary deploy checkout=v1.2.4 search=v1.2.4 --together", Hint: "both or none"},
		slacksim.Completion{Text: "/canary report", Hint: "how rollouts went"},
		slacksim.Completion{Text: "/canary checks checkout", Hint: "ask Prometheus now"},
		slacksim.Completion{Text: "/canary services", Hint: "what can be deployed"},
		slacksim.Completion{Text: "/canary history checkout", Hint: "what was deployed"},
		slacksim.Completion{Text: "/canary whoami", Hint: "your id, and what you may do"},
		slacksim.Completion{Text: "/canary help all", Hint: "all commands"},
	)
}
