// Package edit reads and changes the version in a file that says what stable runs: a kustomization, a chart's values, or
// the manifest of a Deployment.
//
// What changes are the bytes of the version and nothing else: comments, layout, line ends, quotes and the order of keys
// stay. YAML is parsed to find the place, never to write the file anew, and what comes out is parsed again and compared:
// it differs in the version alone, or nothing is returned.
//
// What cannot be changed like that is refused with the reason. The package knows no Git; test it with text.
package edit
