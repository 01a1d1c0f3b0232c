# Entry points in plain words; `make help` lists them. CI calls the same targets.
# Everything is idempotent: a second run does only what is missing.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON := .venv/bin/python
BIN := .venv/bin
# Two labs run side by side under different names.
LAB ?= default
export KYOTSU_LAB := $(LAB)
# ansible-playbook, pytest and scripts of this repository only, whatever is installed elsewhere.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# Modules say progress in UTF-8.
export PYTHONUTF8 := 1
# Each of the many short processes of a check would compile everything anew where this is set.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## list the entry points
	@awk -F ':.*## ' '/^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ the two commands of the README

.PHONY: demo test
demo: ## build the lab, provision the whole estate, prove that a second run changes nothing, bring a system to tape; GUESTS=some (17 boot), all, none; TAPE=no
	@scripts/bootstrap lab $(if $(filter no,$(TAPE)),,tape)
	@if [ "$(GUESTS)" != none ]; then scripts/bootstrap --optional guests; fi
	@$(MAKE) --output-sync=target -j3 setup lab-build $(if $(filter none,$(GUESTS)),,lab-image)
	@GUESTS=$(GUESTS) $(PYTHON) scripts/demo.py --lab $(LAB) --tape $(or $(TAPE),yes)

test: setup-tests ## checks and tests, with one small end-to-end of each verb
	@$(PYTHON) scripts/run_checks.py quick

##@ more checks

.PHONY: test-all validate review change approvals lint types unit integration circle retirement wave molecule reference bench bench-bars
test-all: setup-tests ## every check, test, molecule scenario, fault and bar, and whole courses with many guests
	@$(PYTHON) scripts/run_checks.py all

validate: setup ## check systems/ and platform/ against schemas and rules, offline
	@$(PYTHON) scripts/validate.py

BASE ?= origin/main
review: setup ## what a change means for systems, capacity, tape and windows, offline: make review BASE=origin/main
	@$(PYTHON) scripts/review.py --base $(BASE) --markdown reports/review.md --json reports/review.json $(ARGS)

change: setup ## what CI runs on a pull request: only what the branch can break, make change BASE=origin/main
	@$(PYTHON) scripts/check_change.py --base $(BASE)

approvals: setup ## are the approvals of approvals/ sound and fully signed
	@$(PYTHON) scripts/approve.py check

lint: setup ## ruff, yamllint, ansible-lint (production profile), actionlint, gofmt and go vet
	@$(PYTHON) scripts/run_checks.py lint

types: setup ## mypy strict on the core, scripts and lab
	@$(PYTHON) scripts/run_checks.py types

unit: setup ## unit and data tests
	@$(PYTHON) -m pytest -q -n 2 tests/unit tests/data

integration: setup-tests ## tests against real labs that they start themselves
	@$(PYTHON) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder tests/integration

circle: setup-tests ## all machines whose backups leave the house to tape, to the vault and back (about 10 minutes)
	@$(PYTHON) -m pytest -q tests/whole/test_tape_circle.py

retirement: setup-tests ## a system of five guests in three roles retires, and its last copies are opened (about 5 minutes)
	@$(PYTHON) -m pytest -q tests/whole/test_system_retires.py

wave: setup-tests ## a wave of 40 guests patched in one run: a bad package, a full disk, a silent guest, a tight budget (about 10 minutes)
	@$(PYTHON) -m pytest -q tests/whole/test_patch_wave.py

molecule: setup-tests ## one scenario against a lab of its own: make molecule SCENARIO=default BASE=origin/main
	@KYOTSU_BASE="$(if $(filter command environment,$(origin BASE)),$(BASE))" $(PYTHON) scripts/run_checks.py molecule --scenario $(SCENARIO)

reference: setup ## write docs/reference from the schemas
	@$(PYTHON) scripts/reference.py

bench: setup-tests ## measure at 150, 2,500 and 10,433 machines, beside what users would pick instead
	@$(PYTHON) tests/bench/bench.py

bench-bars: setup-tests ## check the bars in seconds: median of 5 beside a calibration
	@$(PYTHON) tests/bench/bars.py

##@ verbs (lab by default; production: INVENTORY=inventory/production)

INVENTORY ?= inventory/lab
ARGS ?=
.PHONY: plan foundation provision baseline drift collect backup vault restore drill decommission handover truth capacity graph patch patch-calendar vulnerabilities evidence
plan: setup ## what differs between repository and vCenter; ARGS="-e output=reports/plan.html"
	@ansible-playbook -i $(INVENTORY) playbooks/plan.yml $(ARGS)

foundation: setup ## clusters, hosts, switches, datastores, folders, pools, tags, roles
	@ansible-playbook -i $(INVENTORY) playbooks/foundation.yml $(ARGS)

