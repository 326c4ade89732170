package bot_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/bot/slacksim"
)

// TestScenarios plays what people do and what happens around them, from testdata/NAME.txt, and compares what they see
// with testdata/NAME.golden. The whole bot runs in it, with the real engine and judge, between a simulated Slack and a
// simulated cluster. A line is a command; each is shown in testdata/commands/COMMAND.txt:
//
//	slash USER LINE        types a slash command in the channel
//	say USER LINE          writes a message in the newest card's thread
//	post USER LINE         writes a message in the channel
//	press USER LABEL       presses a button: of the newest card or reply that has it, else of what only they see
//	press-old USER LABEL   presses the newest card's button as an earlier edit of the card had it
//	twice COMMAND...       has Slack deliver what the person does twice
//	user NAME KIND         makes somebody a member, a guest, a stranger or deactivated
//	group NAMES            puts these alone in the user group releasers: group oncall nia; or it is deleted, or the workspace has none (off)
//	policy SETTINGS        restarts the bot with this policy of checkout: approvals 2, group (releasers approve), groups (they deploy, too), or-oncall (who approves as well), called (they and oncall when it rolls back), second_person, self_promote, hurry (oncall promotes before bakes are over, dev deploys in an emergency), hold (on failure)
//	zone NAME ZONE         puts somebody's clock into a time zone, for a member
//	channel STATE          has the bot in it (invited), or not (removed), lets it post nothing (restricted), or is archived
//	modal USER             prints the modal that somebody has open
//	fill USER FIELD: TEXT  fills in a field of it, or chooses there
//	suggest USER FIELD: TEXT prints what is suggested there for what is typed
//	submit USER            presses the modal's button
//	shortcut USER NAME     uses a shortcut: one of messages on the newest in the channel
//	app TEXT               has a build system post a message in the channel
//	home USER              opens the app's home tab, and prints it
//	press-home USER LABEL  presses a button of the home tab
//	close USER             closes the modal
//	errors PERCENT         is the canary's error rate from now on
//	doubt WHY STATE        is what the judge doubts from now on: doubt both ask, doubt small waiting, doubt nothing
//	version TAG FATE       is what new pods of a version do: run, crash, stay unready, start-after 20s, crash-after 5m
//	push TAG               makes the tag name another image; versions are pinned from then on
//	registry STATE         is away or back
//	edit WHAT VALUE        is somebody with kubectl: edit weight 20, edit stable TAG, edit canary TAG
//	scale WHAT REPLICAS    is somebody with kubectl, too: stable or canary
//	delete OBJECT          deletes the stable, canary, service (the canary's) or route
//	annotate OBJECT        sets canarybot.io/rollback=now on it
//	unstamp OBJECT         removes the bot's stamp from it
//	cluster                prints what stands in the cluster
//	slack STATE            is down, up, or fails a call: slack METHOD lost|500|slow|ERROR [TIMES]
//	kubernetes STATE       is down, up, or refuses to change an object: kubernetes refuses route
//	disk STATE             of the store is low (nothing new starts), full, gone (not even read) or well
//	prometheus STATE       is down or up
//	webhook STATE          of a webhook's receiver is down, up, or gone (it wants no more)
//	promoter WHO           restarts the bot with checkout promoted by git, pull-request or gate
//	git STATE              is down, up, refuses or takes pushes, merges or declines the pull request, or is applied late or at once
//	forge STATE            has the code of checkout from now on (holds), is down, up, slow or quick, or gets two more commits with a tag: forge tag v1.2.5
//	stop                   ends the bot's process in order
//	crash                  kills the bot's process
//	start                  starts the bot's process on what the last one left
//	lose-store             loses the store of a process that has ended
//	service NAME [STATE]   restarts the bot with one more service, in the same channel or apart, or with it gone, or without its plan quick (unplanned)
//	blocks STATE           restarts the bot with auto or classic blocks, or classic ones and pictures; or makes the workspace refuse types: blocks refused plan
//	ends STATE             restarts the bot with a second channel for ends; lets it post nothing there (restricted), or is shared
//	calendar WHAT          restarts the bot with a window (office, or night for promotions), a day on which it is shut (holiday), a freeze (sale, audit, outage), or quiet hours (quiet) more
//	digest WHAT            restarts the bot with a digest in the channel for digests: digest 0 9 * * MON; or makes that channel archived, restricted, shared or open
//	environment NAME       restarts the bot with another environment's configuration
//	until PHASE [ID]       lets time pass until the newest rollout, or this one, is there
//	wait TEXT              lets time pass until the newest card shows the text
//	advance DURATION       lets time pass
//	card                   prints the newest card
//	transcript             prints what everybody sees: the cards and their threads
//	ended                  prints the channel for ends
//	digests                prints the channel for digests
//	told                   prints what a webhook's receiver was told
func TestScenarios(t *testing.T) {
	for _, script := range scripts(t) {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(script, "testdata/"), ".txt"), func(t *testing.T) {
			var out strings.Builder
			inWorld(t, slacksim.Options{}, func(w *world) {
				w.putUser("nia", "member")
				for i, line := range lines(t, script) {
					w.apart(i)
					fmt.Fprintf(&out, "> %s\n", line)
					fmt.Fprint(&out, w.play(line))
				}
			})
			golden := strings.TrimSuffix(script, ".txt") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

// scripts returns the paths of all scenarios.
func scripts(t *testing.T) []string {
	t.Helper()
	flows, err := filepath.Glob("testdata/*.txt")
	examples, err2 := filepath.Glob("testdata/commands/*.txt")
	all := append(flows, examples...)
	if err := errors.Join(err, err2); err != nil || len(all) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	return all
}

// lines returns the commands of a scenario.
func lines(t *testing.T, script string) []string {
	t.Helper()
	raw, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(string(raw), "\n"), func(line string) bool {
		return strings.TrimSpace(line) == "" || strings.HasPrefix(line, "#")
	})
}

// command is what a line of a scenario may begin with.
type command struct {
	name, args, does string
	// do returns what is printed. The rest of the line is in words.
	do func(w *world, words words) string
}

// words are what follows a command, separated by spaces.
type words string

// cut returns the first word and the rest.
func (s words) cut() (string, words) {
	first, rest, _ := strings.Cut(string(s), " ")
	return first, words(rest)
}

func commands() []command {
	return slices.Concat(peopleCommands(), viewCommands(), clusterCommands(), outageCommands(), promoterCommands(), forgeCommands(), processCommands(), timeCommands())
}

// apart waits for a moment in which the bot does nothing by itself, and in which no other line of the scenario is done:
// of what happens in one moment of virtual time either may come first, and a transcript has one order. The bot's beats,
// and what they lead to, fall on the whole second in which it was started, or on the moment of an earlier line.
func (w *world) apart(line int) {
	moment := time.Duration(500+line) * time.Millisecond
	now := time.Now()
	time.Sleep((moment - now.Sub(now.Truncate(time.Second)) + time.Second) % time.Second)
	synctest.Wait()
}

// play does one line and returns what is seen.
func (w *world) play(line string) string {
	w.t.Helper()
	name, rest := words(line).cut()
	for _, c := range commands() {
		if c.name == name {
			return c.do(w, rest)
		}
	}
	w.t.Fatalf("no such command: %s", line)
	return ""
}

// quiet makes a command of something that prints nothing.
func quiet(do func(*world, words)) func(*world, words) string {
	return func(w *world, s words) string {
		do(w, s)
		return ""
	}
}

// oneOf runs what belongs to a word; there is no default.
func (w *world) oneOf(word string, all map[string]func()) {
	w.t.Helper()
	do, ok := all[word]
	if !ok {
		w.t.Fatalf("%q is not known here", word)
	}
	do()
}

// Every command is listed above, and shown by an example that begins with what it does.
func TestEveryCommandHasItsExample(t *testing.T) {
	source, err := os.ReadFile("scenario_test.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`(?m)^//\t.*\n`).FindAllString(string(source), -1)
	var want []string
	for _, c := range commands() {
		usage := strings.TrimSpace(c.name + " " + c.args)
		want = append(want, fmt.Sprintf("//\t%-22s %s\n", usage, c.does))
		script := filepath.Join("testdata", "commands", c.name+".txt")
		raw, err := os.ReadFile(script)
		if err != nil {
			t.Error(err)
			continue
		}
		if head := fmt.Sprintf("# %s: %s.\n", usage, c.does); !strings.HasPrefix(string(raw), head) {
			t.Errorf("%s does not begin with %q", script, head)
		}
		if !slices.ContainsFunc(lines(t, script), func(line string) bool { return c.name == strings.Fields(line)[0] }) {
			t.Errorf("%s does not use %s", script, c.name)
		}
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Errorf("the comment of TestScenarios does not list the commands (-want +got):\n%s", diff)
	}
}
