//! How long a whole run takes: the process started, the stack built, checked and rendered, the files written. Run by
//! `cargo bench`; `benches/README.md` has what was measured.
//!
//! The benchmark starts itself as the command line of stacks with 60, 1,000 and 10,000 objects, and the project's own binary
//! for `prod`.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "a benchmark reads the clock and prints"
)]

use std::{
    env,
    ffi::OsStr,
    fs,
    path::PathBuf,
    process::{Child, Command, ExitCode, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use k8s_openapi::api::apps::v1::StatefulSet;
use kafka_stacks::{prelude::*, yaml};

const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";
const RUNS: usize = 9;

/// An object as large as a broker's StatefulSet, which is the largest that stacks are made of.
///
/// Like the constructs of the library it is a small value, and becomes an object only when it is rendered.
struct Sample {
    meta: Meta,
    objects: usize,
    set: Arc<StatefulSet>,
}

impl Construct for Sample {
    type Handle = ();
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
    fn handle(&self, _: &Context) {}
    fn check(&self, _: &mut Check<'_>) {}
    fn render(&self, _: &Context) -> Vec<Object> {
        let mut set = (*self.set).clone();
        (0..self.objects)
            .map(|index| {
                let name = format!("{}-{index}", self.meta.name);
                if let Some(spec) = &mut set.spec {
                    // Each has pods of its own.
                    let pod = spec.template.metadata.get_or_insert_default();
                    for labels in [&mut pod.labels, &mut spec.selector.match_labels] {
                        labels
                            .get_or_insert_default()
                            .insert("kafka-stacks/pool".to_owned(), name.clone());
                    }
                }
                set.metadata.name = Some(name);
                Object::new(&set)
            })
            .collect()
    }
}

/// The StatefulSet of three brokers, as the library renders it.
fn broker_set() -> StatefulSet {
    let mut stack = Stack::new("sample", "kafka");
    stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3)),
    );
    let manifests = synth(&stack).manifests.expect("a sound stack");
    let text = manifests.get("kafka/statefulset-kafka.yaml").expect("a StatefulSet");
    let mut set: StatefulSet = serde_yaml::from_str(text).expect("a StatefulSet");
    // What it refers to is not part of the samples.
    if let Some(spec) = &mut set.spec {
        spec.service_name = None;
        if let Some(pod) = &mut spec.template.spec {
            pod.service_account_name = None;
            for volume in pod.volumes.iter_mut().flatten() {
                volume.config_map = None;
                volume.empty_dir.get_or_insert_default();
            }
        }
    }
    set
}

fn sample(objects: usize) -> Stack {
    let set = Arc::new(broker_set());
    // The Namespace is an object too.
    let mut stack = Stack::new(format!("n{objects}"), "kafka").profile(Profile::Development);
    // As many to a construct as a component has.
    for first in (1..objects).step_by(10) {
        stack.add(Sample {
            meta: Meta::new(format!("sample-{first}")),
            objects: 10.min(objects - first),
            set: set.clone(),
        });
    }
    stack
}

fn main() -> ExitCode {
    if env::args().nth(1).as_deref() == Some("synth") {
        let stack: fn() -> Stack = match env::args().nth(2).as_deref() {
            Some("n60") => || sample(60),
            Some("n1000") => || sample(1_000),
            _ => || sample(10_000),
        };
        return kafka_stacks::cli::run([stack]);
    }
    let scratch = env::temp_dir().join(format!("kafka-stacks-bench-{}", std::process::id()));
    let own = env::current_exe().expect("this benchmark's file");
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_kafka-stacks"));
    println!("| what | median | min to max | peak memory |");
    println!("|---|---|---|---|");
    for (what, program, stack) in [
        ("`prod`", &binary, "prod"),
        ("60 objects", &own, "n60"),
        ("1,000 objects", &own, "n1000"),
        ("10,000 objects", &own, "n10000"),
    ] {
        let fresh = || {
            let _ = fs::remove_dir_all(&scratch);
        };
        let synth = ["synth".as_ref(), stack.as_ref(), "--out".as_ref(), scratch.as_os_str()];
        let memory = peak(program, &synth);
        report(&format!("{what}, all files new"), Some(memory), || {
            fresh();
            run(program, &synth)
        });
        let memory = peak(program, &synth);
        report(&format!("{what}, nothing changed"), Some(memory), || {
            run(program, &synth)
        });
        fresh();
    }
    let check = ["check".as_ref(), "prod".as_ref()];
    let memory = peak(&binary, &check);
    report("`check prod`", Some(memory), || run(&binary, &check));
    diffs(&binary, &scratch);
    let set = broker_set();
    report(
        "10,000 objects, bare emission of their text on one processor",
        None,
        || {
            let start = Instant::now();
            let mut bytes = 0;
            for _ in 0..10_000 {
                let value = serde_json::to_value(&set).expect("a value");
                bytes += std::hint::black_box(yaml::to_text(&value)).len();
            }
            assert!(bytes > 10_000_000);
            start.elapsed()
        },
    );
    ExitCode::SUCCESS
}

