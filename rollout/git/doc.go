// Package git implements rollout.Repository: it commits a promoted version to the file of a Git repository that says what
// stable runs, or opens a pull request for it, and takes that back.
//
// Nothing is kept on disk, and nothing is cloned: the newest commits are fetched without their files where the server can
// leave those out, then the directories on the way to the one file, and the file. Where it cannot, a shallow copy is
// fetched within bounds. go-git speaks the protocol; the transports here put a limit on time, size and redirects.
//
// A push names the commit that the branch must still be at, so that of two who push one loses and looks again. Commits of
// ours carry trailers that name the rollout and its store, and are looked for before each push: whoever dies on the way,
// and whoever else pushes meanwhile, there is one commit.
//
// What is wrong with a repository is a problem that people read. No address has credentials in it; tokens and keys are in
// files (package secret), read anew for each request.
//
// Tests run against git's own http-backend and over file://, with forges in memory.
package git
