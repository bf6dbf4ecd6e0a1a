//! Clients that show a token of an identity provider: what they and the brokers need for it.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    construct::Check,
    diagnostics::{Diagnostic, Location, rules::security},
    name::DnsSubdomain,
    quantity::Duration,
    workload::{Mount, PodOptions, Version},
};

/// The mechanism.
const MECHANISM: &str = "OAUTHBEARER";
const MODULE: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
/// What checks tokens. Without it Kafka takes its own default, which lets in tokens that no one has signed.
const VALIDATOR: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler";
/// What gets them.
const RETRIEVER: &str = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler";
/// The addresses that Kafka 4.0 and later may ask, as an option of the JVM: without it a broker does not start.
const ALLOWED: &str = "org.apache.kafka.sasl.oauthbearer.allowed.urls";
/// Where the Secret with the authority of the identity provider is mounted.
const AUTHORITY_DIRECTORY: &str = "/etc/kafka-identity-provider";
/// The longest that a connection lives without showing a valid token again. By default it would live as long as it is used.
const REAUTHENTICATION_MS: u32 = 3_600_000;

/// An identity provider, as its page `.well-known/openid-configuration` describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentityProvider<'a> {
    /// `issuer`: the claim `iss` of its tokens.
    pub issuer: &'a str,
    /// `jwks_uri`: where brokers get the keys that sign tokens. It begins with `https://`.
    pub keys: &'a str,
    /// `token_endpoint`: where clients get tokens. It begins with `https://`.
    pub tokens: &'a str,
}

/// Clients show a token of an identity provider, by `OAUTHBEARER` (KIP-768): the brokers check its signature, its issuer, its audience and
/// its time, and take the user from one of its claims.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let provider = IdentityProvider {
///     issuer: "https://id.example.com/realms/platform",
///     keys: "https://id.example.com/realms/platform/protocol/openid-connect/certs",
///     tokens: "https://id.example.com/realms/platform/protocol/openid-connect/token",
/// };
/// let listener = Listener::tls("CLIENT", 9092).oauth(OAuth::new(provider, "kafka").principal_claim("azp"));
/// # let _ = listener;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct OAuth {
    issuer: String,
    keys: String,
    audience: String,
    refresh: Option<Duration>,
    tokens: TokenEndpoint,
}

/// Where and how the clients of an [external cluster](super::ExternalSecurity::oauth) get their tokens.
///
/// ```
/// use kafka_stacks::prelude::*;
///
/// let tokens = TokenEndpoint::new("https://id.example.com/realms/platform/protocol/openid-connect/token").scope("kafka");
/// let security = ExternalSecurity::oauth(tokens, Trust::PublicAuthorities);
/// # let _ = security;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct TokenEndpoint {
    url: String,
    claim: Option<String>,
    scope: Option<String>,
    extensions: Vec<(String, String)>,
    authority: Option<String>,
    location: Location,
}

impl OAuth {
    /// Tokens of this provider, for this audience: a token without it among those of its claim `aud` is refused, so that what another
    /// service was given does not open the cluster.
    #[track_caller]
    pub fn new(provider: IdentityProvider<'_>, audience: impl Into<String>) -> Self {
        Self {
            issuer: provider.issuer.to_owned(),
            keys: provider.keys.to_owned(),
            audience: audience.into(),
            refresh: None,
            tokens: TokenEndpoint::new(provider.tokens),
        }
    }

    /// The claim with the user; `sub` by default. Many providers have an id of their own there, and the name of the client in `azp` or
    /// `client_id`. Whoever may choose its value at the provider may be any user of the cluster.
    pub fn principal_claim(mut self, claim: impl Into<String>) -> Self {
        self.tokens = self.tokens.principal_claim(claim);
        self
    }

