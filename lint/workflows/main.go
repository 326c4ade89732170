// Command workflows checks the workflows of GitHub that the pages offer for copying, with actionlint: their syntax,
// their expressions, and every input and output of our own action. Run it in the repository's root; `make lint` does.
//
// A page marks such a block with <!-- workflow -->. The address of our action, which is wherever this repository is kept,
// stands for the folder here.
package main

import (
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"regexp"

	"github.com/rhysd/actionlint"
)

var (
	block = regexp.MustCompile("(?m)^<!-- workflow -->\n```yaml\n((?s:.*?))^```$")
	ours  = regexp.MustCompile(`uses: [\w.-]+/canarybot/actions/deploy@\S+`)
)

func main() {
	log.SetFlags(0)
	paths, err := filepath.Glob("docs/*.md")
	if err != nil {
		log.Fatal(err)
	}
	seen, wrong := 0, 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			log.Fatal(err)
		}
		for i, workflow := range workflows(string(text)) {
			problems, err := check(".", workflow)
			if err != nil {
				log.Fatal(err)
			}
			seen++
			for _, p := range problems {
				wrong++
				log.Printf("%s, workflow %d: %s", path, i+1, p)
			}
		}
	}
	if seen == 0 || wrong > 0 {
		log.Fatalf("%d workflows, %d problems", seen, wrong)
	}
	fmt.Printf("%d workflows of the pages are as GitHub takes them\n", seen)
}

// workflows returns the workflows of a page.
func workflows(page string) (all []string) {
	for _, m := range block.FindAllStringSubmatch(page, -1) {
		all = append(all, ours.ReplaceAllString(m[1], "uses: ./actions/deploy"))
	}
	return all
}

// check returns what is wrong with a workflow in the repository of that root.
func check(root, workflow string) (problems []string, err error) {
	root, err = filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	project, err := actionlint.NewProject(root)
	if err != nil {
		return nil, err
	}
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{WorkingDir: root})
	if err != nil {
		return nil, err
	}
	found, err := linter.Lint(filepath.Join(root, ".github", "workflows", "page.yml"), []byte(workflow), project)
	if err != nil {
		return nil, err
	}
	for _, f := range found {
		problems = append(problems, fmt.Sprintf("line %d: %s", f.Line, f.Message))
	}
	return problems, nil
}
