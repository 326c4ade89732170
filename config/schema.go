package config

import _ "embed" // the schema

//go:embed schema.json
var schemaFile string

// Schema returns the JSON Schema (draft-07, which every editor reads) of the whole configuration. It refuses nothing that
// Parse takes, but for Prometheus's own keys, whose values are read loosely there; Parse knows more, such as which plans
// there are. A test holds it against Parse, key by key.
func Schema() string { return schemaFile }
