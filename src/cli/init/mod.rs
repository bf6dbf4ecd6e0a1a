//! `init`: a repository of one's own, with a stack, a test and a workflow.
#![expect(
    clippy::disallowed_methods,
    reason = "the command line writes a new folder, with an id that is made once and then never again"
)]

use std::{
    fmt::Write as _,
    fs,
    hash::{BuildHasher as _, RandomState},
    path::{Path, PathBuf},
};

use clap::Args;

use crate::{
    cli::{
        Outcome,
        failure::{Failure, cause},
        output::{Output, count},
    },
    name::DnsLabel,
};

/// The packages with the versions that this crate was built with, so that the first build needs no others.
const LOCK: &str = include_str!("../../../Cargo.lock");

/// Write a repository of your own: a stack, a test, a workflow and a README
#[derive(Args)]
pub(super) struct Arguments {
    /// The folder: it is made, or is empty
    #[arg(value_name = "DIR")]
    dir: PathBuf,

    /// The name of the package, the stack and the cluster; that of the folder unless given
    #[arg(long, value_name = "NAME")]
    name: Option<String>,

    /// Brokers: 1 for a development cluster, or 3 and more
    #[arg(long, value_name = "NUMBER", default_value_t = 3)]
    brokers: u16,

    /// The zones that the brokers are spread over, evenly: `eu-central-1a,eu-central-1b,eu-central-1c`
    #[arg(long, value_name = "ZONE,…", value_delimiter = ',')]
    zones: Vec<String>,

    /// No exporter, alerts and dashboards
    #[arg(long)]
    no_monitoring: bool,

    /// The id of the cluster, if it has one already: 22 characters, as `kafka-storage random-uuid` makes them
    #[arg(long, value_name = "ID")]
    cluster_id: Option<String>,

    /// Where the source of kafka-stacks is; where this program was built from unless given
    #[arg(long, value_name = "PATH", default_value = env!("CARGO_MANIFEST_DIR"))]
    source: PathBuf,
}

/// What the files are made of.
struct Answers {
    name: String,
    cluster_id: String,
    brokers: u16,
    zones: Vec<String>,
    monitoring: bool,
    source: String,
}

