package view

import "canarybot.io/rollout"

// gitSentences are those of problems with a repository, and with the file in it that says what stable runs.
func gitSentences() map[rollout.ProblemCode]string {
	const file = "{key} on branch {want} of {value} "
	return map[rollout.ProblemCode]string{
		rollout.ProblemGitNoAnswer:    "{value} does not answer: {words}",
		rollout.ProblemGitTimeout:     "{value} did not answer within {span}.",
		rollout.ProblemGitSignIn:      "{value} does not let the bot in: check what the configuration's git names for that host, and what it may do there.",
		rollout.ProblemGitNoKey:       "The bot cannot sign in at {value}: {words}",
		rollout.ProblemGitMissing:     "{value} does not exist, or the bot may not see it.",
		rollout.ProblemGitNoBranch:    "{value} has no branch {want}.",
		rollout.ProblemGitTooLarge:    "{value} is larger than {limit} MiB even without its history; keep what is deployed in a repository of its own.",
		rollout.ProblemGitMoving:      "Branch {want} of {value} moved {count} times while the bot pushed; it goes on trying.",
		rollout.ProblemGitPushRefused: "{value} refuses the push to {want}: {words}",
		rollout.ProblemGitProtected: "{value} lets nobody push to {want}: {words} Let the bot push there, or name the forge of that host in the " +
			"configuration's git, and the bot opens a pull request.",
		rollout.ProblemGitNoForge: "Nothing says how a pull request is opened at {value}: name forge and token_file for that host in the configuration's git.",
		rollout.ProblemGitForge:   "The API of {want} answers {count} about {value}: {words}",
		rollout.ProblemGitFailed:  "{value} cannot be used: {words}",

		rollout.ProblemGitNoFile:       "{value} has no file {key} on branch {want}.",
		rollout.ProblemGitSymlink:      file + "is or lies behind a symbolic link; name the file itself.",
		rollout.ProblemGitSubmodule:    file + "lies in a submodule; name the repository that holds it.",
		rollout.ProblemGitDirectory:    file + "is a directory; name the file.",
		rollout.ProblemGitLFS:          file + "is kept by Git LFS; keep it in the repository itself.",
		rollout.ProblemGitFileTooLarge: file + "is larger than {limit} KiB.",
		rollout.ProblemGitNotYAML:      file + "cannot be read as YAML ({said}); name a file without templates.",
		rollout.ProblemGitNoValue:      file + "has no {othername}; it has {names}.",
		rollout.ProblemGitTwice:        file + "has {othername} {count} times; say in promote.key which one is meant.",
		rollout.ProblemGitAlias:        file + "shares {othername} with other places by an anchor or an alias; write its value there in full.",
		rollout.ProblemGitForm:         file + "has {othername} in a form that cannot be changed alone; write it as one word on one line.",
		rollout.ProblemGitOtherImage:   file + "says {said} in {othername}, which is no image of the service's repository.",
		rollout.ProblemGitNoTag:        file + "takes a tag in {othername}, and the new version has none; deploy it by its tag.",
		rollout.ProblemNoVersionTag:    "{version} has no tag, and only by its tag is a version known in the repository.",
		rollout.ProblemOneVersionTag:   "Both versions have the tag {want}, which names one of them at most in the repository.",
		rollout.ProblemNoSuchTag:       "{value} has no tag or commit {want}. Push it, or say in the service's git_tag how versions are tagged there.",
		rollout.ProblemForgeLimit:      "{value} takes no more questions from the bot{until}: too many were asked with its token.",
		rollout.ProblemNotRead:         "What was answered about {value} is nothing that the API of GitHub or GitLab says: check forge and api in the configuration's git.",
		rollout.ProblemTooManyCommits:  "What changed in {value} is more than {limit} MiB.",
		rollout.ProblemNoForge:         "Nothing says whether GitHub or GitLab runs at {want}: name forge and token_file for it in the configuration's git.",

		rollout.ProblemGitNoDigest: file + "takes a digest in {othername}, and the new version has none; write a tag there, or deploy a version with its digest.",
	}
}
