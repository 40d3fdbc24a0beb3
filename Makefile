# Thin wrappers of `polykube`; `make help` lists them.
STACK ?= dev
PART ?= 1
ROOM ?= policy
COUNT ?= 200
T ?= tests/unit
POLYKUBE := .venv/bin/polykube
PYTHON := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help env clouds up preview down portal status setup doctor check test test-one e2e-addons e2e-kubeadm exam-policy mutation put-back chaos lint format bench docs golden lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

env: # the Python environment, which everything else runs in
	@python3 bootstrap.py

clouds: # the same with every cloud's SDK, for whoever works on polykube itself
	@python3 bootstrap.py aws azure-native gcp portal portal-dev

up: env ## bring the stack up (STACK=dev), with everything that it needs
	@$(POLYKUBE) up --stack $(STACK)

preview: env ## show what `up` would change
	@$(POLYKUBE) preview --stack $(STACK)

down: env ## destroy the stack and stop its control plane
	@$(POLYKUBE) down --stack $(STACK)

portal: env ## run the portal on loopback, with users to try it with
	@$(POLYKUBE) portal serve --demo

status: env ## show what runs and what stands
	@$(POLYKUBE) status --stack $(STACK)

setup: env ## get environment, binaries and plugins, and start nothing
	@$(POLYKUBE) setup

doctor: env ## say what is there, where it came from, what is missing
	@$(POLYKUBE) doctor

check: env ## check a stack file
	@$(POLYKUBE) check --stack $(STACK)

test: clouds setup lint ## everything: types, lints, unit, contract and end-to-end tests
	@$(PYTHON) -m pytest --full --numprocesses auto --dist loadfile --no-loadscope-reorder

test-one: env ## some tests (T=tests/unit/policy), with what is here: nothing is compiled, and what lacks a tool is skipped
	@$(PYTHON) -m pytest $(T)

e2e-addons: clouds setup ## the add-ons' own programs, and what takes minutes
	@$(PYTHON) -m pytest --full -m drill --numprocesses auto --dist loadfile --no-loadscope-reorder

e2e-kubeadm: clouds setup ## machines of kubeadm, booted on this computer: as root, on a Debian (skipped with the reason elsewhere)
	@$(PYTHON) -m pytest --full -m machines tests/e2e

exam-policy: clouds setup ## put 1,000 random namespaces and pods to the policies and to the API server
	@POLYKUBE_EXAM=1000 $(PYTHON) -m pytest --full tests/policy/exam tests/policy/test_malformed.py

mutation: env ## break policies (ROOM=spec: another room) in every place, and see how much tests notice (PART=5: in a fifth)
	@nice $(PYTHON) -m tests.mutation --room $(ROOM) --part $(PART)

put-back: clouds setup ## put faults back that were mended, and see whether the tests notice (OPTIONS="--only 3")
	@nice $(PYTHON) -m tests.put_back $(OPTIONS)

chaos: clouds setup ## kill, starve and damage it hundreds of times, and see whether one rerun mends it (COUNT=20: a few; OPTIONS=--resume)
	@nice $(PYTHON) -m tests.chaos --count $(COUNT) $(OPTIONS)

lint: clouds ## types, style, import rules, dependencies, AWS policies, shell scripts
	@$(PYTHON) -m devtools.lint

format: env ## bring the sources into the house style
	@$(PYTHON) -m ruff check --quiet --fix . && $(PYTHON) -m ruff format --quiet .

bench: clouds setup ## measure against the rivals; writes build/bench.json (MEASURES="preview up" for some)
	@$(PYTHON) -m bench $(MEASURES)

docs: clouds ## regenerate the reference pages, the schemas and the lists of add-ons
	@$(PYTHON) -m devtools.docs

golden: clouds ## write tests/golden and the stand-ins in tests/bundles anew
	@$(PYTHON) -m tests.bundles
	@$(PYTHON) -m pytest --full --quiet tests/golden --accept

lock: env ## resolve the Python dependencies anew into requirements.lock
	@$(PYTHON) -m piptools compile --quiet --extra dev --extra review --extra portal --extra portal-dev --extra aws --extra azure-native --extra gcp --generate-hashes --allow-unsafe --strip-extras --no-header \
	  --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --output-file requirements.lock pyproject.toml
