// Package storybook holds everything that people can get to see: each card, reply, answer, modal and home as Slack gets it,
// by the name of its golden file, for whoever shows them as the simulator's page does. It knows no block and no renderer.
// The tests of bot/view write its files and find what is missing.
package storybook

import (
	"embed"
	"io/fs"
)

// stories holds the files; embedding needs a variable, nobody changes it.
//
//go:embed stories
var stories embed.FS

// Stories returns the files, KIND_NAME.json. A modal and a home are a view as views.open and views.publish take it. A message
// is an object with text and blocks, with native where workspaces that take plans, charts and tables get other blocks, and
// with broadcast where a reply is shown in the channel too. What is a list of sentences has lines.
func Stories() fs.FS {
	files, err := fs.Sub(stories, "stories")
	if err != nil {
		panic(err) // the folder is compiled in
	}
	return files
}