    /// The scope that clients ask for. Brokers do not look at scopes.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.tokens = self.tokens.scope(scope);
        self
    }

    /// How often brokers get the provider's keys; every hour by default, and at once for a key that they do not know.
    pub const fn refresh(mut self, every: Duration) -> Self {
        self.refresh = Some(every);
        self
    }

    /// The provider's certificate is of an authority of its own: `ca.crt` of this Secret. By default it is of one that the JVM of brokers
    /// and clients trusts. Applications mount the Secret too, at `/etc/kafka-identity-provider`.
    pub fn authority(mut self, secret: impl Into<String>) -> Self {
        self.tokens = self.tokens.authority(secret);
        self
    }

    /// What a broker needs for its listener: keys without the prefix `listener.name.NAME.`.
    pub(super) fn of_broker(&self) -> Vec<(String, String)> {
        // A broker logs in at its own listener too, which it never connects to. Without options that does nothing; with those that say
        // whom to trust it makes a token without a signature, which needs a name or the broker does not start (seen with 4.3.1). This
        // token is never shown.
        let login = match self.tokens.authority {
            Some(_) => " unsecuredLoginStringClaim_sub=\"nobody\"",
            None => "",
        };
        let own = [
            ("sasl.jaas.config", Some(self.tokens.module(login))),
            ("sasl.server.callback.handler.class", Some(VALIDATOR.to_owned())),
            ("sasl.oauthbearer.jwks.endpoint.url", Some(self.keys.clone())),
            (
                "sasl.oauthbearer.jwks.endpoint.refresh.ms",
                self.refresh.map(|every| every.as_millis().to_string()),
            ),
            ("sasl.oauthbearer.expected.audience", Some(self.audience.clone())),
            ("sasl.oauthbearer.expected.issuer", Some(self.issuer.clone())),
            ("sasl.oauthbearer.sub.claim.name", self.tokens.claim.clone()),
            ("connections.max.reauth.ms", Some(REAUTHENTICATION_MS.to_string())),
        ];
        let prefix = MECHANISM.to_ascii_lowercase();
        let own = own
            .into_iter()
            .filter_map(|(key, value)| Some((format!("{prefix}.{key}"), value?)));
        [("sasl.enabled.mechanisms".to_owned(), MECHANISM.to_owned())]
            .into_iter()
            .chain(own)
            .collect()
    }

    /// What brokers ask.
    pub(super) fn keys(&self) -> &str {
        &self.keys
    }

    /// What clients ask.
    pub(super) const fn tokens(&self) -> &TokenEndpoint {
        &self.tokens
    }

    /// Reports what cannot be a provider.
    pub(super) fn check(&self, check: &mut Check<'_>, listener: &str) {
        let mut problems: Vec<Problem> = problem_of_url(&self.keys)
            .map(|problem| {
                (
                    format!("the address of its keys, {:?}, {problem}", self.keys),
                    "write `https://`, a host and a path in `IdentityProvider::keys`".to_owned(),
                )
            })
            .into_iter()
            .collect();
        problems.extend(self.tokens.problems("IdentityProvider::tokens"));
        problems.extend(not_a_word("issuer", &self.issuer, "IdentityProvider::issuer"));
        problems.extend(not_a_word("audience", &self.audience, "OAuth::new"));
        if self.refresh.is_some_and(|every| every.as_millis() < 1000) {
            problems.push((
                "its keys cannot be asked for more often than every second".to_owned(),
                "use `.refresh(1.hours())`".to_owned(),
            ));
        }
        for (problem, hint) in problems {
            let message = format!("listener `{listener}`, identity provider: {problem}");
            check.report(&security::PROVIDER, message, |finding| {
                finding.at(self.tokens.location).hint(hint);
            });
        }
    }
}

/// What is wrong, and what to do.
type Problem = (String, String);

/// What a setting and an option of the login module can hold without quoting.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic() && !"\"\\$,;'".contains(c))
}

fn not_a_word(what: &str, text: &str, call: &str) -> Option<Problem> {
    (!is_word(text)).then(|| {
        (
            format!("{text:?} cannot be its {what}"),
            format!("use one word without quotes, `$`, `,` and `;` in `{call}`"),
        )
    })
}

