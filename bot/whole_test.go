package bot_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	grammar "canarybot.io/bot/command"
	"canarybot.io/bot/view/storybook"
)

// Every command is typed in a scenario, and every button that any message, modal or home has is pressed in one.
func TestScenariosPlayEverything(t *testing.T) {
	typed, pressed := map[string]bool{}, map[string]bool{}
	for _, script := range scripts(t) {
		for _, line := range lines(t, script) {
			line = strings.TrimPrefix(line, "twice ")
			if m := regexp.MustCompile(`^(?:slash \S+|(?:say|post) \S+ @canarybot) (\w+)`).FindStringSubmatch(line); m != nil {
				typed[m[1]] = true
			}
			if m := regexp.MustCompile(`^press\S* \S+ (.+)`).FindStringSubmatch(line); m != nil {
				pressed[m[1]] = true
			}
		}
	}
	for _, form := range grammar.Forms() {
		if !typed[string(form.Verb)] {
			t.Errorf("no scenario types %s", form.Verb)
		}
	}
	for action, labels := range buttonsOfStories(t) {
		if !slices.ContainsFunc(labels, func(label string) bool { return pressed[label] }) {
			t.Errorf("no scenario presses a button of %s, such as %q", action, labels[0])
		}
	}
}

// buttonsOfStories returns what is written on the buttons of everything that people can see, by what the buttons do.
func buttonsOfStories(t *testing.T) map[string][]string {
	t.Helper()
	stories := storybook.Stories()
	names, err := fs.Glob(stories, "*.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	all := map[string][]string{}
	for _, name := range names {
		story, err := fs.ReadFile(stories, name)
		if err != nil {
			t.Fatal(err)
		}
		var whole any
		if err := json.Unmarshal(story, &whole); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		eachButton(whole, func(action, label string) { all[action] = append(all[action], label) })
	}
	if len(all) < 10 {
		t.Fatalf("the stories have the buttons %v only", all)
	}
	return all
}

// eachButton calls f for each button in what JSON holds.
func eachButton(in any, f func(action, label string)) {
	switch in := in.(type) {
	case []any:
		for _, one := range in {
			eachButton(one, f)
		}
	case map[string]any:
		action, ours := in["action_id"].(string)
		if text, is := in["text"].(map[string]any); is && ours && in["type"] == "button" {
			f(action, fmt.Sprint(text["text"]))
		}
		for _, one := range in {
			eachButton(one, f)
		}
	}
}
