package kubetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// entry is a stored object and who owns which of its fields.
type entry struct {
	object Object
	fields owners
}

// failure is an error answer.
type failure struct {
	code            int
	reason, message string
}

func refuse(code int, reason, format string, args ...any) *failure {
	return &failure{code, reason, fmt.Sprintf(format, args...)}
}

func missing(k key) *failure {
	return refuse(http.StatusNotFound, "NotFound", "%s %q not found", k.resource, k.name)
}

// Get returns a copy of the object; nil if there is none.
func (s *Server) Get(resource, namespace, name string) Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.objects {
		if k.resource == resource && k.namespace == namespace && k.name == name {
			return clone(e.object)
		}
	}
	return nil
}

// Edit changes an object as the manager would.
func (s *Server) Edit(manager, resource, namespace, name string, edit func(Object)) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, e := range s.objects {
		if k.resource == resource && k.namespace == namespace && k.name == name {
			changed := clone(e.object)
			edit(changed)
			s.store(k, manager, clone(changed), clone(changed), false)
			return
		}
	}
	s.t.Fatalf("edit %s %s/%s: there is none", resource, namespace, name)
}

// Delete removes an object.
func (s *Server) Delete(resource, namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k := range s.objects {
		if k.resource == resource && k.namespace == namespace && k.name == name {
			delete(s.objects, k)
		}
	}
}

func (s *Server) put(manager string, object Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	group, _, ok := strings.Cut(fmt.Sprint(object["apiVersion"]), "/")
	if !ok {
		group = ""
	}
	for resource, kind := range kinds[group] {
		if kind == object["kind"] {
			m := meta(object)
			s.store(key{group, resource, fmt.Sprint(m["namespace"]), fmt.Sprint(m["name"])}, manager, clone(object), object, false)
			return
		}
	}
	s.t.Fatalf("kubetest knows no %v of %q", object["kind"], group)
}

// write stores what was asked for as admission leaves it.
func (s *Server) write(req request, asked Object) (Object, *failure) {
	object := clone(asked)
	if s.webhook != nil {
		if denial := s.webhook(req.verb, req.resource, object); denial != nil {
			return nil, &failure{denial.Code, reasons[denial.Code], denial.Words}
		}
	}
	return s.store(req.key, req.manager, asked, object, req.dryRun), nil
}

// store stores the object with the fields that the API server sets: identity, version, generation, and the managers of
// what was asked for. A dry run stores nothing.
func (s *Server) store(k key, manager string, asked, object Object, dryRun bool) Object {
	m := meta(object)
	before := s.objects[k]
	fields := owners{}
	generation := 1
	var old Object
	if before == nil {
		m["uid"] = fmt.Sprintf("uid-%d", s.uids+1)
		if !dryRun {
			s.uids++
		}
	} else {
		old, fields = before.object, before.fields
		m["uid"] = meta(old)["uid"]
		m["managedFields"] = meta(old)["managedFields"]
		if reflect.DeepEqual(clone(old), clone(object)) {
			return clone(old) // like the real one: a write without a change does not raise the resourceVersion
		}
		generation, _ = strconv.Atoi(fmt.Sprint(meta(old)["generation"]))
		if !reflect.DeepEqual(clone(old)["spec"], clone(object)["spec"]) {
			generation++
		}
	}
	if dryRun {
		m["generation"], m["resourceVersion"] = generation, strconv.Itoa(s.last)
		return clone(object)
	}
	s.last++
	m["generation"], m["resourceVersion"] = generation, strconv.Itoa(s.last)
	fields = fields.change(manager, s.last, old, asked)
	m["managedFields"] = fields.render()
	s.objects[k] = &entry{object: clone(object), fields: fields}
	return clone(object)
}

func (s *Server) get(req request) (Object, *failure) {
	e := s.objects[req.key]
	if e == nil {
		return nil, missing(req.key)
	}
	return served(e.object, req), nil
}

// served is the object in the requested version: the known kinds differ between versions only in apiVersion.
func served(object Object, req request) Object {
	object = clone(object)
	object["apiVersion"] = strings.TrimPrefix(req.group+"/"+req.version, "/")
	return object
}

func (s *Server) list(req request) Object {
	items := []Object{}
	for k, e := range s.objects {
		if k.group == req.group && k.resource == req.resource && k.namespace == req.namespace && matches(req.selector, e.object) {
			items = append(items, served(e.object, req))
		}
	}
	slices.SortFunc(items, func(a, b Object) int {
		return strings.Compare(fmt.Sprint(meta(a)["name"]), fmt.Sprint(meta(b)["name"]))
	})
	return Object{
		"kind": kinds[req.group][req.resource] + "List", "apiVersion": strings.TrimPrefix(req.group+"/"+req.version, "/"),
		"metadata": Object{"resourceVersion": strconv.Itoa(s.last)}, "items": items,
	}
}

