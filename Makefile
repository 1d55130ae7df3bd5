# Two commands matter: `make run` and `make test`. What they do is in scripts/.
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DEFAULT_GOAL := help
export LISTEN DATA STAGES
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14
run: ## build and serve an evaluation with sample data on http://127.0.0.1:8080
	@scripts/run.sh
test: ## install what tests need and run every check on SQLite and PostgreSQL
	@scripts/test.sh
image: ## make the container image localhost/freehold:dev
	@scripts/image.sh
test-image: ## run that image hardened and ask it what the README promises
	@scripts/test-image.sh
test-machine: ## start what the ARM template gives a machine under a real systemd
	@scripts/test-machine.sh
arm: ## write infra/arm from bicep/ with the Bicep compiler
	@scripts/arm.sh
bundle: ## make the offline bundle dist/freehold-VERSION.tar
	@scripts/bundle.sh
reproduce: ## make it again elsewhere and compare: two release builds
	@scripts/reproduce.sh
test-kube: ## run the pod of the Helm chart with that image, and lose its node
	@scripts/test-kube.sh
newcomer: ## the ways of the README from a clone to a signed-in page, timed; kept in docs/results
	@scripts/newcomer.sh
test-browser: ## a fresh clone, make run, and a browser that signs in
	@scripts/test-browser.sh
pictures: ## the same, keeping the README's pictures in docs/images
	@PICTURES=docs/images scripts/test-browser.sh
conformance: ## a real Keycloak with a browser, a real kube-apiserver with Helm; kept in docs/results
	@scripts/conformance.sh
	@scripts/test-evaluation.sh
	@scripts/test-cluster.sh
bench: ## CPU per request beside its floors; the last result is in docs/results
	@scripts/bench.sh
fmt: ## format the code
	@cargo fmt
lint: ## clippy on everything
	@scripts/cargo.sh clippy --locked --all-targets -- -D warnings
generate: ## write every file again that is made of others (templates: make arm)
	@scripts/generate.sh
tools: ## install everything that building and testing need
	@scripts/tools.sh
lock: ## renew the lock files of the test tools
	@scripts/lock.sh
clean: ## remove what can be made again, the user's cache folder included
	@scripts/clean.sh

.PHONY: help run test image test-image test-kube test-machine arm bundle reproduce newcomer test-browser pictures conformance bench fmt lint generate tools lock clean
