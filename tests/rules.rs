//! Each rule with the smallest stack that breaks it and the nearest one that does not: one file per family of rules.

mod application;
mod capacity;
mod case;
mod client;
mod connector;
mod durability;
mod kraft;
mod memory;
mod observability;
mod pod;
mod registry;
mod schema;
mod security;
mod stack;
mod topic;

use std::{borrow::Borrow, collections::BTreeSet, path::Path, sync::LazyLock};

use insta::assert_snapshot;
use k8s_openapi::api::core::v1::ConfigMap;
use kafka_stacks::{
    prelude::*,
    synth::{Synthesis, check_across},
};

pub(crate) use self::case::{Case, calls};
use self::case::{Mend, Sound};

pub(crate) const ID: &str = "WXo4c0tSYlFOc1lEa3ZkTw";

/// What is found in a stack, but that its cluster is open: nearly all are, and `faults::consistency` has that.
pub(crate) fn check(stack: &Stack) -> Synthesis {
    but_open(kafka_stacks::synth::check(stack))
}

/// The same with the files.
pub(crate) fn synth(stack: &Stack) -> Synthesis {
    but_open(kafka_stacks::synth::synth(stack))
}

fn but_open(mut made: Synthesis) -> Synthesis {
    let findings = std::mem::take(&mut made.findings).into_iter();
    made.findings
        .extend(findings.filter(|finding| finding.rule != &rules::security::PLAINTEXT));
    made
}

pub(crate) fn empty() -> Stack {
    Stack::new("test", "kafka")
}

pub(crate) fn dedicated() -> KafkaCluster {
    kraft()
        .pool(NodePool::controllers("kafka-controller", 3))
        .pool(NodePool::brokers("kafka", 3))
}

pub(crate) fn with(construct: impl Construct) -> Stack {
    let mut stack = empty();
    stack.add(construct);
    stack
}

/// A sound cluster, and something built from its handle.
pub(crate) fn beside<C: Construct>(build: impl FnOnce(&KafkaHandle) -> C) -> Stack {
    with_cluster(dedicated(), build)
}

/// A cluster, and something built from its handle.
fn with_cluster<C: Construct>(kafka: KafkaCluster, build: impl FnOnce(&KafkaHandle) -> C) -> Stack {
    let mut stack = empty();
    let kafka = stack.add(kafka);
    stack.add(build(&kafka));
    stack
}

/// A cluster without pools.
fn kraft() -> KafkaCluster {
    KafkaCluster::kraft("kafka", Version::V4_3, ID)
}

fn pools(controllers: NodePool, brokers: NodePool) -> Stack {
    with(kraft().pool(controllers).pool(brokers))
}

fn brokers(pool: NodePool) -> Stack {
    pools(NodePool::controllers("c", 3), pool)
}

/// A sound cluster in this stack.
fn cluster_in(mut stack: Stack) -> Stack {
    stack.add(dedicated());
    stack
}

/// A sound cluster with a raw setting.
fn raw(key: &str, value: &str) -> Stack {
    with(dedicated().config(key, value))
}

/// A cluster with a registry, workers and topics.
fn platform() -> Stack {
    let mut stack = empty();
    let kafka = stack.add(dedicated());
    stack.add(SchemaRegistry::new("registry", &kafka));
    stack.add(Connect::new("connect", &kafka));
    stack.add(Topics::new("topics", &kafka).topic(orders()));
    stack
}

pub(crate) fn topics(topic: Topic) -> Stack {
    beside(|kafka| Topics::new("topics", kafka).topic(topic))
}

pub(crate) fn orders() -> Topic {
    Topic::new("orders", 1, Cleanup::delete_after(1.days()))
}

/// The cases of every family.
fn cases() -> Vec<Case> {
    let families = [
        stack::broken,
        memory::broken,
        pod::broken,
        kraft::broken,
        durability::broken,
        topic::broken,
        capacity::broken,
        application::broken,
        client::broken,
        connector::broken,
        registry::broken,
        schema::broken,
        security::broken,
        observability::broken,
    ];
    families.into_iter().flat_map(|broken| broken()).collect()
}

