# The two commands a newcomer needs are `make run` and `make test`; `make help` lists the rest.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DATA_DIR ?= $(CURDIR)/var
# Every variable of the environment and of the command line reaches the product.
export
unexport VENV BIN

.PHONY: help
help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 24

# Two sets of packages in one environment: what the product needs, and what developing it needs.
$(VENV)/product.stamp: requirements/local.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "KubeVision needs Python 3.11 or later; PYTHON=/path/to/python3.11 make run" >&2; exit 1; }
	echo "Installing (once, about a minute) ..."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing; on Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/local.txt
	touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/product.stamp
	@echo "Installing what tests and checks need (once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	touch $@

# What the chosen engine needs beyond that, if anything.
ENGINE_REQUIREMENTS := $(wildcard requirements/$(or $(FACELOGIN_ENGINE),lbph).txt)
ENGINE_STAMP := $(if $(ENGINE_REQUIREMENTS),$(VENV)/$(FACELOGIN_ENGINE).stamp)
$(VENV)/%.stamp: requirements/%.txt $(VENV)/product.stamp
	@echo "Installing what the engine $* needs (once) ..."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	touch $@

.PHONY: run
run: $(VENV)/product.stamp $(ENGINE_STAMP)  ## start the whole product on http://localhost:8000
	@$(BIN)/python -m kubevision.keys "$(DATA_DIR)/keys"
	$(BIN)/python manage.py prepare
	exec $(BIN)/python -m kubevision.serve

.PHONY: admin
admin: $(VENV)/product.stamp  ## make an administrator: make admin NAME=ada
	@$(BIN)/python -m kubevision.keys "$(DATA_DIR)/keys"
	$(BIN)/python manage.py prepare
	$(BIN)/python manage.py make_admin $(NAME)

.PHONY: backup
backup: $(VENV)/product.stamp  ## back both rooms up: make backup FOLDER=/mnt/backups (docs/backups.md)
	@$(BIN)/python manage.py backup $(or $(FOLDER),$(error FOLDER=... says where))

.PHONY: restore
restore: $(VENV)/product.stamp  ## put a backup back: make restore FILE=...; stop the product first
	@$(BIN)/python manage.py restore $(or $(FILE),$(error FILE=... says which))

.PHONY: demo
demo: $(VENV)/dev.stamp  ## the whole story without a camera; screenshots in demo-screenshots/
	@$(BIN)/python -m tests.demo

.PHONY: test
test: $(VENV)/dev.stamp  ## run the tests; ROOM=accounts runs one room alone
	@$(BIN)/python -m tests.run $(ROOM)

.PHONY: test-faults
test-faults: $(VENV)/dev.stamp  ## several copies; rooms and databases that go and come back
	@$(BIN)/python -m tests.run faults

.PHONY: test-measurements
test-measurements: $(VENV)/dev.stamp  ## that benchmarks and evaluation work; photos and clips before the challenge
	@$(BIN)/python -m tests.run measurements

.PHONY: bad-input
bad-input: $(VENV)/dev.stamp  ## send everything that is wrong and write docs/bad-input.md
	@$(BIN)/python -m tests.with_keys $(BIN)/python -m tests.bad_input.table

.PHONY: fuzz
fuzz: $(VENV)/dev.stamp  ## bad input at random: make fuzz [FUZZ=10000] [SEED=n] [ONLY=kind:number]
	@$(BIN)/python -m tests.with_keys $(BIN)/python -m tests.bad_input.fuzz

.PHONY: doors
doors: $(VENV)/dev.stamp  ## walk every door as every kind of visitor and write docs/doors.md
	@DOORS=write DJANGO_SETTINGS_MODULE=kubevision.settings.local $(BIN)/python -m tests.with_keys $(BIN)/python -m pytest --quiet tests/test_doors.py

.PHONY: check
check: lint types imports contract test  ## everything that must be green

.PHONY: format
format: $(VENV)/dev.stamp  ## format the code
	@$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lint
lint: $(VENV)/dev.stamp
	@$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker/compose.yaml
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yaml

.PHONY: types
types: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.with_keys $(BIN)/mypy

.PHONY: imports
imports: $(VENV)/dev.stamp
	@$(BIN)/lint-imports --no-cache

.PHONY: contract
contract: $(VENV)/dev.stamp  ## find what breaks clients built before: make contract [SINCE=commit]
	@$(BIN)/python -m kubevision.contracts.comparison $(SINCE)

.PHONY: cluster-secrets
cluster-secrets: $(VENV)/product.stamp  ## make a cluster's Secrets: SECRETS=folder [PORTAL=host] [FACES=host]
	@$(if $(SECRETS),,echo "where are the keys? make cluster-secrets SECRETS=/folder/outside/the/repository" >&2; exit 2)
	$(BIN)/python -m k8s.cluster_secrets $(SECRETS) $(if $(PORTAL),--portal $(PORTAL)) $(if $(FACES),--faces $(FACES))

