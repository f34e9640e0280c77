# Each command works from a fresh clone: it does its own set-up first.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8080
WORKERS ?= 2
export PORT

.PHONY: help run demo serve test test-fast test-browser image-test lint format bench soak coverage screens lock clean setup setup-dev system

help: ## List the commands
	@grep -hE '^[a-z-]+:.*## ' Makefile | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: setup ## Set up, and serve the demo company on http://localhost:8080 (or PORT)
	$(BIN)/python -m demo.run

demo: setup ## Play the whole journey without a person, and check every step
	$(BIN)/python -m demo.play

serve: setup ## Serve a real deployment (see README, "A real one")
	$(BIN)/doorward serve

test: setup-dev system ## Run every test
	tools/test

test-fast: setup-dev ## Run the tests that need neither browser nor PostgreSQL
	$(BIN)/python -m pytest -n $(WORKERS) -m "not browser and not postgres and not slow"

test-browser: setup-dev system ## Run the browser tests only
	$(BIN)/python -m pytest -m browser

image-test: setup-dev ## Build the images and run them hardened; for a release (Debian: apt; needs root or sudo)
	tools/image-test

lint: setup-dev ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=clients/python $(BIN)/lint-imports

format: setup-dev ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-dev ## Measure, as ratios side by side with their noise; writes build/bench.json
	$(BIN)/python -m bench

soak: setup-dev ## Judge a million spoilt registrations, a million spoilt logins, decide a million times thrice, end access 10,000 times beside another broker
	$(BIN)/python -m tests.authn.soak
	$(BIN)/python -m tests.policies.soak
	$(BIN)/python -m tests.stories.soak

coverage: setup-dev system ## Say which lines and branches the fast tests reach
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -q -n $(WORKERS) -m "not browser and not slow"
	$(BIN)/python -m coverage combine -q
	$(BIN)/python -m coverage report --skip-covered --sort=cover

screens: setup-dev system ## Take the pictures of docs/images
	$(BIN)/python -m tests.browser.screens

lock: setup-dev ## Make the lock files anew
	tools/lock

setup: $(VENV)/.runtime

setup-dev: $(VENV)/.dev

$(VENV)/.runtime: requirements/demo.txt pyproject.toml tools/setup
	tools/setup requirements/demo.txt $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml tools/setup
	tools/setup requirements/dev.txt $@

system: ## Install what the tests need from the system (Debian and Ubuntu: apt; needs root or sudo)
	tools/system

clean: ## Remove what was made here (the demo's database too)
	tools/image-test clean
	rm -rf $(VENV) .run build .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
