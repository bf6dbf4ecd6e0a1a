//! Objects that are applied together, by name, namespace and label.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ObjectDetail, ObjectModel,
    certificate::Certificate,
    config::ConfigData,
    container::Container,
    guard::{Budget, Peer, Policy},
    process::KafkaProcess,
    selector::{Labels, POD_INDEX, POD_NAME, Selector, selects},
    settings::EffectiveSettings,
    workload::Workload,
};
use crate::{
    diagnostics::{Cause, Diagnostic, Diagnostics, Rule},
    kubernetes::Platform,
};

/// A set of objects that are applied together.
pub(crate) struct ObjectSet<'a> {
    pub(crate) objects: &'a [&'a ObjectModel],
    /// What runs their pods.
    pub(crate) platform: Platform,
    by_name: BTreeMap<(&'a str, &'a str, &'a str), usize>,
    pub(crate) namespaces: BTreeSet<&'a str>,
    /// Workloads, by namespace.
    pods: BTreeMap<&'a str, Vec<usize>>,
    /// Workloads, by namespace and each label of their pods.
    labelled: BTreeMap<(&'a str, &'a str, &'a str), Vec<usize>>,
    /// Custom resources of Kafka's operators: namespace and name.
    operated: Vec<(&'a str, &'a str)>,
    /// Budgets and policies, by namespace.
    guards: BTreeMap<&'a str, Vec<usize>>,
    /// Secrets that cert-manager writes: namespace and name, and what makes it do so.
    issued: BTreeMap<(&'a str, &'a str), (usize, &'a Certificate)>,
}

impl<'a> ObjectSet<'a> {
    pub(crate) fn new(objects: &'a [&'a ObjectModel], platform: Platform) -> Self {
        let mut set = Self {
            objects,
            platform,
            by_name: BTreeMap::new(),
            namespaces: BTreeSet::new(),
            pods: BTreeMap::new(),
            labelled: BTreeMap::new(),
            operated: Vec::new(),
            guards: BTreeMap::new(),
            issued: BTreeMap::new(),
        };
        for (index, object) in objects.iter().enumerate() {
            let identity = &object.identity;
            let namespace = identity.namespace.as_str();
            set.by_name
                .entry((&identity.kind, namespace, &identity.name))
                .or_insert(index);
            if identity.kind == "Namespace" {
                set.namespaces.insert(&identity.name);
            } else {
                set.namespaces.insert(namespace);
            }
            if ["kafka.strimzi.io", "platform.confluent.io", "kafka.banzaicloud.io"].contains(&identity.group.as_str())
            {
                set.operated.push((namespace, &identity.name));
            }
            if let Some(workload) = object.workload() {
                set.pods.entry(namespace).or_default().push(index);
                for (key, value) in &workload.pods {
                    set.labelled.entry((namespace, key, value)).or_default().push(index);
                }
            }
            if let ObjectDetail::Certificate(certificate) = &object.detail {
                set.issued
                    .insert((namespace, &certificate.secret), (index, certificate));
            }
            if matches!(object.detail, ObjectDetail::Budget(_) | ObjectDetail::Policy(_)) {
                set.guards.entry(namespace).or_default().push(index);
            }
        }
        set
    }

    pub(crate) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&'a ObjectModel> {
        self.by_name
            .get(&(kind, namespace, name))
            .map(|&index| self.objects[index])
    }

    /// What is in a ConfigMap.
    pub(crate) fn config_map(&self, namespace: &str, name: &str) -> Option<&'a ConfigData> {
        match &self.find("ConfigMap", namespace, name)?.detail {
            ObjectDetail::Config(config) => Some(config),
            _ => None,
        }
    }

    /// The `Certificate` here that makes cert-manager write this Secret, with its index.
    pub(crate) fn certificate(&self, namespace: &str, secret: &str) -> Option<(usize, &'a Certificate)> {
        self.issued.get(&(namespace, secret)).copied()
    }

    pub(crate) fn index(&self, kind: &str, namespace: &str, name: &str) -> Option<usize> {
        self.by_name.get(&(kind, namespace, name)).copied()
    }

    /// The settings that the process of an object ends up with.
    pub(crate) fn settings(
        &self,
        object: &ObjectModel,
        (process, container): (&KafkaProcess, &Container),
    ) -> EffectiveSettings {
        process.settings(container, |map| self.config_map(&object.identity.namespace, map))
    }

    /// Whether an operator may make an object of this name: a custom resource of Kafka here has the name, or the first part of it.
    pub(crate) fn is_made_by_operator(&self, namespace: &str, name: &str) -> bool {
        self.operated.iter().any(|(own, resource)| {
            *own == namespace
                && name
                    .strip_prefix(resource)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
    }

    /// Whether the pods of an object, or one that reads it, give a host an address of their own.
    pub(crate) fn is_resolved_by_pods(&self, index: usize, host: &str) -> bool {
        let identity = &self.objects[index].identity;
        let is_own = |workload: &Workload| workload.resolver.is_own(host);
        if let Some(workload) = self.objects[index].workload() {
            return is_own(workload);
        }
        let readers = self.pods.get(identity.namespace.as_str()).into_iter().flatten();
        let mut readers = readers.filter_map(|&index| self.objects[index].workload());
        readers.any(|workload| {
            let mut references = workload.references.iter();
            is_own(workload) && references.any(|of| of.kind == identity.kind && of.name == identity.name)
        })
    }

    /// The workloads of a namespace whose pods a selector selects.
    pub(crate) fn selected(&self, namespace: &str, selector: &Selector) -> Vec<(usize, &'a Workload)> {
        let (selector, of_pod) = selector.without_pod_labels();
        // The rarest label leaves the fewest to look at.
        let indices = selector
            .required()
            .map(|(key, value)| self.labelled.get(&(namespace, key, value)))
            .min_by_key(|indices| indices.map_or(0, Vec::len))
            .unwrap_or_else(|| self.pods.get(namespace))
            .map_or(&[][..], Vec::as_slice);
        indices
            .iter()
            .filter_map(|&index| Some((index, self.objects[index].workload()?)))
            .filter(|(index, workload)| {
                selects(&selector, &workload.pods)
                    && of_pod.iter().all(|label| self.has_pod_label(*index, workload, *label))
            })
            .collect()
    }

    /// Whether the StatefulSet controller gives this label to one of the pods.
    fn has_pod_label(&self, index: usize, workload: &Workload, (key, value): (&str, &str)) -> bool {
        let identity = &self.objects[index].identity;
        let ordinal = match value.rsplit_once('-') {
            Some((name, ordinal)) if key == POD_NAME && name == identity.name => ordinal,
            None if key == POD_INDEX => value,
            _ => return false,
        };
        let ordinals = workload.first..workload.first + workload.replicas;
        identity.kind == "StatefulSet" && ordinal.parse().is_ok_and(|ordinal: i64| ordinals.contains(&ordinal))
    }

    pub(crate) fn workloads(&self) -> impl Iterator<Item = (usize, &'a ObjectModel, &'a Workload)> + use<'a> {
        let objects = self.objects;
        objects
            .iter()
            .enumerate()
            .filter_map(|(index, object)| Some((index, *object, object.workload()?)))
    }

    /// The disruption budgets that select pods with these labels.
    pub(crate) fn budgets<'l>(
        &'l self,
        namespace: &str,
        labels: &'l Labels,
    ) -> impl Iterator<Item = &'a Budget> + use<'a, 'l> {
        self.guards(namespace).filter_map(|object| match &object.detail {
            ObjectDetail::Budget(budget) if selects(&budget.selector, labels) => Some(budget),
            _ => None,
        })
    }

    /// The policies that select pods with these labels, and their places.
    pub(crate) fn policies(&self, namespace: &str, labels: &Labels) -> Vec<(usize, &'a Policy)> {
        let indices = self.guards.get(namespace).map_or(&[][..], Vec::as_slice);
        indices
            .iter()
            .filter_map(|&index| match &self.objects[index].detail {
                ObjectDetail::Policy(policy) if selects(&policy.selector, labels) => Some((index, policy)),
                _ => None,
            })
            .collect()
    }

    /// Whether one of the peers is these pods. Of a namespace that is not here, only the name is known: its labels may be any.
    pub(crate) fn is_peer(&self, peers: &[Peer], own: &str, namespace: &str, labels: &Labels) -> bool {
        peers.is_empty()
            || peers.iter().any(|peer| match peer {
                Peer::Addresses => true,
                Peer::Pods { namespaces, pods } => {
                    selects(pods, labels)
                        && match namespaces {
                            None => own == namespace,
                            Some(selector) => self.is_namespace(selector, namespace),
                        }
                }
            })
    }

    fn is_namespace(&self, selector: &Selector, namespace: &str) -> bool {
        let name = |(key, value): (&str, &str)| key == "kubernetes.io/metadata.name" && value != namespace;
        if selector.required().any(name) {
            return false;
        }
        self.find("Namespace", "", namespace).is_none_or(|found| {
            let mut labels = found.labels.clone();
            labels.push(("kubernetes.io/metadata.name".to_owned(), namespace.to_owned()));
            selects(selector, &labels)
        })
    }

    fn guards(&self, namespace: &str) -> impl Iterator<Item = &'a ObjectModel> + use<'a, '_> {
        let indices = self.guards.get(namespace).map_or(&[][..], Vec::as_slice);
        indices.iter().map(|&index| self.objects[index])
    }

    /// The only pod that a Service selects, by the name or the ordinal that the StatefulSet controller gives it as a label: its StatefulSet, and
    /// its ordinal.
    pub(crate) fn pod_of_service(&self, namespace: &str, name: &str) -> Option<(usize, i64)> {
        let service = self.find("Service", namespace, name).and_then(ObjectModel::service)?;
        let selector = service.selector.as_ref()?;
        let pod = selector.pod()?;
        let ordinal = pod.rsplit_once('-').map_or(pod, |(_, ordinal)| ordinal).parse().ok()?;
        match self.selected(namespace, selector).as_slice() {
            [(index, _)] => Some((*index, ordinal)),
            _ => None,
        }
    }

    /// Whether a pod of this name is among those of a StatefulSet that a Service names.
    pub(crate) fn has_pod(&self, namespace: &str, service: &str, pod: &str) -> bool {
        let Some((name, ordinal)) = pod.rsplit_once('-') else {
            return false;
        };
        let Ok(ordinal) = ordinal.parse::<i64>() else {
            return false;
        };
        self.find("StatefulSet", namespace, name)
            .and_then(ObjectModel::workload)
            .is_some_and(|workload| {
                workload.service.as_deref() == Some(service)
                    && (workload.first..workload.first + workload.replicas).contains(&ordinal)
            })
    }
}

