# `make` lists the targets. Everything that a target needs is set up by scripts/, which skip what is there.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Without root, scripts/setup puts RocksDB here instead of /usr/local.
ROCKSDB := $(CURDIR)/.deps/rocksdb
ifneq ($(wildcard $(ROCKSDB)/lib/librocksdb.so),)
export CGO_CFLAGS := -O2 -g -I$(ROCKSDB)/include
export CGO_LDFLAGS := -O2 -g -L$(ROCKSDB)/lib -Wl,-rpath,$(ROCKSDB)/lib
endif

TOOL := go tool -modfile=scripts/tools/go.mod
# Extra flags: make restore-bench ARGS="--keys 10k --runs 3", make test ARGS="-run Name"
ARGS ?=

.PHONY: help setup build restore-bench bench bench-compare peers peers-bench test answer interrupts equal-runs mutations mutants defects torture fuzz lint fmt clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install what is missing: Debian packages, Kafka, RocksDB
	@scripts/setup

# A make of its own: whether RocksDB lies in .deps is only known after the set-up.
build: setup ## Build bin/restorebench
	@$(MAKE) --no-print-directory bin/restorebench

.PHONY: bin/restorebench
bin/restorebench:
	go build -o bin/restorebench ./cmd/restorebench

restore-bench: build ## Kill, restart, time, verify and plot (ARGS="--keys 10k --runs 3")
	bin/restorebench run $(ARGS)

bench: setup ## Go benchmarks of load, replay and local open (ARGS="-count 6", or -args and sizes)
	@$(MAKE) --no-print-directory run-bench

.PHONY: run-bench
run-bench:
	go test -run '^$$' -bench . ./bench/... $(ARGS)

peers: setup ## Build the other systems that can be measured (Kafka Streams, Quix Streams, a loop in Go)
	@scripts/peers

# Each version of Kafka Streams as shipped, the newest one tuned as well, Quix Streams, and the loop over Poll.
peers-bench: build peers ## All of them side by side, 1M keys, into results/peers (25 minutes)
	bin/restorebench run --keys 1M --recovery replay,local --out results/peers \
	  --subjects restorebench,kafka-streams@4.3.1,kafka-streams@4.2.1,kafka-streams@4.1.2,kafka-streams-tuned@4.3.1,quix,naive-go,naive-go-tuned $(ARGS)

# The question: 80 million keys of 200 B on 12 partitions, written at 20,000 records/s, to be back in 30 seconds.
answer: build ## How long am I down, and what brings it under 30 s? Measure, fit, predict (20 minutes)
	bin/restorebench run specs/capacity.yaml --out results/capacity $(ARGS)
	bin/restorebench predict results/capacity --keys 80M --value-bytes 200 --partitions 12 --rto 30s --rate 20k --html results/capacity/report.html

bench-compare: build ## Hold the restore to its targets, measured then and there (10 minutes)
	bin/restorebench targets $(ARGS)

test: setup ## All tests, with the race detector, on real Kafkas (ARGS="-run Name")
	@$(MAKE) --no-print-directory run-test

# Computing takes many times as long under the race detector. So what is exhaustive or random in the stores, the command from outside,
# and most campaigns of torture, are tested in full without it and by -short with it; and packages that start no goroutine, in their
# tests neither (TestNothingToRace), have nothing to race. The two runs go side by side: one computes while the other waits for its Kafkas.
ALONE := bench/compare bench/model bench/plot bench/stats harness/workload
# Those that take the longest begin first, so that none is left to run by itself.
LONGEST := bench/peers harness/trial bench/torture
# And those that the raced run has in full, since what happens beside each other is what they are about.
RACED := TestInterrupts$$|TestTorture$$|TestBrokerIsStruck|TestGroup|TestZombie
RACE = $(LONGEST:%=./%) $(filter-out $(ALONE:%=restorebench/%) $(LONGEST:%=restorebench/%),$(shell go list ./...))

# Nobody debugs these binaries: without DWARF they are linked sooner.
FLAGS := -timeout 30m -ldflags=-w

.PHONY: run-test run-tests run-test-race run-test-full
run-test:
	@scripts/with-docker-engine $(MAKE) --no-print-directory run-tests

run-tests:
	@$(MAKE) --no-print-directory -k $(if $(findstring jobserver,$(MAKEFLAGS)),,-j2) run-test-race run-test-full

run-test-race:
	go test $(FLAGS) -race -short $(RACE) $(ARGS)

run-test-full:
	go test $(FLAGS) -p 1 -skip '$(RACED)' ./cmd/... ./bench/torture $(ALONE:%=./%) ./stores/... $(ARGS)

interrupts: setup ## Interrupt 100 runs at random moments; nothing may be left behind
	@$(MAKE) --no-print-directory run-interrupts

.PHONY: run-interrupts
run-interrupts:
	scripts/with-docker-engine go test -count 1 -v -timeout 40m -run TestInterrupts ./cmd/restorebench -interrupts 100 $(ARGS)

defects: setup ## Seed bugs into stores, restore and harness, one at a time; each must be caught (3 minutes)
	@$(MAKE) --no-print-directory run-defects

.PHONY: run-defects
run-defects:
	scripts/with-docker-engine go test -count 1 -tags defects -timeout 20m -run Defects ./harness/trial ./bench/torture $(ARGS)

equal-runs: setup ## Compare 10 pairs of equal runs: how often does compare see what is not there? (8 minutes)
	@$(MAKE) --no-print-directory run-equal-runs

.PHONY: run-equal-runs
run-equal-runs:
	go test -count 1 -v -timeout 40m -run TestEqualRuns ./cmd/restorebench -equal 10 $(ARGS)

mutations: setup ## Change one byte format at a time; the tests against Kafka Streams must fail
	@$(MAKE) --no-print-directory run-mutations

.PHONY: run-mutations
run-mutations:
	RESTOREBENCH_REQUIRE_JAVA=1 go test -count 1 -v -timeout 30m -run TestMutations ./bench/peers/kafkastreams -mutations $(ARGS)

torture: build ## Kill stores at random and chosen moments, 10 times each (ARGS="--nightly")
	bin/restorebench torture $(or $(ARGS),--ci)

mutants: setup ## Change one operator, literal or statement at a time; print what the tests do not notice (hours)
	@$(MAKE) --no-print-directory run-mutants

.PHONY: run-mutants
run-mutants:
	go run ./internal/mutation stores harness/verify harness/restore stores/memory stores/rocks stores/keyvalue stores/versioned stores/cache
	go run ./internal/mutation -by stores/keyvalue stores/timestamped
	go run ./internal/mutation -by stores/window,stores/session stores/segments stores/window stores/session
	go run ./internal/mutation -by stores/keyvalue,stores/window,stores/session,stores/versioned stores/format

fuzz: setup ## Go's own fuzzing of all that is parsed, each for FUZZTIME=10m
	@$(MAKE) --no-print-directory run-fuzz

.PHONY: run-fuzz
run-fuzz:
	scripts/fuzz

lint: setup ## golangci-lint, gofumpt, go vet
	@$(MAKE) --no-print-directory run-lint

.PHONY: run-lint
run-lint:
	go vet ./...
	@unformatted=$$($(TOOL) gofumpt -l .); [[ -z $$unformatted ]] || { printf 'not formatted, run make fmt:\n%s\n' "$$unformatted"; exit 1; }
	$(TOOL) golangci-lint run

fmt: ## Format the Go files
	$(TOOL) gofumpt -w .

clean: ## Remove what was built and fetched; results stay
	rm -rf bin .deps
