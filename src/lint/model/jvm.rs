//! The options that a JVM gets: from the variables that Kafka's scripts read, of the environment or of the command itself.

use super::{container::Container, program::Program};

/// A JVM that runs a process of the Kafka family, and its options in the order in which it gets them: of two, the last one counts.
#[derive(Clone, Debug)]
pub(crate) struct Jvm {
    pub(crate) options: Vec<JvmOption>,
    /// Variables of the environment that the command sets itself, without the value that they had.
    pub(crate) overridden: Vec<String>,
}

/// An option, and the variable that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JvmOption {
    pub(crate) text: String,
    pub(crate) variable: String,
    /// Whether it is in the environment of the container, which every tool has that is executed there.
    pub(crate) inherited: bool,
}

/// Whether a variable of this name has options of a JVM: those of Kafka's scripts, of images and of every JVM end so.
pub(crate) fn is_options(variable: &str) -> bool {
    ["OPTS", "OPTIONS"].iter().any(|end| variable.ends_with(end))
}

/// The heap of a JVM.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heap {
    /// This many bytes, by an option or by the default of the script.
    Bytes(u64),
    /// A part of the memory limit.
    Percent(f64),
    /// A size that the JVM cannot read: it does not start.
    Invalid(String),
    /// Filled in when the process starts.
    Unknown,
}

impl Heap {
    /// Its size in a container with this limit, if both are known.
    pub(crate) fn within(&self, limit: Option<u64>) -> Option<u64> {
        match self {
            Self::Bytes(bytes) => Some(*bytes),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "a percentage of the memory of a container"
            )]
            Self::Percent(percent) => Some((limit? as f64 * percent / 100.0) as u64),
            Self::Invalid(_) | Self::Unknown => None,
        }
    }
}

/// The variables whose options a script passes on, in its order: `kafka-run-class` of Kafka 3.9 to 4.3, with those that every JVM reads
/// before and after them.
fn variables(program: Program) -> Vec<String> {
    let prefix = if program == Program::Registry {
        "SCHEMA_REGISTRY"
    } else {
        "KAFKA"
    };
    let own = |end: &str| format!("{prefix}_{end}");
    let mut variables = vec![
        "JAVA_TOOL_OPTIONS".to_owned(),
        "JDK_JAVA_OPTIONS".to_owned(),
        own("HEAP_OPTS"),
        own("JVM_PERFORMANCE_OPTS"),
        own("GC_LOG_OPTS"),
        own("JMX_OPTS"),
        own("LOG4J_OPTS"),
        own("OPTS"),
        "_JAVA_OPTIONS".to_owned(),
    ];
    // Those of ZooKeeper's own script.
    if program == Program::ZooKeeper {
        variables.extend(["SERVER_JVMFLAGS", "JVMFLAGS"].map(str::to_owned));
    }
    variables
}

impl Jvm {
    /// The JVM of the process that a container runs.
    pub(crate) fn of(container: &Container, program: Program) -> Self {
        let command = container.command();
        let mut jvm = Self {
            options: Vec::new(),
            overridden: Vec::new(),
        };
        for name in variables(program) {
            let inherited = container.variable(&name).filter(|value| !value.trim().is_empty());
            let set = assigned(command, &name);
            let keeps = set.as_ref().is_some_and(|set| {
                [format!("${name}"), format!("${{{name}"), format!("$({name})")]
                    .iter()
                    .any(|own| set.contains(own.as_str()))
            });
            if let Some(inherited) = inherited {
                if set.is_some() && !keeps {
                    jvm.overridden.push(name.clone());
                } else {
                    jvm.push(inherited, &name, true);
                }
            }
            if let Some(set) = set {
                jvm.push(&set, &name, false);
            }
            // A command that starts the JVM itself: its options stand between those that every JVM reads.
            if name == "JDK_JAVA_OPTIONS"
                && container
                    .words
                    .first()
                    .is_some_and(|word| word.rsplit('/').next() == Some("java"))
            {
                for word in container
                    .words
                    .iter()
                    .filter(|word| word.starts_with("-X") || word.starts_with("-D"))
                {
                    jvm.push(word, "command", false);
                }
            }
        }
        jvm
    }

    fn push(&mut self, text: &str, variable: &str, inherited: bool) {
        let options = text.split_whitespace().map(|option| JvmOption {
            text: option.trim_matches(['"', '\'']).to_owned(),
            variable: variable.to_owned(),
            inherited,
        });
        self.options.extend(options);
    }

    /// The largest heap: by the last option that says so, or `default` if none does.
    pub(crate) fn heap(&self, default: Option<u64>) -> Option<Heap> {
        let mut heap = None;
        let mut percent = None;
        for JvmOption { text, .. } in &self.options {
            if let Some(size) = text.strip_prefix("-Xmx").or(text.strip_prefix("-XX:MaxHeapSize=")) {
                heap = Some(size_of(size));
            } else if let Some(share) = text.strip_prefix("-XX:MaxRAMPercentage=") {
                percent = Some(share.parse().map_or(Heap::Unknown, Heap::Percent));
            }
        }
        let sized = self
            .options
            .iter()
            .any(|option| option.variable.ends_with("_HEAP_OPTS"));
        // Scripts give their default only where the variable for the heap is empty.
        heap.or(if sized {
            percent
        } else {
            default.map(Heap::Bytes).or(percent)
        })
    }