impl TokenEndpoint {
    /// `token_endpoint` of the provider's page `.well-known/openid-configuration`. It begins with `https://`.
    #[track_caller]
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            claim: None,
            scope: None,
            extensions: Vec::new(),
            authority: None,
            location: Location::caller(),
        }
    }

    /// The claim with the user, where tokens have no `sub`: a client reads its own token, and refuses one without this claim.
    pub fn principal_claim(mut self, claim: impl Into<String>) -> Self {
        self.claim = Some(claim.into());
        self
    }

    /// The scope that clients ask for.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// What a client sends beside its token (KIP-342), such as `logicalCluster` and `identityPoolId` to Confluent Cloud.
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extensions.push((name.into(), value.into()));
        self
    }

    /// The provider's certificate is of an authority of its own: `ca.crt` of this Secret. By default it is of one that the JVM of clients
    /// trusts. Applications mount the Secret too, at `/etc/kafka-identity-provider`.
    pub fn authority(mut self, secret: impl Into<String>) -> Self {
        self.authority = Some(secret.into());
        self
    }

    /// The address.
    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The mount of the provider's authority.
    pub(super) fn mount(&self) -> Option<Mount> {
        let secret = self.authority.as_deref()?;
        Some(Mount::secret(secret, AUTHORITY_DIRECTORY))
    }

    /// The options of the login module that say whom to trust. Kafka reads them there and nowhere else.
    fn module(&self, options: &str) -> String {
        let trust = match self.authority {
            Some(_) => {
                format!(" ssl.truststore.type=\"PEM\" ssl.truststore.location=\"{AUTHORITY_DIRECTORY}/ca.crt\"")
            }
            None => String::new(),
        };
        format!("{MODULE} required{options}{trust};")
    }

    /// What a client needs that finds the id and the secret of its client in this folder. They stand in the line of the login module,
    /// which the clients of all releases read: keys of their own exist since 4.1 only.
    pub(super) fn of_client(&self, directory: &str) -> Vec<(&'static str, String)> {
        let mut options =
            format!(" clientId=\"${{dir:{directory}:client-id}}\" clientSecret=\"${{dir:{directory}:client-secret}}\"");
        if let Some(scope) = &self.scope {
            options += &format!(" scope=\"{scope}\"");
        }
        for (name, value) in &self.extensions {
            options += &format!(" extension_{name}=\"{value}\"");
        }
        let own = [
            ("sasl.mechanism", Some(MECHANISM.to_owned())),
            ("sasl.jaas.config", Some(self.module(&options))),
            ("sasl.login.callback.handler.class", Some(RETRIEVER.to_owned())),
            ("sasl.oauthbearer.token.endpoint.url", Some(self.url.clone())),
            // A client reads its own token, too, and refuses one without this claim.
            ("sasl.oauthbearer.sub.claim.name", self.claim.clone()),
        ];
        own.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }

    /// What whoever runs a client does beside giving it its files.
    pub(super) fn of_people(&self) -> String {
        let option = format!(
            "A client's JVM is started with `-D{ALLOWED}={}`, since Kafka 4.0.",
            self.url
        );
        match &self.authority {
            None => option,
            Some(secret) => format!(
                "{option} It trusts the identity provider by `ca.crt` of Secret `{secret}`, mounted at `{AUTHORITY_DIRECTORY}`, of which \
                 another namespace needs a copy."
            ),
        }
    }

    /// What is wrong with it. The address was given in this call.
    fn problems(&self, call: &str) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Some(problem) = problem_of_url(&self.url) {
            problems.push((
                format!("the address of its token endpoint, {:?}, {problem}", self.url),
                format!("write `https://`, a host and a path in `{call}`"),
            ));
        }
        let claim = self.claim.as_ref();
        problems.extend(claim.and_then(|claim| not_a_word("claim", claim, ".principal_claim(…)")));
        if let Some(scope) = self.scope.as_ref().filter(|scope| !scope.split(' ').all(is_word)) {
            problems.push((
                format!("{scope:?} cannot be its scope"),
                "use words with one space between them in `.scope(…)`".to_owned(),
            ));
        }
        let mut names = BTreeSet::new();
        for (name, value) in &self.extensions {
            if !names.insert(name) {
                problems.push((
                    format!("it has two extensions {name:?}"),
                    "remove one `.extension(…)`".to_owned(),
                ));
            }
            let is_name = !name.is_empty() && name != "auth" && name.chars().all(|c| c.is_ascii_alphabetic());
            if !is_name || !is_word(value) {
                problems.push((
                    format!("{name:?} with the value {value:?} cannot be an extension"),
                    "use a name of letters, not `auth`, and one word as its value in `.extension(…)`".to_owned(),
                ));
            }
        }
        if let Some(Err(error)) = self.authority.as_deref().map(DnsSubdomain::parse) {
            problems.push((
                format!("the Secret with its authority: the name {error}"),
                "name the Secret that has its `ca.crt` in `.authority(…)`".to_owned(),
            ));
        }
        problems
    }

    /// Reports what clients of this external cluster cannot ask.
    pub(super) fn check(&self, check: &mut Check<'_>, cluster: &str) {
        for (problem, hint) in self.problems("TokenEndpoint::new") {
            let message = format!("the identity provider of `{cluster}`: {problem}");
            check.add_once(Diagnostic::new(&security::PROVIDER, message), |finding| {
                finding.item(cluster).at(self.location).hint(hint);
            });
        }
    }
}

