use k8s_openapi::api::networking::v1::NetworkPolicy;

use super::{Application, ApplicationHandle};
use crate::{
    construct::{Check, Claim, Construct, Edge, Meta, User},
    context::Context,
    diagnostics::rules::application,
    handbook::Chapter,
    kafka::ClientFile,
    manifest::Object,
    workload::{Access, IngressRule, Labels, config_map, network_policy},
};

impl Construct for Application {
    type Handle = ApplicationHandle;

    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }

    fn handle(&self, _: &Context) -> ApplicationHandle {
        ApplicationHandle {
            name: self.meta.name.clone(),
            kafka: self.kafka.clone(),
            owned: self.owned(),
            readers: self.readers(),
            principal: self.principal(),
        }
    }

    fn check(&self, check: &mut Check<'_>) {
        self.check_all(check);
    }

    fn claims(&self) -> Vec<Claim> {
        let cluster = self.kafka.bootstrap_servers();
        let groups = self.groups().into_iter().map(|(group, _)| {
            Claim::new("group", cluster, &group.name, &application::GROUP, group.location)
                .item(&group.name)
                .hint("give each application a group of its own")
        });
        let ids = self.transactional.iter().map(|(prefix, location)| {
            Claim::new(
                "transactional id",
                cluster,
                prefix,
                &application::TRANSACTIONAL_ID,
                *location,
            )
            .item(prefix)
            .hint("give each application a prefix of its own")
        });
        let ranges = self
            .kafka
            .claim_transactional_ids(&self.principal().acls, &self.acls, self.meta.location);
        groups.chain(ids).chain(ranges).collect()
    }

    fn edges(&self) -> Vec<Edge> {
        self.all_edges()
    }

    fn users(&self) -> Vec<User> {
        let subject = self.subject.as_ref();
        self.kafka
            .user(&self.meta.name, subject, Vec::new())
            .into_iter()
            .collect()
    }

    fn chapter(&self, _: &Context, _: &[Object]) -> Chapter {
        let shows = |advice: String| format!("`{}` shows tokens to `{}`. {advice}", self.meta.name, self.kafka.name());
        Chapter {
            owner: self.owner.clone(),
            on_call: self.on_call.clone(),
            identities: self.kafka.advice_on_tokens().into_iter().map(shows).collect(),
            ..Chapter::default()
        }
    }

    fn render(&self, context: &Context) -> Vec<Object> {
        let labels = Labels::new("kafka-clients", &self.meta.name, "");
        let mut map = config_map(context, &labels, self.object_name(), []);
        if let Some(namespace) = self.namespace() {
            map.metadata.namespace = Some(namespace.to_owned());
        }
        let files = ClientFile::object(&self.files(), map, &self.kafka);
        let policies = [self.policy(context, &labels), self.policy_of_registry(context, &labels)];
        let policies = policies.into_iter().flatten().map(|policy| Object::new(&policy));
        let mut certificate = self.kafka.certificate(self.who(), context, &labels);
        if let (Some(certificate), Some(namespace)) = (&mut certificate, self.namespace()) {
            certificate.metadata.namespace = Some(namespace.to_owned());
        }
        let certificate = certificate.iter().map(Object::new);
        std::iter::once(files).chain(policies).chain(certificate).collect()
    }
}

impl Application {
    /// The namespace of its pods, if it is not the stack's own.
    fn namespace(&self) -> Option<&str> {
        match &self.pods {
            Some(Access::Only(pods)) => pods.first()?.namespace(),
            _ => None,
        }
    }

    /// Lets its pods connect to the brokers, where the listener does not admit everyone: policies for the same pods add up.
    fn policy(&self, context: &Context, labels: &Labels) -> Option<NetworkPolicy> {
        let listener = self.kafka.listener()?;
        if listener.access == Access::Open || self.outside.is_some() {
            return None;
        }
        let name = self.object_name();
        let rule = IngressRule::Clients(self.pods.clone()?, vec![listener.port]);
        let mut policy = network_policy(context, &self.kafka.broker_labels(), &name, [rule]);
        policy.metadata = labels.metadata(context, name);
        Some(policy)
    }

    /// Lets its pods ask the registry of its schemas, where that does not admit them anyway.
    fn policy_of_registry(&self, context: &Context, labels: &Labels) -> Option<NetworkPolicy> {
        let (schemas, _) = self.avro.as_ref()?;
        let rule = schemas.registry().admit(self.pods.as_ref()?)?;
        let name = format!("{}-schemas", self.meta.name);
        let mut policy = network_policy(context, &schemas.registry().labels(), &name, [rule]);
        policy.metadata = labels.metadata(context, name);
        Some(policy)
    }
}
