# hookgate. `make` alone says what there is. Each target installs what it needs.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DEFAULT_GOAL := help
.PHONY: help run demo tools test docs minimal idle lint package fuzz bench load store crash interop timing

# Seconds that each fuzz target runs.
T ?= 60
# What `make load` does: turns of T seconds (5 unless given) in so many rounds, at each number of connections; beside whom (all,
# unless some are named); and whether the ratios have to hold.
ROUNDS ?= 3
CONNECTIONS ?= 1 16 64 256
PEERS ?=
CHECK ?= yes
# Whether `make crash` also kills a release build under heavy load.
LOAD ?= no
# What `make store` does: the same, at each of these; and so many events in a file that is laid first.
STORE_CONNECTIONS ?= 16 64 256
EVENTS ?= 0
# Where `make run` listens.
LISTEN ?= 127.0.0.1:5000

FUZZ_TARGETS = $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))
MINIMAL = --no-default-features --features tiny_http
# All features but `default`, as Cargo.toml lists them.
FEATURES = $(shell sed -n '/^\[features\]/,/^\[dependencies\]/s/^\([a-z_]*\) = .*/\1/p' Cargo.toml | grep -vx default)
# Installs Debian packages where a command is missing: $(call need,COMMAND,PACKAGES)
need = command -v $(1) >/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq $(2); }
SUDO := $(shell [ "$$(id -u)" = 0 ] || echo sudo)

# A build needs cargo and a C compiler; what else a target needs, it installs.
ifeq ($(shell command -v cargo),)
$(error hookgate is built with Rust: install it from https://rustup.rs, then run make again)
endif

help: ## Say what there is
	@echo 'hookgate: receives webhooks, proves who signed them, hands them on.'; echo
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo; echo 'Options: make fuzz T=600 (seconds a target), make run LISTEN=127.0.0.1:8080,'
	@echo '         make load T=5 ROUNDS=3 CONNECTIONS="1 16 64 256" PEERS="nginx floor" CHECK=no (whether ratios have to hold)'
	@echo '         make crash ROUNDS=200 LOAD=yes (also under heavy load, on a release build)'

run: ## Start the receiver (on 127.0.0.1:5000) with HOOKGATE_SECRET, or with a secret made for you
	@cargo build --release --locked
	@secret=(--secret-env HOOKGATE_SECRET)
	if [ -z "$${HOOKGATE_SECRET:-}" ]; then
	  secret=(--secret-file .hookgate/secret)
	  if [ ! -s .hookgate/secret ]; then
	    mkdir -p .hookgate
	    (umask 077; od -An -N32 -tx1 /dev/urandom | tr -d ' \n' > .hookgate/secret)
	    echo 'HOOKGATE_SECRET is not set: made a random secret, once, in .hookgate/secret (only you can read it, git ignores it).'
	  else
	    echo 'HOOKGATE_SECRET is not set: using the secret in .hookgate/secret.'
	  fi
	fi
	echo 'From another terminal, in this folder, this is accepted:'; echo
	./target/release/hookgate sign "$${secret[@]}" --event push --curl http://$(LISTEN)/webhook examples/push.json
	echo
	exec ./target/release/hookgate serve --listen $(LISTEN) "$${secret[@]}"

demo: ## Send a signed push and a forged one to a receiver of its own, and show what comes of them
	@cargo build --release --locked
	@examples/demo.sh ./target/release/hookgate

# What tests use that a small system lacks. Without one, those that need it say that they are skipped; in CI they fail.
tools:
	@$(call need,curl,curl)
	@$(call need,fish,fish)
	@$(call need,man,man-db groff-base)
	@$(call need,openssl,openssl)
	@$(call need,script,bsdutils)
	@$(call need,sqlite3,sqlite3)
	@$(call need,strace,strace)
	@$(call need,systemd-analyze,systemd)
	@$(call need,zsh,zsh)
	@[ -n "$$(ls /usr/lib/*/faketime/libfaketimeMT.so.1 2>/dev/null)" ] || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq faketime; }

test: $(if $(CI),tools) ## Run all tests, on the full program and on the minimal one
	cargo test --locked
	cargo test --locked $(MINIMAL)

docs: ## Write the generated documents anew
	WRITE_DOCS=1 cargo test --locked --test explain --test documents

