# notedfu. Every target sets up what it needs: a virtual environment with pinned versions in build/venv,
# npm packages by lock file in build/npm. Only python3 (3.10 to 3.14, with venv), node, npm, make and git
# must be there already.

PYTHON ?= python3
BUILD := build
VENV := $(BUILD)/venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
NPM := $(BUILD)/npm/.ready
PLOTS := $(BUILD)/plots
LINT := $(BUILD)/lint

# A value as one word of the shell's, whatever is in it; a ~/ before it is the home, as shells have it.
quoted = '$(subst ','\'',$(subst <begin>,,$(subst <begin>~/,$(HOME)/,<begin>$1)))'
option = $(if $2,$1 $(call quoted,$2))

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

## help: list the targets
.PHONY: help
help:
	@awk '/^## [a-z-]+: / { name = $$2; sub(/:/, "", name); sub(/^## [a-z-]+: /, ""); printf "  %-12s %s\n", name, $$0 }' \
	  $(MAKEFILE_LIST) | sort

## setup: make the virtual environment and fetch the npm packages (other targets do it by themselves)
.PHONY: setup
setup: $(READY) $(NPM)

$(READY): tools/requirements.txt
	@$(PYTHON) -c 'import sys, venv; v = sys.version_info[:2]; sys.exit(0 if (3, 10) <= v <= (3, 14) else "notedfu needs python 3.10 to 3.14 with venv, this is %d.%d: make PYTHON=python3.12 ..." % v)'
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv --clear $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r $<
	@touch $@

$(NPM): tools/npm/package-lock.json
	@mkdir -p $(@D)
	@cp tools/npm/package.json tools/npm/package-lock.json $(@D)
	@cd $(@D) && npm ci --silent --no-audit --no-fund
	@touch $@

## test: run the whole suite, on CPython and on MicroPython: JOBS=2 files beside each other, ARGS= for pytest
.PHONY: test
test: $(READY) $(NPM)
	@$(PY) -m pytest --numprocesses $(or $(JOBS),2) --dist loadfile --no-loadscope-reorder $(ARGS)

## vectors: run all of the public signature vectors and every single-bit flip, on both interpreters
.PHONY: vectors
vectors: $(READY)
	@NOTEDFU_VECTORS=all $(PY) -m pytest tests_host/host/test_vectors.py tests_host/host/test_imgtool_images.py

## demo: a whole update on the virtual board: BOARD=rp2|esp32|esp32-ota|esp32-slots|stm32|stm32-romfs|circuitpython|circuitpython-dualbank LINK=i2c|uart STAGING=file|flash MODE=auto|base64|binary KEY=p256|ed25519 SCENARIO=update|revert|corrupt|tampered|swapped|unsigned|downgrade|foreign|product|sleepy|hang|crashloop|crowded|deaf|firstapp|superseded|repl|legacy|cut|firmware|rollback|chip|mpy|drive|bite|dualbank|dualbank-back
.PHONY: demo
demo: $(READY)
	@$(PY) -m tools.demo $(call option,--link,$(LINK)) $(call option,--staging,$(STAGING)) $(call option,--scenario,$(SCENARIO)) $(call option,--key,$(KEY)) $(call option,--mode,$(MODE)) $(call option,--board,$(BOARD))

## demo-all: every scenario, the first three over every link with every staging
.PHONY: demo-all
demo-all: $(READY)
	@$(PY) -m tools.demo --all

## size: .mpy bytes and heap of each module and phase, against the budget and the last release (SAVE=1 at a release)
.PHONY: size
size: $(READY)
	@$(PY) -m tools.size $(if $(SAVE),--save)

## bench: rates, instructions, heap and the peers, against the goals: build/bench.json, docs/bench/*.svg
.PHONY: bench
bench: $(READY) $(NPM) $(PLOTS)/.ready
	@$(PY) -m tools.bench
	@$(PY) -m tools.bench.report build/bench.json .
	@$(PLOTS)/bin/python -m tools.bench.plots build/bench.json docs/bench

