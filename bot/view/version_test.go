package view_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"canarybot.io/bot/slacksim/blockkit"
	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

const shop = "registry.example.com/shop/checkout"

func digest(digits string) string { return "@sha256:" + digits + strings.Repeat("0", 64-len(digits)) }

// changing is a rollout from one image to another.
func changing(from, to string) rollout.Rollout {
	r := baking()
	r.Original.Stable.Image, r.Original.Stable.Tag, r.Image = from, "", to
	return r
}

// TestVersionsAreToldApart has pairs of versions that a tired person, or a cut, takes for one another.
func TestVersionsAreToldApart(t *testing.T) {
	long := strings.Repeat("feature-faster-tax-lookup-", 4)
	for name, c := range map[string]struct{ from, to, want string }{
		"tags":                       {shop + ":v1.2.3", shop + ":v1.2.4", "v1.2.3 → v1.2.4"},
		"tags alike for 104":         {shop + ":" + long + "1", shop + ":" + long + "2", long + "1 → " + long + "2"},
		"tags that differ in case":   {shop + ":V1", shop + ":v1", "V1 → v1"},
		"a tag that was pushed anew": {shop + ":v1" + digest("aa"), shop + ":v1" + digest("ab"), "v1@sha256:aa0000000000 → v1@sha256:ab0000000000"},
		"a tag and its digest":       {shop + ":v1", shop + ":v1" + digest("ab"), "v1 → v1@sha256:ab0000000000"},
		"digests":                    {shop + digest("aa"), shop + digest("ab"), "sha256:aa0000000000 → sha256:ab0000000000"},
		"digests alike for 12": {
			shop + digest("aaaaaaaaaaaa1"), shop + digest("aaaaaaaaaaaa2"),
			shop + digest("aaaaaaaaaaaa1") + " → " + shop + digest("aaaaaaaaaaaa2"),
		},
		"another registry": {"old.example.com/checkout:v1", shop + ":v1", "old.example.com/checkout:v1 → " + shop + ":v1"},
		"no tag":           {"checkout", shop + ":latest", "checkout:latest → " + shop + ":latest"},
	} {
		card := string(render(t, view.Card(changing(c.from, c.to), view.CardOptions{})))
		if want := "🐤 checkout · production · " + c.want + "\n"; !strings.Contains(card, want) {
			t.Errorf("%s: the card lacks %q:\n%s", name, want, card)
		}
	}
}

// randomImage is a reference that differs little from others: in one place, at any depth.
func randomImage(t *rapid.T) string {
	repository := rapid.SampledFrom([]string{shop, "old.example.com/shop/checkout", "checkout", "10.0.0.1:5000/checkout"}).Draw(t, "repository")
	tag := func() string {
		length := rapid.IntRange(1, 128).Draw(t, "length")
		all := []byte(strings.Repeat("v", length))
		all[rapid.IntRange(0, length-1).Draw(t, "differs at")] = rapid.SampledFrom([]byte("ab_-.09")).Draw(t, "by")
		return ":" + strings.TrimLeft("v"+string(all[1:]), "-.")
	}
	sum := func() string {
		all := []byte(strings.Repeat("0", 64))
		all[rapid.IntRange(0, 63).Draw(t, "digit")] = rapid.SampledFrom([]byte("1f")).Draw(t, "is")
		return "@sha256:" + string(all)
	}
	switch rapid.SampledFrom([]string{"tag", "digest", "both", "bare"}).Draw(t, "form") {
	case "tag":
		return repository + tag()
	case "digest":
		return repository + sum()
	case "both":
		return repository + tag() + sum()
	}
	return repository
}

// TestAnyTwoVersionsReadDifferently draws images that are hard to tell apart, and shows them on a card, in its thread and
// in lists: whoever reads one of them never takes it for another.
func TestAnyTwoVersionsReadDifferently(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfNDistinct(rapid.Custom(randomImage), 2, 4, rapid.ID).Draw(t, "images")
		r := changing(all[0], all[1])
		entry := rollout.Entry{Kind: rollout.EntryStarted, At: noon}
		reply, _ := view.Reply(r, entry, view.Audience{}, permalink)
		title := strings.Split(strings.Join(shown(view.Card(r, view.CardOptions{})), "\n"), "\n")[0]
		told(t, title)
		told(t, strings.Split(shown(reply)[0], " in production")[0])
		told(t, strings.ReplaceAll(shown(view.Answers{}.OfferRollback(r, all[0], all[1]))[1], " to ", " → "))

		rollouts := make([]rollout.Rollout, 0, len(all))
		for i, image := range all {
			one := changing(all[(i+1)%len(all)], image)
			one.ID = rollout.NewID("checkout", i+1)
			rollouts = append(rollouts, one)
		}
		for name, list := range map[string]view.Message{
			"status": view.Answers{}.Status(rollouts), "history": view.Answers{}.History("checkout", rollouts),
			"services": view.Answers{}.Services([]rollout.Service{{Name: "checkout", Spec: spec()}}, rollouts),
		} {
			names := map[string]bool{}
			for _, line := range shown(list) {
				if _, after, ok := strings.Cut(line, " → "); ok {
					names[strings.Split(after, " · ")[0]] = true
				}
			}
			if len(names) != len(all) {
				t.Fatalf("%s has %d names for %q: %q", name, len(names), all, slices.Collect(maps.Keys(names)))
			}
		}
	})
}

// shown are the lines of a message.
func shown(m view.Message) []string {
	return strings.Split(strings.Join(blockkit.Plain(blocksOf(m), blockkit.Names{Now: noon}), "\n"), "\n")
}

