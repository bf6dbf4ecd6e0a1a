//! Resources of operators: kinds that `k8s-openapi` does not have.

use k8s_openapi::{Metadata, NamespaceResourceScope, Resource, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeStruct};

/// A resource of the API group `monitoring.coreos.com/v1`, or of another one that [`Spec`] names. It can be amended
/// like a type of `k8s-openapi`:
///
/// ```
/// use kafka_stacks::{monitoring::PodMonitor, prelude::*};
///
/// # let mut stack = Stack::new("tiny", "kafka").profile(Profile::Development);
/// # let kafka = stack.add(KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw").pool(NodePool::combined("kafka", 1)));
/// stack.add(Monitoring::new("monitoring", &kafka));
/// stack.amend::<PodMonitor>("kafka", |monitor| {
///     monitor.spec.pod_metrics_endpoints[0].interval = "1m".into();
/// });
/// # assert!(synth(&stack).manifests.unwrap().get("monitoring/podmonitor-kafka.yaml").unwrap().contains("interval: 1m"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub struct OperatorResource<S> {
    /// Name, namespace, labels.
    pub metadata: ObjectMeta,
    /// The specification.
    pub spec: S,
}

/// The specification of one kind of the API group.
pub trait Spec {
    /// The kind.
    const KIND: &'static str;
    /// The kind's name in a URL.
    const PLURAL: &'static str;
    /// Its API group.
    const GROUP: &'static str = "monitoring.coreos.com";
    /// The version of the group.
    const VERSION: &'static str = "v1";
    /// Group and version.
    const API_VERSION: &'static str = "monitoring.coreos.com/v1";
}

impl<S: Spec> Resource for OperatorResource<S> {
    const API_VERSION: &'static str = S::API_VERSION;
    const GROUP: &'static str = S::GROUP;
    const KIND: &'static str = S::KIND;
    const VERSION: &'static str = S::VERSION;
    const URL_PATH_SEGMENT: &'static str = S::PLURAL;
    type Scope = NamespaceResourceScope;
}

impl<S: Spec> Metadata for OperatorResource<S> {
    type Ty = ObjectMeta;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl<S: Spec + Serialize> Serialize for OperatorResource<S> {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        let mut resource = serializer.serialize_struct(S::KIND, 4)?;
        resource.serialize_field("apiVersion", S::API_VERSION)?;
        resource.serialize_field("kind", S::KIND)?;
        resource.serialize_field("metadata", &self.metadata)?;
        resource.serialize_field("spec", &self.spec)?;
        resource.end()
    }
}
