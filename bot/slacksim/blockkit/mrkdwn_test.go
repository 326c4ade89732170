package blockkit_test

import (
	"slices"
	"testing"
	"time"

	"canarybot.io/bot/slacksim/blockkit"
)

func names() blockkit.Names {
	return blockkit.Names{
		User:    func(id string) string { return map[string]string{"U1": "dev"}[id] },
		Channel: func(id string) string { return map[string]string{"C1": "deploys"}[id] },
		Now:     time.Unix(1732399200, 0), // Saturday 23 November 2024, 22:00 UTC
	}
}

func TestPlainMrkdwn(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"bold, italic, strike", "*a b* _c_ ~d~", "a b c d"},
		{"markers inside words", "a_b_c 2*3*4", "a_b_c 2*3*4"},
		{"marker with spaces", "* a *", "* a *"},
		{"over lines", "*a\nb*", "*a\nb*"},
		{"code keeps its markers", "`*a*` and *b*", "`*a*` and b"},
		{"code block", "```*a*```", "```*a*```"},
		{"lone backtick", "a ` *b*", "a ` *b*"},
		{"a space that does not break", "5\u00a0% `a\u00a0b`", "5 % `a b`"},
		{"nested", "*_both_*", "both"},
		{"user", "<@U1> and <@U9>", "@dev and @U9"},
		{"channel", "<#C1> <#C9|other>", "#deploys #other"},
		{"link", "<https://example.com|here> <https://example.com>", "here https://example.com"},
		{"special", "<!here> <!subteam^S1|@sre>", "@here @sre"},
		{"a group without its name", "<!subteam^S1>", "@S1"},
		{"date", "<!date^1732399200^{time}|then>", "22:00 UTC"},
		{"date with words", "<!date^1732399200^{date_short} at {time}|then>", "Nov 23, 2024 at 22:00 UTC"},
		{"a date today", "<!date^1732399260^{date_short_pretty} at {time}|then>", "today at 22:01 UTC"},
		{"a date tomorrow", "<!date^1732406400^{date_pretty} {time}|then>", "tomorrow 00:00 UTC"},
		{"a date yesterday", "<!date^1732319999^{date_long_pretty} {time_secs}|then>", "yesterday 23:59:59 UTC"},
		{"a date two days on", "<!date^1732492800^{date_short_pretty} at {time}|then>", "Nov 25, 2024 at 00:00 UTC"},
		{"broken date", "<!date^soon^{time}|then>", "then"},
		{"entities", "1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"},
		{"escaped mention is text", "&lt;@U1&gt;", "<@U1>"},
		{"unclosed", "a < b", "a < b"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := blockkit.PlainMrkdwn(c.in, names()); got != c.want {
				t.Errorf("PlainMrkdwn(%q) = %q, want %q", c.in, got, c.want)
			}
		})
	}
}

func TestEscapeMakesTextHarmless(t *testing.T) {
	const hostile = "<!channel> & <@U1>"
	if got := blockkit.PlainMrkdwn(blockkit.Escape(hostile), names()); got != hostile {
		t.Errorf("got %q, want %q", got, hostile)
	}
}

func TestPlainBlocks(t *testing.T) {
	raw := `[
		{"type":"header","text":{"type":"plain_text","text":"checkout *v1*"}},
		{"type":"section","text":{"type":"mrkdwn","text":"*two*\nlines"},"fields":[{"type":"mrkdwn","text":"*Step*\n2 of 3"}],
		 "accessory":{"type":"button","text":{"type":"plain_text","text":"Details"}}},
		{"type":"divider"},
		{"type":"context","elements":[{"type":"mrkdwn","text":"by <@U1>"},{"type":"image","alt_text":"a bird"}]},
		{"type":"actions","elements":[{"type":"button","text":{"type":"plain_text","text":"Promote"}},{"type":"button","text":{"type":"plain_text","text":"Roll back"}}]},
		{"type":"image","alt_text":"error rate"}]`
	want := []string{
		"# checkout *v1*", "two", "lines", "Step 2 of 3", "[ Details ]", "---", "by @dev (image: a bird)",
		"[ Promote ] [ Roll back ]", "(image: error rate)",
	}
	if got := blockkit.Plain([]byte(raw), names()); !slices.Equal(got, want) {
		t.Errorf("lines = %q, want %q", got, want)
	}
}
