# Everything a person does with this checkout. `make` alone says what there is.
EXPERIMENT ?= cot-depth
PRESET ?= quick
ARGS ?=
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# those that take an hour, or runs that were made before, are called by themselves
CALLED := part_times keep_reference paper_starts judge_errors quick_seeds repeats_needed
BENCHMARKS := $(filter-out $(CALLED),$(basename $(notdir $(wildcard benchmarks/*.py))))

.DEFAULT_GOAL := help
.PHONY: help setup run test lint format docs bench reference times clean

help: ## Show the targets.
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'
	@echo "  variables: EXPERIMENT=$(EXPERIMENT) PRESET=$(PRESET) ARGS='alpha=2 tau=[1.5,3]' PYTHON=$(PYTHON)"

setup: $(VENV)/.dev ## Make the virtual environment with everything pip has for running, testing and linting.

run: $(VENV)/.base ## Run one experiment and show theory against measurement: make run EXPERIMENT=cot-depth
	$(BIN)/solv run $(EXPERIMENT) --preset $(PRESET) $(ARGS)

test: $(VENV)/.dev ## Run the tests on all cores.
	$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lint: $(VENV)/.dev ## Check style, types and the direction of imports.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## Format the code.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.dev ## Build the site of the documentation into site/; a broken link fails.
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(VENV)/.dev ## Run the benchmarks; each prints ratios measured in one run.
	@for name in $(BENCHMARKS); do echo "== $$name"; $(BIN)/python -m benchmarks.$$name || exit 1; done

reference: $(VENV)/.dev ## Run the preset reference of an experiment and keep its results: make reference EXPERIMENT=pita
	$(BIN)/python -m benchmarks.keep_reference $(EXPERIMENT) $(ARGS)

times: $(VENV)/.dev ## Measure what each part of each experiment takes, into results/times.json; two free cores.
	$(BIN)/python -m benchmarks.part_times $(ARGS)

clean: ## Remove the environment, caches and build output; runs/ is kept.
	rm -rf $(VENV) build dist site *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# torch comes first and alone: the constraint then keeps any later step from replacing the build that was chosen.
$(VENV)/.base: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "solv needs Python >= 3.11; name one: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt "$$(grep '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base Makefile
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,docs,hf,images,joblib,optuna,ray,slurm]'
	@touch $@