/// What is wrong with each object of a set, and what could not be judged.
pub(crate) struct SetFindings {
    of_objects: Vec<Diagnostics>,
    not_judged: Vec<NotJudged>,
}

/// What rules could not judge, because the set does not show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotJudged {
    /// What, as `settings`: it is followed by `of` and the object.
    pub what: &'static str,
    /// What is not known: it follows `because`.
    pub why: String,
    /// The object.
    pub index: usize,
}

/// What was found in a set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetJudgement {
    /// For each object, what is wrong with it among the others.
    pub findings: Vec<Diagnostics>,
    /// What could not be judged: sorted, each once.
    pub not_judged: Vec<NotJudged>,
}

impl SetFindings {
    /// Nothing, about so many objects.
    pub(crate) fn new(objects: usize) -> Self {
        Self {
            of_objects: vec![Diagnostics::default(); objects],
            not_judged: Vec::new(),
        }
    }

    /// Adds a finding about a field of an object, and returns it to say more.
    pub(crate) fn add(
        &mut self,
        index: usize,
        pointer: impl Into<String>,
        rule: &'static Rule,
        message: impl Into<String>,
    ) -> &mut Diagnostic {
        self.of_objects[index].in_field(pointer, rule, message)
    }

    /// Adds a finding about an object that says itself where in it.
    pub(crate) fn push(&mut self, index: usize, finding: Diagnostic) {
        self.of_objects[index].push(finding);
    }

