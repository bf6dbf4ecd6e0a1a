//! Options with which a JVM does not start.

use std::{collections::BTreeMap, sync::LazyLock};

use super::Member;
use crate::{
    diagnostics::{Severity::Error, family::rules},
    lint::model::{jvm::JvmOption, set::SetFindings},
    nearest::misspelt,
    version::Version,
};

rules! { rules::pod;
    /// An option with which the JVM does not start.
    pub const JVM_FLAG: Rule = Rule {
        id: "KS-P63",
        production: Error,
        development: Error,
        summary: "an option that the JVM does not have, or cannot read",
        explanation: "A JVM with an option that it does not know, or whose value it cannot read, ends before Kafka \
            begins: `Unrecognized VM option 'UseG1CG'`, `Improperly specified VM option`, `Could not create the Java \
            Virtual Machine`. The container is started again and again. Options of older releases are gone too: Java 17 \
            has no `UseConcMarkSweepGC` and no `PrintGCDateStamps`.",
        source: "OpenJDK 17, java -XX:+PrintFlagsFinal, and what it says about each of these mistakes",
    };
}

/// The options `-XX:` of a JVM by name, each with the letter of its type.
static FLAGS: LazyLock<BTreeMap<&str, &str>> = LazyLock::new(|| {
    let lines = include_str!("jvm_flags.txt").lines();
    lines
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect()
});

/// Options that Java 17 does not have any more, and that files have kept.
const GONE: [&str; 18] = [
    "AggressiveOpts",
    "CMSClassUnloadingEnabled",
    "CMSInitiatingOccupancyFraction",
    "CMSParallelRemarkEnabled",
    "CMSScavengeBeforeRemark",
    "GCLogFileSize",
    "NumberOfGCLogFiles",
    "PrintGCApplicationStoppedTime",
    "PrintGCDateStamps",
    "PrintGCTimeStamps",
    "PrintHeapAtGC",
    "PrintTenuringDistribution",
    "UseCGroupMemoryLimitForHeap",
    "UseCMSInitiatingOccupancyOnly",
    "UseConcMarkSweepGC",
    "UseGCLogFileRotation",
    "UseParNewGC",
    "UseParallelOldGC",
];

const UNKNOWN: &str = "is not one of its options";

/// How options begin that are not `-XX:`.
const OTHERS: [&str; 6] = [
    "-server",
    "-client",
    "-javaagent",
    "-agentlib",
    "-agentpath",
    "-verbose",
];

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    // A program that was compiled ahead has no JVM.
    if member.process.image.contains("native") {
        return;
    }
    let options = &member.jvm().options;
    let lenient = |option: &JvmOption| option.text == "-XX:+IgnoreUnrecognizedVMOptions";
    let lenient = options.iter().any(lenient);
    for option in options {
        let Some((why, hint)) = wrong(&option.text, member.version).filter(|_| !lenient) else {
            continue;
        };
        let pointer = if option.inherited {
            member.container.variable_pointer(&option.variable)
        } else {
            member.container.pointer.clone()
        };
        let message = format!(
            "the JVM of container `{}` does not start: `{}` in `{}` {why}",
            member.process.container, option.text, option.variable
        );
        findings.add(member.index, pointer, &JVM_FLAG, message).hint(hint);
    }
}

/// What is wrong with an option, and what mends it. None if nothing is, or nothing is known of it.
fn wrong(option: &str, version: Option<Version>) -> Option<(String, String)> {
    if option.contains(['$', '`', '{']) {
        return None;
    }
    let Some(flag) = option.strip_prefix("-XX:") else {
        return other(option);
    };
    let (sign, flag) = match flag.strip_prefix(['+', '-']) {
        Some(rest) => (flag.get(..1), rest),
        None => (None, flag),
    };
    let (name, value) = match flag.split_once('=') {
        Some((name, value)) => (name.trim_end_matches(':'), Some(value)),
        None => (flag, None),
    };
    let Some(kind) = FLAGS.get(name) else {
        let longer = || {
            let begins = |flag: &&&str| name.len() > 8 && flag.starts_with(name);
            FLAGS.keys().find(begins).copied()
        };
        let near = misspelt(name, FLAGS.keys().copied()).or_else(longer);
        // Kafka 4 needs Java 17.
        let gone = GONE.contains(&name) && version.is_some_and(|version| version > Version::V3_9);
        return match near.filter(|_| !GONE.contains(&name)) {
            Some(near) => Some((
                UNKNOWN.to_owned(),
                format!("write `-XX:{}{near}`", sign.unwrap_or_default()),
            )),
            None if gone => Some((
                "is an option that Java 17 no longer has".to_owned(),
                "remove it".to_owned(),
            )),
            None => None,
        };
    };
    let found = match (*kind, sign, value) {
        ("b", None, _) => ("needs `+` or `-`", format!("write `-XX:+{name}`")),
        ("b", Some(sign), Some(_)) => ("is on or off, and has no value", format!("write `-XX:{sign}{name}`")),
        ("b", ..) => return None,
        (_, Some(_), _) => ("has a value, and no `+` or `-`", format!("write `-XX:{name}=VALUE`")),
        (_, None, None) => ("lacks its value", format!("write `-XX:{name}=VALUE`")),
        ("n", _, Some(value)) if !is_number(value) => ("has a value that is not a number", unit(name)),
        ("n", _, Some(value)) if name.ends_with("Percent") && value.parse::<u64>().is_ok_and(|share| share > 100) => (
            "has a percentage above 100",
            format!("write a value from 0 to 100 for `{name}`"),
        ),
        ("d", _, Some(value)) if value.parse::<f64>().is_err() => ("has a value that is not a number", unit(name)),
        _ => return None,
    };
    Some((found.0.to_owned(), found.1))
}