minimal: ## Build the minimal receiver; check its dependencies and its size
	cargo build --release --locked $(MINIMAL) --target-dir target/minimal
	@tree=$$(cargo tree --locked $(MINIMAL) --edges normal --depth 1 --prefix none --format '{p}')
	found=$$(echo "$$tree" | tail -n +2 | cut -d ' ' -f 1 | sort | xargs)
	expected='hex hmac serde_json sha2 tiny_http'
	[ "$$found" = "$$expected" ] || { echo "the minimal receiver depends on: $$found"; echo "it may depend on: $$expected"; exit 1; }
	size=$$(wc -c < target/minimal/release/hookgate)
	[ "$$size" -lt 1048576 ] || { echo "the minimal receiver has $$size bytes, limit 1048576"; exit 1; }
	echo "target/minimal/release/hookgate: $$size bytes, direct dependencies: $$found"

idle: ## Check that a receiver to which nothing comes takes 12 MiB of memory at most, and no CPU
	cargo build --release --locked
	IDLE_RELEASE=$(CURDIR)/target/release/hookgate cargo test --locked --test cli idle -- --nocapture

lint: ## Formatting, clippy and documentation, warnings are errors
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings
	cargo clippy --locked --all-targets $(MINIMAL) -- -D warnings
	# The library without features and with each alone, as somebody else may depend on it.
	for feature in '' $(FEATURES); do
	  cargo clippy --locked --lib --no-default-features --features "$$feature" -- -D warnings
	done
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps
	for manifest in fuzz/Cargo.toml benches/*/Cargo.toml benches/load/recipes/*/Cargo.toml examples/*/Cargo.toml; do
	  cargo fmt --check --manifest-path "$$manifest"
	done

package: ## Check that the crate can be published
	cargo package --locked --allow-dirty

fuzz: ## Run every fuzz target for T seconds
	@command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked
	for target in $(FUZZ_TARGETS); do
	  mkdir -p fuzz/corpus/$$target
	  cargo fuzz run --sanitizer none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- -max_total_time=$(T) -rss_limit_mb=2048
	done

bench: ## Time the pure parts, then hold the verifier against the bare MAC, ring and aws-lc-rs in one run
	cargo bench --locked
	cargo run --release --locked --manifest-path benches/rivals/Cargo.toml

load: T = 5
load: ## Hold the receiver under load beside nginx, adnanh/webhook, Flask, node and axum, in one run
	@$(call need,wrk,wrk)
	@$(call need,python3,python3)
	@python3 -c 'import ensurepip, venv' 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }
	@$(call need,node,nodejs)
	@$(call need,npm,npm)
	@python3 -B benches/load/load.py --seconds $(T) --rounds $(ROUNDS) --connections '$(CONNECTIONS)' --peers '$(PEERS)' --check $(CHECK)

store: T = 5
store: ## Hold the receiver with its store under load, all deliveries different, beside nginx; EVENTS=5000000 lays a large file
	@$(call need,wrk,wrk)
	@$(call need,python3,python3)
	@python3 -B benches/load/store.py --seconds $(T) --rounds $(ROUNDS) --connections '$(STORE_CONNECTIONS)' --events $(EVENTS) --check $(CHECK)

crash: ROUNDS = 200
crash: tools ## Kill the receiver in ROUNDS rounds, cut its power, fill its disk, damage its store: nothing acknowledged is lost
	@export CRASH_ROUNDS=$(ROUNDS) CRASH_CUTS=$$(( $(ROUNDS) * 3 )) CRASH_CASES=$$(( $(ROUNDS) * 2 ))
	[ '$(LOAD)' != yes ] || export CRASH_LOAD=yes
	cargo test --locked $(if $(filter yes,$(LOAD)),--release) --test crash --test faults -- --nocapture --test-threads 2

timing: ## Test that comparing takes the same time wherever signatures differ (dudect)
	cargo run --release --locked --manifest-path benches/timing/Cargo.toml

interop: ## Providers' official libraries sign for hookgate, and verify what it signs
	@$(call need,node,nodejs)
	@$(call need,npm,npm)
	@$(call need,python3,python3)
	@python3 -c 'import ensurepip' 2>/dev/null || { $(SUDO) apt-get update -qq && $(SUDO) apt-get install -y -qq python3-venv; }
	cargo build --release --locked
	cd tests/interop/github && npm ci --silent --no-audit --no-fund
	for front in evented tiny_http; do node run.mjs ../../../target/release/hookgate $$front; done
	cd ..
	npm ci --prefix npm --ignore-scripts --silent --no-audit --no-fund
	python=$$PWD/../../target/interop-pypi
	[ -x "$$python/bin/python" ] || python3 -m venv "$$python"
	"$$python/bin/pip" install --quiet --disable-pip-version-check --require-hashes --requirement pypi/requirements.txt
	node run.mjs ../../target/release/hookgate npm
	node run.mjs ../../target/release/hookgate pypi "$$python/bin/python"
	node npm/forward.mjs ../../target/release/hookgate