/// For each rule, the nearest stack that does not break it.
fn sound() -> Vec<Sound> {
    let families = [
        stack::sound,
        memory::sound,
        pod::sound,
        kraft::sound,
        durability::sound,
        topic::sound,
        capacity::sound,
        application::sound,
        client::sound,
        connector::sound,
        registry::sound,
        schema::sound,
        security::sound,
        observability::sound,
    ];
    families.into_iter().flat_map(|sound| sound()).collect()
}

#[test]
fn every_rule_is_quiet_about_the_nearest_sound_stack() {
    let mut sound = sound();
    sound.extend(crate::settings::sound());
    let silent: BTreeSet<&str> = sound.iter().map(|(rule, _)| rule.id).collect();
    let missing: Vec<&str> = rules::all()
        .iter()
        .filter(|rule| !of_objects(rule) && !of_two_stacks(rule))
        .map(|rule| rule.id)
        .filter(|id| !silent.contains(id))
        .collect();
    assert!(missing.is_empty(), "no sound stack for {missing:?}");
    for (rule, stack) in sound {
        let findings = check(&stack).findings;
        assert!(!findings.has_errors(), "{}: {findings:?}", rule.id);
        let quiet = |finding: &Diagnostic| finding.rule != rule || finding.acknowledged.is_some();
        assert!(findings.iter().all(quiet), "{}: {findings:?}", rule.id);
    }
}

/// The path and the id of each rule that the text of a source file declares.
fn declared(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for block in text.split("\nrules! { ").skip(1) {
        let block = block.split("\n}\n").next().unwrap();
        let (family, rules) = block.split_once(';').unwrap();
        for rule in rules.split("pub const ").skip(1) {
            let name = rule.split(':').next().unwrap();
            let id = rule.split("id: \"").nth(1).unwrap().split('"').next().unwrap();
            found.push((format!("{family}::{name}"), id.to_owned()));
        }
    }
    found
}

fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else {
            found.extend(declared(&std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn every_rule_of_the_sources_is_listed_with_its_path_and_an_id_of_its_own() {
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    let declared: BTreeSet<_> = found.iter().cloned().collect();
    let listed: BTreeSet<_> = rules::all()
        .iter()
        .map(|rule| (rule.path.to_owned(), rule.id.to_owned()))
        .collect();
    assert_eq!(declared, listed);
    let ids: BTreeSet<_> = rules::all().iter().map(|rule| rule.id).collect();
    assert_eq!([found.len(), rules::all().len()], [ids.len(); 2], "an id is used twice");
    for id in ids {
        assert!(id.len() == 6 && id.starts_with("KS-"), "{id}");
    }
}

/// The page `docs/rules.md`: every rule, and the mistakes that types rule out.
fn page() -> String {
    let mut page =
        "# Rules\n\nMistakes that are found before any YAML exists; `kafka-stacks explain ID` shows the same. The severity is that in production; that in development follows if it is different.\n"
            .to_owned();
    let family = |rule: &Rule| rule.id[3..4].to_owned();
    let mut last = String::new();
    for rule in rules::all() {
        if family(rule) != last {
            last = family(rule);
            page += &format!("\n## Family {last}\n");
        }
        let development = if rule.production == rule.development {
            String::new()
        } else {
            format!("; in development {}", rule.development)
        };
        page += &format!(
            "\n**{}** {} ({}{development}). {}\n\nSource: {}.\n",
            rule.id, rule.summary, rule.production, rule.explanation, rule.source
        );
    }
    page += "\n## Ruled out by types\n\nThere is no rule for these, because the types do not allow them:\n\n| mistake | because |\n|---|---|\n";
    for (mistake, because) in rules::impossible::ALL {
        page += &format!("| {mistake} | {because} |\n");
    }
    page
}

#[test]
fn the_page_of_rules_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/rules.md");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(path, page()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default().replace("\r\n", "\n");
    assert!(
        written == page(),
        "docs/rules.md is not up to date: `INSTA_UPDATE=always cargo test` writes it"
    );
}

/// What comes closest to a broken stack without being one.
#[test]
fn the_nearest_sound_stacks_are_quiet() {
    let mut stack = empty().cluster_domain("example.org");
    let kafka = stack.add(
        dedicated()
            .largest_request(101.mib())
            .config("replica.fetch.max.bytes", 105_906_176),
    );
    stack.add(
        KafkaCluster::kraft("another", Version::V4_3, "T2xkQ2x1c3RlcklkMDAwMQ")
            .pool(NodePool::controllers("c", 3))
            .pool(NodePool::brokers("b", 3)),
    );
    stack.add(SchemaRegistry::new("one", &kafka));
    stack.add(SchemaRegistry::new("two", &kafka).implementation(RegistryImplementation::Apicurio));
    let elsewhere = KafkaCluster::external("k", Version::V4_3, "k-1.example.com:9092, [::1]:9092");
    stack.add(SchemaRegistry::new("three", &elsewhere));
    for name in ["connect", "more"] {
        stack.add(
            Connect::new(name, &kafka)
                .avro(&SchemaRegistry::external(
                    "https://a.example.com,http://b.tools:8081/path",
                ))
                .config("producer.linger.ms", 5)
                .env_from_secret("JAAS", "jaas", "jaas")
                .config("producer.sasl.jaas.config", "${env:JAAS}"),
        );
    }
    stack.add(Topics::new("topics", &kafka).topic(orders().largest_batch(101.mib())));
    stack.add(Topics::new("further", &elsewhere).topic(orders()));
    let findings = check(&stack).findings;
    let said: Vec<&Diagnostic> = findings
        .iter()
        .filter(|found| found.severity != Severity::Note)
        .collect();
    assert!(said.is_empty(), "{said:#?}");
}

/// Whether a hint names a call of this crate: an expression in a hint is not one.
fn names_a_call(hint: &str) -> bool {
    hint.split('`')
        .skip(1)
        .step_by(2)
        .any(|code| code.starts_with('.') || code.contains("::"))
}

/// The cases, each with what is found in its broken stack, for three tests.
static CASES: LazyLock<Vec<(Case, Synthesis)>> = LazyLock::new(|| {
    let checked = |case: Case| {
        let synthesis = check(&case.broken);
        (case, synthesis)
    };
    cases().into_iter().map(checked).collect()
});

/// The test on real Kafka compares its answers with these words.
#[test]
fn an_explanation_states_the_consequence_that_is_proven() {
    let proof = include_str!("consequences/run");
    let table = proof.split_once("STATED = {\n").unwrap().1.split_once("}\n").unwrap().0;
    let mut stated = 0;
    for line in table.lines() {
        let parts: Vec<&str> = line.split('"').collect();
        let [_, id, _, words, _] = parts.as_slice() else {
            panic!("{line}")
        };
        let rule = rules::find(id).unwrap();
        assert!(rule.explanation.contains(words), "{id} does not state `{words}`");
        stated += 1;
    }
    assert!(stated > 10);
}

#[test]
fn every_hint_is_tried_or_is_not_a_call() {
    let failures: Vec<String> = CASES.iter().flat_map(|(case, made)| untried(case, made)).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    let [mut tried, mut not_calls] = [0, 0];
    for (case, _) in &*CASES {
        match case.mend {
            Mend::Calls(calls, _) => tried += calls.len(),
            Mend::NotACall(_) => not_calls += 1,
        }
    }
    assert!(
        tried > not_calls,
        "{tried} calls are tried, {not_calls} cases have none"
    );
}

/// The hints of a broken stack that its mended one does not try, and what is left in that one.
pub(crate) fn untried(Case { title, mend, .. }: &Case, Synthesis { findings, .. }: &Synthesis) -> Vec<String> {
    let mut failures = Vec::new();
    let open = || findings.iter().filter(|finding| finding.acknowledged.is_none());
    if open().next().is_none() {
        failures.push(format!("{title}: nothing is found"));
    }
    match mend {
        Mend::Calls(calls, mended) => {
            for call in *calls {
                if !open().any(|finding| finding.hint.contains(call)) {
                    failures.push(format!("{title}: no hint has {call:?}"));
                }
            }
            for finding in open() {
                if !calls.iter().any(|call| finding.hint.contains(call)) {
                    failures.push(format!(
                        "{title}: {}: hint is not tried: {}",
                        finding.rule.id, finding.hint
                    ));
                }
            }
            for left in &check(mended).findings {
                let again = left.acknowledged.is_none() && open().any(|finding| finding.rule == left.rule);
                if again || left.severity == Severity::Error {
                    failures.push(format!("{title}: not mended: {}: {}", left.rule.id, left.message));
                }
            }
        }
        Mend::NotACall(reason) => {
            for finding in open().filter(|finding| names_a_call(&finding.hint)) {
                failures.push(format!("{title}: {reason}, but a call is named: {}", finding.hint));
            }
        }
    }
    failures
}

#[test]
fn a_namespace_that_kubernetes_creates_is_not_emitted() {
    for (namespace, emitted) in [("kafka", true), ("default", false), ("kube-system", false)] {
        let mut stack = Stack::new("test", namespace);
        stack.add(dedicated());
        let manifests = synth(&stack).manifests.unwrap();
        let path = format!("namespace/namespace-{namespace}.yaml");
        assert_eq!(manifests.get(&path).is_some(), emitted, "{namespace}");
    }
}

#[test]
fn checksums_and_names_follow_amendments() {
    let rendered = |amended: bool| {
        let mut stack = beside(|kafka| Topics::new("topics", kafka).topic(orders()));
        if amended {
            for name in ["kafka", "topics"] {
                stack.amend::<ConfigMap>(name, |map| {
                    map.data.get_or_insert_default().insert("more".into(), "1".into());
                });
            }
        }
        let manifests = synth(&stack).manifests.unwrap();
        let line = |path: &str, start: &str| {
            let text = manifests.get(path).unwrap();
            text.lines().find(|line| line.starts_with(start)).unwrap().to_owned()
        };
        [
            line("kafka/statefulset-kafka.yaml", "        checksum/config: "),
            line("topics/job-topics.yaml", "  name: "),
            line("kafka/statefulset-kafka-controller.yaml", "        checksum/config: "),
        ]
    };
    let (plain, amended) = (rendered(false), rendered(true));
    assert_ne!(plain[0], amended[0]);
    assert_ne!(plain[1], amended[1]);
    assert_eq!(plain[2], amended[2]);
}

#[test]
fn ids_of_zookeeper_mode_end_at_1000() {
    let mut stack = empty();
    let zookeeper = stack.add(ZooKeeper::new("zookeeper", 3));
    stack.add(KafkaCluster::zookeeper("kafka", &zookeeper).pool(NodePool::brokers("kafka", 3).first_id(998)));
    let found: Vec<&str> = check(&stack).findings.iter().map(|f| f.rule.id).collect();
    assert_eq!(found, ["KS-K02"]);
}

#[test]
fn every_finding_says_what_is_wrong_where_and_how_to_fix_it() {
    let said: Vec<String> = CASES.iter().map(page_of).collect();
    assert_snapshot!("findings", said.join("\n\n"));
}

/// The rules that a case breaks and what is wrong, then every finding.
fn page_of((case, synthesis): &(Case, Synthesis)) -> String {
    let ids: BTreeSet<&str> = synthesis.findings.iter().map(|found| found.rule.id).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let said = said_of(std::iter::once((&case.broken, synthesis)));
    format!("## {}: {}\n{said}", ids.join(", "), case.title)
}

#[test]
fn what_two_stacks_share_is_reported_for_the_second() {
    let broken = together().into_iter().flat_map(|(broken, _)| made(broken));
    assert_snapshot!("findings_of_two_stacks", said_of(broken));
}

#[test]
fn each_hint_about_two_stacks_is_tried() {
    for (broken, mended) in together() {
        // The other half of every hint.
        let apart = broken
            .into_iter()
            .enumerate()
            .map(|(index, stack)| stack.kubernetes_cluster(index.to_string()));
        for (_, synthesis) in made(apart.collect()).into_iter().chain(made(mended)) {
            assert_eq!(synthesis.findings, Diagnostics::default());
            assert!(synthesis.manifests.is_some());
        }
    }
}

/// Stacks that are sound by themselves and not together, and the same after what the hints say.
fn together() -> Vec<(Vec<Stack>, Vec<Stack>)> {
    let named = |name: &str, namespace: &str| Stack::new(name, namespace).existing_namespace();
    let external = || KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
    let cluster = |name: &str, namespace: &str| {
        let mut stack = named(name, namespace);
        let kafka = stack.add(dedicated());
        stack.add(Topics::new("topics", &kafka).topic(orders()));
        stack
    };
    let clients = |name: &str| {
        let mut stack = Stack::new(name, "shared");
        stack.add(Clients::new(name, &external()));
        stack
    };
    let topics = |name: &str, topic: &str, partitions| {
        let mut stack = named(name, name);
        stack.add(Topics::new("topics", &external()).topics([
            Topic::new(topic, partitions, Cleanup::delete_after(1.days())),
            Topic::new(name, 1, Cleanup::delete_after(1.days())),
        ]));
        stack
    };
    let connect = |name: &str, group: &str| {
        let mut stack = named(name, name);
        stack.add(Connect::new("connect", &external()).group(group).internal_topics(group));
        stack
    };
    let writes = |name: &str, ids: &str| {
        let security = ExternalSecurity::scram(Trust::PublicAuthorities);
        let kafka = KafkaCluster::external_secured("events", Version::V4_3, "kafka.example.com:9093", security);
        let mut stack = named(name, name);
        stack.add(
            Application::new(name, &kafka)
                .produces(&kafka.external_topic("orders"))
                .transactional(ids),
        );
        stack
    };
    vec![
        // The same objects, topics and all.
        (
            vec![cluster("a", "kafka"), cluster("b", "kafka")],
            vec![cluster("a", "kafka"), cluster("b", "billing")],
        ),
        // The Namespace alone.
        (
            vec![clients("a"), clients("b")],
            vec![clients("a"), clients("b").existing_namespace()],
        ),
        // One topic, declared in two ways, and in one way.
        (
            vec![topics("a", "orders", 3), topics("b", "orders", 6)],
            vec![topics("a", "orders", 3), topics("b", "invoices", 6)],
        ),
        (
            vec![topics("a", "orders", 3), topics("b", "orders", 3)],
            vec![topics("a", "orders", 3), topics("b", "payments", 3)],
        ),
        // Each of three stacks, and a group.
        (
            ["a", "b", "c"].map(|name| connect(name, "connect")).into(),
            ["a", "b", "c"].map(|name| connect(name, name)).into(),
        ),
        // Transactional ids of which one stack's permission covers the other's.
        (
            vec![writes("a", "billing"), writes("b", "billing-eu")],
            vec![writes("a", "billing"), writes("b", "eu-billing")],
        ),
    ]
}

/// The results of one run over these stacks.
fn made(stacks: Vec<Stack>) -> Vec<(Stack, Synthesis)> {
    let mut made = stacks
        .into_iter()
        .map(|stack| {
            let synthesis = synth(&stack);
            (stack, synthesis)
        })
        .collect::<Vec<_>>();
    for (_, synthesis) in &made {
        // An error and a result exclude each other.
        assert_eq!(synthesis.findings.has_errors(), synthesis.manifests.is_none());
    }
    check_across(&mut made);
    made
}

/// Every finding of these stacks, each by itself, without the numbers of lines in the tests.
pub(crate) fn said(stacks: Vec<Stack>) -> String {
    said_of(stacks.into_iter().flat_map(|stack| made(vec![stack])))
}

fn said_of(made: impl Iterator<Item = (impl Borrow<Stack>, impl Borrow<Synthesis>)>) -> String {
    let mut lines = Vec::new();
    for (stack, synthesis) in made {
        let (stack, synthesis) = (stack.borrow(), synthesis.borrow());
        for finding in &synthesis.findings {
            let at = finding.location().to_string();
            assert!(at.starts_with("tests/") || at.starts_with("topics/"), "{at}");
            let acknowledged = if finding.acknowledged.is_some() {
                " (acknowledged)"
            } else {
                ""
            };
            lines.push(format!(
                "{}[{}] {}: {}{acknowledged}\n  hint: {}",
                finding.severity,
                finding.rule.id,
                finding.subject(stack.name()),
                finding.message,
                finding.hint
            ));
        }
    }
    let said = lines.join("\n");
    let mut parts = said.split(".rs:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |said, part| {
        format!("{said}.rs:…{}", part.trim_start_matches(|c: char| c.is_ascii_digit()))
    })
}

/// Whether a rule judges finished objects, rendered or read: `objects` has the manifests that break it.
pub(crate) fn of_objects(rule: &Rule) -> bool {
    let family = ["KS-A", "KS-I", "KS-P", "KS-O2"]
        .iter()
        .any(|start| rule.id.starts_with(start));
    // What is against each other in settings, `faults::consistency` has.
    let cluster = rule.path.starts_with("rules::cluster::");
    let closed = [
        &rules::security::EVERYONE,
        &rules::security::KEY_FORMAT,
        &rules::security::DIALLED_NAME,
        &rules::security::PLAINTEXT,
        &rules::security::SUPER_USER,
        &rules::security::NOBODY,
        &rules::security::ZOOKEEPER_OPEN,
        &rules::security::ZOOKEEPER_ASKED,
        &rules::security::PROTOCOL,
        &rules::security::RENEWAL,
        &rules::security::WEAK,
        &rules::security::OUTSIDE_ELSEWHERE,
        &rules::security::PLAINTEXT_OUTSIDE,
        &rules::security::UNCHECKED,
        &rules::security::ANY_TOKEN,
        &rules::security::OPEN_PROVIDER,
        &rules::security::NOT_ALLOWED,
    ];
    family && rule != &rules::pod::ENSEMBLE || cluster || closed.contains(&rule) || rule == &rules::memory::HEAP_OPTIONS
}

/// Whether it takes two stacks to break a rule: `each_hint_about_two_stacks_is_tried` has the sound ones.
fn of_two_stacks(rule: &Rule) -> bool {
    [&rules::stack::OBJECT_OF_TWO_STACKS, &rules::stack::TOPIC_OF_TWO_STACKS].contains(&rule)
}

/// The ids of the rules that the stacks here break.
pub(crate) fn broken_ids() -> BTreeSet<&'static str> {
    let settings: Vec<Synthesis> = crate::settings::broken().iter().map(check).collect();
    let together: Vec<(Stack, Synthesis)> = together().into_iter().flat_map(|(broken, _)| made(broken)).collect();
    (CASES.iter().map(|(_, synthesis)| synthesis))
        .chain(&settings)
        .chain(together.iter().map(|(_, synthesis)| synthesis))
        .flat_map(|synthesis| &synthesis.findings)
        .map(|finding| finding.rule.id)
        .collect()
}

