package edit_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"canarybot.io/rollout"
	"canarybot.io/rollout/git/edit"
)

const (
	repository = "registry.example.com/shop/checkout"
	digestA    = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	digestB    = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	v2         = repository + ":v2"
	pinned     = v2 + "@" + digestB
)

func target(kind rollout.GitEdit, key string) edit.Target {
	return edit.Target{Edit: kind, Key: key, Repository: repository, Deployment: "checkout", Namespace: "shop"}
}

// row is a file, what it says, and what becomes of it: the text between « and » is replaced.
type row struct {
	kind  rollout.GitEdit
	key   string
	file  string // with the old text between « and », which are no part of it
	write string // the image; empty: v2
	says  string // what the file says before; empty: repository:v1
	new   string // what stands in place of the old text; empty: v2
}

func (r row) check(t *testing.T) {
	t.Helper()
	before := strings.NewReplacer("«", "", "»", "").Replace(r.file)
	f, err := edit.Read([]byte(before), target(r.kind, r.key))
	if err != nil {
		t.Fatal(err)
	}
	if want := or(r.says, repository+":v1"); f.Image() != want {
		t.Errorf("the file says %s, want %s", f.Image(), want)
	}
	got, err := f.Write(or(r.write, v2))
	if err != nil {
		t.Fatal(err)
	}
	want := r.file
	for strings.Contains(want, "«") {
		head, rest, _ := strings.Cut(want, "«")
		_, tail, _ := strings.Cut(rest, "»")
		want = head + or(r.new, "v2") + tail
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	again, err := edit.Read(got, target(r.kind, r.key))
	if err != nil || !again.Says(or(r.write, v2)) || f.Says(or(r.write, v2)) {
		t.Errorf("the new file says %v (%v)", again, err)
	}
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

const entry = "images:\n- name: " + repository + "\n  newTag: "

func TestKustomization(t *testing.T) {
	const images = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nimages:\n"
	for name, r := range map[string]row{
		"plain":                     {file: entry + "«v1»\n"},
		"by its key":                {key: repository, file: images + "- name: other\n  newTag: v1\n- name: " + repository + "\n  newTag: «v1»\n"},
		"in double quotes":          {file: entry + "\"«v1»\"\n"},
		"in single quotes":          {file: entry + "'«v1»'\n"},
		"with comments":             {file: "# of the shop\n" + images + "# ours\n- name: " + repository + " # here\n  newTag: «v1»   # set by the bot\n# the end\n"},
		"newTag first":              {file: images + "  - newTag: «v1»\n    name: " + repository + "\n"},
		"a new name":                {key: "checkout", file: images + "- name: checkout\n  newName: " + repository + "\n  newTag: «v1»\n"},
		"found by the new name":     {file: images + "- name: checkout\n  newName: " + repository + "\n  newTag: «v1»\n"},
		"flow":                      {file: "images: [{name: " + repository + ", newTag: «v1»}, {name: other, newTag: v1}]\n"},
		"JSON":                      {file: `{"images": [{"name": "` + repository + `", "newTag": "«v1»"}]}`},
		"Windows' line ends":        {file: strings.ReplaceAll(images+"- name: "+repository+"\n  newTag: «v1»\n  # x\n", "\n", "\r\n")},
		"old Macintosh's line ends": {file: strings.ReplaceAll(images+"- name: "+repository+"\n  newTag: «v1»\n", "\n", "\r")},
		"a byte order mark":         {file: "\ufeff" + entry + "«v1»\n"},
		"no line end":               {file: entry + "«v1»"},
		"umlauts before it":         {file: "images: [{x: \"äöü→\", name: " + repository + ", newTag: «v1»}] # ü\n"},
		"other line ends of YAML":   {file: "# a\u2028# b\u0085" + entry + "«v1»\n"},
		"several documents":         {file: "a: 1\n---\n" + entry + "«v1»\n---\n# nothing\n"},
		"anchors elsewhere":         {file: "x: &x {a: 1}\ny: *x\n" + entry + "«v1»\n"},
		"an anchor without alias":   {file: "images: &all\n- name: " + repository + "\n  newTag: «v1»\n"},
		"a number":                  {file: entry + "«1.9»\n", says: repository + ":1.9"},
		"becomes a number":          {file: entry + "«v1»\n", write: repository + ":1.10", new: `"1.10"`},
		"becomes scientific":        {file: entry + "«v1»\n", write: repository + ":12e4567", new: `"12e4567"`},
		"becomes a date":            {file: entry + "«v1»\n", write: repository + ":2026-11-28", new: `"2026-11-28"`},
		"becomes true":              {file: entry + "«v1»\n", write: repository + ":on", new: `"on"`},
		"becomes octal":             {file: entry + "«v1»\n", write: repository + ":0777", new: `"0777"`},
		"becomes hexadecimal":       {file: entry + "«v1»\n", write: repository + ":0x1F", new: `"0x1F"`},
		"becomes a number of 1.1":   {file: entry + "«v1»\n", write: repository + ":1_000", new: `"1_000"`},
		"becomes null":              {file: entry + "«v1»\n", write: repository + ":null", new: `"null"`},
		"becomes y":                 {file: entry + "«v1»\n", write: repository + ":y", new: `"y"`},
		"a number in quotes":        {file: entry + "'«1.9»'\n", says: repository + ":1.9", write: repository + ":1.10", new: "1.10"},
		"semantic, without v":       {file: entry + "«1.2.3»\n", says: repository + ":1.2.3", write: repository + ":1.2.4", new: "1.2.4"},
		"pinned":                    {file: entry + "«v1»\n", write: pinned, new: "v2@" + digestB},
		"pinned before":             {file: entry + "«v1@" + digestA + "»\n", says: repository + ":v1@" + digestA, write: pinned, new: "v2@" + digestB},
		"pinned, in flow":           {file: "images: [{newTag: «v1», name: " + repository + "}]\n", write: pinned, new: "v2@" + digestB},
		"a digest":                  {file: images + "- name: " + repository + "\n  digest: «" + digestA + "»\n", says: repository + "@" + digestA, write: pinned, new: digestB},
		"an empty digest":           {file: images + "- name: " + repository + "\n  digest: \"\"\n  newTag: «v1»\n"},
		"behind a mirror":           {key: "x", file: images + "- name: x\n  newName: mirror.example.com/hub/shop/checkout\n  newTag: «v1»\n", says: "mirror.example.com/hub/shop/checkout:v1"},
		"an odd order, deep indent": {file: "images:\n      -\n            name:    " + repository + "\n            newTag:    «v1»    # far\n"},
		"a quoted key":              {file: "\"images\":\n- 'name': " + repository + "\n  \"newTag\": «v1»\n"},
	} {
		r.kind = rollout.Kustomize
		t.Run(name, r.check)
	}
}

// A tag and a digest that stand side by side change both.
func TestTagAndDigest(t *testing.T) {
	for name, tt := range map[string]struct {
		kind      rollout.GitEdit
		key, file string
	}{
		"kustomize": {rollout.Kustomize, "", "images:\n- digest: " + digestA + " # x\n  name: " + repository + "\n  newTag: v1\n"},
		"a chart":   {rollout.HelmValues, "image.tag", "image:\n  digest: " + digestA + " # x\n  tag: v1\n"},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := edit.Read([]byte(tt.file), target(tt.kind, tt.key))
			if err != nil {
				t.Fatal(err)
			}
			if want := repository + ":v1@" + digestA; f.Image() != want {
				t.Errorf("the file says %s", f.Image())
			}
			out, err := f.Write(pinned)
			want := strings.NewReplacer(digestA, digestB, "v1", "v2").Replace(tt.file)
			if string(out) != want {
				t.Errorf("got %s (%v)", out, err)
			}
			if _, err := f.Write(v2); rollout.ProblemOf(err).Code != rollout.ProblemGitNoDigest {
				t.Errorf("without a digest: %v", err)
			}
		})
	}
}