/// Adds what a pod needs that asks the providers of these listeners for something: their authority, and the option of the JVM.
pub(super) fn add(
    options: &mut PodOptions,
    listeners: &[Arc<OAuth>],
    asked: impl Fn(&OAuth) -> &str,
    version: Version,
) {
    options
        .jvm
        .extend(option(listeners.iter().map(|oauth| asked(oauth)), version));
    // All that have one have the same: `check_authorities`.
    options
        .mounts
        .extend(listeners.iter().find_map(|oauth| oauth.tokens.mount()));
}

/// Reports a second authority: there is one place for the Secret with it, and the brokers could not ask the second provider.
pub(super) fn check_authorities(check: &mut Check<'_>, listeners: &[Arc<OAuth>]) {
    let mut all = listeners
        .iter()
        .filter_map(|oauth| Some((&oauth.tokens, oauth.tokens.authority.as_deref()?)));
    let Some((_, first)) = all.next() else { return };
    if let Some((tokens, other)) = all.find(|(_, other)| *other != first) {
        let message = format!("one listener has the authority `{first}`, and another one `{other}`");
        check.report(&security::PROVIDER, message, |finding| {
            finding
                .at(tokens.location)
                .hint("put both certificates into `ca.crt` of one Secret, and name it in both `.authority(…)`");
        });
    }
}

/// The option of a JVM that asks these addresses.
pub(super) fn option<'a>(asked: impl Iterator<Item = &'a str>, version: Version) -> Option<String> {
    let urls: BTreeSet<&str> = asked.collect();
    let urls: Vec<&str> = urls.into_iter().collect();
    (version > Version::V3_9 && !urls.is_empty()).then(|| format!("-D{ALLOWED}={}", urls.join(",")))
}

