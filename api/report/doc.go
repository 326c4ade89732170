// Package report writes what a pipeline shows of a rollout: lines of a log, GitHub's summary and outputs, GitLab's
// reports. Every text of the server is foreign: nothing of it becomes an escape sequence, a command of the runner, markup
// or a link.
//
// Rendering is pure: no clock, no files. The golden files show every form.
package report
