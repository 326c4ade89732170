package main

import (
	"strings"
	"testing"
)

func TestReportEndsWithWhatFailed(t *testing.T) {
	in := strings.NewReader(`{"Action":"output","Package":"p","Test":"TestAll/good","Output":"    good_test.go:1: noise\n"}
{"Action":"output","Package":"p","Test":"TestAll/bad","Output":"    bad_test.go:7: the weight was not 0\n"}
{"Action":"output","Package":"p","Test":"TestAll","Output":"    main_test.go:3: more noise\n"}
{"Action":"fail","Package":"p","Test":"TestAll/bad"}
{"Action":"pass","Package":"p","Test":"TestAll/good"}
{"Action":"fail","Package":"p","Test":"TestAll"}
{"Action":"fail","Package":"p"}
`)
	var out strings.Builder
	report(in, &out)
	want := "FAILED: p TestAll/bad\n    bad_test.go:7: the weight was not 0\n"
	if got := out.String(); !strings.HasSuffix(got, want) {
		t.Errorf("the report ends otherwise than with %q:\n%s", want, got)
	}
	if got := strings.Count(out.String(), "FAILED:"); got != 1 {
		t.Errorf("%d tests are named, want the one that failed itself", got)
	}
}
