//! `completions`: shell completions for arguments, including the names of stacks and rules.

use clap::{Args, CommandFactory as _, builder::PossibleValuesParser};
use clap_complete::Shell;

use crate::{
    cli::{
        Outcome,
        failure::Failure,
        output::Output,
        program,
        stacks::{StackFn, names},
    },
    rules,
};

/// Write completions for a shell to standard output
#[derive(Args)]
pub(super) struct Arguments {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    // clap needs names that live until the process exits, which is right after this.
    let names = names(stacks)?.into_iter().map(|name| &*name.leak());
    let names = PossibleValuesParser::new(names.collect::<Vec<&'static str>>());
    let ids = PossibleValuesParser::new(rules::all().iter().map(|rule| rule.id));
    let mut command = crate::cli::Arguments::command()
        .mut_subcommand("synth", |verb| {
            verb.mut_arg("stacks", |arg| arg.value_parser(names.clone()))
        })
        .mut_subcommand("check", |verb| {
            verb.mut_arg("stacks", |arg| arg.value_parser(names.clone()))
        })
        .mut_subcommand("tree", |verb| {
            verb.mut_arg("stack", |arg| arg.value_parser(names.clone()))
        })
        .mut_subcommand("capacity", |verb| {
            verb.mut_arg("stack", |arg| arg.value_parser(names.clone()))
        })
        .mut_subcommand("explain", |verb| {
            verb.mut_arg("rule", |arg| arg.value_parser(ids))
                .mut_arg("stacks", |arg| arg.value_parser(names))
        });
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, program(), &mut script);
    output.data([String::from_utf8_lossy(&script).as_ref()])?;
    Ok(Outcome::Done)
}