pub(super) fn run(arguments: &Arguments, output: &mut Output<'_>) -> Result<Outcome, Failure> {
    let answers = answers(arguments)?;
    let dir = &arguments.dir;
    match fs::read_dir(dir) {
        Ok(mut entries) => {
            if entries.next().is_some() {
                return Err(Failure::new(format!("`{}` is not empty", dir.display()))
                    .hint("name a folder that does not exist yet"));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => {
            return Err(
                Failure::new(format!("cannot use `{}`: {}", dir.display(), cause(&error)))
                    .hint("name a folder that does not exist yet"),
            );
        }
    }
    let files = files(&answers);
    for (path, text) in &files {
        write(&dir.join(path), text).map_err(|error| {
            Failure::new(format!(
                "cannot write `{path}` in `{}`: {}",
                dir.display(),
                cause(&error)
            ))
        })?;
    }
    let mut said = format!("{}: {} written\n", dir.display(), count(files.len(), "file"));
    let _ = writeln!(
        said,
        "next: cd {}, then `cargo test`, `cargo run -- synth`, and read README.md",
        dir.display()
    );
    output.note(&said);
    Ok(Outcome::Done)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

/// The answers, or all that is wrong with them.
fn answers(arguments: &Arguments) -> Result<Answers, Failure> {
    let of_folder = || {
        let path = std::path::absolute(&arguments.dir).unwrap_or_else(|_| arguments.dir.clone());
        path.file_name().map(|name| name.to_string_lossy().into_owned())
    };
    let name = arguments.name.clone().or_else(of_folder).unwrap_or_default();
    let mut wrong = Vec::new();
    // A package may not begin with a digit.
    if DnsLabel::parse(&name).is_err() || name.starts_with(|c: char| c.is_ascii_digit()) || name.len() > 40 {
        wrong.push(format!(
            "`{name}` cannot be the name of a package and a stack: 1 to 40 lower-case letters, digits and `-`, the first a letter"
        ));
    } else if name == "kafka-stacks" {
        wrong.push("`kafka-stacks` is the name of the library itself: use another one in `--name`".to_owned());
    }
    if arguments.brokers == 0 || arguments.brokers == 2 {
        wrong.push(format!(
            "{} brokers: use 1 for development, or 3 and more, because two tolerate no failure",
            arguments.brokers
        ));
    }
    let zones = arguments.zones.len();
    if zones > 0 && !usize::from(arguments.brokers).is_multiple_of(zones) {
        wrong.push(format!(
            "{} brokers cannot be spread evenly over {zones} zones: use a multiple of {zones}",
            arguments.brokers
        ));
    }
    let label = |zone: &String| {
        zone.len() <= 63 && !zone.is_empty() && zone.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    };
    wrong.extend(
        arguments
            .zones
            .iter()
            .filter(|zone| !label(zone))
            .map(|zone| format!("`{zone}` cannot be the name of a zone: letters, digits, `-`, `_` and `.`")),
    );
    let twice = |(index, zone): (usize, &String)| arguments.zones[..index].contains(zone).then(|| zone.clone());
    wrong.extend(
        arguments
            .zones
            .iter()
            .enumerate()
            .filter_map(twice)
            .map(|zone| format!("zone `{zone}` is given twice")),
    );
    if !arguments.source.join("Cargo.toml").is_file() {
        wrong.push(format!(
            "there is no source of kafka-stacks in `{}`: give its folder in `--source`",
            arguments.source.display()
        ));
    }
    if let Some(id) = &arguments.cluster_id
        && (id.len() != 22 || !id.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)))
    {
        wrong.push(format!("`{id}` is not a cluster id: 22 letters, digits, `-` and `_`"));
    }
    if !wrong.is_empty() {
        return Err(Failure::several(wrong));
    }
    let source = std::path::absolute(&arguments.source).unwrap_or_else(|_| arguments.source.clone());
    Ok(Answers {
        name,
        cluster_id: arguments.cluster_id.clone().unwrap_or_else(new_id),
        brokers: arguments.brokers,
        zones: arguments.zones.clone(),
        monitoring: !arguments.no_monitoring,
        source: source.display().to_string().replace('\\', "/"),
    })
}

/// A cluster id as Kafka makes them: 16 random bytes in the alphabet of URLs. One that begins with `-` would look like an option.
fn new_id() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let random = || RandomState::new().hash_one(());
    let mut bits = u128::from(random()) << 64 | u128::from(random());
    let mut id = String::new();
    for place in 0..22 {
        // 21 digits of six bits, and one of the two bits that are left.
        let digit = usize::try_from(if place == 0 { bits & 0b11_0000 } else { bits & 0b11_1111 }).unwrap_or_default();
        id.insert(0, char::from(ALPHABET[digit]));
        bits >>= if place == 0 { 2 } else { 6 };
    }
    if id.starts_with('-') {
        id.replacen('-', "k", 1)
    } else {
        id
    }
}

/// All files, by their paths.
fn files(answers: &Answers) -> Vec<(&'static str, String)> {
    let crate_name = answers.name.replace('-', "_");
    let fill = |text: &str| {
        text.replace("{name}", &answers.name)
            .replace("{crate}", &crate_name)
            .replace("{source}", &answers.source)
            .replace("{topics}", &topics(answers))
    };
    vec![
        (".github/workflows/check.yaml", include_str!("check.yaml").to_owned()),
        (".gitignore", "/target\n".to_owned()),
        ("Cargo.lock", LOCK.to_owned()),
        ("Cargo.toml", fill(include_str!("Cargo.toml.txt"))),
        ("README.md", fill(include_str!("README.md.txt"))),
        ("src/main.rs", fill(include_str!("main.rs.txt"))),
        ("src/stack.rs", stack(answers)),
    ]
}

