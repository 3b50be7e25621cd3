# make run   set up, then the main job: map, layers, cube and summary in out/
# make test  set up, then the tests
# make lint  ruff and mypy;  make bench  the benchmarks (figures, no judgement)
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out

.PHONY: run test lint bench clean

run: $(VENV)/.run
	$(BIN)/energy build $(OUT)

test: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile $(ARGS)

lint: $(VENV)/.test
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

bench: $(VENV)/.test
	$(BIN)/python tests/benchmarks/run.py $(ARGS)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip

$(VENV)/.run: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[parquet,timing]'
	@touch $@

# The pages are tested in a real browser and the layers with GDAL's own tools:
# both are installed where they are missing and the machine lets us (Debian, root).
$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[parquet,test]'
	@if ! command -v chromium >/dev/null || ! command -v ogrinfo >/dev/null; then \
	  if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium gdal-bin >/dev/null; \
	  else echo 'chromium or ogrinfo is missing: the tests that need them will be skipped' >&2; fi; fi
	@touch $(VENV)/.run $@

clean:
	rm -rf $(OUT) build dist .pytest_cache .mypy_cache .ruff_cache
