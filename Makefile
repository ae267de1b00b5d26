# Everything a newcomer or CI runs. The work is done by Go programs and scripts; make names it.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GO   ?= go
LINT := $(GO) tool -modfile=tools/lint/go.mod golangci-lint
VULN := $(GO) tool -modfile=tools/lint/go.mod govulncheck

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sort | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: run
run: assets ## start the portal with its embedded GitLab, no configuration
	CGO_ENABLED=0 $(GO) run ./cmd/web --demo

.PHONY: build
build: assets ## build bin/web with its assets (VERSION=v1.2.3, if not as git says)
	CGO_ENABLED=0 $(GO) build -trimpath $(if $(VERSION),-ldflags "-X gitlab-agent-portal/internal/portal.version=$(VERSION)") -o bin/web ./cmd/web

.PHONY: test
test: ## install what is missing, then generate, lint and run every test (what CI runs)
	./.ci/test

.PHONY: check
check: assets generate lint ## what a change needs within a minute: no browser, no race detector
	$(GO) test ./...

.PHONY: lint
lint: ## run the linters
	$(LINT) run ./...

.PHONY: generate
generate: ## regenerate the templ files
	$(GO) tool templ generate

.PHONY: assets
assets: node_modules/.package-lock.json ## bundle scripts, styles and icons into static/dist
	$(GO) run ./static/build

.PHONY: css-report
css-report: ## list the rules of the styles that nothing uses; to be read, not obeyed
	@$(GO) run ./static/build -report

.PHONY: e2e
e2e: assets ## run the browser tests only
	CGO_ENABLED=0 $(GO) test -tags e2e -count=1 ./e2e/...

.PHONY: screenshots
screenshots: assets ## photograph every page and state into screenshots/, to be looked at
	rm -rf screenshots
	CGO_ENABLED=0 $(GO) test -tags e2e,screenshots -count=1 -timeout 30m -run '^TestScreenshots$$' ./e2e

.PHONY: lighthouse
lighthouse: assets tools/lighthouse/node_modules/.package-lock.json ## measure speed and accessibility with Lighthouse
	CGO_ENABLED=0 $(GO) test -tags e2e,lighthouse -count=1 -v -run '^TestLighthouse$$' ./e2e

.PHONY: fuzz
fuzz: ## fuzz each target for FUZZTIME (30s); every test run tries their seeds
	./.ci/fuzz

.PHONY: bench
bench: build ## measure CPU, memory, start-up and queries of the audit; compare figures of one machine only
	CGO_ENABLED=0 $(GO) run ./tools/bench
	CGO_ENABLED=0 $(GO) test -run '^$$' -bench . -benchtime 300ms ./views ./gitlabapi

.PHONY: soak
soak: assets ## let 50 people use two portals over a failing GitLab, and attack them, for ten minutes (SOAK="-duration 1m")
	CGO_ENABLED=0 $(GO) run ./tools/bench soak $(SOAK)

.PHONY: image
image: ## build the image gitlab-agent-portal:VERSION, and say what is in it (BUILDER="buildah bud", IMAGE_ARGS=…)
	@VERSION="$(VERSION)" IMAGE="$(IMAGE)" BUILDER="$(BUILDER)" IMAGE_ARGS="$(IMAGE_ARGS)" ./.ci/image

.PHONY: image-test
image-test: ## build the image on stand-ins and run it; needs root and Debian's buildah, runc and busybox-static
	CGO_ENABLED=0 $(GO) test -tags image -count=1 -v -timeout 60m ./tools/image

.PHONY: vuln
vuln: ## look for known vulnerabilities; says so where the database cannot be reached
	@$(VULN) ./... 2>&1 | tee /dev/stderr | grep -q 'fetching vulnerabilities' && \
		echo 'The database of vulnerabilities cannot be reached from here: nothing was checked.' || exit $${PIPESTATUS[0]}

.PHONY: clean
clean: ## remove everything that was built
	rm -rf bin node_modules tools/lighthouse/node_modules static/dist/*

node_modules/.package-lock.json: package.json package-lock.json
	npm ci --no-audit --no-fund
	@touch $@

tools/lighthouse/node_modules/.package-lock.json: tools/lighthouse/package.json tools/lighthouse/package-lock.json
	npm ci --no-audit --no-fund --prefix tools/lighthouse
	@touch $@
