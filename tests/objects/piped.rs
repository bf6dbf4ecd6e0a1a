//! Manifests from a pipe, as `helm template` writes them, and from several folders.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use insta::assert_snapshot;

use super::{
    super::cli::{Scratch, kafka_stacks, run},
    KAFKA, PLAIN, acknowledge_open, check,
};

/// What the binary says about a text on its standard input.
pub(super) fn piped(text: &str, words: &[&str]) -> String {
    let scratch = Scratch::new();
    acknowledge_open(&scratch, "", &[text], words);
    let mut command: Command = kafka_stacks(&scratch.0, &[&["check", "--dir", "-"], words].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    format!(
        "exit {}\n{}{}",
        output.status.code().unwrap(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap()
    )
}

/// A chart's output: the Service has the namespace of the release, the pods have none.
const HELM: &str = "\
---
# Source: web/templates/service.yaml
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports:
  - {name: http, port: 80, targetPort: http}
---
# Source: web/templates/config.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data: {a: b}
---
# Source: web/templates/deployment.yaml
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2 # pods
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: web
        image: example/web:1
        ports:
        - {name: http, containerPort: 8080}
        resources: {limits: {memory: 1Gi}, requests: {memory: 1Gi, cpu: 1}}
        envFrom:
        - configMapRef: {name: web}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

#[test]
fn manifests_come_from_a_pipe_with_the_template_that_made_them() {
    assert_eq!(piped(HELM, &[]), "exit 0\n");
    assert_eq!(piped(KAFKA, &[]), "exit 0\n");
    let broken = HELM
        .replace("replicas: 2", "replicas: -2")
        .replace("targetPort: http", "targetPort: web");
    assert_snapshot!(piped(&broken, &[]));
    assert_snapshot!(piped(&broken, &["--format", "github"]));
    // The template is the file to look at, and which of its lines it was is not known.
    let sarif = piped(&broken, &["--format", "sarif"]);
    let log: serde_json::Value = serde_json::from_str(sarif.split_once('\n').unwrap().1).unwrap();
    let result = &log["runs"][0]["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "web/templates/service.yaml");
    assert!(place.get("region").is_none(), "{place}");
    assert!(
        result["message"]["text"]
            .as_str()
            .unwrap()
            .contains("\nrendered: <stdin>:"),
        "{result}"
    );
    // Without the comments of Helm, an object without namespace is in another one.
    let plain = HELM.replace("# Source", "# From");
    assert!(
        piped(&plain, &[]).contains("no pod has the labels `app=web`"),
        "{}",
        piped(&plain, &[])
    );
    for empty in ["", "\n\n"] {
        assert!(piped(empty, &[]).starts_with("exit 2\nerror: nothing on standard input\n"));
    }
}

/// What was rendered into a file is found there, unless its template is beside it.
#[test]
fn a_rendered_file_is_the_place_unless_the_template_is_there() {
    let scratch = Scratch::new();
    scratch.put("built.yaml", &HELM.replace("replicas: 2", "replicas: -2"));
    let words = ["check", "--dir", "built.yaml", "--format", "github"];
    let shown = run(&scratch, &words);
    assert!(shown.contains("::error file=built.yaml,line="), "{shown}");
    for file in ["service", "deployment", "statefulset"] {
        scratch.put(&format!("web/templates/{file}.yaml"), "");
    }
    let shown = run(&scratch, &words);
    assert!(
        shown.contains("::error file=web/templates/") && !shown.contains(",line="),
        "{shown}"
    );
    assert!(shown.contains("%0Arendered: built.yaml:"), "{shown}");
}

#[test]
fn several_folders_and_files_are_one_set() {
    let scratch = Scratch::new();
    let (first, second) = PLAIN.split_at(PLAIN.find("---\napiVersion: apps/v1\nkind: StatefulSet").unwrap());
    scratch.put("a/a.yaml", first);
    scratch.put("b.yaml", second);
    assert_eq!(run(&scratch, &["check", "--dir", "a", "--dir", "b.yaml"]), "exit 0\n");
    // A file that is in two of them is read once.
    assert_eq!(
        run(
            &scratch,
            &["check", "--dir", "a", "--dir", "a/../a/a.yaml", "--dir", "b.yaml"]
        ),
        "exit 0\n"
    );
    assert!(run(&scratch, &["check", "--dir", "a", "--dir", "gone"]).contains("error: `gone` cannot be read"));
}

#[test]
fn a_cause_is_told_once_with_the_other_places() {
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: a}}\nspec:\n  ports: [{{port: 1}}]\n  \
             selector:\n    app: gone\n---\n"
        )
    };
    let many: String = ["a", "b", "c", "d", "e"].map(pod).concat();
    assert_snapshot!(check(&[("a.yaml", &many)], &[]));
    let json = check(&[("a.yaml", &many)], &["--format", "json"]);
    assert_eq!(json.matches("\"rule\": \"KS-A21\"").count(), 5, "{json}");
}

#[test]
fn the_line_of_a_finding_is_shown_with_what_is_meant() {
    let config = |rest: &str| {
        let text = format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a, namespace: b}}\n{rest}\n");
        check(&[("a.yaml", &text)], &[])
    };
    let long = format!("immutable: {}", "x".repeat(300));
    let shown = [
        config("immutable: 3 # a comment"),
        config("data: {a: b, c: 4, d: e}"),
        config("data:\n  ü: 4"),
        config("data:\n\n    a:\n    - 1"),
        config(&long),
    ];
    assert_snapshot!(shown.join(""));
}

#[test]
fn the_example_of_the_readme_is_what_is_said() {
    let layout = include_str!("../faults/layouts/bitnami.yaml");
    let (key, value) = (
        "KAFKA_CFG_OFFSETS_TOPIC_REPLICATION_FACTOR\n              value: ",
        "'3'",
    );
    let from = format!("{key}{value}");
    assert!(layout.contains(&from));
    let said = piped(&layout.replace(&from, &format!("{key}'4'")), &[]);
    let said = said.strip_prefix("exit 2\n").unwrap();
    assert!(include_str!("../../README.md").contains(said.trim_end()), "{said}");
}
