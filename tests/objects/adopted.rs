//! A team adopts the check with a `kafka-stacks.toml` beside manifests that others wrote.

use insta::assert_snapshot;

use super::{
    super::cli::{Scratch, run},
    PLAIN, check,
};

fn risky() -> String {
    PLAIN.replacen("replicas: 2", "replicas: -2", 1)
}

fn with(toml: &str) -> String {
    check(&[("a.yaml", &risky()), ("kafka-stacks.toml", toml)], &[])
}

#[test]
fn an_acknowledgement_quiets_a_finding_and_an_error_only_if_it_says_so() {
    let entry = |more: &str| {
        format!(
            "[[acknowledge]]\nrule = \"KS-A11\"\nobject = \"Deployment app\"\nreason = \"the autoscaler sets it\"\n{more}"
        )
    };
    assert_eq!(with(&entry("even_errors = true\n")), "exit 0\n");
    let named = entry("even_errors = true\n").replace("Deployment app", "Deployment kafka/app");
    assert_eq!(with(&named), "exit 0\n");
    assert_snapshot!(with(&entry("")));
    let other = named.replace("Deployment kafka/app", "Deployment prod/app");
    assert!(
        with(&other).contains("unused acknowledgement of KS-A11"),
        "{}",
        with(&other)
    );
}

#[test]
fn stale_and_unknown_acknowledgements_are_findings() {
    assert_snapshot!(with(
        "[[acknowledge]]\nrule = \"KS-A12\"\nobject = \"Deployment app\"\nreason = \"old\"\n\n[[acknowledge]]\nrule = \"KS-A011\"\nobject = \
         \"Deployment app\"\nreason = \"mistyped\"\n"
    ));
    assert_snapshot!(with("[[acknowledge]]\nrule = \"KS-A12\"\n"));
}

#[test]
fn the_file_is_that_of_the_folder_or_above_it_in_the_repository() {
    let scratch = Scratch::new();
    let gone = PLAIN.replace(
        "  name: app\n  namespace: kafka\ndata:\n  password",
        "  name: other\n  namespace: kafka\ndata:\n  password",
    );
    scratch.put("repository/deploy/kafka/a.yaml", &gone);
    scratch.put(
        "repository/kafka-stacks.toml",
        "assume = [\"Secret/app\"]\nprofile = \"development\"\n",
    );
    let check = || run(&scratch, &["check", "--dir", "repository/deploy/kafka"]);
    assert!(
        check().starts_with("exit 2\n"),
        "outside of a repository, only the folder's own file counts"
    );
    scratch.put("repository/.git/HEAD", "");
    assert_eq!(check(), "exit 0\n");
    scratch.put(
        "repository/deploy/kafka/kafka-stacks.toml",
        "assume = [\"Secret/other\"]\n",
    );
    assert!(check().starts_with("exit 2\n"), "the nearest one counts");
}

/// The page shows a file that works: each rule exists, and only those acknowledgements are stale that have no object here.
#[test]
fn the_file_of_the_page_is_read() {
    let page = include_str!("../../docs/checking.md");
    let toml = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let shown = check(&[("a.yaml", PLAIN), ("kafka-stacks.toml", toml)], &[]);
    assert!(shown.starts_with("exit 0\n"), "{shown}");
    assert_eq!(shown.matches("unused acknowledgement of").count(), 2, "{shown}");
}
