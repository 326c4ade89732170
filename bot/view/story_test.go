package view_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"canarybot.io/bot/view"
)

const storyFolder = "storybook/stories"

// The storybook has everything that has a golden file, as Slack gets it today, and nothing else.
func TestTheStorybookIsWhole(t *testing.T) {
	wanted := map[string]bool{}
	goldens, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(goldens) == 0 {
		t.Fatalf("no golden files (%v)", err)
	}
	for _, path := range goldens {
		name := strings.TrimSuffix(filepath.Base(path), ".golden")
		wanted[strings.TrimSuffix(name, ".native")] = true // one story tells both
	}
	stories := storiesOf(t)
	for name := range wanted {
		if stories[name] == nil {
			t.Errorf("%s.golden has no story", name)
		}
	}
	for name, story := range stories {
		if !wanted[name] {
			t.Errorf("the story %s has no golden file", name)
		}
		golden(t, filepath.Join("..", storyFolder, name+".json"), story)
	}
	files, err := filepath.Glob(storyFolder + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if stories[strings.TrimSuffix(filepath.Base(path), ".json")] != nil {
			continue
		}
		if !*update {
			t.Errorf("%s is no story any more: go test -update deletes it", path)
		} else if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}

// storiesOf returns what the storybook has to hold, by the names of the golden files.
func storiesOf(t *testing.T) map[string][]byte {
	t.Helper()
	stories := map[string][]byte{}
	for _, group := range []map[string]view.Message{cards(), replies(), answers()} {
		for name, m := range group {
			stories[name] = messageStory(t, m)
		}
	}
	for name, m := range modals() {
		stories["modal_"+name] = lined(t, wireModal(t, m))
	}
	for name, blocks := range homes() {
		stories["home_"+name] = lined(t, wireHome(t, blocks))
	}
	for _, name := range []string{"lines", "doubts", "problems", "problems_cluster"} { // sentences, which stand in others
		text, err := os.ReadFile("testdata/" + name + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		stories[name] = lined(t, jsonOf(t, map[string]any{"lines": strings.Split(strings.TrimSpace(string(text)), "\n")}))
	}
	return stories
}

func messageStory(t *testing.T, m view.Message) []byte {
	t.Helper()
	return lined(t, jsonOf(t, struct {
		Text      string        `json:"text"`
		Broadcast bool          `json:"broadcast,omitempty"`
		Blocks    []slack.Block `json:"blocks"`
		Native    []slack.Block `json:"native,omitempty"`
	}{m.Text, m.Broadcast, m.Blocks, m.Native}))
}

func wireHome(t *testing.T, blocks []slack.Block) []byte {
	t.Helper()
	return jsonOf(t, slack.HomeTabViewRequest{Type: slack.VTHomeTab, Blocks: slack.Blocks{BlockSet: blocks}})
}

// jsonOf writes a value as people can read it: < is no \u003c.
func jsonOf(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return bytes.TrimSpace(out.Bytes())
}

// lined puts each field and each block on a line of its own: differences are read, and merged.
func lined(t *testing.T, story []byte) []byte {
	t.Helper()
	var fields map[string]any
	if err := json.Unmarshal(story, &fields); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		shown := string(jsonOf(t, fields[name]))
		if list, is := fields[name].([]any); is {
			var items []string
			for _, item := range list {
				items = append(items, string(jsonOf(t, item)))
			}
			shown = "[\n" + strings.Join(items, ",\n") + "\n]"
		}
		lines = append(lines, `"`+name+`": `+shown)
	}
	return []byte("{\n" + strings.Join(lines, ",\n") + "\n}\n")
}
