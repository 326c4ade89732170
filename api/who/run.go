package who

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// What the parts of an address that claims make may look like.
var (
	namePath = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)
	digits   = regexp.MustCompile(`^[0-9]{1,20}$`)
)

// runOf says what of a pipeline asks, and where to read it, by the claims that its issuer signed: of GitHub Actions, GitLab CI,
// Buildkite and CircleCI as they name their runs, of any other as the token's subject.
func runOf(issuer string, c claims) (run, link string) {
	u, err := url.Parse(issuer)
	if err != nil {
		return c.text("sub"), ""
	}
	if server := githubServer(u); server != nil && c.text("repository") != "" {
		run = joined(server.Host+"/"+c.text("repository"), "run", cmp.Or(c.text("run_number"), c.text("run_id")))
		return run, address(server, c.text("repository"), "/actions/runs/", c.text("run_id"))
	}
	project, pipeline, job := c.text("project_path"), c.text("pipeline_id"), c.text("job_id")
	switch {
	case project != "" && job != "":
		return joined(u.Host+"/"+project, "job", job), address(u, project, "/-/jobs/", job)
	case project != "" && pipeline != "":
		return joined(u.Host+"/"+project, "pipeline", pipeline), address(u, project, "/-/pipelines/", pipeline)
	case u.Host == "agent.buildkite.com":
		slugs, build := c.text("organization_slug")+"/"+c.text("pipeline_slug"), slices.Concat(c.values("build_number"), []string{""})[0]
		return joined("buildkite.com/"+slugs, "build", build), address(&url.URL{Scheme: "https", Host: "buildkite.com"}, slugs, "/builds/", build)
	case u.Host == "oidc.circleci.com" && c.text("oidc.circleci.com/vcs-origin") != "":
		return joined("circleci.com, "+c.text("oidc.circleci.com/vcs-origin"), "ref", c.text("oidc.circleci.com/vcs-ref")), ""
	}
	return u.Host + ", " + cmp.Or(c.text("email"), c.text("sub")), ""
}

// githubServer is the GitHub whose runners get tokens of the issuer: github.com, one of ghe.com, or one's own; nil: it is no
// issuer of a GitHub.
func githubServer(issuer *url.URL) *url.URL {
	const public, dedicated = "token.actions.githubusercontent.com", "token.actions."
	switch {
	case issuer.Host == public:
		return &url.URL{Scheme: "https", Host: "github.com"}
	case strings.HasPrefix(issuer.Host, dedicated) && strings.HasSuffix(issuer.Host, ".ghe.com"):
		return &url.URL{Scheme: "https", Host: strings.TrimPrefix(issuer.Host, dedicated)}
	case strings.TrimSuffix(issuer.Path, "/") == "/_services/token":
		return &url.URL{Scheme: issuer.Scheme, Host: issuer.Host}
	}
	return nil
}

// joined names a run of a project.
func joined(project, kind, number string) string {
	if number == "" {
		return project
	}
	return project + ", " + kind + " " + number
}

// address is where a run is read; empty where the claims make none.
func address(server *url.URL, project, between, number string) string {
	dots := func(part string) bool { return part == "." || part == ".." }
	if !namePath.MatchString(project) || slices.ContainsFunc(strings.Split(project, "/"), dots) || !digits.MatchString(number) {
		return ""
	}
	return strings.TrimSuffix(server.String(), "/") + "/" + project + between + number
}
