//! The binary: names the stacks and calls the command line.

use std::process::ExitCode;

mod dev;
mod platform;
mod prod;
mod prod_dedicated;
mod prod_zookeeper;
mod scale;
mod staging;
mod topics;

fn main() -> ExitCode {
    kafka_stacks::cli::run(&[
        dev::stack,
        staging::stack,
        prod::stack,
        prod_dedicated::stack,
        prod_zookeeper::stack,
        scale::stack,
    ])
}
