# The commands of the project; CI runs the same. Packages and the lab's namespaces need root.
.PHONY: deb deb-test setup demo pictures test quick coverage fuzz lab-test faults lint lint-code lint-format lint-types lint-imports bench bench-forecast
sudo := $(if $(filter 0,$(shell id -u)),,sudo --)

setup: ## install what is missing: distribution packages, .venv, the project
	@.ci/setup

demo: setup ## start the lab, and the app on its source host
	@$(sudo) .venv/bin/vmlm-tui lab

test: setup ## run all tests, including real migrations; prints how much of tui/ the fast ones run
	@$(sudo) .venv/bin/python -m tests

quick: lint ## lint, and the tests that need neither the lab nor other machines: about 3 minutes
	@$(sudo) .venv/bin/python -m tests fast

coverage: setup ## the same tests without lint, and how much of tui/ they run
	@$(sudo) .venv/bin/python -m tests coverage

fuzz: setup ## give every reader 100,000 damaged inputs, other ones each time: about an hour
	@$(sudo) env FUZZ_EXAMPLES=100000 .venv/bin/python -m tests fuzz

lab-test: setup ## real migrations between the lab's hosts
	@$(sudo) .venv/bin/python -m tests lab

faults: setup ## all faults that are put to migrations in the lab: 40 minutes
	@$(sudo) .venv/bin/python -m tests faults

lint: setup ## the checks side by side; the output of each comes as a block
	@$(MAKE) --no-print-directory --jobs --keep-going --output-sync=target lint-code lint-format lint-types lint-imports

lint-code:
	.venv/bin/ruff check .

lint-format:
	.venv/bin/ruff format --check .

lint-types:
	.venv/bin/mypy

lint-imports:
	.venv/bin/lint-imports

bench-forecast: setup ## forecast and migrate many workloads in the lab: hours; fewer with `args="--repeats 1"`
	@$(sudo) .venv/bin/python -m tests.bench.forecast $(args)

bench: setup ## measure the app in the lab: one line `name value unit` per figure
	@$(sudo) .venv/bin/python -m tests.bench

pictures: setup ## draw the pictures of the README from recordings
	@.venv/bin/python -m tests.pictures

deb: setup ## a Debian package for this machine's release, in dist/
	@.ci/deb

deb-test: deb ## install that package in a clean system and run it; build the wheel and install it: about 4 minutes
	@$(sudo) .venv/bin/python -m tests package
