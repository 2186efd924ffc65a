# Set-up and checks. Every target makes .venv and installs into it when that is still to do.
# PYTHON chooses the interpreter .venv is made from: make test PYTHON=python3.12

# PYTEST adds options to those of pytest: make test PYTEST="-x -k cycles"

PYTHON ?= python3
DEVICE ?= cuda
# Processes that share the tests, whole files each, in the order of tests/conftest.py.
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
DEV := $(VENV)/.installed-dev
DOCS := $(VENV)/.installed-docs
SHARED := -n $(JOBS) --dist loadfile --no-loadscope-reorder
# Two processes on two cores: more threads would only wait for each other.
QUIET := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

.DEFAULT_GOAL := help
.PHONY: help demo test lint coverage stress images bench gpu-check docs wheel-check lowest newest clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

demo: $(DEV)  ## train, export and analyse two networks on the addition task into demo-out/
	$(BIN)/plrnn demo --out demo-out

test: lint  ## all checks: ruff, mypy, import-linter, tests, doctests
	$(QUIET) $(BIN)/pytest tests plrnn_analysis training/plrnn_training --doctest-modules $(SHARED) $(PYTEST)

lint: $(DEV)  ## ruff, mypy and import-linter only
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

coverage:  ## the same with coverage measured; fails below the floor in pyproject.toml
	$(MAKE) test PYTEST="--cov --cov-report=term:skip-covered"

stress: $(DEV)  ## the slow tests, and the table of docs/reliability.md from what they tried; PART=tests/... for some of them
	$(QUIET) $(BIN)/pytest $(or $(PART),tests --write-reliability) -m "slow or stress" $(SHARED) --durations=25

images: $(DEV)  ## draw anew the stored pictures of figures that have changed: look at each before committing it
	RENEW_IMAGES=1 $(QUIET) $(BIN)/pytest tests -m picture $(SHARED) $(PYTEST)

bench: $(DEV)  ## benchmarks, one core, beside the alternatives
	$(BIN)/pytest tests/benchmarks -m benchmark -s
	$(BIN)/python tests/benchmarks/bench_training.py
	$(BIN)/python tests/benchmarks/bench_finders.py
	$(BIN)/python tests/benchmarks/bench_certificates.py
	$(BIN)/python tests/benchmarks/bench_rigorous.py

gpu-check: $(DEV)  ## with a GPU: results there as on the processor, every task trains, speed; DEVICE=cuda or mps
	$(BIN)/python tests/gpu_check.py --device $(DEVICE)

docs: $(DOCS)  ## build docs/_build/html, warnings as errors, and check it (its examples are run by make test)
	$(QUIET) $(BIN)/sphinx-build -W --keep-going -n -b html docs docs/_build/html
	$(BIN)/python tests/check_docs.py docs/_build/html

wheel-check: $(DEV)  ## build sdist and wheel, look at what is in them, and try the wheel in a clean environment without torch
	bash tests/check_wheel.sh $(BIN)/python

lowest: $(BIN)/python  ## tests of the analysis with the lowest versions that pyproject.toml allows, in a clean environment without torch
	$(QUIET) bash tests/check_versions.sh lowest $(BIN)/python $(PYTEST)

newest:  ## the same with the newest versions that pip finds: make newest PYTHON=python3.14
	$(QUIET) bash tests/check_versions.sh newest $(PYTHON) $(PYTEST)

clean:  ## remove what the other targets made, .venv included
	rm -rf $(VENV) demo-out build dist docs/_build docs/_generated docs/gallery docs/notebooks docs/sg_execution_times.rst docs/api/generated .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .benchmarks .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(DEV): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e ".[train,dev]"
	@touch $@

# Without PyTorch, unless another target has brought it: the tutorials are then shown without their output.
$(DOCS): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install -c constraints.txt -e ".[docs]"
	@touch $@
