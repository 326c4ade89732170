package command

// White-box: clean has no way out of the package, and cleaning twice must change nothing.

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"canarybot.io/rollout"
)

var seeds = []string{
	"", "deploy checkout v1.2.4 --auto --plan fast faster tax", "deploy checkout v1 -- --auto", "<@U1> promote", "promote `checkout` — fine",
	"rollback checkout-42 <https://e.example|x> &amp;lt;", "deploy checkout v1 '' -- x", "abandon checkout \u200b--", "help —", "status “checkout”?",
	"deploy <http://checkout|checkout> v1 --plan=“fast”", "promote checkout -", "<<<>>>|", "deploy checkout @x /y",
	"freeze all until Monday 9:00 \"sale\"", "freeze shop from 2h for 3 days -- until", "lock checkout for 2h '“x”'", "unfreeze team:shop", "freeze",
	"deploy checkout=v1 search=v2 --together --plan fast new", "deploy search=v1 --together -- api-2=v2", "rollback checkout --gently slow", "lock api-2 until 30 Feb x",
}

// FuzzParse holds the parser to three promises: it never panics, its errors are its own, and a command that it
// understood means the same when it is written down and read again.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, text string, inThread bool) {
		known := Known{Services: []rollout.ServiceName{"checkout", "search", "api-2"}, Teams: []string{"shop", "search"}}
		if inThread {
			known.Thread = "checkout-42"
		}
		cmd, err := Parse(text, known)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Problem == "" || !reflect.DeepEqual(cmd, Command{}) {
				t.Fatalf("%q: %+v, %v", text, cmd, err)
			}
			return
		}
		again, err := Parse(slackEscape(cmd.String()), known)
		if err != nil || !reflect.DeepEqual(again, cmd) {
			t.Fatalf("%q is %+v,\nwhich reads %q,\nwhich is %+v, %v", text, cmd, cmd.String(), again, err)
		}
	})
}

// slackEscape is what Slack does to text on its way to a bot.
func slackEscape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

func FuzzClean(f *testing.F) {
	for _, s := range append(seeds, "——auto", "`'“x”'`", "-.-", "—.", "v1.2.4...", "*.*") {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, word string) {
		once := clean(word)
		if twice := clean(once); twice != once {
			t.Fatalf("clean(%q) is %q, and cleaned again %q", word, once, twice)
		}
	})
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"deploy", "deploy", 0}, {"depoly", "deploy", 1}, {"deplo", "deploy", 1}, {"promte", "promote", 1},
		{"kitten", "sitting", 3}, {"ab", "ba", 1},
	} {
		if got := distance([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%s to %s: got %d, want %d", c.a, c.b, got, c.want)
		}
		if got := distance([]rune(c.b), []rune(c.a)); got != c.want {
			t.Errorf("%s to %s: got %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	all := []string{"checkout", "search", "api"}
	for word, want := range map[string]string{
		"chekout": "checkout", "check": "checkout", "serach": "search", "ap": "api", "apis": "api", "zzz": "", "": "", strings.Repeat("x", 1<<16): "",
	} {
		if got := nearest(word, all); got != want {
			t.Errorf("%.20q: got %q, want %q", word, got, want)
		}
	}
}
