//! Kustomizations that change objects: what they build is judged, by a tool that the test brings.
#![cfg(unix)]

use std::{fs, os::unix::fs::PermissionsExt as _};

use insta::assert_snapshot;

use super::{
    super::cli::{Scratch, run},
    PLAIN,
};

const WEB: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  mode: fast
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  ports:
  - port: 80
";

const PATCHED: &str = "resources: [base.yaml]\npatches: [{path: patch.yaml}]\n";

/// A folder with a kustomization and its files, and a tool that prints what it is told.
fn overlay(kustomization: &str, tool: &str, script: &str) -> Scratch {
    let scratch = Scratch::new();
    scratch.put("dir/kustomization.yaml", kustomization);
    scratch.put("dir/base.yaml", WEB);
    scratch.put(
        "dir/patch.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {mode: \"slow\", more: 1}\n",
    );
    if !tool.is_empty() {
        let path = format!("tools/{tool}");
        scratch.put(
            &path,
            &format!(
                "#!/bin/sh\necho \"$0 $*\" >>'{}'\n{script}\n",
                scratch.path("calls").display()
            ),
        );
        fs::set_permissions(scratch.path(&path), fs::Permissions::from_mode(0o755)).unwrap();
    }
    scratch
}

fn calls(scratch: &Scratch) -> String {
    let calls = fs::read_to_string(scratch.path("calls")).unwrap_or_default();
    calls.replace(&format!("{}/tools/", scratch.0.display()), "")
}

/// A script that prints a text.
fn print(text: &str) -> String {
    format!("while IFS= read -r line; do printf '%s\\n' \"$line\"; done <<'END'\n{text}END")
}

const CHECK: &[&str] = &["check", "--dir", "dir"];