.PHONY: cluster-run
cluster-run: $(VENV)/product.stamp  ## run a command in the cluster as a room: ROOM=accounts RUN="python manage.py ..."
	@$(BIN)/python -m k8s.one_shot $(ROOM) $(RUN)

# Tools that look at the rendered manifests have packages of their own.
MANIFESTS := $(VENV)/manifests
$(MANIFESTS)/done.stamp: requirements/manifests.txt $(VENV)/dev.stamp
	@echo "Installing what looks at the manifests (once, about two minutes) ..."
	test -x $(MANIFESTS)/bin/python || $(BIN)/python -m venv $(MANIFESTS)
	$(MANIFESTS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/manifests.txt
	touch $@

.PHONY: manifests
manifests: $(MANIFESTS)/done.stamp  ## hold every overlay to our rules and to the tools of others: schemas, checkov, Traefik
	@$(BIN)/python -m tests.run cluster
	$(BIN)/python -m tests.with_keys $(BIN)/python -m pytest tests/manifests

.PHONY: test-played
test-played: $(VENV)/dev.stamp  ## run the overlay on-prem with podman and the images of `make images`; update it under load
	@$(BIN)/python -m tests.with_keys $(BIN)/python -m pytest -s tests/played

.PHONY: evaluate
evaluate: $(VENV)/evaluation.stamp $(ENGINE_STAMP)  ## error rates on your pictures: make evaluate FOLDER=people [FACELOGIN_ENGINE=resnet] [OUTPUT=folder] [TABLE=file]
	@$(BIN)/python -m kubevision.keys "$(DATA_DIR)/keys"
	$(BIN)/python manage.py evaluate_faces $(FOLDER) --output $(or $(OUTPUT),evaluation) $(if $(TABLE),--table $(TABLE))

.PHONY: evaluation-document
evaluation-document: $(VENV)/dev.stamp  ## measure all engines and write docs/evaluation.md: FACES=folder [TABLES=yes]
	@$(BIN)/python -m tests.with_keys $(BIN)/python -m bench.evaluation $(FACES) $(if $(TABLES),--tables)

.PHONY: attacks
attacks: $(VENV)/dev.stamp  ## hold photos and clips before the challenge and write docs/presentation-attacks.md: FACES=folder
	@$(BIN)/python -m tests.with_keys $(BIN)/python -m bench.attacks $(or $(FACES),$(error FACES=... says where the research pictures are))

.PHONY: bench
bench: $(VENV)/dev.stamp  ## measure speed: PARTS="frame sign_in", FACES=folder, ROWS=10000
	@$(BIN)/python -m tests.with_keys $(BIN)/python -m bench $(PARTS) $(if $(FACES),--faces $(FACES)) $(if $(ROWS),--rows $(ROWS))

.PHONY: images
images:  ## build the three images with docker or podman: make images [FACELOGIN_ENGINE=resnet]
	@$(PYTHON) -m docker.images build

.PHONY: images-push
images-push:  ## push them: make images-push REGISTRY=registry.example.org/kubevision
	@$(PYTHON) -m docker.images push "$(or $(REGISTRY),$(error say where to: make images-push REGISTRY=registry.example.org/kubevision))"

.PHONY: images-save
images-save:  ## save them and the servers they need for a place without internet [FOLDER=images]
	@$(PYTHON) -m docker.images save $(or $(FOLDER),images)

.PHONY: sbom
sbom: $(VENV)/sbom.stamp  ## write what each image consists of (CycloneDX) [FOLDER=sbom]
	@$(BIN)/python -m docker.images sbom $(or $(FOLDER),sbom)

.PHONY: up
up:  ## start the images, databases and proxy of docker/compose.yaml on https://localhost:8443
	@$(PYTHON) -m docker.stack up

.PHONY: down
down:  ## end them; DATA=delete deletes databases, keys and backups
	@$(PYTHON) -m docker.stack down $(if $(filter delete,$(DATA)),--delete-data)

.PHONY: test-containers
test-containers: $(VENV)/dev.stamp $(VENV)/sbom.stamp  ## build the images, run the compose file and break it (about a quarter of an hour)
	@$(BIN)/python -m pytest tests/containers

.PHONY: vendor
vendor: $(VENV)/dev.stamp  ## fetch Bootstrap's files again (needs npm)
	@$(BIN)/python dashboard/vendor_bootstrap.py

.PHONY: requirements
requirements: $(VENV)/dev.stamp  ## compile requirements/*.in into hashed *.txt
	@cd requirements
	compile="../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header"
	$$compile dev.in -o dev.txt
	for room in accounts dashboard evaluation facelogin local onnx resnet sbom; do $$compile $$room.in -c dev.txt -o $$room.txt; done
	$$compile manifests.in -o manifests.txt
