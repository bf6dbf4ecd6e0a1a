//! Manifests on disk, checked by the real binary: sound ones have no findings, and each fault is found by the rule that covers
//! it.

mod adopted;
mod amended;
mod built;
mod charts;
pub(crate) mod connectors;
mod defects;
mod documented;
mod mended;
mod monitored;
mod piped;
pub(crate) mod surroundings;
mod unknown;

use std::fs;

use insta::assert_snapshot;

use super::cli::{Scratch, kafka_stacks, run, transcript};

const PLAIN: &str = include_str!("plain.yaml");
const KAFKA: &str = include_str!("kafka.yaml");
/// Another layout: the image's entrypoint, settings as variables.
const APACHE: &str = include_str!("apache.yaml");
/// What is unusual, and sound: names with colons, a Service for each pod, programs in scripts, monitors of other namespaces.
const OTHERS: &str = include_str!("others.yaml");

/// Puts a file beside manifests that acknowledges that their clusters are open, if they are: most are, and it is not what is tested.
fn acknowledge_open(scratch: &Scratch, folder: &str, texts: &[&str], words: &[&str]) {
    let has = |part: &str| texts.iter().any(|text| text.contains(part));
    let objects = [
        ("listener.security.protocol.map=CLIENT:PLAINTEXT", "ConfigMap kafka"),
        ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "StatefulSet kafka"),
    ];
    // In development the rule is off.
    let open = objects
        .iter()
        .filter(|(part, _)| has(part) && !words.contains(&"--development"));
    let entry = |(_, object): &(&str, &str)| {
        format!("[[acknowledge]]\nrule = \"KS-X10\"\nobject = \"{object}\"\nreason = \"not what is tested\"\n")
    };
    scratch.put(
        &format!("{folder}kafka-stacks.toml"),
        &open.map(entry).collect::<String>(),
    );
}

/// What `check --dir` says about the files of a folder, given further words.
fn check(files: &[(&str, &str)], words: &[&str]) -> String {
    let scratch = Scratch::new();
    let texts: Vec<&str> = files.iter().map(|(_, text)| *text).collect();
    acknowledge_open(&scratch, "dir/", &texts, words);
    for (file, text) in files {
        scratch.put(&format!("dir/{file}"), text);
    }
    run(&scratch, &[&["check", "--dir", "dir"], words].concat())
}

#[test]
fn sound_manifests_have_no_findings() {
    for base in [PLAIN, KAFKA, APACHE, OTHERS] {
        assert_eq!(check(&[("a.yaml", base)], &[]), "exit 0\n");
        assert_eq!(check(&[("a.yaml", base)], &["--development"]), "exit 0\n");
        assert_eq!(check(&[("a.yaml", &base.replace('\n', "\r\n"))], &[]), "exit 0\n");
    }
}

#[test]
fn a_file_without_an_object_is_not_a_clean_result() {
    assert_snapshot!(check(&[("a.yaml", "---\n# nothing\n")], &[]), @r"
    exit 2
    -- stderr
    error: no object in what was read: there is nothing to judge
      hint: did the chart's values leave everything out? `---` and comments are no manifests
    ");
}

/// A text from a manifest cannot begin a line of its own, which a workflow would take for a command, nor clear a terminal.
#[test]
fn control_characters_of_a_manifest_are_shown_as_text() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"a\\n::stop-commands::x\\n\\e[2J\"}\nspec: {}\n";
    for format in ["text", "github"] {
        let shown = check(&[("a.yaml", pod)], &["--format", format]);
        assert!(shown.contains("stop-commands"), "{shown}");
        assert!(
            !shown.contains("\n::stop-commands") && !shown.contains('\u{1b}'),
            "{shown}"
        );
    }
}

/// One of the two is applied. What is wrong with both, and with nothing else, follows from that they are two.
#[test]
fn an_object_that_is_there_twice_is_told_once() {
    let set = KAFKA
        .split("---\n")
        .find(|document| document.contains("kind: StatefulSet"));
    let set = set.expect("a StatefulSet");
    assert_snapshot!(check(&[("a.yaml", KAFKA), ("b.yaml", set)], &[]));
    // Three, of which each is judged with the others of the folder.
    let wrong = set.replacen("serviceName: kafka-headless", "serviceName: kafka-headles", 1);
    assert_ne!(wrong, set);
    assert_snapshot!(check(&[("a.yaml", KAFKA), ("b.yaml", set), ("c.yaml", &wrong)], &[]));
}

