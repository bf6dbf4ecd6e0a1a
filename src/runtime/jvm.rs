use super::{ImageSet, Logging};
use crate::{kubernetes::CONFIG_DIRECTORY, quantity::Bytes};

/// The port of the metrics agent.
pub const METRICS_PORT: u16 = 9404;
/// The name of that port, by which monitors select it.
pub const METRICS_PORT_NAME: &str = "http-metrics";
/// The file of the metrics agent's rules.
pub const METRICS_FILE: &str = "metrics.yaml";

/// How a server is started: with a tool of the image, one of the mounted files, and a JVM.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The tool, as `kafka-server-start`.
    pub tool: &'a str,
    /// The file in [`CONFIG_DIRECTORY`] that it reads.
    pub file: &'a str,
    /// The start of the variables that its script reads: `KAFKA` or `SCHEMA_REGISTRY`.
    pub prefix: &'static str,
    /// The heap, at the start and at most.
    pub heap: Bytes,
    /// Its logging framework, whose file is mounted beside `file`.
    pub logging: Logging,
}

impl Start<'_> {
    /// The command line.
    ///
    /// The JVM's options are set here and not in the container's environment, because what someone executes in the pod
    /// would inherit them: a `kafka-topics` with a heap as large as the broker's, and an agent whose port is taken. A shell
    /// is needed all the same: the agent's version is part of its file name, and something has to find it.
    pub fn command(&self, images: &ImageSet) -> Vec<String> {
        let Self { file, prefix, .. } = self;
        let tool = images.command(self.tool);
        let mib = self.heap.as_mib();
        let logging = self.logging.option(CONFIG_DIRECTORY);
        let (find_agent, agent) = match images.metrics_agent() {
            None => (String::new(), String::new()),
            Some(path) => (
                format!("agent=({path})\n"),
                format!(
                    "{prefix}_OPTS=\"-javaagent:${{agent[0]}}={METRICS_PORT}:{CONFIG_DIRECTORY}/{METRICS_FILE}\" \\\n"
                ),
            ),
        };
        // An empty EXTRA_ARGS keeps the script from asking for a log file of the garbage collector, which a read-only file
        // system refuses. A JVM that is out of memory is of no use to anyone: it ends, and the kubelet starts a new one.
        let script = format!(
            "{find_agent}\
             EXTRA_ARGS= \\\n\
             {prefix}_HEAP_OPTS='-Xms{mib}m -Xmx{mib}m' \\\n\
             {prefix}_JVM_PERFORMANCE_OPTS='-server -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 \
             -XX:+ExplicitGCInvokesConcurrent -XX:+ExitOnOutOfMemoryError -Djava.awt.headless=true' \\\n\
             {prefix}_LOG4J_OPTS='{logging}' \\\n\
             {agent}\
             exec {tool} {CONFIG_DIRECTORY}/{file}\n"
        );
        vec!["bash".to_owned(), "-c".to_owned(), script]
    }
}
