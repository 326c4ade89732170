// Package chart draws pictures of charts, for where Slack draws none.
//
// They are read on a phone, in light and in dark, and without colours: on a background of their own, every line with its
// name and last value at its end, and a stroke that only it has. What is drawn is the view's; nothing is decided here. The
// same picture is the same bytes, so that tests hold them.
package chart
