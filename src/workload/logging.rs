use std::fmt;

use super::Version;

/// The logging framework of a process. Its configuration writes to standard output only: the container runtime keeps
/// and rotates that output, and the root file system is read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logging {
    /// Log4j 2: Kafka from 4.0.
    Log4j2,
    /// Reload4j, which continues Log4j 1: Kafka 3.9 and ZooKeeper.
    Reload4j,
}

impl Logging {
    /// The logging framework of this Kafka version.
    pub const fn of(version: Version) -> Self {
        match version {
            Version::V3_9 => Self::Reload4j,
            _ => Self::Log4j2,
        }
    }

    /// The name of the configuration file.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Log4j2 => "log4j2.properties",
            Self::Reload4j => "log4j.properties",
        }
    }

    /// The JVM option that names the configuration file.
    pub fn option(self, directory: &str) -> String {
        let file = self.file();
        match self {
            Self::Log4j2 => format!("-Dlog4j2.configurationFile={directory}/{file}"),
            Self::Reload4j => format!("-Dlog4j.configuration=file:{directory}/{file}"),
        }
    }

    /// The configuration: level `info` to the console, and other levels for some loggers. `own` are the component's
    /// loggers and `further` those of the stack, which override them.
    pub fn configuration(self, own: &[(&str, LogLevel)], further: &[(String, LogLevel)]) -> String {
        let mut levels: Vec<(&str, LogLevel)> = Vec::new();
        let mut root = LogLevel::Info;
        for (logger, level) in own
            .iter()
            .copied()
            .chain(further.iter().map(|(logger, level)| (logger.as_str(), *level)))
        {
            if logger == "root" {
                root = level;
            } else if let Some((_, known)) = levels.iter_mut().find(|(known, _)| *known == logger) {
                *known = level;
            } else {
                levels.push((logger, level));
            }
        }
        match self {
            Self::Log4j2 => {
                let mut text = format!(
                    "\
# To the console only: the container runtime keeps and rotates the output.
status = warn

appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_OUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{{yyyy-MM-dd'T'HH:mm:ss.SSSXXX}} %-5p [%t] %c - %m%n

rootLogger.level = {root}
rootLogger.appenderRef.console.ref = console
"
                );
                for (index, (logger, level)) in levels.iter().enumerate() {
                    text.push_str(&format!(
                        "\nlogger.{index}.name = {logger}\nlogger.{index}.level = {level}\n"
                    ));
                }
                text
            }
            Self::Reload4j => {
                let mut text = format!(
                    "\
# To the console only: the container runtime keeps and rotates the output.
log4j.rootLogger={}, console

log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.Target=System.out
log4j.appender.console.layout=org.apache.log4j.EnhancedPatternLayout
log4j.appender.console.layout.ConversionPattern=%d{{yyyy-MM-dd'T'HH:mm:ss.SSSZ}} %-5p [%t] %c - %m%n
",
                    root.to_string().to_uppercase()
                );
                if !levels.is_empty() {
                    text.push('\n');
                }
                for (logger, level) in levels {
                    text.push_str(&format!("log4j.logger.{logger}={}\n", level.to_string().to_uppercase()));
                }
                text
            }
        }
    }
}

/// The level of a logger: the least important messages that it writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogLevel {
    /// `trace`: everything.
    Trace,
    /// What helps to find a fault.
    Debug,
    /// What happens in normal operation.
    Info,
    /// What may need attention.
    Warn,
    /// What went wrong.
    Error,
    /// Nothing.
    Off,
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Off => "off",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_the_stack_wins_and_root_is_the_root_logger() {
        let own = [("kafka", LogLevel::Warn), ("state.change.logger", LogLevel::Info)];
        let further = [
            ("kafka".to_owned(), LogLevel::Debug),
            ("root".to_owned(), LogLevel::Error),
        ];
        let log4j2 = Logging::Log4j2.configuration(&own, &further);
        assert!(log4j2.contains("rootLogger.level = error\n"), "{log4j2}");
        assert!(
            log4j2.ends_with(
                "\nlogger.0.name = kafka\nlogger.0.level = debug\n\nlogger.1.name = state.change.logger\nlogger.1.level = info\n"
            ),
            "{log4j2}"
        );
        let reload4j = Logging::Reload4j.configuration(&own, &further);
        assert!(reload4j.contains("log4j.rootLogger=ERROR, console\n"), "{reload4j}");
        assert!(
            reload4j.ends_with("\nlog4j.logger.kafka=DEBUG\nlog4j.logger.state.change.logger=INFO\n"),
            "{reload4j}"
        );
    }
}