fn unit(name: &str) -> String {
    format!("write a number for `{name}`, without a unit or with `k`, `m` or `g` for bytes")
}

/// A number as the JVM reads it, also in hexadecimal digits.
fn is_number(value: &str) -> bool {
    let value = value.strip_prefix('-').unwrap_or(value);
    if let Some(digits) = value.strip_prefix("0x") {
        return digits.chars().all(|c| c.is_ascii_hexdigit());
    }
    let digits = value
        .strip_suffix(['k', 'K', 'm', 'M', 'g', 'G', 't', 'T'])
        .unwrap_or(value);
    !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
}

/// What is wrong with an option of another form.
fn other(option: &str) -> Option<(String, String)> {
    let unknown = UNKNOWN.to_owned();
    if let Some(property) = option.strip_prefix("-d")
        && property.contains('.')
    {
        return Some((unknown, format!("write `-D{property}`")));
    }
    // The heap is judged with the memory.
    if let Some(size) = ["-Xmn", "-Xss"].iter().find_map(|start| option.strip_prefix(start)) {
        let shown = &option[..4];
        return (!is_number(size)).then(|| {
            (
                "has a size that it cannot read".to_owned(),
                format!("write a size as `{shown}512k`"),
            )
        });
    }
    let start = option.split([':', '=']).next().unwrap_or_default();
    if !start.starts_with('-') || start.starts_with("-X") || start.starts_with("-D") || start.starts_with("--") {
        return None;
    }
    let near = misspelt(start, OTHERS.into_iter())?;
    Some((unknown, format!("write `{near}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_as_the_jvm_reads_them() {
        // Each was given to `java -version` of OpenJDK 17.
        let refused = [
            "-XX:+UseG1CG",
            "-XX:-UseG1CG",
            "-XX:+useG1GC",
            "-XX:UseG1GC",
            "-XX:+UseG1GC=true",
            "-XX:MaxGCPauseMillis",
            "-XX:MaxGCPauseMilis=20",
            "-XX:+MaxGCPauseMillis=20",
            "-XX:MaxGCPauseMillis=20ms",
            "-XX:InitiatingHeapOccupancyPercent=350",
            "-XX:MaxRAMPercentage=50%",
            "-XX:+UseConcMarkSweepGC",
            "-XX:+PrintGCDateStamps",
            "-XX:+ExitOnOutOfMemory",
            "-serer",
            "-djava.awt.headless=true",
            "-Xss=1m",
        ];
        for option in refused {
            assert!(wrong(option, Some(Version::V4_3)).is_some(), "{option}");
        }
        let taken = [
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-XX:MaxGCPauseMillis=20m",
            "-XX:G1HeapRegionSize=16M",
            "-XX:MaxRAMPercentage=50.5",
            "-XX:OnOutOfMemoryError=kill",
            "-XX:HeapDumpPath=/tmp/x",
            "-XX:+SomethingOfAnotherJvm",
            "-XX:MaxDirectMemorySize=${SIZE}",
            "-server",
            "-Djava.awt.headless=true",
            "-Xms4g",
            "-Xlog:gc*",
            "-javaagent:/a.jar=1:/b",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "-ea",
        ];
        for option in taken {
            assert_eq!(wrong(option, Some(Version::V4_3)), None, "{option}");
        }
        // Kafka 3.9 runs on Java 8 and 11 too.
        assert_eq!(wrong("-XX:+UseConcMarkSweepGC", Some(Version::V3_9)), None);
    }
}