/// What is wrong with an address, which is a setting, and a part of an option of the JVM in a list that commas divide.
fn problem_of_url(url: &str) -> Option<&'static str> {
    let Some(rest) = url.strip_prefix("https://") else {
        return Some("does not begin with `https://`: who stands between could give other keys, or read the secret");
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (host, port) = authority.rsplit_once(':').unwrap_or((authority, "443"));
    let host_is_good = !host.is_empty()
        && !host.starts_with(['.', '-'])
        && host.chars().all(|c| c.is_ascii_alphanumeric() || ".-".contains(c));
    let path_is_good = path
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "/?&=%._~-+:@".contains(c));
    if authority.contains('@') {
        Some("has a user: a client shows its id and its secret, and brokers show nothing")
    } else if !host_is_good {
        Some("has no name of a host")
    } else if !port.parse::<u16>().is_ok_and(|port| port > 0) {
        Some("has no number as its port")
    } else if !path_is_good {
        Some("has a character that is not allowed in a URL")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::{IdentityProvider, OAuth, problem_of_url};
    use crate::{kafka::external::tests::without_problems, prelude::*};

    fn tokens() -> OAuth {
        let provider = IdentityProvider {
            issuer: "https://id.example.com/realms/a",
            keys: "https://id.example.com/realms/a/certs",
            tokens: "https://id.example.com/realms/a/token",
        };
        OAuth::new(provider, "kafka")
    }

    /// A cluster whose clients show tokens, and everything that connects to it.
    fn stack(version: Version, tokens: OAuth) -> Stack {
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(
            KafkaCluster::kraft("k", version, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("k-controller", 3))
                .pool(NodePool::brokers("k", 3))
                .internal_tls(Issuer::in_namespace("ca"))
                .listener(
                    Listener::tls("CLIENT", 9092)
                        .oauth(tokens)
                        .access(Access::applications()),
                )
                .authorization(),
        );
        let topic = Topic::new("orders", 12, Cleanup::delete_after(7.days()));
        let topics = stack.add(Topics::new("topics", &kafka).topic(topic));
        let billing = stack.add(
            Application::new("billing", &kafka)
                .identity("service-account-billing")
                .pods([("app", "billing")])
                .consumes(&topics.topic("orders"), Group::named("billing")),
        );
        let registry = stack.add(SchemaRegistry::new("registry", &kafka));
        let apicurio = RegistryImplementation::Apicurio;
        let apicurio = stack.add(SchemaRegistry::new("apicurio", &kafka).implementation(apicurio));
        let connect = stack.add(
            Connect::new("workers", &kafka)
                .identity("client-7")
                .produces(&topics.topic("orders")),
        );
        let permissions = Permissions::new("permissions", &kafka).of(&billing).of(&registry);
        let permissions = stack.add(permissions.of(&apicurio).of(&connect));
        let monitoring = Monitoring::new("monitoring", &kafka).watch(&topics).watch(&permissions);
        stack.add(monitoring.watch(&billing).watch(&connect).watch(&registry));
        stack
    }

    fn rendered(version: Version, tokens: OAuth) -> Manifests {
        without_problems(&stack(version, tokens))
    }

    fn lines(manifests: &Manifests, path: &str, words: &[&str]) -> String {
        let text = manifests.get(path).unwrap_or_else(|| panic!("{path}"));
        let about = text.lines().filter(|line| words.iter().any(|word| line.contains(word)));
        about.map(|line| format!("{}\n", line.trim())).collect()
    }

    const FULL: fn() -> OAuth = || {
        tokens()
            .principal_claim("azp")
            .scope("kafka")
            .refresh(10.minutes())
            .authority("identity-provider")
    };

    #[test]
    fn brokers_check_tokens_and_controllers_know_nothing_of_them() {
        for (name, version) in [("3.9", Version::V3_9), ("4.3", Version::V4_3)] {
            let manifests = rendered(version, FULL());
            let words = ["oauth", "map=CLIENT", "sasl.enabled"];
            let of_broker = lines(&manifests, "k/configmap-k.yaml", &words);
            if version == Version::V4_3 {
                assert_snapshot!("broker", of_broker);
            } else {
                assert!(of_broker.contains("oauthbearer.sasl.oauthbearer.expected.audience=kafka"));
            }
            assert_eq!(
                lines(&manifests, "k/configmap-k-controller.yaml", &["oauth", "sasl"]),
                ""
            );
            let pods = manifests.get("k/statefulset-k.yaml").unwrap();
            let option = "allowed.urls=https://id.example.com/realms/a/certs'";
            assert_eq!(pods.contains(option), version > Version::V3_9, "{name}");
            assert!(pods.contains("secretName: identity-provider\n"));
            let controllers = manifests.get("k/statefulset-k-controller.yaml").unwrap();
            assert!(!controllers.contains("identity-provider") && !controllers.contains("allowed.urls"));
        }
    }

    #[test]
    fn clients_get_tokens_with_what_their_secret_has() {
        let manifests = rendered(Version::V4_3, FULL());
        let words = ["sasl", "security.protocol", "providers", "truststore"];
        let mut all = String::new();
        for path in [
            "billing/configmap-billing-kafka.yaml",
            "registry/configmap-registry.yaml",
            "apicurio/configmap-apicurio.yaml",
            "workers/configmap-workers.yaml",
        ] {
            all += &format!("{path}\n{}\n", lines(&manifests, path, &words));
        }
        assert_snapshot!(all);
    }

    #[test]
    fn each_process_that_gets_tokens_may_ask_and_trusts_whom_it_asks() {
        let manifests = rendered(Version::V4_3, FULL());
        let old = rendered(Version::V3_9, FULL());
        for (path, times) in [
            ("registry/deployment-registry.yaml", 2),
            ("apicurio/deployment-apicurio.yaml", 3),
            ("workers/deployment-workers.yaml", 2),
        ] {
            let pods = manifests.get(path).unwrap();
            let option = "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=https://id.example.com/realms/a/token";
            assert_eq!(pods.matches(option).count(), times, "{path}");
            assert!(!old.get(path).unwrap().contains("allowed.urls"), "{path}");
            assert!(pods.contains("mountPath: /etc/kafka-identity-provider\n"), "{path}");
        }
        for path in ["topics/job-topics.yaml", "permissions/job-permissions.yaml"] {
            let pods = manifests.get(path).unwrap();
            assert!(
                !pods.contains("allowed.urls") && !pods.contains("identity-provider"),
                "{path}"
            );
        }
    }

    #[test]
    fn the_handbook_says_what_a_client_needs_beside_its_files() {
        let page = |tokens: OAuth| {
            let manifests = rendered(Version::V4_3, tokens);
            let page = manifests.get("README.md").unwrap();
            let line = page.lines().find(|line| line.contains("Listener `CLIENT`")).unwrap();
            line.trim_start_matches("- ").to_owned()
        };
        let plain = page(tokens());
        let option = "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=https://id.example.com/realms/a/token";
        assert!(plain.contains(option) && !plain.contains("mounted"), "{plain}");
        let own = page(tokens().authority("identity-provider"));
        let mounted = "`ca.crt` of Secret `identity-provider`, mounted at `/etc/kafka-identity-provider`";
        assert!(own.contains(option) && own.contains(mounted), "{own}");
    }

    #[test]
    fn permissions_are_those_of_the_name_in_tokens() {
        let manifests = rendered(Version::V4_3, tokens());
        let path = "permissions/configmap-permissions.yaml";
        let words = [
            "billing",
            "client-7 token",
            "client-7 acl topic literal orders",
            "workers",
            "registry token",
        ];
        let declared = lines(&manifests, path, &words);
        let declared: Vec<&str> = declared.lines().filter(|line| !line.starts_with('#')).collect();
        assert_snapshot!(declared.join("\n"));
        let job = manifests.get("permissions/job-permissions.yaml").unwrap();
        assert!(!job.contains("secretName: billing-kafka"), "it has no password");
    }

    #[test]
    fn clients_outside_show_tokens_too() {
        let mut stack = Stack::new("test", "streams");
        let kafka = stack.add(
            KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("k-controller", 3))
                .pool(NodePool::brokers("k", 3))
                .internal_tls(Issuer::in_namespace("ca"))
                .listener(Listener::tls("CLIENT", 9092).scram())
                .listener(
                    Listener::tls("EXTERNAL", 9094)
                        .oauth(tokens())
                        .load_balancer("kafka-{id}.example.com"),
                )
                .authorization(),
        );
        let topic = Topic::new("orders", 12, Cleanup::delete_after(7.days()));
        let topics = stack.add(Topics::new("topics", &kafka).topic(topic));
        let partner = Application::new("partner", &kafka).outside("EXTERNAL").identity("p-1");
        let partner = stack.add(partner.produces(&topics.topic("orders")));
        let shop = stack.add(Application::new("shop", &kafka).consumes(&topics.topic("orders"), Group::named("shop")));
        stack.add(Permissions::new("permissions", &kafka).of(&partner).of(&shop));
        let manifests = synth(&stack).manifests.unwrap();
        let file = lines(
            &manifests,
            "partner/configmap-partner-kafka.yaml",
            &["sasl.mechanism", "bootstrap"],
        );
        assert_snapshot!(file, @r"
        bootstrap.servers=kafka-bootstrap.example.com:9094
        sasl.mechanism=OAUTHBEARER
        ");
        let declared = lines(
            &manifests,
            "permissions/configmap-permissions.yaml",
            &["p-1 token", "shop password"],
        );
        assert_snapshot!(declared, @r"
        p-1 token
        shop password
        ");
    }

    /// A cluster with passwords inside and two listeners with tokens, whose providers have these authorities.
    fn with_authorities(first: Option<&str>, second: Option<&str>) -> Synthesis {
        let mut stack = Stack::new("test", "streams");
        let mut cluster = KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("k-controller", 3))
            .pool(NodePool::brokers("k", 3))
            .internal_tls(Issuer::in_namespace("ca"))
            .listener(Listener::tls("CLIENT", 9092).scram())
            .authorization();
        for (name, port, authority) in [("FIRST", 9094, first), ("SECOND", 9095, second)] {
            let oauth = authority.into_iter().fold(tokens(), OAuth::authority);
            cluster = cluster.listener(Listener::tls(name, port).oauth(oauth));
        }
        stack.add(cluster);
        synth(&stack)
    }

    #[test]
    fn brokers_have_the_authority_of_whichever_listener_names_one() {
        for (first, second) in [(Some("a"), None), (None, Some("a")), (Some("a"), Some("a"))] {
            let synthesis = with_authorities(first, second);
            let manifests = synthesis
                .manifests
                .unwrap_or_else(|| panic!("{:?}", synthesis.findings));
            let pods = manifests.get("k/statefulset-k.yaml").unwrap();
            assert!(
                pods.contains("mountPath: /etc/kafka-identity-provider\n") && pods.contains("secretName: a\n"),
                "{first:?} {second:?}"
            );
        }
        let two = with_authorities(Some("a"), Some("b"));
        assert!(two.manifests.is_none());
        let of_providers = two.findings.iter().filter(|finding| finding.rule.id == "KS-X20");
        let messages: Vec<&str> = of_providers.map(|finding| finding.message.as_str()).collect();
        assert_eq!(messages, ["one listener has the authority `a`, and another one `b`"]);
    }

    #[test]
    fn no_token_makes_an_application_one_of_the_platform() {
        for name in ["platform:admin", "platform:node.k", "ANONYMOUS"] {
            let mut stack = Stack::new("test", "streams");
            let kafka = stack.add(
                KafkaCluster::kraft("k", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                    .pool(NodePool::controllers("k-controller", 3))
                    .pool(NodePool::brokers("k", 3))
                    .internal_tls(Issuer::in_namespace("ca"))
                    .listener(Listener::tls("CLIENT", 9092).oauth(tokens()))
                    .authorization(),
            );
            let topics = Topics::new("topics", &kafka).topic(Topic::new("orders", 1, Cleanup::delete_after(7.days())));
            let orders = stack.add(topics).topic("orders");
            let shop = stack.add(Application::new("shop", &kafka).identity(name).produces(&orders));
            stack.add(Permissions::new("permissions", &kafka).of(&shop));
            let found = synth(&stack).findings;
            let errors: Vec<String> = found
                .iter()
                .filter(|finding| finding.severity == Severity::Error)
                .map(|finding| format!("{} {}", finding.rule.id, finding.place.construct))
                .collect();
            assert_eq!(errors, ["KS-X05 shop"], "{name}");
        }
    }

    #[test]
    fn the_class_for_tests_is_found_by_its_name_too() {
        let mut stack = stack(Version::V4_3, tokens());
        stack.amend::<k8s_openapi::api::core::v1::ConfigMap>("k", |map| {
            let name = "oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler";
            for text in map.data.as_mut().unwrap().values_mut() {
                *text = text.replace("oauthbearer.OAuthBearerValidatorCallbackHandler", name);
            }
        });
        let found = synth(&stack).findings;
        let unchecked = found.iter().filter(|finding| finding.rule.id == "KS-X16");
        assert_eq!(unchecked.count(), 1, "{found:?}");
    }

    #[test]
    fn an_address_is_encrypted_and_has_a_host() {
        for good in [
            "https://id.example.com",
            "https://id.example.com:8443/realms/a/protocol/openid-connect/certs",
            "https://login.example.com/common/discovery/keys?p=b2c_1",
        ] {
            assert_eq!(problem_of_url(good), None, "{good}");
        }
        for bad in [
            "",
            "id.example.com/keys",
            "http://id.example.com/keys",
            "https://",
            "https:///keys",
            "https://id.example.com:port/keys",
            "https://id.example.com:0/keys",
            "https://user:password@id.example.com/keys",
            "https://user@id.example.com/keys",
            "https://id.example.com/a b",
            "https://id.example.com/a,https://b",
            "https://id.example.com/'",
            "https://${env:HOST}/keys",
        ] {
            assert!(problem_of_url(bad).is_some(), "{bad}");
        }
    }
}
