package view

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"canarybot.io/rollout"
)

// sentences has the sentence of each problem code. What stands in braces is filled in from the problem, escaped:
//
//	{service} {rollout} {phase}        names, and the phase in words
//	{object} {other}                   "Deployment shop/checkout"
//	{resource} {otherresource}         "deployment/checkout", as kubectl takes it
//	{name} {othername} {namespace}     of the object
//	{key} {value} {want} {names}       what to change, from what, to what, and what there is to choose from
//	{count} {limit} {span}             numbers
//	{words}                            somebody else's words, closed with a full stop
func sentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		rollout.ProblemText: "{words}",
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Problem returns the sentence that says what is wrong and what to do about it.
func Problem(p rollout.Problem) string {
	sentence, ok := sentences()[p.Code]
	if !ok {
		return joined(": ", "Something is wrong ("+word(string(p.Code))+")", full(words(p.Words)))
	}
	return placeholder.ReplaceAllStringFunc(sentence, func(name string) string { return fill(p, name) })
}

// fill returns what stands for a placeholder.
func fill(p rollout.Problem, name string) string {
	switch name {
	case "{service}":
		return word(string(p.Service))
	case "{rollout}":
		return word(string(p.Rollout))
	case "{object}":
		return objectName(p.Object)
	case "{other}":
		return objectName(p.Other)
	case "{resource}":
		return resourceName(p.Object)
	case "{otherresource}":
		return resourceName(p.Other)
	case "{name}":
		return word(p.Object.Name)
	case "{othername}":
		return word(p.Other.Name)
	case "{namespace}":
		return word(p.Object.Namespace)
	case "{key}":
		return word(p.Key)
	case "{value}":
		return words(p.Value)
	case "{want}":
		return words(p.Want)
	case "{names}":
		return words(strings.Join(p.Names, ", "))
	case "{count}":
		return strconv.Itoa(p.Count)
	case "{limit}":
		return strconv.Itoa(p.Limit)
	case "{span}":
		return span(p.Span)
	case "{words}":
		return full(words(p.Words))
	}
	return name
}

// objectName is an object as a sentence names it: "Deployment shop/checkout".
func objectName(o rollout.ObjectRef) string {
	if o.Namespace == "" {
		return joined(" ", word(o.Kind), word(o.Name))
	}
	return joined(" ", word(o.Kind), word(o.Namespace)+"/"+word(o.Name))
}

// resourceName is an object as kubectl takes it: "deployment/checkout".
func resourceName(o rollout.ObjectRef) string {
	return strings.ToLower(shell(o.Kind)) + "/" + shell(o.Name)
}

// Sentence returns what an error says to people. An error that is not ours is never shown: its text is for the log.
func Sentence(err error) string {
	var e *rollout.Error
	if errors.As(err, &e) && e.Problem.Code != rollout.NoProblem {
		return Problem(e.Problem)
	}
	return escape(rollout.Message(err), 2*maxWords)
}
