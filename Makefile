# The commands of the project; CI runs the same. Packages and the lab's namespaces need root.
.PHONY: setup demo test lint bench
sudo := $(if $(filter 0,$(shell id -u)),,sudo --)

setup: ## install what is missing: distribution packages, .venv, the project
	@.ci/setup

demo: setup ## start the lab, and the app on its source host
	@$(sudo) .venv/bin/vmlm-tui lab

test: setup ## run all tests, including real migrations
	@$(sudo) .venv/bin/python -m tests

lint: setup
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

bench: setup ## measure the app in the lab: one line `name value unit` per figure
	@$(sudo) .venv/bin/python -m tests.bench
