use super::Version;

/// The logging framework of a process, and a configuration of it that writes to standard output only: the container runtime
/// keeps and rotates what is written there, and the root file system is read-only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logging {
    /// Log4j 2: Kafka from 4.0.
    Log4j2,
    /// Reload4j, which continues Log4j 1: Kafka 3.9 and ZooKeeper.
    Reload4j,
}

impl Logging {
    /// What Kafka of this version logs with.
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

    /// The configuration: everything from `info` to the console, but for the loggers named with their level.
    pub fn configuration(self, levels: &[(&str, &str)]) -> String {
        match self {
            Self::Log4j2 => {
                let mut text = "\
# To the console only: the container runtime keeps and rotates the output.
status = warn

appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_OUT
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSSXXX} %-5p [%t] %c - %m%n

rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"
                .to_owned();
                for (index, (logger, level)) in levels.iter().enumerate() {
                    text.push_str(&format!(
                        "\nlogger.{index}.name = {logger}\nlogger.{index}.level = {level}\n"
                    ));
                }
                text
            }
            Self::Reload4j => {
                let mut text = "\
# To the console only: the container runtime keeps and rotates the output.
log4j.rootLogger=INFO, console

log4j.appender.console=org.apache.log4j.ConsoleAppender
log4j.appender.console.Target=System.out
log4j.appender.console.layout=org.apache.log4j.EnhancedPatternLayout
log4j.appender.console.layout.ConversionPattern=%d{yyyy-MM-dd'T'HH:mm:ss.SSSZ} %-5p [%t] %c - %m%n
"
                .to_owned();
                if !levels.is_empty() {
                    text.push('\n');
                }
                for (logger, level) in levels {
                    text.push_str(&format!("log4j.logger.{logger}={}\n", level.to_uppercase()));
                }
                text
            }
        }
    }
}