#[test]
fn a_service_for_a_pod_above_the_replicas_selects_nothing() {
    for (from, to) in [
        ("pod-name: web-0", "pod-name: web-2"),
        ("pod-index: \"1\"", "pod-index: \"2\""),
    ] {
        assert!(OTHERS.contains(from), "{from}");
        let shown = check(&[("a.yaml", &OTHERS.replace(from, to))], &[]);
        assert!(shown.contains("error[KS-A21] Service web-"), "{to}: {shown}");
    }
}

#[test]
fn manifests_rendered_by_the_stacks_have_no_findings() {
    let out = format!("{}/out", env!("CARGO_MANIFEST_DIR"));
    let stacks: Vec<_> = fs::read_dir(out).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(stacks.len() >= 5, "{stacks:?}");
    for folder in stacks {
        let folder = folder.to_str().unwrap();
        // One broker: that is what `dev` is for, and its stack acknowledges it.
        if folder.ends_with("/dev") {
            let shown = run(
                &Scratch::new(),
                &["check", "--dir", folder, "--development", "--format", "json"],
            );
            assert!(shown.starts_with("exit 0\n"), "{shown}");
            assert_eq!(shown.matches("\"rule\"").count(), 1, "{shown}");
            assert_eq!(shown.matches("KS-D04").count(), 1, "{shown}");
            continue;
        }
        let mut arguments = vec!["check", "--dir", folder];
        // Of users with a password only the names are in the files.
        if !folder.ends_with("/scale") {
            for secret in ["Secret/kafka-connect-kafka", "Secret/schema-registry-kafka"] {
                arguments.extend(["--assume", secret]);
            }
        }
        assert_eq!(run(&Scratch::new(), &arguments), "exit 0\n", "{folder}");
    }
}

/// What a stack acknowledges in Rust is said again beside its files, where they are judged alone.
#[test]
fn acknowledgements_beside_rendered_files_quiet_them() {
    let scratch = Scratch::new();
    let out = concat!(env!("CARGO_MANIFEST_DIR"), "/out/dev");
    scratch.put("kafka-stacks.toml", "");
    for file in [
        "kafka/configmap-kafka.yaml",
        "kafka/statefulset-kafka.yaml",
        "kafka/service-kafka.yaml",
        "kafka/service-kafka-headless.yaml",
    ] {
        scratch.put(
            &format!("dir/{file}"),
            &fs::read_to_string(format!("{out}/{file}")).unwrap(),
        );
    }
    let terms = |object: &str| {
        format!(
            "profile = \"development\"\n[[acknowledge]]\nrule = \"KS-D04\"\nobject = \"{object}\"\nreason = \"one broker is enough here\"\n"
        )
    };
    let words = ["check", "--dir", "dir", "--assume", "ServiceAccount", "--development"];
    let shown = run(&scratch, &words);
    assert_eq!(shown.matches("KS-D04").count(), 1, "{shown}");
    let object = shown.split("[KS-D04] ").nth(1).unwrap().split(": ").next().unwrap();
    scratch.put("dir/kafka-stacks.toml", &terms(object));
    assert_eq!(run(&scratch, &words[..5]), "exit 0\n");
}

/// Where data may be lost, an image may change under its name.
#[test]
fn an_image_without_a_version_is_no_error_in_development() {
    let latest = PLAIN.replace("example/store:1.2.3", "example/store:latest");
    let said = |words: &[&str]| check(&[("a.yaml", &latest)], words);
    assert!(said(&[]).contains("error[KS-I05]"));
    let shown = said(&["--development"]);
    assert!(
        shown.starts_with("exit 0\n") && shown.contains("warning[KS-I05]"),
        "{shown}"
    );
}

#[test]
fn ports_of_pods_with_a_sidecar_must_be_declared_as_tcp() {
    let injected = KAFKA.replacen(
        "app: kafka\n        sidecar.istio.io/inject: \"false\"",
        "app: kafka\n        sidecar.istio.io/inject: \"true\"",
        1,
    );
    assert_eq!(check(&[("a.yaml", &injected)], &[]), "exit 0\n");
    let undeclared = injected.replace(
        "  - name: tcp-controller\n    port: 9093\n    targetPort: tcp-controller\n",
        "",
    );
    assert_snapshot!(check(&[("a.yaml", &undeclared)], &[]));
    let unnamed = injected.replace("- name: tcp-controller\n    port", "- name: controller\n    port");
    assert_snapshot!(check(&[("a.yaml", &unnamed)], &[]));
}

#[test]
fn objects_above_the_size_limits_are_reported() {
    let config = |bytes: usize| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata:\n  a: {}\n",
            "x".repeat(bytes)
        );
        check(&[("a.yaml", &text)], &[])
    };
    assert_eq!(config(260_000), "exit 0\n");
    assert_snapshot!(config(270_000));
    assert!(config(1 << 20).starts_with("exit 0\n"));
    assert_snapshot!(config((1 << 20) + 1));
}

