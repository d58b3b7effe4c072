# Every target sets up what it needs; `make demo` and `make test` are all that a newcomer has to know.
PYTHON ?= python3
BIN := .venv/bin
ARGS ?=

.PHONY: help setup built demo showcase test test-fast test-slow test-embedded test-cluster chaos check bench \
  bench-embedded train claims clean

help:
	@echo 'make demo       ten robots meet; ARGS="backend:=kinematic fault:=random@robot_0:5" changes the launch'
	@echo 'make showcase   two teams side by side, each with a liar of its own, as picture and film in runs/showcase'
	@echo 'make test       every test but the slow ones        make test-slow  those as well'
	@echo 'make test-fast  core, simulators, episodes and one launch, in under two minutes'
	@echo 'make test-embedded   only the tests of the embedded ROS 2 runtime, which make test runs last'
	@echo 'make test-cluster    install Ray, 80 MB, and test studies on a cluster of two nodes'
	@echo 'make chaos      kill, pause, flood and cut off real swarms; ARGS="--trials 1 --only policy"'
	@echo 'make check      ruff and mypy                       make bench      speed, side by side'
	@echo 'make train      train a policy; ARGS="--seed 1 --output runs/train-1"'
	@echo 'make setup      only install into .venv             make clean      remove .venv and caches'
	@echo 'make claims     attack what is claimed of the shipped policies; ARGS="--minutes 5 --seed 1"'
	@echo 'make bench-embedded  the embedded ROS 2 runtime beside Cyclone DDS alone'

.venv/.python: pyproject.toml ros2_ws/embedded/pyproject.toml ros2_ws/embedded/embedded_ros2.pth
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'error: $(PYTHON) is older than Python 3.11; name a newer one: make PYTHON=python3.11 ...' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
	  { echo 'error: $(PYTHON) cannot make virtual environments; on Debian and Ubuntu: apt install python3-venv' >&2; exit 2; }
	$(PYTHON) -m venv .venv
	@touch $@

# The demo needs no PyTorch.
.venv/.demo: .venv/.python
	$(BIN)/pip install --quiet --editable ./ros2_ws/embedded --editable '.[sim]'
	@touch $@

.venv/.dev: .venv/.python
	$(BIN)/pip install --quiet --editable './ros2_ws/embedded[test]' --editable '.[dev]'
	@touch $@ .venv/.demo

# What type checkers and editors read of the messages.
typings: .venv/.dev $(wildcard ros2_ws/src/mir2_interfaces/*/*)
	$(BIN)/python -m embedded_ros.stubs $@
	@touch $@

setup: .venv/.dev typings

# A ROS 2 that is sourced runs the demo itself, once it knows our packages.
built:
	@test -z "$$ROS_DISTRO" || ! command -v ros2 >/dev/null || ros2 pkg prefix mir2_swarm >/dev/null 2>&1 || \
	  { echo "error: ROS 2 $$ROS_DISTRO is sourced, but the workspace is not built:" \
	    "cd ros2_ws && colcon build && source install/setup.bash" >&2; exit 2; }

demo: built .venv/.demo
	$(BIN)/ros2 launch mir2_swarm rendezvous.launch.py $(ARGS)

showcase: built .venv/.dev
	$(BIN)/mir2 showcase --output runs/showcase $(ARGS)

# The embedded runtime is a project of its own, whose tests run in a process of their own.
test: MARKS := -m 'not slow'
test test-slow: .venv/.dev
	@status=0; \
	$(BIN)/python -m pytest $(MARKS) $(ARGS) || status=$$?; \
	$(BIN)/python -m pytest ros2_ws/embedded || status=$$?; \
	exit $$status

test-fast: .venv/.dev
	$(BIN)/python -m pytest -m 'fast and not slow' $(ARGS)

.venv/.cluster: .venv/.dev
	$(BIN)/pip install --quiet --editable '.[cluster]'
	@touch $@

test-cluster: .venv/.cluster
	$(BIN)/python -m pytest tests/policies/test_cluster.py $(ARGS)

test-embedded: .venv/.dev
	$(BIN)/python -m pytest ros2_ws/embedded $(ARGS)

chaos: .venv/.dev
	$(BIN)/python -m tests.chaos $(ARGS)

check: typings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/.dev
	@for script in bench/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

bench-embedded: .venv/.dev
	$(BIN)/python ros2_ws/embedded/bench/latency.py

train: .venv/.dev
	$(BIN)/mir2 train --task rendezvous $(ARGS)

# The answer is 1 if a claim is broken.
claims: .venv/.dev
	$(BIN)/mir2 claims policies/zoo/claims.yaml $(ARGS)

clean:
	rm -rf .venv typings .mypy_cache .ruff_cache .pytest_cache .hypothesis
