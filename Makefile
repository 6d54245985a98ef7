# The project's commands. Each sets up all it needs on a fresh clone, and writes nothing outside it.
#   make run    the yearly run on what the project ships       make test   what must hold (make test-slow: the rest)
#   make ui     Dagster's page, on this machine alone           make help   all of them

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 3000
EDITIONS ?=

export TRYGHED_HOME ?= $(CURDIR)/data
export DAGSTER_HOME = $(TRYGHED_HOME)/dagster
export DAGSTER_DISABLE_TELEMETRY = 1
export PIP_CACHE_DIR = $(CURDIR)/.cache/pip
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export UV_CACHE_DIR = $(CURDIR)/.cache/uv
export UV_PYTHON_DOWNLOADS = never
export XDG_CACHE_HOME = $(CURDIR)/.cache
export XDG_CONFIG_HOME = $(CURDIR)/.cache/config
export MPLCONFIGDIR = $(CURDIR)/.cache/matplotlib
export TMPDIR = $(CURDIR)/.cache/tmp

BIN = .venv/bin
UV_INSTALL = $(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode

.PHONY: run test test-slow ui status help lock dictionary picture bench

run: .venv/run.done  ## the yearly run; without delivered files on made-up ones beside the published figures
	@if [ ! -d "$(TRYGHED_HOME)/landing" ]; then echo "No delivered files: writing made-up ones ..."; $(BIN)/tryghed sample; \
	elif ls "$(TRYGHED_HOME)"/landing/*/synthetic_* >/dev/null 2>&1 && [ ! -d "$(TRYGHED_HOME)/reference" ] && [ -z "$$TRYGHED_REFERENCE" ]; \
	then echo "The made-up files are not complete: writing them again ..."; $(BIN)/tryghed sample; fi
	@$(BIN)/tryghed run $(EDITIONS)

status: .venv/run.done  ## the verdicts and the missing deliveries, in the terminal
	@$(BIN)/tryghed status

ui: .venv/run.done  ## Dagster's page; HOST and PORT move it
	@$(BIN)/tryghed ui --host $(HOST) --port $(PORT)

test: .venv/dev.done  ## lint, types and every test but the slow ones
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-slow: .venv/dev.done  ## the tests that take long: yearly runs, hundreds of bad files, simulations
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

bench: .venv/dev.done  ## the measurements of benchmarks/; a quarter of an hour, 7 GB of memory and of disk
	$(BIN)/python -m benchmarks.imports
	$(BIN)/python -m benchmarks.run_overhead
	$(BIN)/python -m benchmarks.share_estimates
	$(BIN)/python -m benchmarks.checks_of_reports
	$(BIN)/python -m benchmarks.workbooks_and_spss
	$(BIN)/python -m benchmarks.police_csv 1 10 30

dictionary: .venv/run.done  ## write docs/DATA_DICTIONARY.md from the contracts, and docs/CHECKS.md from the rules
	$(BIN)/python -m warehouse.dictionary
	$(BIN)/python -m checks.checks_page

picture: .venv/dev.done  ## draw the README's picture from the published file
	$(BIN)/python docs/draw_verdicts.py

lock: .venv/uv.done  ## write the requirements again from pyproject.toml
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/build.in -o requirements/run.txt
	$(BIN)/uv pip compile $(LOCK) pyproject.toml requirements/build.in --extra dev -c requirements/run.txt -o requirements/dev.txt
	$(BIN)/uv pip compile $(LOCK) requirements/uv.in -o requirements/uv.txt
	$(BIN)/uv pip compile $(LOCK) requirements/duckdb-1.0.in -o requirements/duckdb-1.0.txt
LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header

help:  ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 14

.venv/uv.done: requirements/uv.txt
	@mkdir -p .cache/tmp
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Tryghed needs Python 3.11 to 3.13, and $(PYTHON) is another: name one with make run PYTHON=python3.12."; exit 2; }
	@echo "Setting up .venv (once) ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --require-hashes -r requirements/uv.txt
	@touch $@

.venv/run.done: .venv/uv.done requirements/run.txt pyproject.toml
	@mkdir -p .cache/tmp
	@echo "Installing packages (once) ..."
	@$(UV_INSTALL) --require-hashes -r requirements/run.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --offline --editable .
	@touch $@

.venv/dev.done: .venv/run.done requirements/dev.txt requirements/duckdb-1.0.txt
	@echo "Installing the tests' packages (once) ..."
	@$(UV_INSTALL) --require-hashes -r requirements/dev.txt
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] >= (3, 13))' && \
		$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --target .venv/duckdb-1.0 -r requirements/duckdb-1.0.txt || \
		echo "DuckDB 1.0 has no package for this Python: the test that reads the published file with it says so."
	@touch $@
