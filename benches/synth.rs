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
    env, fs,
    path::PathBuf,
    process::{Command, ExitCode},
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
    name: String,
    origin: Origin,
    objects: usize,
    set: Arc<StatefulSet>,
}

impl Construct for Sample {
    type Handle = ();
    fn name(&self) -> &str {
        &self.name
    }
    fn origin(&self) -> &Origin {
        &self.origin
    }
    fn origin_mut(&mut self) -> &mut Origin {
        &mut self.origin
    }
    fn handle(&self, _: &Scope) {}
    fn check(&self, _: &mut Check<'_>) {}
    fn render(&self, _: &Scope) -> Vec<Object> {
        let mut set = (*self.set).clone();
        (0..self.objects)
            .map(|index| {
                set.metadata.name = Some(format!("{}-{index}", self.name));
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
    serde_yaml::from_str(text).expect("a StatefulSet")
}

fn sample(objects: usize) -> Stack {
    let set = Arc::new(broker_set());
    // The Namespace is an object too.
    let mut stack = Stack::new(format!("n{objects}"), "kafka");
    // As many to a construct as a component has.
    for first in (1..objects).step_by(10) {
        stack.add(Sample {
            name: format!("sample-{first}"),
            origin: Origin::here(),
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
        return kafka_stacks::cli::run(&[stack]);
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
        report(&format!("{what}, all files new"), || {
            fresh();
            run(program, stack, &scratch)
        });
        report(&format!("{what}, nothing changed"), || run(program, stack, &scratch));
        fresh();
    }
    let set = broker_set();
    report("10,000 objects, bare emission of text", || {
        let start = Instant::now();
        let mut bytes = 0;
        for _ in 0..10_000 {
            let value = serde_json::to_value(&set).expect("a value");
            bytes += std::hint::black_box(yaml::to_text(&value)).len();
        }
        assert!(bytes > 10_000_000);
        (start.elapsed(), 0)
    });
    ExitCode::SUCCESS
}

/// Runs a command line once: its time, and its peak memory in KiB.
fn run(program: &PathBuf, stack: &str, out: &PathBuf) -> (Duration, u64) {
    let start = Instant::now();
    let mut child = Command::new(program)
        .args(["synth", stack, "--out"])
        .arg(out)
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut peak = 0;
    // The kernel forgets the figure when the process ends, so it is read while it runs; short runs are over before.
    let status = format!("/proc/{}/status", child.id());
    let result = loop {
        if let Some(line) = fs::read_to_string(&status)
            .unwrap_or_default()
            .lines()
            .find(|line| line.starts_with("VmHWM"))
        {
            peak = line
                .split_whitespace()
                .nth(1)
                .and_then(|kib| kib.parse().ok())
                .unwrap_or(peak);
        }
        if let Some(result) = child.try_wait().expect("a child to wait for") {
            break result;
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    assert!(result.success(), "{stack}: {result}");
    (start.elapsed(), peak)
}

fn report(what: &str, mut once: impl FnMut() -> (Duration, u64)) {
    once();
    let mut runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| once()).collect();
    runs.sort_unstable();
    let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
    let peak = runs.iter().map(|(_, peak)| *peak).max().unwrap_or_default();
    println!(
        "| {what} | {:.1} ms | {:.1} to {:.1} ms | {} |",
        ms(runs[RUNS / 2].0),
        ms(runs[0].0),
        ms(runs[RUNS - 1].0),
        if peak == 0 {
            "–".to_owned()
        } else {
            format!("{} MiB", peak / 1024)
        },
    );
}