    /// Says what about an object cannot be judged, and what would have to be known: `settings`, `the image … is not known`. A rule that
    /// stays silent for want of knowledge says so here, so that a clean result means something.
    pub(crate) fn not_judged(&mut self, index: usize, what: &'static str, why: impl Into<String>) {
        let why = why.into();
        self.not_judged.push(NotJudged { what, why, index });
    }

    /// Adds what other rules found in the same set.
    pub(crate) fn extend(&mut self, other: Self) {
        for (own, more) in self.of_objects.iter_mut().zip(other.of_objects) {
            own.extend(more);
        }
        self.not_judged.extend(other.not_judged);
    }

    /// Leaves out the findings of a rule about fields of which another rule says more.
    pub(crate) fn supersede(&mut self, weaker: &Rule, stronger: &Rule) {
        for findings in &mut self.of_objects {
            let of_stronger = findings.iter().filter(|finding| *finding.rule == *stronger);
            let told: BTreeSet<String> = of_stronger.map(|finding| finding.place.field.clone()).collect();
            if !told.is_empty() {
                findings.retain_mut(|finding| *finding.rule != *weaker || !told.contains(&finding.place.field));
            }
        }
    }

    /// Leaves out what follows from another finding, and says there how many.
    fn fold(&mut self) {
        let mut nearest: BTreeMap<(usize, &str), (u8, usize)> = BTreeMap::new();
        let causes = || self.of_objects.iter().flatten().filter_map(|finding| finding.cause);
        for Cause { object, field, rank } in causes() {
            let (least, _) = nearest.entry((object, field)).or_insert((rank, 0));
            *least = rank.min(*least);
        }
        for Cause { object, field, rank } in causes() {
            if let Some((least, more)) = nearest.get_mut(&(object, field)) {
                *more += usize::from(rank > *least);
            }
        }
        for findings in &mut self.of_objects {
            findings.retain_mut(|finding| {
                let Some(Cause { object, field, rank }) = finding.cause else {
                    return true;
                };
                let Some((least, more)) = nearest.get_mut(&(object, field)) else {
                    return true;
                };
                if rank == *least && *more > 0 {
                    let s = if *more == 1 { " follows" } else { "s follow" };
                    finding.message += &format!(" ({more} more finding{s} from this)");
                    *more = 0;
                }
                rank == *least
            });
        }
    }

    pub(crate) fn finish(mut self) -> SetJudgement {
        self.fold();
        self.not_judged.sort();
        self.not_judged.dedup();
        SetJudgement {
            findings: self.of_objects,
            not_judged: self.not_judged,
        }
    }
}
