package view

import (
	"canarybot.io/rollout"
)

// registrySentences are those of package registry, which the view does not import: it knows only the codes.
func registrySentences() map[rollout.ProblemCode]string {
	const stays = "{version} goes by its tag alone, which may come to name another image: the registry {key} "
	const verify = "services.{service}.verify: "
	return map[rollout.ProblemCode]string{
		"registry_unauthorised": stays + "tells nobody without credentials what it names now. Allow some under registry, or set registry.resolve: off.",
		"registry_rate_limited": stays + "was asked too often to say what it names now.",
		"registry_unreachable":  stays + "does not say what it names now ({said}).",
		"registry_tag_unknown":  stays + "shows no such tag to those who do not sign in.",

		"registry_no_such_version": "The registry {key} has no image {value}: push it first, or deploy another version.",

		"image_unsigned":     verify + "{version} is not signed. Sign {value} with cosign and deploy it again.",
		"signed_otherwise":   verify + "none of the {count} signatures of {version} is by a key that is named there. Sign {value} with cosign and that key.",
		"signature_hidden":   verify + "the registry {key} shows nobody without credentials whether {version} is signed. Allow some under registry.",
		"signature_unread":   "whether {version} is signed is not known, as the registry {key} gives no answer ({said})",
		"signature_key":      verify + "the public key cannot be read: {words}",
		"signature_refused":  verify + "{key} does not accept {value}: {words}",
		"signature_command":  verify + "{key} could not be run: {words}",
		"signature_too_late": verify + "{key} said nothing about {version} within {span}.",
	}
}