// matches supports selectors of the form a=b,c=d.
func matches(selector string, object Object) bool {
	labels, _ := meta(object)["labels"].(Object)
	for _, term := range strings.FieldsFunc(selector, func(r rune) bool { return r == ',' }) {
		k, v, _ := strings.Cut(term, "=")
		if labels[k] != v {
			return false
		}
	}
	return true
}

func (s *Server) create(req request) (Object, *failure) {
	object := Object{}
	if err := json.Unmarshal(req.body, &object); err != nil {
		return nil, refuse(http.StatusBadRequest, "BadRequest", "%v", err)
	}
	req.name = fmt.Sprint(meta(object)["name"])
	if s.objects[req.key] != nil {
		return nil, refuse(http.StatusConflict, "AlreadyExists", "%s %q already exists", req.resource, req.name)
	}
	meta(object)["namespace"] = req.namespace
	return s.write(req, object)
}

func (s *Server) patch(req request) (Object, *failure) {
	e := s.objects[req.key]
	if e == nil {
		return nil, missing(req.key)
	}
	if req.json {
		return s.patchValues(req, e.object)
	}
	patch := Object{}
	if err := json.Unmarshal(req.body, &patch); err != nil {
		return nil, refuse(http.StatusBadRequest, "BadRequest", "%v", err)
	}
	m := meta(e.object)
	if v, ok := meta(patch)["resourceVersion"]; ok && v != m["resourceVersion"] {
		return nil, refuse(http.StatusConflict, "Conflict", "%s %q: the object has been modified", req.resource, req.name)
	}
	if v, ok := meta(patch)["uid"]; ok && v != m["uid"] {
		return nil, refuse(http.StatusUnprocessableEntity, "Invalid", "metadata.uid: field is immutable")
	}
	object := clone(e.object)
	merge(object, patch)
	return s.write(req, object)
}

// patchValues applies a JSON patch. A test that fails is answered as the real one does.
func (s *Server) patchValues(req request, before Object) (Object, *failure) {
	patch, err := jsonpatch.DecodePatch(req.body)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "BadRequest", "%v", err)
	}
	text, err := json.Marshal(before)
	if err == nil {
		text, err = patch.Apply(text)
	}
	object := Object{}
	if err == nil {
		err = json.Unmarshal(text, &object)
	}
	if err != nil {
		return nil, refuse(http.StatusUnprocessableEntity, "Invalid", "the server rejected our request due to an error in our request: %v", err)
	}
	return s.write(req, object)
}

func (s *Server) remove(req request) (Object, *failure) {
	e := s.objects[req.key]
	if e == nil {
		return nil, missing(req.key)
	}
	var options struct {
		Preconditions struct{ UID, ResourceVersion *string }
	}
	if err := json.Unmarshal(req.body, &options); err != nil && len(req.body) > 0 {
		return nil, refuse(http.StatusBadRequest, "BadRequest", "%v", err)
	}
	m, p := meta(e.object), options.Preconditions
	if p.UID != nil && *p.UID != m["uid"] || p.ResourceVersion != nil && *p.ResourceVersion != m["resourceVersion"] {
		return nil, refuse(http.StatusConflict, "Conflict", "Precondition failed: %s %q", req.resource, req.name)
	}
	delete(s.objects, req.key)
	return status(http.StatusOK, "", "deleted"), nil
}

// merge applies a merge patch. Containers are merged by name, as in a strategic merge patch, and init containers too.
func merge(into, patch Object) {
	for k, v := range patch {
		nested, isObject := v.(Object)
		target, hasObject := into[k].(Object)
		switch {
		case v == nil:
			delete(into, k)
		case isObject && hasObject:
			merge(target, nested)
		case isObject:
			target = Object{}
			merge(target, nested)
			into[k] = target
		case k == "containers", k == "initContainers":
			mergeByName(into, k, v.([]any))
		default:
			into[k] = v
		}
	}
}

func mergeByName(into Object, k string, items []any) {
	existing, _ := into[k].([]any)
	for _, item := range items {
		i := slices.IndexFunc(existing, func(e any) bool { return e.(Object)["name"] == item.(Object)["name"] })
		if i < 0 {
			existing = append(existing, item)
			continue
		}
		merge(existing[i].(Object), item.(Object))
	}
	into[k] = existing
}

func meta(o Object) Object {
	m, ok := o["metadata"].(Object)
	if !ok {
		m = Object{}
		o["metadata"] = m
	}
	return m
}

// clone copies an object through JSON.
func clone(o Object) Object {
	text, err := json.Marshal(o)
	copied := Object{}
	if err == nil {
		err = json.Unmarshal(text, &copied)
	}
	if err != nil {
		panic(fmt.Sprintf("kubetest: an object that is no JSON: %v", err))
	}
	return copied
}
