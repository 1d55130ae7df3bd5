//! The program's entry: everything is in the library, so that tests reach it.

use std::alloc::System;

use zeroizing_alloc::ZeroAlloc;

/// What is freed is overwritten: tokens of providers and keys leave no copy behind in memory.
#[global_allocator]
static ALLOCATOR: ZeroAlloc<System> = ZeroAlloc(System);

fn main() -> std::process::ExitCode {
    freehold::cli::main()
}
