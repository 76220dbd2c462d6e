# Two commands for everybody: make demo, make test. Each makes its own environment.
SHELL := /bin/bash
STATE ?= .citywatch
UV := $(shell command -v uv || echo .uv/bin/uv)
RUN = "$(UV)" run --no-sync
EXTRAS ?= --extra demo $(if $(shell PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v mosquitto),,--extra broker)

.PHONY: demo test check wheel environment clean

demo: environment  ## the whole system on this machine; the console's address is printed
	@$(RUN) citywatch demo --state "$(STATE)"

test: environment  ## the suite, on a real database and a real broker
	@$(RUN) pytest --numprocesses 3 --dist loadfile  # they wait more than they work

check: environment  ## formatting, lint, types, import contracts
	@$(RUN) ruff format --check .
	@$(RUN) ruff check .
	@$(RUN) mypy
	@$(RUN) lint-imports

wheel: environment  ## build the wheel and run the unit tests against it, without the source tree
	@.ci/wheel

environment: $(UV)
	@"$(UV)" sync --quiet --locked $(EXTRAS)

.uv/bin/uv:
	@python3 -m venv .uv && .uv/bin/pip install --quiet "uv>=0.9"

clean:
	@rm -rf .venv .uv dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
