//! The rules of the JMX Prometheus agent, generated from the tables.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{AgentMetrics, Metric, MetricType, Source};
use crate::yaml;

impl AgentMetrics {
    /// The agent's rules file: one rule per metric, named like the metric.
    ///
    /// Versions 0.18 to 1.6 of the agent read it in the same way.
    ///
    /// ```
    /// use kafka_stacks::metrics::zookeeper;
    ///
    /// assert!(zookeeper::AGENT.rules().contains("name: zookeeper_znodes\n"));
    /// ```
    pub fn rules(self) -> String {
        let objects: BTreeSet<String> = self
            .iter()
            .filter_map(|metric| match metric.source {
                Source::Bean { object, .. } => Some(object),
                Source::Exporter(_) | Source::Record(_) => None,
            })
            .flat_map(object_names)
            .collect();
        let unused = objects
            .iter()
            .any(|object| object.starts_with("kafka.") && object.contains(",name="));
        let rules = unused.then(drop_unused).into_iter().chain(self.iter().filter_map(rule));
        let mut file = json!({
            // The only spelling of the key that all versions read. The agent does not query beans that are not listed:
            // a broker has thousands.
            "whitelistObjectNames": objects,
            "rules": rules.collect::<Vec<_>>(),
        });
        if objects.iter().any(|object| object.contains("error=*")) {
            // Kafka counts the fetches of consumers and followers again as `Fetch`.
            file["blacklistObjectNames"] = json!(["kafka.network:type=RequestMetrics,request=Fetch,*",]);
        }
        yaml::to_text(&file)
    }
}

/// A rule without a name stops the search for a match. Each of Kafka's meters and histograms has about twelve
/// attributes, of which one or two are metrics here: the others would be compared with every rule at every scrape.
fn drop_unused() -> Value {
    const UNUSED: [&str; 12] = [
        "75thPercentile",
        "98thPercentile",
        "EventType",
        "FifteenMinuteRate",
        "FiveMinuteRate",
        "LatencyUnit",
        "Max",
        "Mean",
        "MeanRate",
        "Min",
        "RateUnit",
        "StdDev",
    ];
    json!({ "name": "", "pattern": format!("><>({}):", UNUSED.join("|")) })
}

/// A part of an object's or an attribute's text.
enum Part<'a> {
    Text(&'a str),
    /// A label, and the values that it may have; an empty list for any value.
    Label(&'a str, &'a str),
}

fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (label, behind) = after.split_once('}').unwrap_or((after, ""));
        let (name, values) = label.split_once(':').unwrap_or((label, ""));
        parts.extend([Part::Text(before), Part::Label(name, values)]);
        rest = behind;
    }
    parts.push(Part::Text(rest));
    parts
}

/// The names that match exactly the beans of an object: one for each combination of the values of its labels.
fn object_names(object: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    for part in parts(object) {
        let values: Vec<&str> = match part {
            Part::Text(text) => vec![text],
            Part::Label(_, "") => vec!["*"],
            Part::Label(_, values) => values.split('|').collect(),
        };
        names = names
            .iter()
            .flat_map(|name| values.iter().map(move |value| format!("{name}{value}")))
            .collect();
    }
    names
}

impl Metric {
    /// Whether a rule with this pattern and factor is the one that this crate writes for it.
    pub(crate) fn is_made_by(&self, pattern: &str, by: f64) -> bool {
        let Source::Bean { factor, .. } = self.source else {
            return false;
        };
        (factor - by).abs() < f64::EPSILON && rule(self).is_some_and(|rule| rule["pattern"] == pattern)
    }
}

