# Two commands: `make demo` shows a Flask app's threads waiting on locks, `make test` checks everything.
# Both need Python 3.11 or newer with venv, and make; all else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-slow test-flask bench lab pictures lint clean

demo: .venv/.installed
	@$(BIN)/weft demo

test: .venv/.dev
	@sh .ci/test $(BIN)/python

# The recorder's tests on Flask 2.3 to the development version; see the script.
test-flask:
	@sh tests/matrix/flask

# What takes minutes: hundreds of processes killed at any moment.
test-slow: .venv/.dev
	@$(BIN)/python -m pytest -q -m slow

bench: .venv/.dev
	@sh tests/benchmarks/run $(BIN)/python

# Every lesson of `weft lab` anew: docs/lab.md, its pictures, and the samples that come with weft.
lab: .venv/.dev
	@$(BIN)/python -m weft_tui.lab.publish

# The README's pictures, of the screens as they are.
pictures: .venv/.dev
	@$(BIN)/python -m weft_tui.pictures

lint: .venv/.dev
	@sh .ci/lint $(BIN)

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "weft needs Python 3.11 or newer: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv .venv

.venv/.installed: .venv/bin/python pyproject.toml constraints.txt
	@echo "installing weft into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.dev: .venv/.installed
	@echo "installing the tools for tests into .venv …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv .venvs build dist