#[test]
fn the_output_is_judged_instead_of_the_files() {
    let output = WEB
        .replace("mode: fast", "mode: slow\n  more: 1")
        .replace("port: 80", "port: 0");
    for (tool, words) in [
        ("kubectl", "kubectl kustomize ./dir\n"),
        ("kustomize", "kustomize build ./dir\n"),
    ] {
        let scratch = overlay(PATCHED, tool, &print(&output));
        let shown = run(&scratch, CHECK);
        if tool == "kubectl" {
            assert_snapshot!(shown, @r#"
            exit 2
            -- stdout
            error[KS-A11] Service web: `spec.ports[0].port` is 0: must be 1 to 65535
              --> dir/kustomization.yaml:1:1
              1 | resources: [base.yaml]
                | ^^^^^^^^^^^^^^^^^^^^^^
            error[KS-A05] ConfigMap web: `data.more` is `1`: the API expects a string
              --> dir/patch.yaml:4:22
              4 | data: {mode: "slow", more: 1}
                |                      ^^^^^^^
              hint: put it in quotes: `"1"`
            2 errors
            "#);
            assert!(run(&scratch, &["check", "--dir", "dir", "--format", "json"]).contains("\"files\": 1"));
        }
        assert!(calls(&scratch).starts_with(words), "{}", calls(&scratch));
        // Both names of the folder are one.
        assert_eq!(run(&scratch, &["check", "--dir", "./dir/"]), shown);
    }
}

#[test]
fn a_finding_has_the_line_of_the_file_that_it_comes_from() {
    let faulty = WEB.replace("port: 80", "port: -1");
    let scratch = overlay(
        PATCHED,
        "kubectl",
        &print(&faulty.replace("mode: fast", "mode: slow\n  more: 1")),
    );
    scratch.put("dir/base.yaml", &faulty);
    assert_snapshot!(run(&scratch, CHECK), @r#"
    exit 2
    -- stdout
    error[KS-A11] Service web: `spec.ports[0].port` is -1: must be 1 to 65535
      --> dir/base.yaml:14:5
      14 |   - port: -1
         |     ^^^^^^^^
    error[KS-A05] ConfigMap web: `data.more` is `1`: the API expects a string
      --> dir/patch.yaml:4:22
      4 | data: {mode: "slow", more: 1}
        |                      ^^^^^^^
      hint: put it in quotes: `"1"`
    2 errors
    "#);
    // The author of a base decides about it.
    let shown = run(&scratch, &["check", "--dir", "dir", "--fix"]);
    assert!(
        shown.contains("KS-A05 at dir/patch.yaml:4 is not mended: kustomize makes the object\n"),
        "{shown}"
    );
}

#[test]
fn without_a_tool_it_is_told_once_what_was_not_judged() {
    let scratch = overlay(PATCHED, "", "");
    assert_snapshot!(run(&scratch, CHECK), @r"
    exit 0
    -- stdout
    not judged: changes of dir/kustomization.yaml, because neither `kubectl` nor `kustomize` is there
    ");
    // What is missing may be in another file of the kustomization.
    let scratch = overlay("resources: [../base, base.yaml]\n", "", "");
    fs::remove_file(scratch.path("dir/patch.yaml")).unwrap();
    scratch.put("base/kustomization.yaml", "resources: []\n");
    scratch.put(
        "dir/base.yaml",
        &PLAIN.replace(
            "  name: app\n  namespace: kafka\ndata:\n  password",
            "  name: other\n  namespace: kafka\ndata:\n  password",
        ),
    );
    let shown = run(&scratch, CHECK);
    assert!(shown.starts_with("exit 0\n"), "{shown}");
}

#[test]
fn what_would_be_downloaded_is_not_built() {
    for remote in [
        "resources: [base.yaml, https://example.com/x.yaml]\nnamePrefix: a-\n",
        "resources: [base.yaml]\ncomponents: [github.com/example/x?ref=v1]\n",
        "resources: [base.yaml]\nconfigMapGenerator: [{name: x, files: [a=https://example.com/a]}]\n",
        "resources: [base.yaml, sub]\nnamePrefix: a-\n",
    ] {
        let scratch = overlay(remote, "kubectl", "exit 1");
        fs::remove_file(scratch.path("dir/patch.yaml")).unwrap();
        scratch.put("dir/sub/kustomization.yaml", "resources: [\"git@example.com:x/y\"]\n");
        let shown = run(&scratch, CHECK);
        assert!(
            shown.starts_with("exit 0\n") && shown.contains(" would be downloaded\n"),
            "{shown}"
        );
        assert_eq!(calls(&scratch), "");
    }
}

#[test]
fn a_build_that_fails_is_an_error_with_the_reason() {
    let scratch = overlay(
        PATCHED,
        "kubectl",
        "echo 'Error: no matches for Id ConfigMap.v1/web' >&2; exit 1",
    );
    assert_snapshot!(run(&scratch, CHECK), @r"
    exit 2
    -- stdout
    error[KS-A06] dir/kustomization.yaml: cannot be built: kubectl: no matches for Id ConfigMap.v1/web
      --> dir/kustomization.yaml:1:1
      1 | resources: [base.yaml]
        | ^^^^^^^^^^^^^^^^^^^^^^
      hint: see `kubectl kustomize dir`
    not judged: changes of dir/kustomization.yaml, because it cannot be built
    1 error
    ");
    let logged = "echo 'E1128 15:09 run.go:72] \"command failed\" err=\"the name \\\"x\\\" is bad\"' >&2; exit 1";
    let shown = run(&overlay(PATCHED, "kubectl", logged), CHECK);
    assert!(
        shown.contains("cannot be built: kubectl: the name \"x\" is bad\n"),
        "{shown}"
    );
}

#[test]
fn files_that_are_applied_as_they_are_need_no_build() {
    for kustomization in [
        "resources: [base.yaml, sub]\nsortOptions: {order: fifo}\n",
        "resources: [base.yaml, sub/a.yaml]\n",
    ] {
        let scratch = overlay(kustomization, "kubectl", "exit 1");
        scratch.put("dir/sub/kustomization.yaml", "resources: [a.yaml]\n");
        scratch.put(
            "dir/sub/a.yaml",
            "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: a}\n",
        );
        fs::remove_file(scratch.path("dir/patch.yaml")).unwrap();
        let shown = run(&scratch, CHECK);
        assert_eq!(shown, "exit 0\n");
        assert_eq!(calls(&scratch), "");
    }
}

#[test]
fn a_file_that_nothing_lists_is_told_and_a_generator_finds_its_own() {
    let generated =
        "resources: [base.yaml]\nconfigMapGenerator: [{name: kafka, files: [server.properties, b.json=dash.json]}]\n";
    let broken = "{\n  \"panels\": [,]\n}\n";
    let output = format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: kafka-abc}}\ndata:\n  b.json: |\n    {}\n",
        broken.trim().replace('\n', "\n    ")
    );
    let scratch = overlay(generated, "kubectl", &print(&output));
    scratch.put("dir/server.properties", "process.roles=broker\n");
    scratch.put("dir/dash.json", broken);
    assert_snapshot!(run(&scratch, CHECK), @r#"
    exit 2
    -- stdout
    error[KS-O25] ConfigMap kafka-abc: file `b.json` is not valid JSON: expected value
      --> dir/dash.json:2:3
      2 |   "panels": [,]
        |   ^^^^^^^^^^^^^
    warning[KS-A07] dir/patch.yaml: is not listed in `dir/kustomization.yaml`: it is not applied with it
      --> dir/patch.yaml:1:1
      1 | apiVersion: v1
        | ^^^^^^^^^^^^^^
      hint: list it under `resources`, or move it to another folder
    1 error, 1 warning
    "#);
}