#[test]
fn a_sound_stack_has_no_findings() {
    let stack = beside(|kafka| Topics::new("topics", kafka).topic(orders()));
    assert_eq!(synth(&stack).findings, Diagnostics::default());
}

#[test]
fn an_acknowledged_warning_is_kept_with_its_reason() {
    let stack = with(
        KafkaCluster::kraft("kafka", Version::V4_3, ID)
            .pool(NodePool::combined("kafka", 3))
            .acknowledge(&rules::kraft::COMBINED, "three machines is what there is"),
    );
    let synthesis = synth(&stack);
    let finding = synthesis.findings.iter().next().unwrap();
    assert_eq!(finding.acknowledged.as_deref(), Some("three machines is what there is"));
    assert_eq!(synthesis.findings.count(Severity::Warning), 0);
}

#[test]
fn a_development_stack_may_have_a_single_broker() {
    let mut stack = empty().profile(Profile::Development);
    stack.add(KafkaCluster::kraft("kafka", Version::V4_3, ID).pool(NodePool::combined("kafka", 1)));
    let findings = synth(&stack).findings;
    assert!(!findings.has_errors());
    assert_eq!(
        findings.iter().map(|finding| finding.rule.id).collect::<Vec<_>>(),
        ["KS-D04"]
    );
}