/// The rule of one metric. The agent matches it against `domain<key=value, …><composite>attribute: value`.
fn rule(metric: &Metric) -> Option<Value> {
    let Source::Bean {
        object,
        attribute,
        factor,
    } = metric.source
    else {
        return None;
    };
    let mut labels = Map::new();
    let mut pattern = |text: &str| -> String {
        parts(text)
            .into_iter()
            .map(|part| match part {
                // `*` matches anything within one value. A dot is not escaped and matches any character: only the
                // listed beans are matched, and backslashes would make the file unreadable.
                Part::Text(text) => text.replace('*', "[^,>]+"),
                Part::Label(name, values) => {
                    let group = labels.len() + 1;
                    // A percentile, 99, becomes a quantile, 0.99.
                    let point = if name == "quantile" { "0." } else { "" };
                    labels.insert(name.to_owned(), json!(format!("{point}${group}")));
                    if values.is_empty() {
                        // Kafka quotes values with special characters.
                        "\"?([^\",>]+)\"?".to_owned()
                    } else {
                        format!("({values})")
                    }
                }
            })
            .collect()
    };
    let (domain, keys) = object.split_once(':').unwrap_or((object, ""));
    let domain = pattern(domain);
    let keys: Vec<String> = keys.split(',').map(&mut pattern).collect();
    let (attribute, text) = match attribute.split_once("={") {
        Some((attribute, label)) => (attribute, Some(label.trim_end_matches('}'))),
        None => (attribute, None),
    };
    let (composite, attribute) = attribute.split_once('.').unwrap_or(("", attribute));
    let mut whole = format!("^{domain}<{}><{composite}>{}:", keys.join(", "), pattern(attribute));
    let mut rule = json!({
        "name": metric.name,
        "type": match metric.metric_type {
            MetricType::Gauge => "GAUGE",
            MetricType::Counter => "COUNTER",
        },
    });
    if let Some(label) = text {
        whole.push_str(" (.+)$");
        let group = labels.len() + 1;
        labels.insert(label.to_owned(), json!(format!("${group}")));
        rule["value"] = json!(1);
    }
    if (factor - 1.0).abs() > f64::EPSILON {
        rule["valueFactor"] = json!(factor);
    }
    rule["pattern"] = json!(whole);
    if !labels.is_empty() {
        rule["labels"] = Value::Object(labels);
    }
    Some(rule)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::metrics::{AGENTS, broker, jvm, registry, zookeeper};

    fn text(metric: &Metric) -> String {
        yaml::to_text(&rule(metric).unwrap())
    }

    #[test]
    fn a_rule_takes_labels_from_the_name_of_the_bean_and_the_attribute() {
        assert_snapshot!(text(&broker::TOTAL_TIME), @r#"
        labels:
          quantile: 0.$2
          request: $1
        name: kafka_network_requestmetrics_totaltimems
        pattern: "^kafka.network<type=RequestMetrics, name=TotalTimeMs, request=(Produce|FetchConsumer|FetchFollower)><>(50|95|99|999)thPercentile:"
        type: GAUGE
        "#);
        assert_snapshot!(text(&broker::LOG_SIZE), @r#"
        labels:
          partition: $2
          topic: $1
        name: kafka_log_log_size
        pattern: "^kafka.log<type=Log, name=Size, topic=\"?([^\",>]+)\"?, partition=\"?([^\",>]+)\"?><>Value:"
        type: GAUGE
        "#);
    }

    #[test]
    fn a_text_becomes_a_label_and_a_composite_a_path() {
        assert_snapshot!(text(&zookeeper::SERVER_STATE), @r#"
        labels:
          state: $1
        name: zookeeper_server_state
        pattern: "^org.apache.ZooKeeperService<name0=ReplicatedServer_id[^,>]+, name1=replica.[^,>]+><>State: (.+)$"
        type: GAUGE
        value: 1
        "#);
        assert_snapshot!(text(&jvm::HEAP_USED), @r#"
        name: kafka_jvm_heap_used_bytes
        pattern: "^java.lang<type=Memory><HeapMemoryUsage>used:"
        type: GAUGE
        "#);
        assert_snapshot!(text(&jvm::GC_SECONDS), @r#"
        labels:
          gc: $1
        name: kafka_jvm_gc_collection_seconds_total
        pattern: "^java.lang<name=\"?([^\",>]+)\"?, type=GarbageCollector><>CollectionTime:"
        type: COUNTER
        valueFactor: 0.001
        "#);
    }

    #[test]
    fn only_the_beans_of_the_metrics_are_asked_for() {
        let Source::Bean { object, .. } = broker::REQUESTS.source else {
            unreachable!()
        };
        assert_eq!(
            object_names(object),
            ["Produce", "FetchConsumer", "FetchFollower"]
                .map(|request| format!("kafka.network:type=RequestMetrics,name=TotalTimeMs,request={request}"))
        );
    }

    #[test]
    fn a_file_can_be_reviewed() {
        for agent in AGENTS {
            let text = agent.rules();
            assert!(text.len() < 20_000, "{} bytes: {text}", text.len());
        }
        assert_snapshot!(registry::AGENT.rules(), @r#"
        rules:
        - name: kafka_schema_registry_master_slave_role
          pattern: "^kafka.schema.registry<type=master-slave-role><>master-slave-role:"
          type: GAUGE
        - name: kafka_schema_registry_registered_count
          pattern: "^kafka.schema.registry<type=registered-count><>registered-count:"
          type: GAUGE
        - name: kafka_schema_registry_jetty_metrics_connections_active
          pattern: "^kafka.schema.registry<type=jetty-metrics><>connections-active:"
          type: GAUGE
        - name: kafka_schema_registry_jersey_metrics_request_rate
          pattern: "^kafka.schema.registry<type=jersey-metrics><>request-rate:"
          type: GAUGE
        - name: kafka_schema_registry_jersey_metrics_request_error_rate
          pattern: "^kafka.schema.registry<type=jersey-metrics><>request-error-rate:"
          type: GAUGE
        - name: kafka_schema_registry_jersey_metrics_request_latency_99
          pattern: "^kafka.schema.registry<type=jersey-metrics><>request-latency-99:"
          type: GAUGE
        - name: kafka_jvm_heap_used_bytes
          pattern: "^java.lang<type=Memory><HeapMemoryUsage>used:"
          type: GAUGE
        - name: kafka_jvm_heap_max_bytes
          pattern: "^java.lang<type=Memory><HeapMemoryUsage>max:"
          type: GAUGE
        - name: kafka_jvm_gc_collection_seconds_total
          labels:
            gc: $1
          pattern: "^java.lang<name=\"?([^\",>]+)\"?, type=GarbageCollector><>CollectionTime:"
          type: COUNTER
          valueFactor: 0.001
        - name: kafka_jvm_open_file_descriptors
          pattern: "^java.lang<type=OperatingSystem><>OpenFileDescriptorCount:"
          type: GAUGE
        - name: kafka_jvm_max_file_descriptors
          pattern: "^java.lang<type=OperatingSystem><>MaxFileDescriptorCount:"
          type: GAUGE
        - name: kafka_jvm_process_cpu_seconds_total
          pattern: "^java.lang<type=OperatingSystem><>ProcessCpuTime:"
          type: COUNTER
          valueFactor: 1.0e-9
        - name: kafka_jvm_start_time_seconds
          pattern: "^java.lang<type=Runtime><>StartTime:"
          type: GAUGE
          valueFactor: 0.001
        whitelistObjectNames:
        - java.lang:name=*,type=GarbageCollector
        - java.lang:type=Memory
        - java.lang:type=OperatingSystem
        - java.lang:type=Runtime
        - kafka.schema.registry:type=jersey-metrics
        - kafka.schema.registry:type=jetty-metrics
        - kafka.schema.registry:type=master-slave-role
        - kafka.schema.registry:type=registered-count
        "#);
    }
}
