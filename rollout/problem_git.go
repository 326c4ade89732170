package rollout

// What is wrong with a repository. Value is its address, Want the branch, Words what the server said.
const (
	ProblemGitNoAnswer    ProblemCode = "git_no_answer"    // the connection failed
	ProblemGitTimeout     ProblemCode = "git_timeout"      // no answer within Span
	ProblemGitSignIn      ProblemCode = "git_sign_in"      // whoever the bot signs in as may not do that
	ProblemGitNoKey       ProblemCode = "git_no_key"       // what signs in cannot be read: Words
	ProblemGitMissing     ProblemCode = "git_missing"      // there is no such repository, or the bot may not see it
	ProblemGitNoBranch    ProblemCode = "git_no_branch"    // there is no such branch
	ProblemGitTooLarge    ProblemCode = "git_too_large"    // more than Limit MiB without its history
	ProblemGitMoving      ProblemCode = "git_moving"       // the branch moved Count times under the push
	ProblemGitPushRefused ProblemCode = "git_push_refused" // by a hook or a rule
	ProblemGitProtected   ProblemCode = "git_protected"    // the branch takes no push, and no forge is known to ask at
	ProblemGitNoForge     ProblemCode = "git_no_forge"     // nothing says how pull requests are opened there
	ProblemGitForge       ProblemCode = "git_forge"        // the API of the forge at Want refuses: Count is its status
	ProblemGitFailed      ProblemCode = "git_failed"       // anything else
)

// What is wrong with the file Key on the branch Want of the repository Value. Other.Name is the place in the file.
const (
	ProblemGitNoFile       ProblemCode = "git_no_file"        // there is none
	ProblemGitSymlink      ProblemCode = "git_symlink"        // the path leads over a symbolic link
	ProblemGitSubmodule    ProblemCode = "git_submodule"      // the path leads into another repository
	ProblemGitDirectory    ProblemCode = "git_directory"      // it is a directory
	ProblemGitLFS          ProblemCode = "git_lfs"            // it is kept outside, by Git LFS
	ProblemGitFileTooLarge ProblemCode = "git_file_too_large" // more than Limit KiB
	ProblemGitNotYAML      ProblemCode = "git_not_yaml"       // nothing that can be read as YAML: Words
	ProblemGitNoValue      ProblemCode = "git_no_value"       // the place does not exist; Names are what there is
	ProblemGitTwice        ProblemCode = "git_twice"          // the place exists Count times
	ProblemGitAlias        ProblemCode = "git_alias"          // the value stands elsewhere, or also means another one
	ProblemGitForm         ProblemCode = "git_form"           // the value is not one word on one line
	ProblemGitOtherImage   ProblemCode = "git_other_image"    // it names the image Words
	ProblemGitNoTag        ProblemCode = "git_no_tag"         // the new version has no tag, and the file needs one
	ProblemGitNoDigest     ProblemCode = "git_no_digest"      // the new version is not pinned, and the file needs a digest
)