    /// The heap at the start, where an option gives it.
    pub(crate) fn initial_heap(&self) -> Option<Heap> {
        let mut options = self.options.iter().rev();
        let size = options.find_map(|option| {
            let text = &option.text;
            text.strip_prefix("-Xms").or(text.strip_prefix("-XX:InitialHeapSize="))
        });
        size.map(size_of)
    }

    /// The ports of agents: what of an option `-javaagent:FILE=[HOST:]PORT:…` or `…port=PORT…`. None for an agent whose port is not to be
    /// seen.
    pub(crate) fn agents(&self) -> impl Iterator<Item = (&JvmOption, Option<i64>)> {
        self.options.iter().filter_map(|option| {
            let agent = option.text.strip_prefix("-javaagent:")?;
            let Some((_, arguments)) = agent.split_once('=') else {
                return Some((option, None));
            };
            let named = arguments.split(',').find_map(|part| part.strip_prefix("port="));
            let mut parts = arguments.split(':');
            let port = match named {
                Some(port) => port.parse().ok(),
                None => parts.find_map(|part| part.parse().ok()),
            };
            Some((option, port))
        })
    }

    /// The port of JMX over the network, where an option opens one.
    pub(crate) fn jmx_port(&self) -> Option<(&JvmOption, Option<i64>)> {
        self.options.iter().rev().find_map(|option| {
            let port = option.text.strip_prefix("-Dcom.sun.management.jmxremote.port=")?;
            Some((option, port.parse().ok()))
        })
    }

    /// The garbage collectors that are chosen, each once.
    pub(crate) fn collectors(&self) -> Vec<&JvmOption> {
        let mut chosen: Vec<&JvmOption> = Vec::new();
        for option in &self.options {
            let name = option.text.strip_prefix("-XX:").unwrap_or_default();
            let Some(collector) = name
                .get(1..)
                .filter(|rest| rest.starts_with("Use") && rest.ends_with("GC"))
            else {
                continue;
            };
            chosen.retain(|other| other.text.get(5..) != Some(collector));
            if name.starts_with('+') {
                chosen.push(option);
            }
        }
        chosen
    }
}

/// A size as the JVM reads it: `4g`, `512M`, `1073741824`.
fn size_of(text: &str) -> Heap {
    if text.contains(['$', '{']) {
        return Heap::Unknown;
    }
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let times = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" => 1,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        "t" => 1 << 40,
        _ => return Heap::Invalid(text.to_owned()),
    };
    match digits.parse::<u64>() {
        Ok(number) => Heap::Bytes(number.saturating_mul(times)),
        Err(_) => Heap::Invalid(text.to_owned()),
    }
}

/// The value that a command gives a variable: `NAME=value`, with the quotes of a shell. Of several, the last one.
pub(crate) fn assigned(command: &str, name: &str) -> Option<String> {
    let mut found = None;
    for (start, _) in command.match_indices(name) {
        let before = command[..start].chars().next_back();
        let begins = before.is_none_or(|c| c.is_whitespace() || ";&|(\"'".contains(c));
        if let Some(rest) = command[start + name.len()..].strip_prefix('=').filter(|_| begins) {
            found = Some(word(rest));
        }
    }
    found
}

/// The first word of a shell's text, without its quotes.
fn word(text: &str) -> String {
    let mut word = String::new();
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => quote = Some(c),
            None if c.is_whitespace() || ";&|".contains(c) => break,
            None | Some('"') if c == '\\' => word.extend(chars.next()),
            _ => word.push(c),
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_gives_variables_values_with_the_quotes_of_a_shell() {
        let command = "A=\\\n B='-Xms1g -Xmx1g' export C=\"-javaagent:${a[0]}=9404:/x\"; D=1 run E=";
        let all: Vec<_> = ["A", "B", "C", "D", "E", "F"]
            .iter()
            .map(|name| assigned(command, name))
            .collect();
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            all,
            [
                text("\n"),
                text("-Xms1g -Xmx1g"),
                text("-javaagent:${a[0]}=9404:/x"),
                text("1"),
                text(""),
                None
            ]
        );
    }

    #[test]
    fn sizes_are_read_as_the_jvm_reads_them() {
        for (text, size) in [
            ("4g", Heap::Bytes(4 << 30)),
            ("512M", Heap::Bytes(512 << 20)),
            ("1073741824", Heap::Bytes(1 << 30)),
            ("4Gi", Heap::Invalid("4Gi".to_owned())),
            ("1.5g", Heap::Invalid("1.5g".to_owned())),
            ("${HEAP}", Heap::Unknown),
        ] {
            assert_eq!(size_of(text), size, "{text}");
        }
    }
}
