# Tocsin's commands. `make` alone prints them.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV ?= .venv
BIN := $(VENV)/bin
# Tests run in this many processes: many of them wait for sockets and clocks, so two cores carry four.
WORKERS ?= 4
# The folder `make run` keeps its SQLite file in.
TOCSIN_DATA_DIR ?= data
CODE := src tests benchmarks examples docs tools

# uv finds its packages and its certificates where the system does, whatever its own defaults are.
export UV_SYSTEM_CERTS ?= 1
UV := $(BIN)/uv --no-progress
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := $(UV) pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock"

.PHONY: help
help:  ## print these lines
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- setting up: each step leaves a stamp, so a second run does nothing and needs no network -----

$(BIN)/python:
	@tools/make_venv.sh $(VENV)

$(VENV)/.uv-installed: requirements/uv.txt | $(BIN)/python
	@$(PIP) install --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.packages-installed: requirements/dev.txt $(VENV)/.uv-installed
	@echo "Installing the locked packages…"
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode -r requirements/dev.txt \
		|| { echo "uv could not; trying pip, which follows pip's own settings…"; \
		     $(PIP) install --require-hashes -r requirements/dev.txt; }
	@touch $@

$(VENV)/.project-installed: pyproject.toml $(VENV)/.packages-installed
	@$(UV) pip install --quiet --offline --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: setup
setup: $(VENV)/.project-installed  ## make .venv with everything in it, by hash; a second run does nothing

# --- everyday -------------------------------------------------------------------------------------

.PHONY: run
run: export TOCSIN_DATA_DIR := $(TOCSIN_DATA_DIR)
run: setup  ## start Tocsin on SQLite in ./data at http://127.0.0.1:8000, watching itself
	@$(BIN)/tocsin db upgrade
	@$(BIN)/tocsin websites add http://127.0.0.1:8000/healthz --name "This Tocsin" --interval 60 --if-empty
	@exec $(BIN)/tocsin serve

.PHONY: test
test: lint chromium peers  ## everything CI runs: the checks, every test, branch coverage
	@$(BIN)/coverage erase
	@$(BIN)/python -m pytest -n $(WORKERS) --cov --cov-report=term-missing:skip-covered $(PYTEST)
	@$(BIN)/python tools/pure_coverage.py

.PHONY: check
check: lint  ## the quick part: format, lint, types, imports, docs and the shape of the code
	@$(BIN)/python -m pytest -q -p no:randomly tests/test_shape.py tests/test_docs.py

.PHONY: lint
lint: setup
	@$(BIN)/ruff format --check --quiet $(CODE) || { echo "Run \`make fix\` to format these files."; exit 1; }
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python docs/generate.py --check

.PHONY: fix
fix: setup  ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix --quiet $(CODE) || true
	@$(BIN)/ruff format $(CODE)

.PHONY: bench
bench: setup  ## measure a whole server for a minute (BENCH="--websites 10000 …"; more in docs/performance.md)
	@$(BIN)/python -m benchmarks $(BENCH)

.PHONY: docs
docs: setup  ## write docs/reference/ anew from the code
	@$(BIN)/python docs/generate.py

.PHONY: screenshots
screenshots: setup chromium  ## take the README's pictures anew, of a running Tocsin in a real browser
	@SCREENSHOTS_TO=docs/images $(BIN)/python -m pytest -q -p no:randomly tests/browser/test_screenshots.py

.PHONY: chromium
chromium:
	@tools/chromium.sh

.PHONY: peers
peers:
	@tools/peers.sh

.PHONY: lock
lock: setup  ## compile requirements/ anew from pyproject.toml (UPGRADE=--upgrade for newer versions)
	@$(COMPILE) $(UPGRADE) --all-extras --group dev -o requirements/dev.txt pyproject.toml
	@echo uv | $(COMPILE) --no-annotate -c requirements/dev.txt -o requirements/uv.txt -

.PHONY: hooks
hooks: setup  ## run the quick checks before every git commit
	@$(BIN)/pre-commit install

.PHONY: clean
clean:  ## remove .venv and what tools left behind; ./data stays
	@rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
		.import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
