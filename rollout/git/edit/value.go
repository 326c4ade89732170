package edit

import (
	"regexp"
	"strings"
	"unicode/utf8"

	yamlv2 "go.yaml.in/yaml/v2"
	"go.yaml.in/yaml/v3"

	"canarybot.io/rollout"
)

// form is what a value holds of an image.
type form int

const (
	tagForm    form = iota // a tag, with the digest behind it where the image is pinned
	bareTag                // a tag, beside a value for the digest
	digestForm             // a digest
	whole                  // the reference in full
)

// value is one value that says what stable runs, or a part of it.
type value struct {
	spot
	form form
	name string // of the image, without tag and digest, as the file has it
	// from and to are where its text is in the file, quotes included.
	from, to int
}

var (
	tagText    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digestText = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)
)

// split returns the parts of an image's reference.
func split(image string) (name, tag, sum string) {
	name, sum, _ = strings.Cut(image, "@")
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		name, tag = name[:i], name[i+1:]
	}
	return name, tag, sum
}

func join(name, tag, sum string) string {
	if tag != "" {
		name += ":" + tag
	}
	if sum != "" {
		name += "@" + sum
	}
	return name
}

// fits reports whether the value holds what its form says.
func (v value) fits() bool {
	name, tag, sum := split(v.node.Value)
	if v.form != whole {
		name, tag, sum = split(v.image())
		name = strings.TrimPrefix(name, v.name)
	} else {
		name = strings.TrimPrefix(name, v.name)
	}
	return name == "" && (tag == "" || tagText.MatchString(tag)) && (sum == "" || digestText.MatchString(sum))
}

// image returns the reference that the value alone makes.
func (v value) image() string {
	switch text := v.node.Value; {
	case v.form == whole:
		return text
	case v.form == digestForm && text != "":
		return v.name + "@" + text
	case text == "":
		return v.name
	default:
		return v.name + ":" + text
	}
}

// text returns what the value is for an image.
func (v value) text(image string) (string, error) {
	_, tag, sum := split(image)
	switch {
	case v.form == digestForm && sum == "":
		return "", refuse(v.problem(rollout.ProblemGitNoDigest))
	case v.form == digestForm:
		return sum, nil
	case v.form == whole:
		return join(v.name, tag, sum), nil
	case tag == "" && (sum != "" || v.form == bareTag):
		return "", refuse(v.problem(rollout.ProblemGitNoTag))
	case v.form == bareTag:
		return tag, nil
	}
	return strings.TrimPrefix(join("", tag, sum), ":"), nil
}

// locate finds the text of the value in the file.
func (v *value) locate(data []byte, docs []*yaml.Node) error {
	if v.shared(docs) {
		return refuse(v.problem(rollout.ProblemGitAlias))
	}
	if v.node.Kind != yaml.ScalarNode || v.node.Tag == "!!null" || !v.fits() {
		return refuse(v.problem(rollout.ProblemGitForm))
	}
	v.from = offset(data, v.node.Line, v.node.Column)
	v.to = v.from + length(data[v.from:], v.node)
	if v.to == v.from {
		return refuse(v.problem(rollout.ProblemGitForm))
	}
	return nil
}

// offset returns where a line's column is. YAML counts characters, and knows more line ends than most.
func offset(data []byte, line, column int) int {
	at := 0
	if strings.HasPrefix(string(data[:min(3, len(data))]), "\ufeff") {
		at = 3
	}
	for line > 1 && at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		at += size
		switch r {
		case '\r':
			if at < len(data) && data[at] == '\n' {
				at++
			}
			line--
		case '\n', '\u0085', '\u2028', '\u2029':
			line--
		}
	}
	for ; column > 1 && at < len(data); column-- {
		_, size := utf8.DecodeRune(data[at:])
		at += size
	}
	return at
}

// length returns how long the text of a scalar is that begins the data: 0 where it is not one word on one line.
func length(data []byte, n *yaml.Node) int {
	quote := quoteOf(n)
	switch {
	case n.Style&^(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0: // tagged, or in lines of its own
		return 0
	case !strings.HasPrefix(string(data[:min(len(data), len(quote+n.Value+quote))]), quote+n.Value+quote):
		return 0
	}
	return len(quote + n.Value + quote)
}

func quoteOf(n *yaml.Node) string {
	switch {
	case n.Style&yaml.DoubleQuotedStyle != 0:
		return `"`
	case n.Style&yaml.SingleQuotedStyle != 0:
		return `'`
	}
	return ""
}

// quoted returns the text as it is written: in the quotes that the value has, or in quotes where it must stay a word.
func (v value) quoted(text string, always bool) string {
	quote := quoteOf(v.node)
	if quote == "" && (always || !plain(text)) {
		quote = `"`
	}
	return quote + text + quote
}

// plain reports whether the text without quotes is a word for everybody who reads YAML: 1.10 is a number, and so is the
// commit 12e4567; on is true for some.
func plain(text string) bool {
	var n yaml.Node
	var old any
	if yaml.Unmarshal([]byte(text), &n) != nil || yamlv2.Unmarshal([]byte(text), &old) != nil || len(n.Content) != 1 {
		return false
	}
	word, isWord := old.(string)
	one := n.Content[0]
	return isWord && word == text && one.Kind == yaml.ScalarNode && one.Tag == "!!str" && one.Value == text &&
		one.Style == 0 && !strings.ContainsAny(text, " #") && !strings.Contains(" y Y n N ", " "+text+" ") && !numbers.MatchString(text)
}

// numbers are words that one reader of YAML or another takes for a number.
var numbers = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(\.[0-9_]*)?([eE][-+]?[0-9]+)?$|^0[xob][0-9a-fA-F_]+$`)
