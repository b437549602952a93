//! The api binary; everything is in the library.

use std::process::ExitCode;

/// Requests and batches are many small strings; the system's allocator takes a fifth of the time they cost.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    api::main()
}