$(PLOTS)/.ready: tools/requirements-bench.txt
	@$(PYTHON) -m venv --clear $(PLOTS)
	@$(PLOTS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: -r $<
	@touch $@

## fuzz: N=1000000 SEED=1 mutated replies against scanner and decoders, on MicroPython
.PHONY: fuzz
fuzz: $(READY)
	@$(PY) -m tools.fuzz $(call option,-n,$(N)) $(call option,--seed,$(SEED)) $(call option,--first,$(FIRST))

## soak: N=2000 whole updates under random faults; one alone: SEED=n N=1; writes build/soak.json
.PHONY: soak
soak: $(READY)
	@$(PY) -m tools.soak $(call option,-n,$(N)) $(call option,--seed,$(SEED))

## year: a year of a sleepy device: 30000 wakes, 12 updates of which 3 are bad, 50 power cuts: [WAKES=30000 SEED=1]
.PHONY: year
year: $(READY)
	@$(PY) -m tools.year $(call option,--wakes,$(WAKES)) $(call option,--seed,$(SEED))

## powerloss: cut the power at every flash operation of whole updates, twice too: [CASE=name] [SEED=1] [ARGS=--reduced]
.PHONY: powerloss
powerloss: $(READY)
	@$(PY) -m tools.powerloss $(call option,--case,$(CASE)) $(call option,--seed,$(SEED)) $(ARGS)

## lint: check style, and each port's calls against the stubs of its interpreter
.PHONY: lint
lint: $(READY) $(NPM) $(LINT)/.ready
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m tools.typecheck

# an environment apart from the tests': busdevice's own dependencies shadow modules there
$(LINT)/.ready: $(READY) $(wildcard tools/stubs/*.txt) tools/typecheck/corrections.py
	@$(PYTHON) -m venv --clear $(LINT)/venv
	@$(PY) -m tools.typecheck stubs $(LINT)/venv/bin/python
	@touch $@

## format: put the sources into the house's form
.PHONY: format
format: $(READY)
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

## ram: what the updater takes of a heap of 32-bit words, on a MicroPython built from its sources: MICROPYTHON=dir [ARGS=--save] (docs/RAM.md)
.PHONY: ram
ram: $(READY)
	@test -n $(call quoted,$(MICROPYTHON)) || { echo "say where MicroPython's sources are: make ram MICROPYTHON=../micropython"; exit 2; }
	@$(PY) -m tools.ram $(call quoted,$(MICROPYTHON)) $(ARGS)

## frozen: build MicroPython's unix port with the updater frozen in; blank flash gets its first app: MICROPYTHON=dir [BITS=64|32]
.PHONY: frozen
frozen: $(READY)
	@test -n $(call quoted,$(MICROPYTHON)) || { echo "say where MicroPython's sources are: make frozen MICROPYTHON=../micropython"; exit 2; }
	@$(PY) -m tools.ram $(call quoted,$(MICROPYTHON)) --frozen $(or $(BITS),64)

## image: make an image: APP=dir, BIN=an ESP32 firmware, or both, VERSION=1.2.3 [OUT=app-1.2.3.img KEY=key.pem COUNTER=7 CLASS=vendor.com/name]
.PHONY: image
image: $(READY)
	@test -n $(call quoted,$(APP)$(BIN)) -a -n $(call quoted,$(VERSION)) || { echo "say what: make image APP=examples/app VERSION=1.2.3 (docs/IMAGES.md)"; exit 2; }
	@$(PY) -m tools.image make $(call quoted,$(or $(BIN),$(APP))) $(call quoted,$(VERSION)) $(call option,,$(OUT)) $(if $(BIN),--kind esp32 $(call option,--beside,$(APP))) $(call option,--key,$(KEY)) $(call option,--counter,$(COUNTER)) $(call option,--class,$(CLASS)) $(ARGS)

## keygen: make a signing key: KEY=$HOME/.keys/app.pem [TYPE=ed25519]
.PHONY: keygen
keygen: $(READY)
	@test -n $(call quoted,$(KEY)) || { echo "say where, outside the repository: make keygen KEY=\$$HOME/.keys/app.pem"; exit 2; }
	@$(PY) -m tools.image keygen $(call quoted,$(KEY)) --type $(call quoted,$(or $(TYPE),p256)) $(call option,--class,$(CLASS))

## deploy: put the updater and an app on a board: PORT=/dev/ttyACM0 | DRIVE=/media/you/CIRCUITPY [BOARD=rp2|esp32|esp32-ota|stm32|circuitpython] [APP=dir VERSION=1.2.3 | IMAGE=file] [SETTINGS=file]
.PHONY: deploy
deploy: $(READY)
	@test -n $(call quoted,$(PORT)$(DRIVE)) || { echo "say which board: make deploy PORT=/dev/ttyACM0 APP=examples/app VERSION=1.0.0 SETTINGS=notedfu.json"; \
	  echo "CircuitPython, where the computer shows its drive: make deploy DRIVE=/media/you/CIRCUITPY ..."; \
	  echo "PORT: one of these serial ports, with the board's cable in:"; $(VENV)/bin/mpremote connect list; exit 2; }
	@test $(call quoted,$(BOARD)) != circuitpython -o -n $(call quoted,$(DRIVE)) || { echo "say where its drive is: make deploy DRIVE=/media/you/CIRCUITPY"; exit 2; }
	@$(PY) -m $(if $(DRIVE),tools.deploy.mounted $(call quoted,$(DRIVE)),tools.deploy $(call quoted,$(PORT)) $(call option,--board,$(BOARD))) $(call option,--image,$(IMAGE)) $(if $(APP),--app $(call quoted,$(APP)) --version $(call quoted,$(VERSION))) $(call option,--settings,$(SETTINGS)) $(ARGS)

## shrink: make an STM32 board's filesystem smaller, once, so that raw flash is left for staging: PORT=/dev/ttyACM0 KEEP=1024 (KiB) [ARGS=--yes]
.PHONY: shrink
shrink: $(READY)
	@test -n $(call quoted,$(PORT)) -a -n $(call quoted,$(KEEP)) || { echo "say which board, and what the filesystem keeps: make shrink PORT=/dev/ttyACM0 KEEP=1024"; exit 2; }
	@$(PY) -m tools.deploy.shrink $(call quoted,$(PORT)) $(call quoted,$(KEEP)) $(ARGS)

## status: say what is on a board, in words: PORT=/dev/ttyACM0
.PHONY: status
status: $(READY)
	@test -n $(call quoted,$(PORT)) || { echo "say which board: make status PORT=/dev/ttyACM0"; exit 2; }
	@$(PY) -m tools.deploy.status $(call quoted,$(PORT))

## adopt: make the project that is on a board its first app: PORT=/dev/ttyACM0 [VERSION=1.0.0 SETTINGS=file]
.PHONY: adopt
adopt: $(READY)
	@test -n $(call quoted,$(PORT)) || { echo "say which board: make adopt PORT=/dev/ttyACM0"; exit 2; }
	@$(PY) -m tools.deploy.adopt $(call quoted,$(PORT)) $(call quoted,$(or $(VERSION),1.0.0)) $(call option,,$(SETTINGS))

## undo: take the updater off a board and put back what was there: PORT=/dev/ttyACM0
.PHONY: undo
undo: $(READY)
	@test -n $(call quoted,$(PORT)) || { echo "say which board: make undo PORT=/dev/ttyACM0"; exit 2; }
	@$(PY) -m tools.deploy.adopt undo $(call quoted,$(PORT))

## doctor: what a connected board has, whether its Notecard answers, and what to do next: PORT=/dev/ttyACM0
.PHONY: doctor
doctor: $(READY)
	@test -n $(call quoted,$(PORT)) || { echo "say which board: make doctor PORT=/dev/ttyACM0"; exit 2; }
	@$(PY) -m tools.deploy.doctor $(call quoted,$(PORT))

## dist: archives for both interpreters and their checksums, in build/dist; package.json for mip
.PHONY: dist
dist: $(READY)
	@$(PY) -m tools.dist --package
	@$(PY) -m tools.dist

## clean: remove all that was made at run time
.PHONY: clean
clean:
	@rm -rf $(BUILD)