/// `diff` of 10,000 objects of which one in a hundred differs, and of the files of `prod` with themselves.
fn diffs(binary: &PathBuf, scratch: &PathBuf) {
    let set = serde_json::to_value(broker_set()).expect("a value");
    let text = yaml::to_text(&set);
    let _ = fs::remove_dir_all(scratch);
    fs::create_dir_all(scratch).expect("a folder");
    for (side, image) in [("old", "changed:1"), ("new", "changed:2")] {
        let documents = (0..10_000).map(|index| {
            // Its own name, and not the one in a label.
            let text = text.replacen("\n  name: kafka\n", &format!("\n  name: set-{index}\n"), 1);
            let text = if index % 100 == 0 {
                text.replacen("confluentinc/cp-kafka:8.3.1", image, 1)
            } else {
                text
            };
            format!(
                "apiVersion: apps/v1\nkind: StatefulSet\n{}",
                text.replace("apiVersion: apps/v1\n", "")
                    .replace("kind: StatefulSet\n", "")
            )
        });
        fs::write(scratch.join(side), documents.collect::<Vec<_>>().join("---\n")).expect("a file");
    }
    let (old, new) = (scratch.join("old"), scratch.join("new"));
    let words = [
        "diff".as_ref(),
        "--from".as_ref(),
        old.as_os_str(),
        "--to".as_ref(),
        new.as_os_str(),
    ];
    let memory = peak(binary, &words);
    report("`diff` of 10,000 objects, 1 % changed", Some(memory), || {
        run_differing(binary, &words)
    });
    let prod = PathBuf::from("out/prod");
    let words = [
        "diff".as_ref(),
        "--from".as_ref(),
        prod.as_os_str(),
        "--to".as_ref(),
        prod.as_os_str(),
    ];
    report("`diff` of `prod`, nothing changed", Some(peak(binary, &words)), || {
        run(binary, &words)
    });
    let _ = fs::remove_dir_all(scratch);
}

/// Runs a command line that ends with 1, since something differs: how long that takes.
fn run_differing(program: &PathBuf, arguments: &[&OsStr]) -> Duration {
    let start = Instant::now();
    let status = start_child(program, arguments).wait().expect("a child to wait for");
    assert_eq!(status.code(), Some(1), "{arguments:?}");
    start.elapsed()
}

/// Runs a command line once: how long that takes.
fn run(program: &PathBuf, arguments: &[&OsStr]) -> Duration {
    let start = Instant::now();
    let status = start_child(program, arguments).wait().expect("a child to wait for");
    assert!(status.success(), "{arguments:?}: {status}");
    start.elapsed()
}

/// Runs a command line once: its peak memory in KiB. The kernel forgets the figure when the process ends, so it is read again
/// and again, which takes time: not while the time is measured.
fn peak(program: &PathBuf, arguments: &[&OsStr]) -> u64 {
    let mut child = start_child(program, arguments);
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().expect("a child to wait for").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("VmHWM"));
        peak = line
            .and_then(|line| line.split_whitespace().nth(1)?.parse().ok())
            .unwrap_or(peak);
    }
    peak
}

fn start_child(program: &PathBuf, arguments: &[&OsStr]) -> Child {
    Command::new(program)
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts")
}

fn report(what: &str, peak: Option<u64>, mut once: impl FnMut() -> Duration) {
    once();
    let mut runs: Vec<Duration> = (0..RUNS).map(|_| once()).collect();
    runs.sort_unstable();
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let memory = peak.map_or_else(|| "–".to_owned(), |kib| format!("{} MiB", kib / 1024));
    let (least, most) = (ms(runs[0]), ms(runs[RUNS - 1]));
    println!(
        "| {what} | {:.1} ms | {least:.1} to {most:.1} ms | {memory} |",
        ms(runs[RUNS / 2])
    );
}
