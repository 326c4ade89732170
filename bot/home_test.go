package bot_test

import (
	"strings"
	"testing"
	"time"

	"canarybot.io/bot/slacksim"
	"canarybot.io/rollout"
)

// opens opens somebody's home tab.
func (w *world) opens(user string) {
	w.t.Helper()
	if out, err := w.slack.As(user).OpenHome(); err != nil || out.Delivery != slacksim.Acked {
		w.t.Fatalf("%v, %v\n%s", out.Delivery, err, w.log)
	}
	w.settle()
}

func TestHomeFollowsWhileSomebodyLooksAtIt(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.opens(oncall)
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", 4)
		w.settle()
		if got := w.home(oncall); !strings.Contains(got, "# Waits for you\n    checkout-1 · production · v1.2.3 → v1.2.4 · ⏳ Waiting") {
			t.Errorf("it does not say what waits:\n%s", got)
		}
		if _, other := w.slack.Home(dev); other {
			t.Error("dev did not open it")
		}
		// Nobody is told again of what they see already.
		before := w.count("canary_slack_calls_total", "method=views.publish")
		time.Sleep(time.Minute)
		if after := w.count("canary_slack_calls_total", "method=views.publish"); before == 0 || after > before+1 {
			t.Errorf("%v calls, then %v", before, after)
		}
		// Nor of anything once they have not looked for a while.
		time.Sleep(10 * time.Minute)
		w.press(oncall, "Promote to 50 %")
		w.settle()
		w.settle()
		if got := w.home(oncall); !strings.Contains(got, "Waiting for a person") {
			t.Errorf("it is kept up to date for nobody:\n%s", got)
		}
		w.opens(oncall)
		if got := w.home(oncall); strings.Contains(got, "Waiting for a person") {
			t.Errorf("opening it shows what is so now:\n%s", got)
		}
	})
}

// Who has approved already waits for others, and whoever asked does not count: nothing waits for them.
func TestHomeSaysWhoseApprovalIsMissing(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.putUser("nia", "member")
		w.putGroup("dev oncall nia")
		w.putPolicy("approvals 2 group")
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", rollout.Awaiting)
		waits := func(user string) bool {
			w.opens(user)
			return strings.Contains(w.home(user), "# Waits for you\n    checkout-1")
		}
		if waits(dev) || !waits(oncall) || !waits("nia") {
			t.Errorf("it waits for dev %v, oncall %v, nia %v", waits(dev), waits(oncall), waits("nia"))
		}
		w.press(oncall, "Approve, 1 of 2")
		w.settle()
		if waits(oncall) || !waits("nia") {
			t.Errorf("once oncall approved it waits for oncall %v, nia %v", waits(oncall), waits("nia"))
		}
	})
}

// A home tab of many rollouts does not ask Slack as often who is in a group that it does not tell of.
func TestHomeAsksOnceForAGroupWithoutAnAnswer(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.putGroup("oncall")
		w.putPolicy("group")
		for _, name := range []rollout.ServiceName{"search", "cart"} {
			w.stop()
			w.addService(name)
			s := w.services[name]
			s.Policy = w.services["checkout"].Policy
			w.services[name] = s
			w.start()
		}
		for _, line := range []string{"deploy checkout v1.2.4", "deploy search v3.0.0", "deploy cart v3.0.0"} {
			w.slash(dev, line)
		}
		w.settle()
		w.slack.SetUserGroups(false)
		time.Sleep(10 * time.Minute) // since the approvers were called, too
		asked := func() float64 { return w.count("canary_slack_calls_total", "method=usergroups.users.list") }
		before := asked()
		w.opens(oncall)
		if n := asked() - before; n != 1 {
			t.Errorf("Slack was asked %v times", n)
		}
	})
}

func TestHomeWithoutTheTabIsNoTrouble(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.SetFault("views.publish", slacksim.Fault{Error: "not_enabled"})
		w.opens(dev)
		if _, there := w.slack.Home(dev); there {
			t.Error("something was published")
		}
		w.wants("the answer", w.slash(dev, "status"), "Nothing is rolling out")
	})
}

func TestHomeSaysThatNothingCanBeSaved(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slash(dev, "deploy checkout v1.2.4")
		w.awaitPhase("checkout-1", 4)
		w.play("disk full")
		w.press(oncall, "Roll back")
		w.settle()
		w.opens(dev)
		w.wants("the home", w.home(dev), "cannot save", "checkout-1")
	})
}

// Build systems say in blocks and attachments what they do not say in the text.
func TestShortcutReadsBlocks(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		blocks := `[{"type":"section","block_id":"b","text":{"type":"mrkdwn","text":"Built *checkout*"},"fields":[{"type":"mrkdwn","text":"Tag\n` + "`v1.2.4`" + `"}]}]`
		ts, err := w.slack.SayWith(slacksim.App{BotID: "B0CI000001", Name: "ci"}, "#deploys", "A build is done", blocks)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := w.slack.As(dev).ShortcutOn("#deploys", ts, "Deploy this version"); err != nil || out.Delivery != slacksim.Acked {
			t.Fatalf("%v, %v\n%s", out.Delivery, err, w.log)
		}
		w.settle()
		w.wants("the form", w.modal(dev), "Service: [checkout]", "Version: [v1.2.4]", "it would start")
	})
}

func TestShortcutOffersWhatTheMessageNames(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.play("app checkout: v1.2.4 replaces v1.2.3")
		w.play("shortcut dev Deploy this version")
		w.wants("the form", w.modal(dev), "Service: [checkout]", "Version: []")
		w.wants("what is suggested", w.play("suggest dev Version:"), "In the message\n      v1.2.4\n      v1.2.3")
		w.fill(dev, "Plan", "quick") // another choice does not lose them
		w.wants("what is suggested", w.play("suggest dev Version: v1.2"), "In the message\n      v1.2.4\n      v1.2.3")
	})
}

func TestShortcutSaysThatNoFormCouldBeOpened(t *testing.T) {
	inWorld(t, slacksim.Options{}, func(w *world) {
		w.slack.SetFault("views.open", slacksim.Fault{HTTPStatus: 500})
		w.wants("the answer on a message", w.play("app checkout v1.2.4 is built")+w.play("shortcut dev Deploy this version"), "Slack did not open the form")
		w.play("shortcut dev Deploy")
		w.wants("the answer to a global one", w.slack.Transcript("dm-dev"), "Slack did not open the form")
	})
}
