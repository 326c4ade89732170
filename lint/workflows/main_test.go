package main

import (
	"strings"
	"testing"
)

// What is found in a workflow that uses our action.
func TestCheck(t *testing.T) {
	t.Parallel()
	const page = "text\n<!-- workflow -->\n```yaml\non: push\njobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n" +
		"      - id: canary\n        uses: acme/canarybot/actions/deploy@v0.3.0\n        with: {service: checkout, version: v1}\n" +
		"      - run: echo \"$OUTCOME\"\n        env: {OUTCOME: '${{ steps.canary.outputs.outcome }}'}\n```\n"
	for name, tt := range map[string]struct{ old, new, problem string }{
		"as it should be":         {"", "", ""},
		"an input too many":       {"version: v1", "version: v1, sevrice: x", `input "sevrice" is not defined in action`},
		"an input too few":        {", version: v1", "", `missing input "version"`},
		"an output too many":      {"outputs.outcome", "outputs.result", `property "result" is not defined`},
		"a key that no job has":   {"    runs-on", "    permission: {}\n    runs-on", `unexpected key "permission"`},
		"an expression that ends": {"outputs.outcome }}", "outputs.outcome }", "unexpected"},
		"what others write in a script": {`echo "$OUTCOME"`, `echo "${{ github.event.head_commit.message }}"`,
			"potentially untrusted"},
	} {
		text := page
		if tt.old != "" {
			if text = strings.Replace(page, tt.old, tt.new, 1); text == page {
				t.Fatalf("%s: nothing to replace", name)
			}
		}
		found := workflows(text)
		if len(found) != 1 {
			t.Fatalf("%s: %d workflows", name, len(found))
		}
		problems, err := check("../..", found[0])
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(problems, "\n"); tt.problem == "" && got != "" || !strings.Contains(got, tt.problem) {
			t.Errorf("%s: got %q", name, got)
		}
	}
}
