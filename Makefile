# What one does with this repository. `make demo` and `make test` are all that a newcomer needs.

GO      ?= go
ADDR    ?= 127.0.0.1:8080
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)

.PHONY: help demo test e2e lint supply tools release bench bench-analysis fuzz build image picture golden

help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

demo: ## the whole product over a simulated Slack and cluster, in a browser; PLAY=1 plays it in this terminal
	@echo "Building the demo. The first time that compiles Prometheus' query engine: about two minutes on two cores; then seconds."
	@$(GO) build -o bin/demo ./cmd/demo
	@ADDR=$(ADDR) bin/demo $(if $(PLAY),-play)

# The race detector needs a C compiler; Go says 0 where it finds none. With more than one processor to a test's process it
# breaks down itself where two goroutines meet timers of virtual time that have run out (golang/go#78156); whole packages run
# side by side all the same, and goroutines take turns.
RACE = $(if $(filter 1,$(shell $(GO) env CGO_ENABLED)),-race -cpu 1)

test: ## every test that needs no cluster, with the race detector, shuffled
	@$(if $(RACE),,echo "No C compiler: without the race detector.")
	$(GO) test $(RACE) -shuffle=on -timeout 40m ./...
	$(GO) test -run Explore -count=1 -timeout 40m -v ./rollout
	$(GO) test -run 'Crash|Lost|Disk' -count=1 ./rollout/engine ./bot

e2e: build ## the real thing: Kubernetes, Prometheus and a proxy from source, in one network namespace, Slack's own clients, and people in Chromium (root, Node 20, chromium; the first build takes long)
	cd e2e && $(GO) run ./build && $(GO) run ./recap -count=1 -timeout 40m ./...

tools: # that are pinned in lint/go.mod, in bin
	@cd lint && $(GO) build -trimpath -o ../bin/ . ./licences ./workflows tool

lint: tools ## formatting, vet, staticcheck, exhaustive switches and more (lint/main.go), unused parameters, dead code, the example workflows, tidiness
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	cd lint && $(GO) vet ./... && $(GO) test ./... && $(GO) mod tidy -diff
	$(GO) vet ./...
	$(GO) vet -vettool=$(CURDIR)/bin/lint ./...
	bin/staticcheck ./...
	bin/unparam ./...
	bin/workflows
	@dead="$$(bin/deadcode -test ./...)" && { test -z "$$dead" || { echo "$$dead"; exit 1; }; }
	$(GO) mod tidy -diff
	cd e2e && $(GO) vet ./... && $(GO) vet -vettool=$(CURDIR)/bin/lint ./... && $(GO) mod tidy -diff

bench: ## the figures of the README; JSON=1 prints one line a figure
	@$(GO) run ./cmd/bench $(if $(JSON),-json)
	@$(GO) test ./cmd/bench -run TestEveryEndIsShownInTime -count 1 -timeout 30m -v -args -live 500 -rooms 20 -watching 5m -figures $(if $(JSON),-lines) | grep slack_

bench-analysis: ## the judge beside models of its peers, in simulated worlds; SEED=n; RULES=1 without each rule; JSON=1 prints one line a cell, DOCS=docs/judge.md writes the page
	@$(GO) run ./cmd/judgebench --commit "$$(git rev-parse --short HEAD)" $(if $(SEED),--seed $(SEED)) $(if $(RULES),--rules --healthy 40 --reps 20) $(if $(JSON),--format json) $(if $(DOCS),--docs $(DOCS))

# Without the bound, Go tries for a minute to shorten each input that reaches something new, and large ones never come
# to an end: targets with large seeds then run a few hundred inputs a minute.
fuzz: ## every fuzz target for half a minute
	@grep -rnoE --include='*_test.go' --exclude-dir=e2e '^func Fuzz[A-Za-z0-9_]+' . | sed -E 's#/[^/]*_test.go:[0-9]+:func # #' | sort -u | \
	while read -r package target; do \
		echo "$$package $$target"; $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $${FUZZTIME:-30s} -fuzzminimizetime 10x $$package </dev/null || exit 1; done

build: ## one static binary: bin/canarybot; prints its size
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/canarybot ./cmd/canarybot
	@wc -c bin/canarybot | awk '{printf "%s: %.1f MB\n", $$2, $$1 / 1e6}'

RELEASE = bin/release
ARCHES ?= amd64 arm64

release: tools ## bin/release: binaries for Linux, what they are made of (CycloneDX), licences, the chart, checksums
	@rm -rf $(RELEASE) && mkdir -p $(RELEASE)/empty
	@for arch in $(ARCHES); do binary=$(RELEASE)/canarybot-linux-$$arch; \
		CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build $(ANEW) -trimpath -buildvcs=false -ldflags '$(LDFLAGS)' -o $$binary ./cmd/canarybot && \
		bin/cyclonedx-gomod bin -json -noserial -notimestamp -std -version $(VERSION) -output $$binary.cdx.json $$binary || exit 1; done
	@bin/licences -texts > $(RELEASE)/LICENSES.txt
	@tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --exclude=canarybot/ci -C charts -cf - canarybot | \
		gzip -n > $(RELEASE)/canarybot-chart.tgz
	@cd $(RELEASE) && find . -type f ! -name SHA256SUMS -printf '%P\n' | LC_ALL=C sort | xargs sha256sum > SHA256SUMS && cat SHA256SUMS

# The second build is from another folder and takes nothing from the cache.
supply: tools ## modules as go.sum has them, licences, known vulnerabilities; a release twice gives the same bytes
	@for module in . lint e2e; do (cd $$module && $(GO) mod verify) || exit 1; done
	@bin/licences && echo "THIRD_PARTY.md says what is linked, and under which licences"
	@report="$$(bin/govulncheck ./cmd/canarybot 2>&1)"; status=$$?; case "$$status $$report" in \
		0*) echo "no known vulnerability is reached";; \
		1*"fetching vulnerabilities"*) echo "NOT CHECKED for known vulnerabilities: their database cannot be reached from here";; \
		*) echo "$$report"; exit 1;; esac
	@folder=$$(mktemp -d) && trap "rm -rf $$folder" EXIT && git ls-files -z | xargs -0 tar -cf - | tar -xf - -C $$folder && \
		$(MAKE) --no-print-directory release ARCHES=amd64 VERSION=$(VERSION) && \
		$(MAKE) --no-print-directory -C $$folder release ARCHES=amd64 VERSION=$(VERSION) ANEW=-a && \
		diff -r $(RELEASE) $$folder/$(RELEASE) && echo "built twice, the same bytes"

image: release ## a container image, with whatever builds Dockerfiles here
	docker build -t canarybot:$(VERSION) .

picture: ## take the pictures of the docs anew, from the scenarios in Chromium (Node 20, chromium, an emoji font)
	cd e2e && $(GO) test ./page -count=1 -timeout 20m -args -pictures ../../docs/pictures

golden: ## rewrite the golden files; review the difference like code
	$(GO) test ./bot/view ./bot ./rollout ./rollout/kube ./charts -update
	cd e2e && $(GO) test -run 'Template' ./chart -update
