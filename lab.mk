# The lab's vCenters; included by the Makefile, which defines PYTHON, LAB and setup.
LAB ?= default

.PHONY: lab-build lab-image lab-up lab-stop lab-status lab-ssh lab-promote lab-manifests lab-down
# Which Linux machines boot when they are switched on: none | some | all; without it as the last time, at first some.
GUESTS ?=
# The tape library with its software: yes | no; without it as the last time, at first no.
TAPE ?=
# With the system's Python: it may run beside setup, before .venv is there.
lab-build: ## build the vCenter simulator (only if its sources have changed)
	@python3 lab/lab.py build

lab-image: ## build the guests' image and the mirror's content (only if something of them has changed)
	@python3 lab/lab.py image

lab-up: setup ## start the lab LAB=default, or what is missing of it; GUESTS=none, some or all; TAPE=yes or no
	@if [ "$(GUESTS)" != none ]; then scripts/bootstrap --optional guests; fi
	@if [ "$(TAPE)" = yes ]; then scripts/bootstrap tape; fi
	@$(PYTHON) lab/lab.py up --lab $(LAB) $(if $(GUESTS),--guests $(GUESTS)) $(if $(TAPE),--tape $(TAPE))

lab-stop: setup ## end the lab's processes and keep its world
	@$(PYTHON) lab/lab.py stop --lab $(LAB)

lab-status: setup ## the lab's processes, ports, memory and objects; exit 3 if one does not run
	@$(PYTHON) lab/lab.py status --lab $(LAB)

lab-ssh: setup ## log in to a guest: make lab-ssh HOST=s02-db01
	@$(PYTHON) lab/lab.py ssh --lab $(LAB) $(HOST)

lab-promote: setup ## give a wave a round's approved content: make lab-promote WAVE=test ROUND=2026-11 (SEGMENT=lgwan)
	@$(PYTHON) lab/lab.py promote --lab $(LAB) $(WAVE) --round $(ROUND) $(if $(SEGMENT),--segment $(SEGMENT))

lab-manifests: setup ## write into a round the digests of what this lab's mirrors serve: make lab-manifests ROUND=2026-11
	@$(PYTHON) lab/lab.py manifests --lab $(LAB) --round $(ROUND)

lab-down: setup ## end the lab's processes and remove its world, passwords and certificates
	@$(PYTHON) lab/lab.py down --lab $(LAB)
