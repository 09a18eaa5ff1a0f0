# A thin layer: each target sets up what it needs and calls the command that the README shows under it.

# The first that runs and is new enough: the one that the published run used, then what the machine has.
PYTHON ?= $(shell for python in python3.11 python3 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$python; break; }; done)
BIN := .venv/bin
# Snakemake keeps files in the user's cache folder; where that cannot be written, here.
ifneq ($(shell cache="$${XDG_CACHE_HOME:-$$HOME/.cache}"; mkdir -p "$$cache" 2>/dev/null && test -w "$$cache" && echo yes),yes)
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif
SNAKEMAKE := $(BIN)/snakemake --profile workflow/profiles/local
PIP_INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --constraint envs/constraints.txt
# A path may hold a quotation mark: 'it'\''s' is it's to the shell.
quoted = $(subst ','\'',$(1))
CIFAR10_SOURCE := $(if $(CIFAR10),--config 'cifar10="$(call quoted,$(CIFAR10))"')
# Snakemake reads files of settings before any of the project's code runs, and ends with a traceback on some. This tells
# the folder of their results too: the key `results`, or a name after the file's.
READ_CONFIG = PYTHONPATH=workflow $(BIN)/python -m learning_dynamics.config.reading "$(CONFIG)"
CHECK_CONFIG = @$(if $(CONFIG),$(READ_CONFIG) >/dev/null,:)
# Asked once, as soon as .venv is there.
FOLDER = $(if $(CONFIG),$(eval FOLDER := $$(shell $$(READ_CONFIG) 2>/dev/null))$(FOLDER),results)
OWN_CONFIG = $(if $(CONFIG),--configfile "$(CONFIG)" --config 'results="$(call quoted,$(FOLDER))"')
SOURCES := workflow tests benchmarks

.PHONY: help own predict setup reproduce two-layer reproduce-all smoke claims report archive figures plan graph bench faults environments mutants check test lint format \
	config-documents published-results gpu-page clean-environment

help:
	@echo "make reproduce                   every experiment that needs no download (about two minutes on two cores)"
	@echo "make two-layer CIFAR10=path      the same and CIFAR-4 (about 3 minutes; without CIFAR10= the data are downloaded)"
	@echo "make reproduce-all CIFAR10=path  everything, the deep networks too (about 2 hours)"
	@echo "make plan                        what would run, with time, memory and storage (TARGET=, CIFAR10=, CONFIG=, CORES=)"
	@echo "make graph                       docs/images/workflow.png: the workflow's stages on one page"
	@echo "make smoke                       the whole chain in seconds, into smoke-results/"
	@echo "make predict CONFIG=mine.yaml    what networks will find in your own images, into mine-results/: docs/own-images.md"
	@echo "make own CONFIG=mine.yaml        the same, and the training that shows how well it did"
	@echo "make claims                      which claims of the paper hold, with the numbers"
	@echo "make report                      results/report.html: figures, ledger, provenance, run times of what has been run (CONFIG=mine.yaml: in mine-results/)"
	@echo "make archive                     results/archive.zip: what others need to draw the figures"
	@echo "make figures ARCHIVE=path        figures and ledger from such an archive, without training, into archived-results/"
	@echo "make bench                       the engines against other implementations and the machine (about 4 minutes)"
	@echo "make check, make test            check the project: in a minute and a half; all of it in 8 minutes"
	@echo "make faults                      kill, fill and damage it a hundred times"
	@echo "make environments                every rule in the conda environment it names, which pip makes; the archive's metadata validated"
	@echo "make mutants                     change the code of claims and curves in 1,500 places: which changes does no test notice?"
	@echo "make format, make config-documents, make published-results, make gpu-page   for contributors"

setup: .venv/.base

.venv/bin/pip:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo "Python 3.11 or newer is needed; set PYTHON=path of one" >&2; exit 1; }
	@echo "Creating .venv with $(PYTHON)"
	@"$(PYTHON)" -m venv --clear .venv || { echo "Could not create .venv; on Debian: apt-get install python3-venv" >&2; exit 1; }

.venv/.base: envs/requirements.txt envs/constraints.txt | .venv/bin/pip
	@echo "Installing the pinned requirements into .venv (about a minute)"
	@$(PIP_INSTALL) --requirement envs/requirements.txt
	@touch $@

.venv/.torch: envs/requirements-torch.txt .venv/.base
	@echo "Installing PyTorch into .venv"
	@$(PIP_INSTALL) --requirement envs/requirements-torch.txt
	@touch $@

.venv/.development: envs/requirements-development.txt .venv/.torch
	@echo "Installing the development tools into .venv"
	@$(PIP_INSTALL) --requirement envs/requirements-development.txt
	@touch $@

