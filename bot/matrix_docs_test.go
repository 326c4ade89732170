package bot_test

import (
	"fmt"
	"slices"
	"strings"
)

// matrixDocs is the page that has the matrix as people read it.
const matrixDocs = "../docs/policy.md"

// whatCounted is what counted of one caller: under which policies, and in which situations, by the acts' names.
type whatCounted map[string]struct{ policies, situations []string }

func (c whatCounted) note(act, policy, in string) {
	did := c[act]
	if !slices.Contains(did.policies, policy) {
		did.policies = append(did.policies, policy)
	}
	if !slices.Contains(did.situations, in) {
		did.situations = append(did.situations, in)
	}
	c[act] = did
}

// matrixPage is the page. Callers of whom all is the same share a row, and acts a column.
func matrixPage(all []caller, doable []act, seen []whatCounted) string {
	var page strings.Builder
	page.WriteString("# Who may do what\n\n" +
		"Everybody below tried everything below, in every phase of a rollout and under every policy below, on the way from Slack to the\n" +
		"store. This page is what counted; it is generated from that test (`make golden`). What the keys of a policy mean is in the\n" +
		"[configuration](configuration.md#policy).\n\nThe policies:\n\n")
	for i, p := range policies() {
		fmt.Fprintf(&page, "%d. %s\n", i+1, p.name)
	}
	page.WriteString("\nThe numbers in the table are those of the policies under which it counts; *yes* is under all of them. An approver is named by\n" +
		"`approvers`, a deployer by `deployers`, and both where a list may roll back; everybody else but a member without rights is\n" +
		"named by these and by `promote_now` and `emergency`, where nothing else is said. The pipeline may deploy, promote and roll\n" +
		"back, where nothing else is said.\n\n")
	page.WriteString(whoMay(all, doable, seen))
	page.WriteString("\nWhat somebody may do counts where the rollout takes it, and nowhere else, whoever does it:\n\n| what | where |\n|---|---|\n")
	for _, r := range alike(doable, actName, func(a act) string { return places(a, seen) }) {
		fmt.Fprintf(&page, "| %s | %s |\n", r.names, r.same)
	}
	return page.String()
}

func actName(a act) string { return a.name }

// whoMay is the table of who may do what.
func whoMay(all []caller, doable []act, seen []whatCounted) string {
	columns := alike(doable, actName, func(a act) string {
		var cells []string
		for _, did := range seen {
			cells = append(cells, byPolicy(did[a.name].policies))
		}
		return strings.Join(cells, "|")
	})
	var heads []string
	for _, c := range columns {
		heads = append(heads, c.names)
	}
	table := "| who | " + strings.Join(heads, " | ") + " |\n|---|" + strings.Repeat("---|", len(columns)) + "\n"
	numbers := make([]int, len(all))
	for i := range numbers {
		numbers[i] = i
	}
	for _, r := range alike(numbers, func(i int) string { return all[i].name }, func(i int) string {
		var cells []string
		for _, c := range columns {
			cells = append(cells, byPolicy(seen[i][c.first.name].policies))
		}
		return strings.Join(cells, " | ")
	}) {
		table += "| " + r.names + " | " + r.same + " |\n"
	}
	return table
}

// sameRow is what several have in common.
type sameRow[T any] struct {
	first T
	names string // of all of them
	same  string
}

// alike puts those together of whom the same is to be said, in the order of the first of each.
func alike[T any](all []T, name, says func(T) string) (rows []sameRow[T]) {
	for _, one := range all {
		what := says(one)
		i := slices.IndexFunc(rows, func(r sameRow[T]) bool { return r.same == what })
		if i < 0 {
			rows = append(rows, sameRow[T]{first: one, names: name(one), same: what})
			continue
		}
		rows[i].names += "; " + name(one)
	}
	return rows
}

// under says under which policies something counts.
func byPolicy(names []string) string {
	var numbers []string
	for i, p := range policies() {
		if slices.Contains(names, p.name) {
			numbers = append(numbers, fmt.Sprint(i+1))
		}
	}
	switch len(numbers) {
	case 0:
		return "–"
	case len(policies()):
		return "yes"
	}
	return strings.Join(numbers, ", ")
}

// places says in which situations an act counted, of anybody.
func places(a act, seen []whatCounted) string {
	if a.in == always {
		return "everywhere: it is about the service"
	}
	words := map[string]string{
		"rolling_back": "rolling back", "paused": "paused", "drift": "held by drift", "doubt": "held in doubt",
		"stuck": "stuck in returning", "stuck_back": "stuck in rolling back", "ended": "ended, or there is none",
		emergency: "an emergency that has ended",
	}
	var in []string
	for _, s := range strings.Fields(always + " " + emergency) {
		if slices.ContainsFunc(seen, func(c whatCounted) bool { return slices.Contains(c[a.name].situations, s) }) {
			if word := words[s]; word != "" {
				s = word
			}
			in = append(in, s)
		}
	}
	if len(in) == 0 {
		return "nowhere"
	}
	return strings.Join(in, ", ")
}
