# Two commands do it all on a fresh machine with Python >= 3.11, git and make: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
PACKAGES := traces pricing analyzer
CHECKED := $(PACKAGES) tests benchmarks docs evalreplay.py

.PHONY: all demo test setup lint types layers unit docs docs-check lock bench clean

all: test

demo: setup  ## run the tour on the bundled figures; writes demo/report.html
	$(BIN)/evalreplay demo -o demo --force

test: lint types layers unit docs-check  ## everything CI checks

setup: $(VENV)/.installed

# A pinned lock for development; uv where present, venv + pip otherwise.
$(VENV)/.installed: requirements-dev.txt pyproject.toml
ifdef UV
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python -r requirements-dev.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps -e .
else
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
endif
	touch $@

lint: setup
	$(BIN)/ruff format --check $(CHECKED)
	$(BIN)/ruff check $(CHECKED)

types: setup
	$(BIN)/mypy

layers: setup
	$(BIN)/lint-imports

unit: setup
	$(BIN)/python -m pytest -n 2

docs: setup  ## write the generated parts of the docs again
	$(BIN)/python -m cogapp -r -I . README.md docs/*.md docs/reference/*.md

docs-check: setup
	$(BIN)/python -m cogapp --check -I . README.md docs/*.md docs/reference/*.md

lock:  ## pin the development environment again
	uv pip compile --quiet --universal --python-version 3.11 --group dev --extra excel --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links --upgrade pyproject.toml -o requirements-dev.txt

bench: setup  ## measure speed, memory and the traps; writes benchmarks/*results.csv
	$(BIN)/python benchmarks/run.py

clean:
	rm -rf $(VENV) demo build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
