# One way to run each thing; CI calls the same. Root is needed for packages and for the lab's namespaces.
.PHONY: setup demo test lint bench
sudo := $(if $(filter 0,$(shell id -u)),,sudo --)

setup: ## install what is missing: packages of the distribution, .venv, the project
	@.ci/setup

demo: setup ## the lab, and the app on its source host
	@$(sudo) .venv/bin/vmlm-tui lab

test: setup ## all tests, real migrations included
	@$(sudo) .venv/bin/python -m tests

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup ## measure the app in the lab: one `name value unit` a line
	@$(sudo) .venv/bin/python -m tests.bench
