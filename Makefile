# The commands of the README. Each installs what it misses first.
BUILD := build
PACKAGES := $(shell sed -e 's/\#.*//' -e 's/[[:space:]].*//' packages.txt)
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

.PHONY: demo fashion gallery build test bench deps format format-check asan tsan install clean

demo: build
	./$(BUILD)/noneq run pipelines/swiss_roll.yaml --force
	@echo "Look at runs/swiss_roll/report.html; beside it are swiss_roll.png, bound.png, samples.h5 and metrics.jsonl"

fashion: build data/fashion_mnist.h5
	./$(BUILD)/noneq run pipelines/fashion_mnist_fast.yaml --force
	@echo "Look at runs/fashion_mnist_fast/report.html; beside it are samples.png, bits.png and metrics.jsonl"

# The pictures of README.md and docs/, in half an hour. Trainings that are finished are not repeated.
gallery: build data/fashion_mnist.h5
	docs/pictures/make.sh ./$(BUILD)/noneq

data/fashion_mnist.h5: | build
	data/fashion_mnist.sh $(BUILD)/noneq $@

# The program and its plugins, without the tests.
build: deps
	cmake --preset release
	cmake --build --preset release --target program

test: deps format-check
	cmake --preset release
	cmake --build --preset release
	ctest --preset release

# The peers of make bench, from PyPI in a virtual environment of some gigabytes. It needs python3-venv.
PEERS := build-peers
.PHONY: peers
peers:
	python3 -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --upgrade 'torch>=2.13' diffusers onnxruntime openvino onnx onnxscript h5py

# Our speed beside that of every peer in the Python programs that PEER_PYTHON names, colon separated, by default those of
# make peers and of Debian. It needs python3, an idle machine, and hours, because torch.compile is tried in every variant.
PEER_PYTHON ?= $(PEERS)/bin/python:/usr/bin/python3
bench: export PEER_PYTHON := $(PEER_PYTHON)
bench: build
	cmake --build $(BUILD) --target bench_machine bench_batches bench_empty
	python3 tests/bench/bench.py $(BUILD)
	python3 tests/bench/processing.py $(BUILD)
	python3 tests/bench/small.py $(BUILD)

# Asks apt only when a package is missing, so that later calls need neither root nor a network.
deps:
	@missing=$$(for p in $(PACKAGES); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || echo $$p; done); \
	if [ -n "$$missing" ]; then \
	  echo "installing:" $$missing; \
	  $(SUDO) apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive $(SUDO) apt-get install -y -qq --no-install-recommends $$missing; \
	fi

SOURCES = $(shell git ls-files --cached --others --exclude-standard '*.cpp' '*.hpp')
format: deps
	@clang-format -i $(SOURCES)

format-check: deps
	@clang-format --dry-run --Werror $(SOURCES)

asan: deps
	cmake --preset asan
	cmake --build --preset asan
	ctest --preset asan

tsan: deps
	cmake --preset tsan
	cmake --build --preset tsan
	ctest --preset tsan

# The lines of framework/ that tests reach, by gcovr; as make test, but slower. It fails below COVERAGE percent.
COVERAGE ?= 90
.PHONY: coverage
coverage: deps
	@command -v gcovr >/dev/null || { echo "make coverage needs gcovr, which no other target needs: $(SUDO) apt install gcovr"; exit 1; }
	cmake --preset coverage
	cmake --build --preset coverage
	find build-coverage -name '*.gcda' -delete
	ctest --preset coverage
	gcovr --root . --filter framework/ --gcov-ignore-parse-errors --sort-percentage \
	  --fail-under-line $(COVERAGE) build-coverage

# The flow of data under ThreadSanitizer, as CI runs it; flow/memory measures what the sanitizer itself takes.
.PHONY: races
races: deps
	cmake --preset tsan
	cmake --build --preset tsan --target test_flow
	ctest --preset tsan -R '^flow/' -E '^flow/memory$$'

# Bytes of any kind for every reader of files, by libFuzzer: FUZZ_SECONDS for each target, or FUZZ_RUNS trials. Bytes that
# break a law stay in build-fuzz/findings.
FUZZ_SECONDS ?= 30
FUZZ_RUNS ?=
.PHONY: fuzz
fuzz: export FUZZ_SECONDS := $(FUZZ_SECONDS)
fuzz: export FUZZ_RUNS := $(FUZZ_RUNS)
fuzz: deps
	@ls "$$(clang++ -print-resource-dir 2>/dev/null)"/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 || \
	{ echo "make fuzz needs clang++ and its libFuzzer, which no other target needs: $(SUDO) apt install clang libclang-rt-14-dev"; exit 1; }
	cmake --preset fuzz
	cmake --build --preset fuzz
	tests/fuzz/run.sh build-fuzz

# Two hundred signals at random moments, and a disk that is full from one of two hundred writes on, for runs that train
# and for runs that process data. Half an hour.
.PHONY: faults
faults: build
	cmake --build $(BUILD) --target faults
	tests/faults/run.sh $(BUILD)/noneq $(BUILD)/lib 200

# A training run of SOAK_MINUTES, whose memory, descriptors and threads must stay.
SOAK_MINUTES ?= 30
.PHONY: soak
soak: build
	tests/faults/soak.sh $(BUILD)/noneq $(SOAK_MINUTES)

install: build
	cmake --install $(BUILD)

clean:
	rm -rf $(BUILD) build-debug build-asan build-tsan build-fuzz build-coverage
