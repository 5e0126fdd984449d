# `make` lists the targets. Everything is installed into .venv, at the versions of constraints.txt.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo serve test lint format bench detector constraints screenshots system-deps clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/runtime.installed ## Analyse the samples and write an HTML report of each
	@$(BIN)/unmask detect samples --report demo-report || [ $$? -eq 1 ]  # 1: fakes were found
	@echo "Open $(CURDIR)/demo-report/index.html in a browser."

serve: $(VENV)/serve.installed ## Start the page on this machine, and print its address
	@$(BIN)/unmask serve

test: lint ## Check style, types and import directions, then run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/dev.installed ## Check style, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/dev.installed ## Put the code into the common form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/bench.installed ## Measure speed, memory and scale, some 20 minutes (OPTIONS=--quick: a trial)
	$(BIN)/python benchmarks/bench.py $(OPTIONS)

detector: $(VENV)/dev.installed ## Train the detector from the datasets in DATA=... into runs/detector
	@test -d "$(DATA)" || { echo "say where the datasets are: make detector DATA=folder"; exit 1; }
	PATH="$(CURDIR)/$(BIN):$$PATH" bash models/make.sh "$(DATA)"

constraints: $(VENV)/dev.installed ## Pin what pyproject.toml asks for anew, keeping the pins that still hold
	$(BIN)/uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 \
	  --no-annotate --no-header --no-emit-index-url --output-file constraints.txt

screenshots: $(VENV)/dev.installed ## Take the README's pictures of the page
	$(BIN)/python tools/screenshots.py

PDF_DEPS := libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation

system-deps: ## Install what the tests need beside Python (PostgreSQL, Chromium, Pango and a font, by apt)
	@{ ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null; } && \
	  command -v chromium >/dev/null && dpkg -s $(PDF_DEPS) >/dev/null 2>&1 || \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql chromium $(PDF_DEPS); }

clean: ## Remove what was built, installed and cached
	rm -rf $(VENV) build dist demo-report .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "unmask needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/runtime.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/serve.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt --editable '.[serve,provenance,pdf]'
	@touch $(VENV)/runtime.installed $@

# PyTorch is by far the largest part: pip fetches it, which heeds this machine's own settings for
# pip (mirrors, wheels at hand); uv then installs the rest, much faster than pip would.
$(VENV)/dev.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet --constraint constraints.txt torch torchvision uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --constraint constraints.txt --editable '.[train,provenance,pdf,serve,cluster,dev]'
	@touch $(VENV)/runtime.installed $(VENV)/serve.installed $@

# MTCNN, which prepare is compared with, asks for old releases of PyTorch and NumPy that it can do
# without; the project itself never needs it.
$(VENV)/bench.installed: $(VENV)/dev.installed
	$(PIP) install --quiet --no-deps facenet-pytorch==2.6.0
	@touch $@
