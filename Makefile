# Everything needed is Python 3.11 or newer, make and the package index. The environment is set up once, in .venv beside this file.
#
#     make demo            paint three photographs
#     make test            run the tests
#     make coverage        run the tests and measure what they reach
#     make check           run the linters
#     make test-lean       run the tests of the install without torch
#     make PYTHON=python3.12 ...   with another Python

# No path here is absolute: a checkout may lie in a folder with spaces in its name.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
LEAN := .venv-lean

# Tests use one thread each. A process takes up to 2 GB; `make test PARALLEL=` runs them one after another.
PARALLEL := -n logical --maxprocesses 4 --dist worksteal

# python3.11 is the one tested; a name may exist and still not run, so each is tried.
PYTHON ?= $(shell for name in python3.11 python3 python; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$name" && break; done)

define CHECK_PYTHON
if [ -z "$(PYTHON)" ]; then \
	echo "StyleNet needs Python 3.11 or newer, and none was found. Install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	echo "StyleNet needs Python 3.11 or newer; $(PYTHON) is older or does not run. Name another: make PYTHON=/path/to/python3" >&2; exit 1; }; \
"$(PYTHON)" -c 'import ensurepip, venv' || { \
	echo "$(PYTHON) cannot make environments. On Debian and Ubuntu its package python3-venv is missing." >&2; exit 1; }
endef

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo demo-lean page test test-all coverage test-lean check parity format clean

help:           ## say what there is
	@grep -E '^[a-z-]+: .*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1	/' | while IFS='	' read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

setup: $(READY) ## set up .venv (the others do it by themselves)

demo: $(READY)  ## paint photographs in built-in styles into demo-output/
	"$(BIN)/stylenet" demo --output demo-output

demo-lean:      ## install without torch into .venv-demo, say what that takes, and paint into demo-output/
	@rm -rf .venv-demo
	@$(CHECK_PYTHON)
	@"$(PYTHON)" -m venv .venv-demo
	@began=$$(date +%s); .venv-demo/bin/python -m pip install -q --disable-pip-version-check -c constraints.txt . && \
		echo "installed in $$(($$(date +%s) - began)) s, $$(du -sm .venv-demo | cut -f1) MB in all"
	.venv-demo/bin/stylenet demo --output demo-output

page: $(READY)  ## write a page that paints in the browser into page-output/
	"$(BIN)/stylenet" page --output page-output

test: $(READY)  ## run the tests; make test ARGS='-k gram' runs some of them
	"$(BIN)/python" -m pytest $(PARALLEL) $(ARGS)

test-all: $(READY) ## run the tests, the slow ones included
	"$(BIN)/python" -m pytest $(PARALLEL) -m '' $(ARGS)

coverage: $(READY) ## run the tests and report the lines and branches of src that they miss
	@rm -rf .coverage
	"$(BIN)/coverage" run -m pytest $(PARALLEL) $(ARGS)
	"$(BIN)/coverage" combine -q
	"$(BIN)/coverage" json -q -o .coverage/report.json
	"$(BIN)/coverage" report
	"$(BIN)/python" tools/check_branches.py .coverage/report.json

test-lean: $(LEAN)/ready ## run the tests of the install without torch, in .venv-lean
	"$(LEAN)/bin/python" -m pytest tests/lean $(ARGS)

check: $(READY) ## run ruff, mypy and the import contracts
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"

parity:         ## compare the recipes with the frameworks they came from, in an environment of its own
	parity/run

format: $(READY) ## repair what ruff can repair
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

clean:          ## remove what make made: .venv, demo-output, page-output, caches, builds
	rm -rf .venv .venv-lean .venv-demo demo-output page-output build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamp is written last, so that an interrupted set-up is done again.
$(READY): pyproject.toml constraints.txt
	@$(CHECK_PYTHON)
	@echo "Setting up .venv; this is done once and takes a minute or two."
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/python" -m pip install --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch "$(READY)"

# Not editable, as people install it: what is missing in the wheel is missed here.
$(LEAN)/ready: pyproject.toml constraints.txt $(shell find src -type f -not -name '*.pyc')
	@$(CHECK_PYTHON)
	"$(PYTHON)" -m venv "$(LEAN)"
	"$(LEAN)/bin/python" -m pip install -q --disable-pip-version-check -c constraints.txt '.[studio]' pytest
	@touch "$@"
