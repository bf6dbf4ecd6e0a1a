//! What a stack consists of: its constructs, their objects, and what they use of each other.

use std::collections::BTreeMap;

use crate::{
    construct::{Edge, Flow},
    lint::{self, ServicePort},
    manifest::Identity,
    stack::Stack,
    synth::{
        pods::Pods,
        render::{Rendered, RenderedObject},
        totals::Totals,
    },
};

/// A construct and its objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The construct's name; empty for the objects of the stack itself.
    pub construct: String,
    /// Each object and its file, in the order of application.
    pub objects: Vec<Leaf>,
    /// The topics that it declares, in the order of declaration.
    pub declares: Vec<Edge>,
    /// The topics that it writes and reads, in the order in which they were declared.
    pub edges: Vec<Edge>,
    /// The constructs that it connects to, sorted.
    pub uses: Vec<Use>,
    /// The requests and limits of its workloads, and their volume claims.
    pub totals: Totals,
}

/// An object of a [`Branch`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// The object's kind, namespace and name.
    pub identity: Identity,
    /// Its file below the stack's folder.
    pub path: String,
    /// Its pods, if it is a workload.
    pub pods: Option<Pods>,
    /// Its ports, if it is a Service: name and number.
    pub ports: Vec<(String, i64)>,
    /// Its requests and limits, and its volume claims.
    pub totals: Totals,
}

/// A construct that another one connects to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The construct that answers.
    pub construct: String,
    /// Its Service.
    pub service: String,
    /// The port of the Service.
    pub port: i64,
}

pub(super) fn of(stack: &Stack, rendered: &[Rendered<'_>]) -> Vec<Branch> {
    let services = rendered.iter().flat_map(|part| {
        let services = part.objects.iter().filter(|object| object.identity().kind == "Service");
        services.map(|object| {
            let Identity { namespace, name, .. } = object.identity();
            ((namespace.as_str(), name.as_str()), part.construct)
        })
    });
    let services: BTreeMap<(&str, &str), &str> = services.collect();
    let edges = |construct: &str| {
        let part = stack.constructs.iter().find(|part| part.meta().name == construct);
        part.map_or_else(Vec::new, |part| part.edges())
    };
    rendered
        .iter()
        .map(|part| {
            let (declares, edges) = edges(part.construct)
                .into_iter()
                .partition::<Vec<_>, _>(|edge| edge.flow == Flow::Declares);
            Branch {
                construct: part.construct.to_owned(),
                objects: part.objects.iter().map(leaf).collect(),
                declares,
                edges,
                uses: uses(part, &services),
                totals: part.objects.iter().map(|object| object.totals).sum(),
            }
        })
        .collect()
}

fn leaf(object: &RenderedObject) -> Leaf {
    let ports = object
        .judged
        .model
        .service()
        .into_iter()
        .flat_map(|service| &service.ports);
    Leaf {
        identity: object.identity().clone(),
        path: object.file.path.clone(),
        pods: object.pods.clone(),
        ports: ports
            .map(|ServicePort { name, number, .. }| (name.clone(), *number))
            .collect(),
        totals: object.totals,
    }
}

/// The constructs whose Services are among the addresses in the objects of a part.
fn uses(part: &Rendered<'_>, services: &BTreeMap<(&str, &str), &str>) -> Vec<Use> {
    let addresses = part.objects.iter().flat_map(|object| {
        let own = object.identity().namespace.as_str();
        object.judged.model.addresses.iter().map(move |address| (own, address))
    });
    let mut uses: Vec<Use> = addresses
        .filter_map(|(own, address)| {
            let (namespace, service, _) = lint::service_of(&address.host, own)?;
            let construct = *services.get(&(namespace, service))?;
            let number = address.port?;
            (construct != part.construct).then(|| Use {
                construct: construct.to_owned(),
                service: service.to_owned(),
                port: number,
            })
        })
        .collect();
    uses.sort();
    uses.dedup();
    uses
}
