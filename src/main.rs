//! The program's entry: everything is in the library, so that tests reach it.

fn main() -> std::process::ExitCode {
    freehold::cli::main()
}
