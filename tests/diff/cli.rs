//! The verbs as a shell runs them.

use std::{ffi::OsString, fs, path::Path, process::Command};

use insta::assert_snapshot;

use crate::cli::{Scratch, kafka_stacks, run, transcript};

fn config(name: &str, level: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: kafka}}\ndata: {{level: {level}}}\n")
}

fn set(replicas: u32, storage: &str) -> String {
    format!(
        "apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: kafka-controller, namespace: kafka}}
spec:
  replicas: {replicas}
  ordinals: {{start: 100}}
  selector: {{matchLabels: {{app: controller}}}}
  template: {{metadata: {{labels: {{app: controller}}}}, spec: {{containers: [{{name: kafka, image: \"apache/kafka:4.3.0\"}}]}}}}
  volumeClaimTemplates:
  - metadata: {{name: data}}
    spec: {{storageClassName: fast, resources: {{requests: {{storage: {storage}}}}}}}
"
    )
}

#[test]
fn folders_are_compared_and_the_exit_code_is_that_of_diff() {
    let folder = Scratch::new();
    folder.put("old/a.yaml", &(config("a", "info") + "---\n" + &config("b", "info")));
    folder.put("new/b.yml", &config("b", "info"));
    folder.put("new/deep/a.json", r#"{"kind": "ConfigMap", "apiVersion": "v1", "data": {"level": "info"}, "metadata": {"namespace": "kafka", "name": "a"}}"#);
    assert_eq!(run(&folder, &["diff", "--from", "old", "--to", "new"]), "exit 0\n");
    folder.put("new/b.yml", &config("b", "warn"));
    assert_snapshot!(run(&folder, &["diff", "--from", "old", "--to", "new"]), @r"
    exit 1
    -- stdout
    metadata: 1 change in 1 object

    metadata  ConfigMap kafka/b
      data[level]: info → warn
        no workload of these manifests reads it

    1 object unchanged
    ");
    let fails = |class: &str| run(&folder, &["diff", "--from", "old", "--to", "new", "--fail-on", class]);
    assert!(fails("metadata").starts_with("exit 2\n") && fails("rolling-restart").starts_with("exit 1\n"));
    assert!(
        fails("worse").contains("not one of none, metadata, dynamic-config"),
        "{}",
        fails("worse")
    );
}

#[test]
fn a_report_names_the_commands_in_every_format() {
    let folder = Scratch::new();
    folder.put("old.yaml", &set(3, "10Gi"));
    folder.put("new.yaml", &set(3, "20Gi"));
    let words = ["diff", "--from", "old.yaml", "--to", "new.yaml"];
    assert_snapshot!("report", run(&folder, &words));
    assert_snapshot!(
        "report_markdown",
        run(&folder, &[&words[..], &["--format", "markdown"]].concat())
    );
    assert_snapshot!(
        "report_json",
        run(&folder, &[&words[..], &["--format", "json"]].concat())
    );
}

#[test]
fn what_cannot_be_read_is_an_error_with_its_place() {
    let folder = Scratch::new();
    folder.put("old.yaml", &config("a", "info"));
    folder.put("broken.yaml", "kind: ConfigMap\nmetadata: [\n");
    folder.put("list.yaml", "- 1\n");
    folder.put(
        "twice.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: kafka}\ndata:\n  level: info\n  level: warn\n",
    );
    let to = |file: &str| run(&folder, &["diff", "--from", "old.yaml", "--to", file]);
    assert!(
        to("broken.yaml").starts_with("exit 2\n-- stderr\nerror: `broken.yaml`, line "),
        "{}",
        to("broken.yaml")
    );
    assert!(
        to("list.yaml").contains("error: `list.yaml`, line 1: not a Kubernetes object"),
        "{}",
        to("list.yaml")
    );
    assert!(
        to("none.yaml").contains("error: `none.yaml` cannot be read"),
        "{}",
        to("none.yaml")
    );
    let twice = to("twice.yaml");
    assert!(
        twice.contains("`level` is there twice (line 6)") && twice.contains("[unknown]"),
        "{twice}"
    );
}

#[test]
fn kubectl_calls_it_with_two_folders_of_files_without_an_ending() {
    let folder = Scratch::new();
    let name = "apps.v1.StatefulSet.kafka.kafka-controller";
    let live = set(3, "10Gi") + "status: {replicas: 3}\n";
    let live = live.replace(
        "metadata: {name: kafka-controller",
        "metadata: {uid: a, resourceVersion: \"1\", generation: 2, name: kafka-controller",
    );
    folder.put(&format!("LIVE/{name}"), &live);
    folder.put(
        &format!("MERGED/{name}"),
        &live.replace("generation: 2", "generation: 3"),
    );
    assert_eq!(run(&folder, &["kubectl-diff", "LIVE", "MERGED"]), "exit 0\n");
    folder.put(
        &format!("MERGED/{name}"),
        &live.replace("replicas: 3\n  ord", "replicas: 4\n  ord"),
    );
    folder.put("MERGED/v1.ConfigMap.kafka.new", &config("new", "info"));
    let report = run(&folder, &["kubectl-diff", "LIVE", "MERGED"]);
    assert!(
        report.starts_with("exit 1\n")
            && report.contains("spec.replicas: 3 → 4")
            && report.contains("ConfigMap kafka/new"),
        "{report}"
    );
}

fn git(folder: &Path, words: &[&str]) {
    let identity = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.com",
        "-c",
        "commit.gpgsign=false",
    ];
    let output = Command::new("git")
        .current_dir(folder)
        .args(identity)
        .args(words)
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Where git is found.
fn path() -> OsString {
    std::env::var_os("PATH").unwrap_or_default()
}

fn with_git(folder: &Scratch, words: &[&str]) -> String {
    let mut command = kafka_stacks(&folder.0, words);
    command.env("PATH", path());
    transcript(command)
}

#[test]
fn a_stack_is_compared_with_what_is_committed() {
    let folder = Scratch::new();
    let written = run(&folder, &["synth", "dev"]);
    assert!(written.starts_with("exit 0\n"), "{written}");
    // Without a repository, the files on disk are compared.
    let mut alone = kafka_stacks(&folder.0, &["diff", "dev"]);
    alone.env("PATH", path());
    alone.env("GIT_CEILING_DIRECTORIES", folder.0.parent().expect("it has one"));
    let report = transcript(alone);
    assert!(
        report.starts_with("exit 0\n") && report.contains("the files on disk are compared"),
        "{report}"
    );
    let report = run(&folder, &["diff", "dev"]);
    assert!(report.contains("git cannot be run: it is not installed"), "{report}");

    git(&folder.0, &["init", "-q"]);
    git(&folder.0, &["add", "."]);
    git(&folder.0, &["commit", "-qm", "one"]);
    assert_eq!(with_git(&folder, &["diff", "dev"]), "exit 0\n");
    // What is edited on disk and not committed does not count.
    let service = folder.path("out/dev/kafka/service-kafka.yaml");
    let text = std::fs::read_to_string(&service).expect("it was written");
    std::fs::write(&service, text.replace("port: 9092", "port: 9999")).expect("it can be written");
    assert_eq!(with_git(&folder, &["diff", "dev"]), "exit 0\n");
    let report = with_git(&folder, &["diff", "dev", "--against", "out"]);
    assert!(
        report.starts_with("exit 1\n") && report.contains("Service kafka/kafka"),
        "{report}"
    );
    let report = with_git(&folder, &["diff", "--from", "HEAD:out/dev", "--to", "out/dev"]);
    assert!(
        report.starts_with("exit 1\n") && report.contains("9092 → 9999"),
        "{report}"
    );
    let report = with_git(&folder, &["diff", "dev", "--against", "v9"]);
    assert!(
        report.starts_with("exit 2\n") && report.contains("`v9` is neither a folder nor a revision"),
        "{report}"
    );
    assert!(with_git(&folder, &["diff", "dev", "--against", "--help"]).contains("exit 2"));
}

#[test]
fn the_schema_describes_the_report() {
    let schema = run(&Scratch::new(), &["schema", "diff"]);
    let schema = schema.strip_prefix("exit 0\n-- stdout\n").expect("it succeeds");
    let schema: serde_json::Value = serde_json::from_str(schema).expect("it is JSON");
    let required = |value: &serde_json::Value| {
        value["required"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|key| key.as_str().expect("a key").to_owned())
            .collect::<Vec<_>>()
    };
    for key in ["format_version", "class", "flags", "changes"] {
        assert!(required(&schema).contains(&key.to_owned()), "{key}: {schema:#}");
    }
    let change = &schema["$defs"]["Change"];
    for key in [
        "object", "path", "before", "after", "class", "flags", "reason", "commands",
    ] {
        assert!(change["properties"].get(key).is_some(), "{key}: {change:#}");
    }
    assert!(schema.to_string().contains("refused-by-api-server") && schema.to_string().contains("reassignment-needed"));
}

#[test]
fn a_comment_stays_within_the_limit_and_is_never_cut() {
    let folder = Scratch::new();
    let many = |storage: &str| {
        (0..400)
            .map(|number| set(3, storage).replace("kafka-controller", &format!("set-{number}")))
            .collect::<Vec<_>>()
            .join("---\n")
    };
    folder.put("old.yaml", &many("10Gi"));
    folder.put("new.yaml", &many("20Gi"));
    let comment = run(
        &folder,
        &["diff", "--from", "old.yaml", "--to", "new.yaml", "--format", "markdown"],
    );
    assert!(comment.chars().count() < 65_536 + 20, "{}", comment.chars().count());
    assert_eq!(
        comment.matches("<details>").count(),
        comment.matches("</details>").count()
    );
    assert!(
        comment.contains("…and ") && comment.contains(" objects with changes that are not worse"),
        "{comment}"
    );
}

/// One object alone is more than a comment holds: a topics file, or a dashboard.
#[test]
fn a_comment_tells_as_much_of_one_large_object_as_there_is_room_for() {
    let folder = Scratch::new();
    let many = |value: u32| {
        let lines = (0..3000).map(|number| format!("    some.setting.with.a.long.name.{number}={value}\n"));
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: large}}\ndata:\n  server.properties: |\n{}",
            lines.collect::<String>()
        )
    };
    folder.put("old.yaml", &many(1));
    folder.put("new.yaml", &many(2));
    let words = ["diff", "--from", "old.yaml", "--to", "new.yaml", "--format", "markdown"];
    let comment = run(&folder, &words);
    let size = comment.chars().count();
    assert!((50_000..65_556).contains(&size), "{size}");
    assert!(
        comment.contains("ConfigMap large</summary>") && comment.contains(" changes of this object\n\n</details>"),
        "{comment}"
    );
}

#[test]
fn synth_ends_with_what_its_files_do() {
    let folder = Scratch::new();
    assert!(!run(&folder, &["synth", "dev"]).contains("running cluster"));
    let path = folder.path("out/dev/kafka/statefulset-kafka.yaml");
    let text = std::fs::read_to_string(&path).expect("it was written");
    assert!(text.contains("storage: "), "{text}");
    let old = text.lines().map(|line| if line.contains("storage: ") { line.replace("storage: ", "storage: 1") } else { line.to_owned() } + "\n");
    std::fs::write(&path, old.collect::<String>()).expect("it can be written");
    let report = run(&folder, &["synth", "dev", "--overwrite"]);
    assert!(
        report
            .contains("refused-by-api-server  kafka, availability: StatefulSet kafka/kafka spec.volumeClaimTemplates"),
        "{report}"
    );
    assert!(
        report.contains("`diff dev` tells what this does to the running cluster"),
        "{report}"
    );
    let report = run(&folder, &["synth", "dev"]);
    assert!(!report.contains("running cluster"), "{report}");
}

#[test]
fn the_readme_shows_what_a_change_does() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Scratch::new();
    for file in ["kafka/statefulset-kafka.yaml", "kafka/poddisruptionbudget-kafka.yaml"] {
        let text = std::fs::read_to_string(root.join("out/prod").join(file)).expect("it is committed");
        folder.put(&format!("old/{file}"), &text);
        folder.put(
            &format!("new/{file}"),
            &text.replace("storage: 100Gi", "storage: 200Gi"),
        );
    }
    let report = run(&folder, &["diff", "--from", "old", "--to", "new"]);
    let report = report.strip_prefix("exit 1\n-- stdout\n").expect("it differs");
    let (change, _) = report
        .split_once("\n1 object unchanged")
        .expect("the budget is unchanged");
    let readme = std::fs::read_to_string(root.join("README.md")).expect("it is there");
    assert!(readme.contains(change), "the README must show:\n{change}");
}

#[test]
fn nothing_on_either_side_is_an_error_and_dev_null_is_nothing() {
    let folder = Scratch::new();
    folder.put("new.yaml", &config("a", "info"));
    folder.put("old/notes.txt", "no manifests\n");
    folder.put("empty/notes.txt", "none either\n");
    assert_snapshot!(run(&folder, &["diff", "--from", "old", "--to", "empty"]), @r"
    exit 2
    -- stderr
    error: no object on either side: there is nothing to compare
    ");
    let added = run(&folder, &["diff", "--from", "/dev/null", "--to", "new.yaml"]);
    assert!(
        added.starts_with("exit 1\n") && added.contains("object-added"),
        "{added}"
    );
}

/// Two pools whose voters change need the cluster to be stopped once.
#[test]
fn the_same_commands_are_told_once() {
    let folder = Scratch::new();
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("out/prod-dedicated/kafka");
    for file in [
        "configmap-kafka.yaml",
        "configmap-kafka-controller.yaml",
        "statefulset-kafka.yaml",
        "statefulset-kafka-controller.yaml",
    ] {
        let text = fs::read_to_string(out.join(file)).unwrap();
        folder.put(&format!("old/{file}"), &text);
        folder.put(
            &format!("new/{file}"),
            &text
                .replace("102@kafka-controller-102.", "102@kafka-controller-102.other.")
                .replace("checksum/config: ", "checksum/config: f"),
        );
    }
    let told = run(&folder, &["diff", "--from", "old", "--to", "new"]);
    assert_eq!(
        told.matches("scale statefulset kafka-controller --replicas=0").count(),
        1,
        "{told}"
    );
    assert!(told.contains("# once, with those of ConfigMap kafka/kafka\n"), "{told}");
    // What differs is at the end of a long list.
    assert!(told.contains("102.other.kafka-headless"), "{told}");
    let json = run(&folder, &["diff", "--from", "old", "--to", "new", "--format", "json"]);
    assert_eq!(
        json.matches("scale statefulset kafka-controller --replicas=0").count(),
        2,
        "{json}"
    );
}

/// In a closed cluster tools log in as the node.
#[test]
fn commands_in_a_closed_cluster_say_where_and_with_which_file_tools_log_in() {
    let scratch = Scratch::new();
    let file = "kafka/statefulset-kafka.yaml";
    let before = fs::read_to_string(format!("{}/out/prod-dedicated/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    for (side, text) in [
        ("a", before.clone()),
        ("b", before.replace("  replicas: 3\n", "  replicas: 2\n")),
    ] {
        scratch.put(&format!("{side}/set.yaml"), &text);
        let settings = fs::read_to_string(format!(
            "{}/out/prod-dedicated/kafka/configmap-kafka.yaml",
            env!("CARGO_MANIFEST_DIR")
        ));
        scratch.put(&format!("{side}/settings.yaml"), &settings.unwrap());
    }
    let said = run(&scratch, &["diff", "--from", "a", "--to", "b"]);
    let tools = "--bootstrap-server kafka-0.kafka-headless.kafka.svc.cluster.local:9090 --command-config /etc/kafka-stacks/client.properties";
    assert!(said.contains(&format!("kafka-reassign-partitions {tools} ")), "{said}");
    assert!(
        said.contains(&format!("kafka-cluster unregister {tools} --id 2")),
        "{said}"
    );
    assert!(!said.contains("CLIENT.PROPERTIES"), "{said}");
}