func TestChartValues(t *testing.T) {
	for name, r := range map[string]row{
		"image.tag":             {file: "image:\n  tag: «v1»\n"},
		"with its repository":   {file: "image:\n  repository: " + repository + "\n  pullPolicy: Always\n  tag: \"«v1»\"\n"},
		"with its registry":     {file: "image:\n  registry: registry.example.com\n  repository: shop/checkout\n  tag: «v1»\n"},
		"the whole reference":   {key: "image", file: "image: «" + repository + ":v1»\n", new: v2},
		"whole and pinned":      {key: "image", file: "image: \"«" + repository + ":v1»\"\n", write: pinned, new: pinned},
		"whole, Docker Hub":     {key: "image", file: "image: «hub/shop/checkout:v1»\n", says: "hub/shop/checkout:v1", new: "hub/shop/checkout:v2"},
		"in a list":             {key: "services[1].image.tag", file: "services:\n- image: {tag: v1}\n- image: {tag: «v1»}\n"},
		"a key with dots":       {key: `apps.shop\.example\.com/checkout.tag`, file: "apps:\n  shop.example.com/checkout:\n    tag: «v1»\n"},
		"at the top":            {key: "tag", file: "tag: «v1»\nother: v1\n"},
		"deep":                  {key: "a.b.c.d.tag", file: "a:\n  b:\n    c: {d: {tag: «v1»}}\n"},
		"global anchors beside": {file: "x: &v v0\ny: *v\nimage:\n  tag: «v1» # not *v\n"},
		"an alias beside it":    {file: "x: &p Always\nimage:\n  tag: «v1»\n  pullPolicy: *p\n"},
		"a digest of its own":   {key: "image.digest", file: "image:\n  digest: «" + digestA + "»\n", says: repository + "@" + digestA, write: pinned, new: digestB},
		"an empty tag":          {file: "image:\n  tag: \"«»\"\n", says: repository},
		"an unquoted number":    {file: "image:\n  tag: «17»\n", says: repository + ":17", write: repository + ":18", new: `"18"`},
	} {
		r.kind, r.key = rollout.HelmValues, or(r.key, "image.tag")
		t.Run(name, r.check)
	}
}

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: checkout
  namespace: shop
