test: ## everything CI runs today
	cargo test --lib --bins
