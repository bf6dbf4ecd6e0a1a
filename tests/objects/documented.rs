//! The examples of `docs/checking.md`, executed: with tools that print manifests in the place of the real ones.
#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::Command,
};

use serde_json::Value;

use super::{
    super::cli::{Scratch, run, transcript},
    PLAIN,
};

const PAGE: &str = include_str!("../../docs/checking.md");

/// The blocks of the page in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let start = format!("```{language}\n");
    let blocks = PAGE.split(start.as_str()).skip(1);
    blocks.map(|rest| rest.split("\n```").next().unwrap()).collect()
}

/// A folder in which the commands find their files and tools: helm and kubectl, which print sound manifests.
fn site() -> Scratch {
    let scratch = Scratch::new();
    let (first, second) = PLAIN.split_at(PLAIN.find("---\napiVersion: apps/v1\nkind: StatefulSet").unwrap());
    scratch.put("base/a.yaml", first);
    scratch.put("more/extra.yaml", second);
    scratch.put("manifests/a.yaml", &PLAIN.replace("protocol: TCP", "protocol: tcp"));
    scratch.put(
        "overlays/prod/kustomization.yaml",
        "resources: [../../base]\nnamePrefix: a-\n",
    );
    scratch.put("base/kustomization.yaml", "resources: [a.yaml]\n");
    scratch.put("chart/Chart.yaml", "name: kafka\n");
    scratch.put("plain.yaml", PLAIN);
    for tool in ["helm", "kubectl"] {
        let path = format!("tools/{tool}");
        scratch.put(
            &path,
            &format!("#!/bin/sh\nexec cat '{}'\n", scratch.path("plain.yaml").display()),
        );
        fs::set_permissions(scratch.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    symlink(env!("CARGO_BIN_EXE_kafka-stacks"), scratch.path("tools/kafka-stacks")).unwrap();
    scratch
}

/// What a shell makes of a line. Other tools are those of the machine.
fn shell(scratch: &Scratch, line: &str) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("sh");
    command.args(["-c", line]).current_dir(&scratch.0);
    command.env("PATH", format!("{}:{path}", scratch.path("tools").display()));
    transcript(command)
}

#[test]
fn the_commands_do_what_is_said_of_them() {
    let lines: Vec<&str> = blocks("sh").iter().flat_map(|block| block.lines()).collect();
    assert!(lines.len() >= 6, "{lines:?}");
    let git = Command::new("git").arg("--version").output().is_ok();
    for line in lines {
        let scratch = site();
        if line.contains("git apply") && !git {
            continue;
        }
        let shown = shell(&scratch, line);
        let patched = !fs::read_to_string(scratch.path("manifests/a.yaml"))
            .unwrap()
            .contains("protocol: tcp");
        if line.contains("--fix") && !line.contains("git apply") && !line.contains("--write") {
            assert!(
                shown.starts_with("exit 2\n-- stdout\n--- a/manifests/a.yaml\n") && !patched,
                "{line}: {shown}"
            );
        } else {
            assert!(
                shown.starts_with("exit 0\n") && !shown.contains("stdout"),
                "{line}: {shown}"
            );
            assert_eq!(patched, line.contains("--fix"), "{line}: {shown}");
        }
    }
}

#[test]
fn the_workflow_and_the_hook_run() {
    let [workflow, hook] = blocks("yaml")[..] else {
        panic!("two blocks")
    };
    let workflow: Value = serde_yaml::from_str(workflow).unwrap();
    let steps = workflow["jobs"]["check"]["steps"].as_array().unwrap();
    let scratch = site();
    let mut ran = 0;
    for line in steps.iter().filter_map(|step| step["run"].as_str()) {
        assert_eq!(shell(&scratch, line), "exit 0\n", "{line}");
        ran += 1;
    }
    assert_eq!(ran, 1);
    let uploaded = steps.iter().filter_map(|step| step["with"]["sarif_file"].as_str());
    for file in uploaded {
        let log: Value = serde_json::from_str(&fs::read_to_string(scratch.path(file)).unwrap()).unwrap();
        assert_eq!(log["version"], "2.1.0");
    }
    let hook: Value = serde_yaml::from_str(hook).unwrap();
    let hook = &hook["repos"][0]["hooks"][0];
    // A fault in what is committed stops the commit.
    assert!(shell(&scratch, hook["entry"].as_str().unwrap()).starts_with("exit 2\n"));
    assert!("manifests/a.yaml".starts_with(hook["files"].as_str().unwrap().trim_start_matches('^')));
}

#[test]
fn the_file_of_terms_is_one() {
    let [terms] = blocks("toml")[..] else {
        panic!("one block")
    };
    let scratch = site();
    scratch.put("manifests/kafka-stacks.toml", terms);
    scratch.put("manifests/a.yaml", PLAIN);
    let shown = run(&scratch, &["check", "--dir", "manifests"]);
    // All that is wrong is that it acknowledges what is not found here.
    assert_eq!(
        shown.matches("[KS-S05]").count(),
        shown.matches("  --> ").count(),
        "{shown}"
    );
    assert_eq!(shown.matches("[KS-S05]").count(), 2, "{shown}");
}
