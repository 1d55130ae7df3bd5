//! The program's entry: everything is in the library, so that tests reach it.

/// Memory that is given back is wiped first. Tokens of providers, secrets and bodies pass through
/// libraries that keep copies of them; this way no copy outlives its use, in the heap at least.
#[global_allocator]
static HEAP: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> std::process::ExitCode {
    freehold::cli::main()
}
