# Two commands do everything: `make report` and `make test`. Both set up what they need in `.venv`.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SITE := .build/site
RECORD ?= benchmarks/records/quick.json

.PHONY: help report test setup parity lint format-check contracts types tests bench mutants format clean site
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The stem is an extra of pyproject.toml: `suite` for the report, `dev` for the checks.
$(VENV)/.set-up-%: pyproject.toml constraints.txt
	test -e $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -c constraints.txt -e '.[$*]'
	touch $@

report: $(VENV)/.set-up-suite ## set up, compare with tiktoken, measure (some five minutes), write report/index.html
	rm -f report/quick.json
	-$(BIN)/bpelab compile
	$(BIN)/bpelab bench -o report/quick.json
	$(BIN)/bpelab report report/quick.json -o report/index.html

test: setup lint types tests ## set up, run every check

setup: $(VENV)/.set-up-dev ## set up .venv for development, nothing else

parity: $(VENV)/.set-up-suite ## compare with tiktoken on every text of this machine
	$(BIN)/bpelab parity

lint: setup site ## formatting, lint, and which part may import which
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	cd $(SITE) && PYTHONPATH=. $(abspath $(BIN))/lint-imports --no-cache --no-logo $(abspath pyproject.toml)

# The cache lies outside of what `site` makes anew: a second run takes one second instead of twenty.
types: setup site ## mypy --strict on the package as it is installed
	cd $(SITE) && $(abspath $(BIN))/mypy --config-file $(abspath pyproject.toml) --cache-dir $(abspath .build/mypy) -p bpelab

# Compiled once here, the loops need not be compiled in every process of the tests. Without Numba they skip.
# `-rs` lists at the end what was not tested, and why. By `worksteal` each process begins with a stretch of
# neighbouring tests, so that what a file's tests share is seldom made by two of them.
tests: setup ## doctests and tests
	-$(BIN)/bpelab compile
	$(BIN)/pytest --numprocesses=auto --dist=worksteal -rs

# The package as a wheel would install it. The import contracts read folders, and `tokenizers` has no `__init__.py`.
site: setup
	rm -rf $(SITE) build
	$(PIP) install --no-deps --no-build-isolation --target $(SITE) .
	touch $(SITE)/bpelab/tokenizers/__init__.py

# `make mutants MINUTES=5 ONLY=bpe/splitting`; started again, it goes on where it was.
MINUTES ?= 60
mutants: $(VENV)/.set-up-mutants ## change the source at random, and show which changes no test notices
	$(BIN)/python scripts/mutants.py --minutes $(MINUTES) --only '$(ONLY)'

bench: $(VENV)/.set-up-suite ## measure again, write the committed record and the tables made of it
	rm -f $(RECORD)
	-$(BIN)/bpelab compile
	$(BIN)/bpelab bench -o $(RECORD)
	$(BIN)/python -m bpelab.benchmarks.report.splice

format: setup ## rewrite the sources in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove everything that set-up and builds made
	rm -rf $(VENV) .build build dist report *.egg-info