// told fails when both sides of the arrow in the line read the same.
func told(t *rapid.T, line string) {
	before, after, ok := strings.Cut(line, " → ")
	words := strings.Fields(before)
	if !ok || len(words) == 0 {
		t.Fatalf("%q has no arrow", line)
	}
	to := strings.TrimSuffix(strings.Fields(after)[0], ":")
	if from := words[len(words)-1]; from == to {
		t.Fatalf("both sides read the same in %q", line)
	}
}

// TestWhatIsTypedIsWhole has the longest names that there may be, which people copy from what they see.
func TestWhatIsTypedIsWhole(t *testing.T) {
	service := rollout.ServiceName(strings.Repeat("s", 62))
	r := baking()
	r.Service, r.ID = service+"1", rollout.NewID(service+"1", 12345)
	r.Image = shop + ":" + strings.Repeat("t", 128)
	pinned := r
	pinned.Image = shop + digest("abc")
	a := view.Answers{}
	for name, c := range map[string]struct {
		m    view.Message
		want string
	}{
		"the card's id":         {view.Card(r, view.CardOptions{}), string(r.ID)},
		"the card's version":    {view.Card(r, view.CardOptions{}), strings.Repeat("t", 128)},
		"status":                {a.Status([]rollout.Rollout{r}), string(r.ID)},
		"history":               {a.History("", []rollout.Rollout{r}), string(r.ID)},
		"why":                   {a.Why(r), string(r.ID)},
		"services":              {a.Services([]rollout.Service{{Name: r.Service, Spec: spec()}}, nil), string(r.Service)},
		"what is not there":     {a.NoRollout(r.ID), string(r.ID)},
		"an answer":             {a.NotTheCard(r.ID), string(r.ID)},
		"a digest":              {a.StatusOf(pinned, nil, ""), "`" + pinned.Image + "`"},
		"a busy service":        {a.Busy(launchOf(r), &rollout.BusyError{Live: r}, ""), fmt.Sprintf("`/canary deploy %s %s --replace", r.Service, strings.Repeat("u", 128))},
		"a plan that is missed": {a.UnknownPlan(rollout.Service{Name: r.Service, Spec: spec()}, strings.Repeat("p", 63)), strings.Repeat("p", 63)},
	} {
		if got := strings.Join(shown(c.m), "\n"); !strings.Contains(got, c.want) {
			t.Errorf("%s lacks %q:\n%s", name, c.want, got)
		}
	}
}

func launchOf(r rollout.Rollout) rollout.DeployRequest {
	return rollout.DeployRequest{Service: r.Service, Version: strings.Repeat("u", 128), Actor: person("U024BE7LH")}
}

// What is suggested can be typed as it stands: a digest whole, a reason cut before the words that do something.
func TestSuggestedCommandsNameTheSameImage(t *testing.T) {
	for name, c := range map[string]struct{ image, typed string }{
		"a tag":             {shop + ":v1.2.4", "v1.2.4"},
		"a digest":          {shop + digest("abc"), digest("abc")[1:]},
		"both":              {shop + ":v1" + digest("abc"), "v1" + digest("abc")},
		"a registry's port": {"10.0.0.1:5000/checkout:v1", "v1"},
	} {
		r := changing(shop+":v1.2.3", c.image)
		r.Phase, r.Ending = rollout.Ended, rollout.Ending{Outcome: rollout.RolledBack, Reason: rollout.Reason{Code: rollout.ReasonUnanswered}}
		m, _ := view.Reply(r, rollout.Entry{Kind: rollout.EntryEnded, Data: rollout.Data{Ending: &r.Ending}}, view.Audience{}, "")
		if want := "`/canary deploy checkout " + c.typed + " --replace`"; !strings.Contains(strings.Join(shown(m), "\n"), want) {
			t.Errorf("%s: no %q in %q", name, want, shown(m))
		}
		repository, _, _ := strings.Cut(c.image, ":v1")
		repository, _, _ = strings.Cut(repository, "@")
		if image, err := rollout.Image(repository, c.typed); err != nil || image != c.image {
			t.Errorf("%s: %s means %s, %v", name, c.typed, image, err)
		}
	}
}

// A question about two long versions is whole, and still says which is which.
func TestDialogsNameBothVersions(t *testing.T) {
	long := strings.Repeat("feature-faster-tax-lookup-", 4)
	for _, images := range [][2]string{
		{shop + ":" + long + "1", shop + ":" + long + "2"},
		{shop + digest("aaaaaaaaaaaa"), shop + ":v1" + digest("b")},
		{"old.example.com/" + strings.Repeat("shop/", 30) + "checkout:v1", shop + ":v1"},
	} {
		r := changing(images[0], images[1])
		r.Phase, r.Step = rollout.Awaiting, 1
		for name, m := range map[string]view.Message{"card": view.Card(r, view.CardOptions{}), "offer": view.Answers{}.OfferRollback(r, images[1], images[0])} {
			for _, b := range buttonsOf(t, m) {
				if b.Confirm == nil {
					continue
				}
				text := b.Confirm.Text.Text
				if !strings.HasSuffix(text, ".") || len([]rune(text)) > 300 {
					t.Errorf("%s, %s: the end is not there: %q", name, b.Text.Text, text)
				}
				if b.Text.Text == "Roll back" && images[0] == shop+":"+long+"1" && !(strings.Contains(text, "lookup-1") && strings.Contains(text, "lookup-2")) {
					t.Errorf("%s, %s: which is which in %q?", name, b.Text.Text, text)
				}
			}
		}
	}
}
