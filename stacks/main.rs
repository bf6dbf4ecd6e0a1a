//! The binary: names the stacks and calls the command line.

use std::process::ExitCode;

use kafka_stacks::cli::{StackFn, run};

mod applications;
mod dev;
mod platform;
pub(crate) mod prod;
pub(crate) mod prod_dedicated;
pub(crate) mod prod_zookeeper;
mod scale;
mod schemas;
mod staging;
pub(crate) mod topics;

fn main() -> ExitCode {
    run([
        StackFn::named("dev", dev::stack),
        StackFn::named("staging", staging::stack),
        StackFn::named("prod", prod::stack),
        StackFn::named("prod-dedicated", prod_dedicated::stack),
        StackFn::named("prod-zookeeper", prod_zookeeper::stack),
        StackFn::named("scale", scale::stack),
    ])
}
