//! The recording rules: each is a metric of [`record`], which alerts and panels use like any other metric.

use super::{resource::RecordingRule, slo};
use crate::{
    metrics::{Metric, broker, exporter, jvm, kubelet, record},
    observability::{BY, CLUSTER, Sources, though_lost},
};

/// The recording rules whose metrics exist in the stack.
pub(super) fn rules(sources: &Sources) -> impl Iterator<Item = RecordingRule> {
    let others = record::ALL.iter().filter(|metric| metric.labels() != ["slo"]);
    let others = others.filter_map(|metric| {
        Some(RecordingRule {
            record: metric.name.to_owned(),
            expr: expression(metric, sources)?,
            // The kubelet's series have no label for the cluster.
            labels: if *metric == record::VOLUME_USED {
                [(CLUSTER.to_owned(), sources.cluster.clone())].into()
            } else {
                [].into()
            },
        })
    });
    others.chain(slo::records(sources))
}

fn expression(metric: &Metric, sources: &Sources) -> Option<String> {
    let of = |metric| sources.series(metric, &[]);
    Some(if *metric == record::GROUP_LAG {
        // The exporter reports -1 for a partition for which the group never committed an offset. A series that is there
        // twice, as of a second Prometheus or of an exporter that has moved, has other labels: it is in a sum of its own.
        let by = format!("{BY}, consumergroup, topic");
        match of(&exporter::CONSUMER_LAG) {
            Some(lag) => format!("max by ({by}) (sum without (partition) ({} >= 0))", though_lost(lag)),
            None => format!("max by ({by}) ({} >= 0)", though_lost(of(&exporter::LAG_SUM)?)),
        }
    } else if *metric == record::LARGEST_LAG {
        let lag = though_lost(of(&exporter::CONSUMER_LAG)?);
        format!("max by ({BY}, consumergroup, topic) ({lag})")
    } else if *metric == record::TOPIC_RATE {
        // The exporter declares offsets as gauges, so their growth is `deriv` and not `rate`.
        if let Some(offset) = of(&exporter::CURRENT_OFFSET) {
            format!("max by ({BY}, topic) (sum without (partition) (deriv({offset}[10m])))")
        } else {
            let records = of(&broker::TOPIC_MESSAGES_IN)?;
            format!("sum by ({BY}, topic) (max by ({BY}, topic, pod) (rate({records}[10m])))")
        }
    } else if *metric == record::COMMITS {
        // In the sum of all partitions, commits at different times count as several.
        let committed = of(&exporter::COMMITTED_OFFSET).or_else(|| of(&exporter::OFFSET_SUM))?;
        format!("max by ({BY}, consumergroup, topic) (changes({committed}[10m]))")
    } else if *metric == record::POD_START {
        let started = sources.series(&jvm::START_TIME, &[("job", &sources.cluster)])?;
        format!("max by ({BY}, pod) ({started})")
    } else {
        let claims = sources.claim_pattern()?;
        let claims = [("persistentvolumeclaim", claims.as_str())];
        let available = sources.series(&kubelet::VOLUME_AVAILABLE, &claims)?;
        let capacity = sources.series(&kubelet::VOLUME_CAPACITY, &claims)?;
        let by = "max by (cluster, namespace, persistentvolumeclaim)";
        let free = |of| sources.in_kubernetes(format!("{by} ({of})"));
        format!("1 - {} / {}", free(available), free(capacity))
    })
}
