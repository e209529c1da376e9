# Two commands: `make sweep` runs the demo sweep, `make test` the tests. Both install what they need.
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=
# Where it is set, each of the many processes of a sweep and of the tests would compile the program anew.
unexport PYTHONDONTWRITEBYTECODE
SECONDS ?= 60
SEED ?= 0
ROUNDS ?= 20

.PHONY: every docs screenshots sweep test long quick fuzz chaos lint check audit constraints clean help

help:  ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

sweep: $(STAMP)  ## the demo sweep of 50 segmentation trials; ARGS="--task detection --trials 20" passes flags on
	$(BIN)/sweep run --task segmentation --trials 50 $(ARGS)

test: $(STAMP)  ## the tests, on all cores
	$(BIN)/pytest -n auto --dist worksteal -m "not long" $(ARGS)

long: $(STAMP)  ## the tests that take minutes: sweeps that meet faults, servers, larger models
	$(BIN)/pytest -n auto --dist worksteal -m long $(ARGS)

every: $(STAMP)  ## both together; a third process, because many of the long ones wait for clocks
	$(BIN)/pytest -n $$(($$(nproc) + 1)) --dist worksteal $(ARGS)

quick: $(STAMP)  ## the tests that take seconds
	$(BIN)/pytest -n auto -m "not slow and not long" $(ARGS)

fuzz: $(STAMP)  ## damages data sets of every format and reads them; SECONDS=600 SEED=7
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --seed $(SEED)

chaos: $(STAMP)  ## kills, locks and stops sweeps, and resumes them until they are done; ROUNDS=100 SEED=7
	$(BIN)/python -m tests.chaos --rounds $(ROUNDS) --seed $(SEED)

lint: $(STAMP)  ## style, docstrings, types, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint test long  ## lint and all tests

docs: $(STAMP)  ## the site of docs/, into build/site
	$(BIN)/python docs/commands.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet -f docs/site/mkdocs.yml

screenshots: $(STAMP)  ## docs/pictures, from the real pages of a small demo sweep; needs Chromium
	$(BIN)/python docs/screenshots.py

audit: $(STAMP)  ## known holes of the installed packages; asks the package index, so it is no part of check
	$(BIN)/pip-audit --local --skip-editable --progress-spinner off

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found (set PYTHON=...)"; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e ".[dev]"
	@touch $(STAMP)

constraints: $(STAMP)  ## pin the newest versions that fit together
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --upgrade --no-emit-index-url \
		--no-header --no-annotate --extra dev --extra postgres pyproject.toml -o constraints.txt
	@grep -q '^uv==' constraints.txt || $(BIN)/uv --version | awk '{print "uv==" $$2}' >> constraints.txt

clean:  ## remove the environment and what the tools cached
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
