# The lab's vCenters; included by the Makefile, which defines PYTHON.
LAB ?= default
LAB_COMMAND = $(PYTHON) lab/lab.py

.PHONY: lab-build lab-up lab-stop lab-status lab-down

lab-build: ## Build the vCenter simulator (only if its sources have changed)
	$(LAB_COMMAND) build

lab-up: ## Start the lab LAB=default, or what is missing of it
	$(LAB_COMMAND) up --lab $(LAB)

lab-stop: ## End the lab's processes and keep its world
	$(LAB_COMMAND) stop --lab $(LAB)

lab-status: ## List the lab's processes, ports, memory and objects (exit 3 if one does not run)
	$(LAB_COMMAND) status --lab $(LAB)

lab-down: ## End the lab's processes and remove its world, passwords and certificates
	$(LAB_COMMAND) down --lab $(LAB)
