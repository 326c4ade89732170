package main

import (
	"slices"
	"testing"
)

// What is recognised, and that nothing else is: an unknown text is for a person to read.
func TestRecognise(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"Apache License\n   Version 2.0, January 2004":                                                                          {"Apache-2.0"},
		"Redistribution and use in\nsource and binary forms":                                                                    {"BSD-2-Clause"},
		"Redistribution and use in source and binary forms. Neither the name of":                                                {"BSD-3-Clause"},
		"Permission is hereby granted, free of charge, to any person obtaining a copy":                                          {"MIT"},
		"Mozilla Public License Version 2.0. Secondary: the GNU General Public License":                                         {"MPL-2.0"},
		"GNU GENERAL PUBLIC LICENSE Version 3":                                                                                  {""},
		"GNU Affero General Public License. Also: Permission is hereby granted, free of charge, to any person obtaining a copy": {"", "MIT"},
		"You may use this on Sundays.":                                                                                          {""},
		"":                                                                                                                      {""},
	} {
		got := recognise(text)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
	documented := map[string]string{"LICENSE": "Apache License Version 2.0", "LICENSE.docs": "Attribution-ShareAlike"}
	if got := (module{texts: documented}).licences(); !slices.Equal(got, []string{"Apache-2.0"}) {
		t.Errorf("a module whose texts have a licence of their own is under %q", got)
	}
	if got := (module{texts: map[string]string{"NOTICE": "MIT"}}).licences(); !slices.Equal(got, []string{""}) {
		t.Errorf("a module without a licence is under %q", got)
	}
}
