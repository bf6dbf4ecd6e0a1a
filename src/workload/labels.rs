use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};

use crate::context::{Context, MANAGED_BY};

/// Kubernetes' recommended labels for the pods of one component. Selectors use them, so they never change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labels {
    /// `app.kubernetes.io/name`: the application, such as `kafka`.
    pub name: &'static str,
    /// `app.kubernetes.io/instance`: the construct.
    pub instance: String,
    /// `app.kubernetes.io/component`: its role, such as `broker`; empty for all roles.
    pub component: &'static str,
    /// The pool, if several pools have the same role; empty for all pools.
    pub pool: String,
}

impl Labels {
    /// The labels of a component that has one kind of pods.
    pub fn new(name: &'static str, instance: impl Into<String>, component: &'static str) -> Self {
        Self {
            name,
            instance: instance.into(),
            component,
            pool: String::new(),
        }
    }

    /// The same without the pool: all pods with this role.
    #[must_use]
    pub fn without_pool(&self) -> Self {
        Self {
            pool: String::new(),
            ..self.clone()
        }
    }

    /// The labels that select the pods.
    pub fn selector(&self) -> BTreeMap<String, String> {
        [
            ("app.kubernetes.io/name", self.name),
            ("app.kubernetes.io/instance", &self.instance),
            ("app.kubernetes.io/component", self.component),
            ("kafka-stacks/pool", &self.pool),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect()
    }

    /// The same as a selector object.
    pub fn label_selector(&self) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.selector()),
            match_expressions: None,
        }
    }

    /// All labels of an object of this component.
    pub fn all(&self) -> BTreeMap<String, String> {
        let mut labels = self.selector();
        labels.extend([MANAGED_BY.map(str::to_owned).into()]);
        labels
    }

    /// The label of an object of this component by which monitors find it. Argo CD may write the name of its application into
    /// `app.kubernetes.io/instance` of an object, though not of a pod (Argo CD, Resource Tracking).
    pub fn monitored(&self) -> (String, String) {
        ("kafka-stacks/monitored".to_owned(), self.instance.clone())
    }

    /// Metadata of an object of this component.
    pub fn metadata(&self, context: &Context, name: impl Into<String>) -> ObjectMeta {
        ObjectMeta {
            labels: Some(self.all()),
            ..context.metadata(name)
        }
    }
}