reproduce: .venv/.base
	@echo "Every experiment that needs no download: about a minute on two cores. Figures: results/figures/"
	$(SNAKEMAKE) all

two-layer: .venv/.torch
	@echo "Every two-layer experiment: about 3 minutes on two cores. Figures: results/figures/"
	$(SNAKEMAKE) two-layer $(CIFAR10_SOURCE)

reproduce-all: .venv/.torch
	@echo "Everything: about two hours on two cores, most of it for the deep networks. Figures: results/figures/"
	$(SNAKEMAKE) reproduce-all $(CIFAR10_SOURCE)

graph: .venv/.base
	@PYTHONPATH=workflow $(BIN)/python -m learning_dynamics.planning.picture

plan: .venv/.base
	$(CHECK_CONFIG)
	@PYTHONPATH=workflow $(BIN)/python -m learning_dynamics.planning $(or $(patsubst reproduce,all,$(TARGET)),reproduce-all) $(OWN_CONFIG) $(CIFAR10_SOURCE) $(if $(CORES),--cores $(CORES)) $(PLAN)

smoke: .venv/.base
	$(SNAKEMAKE) all --configfile config/smoke.yaml --config results=smoke-results

predict: .venv/.base
	@test -n "$(CONFIG)" || { echo "Name your configuration: make predict CONFIG=mine.yaml (docs/own-images.md)" >&2; exit 1; }
	$(CHECK_CONFIG)
	$(SNAKEMAKE) predict $(OWN_CONFIG)
	@echo "Predictions: $(FOLDER)/predictions/"

own: .venv/.base
	@test -n "$(CONFIG)" || { echo "Name your configuration: make own CONFIG=mine.yaml (docs/own-images.md)" >&2; exit 1; }
	$(CHECK_CONFIG)
	$(SNAKEMAKE) own $(OWN_CONFIG)
	@echo "Predictions, and how well they did: $(FOLDER)/predictions/; figures: $(FOLDER)/figures/"

claims: .venv/.base
	$(CHECK_CONFIG)
	$(SNAKEMAKE) --quiet all $(OWN_CONFIG) -- "$(FOLDER)/claims.json"
	@PYTHONPATH=workflow $(BIN)/python -m learning_dynamics.claims "$(FOLDER)/claims.json"

report: .venv/.base
	$(CHECK_CONFIG)
	$(SNAKEMAKE) --report "$(FOLDER)/report.html" --report-stylesheet workflow/report/stylesheet.css $(OWN_CONFIG) -- finished
	@echo "Open $(FOLDER)/report.html"

archive: .venv/.base
	$(SNAKEMAKE) --quiet all -- results/archive.zip
	@cat results/archive.zip.sha256

figures: .venv/.base
	@test -n "$(ARCHIVE)" || { echo "Name the archive: make figures ARCHIVE=path" >&2; exit 1; }
	$(SNAKEMAKE) all --config 'archive="$(call quoted,$(ARCHIVE))"' results=archived-results

# The other implementations have an environment of their own: who uses the project needs none of them.
.venv-peers/.installed: benchmarks/requirements.txt envs/constraints.txt
	@echo "Installing the other implementations into .venv-peers"
	@"$(PYTHON)" -m venv .venv-peers
	@.venv-peers/bin/pip install --quiet --disable-pip-version-check --constraint envs/constraints.txt --requirement benchmarks/requirements.txt
	@touch $@

bench: .venv/.torch .venv-peers/.installed
	.venv-peers/bin/python benchmarks/bench.py
	$(BIN)/python benchmarks/deep_bench.py
	$(BIN)/python benchmarks/scaling_bench.py
	$(BIN)/python benchmarks/tables.py

test: .venv/.development
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder

check: lint
	$(BIN)/python -m pytest tests/unit tests/theory --numprocesses auto --dist worksteal

faults: .venv/.development
	$(BIN)/python -m pytest tests/faults --kills 100 --mutations 3000 -rsP

environments: .venv/.development
	$(BIN)/python -m pytest tests/workflow/test_conda.py tests/ro_crate --environments

mutants: .venv/.development
	$(BIN)/python tests/mutants.py

lint: .venv/.development
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/snakefmt --check Snakefile workflow
	$(BIN)/mypy
	PYTHONPATH=workflow $(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/snakemake --lint

format: .venv/.development
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/snakefmt Snakefile workflow

config-documents: .venv/.base
	cd workflow && ../$(BIN)/python -m learning_dynamics.config.documents

published-results: .venv/.base
	PYTHONPATH=workflow $(BIN)/python -m learning_dynamics.publishing.published_results $(if $(RESULTS),--results $(RESULTS))

gpu-page: .venv/.torch
	$(BIN)/python benchmarks/gpu_check.py --page $(if $(REPORT),'$(call quoted,$(REPORT))')

clean-environment:
	rm -rf .venv .venv-peers
