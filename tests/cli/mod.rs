//! The real binary, as a shell runs it.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use insta::assert_snapshot;

/// An empty folder that is deleted when the value is dropped.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new() -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("kafka-stacks-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&path).expect("the temporary folder can be written");
        Self(path)
    }

    pub(super) fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    pub(super) fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("the temporary folder can be written");
        fs::write(path, text).expect("the temporary folder can be written");
    }

    /// Every file with its bytes.
    pub(super) fn files(&self, folder: &str) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        let mut folders = vec![self.path(folder)];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).expect("the folder is there") {
                let path = entry.expect("the folder can be read").path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let bytes = fs::read(&path).expect("the file can be read");
                    files.insert(path.strip_prefix(&self.0).expect("it is below").to_owned(), bytes);
                }
            }
        }
        files
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The binary with some arguments, in a folder, with an environment that says nothing about colour.
pub(super) fn kafka_stacks(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-stacks"));
    command.args(words).current_dir(folder).stdin(Stdio::null());
    // What is installed on a machine decides nothing: a test that needs a tool brings it.
    command.env("PATH", folder.join("tools"));
    for variable in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "RUST_BACKTRACE"] {
        command.env_remove(variable);
    }
    command
}

/// Output and exit status of a run.
pub(super) fn transcript(mut command: Command) -> String {
    let output = command.output().expect("the binary runs");
    let mut shown = match output.status.code() {
        Some(code) => format!("exit {code}\n"),
        None => format!("{}\n", output.status),
    };
    for (stream, bytes) in [("stdout", output.stdout), ("stderr", output.stderr)] {
        if !bytes.is_empty() {
            shown += &format!("-- {stream}\n{}", String::from_utf8_lossy(&bytes));
        }
    }
    // The binary has an extension on some machines.
    shown.replace("kafka-stacks.exe", "kafka-stacks")
}

pub(super) fn run(folder: &Scratch, words: &[&str]) -> String {
    transcript(kafka_stacks(&folder.0, words))
}