spec:
  template:
    spec:
      containers:
`

func TestManifest(t *testing.T) {
	app := "      - name: app\n        image: «" + repository + ":v1» # ours\n"
	proxy := "      - name: proxy\n        image: registry.example.com/proxy:v1\n"
	other := strings.ReplaceAll(deployment, "name: checkout", "name: cart") + "      - name: app\n        image: " + repository + ":v1\n"
	for name, r := range map[string]row{
		"one container":             {file: deployment + app},
		"by its name":               {key: "app", file: deployment + proxy + app},
		"beside another":            {file: deployment + app + proxy},
		"pinned":                    {file: deployment + app, write: pinned, new: pinned},
		"beside other Deployments":  {file: other + "---\n" + deployment + app + "---\n" + other},
		"beside other kinds":        {file: "kind: Service\nmetadata:\n  name: checkout\n---\n" + deployment + app},
		"in a list":                 {file: "kind: List\nitems:\n- kind: Deployment\n  metadata: {name: checkout}\n  spec: {template: {spec: {containers: [{name: app, image: '«" + repository + ":v1»'}]}}}\n"},
		"without namespace":         {file: strings.ReplaceAll(deployment, "  namespace: shop\n", "") + app},
		"behind a mirror":           {file: deployment + "      - name: app\n        image: «mirror.example.com/shop/checkout:v1»\n", says: "mirror.example.com/shop/checkout:v1", new: "mirror.example.com/shop/checkout:v2"},
		"without a tag":             {file: deployment + "      - name: app\n        image: «" + repository + "»\n", says: repository, new: v2},
		"with a port":               {file: deployment + "      - name: app\n        image: «localhost:5000/shop/checkout:v1»\n", says: "localhost:5000/shop/checkout:v1", new: "localhost:5000/shop/checkout:v2"},
		"two that change together":  {file: deployment + app + "      - name: worker\n        image: \"«" + repository + ":v1»\"\n"},
		"an initContainer with it":  {file: strings.Replace(deployment, "      containers:\n", "      initContainers:\n      - {name: migrate, image: «"+repository+":v1»}\n      containers:\n", 1) + app},
		"an annotation with braces": {file: strings.Replace(deployment, "  namespace: shop\n", "  namespace: shop\n  annotations: {x: \"{{ y }}\"}\n", 1) + app},
	} {
		r.kind = rollout.Manifest
		r.new = or(r.new, v2)
		t.Run(name, r.check)
	}
}

// What cannot be changed alone is refused, and why.
func TestRefusals(t *testing.T) {
	const kustomize, helm, manifest = rollout.Kustomize, rollout.HelmValues, rollout.Manifest
	for name, tt := range map[string]struct {
		kind      rollout.GitEdit
		key, file string
		want      rollout.ProblemCode
	}{
		"a missing list":           {kustomize, "", "kind: Kustomization\n", rollout.ProblemGitNoValue},
		"a missing image":          {kustomize, "", "images:\n- name: other\n  newTag: v1\n", rollout.ProblemGitNoValue},
		"an image without a tag":   {kustomize, "", "images:\n- name: " + repository + "\n  newName: " + repository + "\n", rollout.ProblemGitNoValue},
		"an image twice":           {kustomize, "", entry + "v1\n" + entry[8:] + "v1\n", rollout.ProblemGitTwice},
		"a key twice":              {kustomize, "", entry + "v1\n  newTag: v1\n", rollout.ProblemGitTwice},
		"in two documents":         {kustomize, "", entry + "v1\n---\n" + entry + "v1\n", rollout.ProblemGitTwice},
		"an alias":                 {kustomize, "", "x: &v v1\n" + entry + "*v\n", rollout.ProblemGitAlias},
		"an anchor":                {kustomize, "", entry + "&v v1\nx: *v\n", rollout.ProblemGitAlias},
		"an anchor alone":          {kustomize, "", entry + "&v v1\n", rollout.ProblemGitAlias},
		"the entry is shared":      {kustomize, "", "images:\n- &e\n  name: " + repository + "\n  newTag: v1\nx: *e\n", rollout.ProblemGitAlias},
		"the list is an alias":     {kustomize, "", "x: &l [{name: " + repository + ", newTag: v1}]\nimages: *l\n", rollout.ProblemGitAlias},
		"the entry is an alias":    {kustomize, "", "x: &l {name: " + repository + ", newTag: v1}\nimages: [*l]\n", rollout.ProblemGitAlias},
		"merged into the entry":    {kustomize, "", "x: &l {newTag: v1}\nimages: [{name: " + repository + ", <<: *l}]\n", rollout.ProblemGitAlias},
		"a block":                  {kustomize, "", entry + "|\n    v1\n", rollout.ProblemGitForm},
		"a folded block":           {kustomize, "", entry + ">-\n    v1\n", rollout.ProblemGitForm},
		"a tag of YAML":            {kustomize, "", entry + "!!str v1\n", rollout.ProblemGitForm},
		"an escape":                {kustomize, "", entry + "\"v\\x31\"\n", rollout.ProblemGitForm},
		"on the next line":         {kustomize, "", entry + "\"v1\\\n    \"\n", rollout.ProblemGitForm},
		"two words":                {kustomize, "", entry + "v1 v2\n", rollout.ProblemGitForm},
		"no value":                 {kustomize, "", entry + "\n", rollout.ProblemGitForm},
		"null":                     {kustomize, "", entry + "~\n", rollout.ProblemGitForm},
		"a mapping":                {kustomize, "", entry + "{a: b}\n", rollout.ProblemGitForm},
		"a template":               {kustomize, "", entry + "{{ .Values.tag }}\n", rollout.ProblemGitForm},
		"a template of lines":      {kustomize, "", "{{- if .Values.x }}\n" + entry + "v1\n{{- end }}\n", rollout.ProblemGitNotYAML},
		"a conflict":               {kustomize, "", "<<<<<<< HEAD\n" + entry + "v1\n=======\n" + entry + "v2\n>>>>>>> x\n", rollout.ProblemGitNotYAML},
		"another image":            {kustomize, "x", "images:\n- name: x\n  newName: registry.example.com/cart\n  newTag: v1\n", rollout.ProblemGitOtherImage},
		"an image by another name": {kustomize, "checkout", "images:\n- name: checkout\n  newTag: v1\n", rollout.ProblemGitOtherImage},
		"binary":                   {kustomize, "", "\x00\x01", rollout.ProblemGitNotYAML},
		"in UTF-16":                {kustomize, "", "\xff\xfei\x00m\x00", rollout.ProblemGitNotYAML},
		"empty":                    {kustomize, "", "", rollout.ProblemGitNotYAML},
		"comments alone":           {kustomize, "", "# nothing\n", rollout.ProblemGitNotYAML},
		"large":                    {kustomize, "", strings.Repeat("#", edit.Most+1), rollout.ProblemGitFileTooLarge},
		"a list at the top":        {kustomize, "", "- a\n", rollout.ProblemGitNoValue},
		"a missing path":           {helm, "image.tag", "image:\n  pullPolicy: Always\n", rollout.ProblemGitNoValue},
		"a missing top":            {helm, "image.tag", "images: {}\n", rollout.ProblemGitNoValue},
		"beyond the list":          {helm, "s[1].tag", "s: [{tag: v1}]\n", rollout.ProblemGitNoValue},
		"an index of a mapping":    {helm, "s[0].tag", "s: {tag: v1}\n", rollout.ProblemGitNoValue},
		"another repository":       {helm, "image.tag", "image:\n  repository: registry.example.com/cart\n  tag: v1\n", rollout.ProblemGitOtherImage},
		"another whole image":      {helm, "image", "image: registry.example.com/cart:v1\n", rollout.ProblemGitOtherImage},
		"the mapping":              {helm, "image", "image:\n  tag: v1\n", rollout.ProblemGitForm},
		"a chart's alias":          {helm, "image.tag", "x: &i {tag: v1}\nimage: *i\n", rollout.ProblemGitAlias},
		"a chart's merge":          {helm, "image.tag", "x: &i {tag: v1}\nimage:\n  <<: *i\n", rollout.ProblemGitAlias},
		"a chart's digest alone":   {helm, "image.digest", "image:\n  digest: sha256:1\n", rollout.ProblemGitForm},
		"no Deployment":            {manifest, "", "kind: Service\nmetadata: {name: checkout}\n", rollout.ProblemGitNoValue},
		"another Deployment":       {manifest, "", strings.ReplaceAll(deployment, "name: checkout", "name: cart") + "      - {name: app, image: " + v2 + "}\n", rollout.ProblemGitNoValue},
		"another namespace":        {manifest, "", strings.ReplaceAll(deployment, "shop", "stage") + "      - {name: app, image: " + v2 + "}\n", rollout.ProblemGitNoValue},
		"twice in the file":        {manifest, "", strings.Repeat(deployment+"      - {name: app, image: "+v2+"}\n---\n", 2), rollout.ProblemGitTwice},
		"no such container":        {manifest, "web", deployment + "      - {name: app, image: " + v2 + "}\n", rollout.ProblemGitNoValue},
		"a container without one":  {manifest, "app", deployment + "      - {name: app}\n", rollout.ProblemGitNoValue},
		"a container of others":    {manifest, "app", deployment + "      - {name: app, image: registry.example.com/cart:v1}\n", rollout.ProblemGitOtherImage},
		"two versions":             {manifest, "", deployment + "      - {name: app, image: " + v2 + "}\n      - {name: b, image: " + repository + ":v1}\n", rollout.ProblemGitTwice},
		"a shared template":        {manifest, "", strings.Replace(deployment, "template:", "template: &t", 1) + "      - {name: app, image: " + v2 + "}\nx: *t\n", rollout.ProblemGitAlias},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := edit.Read([]byte(tt.file), target(tt.kind, tt.key))
			if got := rollout.ProblemOf(err).Code; got != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// A version that the file has no form for is refused.
func TestVersionsWithoutForm(t *testing.T) {
	for name, tt := range map[string]struct {
		file, write string
		want        rollout.ProblemCode
	}{
		"a digest alone for a tag": {entry + "v1\n", repository + "@" + digestB, rollout.ProblemGitNoTag},
		"a tag alone for a digest": {"images:\n- name: " + repository + "\n  digest: " + digestA + "\n", v2, rollout.ProblemGitNoDigest},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := edit.Read([]byte(tt.file), target(rollout.Kustomize, ""))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(tt.write); rollout.ProblemOf(err).Code != tt.want {
				t.Errorf("got %v", err)
			}
		})
	}
}
