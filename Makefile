# The harness lives in .venv/ of the checkout; what it tests (Flower, Toxiproxy) is fetched into a cache when first needed.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.installed
SCRIPTS := $(shell grep -rlE '^.!/(usr/bin/env |bin/)(ba)?sh' .ci fixtures tests/appliance/programs)

.PHONY: install features test lint fidelity clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

features: install
	$(VENV)/bin/pytest features/ $(ARGS)

test: install
	$(VENV)/bin/pytest tests/ $(ARGS)

fidelity: install
	$(VENV)/bin/harness fidelity tests/cloud/recordings $(ARGS)

lint: install
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	for script in $(SCRIPTS); do bash -n "$$script" || exit 1; done
	@if command -v shellcheck > /dev/null; then shellcheck --external-sources $(SCRIPTS); \
	else echo "shell scripts were only parsed: shellcheck is not installed (Debian and Ubuntu: apt-get install shellcheck)"; fi

clean:
	rm -rf $(VENV) build dist *.egg-info