#[test]
fn the_help_fits_a_screen() {
    assert_snapshot!(run(&Scratch::new(), &["-h"]), @r"
    exit 0
    -- stdout
    Kafka platforms as Rust values, Kubernetes manifests that run as the result

    Usage: kafka-stacks [OPTIONS] <COMMAND>

    Commands:
      synth         Write the stacks' manifests, but only files that changed
      diff          Show what a change does to the running cluster
      check         Report errors and warnings of stacks, or of manifests on disk; write nothing
      init          Write a repository of your own: a stack, a test, a workflow and a README
      list          List the stacks
      tree          Show a stack's constructs and objects, with requests and limits
      verify        Check that a running stack is healthy and as declared, with your own kubectl
      deploy        Bring a stack into a cluster, wave by wave, with your own kubectl
      roll          Restart the nodes that still run as before a change, one at a time, with your own kubectl
      drain         Move all replicas off brokers, before the stack declares fewer, with your own kubectl
      rebalance     Spread replicas over all brokers, after the stack declares more, with your own kubectl
      replace       Give a broker new, empty volumes, because the old ones or its machine are lost, with your own kubectl
      docs          Print a stack's handbook: addresses, topics, what is survived, operations, troubleshooting
      capacity      Show what a stack's load needs of its brokers, and what they have
      explain       Explain a rule, an alert or a kind of change, or list all rules
      schema        Write the JSON Schema of a report, or of a team's file, to standard output
      completions   Write completions for a shell to standard output
      kubectl-diff  Show what a change does to live objects; for `kubectl diff`
      help          Print this message or the help of the given subcommand(s)

    Options:
          --format <FORMAT>  How to report [default: text] [possible values: text, json, github, sarif, markdown, html, junit]
          --color <WHEN>     When to use colour [default: auto] [possible values: auto, always, never]
      -h, --help             Print help (see more with '--help')
      -V, --version          Print version
    ");
}

#[test]
fn no_arguments_show_the_help_as_an_error() {
    let shown = run(&Scratch::new(), &[]);
    assert!(
        shown.starts_with("exit 2\n-- stderr\nKafka platforms as Rust values"),
        "{shown}"
    );
}

#[test]
fn wrong_arguments_exit_with_2_and_a_hint() {
    let scratch = Scratch::new();
    assert_snapshot!(run(&scratch, &["synth", "--chekc"]), @r"
    exit 2
    -- stderr
    error: unexpected argument '--chekc' found

      tip: a similar argument exists: '--check'

    Usage: kafka-stacks synth --check [STACK]...

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&scratch, &["synht"]), @r"
    exit 2
    -- stderr
    error: unrecognized subcommand 'synht'

      tip: a similar subcommand exists: 'synth'

    Usage: kafka-stacks [OPTIONS] <COMMAND>

    For more information, try '--help'.
    ");
    for words in [
        ["synth", "--check", "--overwrite"],
        ["synth", "--stdout", "--check"],
        ["synth", "--out", ""],
        ["check", "--format", "xml"],
        ["list", "prod", "--all"],
        ["explain", "--all", "KS-S01"],
        ["tree", "prod", "dev"],
        ["capacity", "prod", "dev"],
    ] {
        let shown = run(&scratch, &words);
        assert!(shown.starts_with("exit 2\n-- stderr\nerror: "), "{words:?}: {shown}");
    }
    assert!(scratch.files("").is_empty());
}

#[test]
fn an_unknown_stack_is_an_error_with_a_suggestion_and_nothing_is_written() {
    let scratch = Scratch::new();
    assert_snapshot!(run(&scratch, &["synth", "dev", "prodd"]), @r"
    exit 2
    -- stderr
    error: there is no stack `prodd`; did you mean `prod`?
      hint: the stacks are `dev`, `staging`, `prod`, `prod-dedicated`, `prod-zookeeper`, `scale`
    ");
    assert!(scratch.files("").is_empty());
}

#[test]
fn all_stacks_are_written_once_and_found_up_to_date() {
    let scratch = Scratch::new();
    let shown = run(&scratch, &["synth"]);
    assert!(shown.starts_with("exit 0\n-- stderr\n"), "{shown}");
    assert!(shown.contains("out/prod: "), "{shown}");
    let written = scratch.files("");
    for words in [&["synth"][..], &["synth", "prod", "prod"], &["synth", "--check"]] {
        let shown = run(&scratch, words);
        assert!(shown.starts_with("exit 0\n"), "{words:?}: {shown}");
        let mut folders = shown.lines().filter(|line| line.starts_with("out/"));
        assert!(
            folders.all(|line| line.ends_with(" files, up to date")),
            "{words:?}: {shown}"
        );
        assert!(!shown.contains("-- stdout"), "{words:?}: {shown}");
    }
    assert_eq!(scratch.files(""), written);

    scratch.put("out/prod/kustomization.yaml", "kind: Kustomization\n");
    assert!(run(&scratch, &["synth", "--check"]).starts_with("exit 1\n"));
    assert_snapshot!(run(&scratch, &["synth", "prod"]), @r"
    exit 2
    -- stderr
    error: `out/prod/kustomization.yaml` was not written by kafka-stacks
      hint: move the file elsewhere if you need it, then run `synth --overwrite`
    out/prod: not written
    ");
    assert!(run(&scratch, &["synth", "prod", "--overwrite"]).starts_with("exit 0\n"));
    assert_eq!(scratch.files(""), written);
}

#[test]
fn the_same_stacks_give_the_same_bytes_in_every_process() {
    let scratch = Scratch::new();
    let elsewhere = Scratch::new();
    let mut here = kafka_stacks(&scratch.0, &["synth"]);
    here.env_clear()
        .env("TZ", "Pacific/Auckland")
        .env("LANG", "C")
        .env("HOME", "/nonexistent");
    let there = elsewhere.path("deep/er");
    fs::create_dir_all(&there).expect("the temporary folder can be written");
    let out = elsewhere.path("out");
    let mut there = kafka_stacks(&there, &["synth", "--out", out.to_str().expect("it is Unicode")]);
    there
        .env("TZ", "America/St_Johns")
        .env("LANG", "tr_TR.UTF-8")
        .env("LC_ALL", "tr_TR.UTF-8");
    there
        .env("USER", "someone")
        .env("KAFKA_OPTS", "-Dx=y")
        .env("SOURCE_DATE_EPOCH", "1");
    for command in [here, there] {
        let shown = transcript(command);
        assert!(shown.starts_with("exit 0\n"), "{shown}");
    }
    let files = scratch.files("out");
    assert!(files.len() > 100, "{}", files.len());
    assert!(files == elsewhere.files("out"), "the two runs differ");
    let streams = [&scratch, &elsewhere].map(|folder| run(folder, &["synth", "--stdout"]));
    assert_eq!(streams[0], streams[1]);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let scratch = Scratch::new();
    scratch.put("file", "mine");
    scratch.put("out/dev/kafka/statefulset-kafka.yaml/inner", "mine");
    for out in ["file", "file/out"] {
        let shown = run(&scratch, &["synth", "prod", "--out", out]);
        // The rest of the text is the operating system's.
        assert!(
            shown.starts_with("exit 2\n-- stderr\n") && shown.contains(&format!("error: cannot read `{out}/prod`: ")),
            "{shown}"
        );
    }
    let shown = run(&scratch, &["synth", "dev"]);
    assert!(shown.starts_with("exit 2\n"), "{shown}");
    assert!(
        shown.contains("error: `out/dev/kafka/statefulset-kafka.yaml` is a folder where a file must be\n"),
        "{shown}"
    );
    let left: Vec<PathBuf> = scratch.files("").into_keys().collect();
    assert_eq!(
        left,
        ["file", "out/dev/kafka/statefulset-kafka.yaml/inner"].map(PathBuf::from)
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_of_the_system_is_reported_in_one_line() {
    let scratch = Scratch::new();
    // Not even root can create anything there.
    let shown = run(&scratch, &["synth", "prod", "--out", "/proc"]);
    assert!(
        shown.ends_with("error: cannot create folder `/proc/prod`: No such file or directory (os error 2)\n"),
        "{shown}"
    );
    assert!(shown.starts_with("exit 2\n"), "{shown}");

    let full = fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("Linux has it");
    let mut command = kafka_stacks(&scratch.0, &["list"]);
    command.stdout(full);
    assert_snapshot!(transcript(command), @r"
    exit 2
    -- stderr
    error: cannot write to standard output: No space left on device (os error 28)
    ");
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let scratch = Scratch::new();
    for words in [
        &["synth", "--stdout"][..],
        &["tree", "prod"],
        &["capacity", "scale"],
        &["list", "--format", "json"],
        &["check", "--all"],
        &["explain"],
        &["completions", "zsh"],
        &["--help"],
    ] {
        let mut command = kafka_stacks(&scratch.0, words);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("the binary ends");
        let notes = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{words:?}: {notes}");
        assert!(
            !notes.contains("panicked") && !notes.contains("pipe"),
            "{words:?}: {notes}"
        );
    }
}

#[test]
fn a_pipe_gets_colour_only_with_color_always() {
    let scratch = Scratch::new();
    let coloured = |words: &[&str], no_color: bool| {
        let mut command = kafka_stacks(&scratch.0, words);
        if no_color {
            command.env("NO_COLOR", "1");
        }
        transcript(command).contains('\u{1b}')
    };
    for words in [&["list"][..], &["synth", "nothing"], &["--help"], &["synth", "--wrong"]] {
        assert!(!coloured(words, false), "{words:?}");
        let asked = [words, &["--color", "always"]].concat();
        assert!(coloured(&asked, false), "{asked:?}");
        assert!(coloured(&asked, true), "{asked:?}");
    }
}

#[test]
fn a_rule_is_explained_in_any_case_and_a_wrong_one_suggested() {
    let scratch = Scratch::new();
    assert_snapshot!(run(&scratch, &["explain", "ks-s03"]), @r"
    exit 0
    -- stdout
    KS-S03: two objects with one name
    error in every stack

    Two objects of the same kind, namespace and name are one object to the API
    server: the one that is applied last silently replaces the other.

    source: Kubernetes, Object Names and IDs
    ");
    assert_snapshot!(run(&scratch, &["explain", "KS-S0"]), @r"
    exit 2
    -- stderr
    error: there is no rule `KS-S0`; did you mean `KS-S01`?
      hint: `explain` without a rule lists all of them
    ");
    let all = run(&scratch, &["explain"]);
    assert_eq!(run(&scratch, &["explain", "--all"]), all);
    assert!(
        all.starts_with("exit 0\n-- stdout\nKS-A01  error    a file that cannot be read as manifests\n"),
        "{all}"
    );
    for id in all.lines().skip(2).filter_map(|line| line.split(' ').next()) {
        let shown = run(&scratch, &["explain", id]);
        assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    }
}

#[test]
fn an_alert_is_explained_with_its_expression_beans_limit_and_page() {
    let scratch = Scratch::new();
    let shown = run(&scratch, &["explain", "KafkaOfflinePartitions"]);
    for part in [
        "exit 0\n-- stdout\nKafkaOfflinePartitions: Kafka partitions are offline",
        "\nin prod\n",
        "  severity: critical\n  for: 1m\n",
        "  expression: max by (cluster, namespace, kafka_cluster) (kafka_controller_kafkacontroller_offlinepartitionscount{",
        "  limit: No offline partitions.",
        "from bean `kafka.controller:type=KafkaController,name=OfflinePartitionsCount`, attribute `Value`",
        "  runbook: runbooks/KafkaOfflinePartitions.md\n",
        "  runbook_url: https://",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    assert_snapshot!(run(&scratch, &["explain", "KafkaOfflinePartition"]), @r"
    exit 2
    -- stderr
    error: there is no rule or alert `KafkaOfflinePartition`; did you mean `KafkaOfflinePartitions`?
      hint: `explain` without a rule lists all of them
    ");
    // What is the same in all stacks is said once.
    let shown = run(&scratch, &["explain", "KafkaBrokerDown", "prod", "dev"]);
    let parts: Vec<&str> = shown.split("\nin ").skip(1).collect();
    assert!(
        matches!(parts[..], [both, dev, prod]
            if both.starts_with("dev, prod\n  severity: critical\n") && !both.contains("limit:")
                && dev.starts_with("dev\n") && dev.contains("limit: 1 brokers") && !dev.contains("severity")
                && prod.starts_with("prod\n") && prod.contains("limit: 3 brokers")),
        "{shown}"
    );
    assert_snapshot!(run(&scratch, &["explain", "KS-D02", "prod"]), @r"
    exit 2
    -- stderr
    error: `KS-D02` is the same in all stacks: `prod` says nothing about it
      hint: `explain KS-D02`
    ");
    let json = run(&scratch, &["explain", "KafkaBrokerDown", "--format", "json"]);
    assert!(
        json.contains("\"stacks\": [") || json.contains("\"stacks\":["),
        "{json}"
    );
}

#[test]
fn list_and_tree_know_the_stacks_of_this_binary() {
    let scratch = Scratch::new();
    let shown = run(&scratch, &["list"]);
    let names: Vec<&str> = shown
        .lines()
        .skip(2)
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(
        names,
        ["dev", "staging", "prod", "prod-dedicated", "prod-zookeeper", "scale"]
    );
    let shown = run(&scratch, &["tree", "prod"]);
    // The sizes of the reference system: three brokers of 2 to 4 CPU, 8 GiB and 100 GiB.
    assert!(
        shown.contains("├── kafka  requests 6 CPU and 24 GiB memory, limits 12 CPU and 24 GiB memory, 300 GiB disk\n"),
        "{shown}"
    );
}

#[test]
fn completions_know_stacks_and_rules() {
    let scratch = Scratch::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let shown = run(&scratch, &["completions", shell]);
        assert!(shown.starts_with("exit 0\n-- stdout\n"), "{shell}");
        assert!(shown.contains("overwrite"), "{shell}");
        // The others complete no values.
        if ["bash", "zsh"].contains(&shell) {
            assert!(shown.contains("prod-zookeeper") && shown.contains("KS-S03"), "{shell}");
        }
    }
}

#[test]
fn the_readme_shows_the_figures_of_the_stack() {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("it is there");
    let shown = run(&Scratch::new(), &["capacity", "scale"]);
    let table = shown
        .strip_prefix("exit 0\n-- stdout\n")
        .expect("it holds, and says nothing else");
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let expected = format!("```text\n$ kafka-stacks capacity scale\n{table}```\n");
    assert!(readme.replace("\r\n", "\n").contains(&expected), "{expected}");
}

#[test]
fn capacity_lists_the_figures_that_are_missing() {
    let scratch = Scratch::new();
    let shown = run(&scratch, &["capacity", "prod"]);
    assert_snapshot!(shown, @r"
    exit 0
    -- stdout
    prod/kafka  3 brokers, load unknown

    pool kafka: 3 brokers
    each broker                all up     one down          has  ceiling   headroom
    partition replicas            384                     1,000    100 %       61 %

    - not given for pool `kafka`: disk throughput, network throughput, throughput of
      a core; add `.disk_throughput(125.mebibytes_per_second())`,
      `.network(10.gigabits_per_second())`, `.cpu_class(CpuClass::MSK_EXPRESS_M7G)`,
      with figures from the vendor or a measurement
    - not given for `call.events`, `ai.interactions`, `crm.updates` and 7 more:
      load, which is therefore not counted; add `Topic::load(Load::new(…))`, or
      `KafkaCluster::load(…)` for all of them together
    ");
    assert_snapshot!(run(&scratch, &["capacity", "scael"]), @r"
    exit 2
    -- stderr
    error: there is no stack `scael`; did you mean `scale`?
      hint: the stacks are `dev`, `staging`, `prod`, `prod-dedicated`, `prod-zookeeper`, `scale`
    ");
    let report: serde_json::Value = {
        let shown = run(&scratch, &["capacity", "prod", "--format", "json"]);
        serde_json::from_str(shown.strip_prefix("exit 0\n-- stdout\n").expect("data only")).expect("a document")
    };
    let pool = &report["clusters"][0]["pools"][0];
    assert_eq!(report["format_version"], 2);
    assert_eq!(pool["limits"][0]["resource"], "disk_write");
    for unknown in ["needs", "has", "headroom_percent", "holds"] {
        assert!(pool["limits"][0][unknown].is_null(), "{unknown}");
    }
    assert_eq!(pool["limits"][6]["needs"], 384);
}

#[test]
fn init_writes_a_repository_and_refuses_what_would_be_none() {
    let scratch = Scratch::new();
    let id = "WXo4c0tSYlFOc1lEa3ZkTw";
    assert_snapshot!(run(&scratch, &["init", "shop", "--cluster-id", id]), @r"
    exit 0
    -- stderr
    shop: 7 files written
    next: cd shop, then `cargo test`, `cargo run -- synth`, and read README.md
    ");
    let files: Vec<String> = scratch
        .files("shop")
        .keys()
        .map(|path| path.display().to_string())
        .collect();
    assert_eq!(
        files,
        [
            "shop/.github/workflows/check.yaml",
            "shop/.gitignore",
            "shop/Cargo.lock",
            "shop/Cargo.toml",
            "shop/README.md",
            "shop/src/main.rs",
            "shop/src/stack.rs",
        ]
    );
    assert_snapshot!(run(&scratch, &["init", "shop"]), @r"
    exit 2
    -- stderr
    error: `shop` is not empty
      hint: name a folder that does not exist yet
    ");
    let wrong = [
        "init",
        "Shop",
        "--brokers",
        "2",
        "--zones",
        "a,a,b",
        "--cluster-id",
        "short",
        "--source",
        "nowhere",
    ];
    assert_snapshot!(run(&scratch, &wrong), @r"
    exit 2
    -- stderr
    error: `Shop` cannot be the name of a package and a stack: 1 to 40 lower-case letters, digits and `-`, the first a letter
    error: 2 brokers: use 1 for development, or 3 and more, because two tolerate no failure
    error: 2 brokers cannot be spread evenly over 3 zones: use a multiple of 3
    error: zone `a` is given twice
    error: there is no source of kafka-stacks in `nowhere`: give its folder in `--source`
    error: `short` is not a cluster id: 22 letters, digits, `-` and `_`
    ");
    assert!(!scratch.path("Shop").exists());
}

#[test]
fn init_with_zones_makes_a_pool_for_each() {
    let scratch = Scratch::new();
    run(
        &scratch,
        &[
            "init",
            "mall",
            "--brokers",
            "3",
            "--zones",
            "a,b,c",
            "--no-monitoring",
            "--cluster-id",
            "WXo4c0tSYlFOc1lEa3ZkTw",
        ],
    );
    assert_snapshot!(fs::read_to_string(scratch.path("mall/src/stack.rs")).expect("it is written"), @r#"
    //! The stack `mall`.

    use kafka_stacks::prelude::*;

    pub(crate) fn stack() -> Stack {
        let mut stack = Stack::new("mall", "kafka");
        stack.acknowledge(
            &rules::security::PLAINTEXT,
            "open until certificates and users are there; docs/security.md of kafka-stacks says how to close it",
        );
        let kafka = stack.add(
            // The id of the cluster: it is written once, and never changes.
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3).first_id(0).storage(Storage::persistent(10.gib())))
                .pool(
                    NodePool::brokers("kafka-a", 1)
                        .zone("a")
                        .first_id(100)
                        .storage(Storage::persistent(100.gib())),
                )
                .pool(
                    NodePool::brokers("kafka-b", 1)
                        .zone("b")
                        .first_id(200)
                        .storage(Storage::persistent(100.gib())),
                )
                .pool(
                    NodePool::brokers("kafka-c", 1)
                        .zone("c")
                        .first_id(300)
                        .storage(Storage::persistent(100.gib())),
                ),
        );
        stack.add(
            Topics::new("kafka-topics", &kafka).topic(Topic::new("orders", 12, Cleanup::delete_after(7.days()))),
        );
        stack
    }
    "#);
}

#[test]
fn deploy_and_roll_say_what_is_wrong_before_they_touch_anything() {
    let here = Scratch::new();
    assert_snapshot!(run(&here, &["deploy", "dev"]), @r"
    exit 2
    -- stderr
    error: `out/dev` is not what the stack renders
      hint: run `synth`, look at the changes and commit them: what is deployed is what was reviewed
    ");
    let written = run(&here, &["synth", "dev"]);
    assert!(written.starts_with("exit 0"), "{written}");
    for words in [&["deploy", "dev"][..], &["roll", "dev"], &["roll", "dev", "kafka"]] {
        assert_eq!(
            run(&here, words),
            "exit 2\n-- stderr\nerror: cannot run kubectl: there is no `kubectl` on the PATH\n  \
             hint: install kubectl and put it on the PATH: https://kubernetes.io/docs/tasks/tools/\n"
        );
    }
    assert_snapshot!(run(&here, &["deploy", "dev", "--yes", "manual"]), @r"
    exit 2
    -- stderr
    error: invalid value 'manual' for '--yes <CLASS>': not one of none, metadata, dynamic-config, rolling-restart, manual-steps, refused-by-api-server, data-loss

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&here, &["roll", "dev", "kafak"]), @r"
    exit 2
    -- stderr
    error: the stack has no pool `kafak`; did you mean `kafka`?
      hint: its pools are `kafka`
    ");
}

/// Every verb that touches a cluster, so that it changes nothing.
#[cfg(unix)]
const OF_A_CLUSTER: [&[&str]; 6] = [
    &["verify", "dev"],
    &["deploy", "dev", "--dry-run"],
    &["roll", "dev", "--dry-run"],
    &["drain", "dev", "0", "--dry-run"],
    &["rebalance", "dev", "--dry-run"],
    &["replace", "dev", "0", "--dry-run"],
];

/// A kubectl that says this, and the exit status it ends with; the shell's own commands are all that it has.
#[cfg(unix)]
fn put_kubectl(folder: &Scratch, script: &str) {
    use std::os::unix::fs::PermissionsExt as _;

    folder.put("tools/kubectl", &format!("#!/bin/sh\n{script}\n"));
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.path("tools/kubectl"), mode).expect("the file is there");
}

#[cfg(unix)]
#[test]
fn every_verb_says_why_a_cluster_cannot_be_asked() {
    const CONTEXTS: &str = "case $1 in
        --context=denied) echo 'error: You must be logged in to the server (Unauthorized)' >&2; exit 1;;
        --context=nowhere) echo 'error: context \"nowhere\" does not exist' >&2; exit 1;;
        --context=away) echo 'Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout' >&2; exit 1;;
        --context=old) echo '{\"clientVersion\":{\"gitVersion\":\"v1.20.4\"},\"serverVersion\":{\"gitVersion\":\"v1.34.4\"}}';;
        --context=alone) echo '{\"clientVersion\":{\"gitVersion\":\"v1.34.4\"}}';;
        --context=odd) echo 'hello';;
        esac";
    let rows = [
        (
            "denied",
            "access denied: You must be logged in to the server (Unauthorized)\n  hint: `kubectl auth can-i --list` shows what you may do",
        ),
        (
            "nowhere",
            "kubectl's configuration: context \"nowhere\" does not exist\n  hint: `kubectl config get-contexts` lists the contexts; \
             use `--context` or `--kubeconfig`",
        ),
        (
            "away",
            "the API server cannot be reached: Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout\n  \
             hint: `kubectl config current-context` prints the cluster in use; another one: `--context`",
        ),
        (
            "old",
            "kubectl v1.20.4 is too old: this needs 1.27 or newer\n  hint: install a kubectl of the cluster's minor version",
        ),
        (
            "alone",
            "the API server cannot be reached: kubectl shows no version of it\n  \
             hint: `kubectl config current-context` prints the cluster in use; another one: `--context`",
        ),
        ("odd", "unexpected answer: not JSON: expected value at line 1 column 1"),
    ];
    let here = Scratch::new();
    let written = run(&here, &["synth", "dev"]);
    assert!(written.starts_with("exit 0"), "{written}");
    for verb in OF_A_CLUSTER {
        assert_eq!(
            run(&here, verb),
            "exit 2\n-- stderr\nerror: cannot run kubectl: there is no `kubectl` on the PATH\n  \
             hint: install kubectl and put it on the PATH: https://kubernetes.io/docs/tasks/tools/\n",
            "{verb:?}"
        );
    }
    put_kubectl(&here, CONTEXTS);
    for (number, (context, said)) in rows.into_iter().enumerate() {
        let option = format!("--context={context}");
        // All verbs ask the same first, so each trouble but the first is tried with one of them.
        let verbs = if number == 0 {
            &OF_A_CLUSTER[..]
        } else {
            &OF_A_CLUSTER[number..=number]
        };
        for verb in verbs {
            let words: Vec<&str> = verb.iter().copied().chain([option.as_str()]).collect();
            assert_eq!(
                run(&here, &words),
                format!("exit 2\n-- stderr\nerror: {said}\n"),
                "{words:?}"
            );
        }
    }
    for verb in OF_A_CLUSTER {
        let words: Vec<&str> = verb
            .iter()
            .copied()
            .chain(["--context=denied", "--context=old"])
            .collect();
        let said = run(&here, &words);
        assert!(
            said.starts_with("exit 2\n-- stderr\nerror: the argument '--context <NAME>' cannot be used multiple times"),
            "{said}"
        );
    }
    put_kubectl(&here, "kill -STOP $$");
    assert_snapshot!(run(&here, &["verify", "dev", "--timeout=1s"]), @r"
    exit 2
    -- stderr
    error: kubectl did not answer in 1 s and was ended
    ");
}

#[test]
fn verify_says_what_is_wrong_before_it_looks() {
    let here = Scratch::new();
    assert_snapshot!(run(&here, &["verify", "dev"]), @r"
    exit 2
    -- stderr
    error: cannot run kubectl: there is no `kubectl` on the PATH
      hint: install kubectl and put it on the PATH: https://kubernetes.io/docs/tasks/tools/
    ");
    assert_snapshot!(run(&here, &["verify", "dve"]), @r"
    exit 2
    -- stderr
    error: there is no stack `dve`
      hint: the stacks are `dev`, `staging`, `prod`, `prod-dedicated`, `prod-zookeeper`, `scale`
    ");
    assert_snapshot!(run(&here, &["verify", "dev", "--only", "topisc"]), @r"
    exit 2
    -- stderr
    error: there is no check `topisc` of this stack; did you mean `topics`?
      hint: the checks are `kubernetes`, `namespace`, `pods`, `job`, `budgets`, `claims`, `services`, `ids`, `quorum`, `brokers`, `topics`, `configs`, `partitions`, `transaction`, `connect`, `registry`, `metrics`, `volumes`
    ");
    assert_snapshot!(run(&here, &["verify", "dev", "--timeout", "5"]), @r"
    exit 2
    -- stderr
    error: invalid value '5' for '--timeout <DURATION>': use a number with a unit, such as `90s`, `2m` or `1h`

    For more information, try '--help'.
    ");
    assert_snapshot!(run(&here, &["verify", "dev", "--watch", "--format", "json"]), @r"
    exit 2
    -- stderr
    error: `--watch` reports as text only
      hint: run it without `--watch`, or with `--format text`
    ");
    assert_snapshot!(run(&here, &["list", "--format", "junit"]), @r"
    exit 2
    -- stderr
    error: only `verify` reports in this format
      hint: use `--format text` or `--format json`
    ");
}