#[test]
fn a_missing_object_is_an_error_unless_it_is_assumed_to_be_in_the_cluster() {
    let gone = PLAIN.replace(
        "  name: app\n  namespace: kafka\ndata:\n  password",
        "  name: other\n  namespace: kafka\ndata:\n  password",
    );
    assert_snapshot!(check(&[("a.yaml", &gone)], &[]));
    for assume in ["Secret", "Secret/app"] {
        assert_eq!(check(&[("a.yaml", &gone)], &["--assume", assume]), "exit 0\n");
    }
    assert!(check(&[("a.yaml", &gone)], &["--assume", "Secret/ap"]).starts_with("exit 2\n"));
    assert_eq!(
        check(&[("a.yaml", PLAIN)], &["--assume", "Secret/x", "--assume", "Pod"]),
        "exit 0\n-- stderr\nunused assumption `Secret/x`: nothing refers to it\nunused assumption `Pod`: nothing refers to it\n"
    );
    let shown = check(&[("a.yaml", PLAIN)], &["--assume", "Secrets/x"]);
    assert!(
        shown.starts_with("exit 2\n-- stderr\nerror: invalid value 'Secrets/x'"),
        "{shown}"
    );
}

#[test]
fn a_kustomization_is_not_an_object_and_its_resources_must_exist() {
    let index = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- a.yaml\n";
    let own = |text: &str| check(&[("a.yaml", PLAIN), ("kustomization.yaml", text)], &[]);
    assert_eq!(own(index), "exit 0\n");
    assert_eq!(own(&index.replace("a.yaml", "./a.yaml")), "exit 0\n");
    assert_snapshot!(own(&format!("{index}- gone.yaml\nnamePrefix: a-\n")));
    assert_snapshot!(own(&index.replace("\n- a.yaml", " []")));
    // Paths are compared by what they mean, however the folder is named.
    let scratch = Scratch::new();
    scratch.put("dir/a.yaml", PLAIN);
    scratch.put("dir/kustomization.yaml", index);
    scratch.put("kustomization.yaml", "resources: [dir]\n");
    for folder in [".", "./dir", "dir/", "dir/../dir", "dir/../."] {
        assert_eq!(run(&scratch, &["check", "--dir", folder]), "exit 0\n", "{folder}");
    }
    let nested = [
        ("base/a.yaml", PLAIN),
        ("base/kustomization.yaml", index),
        ("kustomization.yaml", "resources: [base]\n"),
    ];
    assert_eq!(check(&nested, &[]), "exit 0\n");
}

#[test]
fn a_patch_of_a_kustomization_is_not_an_object() {
    let patch =
        "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: store, namespace: kafka}\nspec: {replicas: 3}\n";
    let kustomization = |patches: &str| {
        let text = format!("kind: Kustomization\nresources: [a.yaml]\n{patches}");
        check(
            &[
                ("a.yaml", PLAIN),
                ("more/replicas.yaml", patch),
                ("kustomization.yaml", &text),
            ],
            &[],
        )
    };
    // Without the kustomization, the patch is a second StatefulSet that lacks most of its fields.
    assert!(kustomization("").starts_with("exit 2\n"));
    for patches in [
        "patches:\n- path: more/replicas.yaml\n",
        "patches:\n- path: ./more/replicas.yaml\n  target: {kind: StatefulSet}\n",
        "patchesStrategicMerge: [more/replicas.yaml]\n",
    ] {
        let shown = kustomization(patches);
        assert!(shown.starts_with("exit 0\n"), "{patches}: {shown}");
        assert!(
            shown.ends_with(
                "not judged: changes of dir/kustomization.yaml, because neither `kubectl` nor `kustomize` is there\n"
            ),
            "{patches}: {shown}"
        );
    }
    let shown = kustomization("patches:\n- path: more/replicas.yaml\n- path: gone.yaml\n");
    assert!(
        shown.contains(
            "error[KS-A06] dir/kustomization.yaml: `gone.yaml` does not exist\n  --> dir/kustomization.yaml:5"
        ),
        "{shown}"
    );
}