/// What the test of the repository expects of its topics.
fn topics(answers: &Answers) -> String {
    let (copies, in_sync) = if answers.brokers == 1 { (1, 1) } else { (3, 2) };
    let line = |key: &str| format!("        orders {key}\n");
    [
        "partitions=12".to_owned(),
        format!("replication.factor={copies}"),
        "cleanup.policy=delete".to_owned(),
        format!("min.insync.replicas={in_sync}"),
        "retention.ms=604800000".to_owned(),
    ]
    .map(|key| line(&key))
    .concat()
}

/// The stack, with what the answers ask for and nothing else.
fn stack(answers: &Answers) -> String {
    let Answers {
        name,
        cluster_id,
        brokers,
        zones,
        monitoring,
        ..
    } = answers;
    let development = *brokers == 1;
    let mut text =
        format!("//! The stack `{name}`.\n\nuse kafka_stacks::prelude::*;\n\npub(crate) fn stack() -> Stack {{\n");
    if development {
        let _ = write!(
            text,
            "    let mut stack = Stack::new(\"{name}\", \"kafka\").profile(Profile::Development);\n    stack.acknowledge(\n        &rules::durability::SINGLE_COPY,\n        \"one broker has one copy: what is written here may be lost\",\n    );\n"
        );
    } else {
        let _ = write!(
            text,
            "    let mut stack = Stack::new(\"{name}\", \"kafka\");\n    stack.acknowledge(\n        &rules::security::PLAINTEXT,\n        \"open until certificates and users are there; docs/security.md of kafka-stacks says how to close it\",\n    );\n"
        );
    }
    text += "    let kafka = stack.add(\n";
    let _ = writeln!(
        text,
        "        // The id of the cluster: it is written once, and never changes.\n        KafkaCluster::kraft(\"kafka\", Version::V4_3, \"{cluster_id}\")"
    );
    if development {
        text += "            .pool(NodePool::combined(\"kafka\", 1).storage(Storage::persistent(10.gib()))),\n";
    } else {
        text += "            .pool(NodePool::controllers(\"kafka-controller\", 3).storage(Storage::persistent(10.gib())))\n";
        let per_zone = usize::from(*brokers) / zones.len().max(1);
        let storage = "storage(Storage::persistent(100.gib()))";
        if zones.is_empty() {
            let _ = writeln!(
                text,
                "            .pool(NodePool::brokers(\"kafka\", {brokers}).{storage}),"
            );
        }
        for (index, zone) in zones.iter().enumerate() {
            let letter = char::from(b'a' + u8::try_from(index % 26).unwrap_or_default());
            let end = if index + 1 == zones.len() { "," } else { "" };
            let _ = writeln!(
                text,
                "            .pool(\n                NodePool::brokers(\"kafka-{letter}\", {per_zone})\n                    .zone(\"{zone}\")\n                    .first_id({})\n                    .{storage},\n            ){end}",
                100 * (index + 1)
            );
        }
        if !zones.is_empty() {
            text = text.replace(
                "NodePool::controllers(\"kafka-controller\", 3)",
                "NodePool::controllers(\"kafka-controller\", 3).first_id(0)",
            );
        }
    }
    text += "    );\n";
    let (topics, watch) = if *monitoring {
        ("let topics = ", true)
    } else {
        ("", false)
    };
    let _ = writeln!(
        text,
        "    {topics}stack.add(\n        Topics::new(\"kafka-topics\", &kafka).topic(Topic::new(\"orders\", 12, Cleanup::delete_after(7.days()))),\n    );"
    );
    if watch {
        text += "    stack.add(Monitoring::new(\"monitoring\", &kafka).watch(&topics));\n";
    }
    text + "    stack\n}\n"
}
