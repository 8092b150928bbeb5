# Everything here sets up what it needs: Python 3.11 or later and make are enough.
PYTHON ?= python3
BIN := .venv/bin
AIRFLOW_BIN := .venv-airflow/bin
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps

.DEFAULT_GOAL := help
.PHONY: help demo test test-core test-fast test-long test-airflow test-airflow-quick lint types validate golden format lock clean \
	  bench bench-quick screenshots

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-13s %s\n", $$1, $$2}'

.venv/.ready: requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or later is needed; this is %d.%d. Say which: make PYTHON=python3.11" % sys.version_info[:2] if sys.version_info < (3, 11) else 0)'
	@echo "setting up .venv (once)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python $(INSTALL) --require-hashes -r requirements-dev.lock
	@$(BIN)/python $(INSTALL) --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q framework dag_factory # as pip does for all but editable installs
	@touch $@

.venv-airflow/.ready: requirements-airflow.lock pyproject.toml | .venv/.ready
	@echo "setting up .venv-airflow (once)"
	@$(BIN)/python -m venv .venv-airflow
	@$(AIRFLOW_BIN)/python $(INSTALL) --require-hashes -r requirements-airflow.lock
	@$(AIRFLOW_BIN)/python $(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv-snowflake/.ready: tests/snowflake/requirements.lock | .venv/.ready
	@echo "setting up .venv-snowflake (once)"
	@$(BIN)/python -m venv .venv-snowflake
	@.venv-snowflake/bin/python $(INSTALL) --require-hashes -r tests/snowflake/requirements.lock
	@touch $@

demo: .venv/.ready  ## run the shop source against a bundled API, into DuckDB
	@$(BIN)/framework demo

test: lint types validate test-core test-airflow-quick  ## every check and test but the whole cluster
	@echo "all passed"

# An authorization server that is not ours, for the tests of OAuth 2.0. They are skipped where it can't be had.
tests/auth/oidc/node_modules/.ready: tests/auth/oidc/package-lock.json
	@(cd tests/auth/oidc && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.ready) \
	  || echo "npm (Node 18 or later) could not get oidc-provider: its tests are skipped"

# Azure's storage emulator, likewise.
tests/stages/azurite/node_modules/.ready: tests/stages/azurite/package-lock.json
	@(cd tests/stages/azurite && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.ready) \
	  || echo "npm (Node 18 or later) could not get azurite: its tests are skipped"

# The language server behind YAML in editors, for the tests of the published schemas.
tests/editor/node_modules/.ready: tests/editor/package-lock.json
	@(cd tests/editor && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.ready) \
	  || echo "npm (Node 18 or later) could not get yaml-language-server: its tests are skipped"

test-core: .venv/.ready .venv-snowflake/.ready tests/auth/oidc/node_modules/.ready tests/editor/node_modules/.ready tests/stages/azurite/node_modules/.ready  ## all tests but those on Airflow
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest -q -n 2 -m "not airflow and not long" --cov --cov-report=term

test-fast: .venv/.ready  ## the tests that take no time
	$(BIN)/python -m pytest -q -n 2 -m "not airflow and not slow"

test-long: .venv/.ready .venv-snowflake/.ready  ## proofs that take minutes: a deployment killed after each of its statements
	$(BIN)/python -m pytest -q -n 2 -m long tests

test-airflow-quick: .venv-airflow/.ready  ## the DAGs on a real Airflow, in one process
	$(AIRFLOW_BIN)/python -m pytest -q -m airflow -W default tests/dag_factory

tests/airflow_cluster/node_modules/.ready: tests/airflow_cluster/package-lock.json
	@(cd tests/airflow_cluster && npm ci --silent --ignore-scripts --no-audit --no-fund && touch node_modules/.ready) \
	  || echo "npm could not get playwright-core: no pictures are taken of Airflow's pages"

test-airflow: .venv-airflow/.ready  ## the DAGs on a whole Airflow: PostgreSQL, Redis, Celery workers, a browser
	@sh tests/airflow_cluster/packages.sh
	@$(MAKE) --no-print-directory tests/airflow_cluster/node_modules/.ready
	$(AIRFLOW_BIN)/python -m pytest -q -s -W default tests/airflow_cluster

screenshots: export SCREENSHOTS := docs/images
screenshots: test-airflow  ## the same, and its pictures go into the docs

lint: .venv/.ready  ## ruff and black
	$(BIN)/ruff check .
	$(BIN)/black --quiet --check .

types: .venv/.ready  ## mypy
	$(BIN)/mypy

validate: .venv/.ready  ## the shipped sources
	$(BIN)/framework validate sources/ framework.yaml

golden: .venv/.ready  ## write the SQL that the tests compare with anew
	$(BIN)/python -m tests.snowflake.golden

bench: .venv/.ready  ## speed and memory, beside others that do the same work: writes docs/performance.md (an hour)
	$(BIN)/python -m benchmarks

bench-quick: .venv/.ready  ## the main scenarios, without the others
	$(BIN)/python -m benchmarks --quick

format: .venv/.ready  ## black and ruff's fixes
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/black --quiet .

lock: .venv/.ready  ## pin the newest versions that pyproject.toml allows
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra dev -o requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra s3 --extra azure --extra snowflake -o requirements-airflow.lock pyproject.toml requirements-airflow.in
	$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --extra s3 --extra azure --extra snowflake -o requirements.lock pyproject.toml
	echo "hatchling" | $(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o requirements-build.lock -
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links -o tests/snowflake/requirements.lock tests/snowflake/requirements.in

clean:  ## remove what the other targets made
	rm -rf .venv .venv-airflow .venv-snowflake .bench tests/auth/oidc/node_modules tests/editor/node_modules tests/stages/azurite/node_modules tests/airflow_cluster/node_modules .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
