// Package page lets people use the demo in headless Chromium: each scenario of node/scenarios is one subtest of TestPage,
// with a demo of its own, and windows of its own in a browser that they share: they run side by side. Playwright drives the browser, because it finds what is on a page as people do (by
// role and name), waits until it can be used, and speaks to any newer Chromium. It is installed by npm, by name, into a folder
// of the test's. `-pictures FOLDER` writes the pictures that the scenarios take.
//
// Its tests need Node 20 or newer with npm, a registry that npm can reach, and Chromium: on the path, or where CHROMIUM says.
package page
