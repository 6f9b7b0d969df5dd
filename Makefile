# Run `make` to list the targets.
#
# The environment is .venv, built from the hash-locked requirements by the first suitable Python
# found below. It is rebuilt only when the content of a lock file changes. The project itself runs
# from the source tree: .venv/bin/newsletter is a launcher that works in any folder.

MINIMUM := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14 python,\
    $(shell $(name) -c "$(MINIMUM)" 2>/dev/null && echo $(name))))
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes
SITE := import sysconfig; print(sysconfig.get_path("purelib"))
ARGS ?=

.DEFAULT_GOAL := help
# Run one job at a time: the targets share one environment.
.NOTPARALLEL:
# The tests start many programs. Do not let each of them compile the source again.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo test check bench torture pictures audit release lock migration clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

demo: .venv/requirements.lock $(BIN)/newsletter ## Collect, lay out, approve and send a sample issue, then serve it. ARGS="--no-serve --dir DIR"
	@$(BIN)/newsletter demo $(ARGS)

test: .venv/requirements-dev.lock $(BIN)/newsletter ## Run the tests on all cores, or some of them: ARGS="tests/unit -k name"
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

check: .venv/requirements-dev.lock $(BIN)/newsletter ## Run the linters, the type checker, the import contracts and the convention tests.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m pytest -q tests/conventions

bench: .venv/requirements-bench.lock ## Run the benchmarks. ARGS="--quick" or ARGS="--only NAME"
	@$(BIN)/python -m bench $(ARGS)

torture: .venv/requirements-dev.lock ## Run the long tests: kills, races, soaks, and an hour of fuzzing (TORTURE_FUZZ_SECONDS).
	$(BIN)/python -m pytest -m torture -s $(ARGS)

pictures: .venv/requirements-dev.lock $(BIN)/newsletter ## Take the pictures in docs/pictures from the demo, in Chromium.
	@$(BIN)/python .ci/pictures.py

audit: .venv/requirements-dev.lock ## Check all locked packages for known vulnerabilities.
	@$(BIN)/python .ci/audit.py requirements.lock requirements-bench.lock

release: .venv/requirements-dev.lock ## Build the wheel and its bill of materials (CycloneDX) in dist/.
	@mkdir -p dist
	$(BIN)/python -m hatchling build -t wheel -d dist
	$(BIN)/python .ci/bom.py requirements.lock > dist/newsletter.cdx.json

lock: .venv/requirements-dev.lock ## Write the lock files from pyproject.toml. ARGS="--upgrade"
	$(COMPILE) --extra postgres -o requirements.lock
	$(COMPILE) --extra postgres --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --extra postgres --group bench -c requirements-dev.lock -o requirements-bench.lock
COMPILE = $(BIN)/uv pip compile --quiet pyproject.toml --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --custom-compile-command "make lock" $(ARGS)

migration: .venv/requirements-dev.lock ## Write the migration for a change to the tables. NAME="what it does"
	$(BIN)/python -m newsletter.migrations "$(NAME)"

clean: ## Remove the environment, the caches and the build products.
	rm -rf .venv build dist newsletter-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find newsletter subscribers tests bench -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer with venv is required (on Debian: apt-get install python3-venv)." >&2; exit 1; }
	$(PYTHON) -m venv .venv

# The path entry is relative (lib/pythonX.Y/site-packages to the source tree). -P keeps a folder
# named "newsletter" in the current directory from being imported instead of the program.
.venv/bin/newsletter: Makefile | .venv/bin/python
	@echo ../../../.. > "$$($(BIN)/python -c '$(SITE)')/newsletter.pth"
	@printf '%s\n' '#!/bin/sh' '[ -L "$$0" ] && set -- "$$(readlink -f "$$0")" "$$@" || set -- "$$0" "$$@"' \
	    'bin=$$(dirname "$$1")' 'shift' 'exec "$$bin/python" -P -m newsletter "$$@"' > $@
	@chmod +x $@

# The content decides, not the date: after a switch of branches make compares files and installs
# nothing. Each lock file contains the smaller ones.
.venv/%.lock: %.lock | .venv/bin/python
	@cmp -s $< $@ || { echo "Installing the packages in $< …"; $(PIP) -r $<; }
	@cp $< $@
	@case $< in *-dev.lock|*-bench.lock) cp requirements.lock .venv/ ;; esac
	@case $< in *-bench.lock) cp requirements-dev.lock .venv/ ;; esac
