# Pipewright: `make run` opens the workbench, `make test` proves it.
.DEFAULT_GOAL := help
SHELL := /bin/sh

# Go needs a cache; where HOME is missing or read-only it lives beside the checkout, so that the
# program itself can say what is wrong with HOME.
ifneq ($(shell test -n "$$HOME" && test -w "$$HOME" && echo ok),ok)
export GOCACHE := $(or $(GOCACHE),$(CURDIR)/bin/cache/go-build)
export GOPATH := $(or $(GOPATH),$(CURDIR)/bin/cache/go)
export GOFLAGS := $(GOFLAGS) -modcacherw
endif

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unreleased)
GO_LDFLAGS := -X pipewright/tui/cli.version=$(VERSION)
TOOLS := -modfile=.ci/tools
CLUSTER := go run ./engine/lab/labtest/cluster --
FUZZTIME ?= 60s

.PHONY: help run build test race bench lint fuzz picture clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## open the workbench (without a terminal: load and check session 1.4 in plain lines)
	@./bin/pipewright $(ARGS)

build: ## build bin/pipewright
	@if [ ! -d vendor ] && ! test -x bin/pipewright; then echo "building bin/pipewright (the first time fetches and links DuckDB: a minute or two)" >&2; fi
	@go build -ldflags '$(GO_LDFLAGS)' -o bin/pipewright .

test: ## run every test, on a PostgreSQL that is started for it
	$(CLUSTER) go test -timeout 20m ./...

race: ## run the concurrent parts under the race detector
	$(CLUSTER) go test -race -timeout 20m ./engine/... ./sessions/... ./fixtures/...

bench: build ## measure against peers in the same run, with spread
	go run ./tui/measure $(ARGS)

lint: ## golangci-lint and actionlint, pinned in .ci/tools
	go tool $(TOOLS)/golangci-lint/go.mod golangci-lint run ./...
	go tool $(TOOLS)/actionlint/go.mod actionlint

fuzz: ## fuzz every parser for FUZZTIME (60s) each
	@.ci/fuzz $(FUZZTIME)

picture: ## draw the README's screens from the real shell
	go test ./tui -run TestPicture -count=1 -picture "$(CURDIR)/.github"

clean: ## remove what make built
	rm -rf bin coverage.out
