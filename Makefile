# Pound for Pound. `make run` needs Python 3.11 or newer with venv, make and git; everything else it sets up itself.
SHELL := /bin/sh
PYTHON ?= python3
PORT ?= 8501
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
TORCH ?=
# pip compiles what it installs on one core, for a third of its time; this does it on all. What cannot be compiled is left.
INSTALL := $(PIP) install --quiet --no-compile
COMPILE := $(PY) -m compileall -qq -j 0 $(VENV)/lib

# Servers and commands that tests start find this project's own modules compiled, too.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run fill setup local-models mini-study test walk browser check fix bench soak vectors clean

help:  ## what there is to make
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r target text; do printf '%-14s %s\n' "$$target" "$$text"; done

run: $(VENV)/.app-ready  ## set up what is missing, fill the store, open the dashboard on port 8501
	@$(PY) -m lib fill --catalogue
	@echo "Pound for Pound: http://localhost:$(PORT)  (Ctrl-C ends it)"
	@echo "Evaluations that you ask for are run by a worker beside it (P4P_WORKER=0: not)."
	@exec $(PY) -m streamlit run serve.py --server.port $(PORT)

fill: $(VENV)/.app-ready  ## import all shipped data now, with progress, without the dashboard
	$(PY) -m lib fill

setup: $(VENV)/.app-ready  ## only the set-up of `make run`

local-models: $(VENV)/.local-models-ready  ## add PyTorch and transformers, to evaluate weights on this machine (TORCH=cpu|cuda decides)
	@echo "Weights on this machine can be evaluated."

mini-study: $(VENV)/.local-models-ready  ## the whole loop in minutes, offline: train tiny models, evaluate them, look at them
	@$(PY) -m lib mini-study --port $(PORT)
	@echo "Starting the dashboard over this study; Ctrl-C ends it."
	@exec env P4P_DATA_DIR="$${P4P_DATA_DIR:-data/local}/mini-study" P4P_DATABASE_URL= P4P_FILL=0 $(PY) -m streamlit run serve.py --server.port $(PORT)

test: $(VENV)/.test-ready browser  ## every test, in a real browser too
	$(PY) -m pytest -n 3 --dist loadfile

walk: $(VENV)/.test-ready browser  ## of the tests only the walk over every page in a browser, and numbers followed to their files
	$(PY) -m pytest -n 2 --dist load -m walk

browser: $(VENV)/.test-ready
	@$(PY) -m tests.browser.chromium

check: $(VENV)/.test-ready  ## format, lint, types, layers
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -m pytest -q tests/test_architecture.py

fix: $(VENV)/.test-ready  ## format and mend what a tool can mend
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

bench: $(VENV)/.test-ready  ## speed, each figure as a ratio against a floor of the same run
	$(PY) -m bench

soak: $(VENV)/.test-ready  ## the long counts: 200 kills, 5,000 hostile files, null runs, 10,000 requests, each control's address
	P4P_SOAK_KILLS=100 P4P_SOAK_FILES=5000 P4P_SOAK_LOOK_MB=100 P4P_SOAK_NULL_RUNS=1000 P4P_SOAK_REQUESTS=10000 P4P_SOAK_ADDRESSES=1 $(PY) -m pytest -ra -k "kill or hostile or null or look or stumble or restores" tests/store tests/evals tests/hostile tests/stats tests/api tests/ui/test_addresses.py

vectors: $(VENV)/.test-ready  ## the published reference values, or cases of your own: make vectors FILES="a.json b.json"
	@$(if $(FILES),P4P_VECTORS='$(FILES)' $(PY) -m pytest -q --tb=line "tests/stats/test_vectors.py::test_vector",$(PY) -m pytest -q tests/stats tests/stats_recovered)

clean:  ## remove what was set up; imported data stays in data/local
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache

$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name another: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "The venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.app-ready: requirements.txt | $(PY)
	@echo "Installing the dashboard (about a minute on the first run) ..."
	@$(INSTALL) -r requirements.txt
	@$(COMPILE) || true
	@touch $@

# Whoever names a build of PyTorch wants it now, whatever was installed before.
ifneq ($(TORCH),)
.PHONY: $(VENV)/.local-models-ready
endif

$(VENV)/.local-models-ready: requirements.txt requirements-local-models.txt lib/set_up.py | $(PY)
	@echo "Installing what evaluates weights on this machine ..."
	@TORCH='$(TORCH)' $(PY) -m lib.set_up
	@$(COMPILE) || true
	@touch $(VENV)/.app-ready $@

$(VENV)/.test-ready: requirements.txt requirements-local-models.txt requirements-test.txt | $(PY)
	@echo "Installing the dashboard and its tests ..."
	@TORCH='$(TORCH)' $(PY) -m lib.set_up --for-tests
	@$(INSTALL) -r requirements-test.txt
	@$(COMPILE) || true
	@touch $(VENV)/.app-ready $@
