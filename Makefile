# One name for each check: `make fast` while you work, `make out` to see what a change does, `make review` and `make proof` before it lands.
# tests/README.md says what each part shows, what it needs and how long it takes.
.PHONY: fast out review proof all

fast: ## format, lints, tests, out/ up to date: needs only Rust
	.ci/run fast

out: ## write out/ and the tests' snapshots anew, and show what changed
	cargo run --locked --quiet -- synth
	INSTA_UPDATE=always cargo test --locked --quiet
	git --no-pager diff --stat -- out '*.snap' src tests

review: ## judge out/ with other tools: schemas, kustomize, promtool, Grafana's types
	.ci/run review

proof: ## run out/ on a real Kubernetes and real Kafka
	.ci/run proof

all: ## everything that holds before a change lands
	.ci/run
