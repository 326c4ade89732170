package view_test

import (
	"strings"
	"testing"

	"canarybot.io/bot/view"
	"canarybot.io/rollout"
)

// outside has what people, clusters and metrics stores bring, and how it reads: as it was meant, and without effect.
var outside = map[string]struct{ said, reads string }{
	"a person":             {"see <@U024BE7LH>", "see &lt;@U024BE7LH&gt;"},
	"a person by name":     {"thanks @ada", "thanks @ada"},
	"a group":              {"<!subteam^S0614TZR7|@oncall>", "&lt;!subteam^S0614TZR7|@oncall&gt;"},
	"everybody":            {"<!here> <!channel> <!everyone>", "&lt;!here&gt; &lt;!channel&gt; &lt;!everyone&gt;"},
	"everybody by name":    {"@here @channel", "@here @channel"},
	"a channel":            {"<#C024BE91L|deploys>", "&lt;#C024BE91L|deploys&gt;"},
	"a link in disguise":   {"<https://evil.example|our wiki>", "&lt;https://evil.example|our wiki&gt;"},
	"an address":           {"https://wiki.example.com/a_b?c=d&e=f", "https://wiki.example.com/a_b?c=d&amp;e=f"},
	"a date":               {"<!date^1^{time}|now>", "&lt;!date^1^{time}|now&gt;"},
	"entities":             {"&lt;!here&gt; a && b", "&amp;lt;!here&amp;gt; a &amp;&amp; b"},
	"emoji codes":          {"ship it :fire::+1::skin-tone-2: :ça-va:", "ship it ∶fire:∶+1:∶skin-tone-2: ∶ça-va:"},
	"emoji of numbers":     {"100 :100: :1234:", "100 ∶100: ∶1234:"},
	"a time":               {"2026-11-28T10:30:45Z", "2026-11-28T10:30:45Z"},
	"ports":                {"dial tcp 10.96.0.1:443: i/o timeout; [::1]:9090: refused", "dial tcp 10.96.0.1:443: i/o timeout; [::1]:9090: refused"},
	"an image":             {"registry:5000/shop/checkout:v1", "registry:5000/shop/checkout:v1"},
	"emoji themselves":     {"🔥 ✅", "🔥 ✅"},
	"bold, sly, gone":      {"*bold* _sly_ ~gone~ `tick`", "∗bold∗ ˍslyˍ ∼gone∼ ˋtickˋ"},
	"a name with marks":    {"a_b_c 2 * 3", "a_b_c 2 ∗ 3"},
	"a quotation":          {"> quoted", "&gt; quoted"},
	"lines":                {"one\r\ntwo\u2028three\vfour", "one two three four"},
	"text from the right":  {"v1\u202e4.2\u202c \u2066x\u2069 \u200fy", "v14.2 x y"},
	"nothing to see":       {"a\u200bb\u2060c\ufeffd\u00ade\u3164f", "abcdef"},
	"a terminal's colours": {"\x1b[31mred\x1b[0m", "[31mred [0m"},
	"accents piled up":     {"z" + strings.Repeat("\u0336", 40) + "a\u0301", "z" + strings.Repeat("\u0336", 4) + "a\u0301"},
	"no text at all":       {"\xff\xfe ok", "� ok"},
	"Hebrew and Thai":      {"שָׁלוֹם น้ำ", "שָׁלוֹם น้ำ"},
}

// TestWhatComesFromOutsideIsReadableAndInert says it everywhere where something from outside is shown.
func TestWhatComesFromOutsideIsReadableAndInert(t *testing.T) {
	for name, c := range outside {
		reads := c.reads
		if after, ok := strings.CutPrefix(reads, "&gt;"); ok {
			reads = "›" + after
		}
		for place, got := range placesOf(c.said) {
			if !strings.Contains(got, reads) {
				t.Errorf("%s in %s lacks %q: %q", name, place, reads, got)
			}
			if err := live(got); err != nil {
				t.Errorf("%s in %s: %v", name, place, err)
			}
		}
	}
}

// placesOf are the texts that have something from outside: a person's words, a machine's answer, a name.
func placesOf(said string) map[string]string {
	r := baking()
	r.Request.Text = said
	r.Trouble = rollout.Text(said)
	unread := r
	unread.Verdict = unknown(rollout.WhyQueryError)
	unread.Verdict.Evidence[0].Detail = said
	failed := in(rollout.RollingBack)
	failed.Ending.Reason = rollout.Reason{Code: rollout.ReasonCanary, Failure: rollout.Failure{Kind: rollout.CrashLoop, Detail: said}}
	decided := rollout.Entry{Kind: rollout.EntryDecided, Actor: person("U024BE7LH"), Data: rollout.Data{Action: rollout.Pause, Text: said}}
	reply, _ := view.Reply(r, decided, view.Audience{}, permalink)
	all := func(m view.Message) string { return strings.Join(texts(m), "\n") }
	return map[string]string{
		"a reason on the card":      all(view.Card(r, view.CardOptions{})),
		"the cluster's answer":      all(view.Card(failed, view.CardOptions{})),
		"Prometheus's answer":       all(view.Answers{}.StatusOf(unread, nil, "")),
		"a reason in a reply":       all(reply),
		"a reason in a list":        all(view.Answers{}.History("", []rollout.Rollout{r})),
		"a service's name":          all(view.Answers{}.NothingLive(rollout.ServiceName(said), rollout.Rollout{})),
		"the manager of a field":    all(view.Card(drifting(said), view.CardOptions{})),
		"an error of the cluster's": all(view.Answers{}.Error(rollout.Refuse(rollout.Invalid, rollout.Text(said)))),
	}
}

func drifting(by string) rollout.Rollout {
	return with(func(r *rollout.Rollout) {
		r.Drift = &rollout.Drift{Field: rollout.FieldWeight, Wanted: "5", Value: "50", By: by}
	})
}
