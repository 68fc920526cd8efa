# Two commands: `make demo` runs the main job, `make test` passes the tests; both set up what they need, once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DOCS_STAMP := $(VENV)/.docs_installed
# The versions to install: those tried last, or the oldest (scripts/oldest_requirements.py).
CONSTRAINTS ?= requirements.lock
TORCH := $(shell sed -n 's/^torch==//p' $(CONSTRAINTS))
# A folder or index that offers torch's CPU build, where pip's own configuration does not.
TORCH_FIND_LINKS ?=
FIND_TORCH := $(if $(TORCH_FIND_LINKS),--find-links $(TORCH_FIND_LINKS))

.PHONY: demo live test pytest lint docs gallery mutants audit fuzz help clean

demo: $(STAMP)  ## simulate a catalogue, train on it and judge: about five minutes on two cores
	$(BIN)/terrella forecast demo --network unet

live: $(STAMP)  ## replay a year of a simulated region at speed, on a page of this machine
	$(BIN)/terrella live demo

test: lint pytest  ## style, types, import contract and all tests

pytest: $(STAMP)  ## all tests
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 MPLBACKEND=agg $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(STAMP)  ## style, types and the import contract
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(DOCS_STAMP)  ## the pages, with a reference of the public names, in docs/_build
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build
	@echo "open docs/_build/index.html"

gallery: $(STAMP)  ## the pictures of the gallery, made anew: about two minutes
	for task in forecast pick segment; do MPLBACKEND=agg $(BIN)/python docs/gallery/$$task.py || exit 1; done

mutants: $(STAMP)  ## small changes of MODULE=… that no test of TESTS=… notices, now and then
	@$(BIN)/python -m pip install -q -c $(CONSTRAINTS) cosmic-ray==8.7.0
	OMP_NUM_THREADS=1 NUMBA_NUM_THREADS=1 MPLBACKEND=agg $(BIN)/python scripts/mutants.py $(MODULE) $(TESTS)

# Programs about this one, in an environment of their own: they bring what Terrella does not need.
TOOLS := .venv_tools

audit: $(TOOLS)/.installed  ## known weaknesses of the versions in requirements.lock; asks an advisory service
	$(TOOLS)/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip --progress-spinner off

fuzz: $(STAMP) $(TOOLS)/.installed  ## the live API, fuzzed from its own description: about a minute
	$(BIN)/python scripts/fuzz_api.py $(TOOLS)/bin/schemathesis

$(TOOLS)/.installed: Makefile
	@$(PYTHON) -m venv $(TOOLS)
	@$(TOOLS)/bin/python -m pip install -q pip-audit==2.10.1 schemathesis==4.32.5
	@touch $@

$(DOCS_STAMP): $(STAMP)
	@$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[docs]'
	@touch $@

# Torch first and under constraints, so that nothing replaces it: with a GPU the CUDA build, else the CPU build
# where pip finds one. An environment whose set-up was cut off is completed, or begun again where it has no pip.
$(STAMP): pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "error: $$($(PYTHON) --version) is too old: Terrella needs Python 3.11 or newer; try make PYTHON=python3.12"; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@if command -v nvidia-smi >/dev/null 2>&1; then \
		echo "GPU found: installing torch $(TORCH) with CUDA"; \
		$(BIN)/python -m pip install -q $(FIND_TORCH) -c $(CONSTRAINTS) "torch==$(TORCH)"; \
	else \
		echo "no GPU found: installing the CPU build of torch $(TORCH)"; \
		$(BIN)/python -m pip install -q $(FIND_TORCH) -c $(CONSTRAINTS) "torch==$(TORCH)+cpu" 2>/dev/null || { \
			echo "pip offers no CPU build; installing the default one (set TORCH_FIND_LINKS to choose)"; \
			$(BIN)/python -m pip install -q $(FIND_TORCH) -c $(CONSTRAINTS) "torch==$(TORCH)"; }; \
	fi
	@echo "installing Terrella and what it needs, at the versions of $(CONSTRAINTS)"
	@$(BIN)/python -m pip install -q -c $(CONSTRAINTS) -e '.[dev,pick,segment,motion,literature,live,explain]'
	@touch $@

clean:  ## remove the virtual environment and caches, never the runs
	rm -rf $(VENV) $(TOOLS) docs/_build docs/api .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

help:  ## this list
	@sed -n 's/^\([a-z]*\):.*##/\1:/p' Makefile
