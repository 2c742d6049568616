# One entry for people and for CI. Everything lives in .venv, build/ and the hub's home and cache.

# The first that works; name another with make PYTHON=...
USABLE := import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14,\
  $(shell $(name) -c '$(USABLE)' >/dev/null 2>&1 && echo $(name))) python3)
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
# Much of what tests do is waiting: two processes share the files, each with servers of its own.
SHARED := -n 2 --dist loadfile --no-loadscope-reorder
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# Each installed state has a stamp that is newer than what it was made from.
ENVIRONMENT := $(VENV)/.stamp-environment
PROJECT := $(VENV)/.stamp-project
ARCHIVES := $(VENV)/.stamp-archives
OUTSIDER := $(VENV)/.stamp-outsider

.NOTPARALLEL:
.PHONY: help setup check test unit real integration fault demo bench volume soak mutants clean

help: ## Show what there is to make
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(ARCHIVES) $(OUTSIDER) ## Set everything up in .venv and the cache; seconds when nothing changed

$(ENVIRONMENT): constraints.txt
	@$(PYTHON) -c '$(USABLE)' 2>/dev/null || { \
	  echo "make: no Python 3.11 to 3.14 that can make virtual environments was found as $(PYTHON)." >&2; \
	  echo "make: install one with its venv package (Debian: apt install python3-venv), or name it:" >&2; \
	  echo "make:   make $(MAKECMDGOALS) PYTHON=/path/to/python3.12" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing packages"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r constraints.txt
	@touch $@

$(PROJECT): pyproject.toml $(ENVIRONMENT)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(ARCHIVES): ops/stack/artifacts.sha256 $(PROJECT)
	@$(BIN)/hub fetch
	@touch $@

# What the Go program needs that checks the audit log as an outsider; Go's own cache keeps it.
$(OUTSIDER): tests/outsider/go.sum $(PROJECT)
	@cd tests/outsider && GOTOOLCHAIN=local ../../$(BIN)/go mod download
	@touch $@

check: setup ## Lint, format, types, architecture, event schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hub schema check

test: check unit real ## Set up, check, and run every tier of tests

unit: setup ## Run the tests that need no server
	$(PYTEST) $(SHARED) tests/unit

real: setup ## Run all tests that need servers: integration, fault and acceptance together
	$(PYTEST) $(SHARED) tests/integration tests/fault tests/acceptance

integration: setup ## Run the tests against real servers
	$(PYTEST) $(SHARED) tests/integration

fault: setup ## Kill things while they work, and run the acceptance tests
	$(PYTEST) $(SHARED) tests/fault tests/acceptance

demo: setup ## Run the main job from end to end on a simulated country
	$(BIN)/hub demo

bench: setup ## Measure us beside others; writes build/bench.json
	$(BIN)/hub bench

volume: setup ## Many people: memory of every process, rates; make volume PEOPLE=1000000
	$(BIN)/python -m ops.bench.volume --people $${PEOPLE:-100000}

soak: setup ## Fault and acceptance tests again and again, with another seed each: make soak ROUNDS=50
	for round in $$(seq $${ROUNDS:-10}); do echo "round $$round"; \
	  HUB_TEST_SEED=$$round $(PYTEST) tests/fault tests/acceptance tests/integration/assessment; done
	HUB_TEST_KILLS=24 $(PYTEST) tests/integration/audit/test_crashes.py
	HUB_TEST_KILLS=10 $(PYTEST) tests/integration/feeds/test_numbers.py tests/integration/examples/test_subscribers.py
	HUB_TEST_FAMILIES=60 $(PYTEST) tests/integration/assessment/test_decade.py
	HUB_TEST_EXAMPLES=200 $(PYTEST) tests/integration/api/test_fuzz.py tests/integration/rights/test_random_rows.py

# Of what is committed; a run that was stopped goes on. CHILDREN=2 and MUTANTS='streams.rules.uz.*' narrow it.
mutants: setup ## Change the rules in small ways, one at a time, to see which change no test notices
	test -x build/mutmut/bin/python || $(BIN)/python -m venv build/mutmut
	build/mutmut/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r constraints.txt
	build/mutmut/bin/python -m pip install --quiet --disable-pip-version-check $$($(BIN)/python -c \
	  'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]["mutants"])')
	mkdir -p build/mutants
	git archive HEAD | tar -x -C build/mutants
	cd build/mutants && ../mutmut/bin/mutmut run streams.rules.calendar.x_month_after__mutmut_1 >mutmut.log
	cd build/mutants/mutants && ../../mutmut/bin/python tests/mutants.py ../verdicts.tsv \
	  $${MUTANTS:+"$$MUTANTS"} --children $${CHILDREN:-$$(nproc)}
	@echo "build/mutants/verdicts.tsv; to see one: cd build/mutants && ../mutmut/bin/mutmut show NAME"

clean: ## Stop the local stack and remove .venv, build and the caches of tools
	@! test -x $(BIN)/hub || $(BIN)/hub down
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
