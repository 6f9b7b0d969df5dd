# `make` alone says what there is.
#
# The environment lies in .venv, made from the hash lock by the Python found below. It is rebuilt
# only when the content of a lock changes. Nothing is installed of this project itself: it runs
# from the source tree.

MINIMUM := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14 python,\
    $(shell $(name) -c "$(MINIMUM)" 2>/dev/null && echo $(name))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes
ARGS ?=

.DEFAULT_GOAL := help
# One job at a time: all rules share one environment.
.NOTPARALLEL:
.PHONY: help demo test check bench torture lock migration clean

help: ## Say what there is.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/requirements.lock ## Collect, lay out, approve and send a sample issue; then show it. ARGS="--no-serve --dir DIR"
	@$(BIN)/python -m newsletter demo $(ARGS)

test: .venv/requirements-dev.lock ## Run the tests. ARGS="tests/unit -k name"
	$(BIN)/python -m pytest $(ARGS)

check: .venv/requirements-dev.lock ## Run the linters, the type checker, the import contracts and the convention tests.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/conventions

bench: .venv/requirements-bench.lock ## Measure. ARGS="--quick" or ARGS="--only NAME"
	@$(BIN)/python -m bench $(ARGS)

torture: .venv/requirements-dev.lock ## Run the tests that take long: kills, races and soaks.
	$(BIN)/python -m pytest -m torture -s $(ARGS)

lock: .venv/requirements-dev.lock ## Write the locks from pyproject.toml. ARGS="--upgrade"
	$(COMPILE) -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group bench -c requirements-dev.lock -o requirements-bench.lock
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(ARGS)

migration: .venv/requirements-dev.lock ## Write the revision that a change of the tables needs. NAME="what it does"
	$(BIN)/python -m newsletter.migrations "$(NAME)"

clean: ## Remove the environment, the caches and what was built.
	rm -rf .venv build dist newsletter-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find newsletter subscribers tests bench -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is needed (on Debian: python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv .venv

# A lock that only got a new date costs one comparison. Each lock holds the smaller ones.
.venv/%.lock: %.lock | .venv/bin/python
	@cmp -s $< $@ || { echo "Installing what $< names …"; $(PIP) -r $<; }
	@cp $< $@
	@case $< in *-dev.lock|*-bench.lock) cp requirements.lock .venv/ ;; esac
	@case $< in *-bench.lock) cp requirements-dev.lock .venv/ ;; esac
