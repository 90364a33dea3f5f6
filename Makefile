# The one runner of this project: from a fresh checkout every target sets itself up first.
# Needed on the machine: Python 3.11 or newer with pip, and make. Nothing is installed outside this folder; uv
# keeps what it downloads in ~/.cache/uv too.
#
#   make demo                     54 municipalities' exports, 54 nodes, one hub, and the page in the browser
#   make demo DEMO_ARGS="--exit"  the same, but ends after the summary; exit code 0 only if every check held
#   make test                     the whole suite;  make test TEST_ARGS="tests/unit/protocol -q"  a part of it;
#                                 on all cores; TEST_ARGS="-n 0 ..." in one process, for a debugger
#   make check                    format, lint, types, layers, dependencies, documents (-k: all findings at once)
#   make bench                    speed and memory, as ratios within one run
#   make soak                     what takes hours: fuzzing, model, chaos, mutation testing; SOAK_ARGS="--minutes 10"
#   make format                   rewrites the code in the house format
#   make docs                     checks the documents: every link leads somewhere
#   make dist                     builds the wheel that is installed beside requirements/node.lock, hub.lock, protect.lock
#   make setup                    only sets up
#   make lock                     compiles requirements/*.lock anew
#   make clean                    removes what the targets above have built

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
SOAK_ARGS ?=

# The first Python that is new enough and has pip (`make setup PYTHON=/path/to/python` chooses another).
PYTHON ?= $(shell for candidate in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$candidate -c 'import sys, pip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$candidate; break; }; \
	done)

VENV := .venv
UV := .tools/bin/uv
SOURCES := hub node protocol aggregation

# Trust what the machine trusts, as pip does: the certificate of an administration's own proxy stands there.
export UV_SYSTEM_CERTS ?= true

.PHONY: help demo test check bench soak docs format dist setup lock clean \
	check-format check-lint check-types check-layers check-dependencies

help:
	@sed -n 's/^#   //p' Makefile

# ------------------------------------------------------------------------------------------- use it

# Not echoed: with --json, standard output is the result and nothing else.
demo: setup
	@$(VENV)/bin/kim-hub demo $(DEMO_ARGS)

# A process for each core and one more, since tests wait for servers and programs that they have started; up to four:
# beyond that the longest files decide. A file stays in one process, which sets its servers, browser or demo up once.
# In the order of the folders: functional tests first, as they take longest.
WORKERS = --numprocesses $(shell echo $$(($$(nproc) + 1))) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: setup
	$(VENV)/bin/pytest $(WORKERS) $(TEST_ARGS)

bench: setup
	$(VENV)/bin/python -m tests.bench $(BENCH_ARGS)

soak: setup
	$(VENV)/bin/python -m tests.soak $(SOAK_ARGS)

# ----------------------------------------------------------------------------------------- check it

check: check-format check-lint check-types check-layers check-dependencies docs

check-format: setup
	$(VENV)/bin/ruff format --check .

check-lint: setup
	$(VENV)/bin/ruff check .

check-types: setup
	$(VENV)/bin/mypy

check-layers: setup
	$(VENV)/bin/lint-imports

# Each side against its own extra, the other extras counting as "not installed there": a node that imports
# Flask, or a hub that imports requests, fails here and not in a town hall.
check-dependencies: setup
	$(VENV)/bin/deptry node protocol aggregation --optional-dependencies-dev-groups hub,protect,client \
		--extend-exclude aggregation/protect
	$(VENV)/bin/deptry hub protocol aggregation --optional-dependencies-dev-groups node,protect,client \
		--extend-exclude aggregation/protect
	@# cryptography is of the base install; what reads signatures is not scanned here.
	$(VENV)/bin/deptry aggregation/protect aggregation/sdc --per-rule-ignores DEP002=cryptography \
		--optional-dependencies-dev-groups node,hub,client,postgresql,mariadb,mssql,oracle,redis

docs: setup
	$(VENV)/bin/python -m tests.links

format: setup
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix-only --exit-zero .

dist: setup
	$(VENV)/bin/hatchling build -t wheel

# ---------------------------------------------------------------------------------------- set it up

# `set -x` shows the commands on standard error, where make's own echo would spoil the JSON of `make demo`.
setup: $(VENV)/.stamp

# Our own package, made by the hatchling of the lock; again when the packaging changes.
$(VENV)/.stamp: $(VENV)/.stamp-locked pyproject.toml
	@set -x; $(UV) pip install --quiet --python $(VENV)/bin/python --no-deps --no-build-isolation --editable .
	@# The demo starts over a hundred processes; where Python writes no bytecode by itself, each would compile anew.
	@$(VENV)/bin/python -m compileall -q protocol aggregation node hub
	@touch $@

# Exactly what the lock says; everything that is downloaded is checked against a hash in requirements/.
$(VENV)/.stamp-locked: .tools/.stamp requirements/dev.lock
	@test -x $(VENV)/bin/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	@set -x; $(UV) pip sync --python $(VENV)/bin/python --compile-bytecode --require-hashes requirements/dev.lock
	@touch $@

# uv makes the environment because Debian's python3 comes without venv. `--target` writes into .tools only, so
# PEP 668 ("externally-managed-environment") does not apply, with or without a distribution's marker file.
.tools/.stamp: requirements/bootstrap.lock
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with pip found: apt-get install python3 python3-pip" >&2; exit 1; }
	@set -x; PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore $(PYTHON) -m pip install --quiet --upgrade \
		--target .tools --require-hashes --no-deps --requirement requirements/bootstrap.lock
	@touch $@

# ------------------------------------------------------------------------------------------ lock it

# dev.lock first, and the others within its versions, so that what is tested is what is installed.
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --upgrade

lock: .tools/.stamp
	echo uv | $(COMPILE) --no-annotate --output-file requirements/bootstrap.lock -
	$(COMPILE) --all-extras --group dev --output-file requirements/dev.lock pyproject.toml
	$(COMPILE) --extra node --constraint requirements/dev.lock --output-file requirements/node.lock pyproject.toml
	$(COMPILE) --group build --constraint requirements/dev.lock --output-file requirements/build.lock
	$(COMPILE) --extra hub --extra postgresql --extra redis --constraint requirements/dev.lock --output-file requirements/hub.lock pyproject.toml
	$(COMPILE) --extra protect --constraint requirements/dev.lock --output-file requirements/protect.lock pyproject.toml

clean:
	rm -rf mutants $(VENV) .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov dist
	find $(SOURCES) tests -name __pycache__ -type d -prune -exec rm -rf {} +