#[test]
fn unusual_files_are_reported_with_file_and_line() {
    let deep = "[".repeat(50_000);
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        bomb += &format!(
            "a{level}: &a{level} [{}]\n",
            vec![format!("*a{}", level - 1); 10].join(", ")
        );
    }
    let config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
    assert_snapshot!(check(
        &[
            ("01-bomb.yaml", &bomb),
            ("02-deep.yaml", &deep),
            ("03-empty.yaml", ""),
            ("04-comment.yml", "# nothing\n---\n"),
            (
                "05-list.yaml",
                "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata:\n    name: A\n- {}\n"
            ),
            ("06-text.yaml", "just text\n"),
            ("07-two.yaml", &format!("{config}---\n{config}")),
            (
                "08-object.json",
                "{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\",\n \"metadata\": {\"name\": \"B\"}}"
            ),
            ("09-broken.json", "{\"apiVersion\": \"v1\",\n \"kind\": }"),
            ("10-tabs.yaml", "a:\n\tb: 1\n"),
            ("11-control.yaml", "a: \u{1}\n"),
            ("12-values.yaml", "replicas: 3\n"),
            (
                "13-generated.yaml",
                "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\nspec: {containers: [{name: a, image: \"b:1\"}]}\n"
            ),
            ("notes.txt", "not a manifest: [\n"),
        ],
        &[]
    ));
}

#[cfg(unix)]
#[test]
fn links_pipes_and_binary_files_are_reported_without_blocking() {
    use std::os::unix::fs::symlink;
    let scratch = Scratch::new();
    scratch.put("dir/sub/a.yaml", PLAIN);
    fs::write(scratch.path("dir/binary.yaml"), b"a: b\n\xff\xfe\x00").unwrap();
    symlink("loop.yaml", scratch.path("dir/loop.yaml")).unwrap();
    symlink("gone.yaml", scratch.path("dir/dangling.yaml")).unwrap();
    symlink("..", scratch.path("dir/sub/up")).unwrap();
    symlink("..", scratch.path("dir/folder.yaml")).unwrap();
    let pipe = scratch.path("dir/pipe.yaml");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_snapshot!(run(&scratch, &["check", "--dir", "dir"]));
}

#[test]
fn a_missing_folder_or_one_without_manifests_is_a_failure() {
    let scratch = Scratch::new();
    scratch.put("dir/notes.txt", "");
    assert_snapshot!(run(&scratch, &["check", "--dir", "dir"]));
    assert_snapshot!(run(&scratch, &["check", "--dir", "gone"]));
    for words in [["check", "prod", "--dir", "dir"], ["check", "--dir", "dir", "--all"]] {
        assert!(
            run(&scratch, &words).starts_with("exit 2\n-- stderr\nerror: "),
            "{words:?}"
        );
    }
    for words in [["check", "--assume", "Secret"].as_slice(), &["check", "--development"]] {
        assert!(
            run(&scratch, words).starts_with("exit 2\n-- stderr\nerror: "),
            "{words:?}"
        );
    }
}

#[test]
fn json_github_and_sarif_show_the_same_findings() {
    let broken = PLAIN
        .replacen("replicas: 2", "replicas: -2", 1)
        .replacen("protocol: TCP", "protocol: tcp", 1);
    assert_snapshot!(check(&[("a.yaml", &broken)], &["--format", "json"]));
    assert_snapshot!(check(&[("a,b: 50%.yaml", &broken)], &["--format", "github"]));
    let sarif = check(&[("a b%.yaml", &broken)], &["--format", "sarif"]);
    assert_snapshot!(sarif);
    // What was acknowledged is a notice, with the reason, and a result that is suppressed.
    let shown = run(
        &Scratch::new(),
        &["check", "prod-zookeeper", "--all", "--format", "github"],
    );
    assert!(
        shown.contains("::notice file=stacks/prod_zookeeper.rs,line="),
        "{shown}"
    );
    assert!(shown.contains("%0Aacknowledged: "), "{shown}");
    let shown = run(
        &Scratch::new(),
        &["check", "prod-zookeeper", "--all", "--format", "sarif"],
    );
    let log: serde_json::Value = serde_json::from_str(shown.split_once("-- stdout\n").unwrap().1).unwrap();
    let results = log["runs"][0]["results"].as_array().unwrap();
    // Of the users of components only the names are in the stack: a note for each.
    let (acknowledged, notes): (Vec<_>, Vec<_>) =
        results.iter().partition(|result| !result["suppressions"][0].is_null());
    assert!(!acknowledged.is_empty());
    assert!(notes.iter().all(|note| note["ruleId"] == "KS-A32"), "{notes:?}");
    for result in acknowledged {
        assert_eq!(result["suppressions"][0]["kind"], "inSource");
        let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(log["runs"][0]["tool"]["driver"]["rules"][rule]["id"], result["ruleId"]);
    }
    for words in [["list", "--format", "sarif"], ["synth", "--format", "github"]] {
        let shown = transcript(kafka_stacks(&Scratch::new().0, &words));
        assert!(
            shown.starts_with("exit 2\n-- stderr\nerror: only `check` reports findings"),
            "{shown}"
        );
    }
}
