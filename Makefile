# Thin names. What they do is in scripts/ and crates/xtask.
TARGET := $(or $(CARGO_TARGET_DIR),target)

.PHONY: run test check conformance soak bench dist

# Builds everything in release and serves on embedded defaults.
run:
	@scripts/install run
	@cargo run --quiet --release --locked -p xtask -- web
	@cargo run --quiet --release --locked -p xtask -- notices
	@cargo build --release --locked -p rempart-server
	@exec $(TARGET)/release/rempart serve --data-dir data --secrets-dir secrets

# Every tier of tests, from a clean machine.
test:
	@scripts/test

# The quick ones, before a commit.
check:
	@cargo fmt --all --check
	@cargo xtask arrows
	@cargo xtask gen --check
	@cargo clippy --workspace --all-targets --locked -- -D warnings

# Foreign suites: the MLS working group's vectors, from the folder that REMPART_MLS_VECTORS names.
conformance:
	@scripts/conformance

# 100 kills a store instead of 10.
soak:
	@scripts/install test
	@cargo xtask web
	@cargo build --workspace --locked
	@REMPART_KILLS=100 cargo test --locked -p rempart-server -- --nocapture kill

# Load and side-by-side measurements; docs/benchmarks.md has the figures reached.
bench:
	@scripts/install test
	@cargo build --release --locked -p rempart-server -p rempart-bench
	@$(TARGET)/release/rempart-bench

# The archive that an administrator unpacks.
dist:
	@scripts/dist