provision: setup ## machines as systems/ describes them; ARGS="--check --diff --limit s02*"
	@ansible-playbook -i $(INVENTORY) playbooks/provision.yml $(ARGS)

baseline: setup ## package source, administrators, hardening, service and health of Linux guests; ARGS="--check --diff --limit s02*"
	@ansible-playbook -i $(INVENTORY) playbooks/baseline.yml $(ARGS)

drift: setup ## what somebody changed by hand; ARGS="-e fail_on=any -e report=reports/drift"
	@ansible-playbook -i $(INVENTORY) playbooks/drift.yml $(ARGS)

collect: setup ## one sample of capacity and use into the records; for a timer: docs/runbooks/collect.md
	@ansible-playbook -i $(INVENTORY) playbooks/collect.yml $(ARGS)

backup: setup ## machines to tape, each copy read back; ARGS="--check --limit s13*"; docs/runbooks/backup.md
	@ansible-playbook -i $(INVENTORY) playbooks/backup.yml $(ARGS)

vault: setup ## tapes to the remote store and back; ARGS="--check", ARGS="-e step=take-out -e scan=FILE"; docs/runbooks/vault.md
	@ansible-playbook -i $(INVENTORY) playbooks/vault.yml $(ARGS)

restore: setup ## machines back from tape, with the time it takes; ARGS="--check --limit s13-db01"; docs/runbooks/restore.md
	@ansible-playbook -i $(INVENTORY) playbooks/restore.yml $(ARGS)

drill: setup ## a system from tapes that were in the vault, on a closed network; ARGS="--check"; docs/runbooks/drill.md
	@ansible-playbook -i $(INVENTORY) playbooks/drill.yml $(ARGS)

decommission: setup ## the next step of what retires; ARGS="--check"; docs/runbooks/decommission.md
	@ansible-playbook -i $(INVENTORY) playbooks/decommission.yml $(ARGS)

handover: setup ## how ready everything is for the end of the platform's term; docs/runbooks/handover.md
	@ansible-playbook -i $(INVENTORY) playbooks/handover.yml $(ARGS)

truth: setup ## what could be restored today, by what was read back from tape; ARGS="--output reports/truth.html"
	@$(PYTHON) scripts/truth_report.py $(ARGS)

capacity: setup ## who uses what, what is left, what it costs, offline; ARGS="--live inventory/lab --history --output r.html"
	@$(PYTHON) scripts/capacity_report.py $(ARGS)

patch: setup ## this round's updates to machines whose window is open; ARGS="-e change=CHG-1 --check"; docs/runbooks/patch.md
	@ansible-playbook -i $(INVENTORY) playbooks/patch.yml $(ARGS)

patch-calendar: setup ## who is patched when, and why not, offline; ARGS="--notices reports/notices" or "--format ics"
	@$(PYTHON) scripts/patch_calendar.py $(ARGS)

vulnerabilities: setup ## what a patch would close per system, offline; ARGS="--tracker FILE --packages FILE"
	@$(PYTHON) scripts/patch_vulnerabilities.py $(ARGS)

evidence: setup ## what a month of patching did, per owner; ARGS="--month 2026-12 --owner org-205"; docs/runbooks/patch-evidence.md
	@$(PYTHON) scripts/patch_evidence.py $(ARGS)

graph: setup ## the inventory as a tree of groups
	@ansible-inventory -i $(INVENTORY) --graph

##@ tools

.PHONY: setup setup-lab setup-tests clean
# The stamp's name carries the pins: a changed pin makes a new stamp.
STAMP := .venv/.installed-$(shell cat requirements.txt requirements-dev.txt 2>/dev/null | sha256sum | cut -c1-16)

setup: $(STAMP) ## install the Python tools into .venv

$(STAMP): requirements.txt requirements-dev.txt
	@scripts/bootstrap python
	@echo "setup: installing requirements-dev.txt into .venv"
	@test -x .venv/bin/python || python3 -m venv .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@rm -f .venv/.installed-* && touch $(STAMP)

setup-lab: ## what a lab without guests needs beyond setup
	@scripts/bootstrap lab
	@$(MAKE) --output-sync=target -j2 setup lab-build

setup-tests: ## what the tests need beyond setup: the lab's binary, guests and a PostgreSQL server
	@scripts/bootstrap lab guests tests
	@$(MAKE) --output-sync=target -j2 setup lab-build

clean: lab-down ## remove the default lab and everything that make built
	@rm -rf .tools .cache reports .mypy_cache .ruff_cache .pytest_cache .hypothesis .venv

##@ the lab (another one beside it: LAB=NAME)

include lab.mk
