# make run   set up, then the main job: map, layers, cube and summary in out/
# make test  set up, then the tests
# make lint  ruff and mypy, tsc and eslint where node is there
# make bench the benchmarks (figures, no judgement)
# make docs  the pages, with the reference, into build/docs
# make notebooks  run all notebooks and store them with light outputs (minutes)
# make house  the figures of the code: lines, functions, rooms and arrows, names with examples
# make lab   the fault laboratory for long, with a seed (docs/faults.md)
# make wheel, lowest, newest  the package in an empty environment
# make release-check  all three: before a release, and once a week
# make mutate  a sample of mutants of flows, units, bridge, ramp, publishing (minutes; not in CI);
#              all of them: ARGS='--count 0', one part: ARGS='flows --count 100 --seed 2'
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

.PHONY: release-check run test lint lint-js docs notebooks lab bench house mutate wheel lowest newest clean
UV := $(shell command -v uv 2>/dev/null)
# uv sets up in seconds; without it pip does the same
INSTALL = $(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check --prefer-binary)

run: $(VENV)/.run
	$(BIN)/energy build $(OUT)

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.test lint-js
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

# pages and reference out of docs/, docstrings and notebooks, into build/docs; they ask no network
docs: $(BIN)/python
	$(INSTALL) -e '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet --strict
	@echo 'open build/docs/index.html'

# The scripts of the page, where node is there and its tools can be had; they stay in build/js.
JS = build/js/node_modules/.bin
lint-js:
	@if command -v npm >/dev/null && { [ -x $(JS)/eslint ] || timeout 120 npm install --silent --no-audit \
	    --no-fund --prefix build/js typescript@5 eslint@9 >/dev/null 2>&1; }; then \
	  $(JS)/tsc -p geodata/draw/tsconfig.json && cd geodata/draw && ../../$(JS)/eslint --config eslint.config.mjs static; \
	else echo 'no node, or no way to its registry: the JavaScript is not checked' >&2; fi

notebooks: $(VENV)/.test
	$(BIN)/python notebooks/store.py $(ARGS)

lab: $(VENV)/.test
	$(BIN)/python tests/lab/lab.py --full $(ARGS)

bench: $(VENV)/.test
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

house: $(VENV)/.test
	$(BIN)/python tests/benchmarks/house.py --strict $(ARGS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(if $(UV),$(UV) venv --quiet --seed --python '$(PYTHON)' $(VENV),$(PYTHON) -m venv $(VENV))

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(INSTALL) -e '.[pictures]'
	@touch $@

# The pages are tested in a real browser and the layers with GDAL's own tools:
# both are installed where they are missing and the machine lets us (Debian, root).
$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(INSTALL) -e '.[test]'
	@if ! command -v chromium >/dev/null || ! command -v ogrinfo >/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium gdal-bin >/dev/null; \
	  else echo 'chromium or ogrinfo is missing: the tests that need them will be skipped' >&2; fi; fi
	@touch $(VENV)/.run $@

# The package alone, in an empty environment: as it comes, with the oldest versions allowed, with
# the newest ones. tests/smoke.py runs the main verbs there.
EMPTY = build/empty-$@
dist/.made: pyproject.toml
	rm -rf dist && uv build --quiet --out-dir dist && touch $@

wheel newest: dist/.made
	rm -rf $(EMPTY) && uv venv --quiet --python '$(PYTHON)' $(EMPTY)
	uv pip install --quiet --upgrade --python $(EMPTY) dist/*.whl && uv pip check --python $(EMPTY)
	$(EMPTY)/bin/python tests/smoke.py

lowest: dist/.made
	rm -rf $(EMPTY) && uv venv --quiet --python '$(PYTHON)' $(EMPTY)
	uv pip install --quiet --python $(EMPTY) --resolution lowest-direct -r pyproject.toml
	uv pip install --quiet --python $(EMPTY) --no-deps dist/*.whl && uv pip check --python $(EMPTY)
	$(EMPTY)/bin/python tests/smoke.py

release-check:
	$(MAKE) wheel
	$(MAKE) lowest
	$(MAKE) newest

mutate: $(VENV)/.test
	$(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check) 'mutmut>=3.8'
	$(BIN)/python tests/benchmarks/mutants.py $(ARGS)

clean:
	rm -rf $(OUT) build dist site .pytest_cache .mypy_cache .ruff_cache
