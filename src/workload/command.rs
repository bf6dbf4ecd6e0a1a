use super::{CONFIG_DIRECTORY, ImageSet, Logging, METRICS_PORT};
use crate::quantity::Bytes;

/// The file of the metrics agent's rules.
pub const METRICS_FILE: &str = "metrics.yaml";

/// Whether a JVM option chooses a garbage collector.
pub(super) fn is_collector(option: &str) -> bool {
    option.starts_with("-XX:+Use") && option.ends_with("GC")
}

/// The command of a server that runs in a JVM: a start script of the image, with one of the mounted files.
#[derive(Clone, Copy, Debug)]
pub struct JvmCommand<'a> {
    /// The start script, such as `kafka-server-start`.
    pub tool: &'a str,
    /// The file in [`CONFIG_DIRECTORY`] that it reads.
    pub file: &'a str,
    /// The prefix of the environment variables that the script reads: `KAFKA` or `SCHEMA_REGISTRY`.
    pub prefix: &'static str,
    /// The initial and maximum heap.
    pub heap: Bytes,
    /// Further options of the JVM.
    pub options: &'a [String],
    /// Its logging framework, whose file is mounted beside `file`.
    pub logging: Logging,
}

/// A command of [`JvmCommand::command`] that has `POD_DNS_LABEL` too: the pod's address as its DNS name begins, with `-` for dots and colons.
pub(crate) fn with_dns_label(mut command: Vec<String>) -> Vec<String> {
    if let Some(script) = command.last_mut() {
        script.insert_str(0, "export POD_DNS_LABEL=\"${POD_IP//[.:]/-}\"\n");
    }
    command
}

impl JvmCommand<'_> {
    /// The command line.
    ///
    /// The JVM's options are set here and not in the container's environment, because a command that someone runs in
    /// the pod would inherit them: `kafka-topics` would get a heap as large as the broker's, and an agent whose port is
    /// in use. The shell also finds the agent, whose version is part of its file name.
    pub fn command(&self, images: &ImageSet) -> Vec<String> {
        let Self { file, prefix, .. } = self;
        let tool = images.command(self.tool);
        let mib = self.heap.as_mib();
        let logging = self.logging.option(CONFIG_DIRECTORY);
        // A JVM with two garbage collectors does not start.
        let collector = if self.options.iter().any(|option| is_collector(option)) {
            ""
        } else {
            "-XX:+UseG1GC "
        };
        let options: String = self.options.iter().map(|option| format!(" {option}")).collect();
        let (find_agent, agent) = match images.metrics_agent() {
            None => (String::new(), String::new()),
            Some(path) => (
                format!("agent=({path})\n"),
                format!(
                    "{prefix}_OPTS=\"-javaagent:${{agent[0]}}={METRICS_PORT}:{CONFIG_DIRECTORY}/{METRICS_FILE}\" \\\n"
                ),
            ),
        };
        // With an empty EXTRA_ARGS the script does not enable a garbage collection log, which a read-only file system
        // would not allow. A JVM that is out of memory exits, and the kubelet restarts it.
        let script = format!(
            "{find_agent}\
             EXTRA_ARGS= \\\n\
             {prefix}_HEAP_OPTS='-Xms{mib}m -Xmx{mib}m' \\\n\
             {prefix}_JVM_PERFORMANCE_OPTS='-server {collector}-XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
             -XX:+ExplicitGCInvokesConcurrent -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true{options}' \\\n\
             {prefix}_LOG4J_OPTS='{logging}' \\\n\
             {agent}\
             exec {tool} {CONFIG_DIRECTORY}/{file}\n"
        );
        vec!["bash".to_owned(), "-c".to_owned(), script]
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{quantity::Units, workload::Version};

    fn script(images: &ImageSet) -> String {
        script_with(images, &[])
    }

    fn script_with(images: &ImageSet, options: &[String]) -> String {
        let start = JvmCommand {
            tool: "kafka-server-start",
            file: "server.properties",
            prefix: "KAFKA",
            heap: 4.gib(),
            options,
            logging: Logging::of(images.version()),
        };
        start.command(images).pop().unwrap()
    }

    #[test]
    fn the_jvms_options_are_set_for_the_server_alone() {
        assert_snapshot!(script(&ImageSet::confluent(Version::V4_3)), @r#"
        agent=(/usr/share/java/cp-base-new/jmx_prometheus_javaagent-*.jar)
        EXTRA_ARGS= \
        KAFKA_HEAP_OPTS='-Xms4096m -Xmx4096m' \
        KAFKA_JVM_PERFORMANCE_OPTS='-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 -XX:+ExplicitGCInvokesConcurrent -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true' \
        KAFKA_LOG4J_OPTS='-Dlog4j2.configurationFile=/etc/kafka-stacks/log4j2.properties' \
        KAFKA_OPTS="-javaagent:${agent[0]}=9404:/etc/kafka-stacks/metrics.yaml" \
        exec kafka-server-start /etc/kafka-stacks/server.properties
        "#);
    }

    #[test]
    fn an_image_without_an_agent_starts_without_one_and_with_the_paths_of_its_maker() {
        let script = script(&ImageSet::apache(Version::V3_9));
        assert!(
            script.starts_with("EXTRA_ARGS= \\\n") && !script.contains("javaagent"),
            "{script}"
        );
        assert!(
            script.contains("-Dlog4j.configuration=file:/etc/kafka-stacks/log4j.properties"),
            "{script}"
        );
        assert!(script.ends_with("exec /opt/kafka/bin/kafka-server-start.sh /etc/kafka-stacks/server.properties\n"));
    }

    #[test]
    fn further_options_come_last_and_a_collector_replaces_g1() {
        let options = ["-XX:+UseZGC", "-Dfoo=bar"].map(str::to_owned);
        let script = script_with(&ImageSet::confluent(Version::V4_3), &options);
        assert!(!script.contains("UseG1GC"), "{script}");
        assert!(
            script.contains("-Djava.awt.headless=true -XX:+UseZGC -Dfoo=bar' \\\n"),
            "{script}"
        );
        let script = script_with(&ImageSet::confluent(Version::V4_3), &options[1..]);
        assert!(
            script.contains("'-server -XX:+UseG1GC ") && script.contains("-Dfoo=bar'"),
            "{script}"
        );
    }
}
