# What the targets do is in scripts/.
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
export LISTEN DATA STAGES
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
test: ## install what tests need and run every check on SQLite and PostgreSQL
	@scripts/test.sh
image: ## make the container image localhost/freehold:dev
	@scripts/image.sh
fmt: ## format the code
	@cargo fmt
lint: ## clippy on everything
	@scripts/cargo.sh clippy --locked --all-targets -- -D warnings
generate: ## write generated files again
	@scripts/generated.sh
tools: ## install everything that building and testing need
	@scripts/tools.sh
lock: ## renew the lock files of the test tools
	@scripts/lock.sh
clean: ## remove what can be made again, the user's cache folder included
	@scripts/clean.sh

.PHONY: help test image fmt lint generate tools lock clean
