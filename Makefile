# Two commands do everything: `make report` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SET_UP := $(VENV)/.set-up
SITE := .build/site
RECORD ?= benchmarks/records/quick.json

.PHONY: report test format lint types tests bench format clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(SET_UP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

report: $(SET_UP) ## set up, compare with tiktoken, measure beside it (some five minutes), write report/index.html
	rm -f report/quick.json
	$(BIN)/bpelab bench -o report/quick.json
	$(BIN)/bpelab report report/quick.json -o report/index.html

test: $(SET_UP) lint types tests ## set up, run every check

lint: $(SET_UP) ## formatting and lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(SET_UP) ## mypy --strict on the package as it is installed
	rm -rf $(SITE) build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --target $(SITE) .
	cd $(SITE) && $(abspath $(BIN))/mypy --config-file $(abspath pyproject.toml) -p bpelab

tests: $(SET_UP) ## doctests and tests
	$(BIN)/pytest --numprocesses=auto

bench: $(SET_UP) ## measure beside other tokenizers and trainers, write the record, put its tables into README.md
	rm -f $(RECORD)
	$(BIN)/bpelab bench -o $(RECORD)
	$(BIN)/python -m bpelab.benchmarks.readme

format: $(SET_UP) ## rewrite the sources in the house format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean: ## remove everything that set-up and builds made
	rm -rf $(VENV) .build build dist report *.egg-info
