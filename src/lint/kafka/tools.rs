//! Containers that run Kafka's tools: before the process starts, and as its probes.

use super::{Member, command::tool};
use crate::diagnostics::{
    Severity::{Error, Warning},
    family::rules,
};
use crate::lint::model::{
    container::{Action, Container, Stage},
    release,
    set::SetFindings,
};

rules! { rules::pod;
    /// An init container of another release.
    pub const OTHER_RELEASE: Rule = Rule {
        id: "KS-P44",
        production: Error,
        development: Error,
        summary: "an init container that runs another release of Kafka",
        explanation: "`kafka-storage format` writes the metadata version of its own release. An older broker refuses a \
            version that it does not know and never starts on that volume; with an older tool, the cluster begins \
            without the features of its brokers. Tools and process belong into one release.",
        source: "Kafka, StorageTool and MetadataVersion",
    };

    /// A probe that inherits what the broker has taken.
    pub const PROBE_INHERITS: Rule = Rule {
        id: "KS-P49",
        production: Error,
        development: Error,
        summary: "a probe whose tool inherits the port of JMX or of an agent",
        explanation: "A command of a probe runs in the container, with its variables. Kafka's scripts open `JMX_PORT` \
            again and load the agents of `KAFKA_OPTS` again, for the tool: its JVM ends because the port is taken, \
            before it asks anything. The pod is never ready, or killed.",
        source: "Kafka, bin/kafka-run-class.sh",
    };

    /// A probe that a JVM cannot answer in time.
    pub const PROBE_TIMEOUT: Rule = Rule {
        id: "KS-P50",
        production: Error,
        development: Error,
        summary: "a probe that gives a JVM one second",
        explanation: "Without `timeoutSeconds` a probe has one second. A tool of Kafka uses more than a second of \
            processor time only to load its classes (measured: 1.2 s for `kafka-topics --version`), and more on a busy \
            node: the probe fails though the broker is well.",
        source: "Kubernetes, Configure Liveness, Readiness and Startup Probes; measured with Kafka 4.3.1",
    };

    /// A variable that the command overrides.
    pub const OVERRIDDEN_VARIABLE: Rule = Rule {
        id: "KS-P48",
        production: Warning,
        development: Warning,
        summary: "a variable of the JVM that the command overrides",
        explanation: "The start command sets the variable itself, so the one of the container is never read: a login, \
            an agent or a heap that someone added there has no effect on the process. Only the tools that are executed \
            in the container get it.",
        source: "Bash manual, Environment; Kafka, bin/kafka-run-class.sh",
    };

    /// Options with which a JVM does not start.
    pub const COLLECTORS: Rule = Rule {
        id: "KS-P52",
        production: Error,
        development: Error,
        summary: "a JVM with two garbage collectors",
        explanation: "The JVM ends with `Multiple garbage collectors selected`. Options come from several variables: \
            those of the command, of the container and of the script's defaults add up.",
        source: "OpenJDK 17 and 25",
    };
}

pub(super) fn check(member: &Member<'_>, findings: &mut SetFindings) {
    for container in &member.workload.containers {
        if container.stage == Stage::Init {
            release(member, container, findings);
        }
    }
    probes(member, member.container, findings);
    jvm(member, findings);
}

fn release(member: &Member<'_>, container: &Container, findings: &mut SetFindings) {
    let command = container.command();
    let (Some(tool), Some(own), Some(other)) = (tool(command), member.version, release::of_image(&container.image))
    else {
        return;
    };
    if own != other {
        findings
            .add(
                member.index,
                format!("{}/image", container.pointer),
                &OTHER_RELEASE,
                format!(
                    "container `{}` runs `{tool}` of Kafka {other}, but container `{}` is Kafka {own}",
                    container.name, member.process.container
                ),
            )
            .hint(format!("use the image `{}`", member.process.image));
    }
}

fn probes(member: &Member<'_>, container: &Container, findings: &mut SetFindings) {
    for hook in &container.hooks {
        let Action::Command(command) = &hook.action else {
            continue;
        };
        let Some(tool) = tool(command) else { continue };
        if let Some((name, what)) = inherited(container, command) {
            findings
                .add(
                    member.index,
                    hook.pointer.clone(),
                    &PROBE_INHERITS,
                    format!(
                        "`{}` runs `{tool}` with the container's `{name}`: {what} is taken by the process, so the tool \
                         ends at once",
                        hook.field
                    ),
                )
                .hint(format!(
                    "ask a port by `tcpSocket`, or set `{name}` in the start command instead of `env`"
                ));
        }
        if hook.timeout.is_some_and(|seconds| seconds <= 1) {
            findings
                .add(
                    member.index,
                    hook.pointer.clone(),
                    &PROBE_TIMEOUT,
                    format!("`{}` gives `{tool}`, a JVM, one second", hook.field),
                )
                .hint("ask a port by `tcpSocket`, or set `timeoutSeconds: 15`");
        }
    }
}

/// The variable of a container that makes a tool open a port which is taken, unless its command takes the variable away.
fn inherited<'c>(container: &'c Container, command: &str) -> Option<(&'c str, &'static str)> {
    let opens = |name: &str, value: &str| match name {
        "JMX_PORT" if !value.is_empty() => Some("the port of JMX"),
        "KAFKA_JMX_OPTS" | "JAVA_TOOL_OPTIONS" | "KAFKA_OPTS" | "_JAVA_OPTIONS"
            if value.contains("jmxremote.port=") =>
        {
            Some("the port of JMX")
        }
        "JAVA_TOOL_OPTIONS" | "KAFKA_OPTS" | "_JAVA_OPTIONS" if value.contains("-javaagent:") => {
            Some("the port of its agent")
        }
        _ => None,
    };
    container.variables.iter().find_map(|(name, value)| {
        let what = opens(name, value.trim())?;
        let cleared = [format!("{name}="), format!("unset {name}"), format!("-u {name}")];
        (!cleared.iter().any(|word| command.contains(word.as_str()))).then_some((name.as_str(), what))
    })
}

fn jvm(member: &Member<'_>, findings: &mut SetFindings) {
    let (container, jvm) = (member.container, member.jvm());
    for name in &jvm.overridden {
        findings
            .add(
                member.index,
                container.variable_pointer(name),
                &OVERRIDDEN_VARIABLE,
                format!(
                    "`{name}` of container `{}` has no effect: its command sets `{name}` itself",
                    container.name
                ),
            )
            .hint("use `.jvm_options([…])`")
            .yaml_hint(format!(
                "add its options to `{name}` in the command, and remove the variable"
            ));
    }
    let collectors = jvm.collectors();
    if let [first, .., last] = collectors.as_slice() {
        findings
            .add(
                member.index,
                container.pointer.clone(),
                &COLLECTORS,
                format!(
                    "the JVM of container `{}` does not start with two garbage collectors: `{}` in `{}`, `{}` in `{}`",
                    container.name, first.text, first.variable, last.text, last.variable
                ),
            )
            .hint("keep one of them");
    }
}
