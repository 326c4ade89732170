package who

import (
	"net/url"
	"strings"
)

// Owners returns the claims of which one at least says whose token it is, where anybody can have an account at the issuer.
// Empty: the issuer is one's own, or is not known.
func Owners(issuer string) []string {
	u, err := url.Parse(issuer)
	if err != nil {
		return nil
	}
	switch host := u.Hostname(); {
	case host == "token.actions.githubusercontent.com" && strings.Trim(u.Path, "/") == "":
		return []string{"repository", "repository_id", "repository_owner", "repository_owner_id", "sub", "job_workflow_ref", "enterprise", "enterprise_id"}
	case host == "gitlab.com":
		return []string{"project_path", "project_id", "namespace_path", "namespace_id", "sub"}
	case host == "accounts.google.com":
		return []string{"sub", "email"}
	case host == "agent.buildkite.com":
		return []string{"organization_slug", "organization_id", "sub", "pipeline_id"}
	case host == "app.terraform.io":
		return []string{"terraform_organization_id", "terraform_organization_name", "terraform_workspace_id", "sub"}
	}
	return nil
}
