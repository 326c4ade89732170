package view

import (
	"regexp"
	"strconv"
	"strings"
	"sync"

	"canarybot.io/rollout"
)

// sentences has the sentence of each problem code, from the tables of all areas. Placeholders in braces are filled in
// from the problem, escaped:
//
//	{service} {rollout} {phase}        names, and the phase in words
//	{object} {other}                   "Deployment shop/checkout"
//	{resource} {otherresource}         "deployment/checkout", as kubectl takes it
//	{name} {othername} {namespace}     of the object
//	{kind} {otherkind}                 of the object
//	{key} {value} {want} {names}       what to change, from what, to what, and what there is to choose from
//	{quoted}                           the value in quotes, where it is what somebody typed
//	{version} {wantversion}            the value and what it should be, where those are images
//	{action}                           the value as a verb, where it is an action
//	{reason}                           the value, where that is a code such as no_data: "no data"
//	{count} {limit}                    numbers
//	{span}                             "2 min 30 s"
//	{check}                            a check's name in people's words, from the key
//	{moment} {opens} {why}             when that is, "before 9:00" or nothing, and "(sale)" or nothing
//	{words} {said}                     somebody else's words, with a full stop at the end and without
var sentences = sync.OnceValue(func() map[rollout.ProblemCode]string {
	all := map[rollout.ProblemCode]string{}
	for _, table := range []map[rollout.ProblemCode]string{
		commonSentences(), rolloutSentences(), decisionSentences(), engineSentences(), storeSentences(), degradedSentences(), metricsSentences(), settingSentences(),
		calendarSentences(), clusterSentences(), slackSentences(), apiSentences(), tokenSentences(), gitSentences(), ownerSentences(), registrySentences(), auditSentences(),
	} {
		for code, sentence := range table {
			if _, twice := all[code]; twice {
				panic("two packages call their problem " + string(code))
			}
			all[code] = sentence
		}
	}
	return all
})

// commonSentences are those of the codes that every package uses.
func commonSentences() map[rollout.ProblemCode]string {
	return map[rollout.ProblemCode]string{
		rollout.ProblemText:     "{said}",
		rollout.ProblemInternal: "Something went wrong inside Canarybot; its log has the details.",
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// Problem returns the sentence that says what is wrong and what to do about it.
func Problem(p rollout.Problem) string {
	sentence, ok := sentences()[p.Code]
	switch {
	case p.IsZero():
		return ""
	case !ok: // stored by a newer Canarybot
		return joined(": ", "Something is wrong ("+word(string(p.Code))+")", fullStop(words(p.Words)))
	}
	return filledIn(sentence, p)
}

// filledIn is a sentence with its placeholders filled in from the problem.
func filledIn(sentence string, p rollout.Problem) string {
	return placeholder.ReplaceAllStringFunc(sentence, func(name string) string { return fill(p, name) })
}

// Problems returns the sentence of each problem.
func Problems(all []rollout.Problem) []string {
	lines := make([]string, len(all))
	for i, p := range all {
		lines[i] = Problem(p)
	}
	return lines
}

// Sentence returns an error's message for people. Errors of other packages are never shown: their text is for the log.
func Sentence(err error) string { return Problem(rollout.ProblemOf(err)) }

// short is a problem's sentence for small spaces.
func short(p rollout.Problem) string { return truncateMrkdwn(Problem(p), maxShort) }

// fill returns a placeholder's value.
func fill(p rollout.Problem, name string) string {
	switch name {
	case "{service}":
		return words(string(p.Service))
	case "{rollout}":
		return words(string(p.Rollout))
	case "{key}":
		return words(p.Key)
	case "{value}":
		return words(p.Value)
	case "{want}":
		return words(p.Want)
	case "{names}":
		return several(p.Names, ", ")
	case "{quoted}":
		return words(strconv.Quote(clip(p.Value, maxWord-3)))
	case "{version}":
		return named(p.Value, p.Want)
	case "{wantversion}":
		return named(p.Want, p.Value)
	case "{reason}":
		return words(strings.ReplaceAll(p.Value, "_", " "))
	case "{action}":
		return actionVerb(rollout.Action(p.Value))
	case "{words}":
		return fullStop(words(p.Words))
	case "{said}":
		return escape(p.Words, 2*maxWords)
	case "{count}":
		return strconv.Itoa(p.Count)
	case "{limit}":
		return strconv.Itoa(p.Limit)
	case "{span}":
		return span(p.Span)
	case "{until}":
		return until(p.Until)
	case "{check}":
		return checkName(p.Key)
	case "{phase}":
		return phaseName(p.Phase)
	}
	return fillObject(p, name)
}

// fillObject returns the value of a placeholder about an object.
func fillObject(p rollout.Problem, name string) string {
	switch name {
	case "{object}":
		return words(p.Object.String())
	case "{other}":
		return words(p.Other.String())
	case "{resource}":
		return resourceName(p.Object)
	case "{otherresource}":
		return resourceName(p.Other)
	case "{kind}":
		return words(p.Object.Kind)
	case "{otherkind}":
		return words(p.Other.Kind)
	case "{name}":
		return words(p.Object.Name)
	case "{othername}":
		return words(p.Other.Name)
	case "{namespace}":
		return words(p.Object.Namespace)
	}
	return fillCluster(p, name)
}

// resourceName is an object in kubectl's notation: "deployment/checkout".
func resourceName(o rollout.ObjectRef) string {
	return strings.ToLower(shellSafe(o.Kind)) + "/" + shellSafe(o.Name)
}
