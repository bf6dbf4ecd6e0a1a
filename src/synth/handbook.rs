//! The handbook of a stack: the page for a person who has to do something with the running stack. Everything in it comes from the rendered objects, and from what the constructs say of themselves ([`Chapter`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    construct::{Edge, Flow},
    handbook::{Chapter, Step, Task, code, plain},
    lint::model::{ObjectDetail, monitoring::RuleKind, properties::Property},
    stack::{NamespaceOwner, Stack},
    synth::{
        namespace,
        render::{Rendered, RenderedObject},
        totals::Totals,
        tree::Branch,
    },
};

/// The handbook's place in the stack's folder: where a forge shows it below the list of files.
pub(super) const PATH: &str = "README.md";

/// What the handbook is made of.
struct Book<'a> {
    stack: &'a Stack,
    parts: &'a [Rendered<'a>],
    tree: &'a [Branch],
}

/// The text.
pub(super) fn text(stack: &Stack, parts: &[Rendered<'_>], tree: &[Branch]) -> String {
    let book = Book { stack, parts, tree };
    let sections = [
        ("System", book.system()),
        ("Addresses", book.addresses()),
        ("Topics", book.topics()),
        ("Owners", book.owners()),
        (
            "Identities",
            bullets(book.chapters().flat_map(|chapter| chapter.identities.clone())),
        ),
        ("Resources", book.resources()),
        ("Clients", book.clients()),
        ("What is survived", book.survived()),
        ("Operations", book.operations()),
        (
            "Troubleshooting",
            book.tasks(book.chapters().flat_map(|chapter| &chapter.symptoms)),
        ),
        ("Alerts", book.alerts()),
    ];
    let sections = sections.iter().filter(|(_, text)| !text.is_empty());
    let sections: String = sections
        .map(|(title, text)| format!("\n## {title}\n\n{text}"))
        .collect();
    book.head() + &sections
}

/// A text in a label of a diagram.
fn label(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '"' | '<' | '>' | '&' | '#' | '|' | '`' | '\\' | '[' | ']' | '{' | '}' | '(' | ')' => {
                escaped += &format!("#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

fn bullets(lines: impl IntoIterator<Item = String>) -> String {
    lines.into_iter().map(|line| format!("- {line}\n")).collect()
}

fn fenced(language: &str, lines: &[String]) -> String {
    format!("```{language}\n{}\n```\n", lines.join("\n"))
}

/// `a, b and 3 more`: a list that stays readable.
fn listed(items: &[String]) -> String {
    const MOST: usize = 12;
    if items.len() <= MOST + 1 {
        return items.join(", ");
    }
    format!("{} and {} more", items[..MOST].join(", "), items.len() - MOST)
}

impl<'a> Book<'a> {
    fn chapters(&self) -> impl Iterator<Item = &'a Chapter> {
        self.parts.iter().map(|part| &part.chapter)
    }

    fn objects(&self) -> impl Iterator<Item = &'a RenderedObject> {
        self.parts.iter().flat_map(|part| &part.objects)
    }

    fn head(&self) -> String {
        let context = &self.stack.context;
        let facts: BTreeSet<&str> = self
            .chapters()
            .flat_map(|chapter| &chapter.facts)
            .map(String::as_str)
            .collect();
        let mut line = vec![format!("Namespace {}", code(&context.namespace))];
        line.extend(facts.into_iter().map(plain));
        format!(
            "# {}\n\n{}. `kafka-stacks synth` writes this page from the stack.\n",
            plain(&context.stack),
            line.join(" · ")
        )
    }

    /// The owner of a construct.
    fn owner(&self, construct: &str) -> Option<&'a str> {
        let part = self.parts.iter().find(|part| part.construct == construct)?;
        part.chapter.owner.as_deref()
    }

    /// A construct, with its owner in brackets.
    fn owned(&self, construct: &str) -> String {
        let name = plain(construct);
        self.owner(construct)
            .map_or_else(|| name.clone(), |owner| format!("{name} ({})", plain(owner)))
    }

    fn system(&self) -> String {
        let ids: BTreeMap<&str, usize> = self
            .tree
            .iter()
            .enumerate()
            .filter(|(_, branch)| !branch.construct.is_empty())
            .map(|(id, branch)| (branch.construct.as_str(), id))
            .collect();
        let mut lines = vec!["flowchart TD".to_owned()];
        for (name, id) in &ids {
            let pods: u64 = self.tree[*id]
                .objects
                .iter()
                .filter_map(|leaf| Some(leaf.pods.as_ref()?.count))
                .sum();
            let size = match pods {
                0 => String::new(),
                1 => "<br>1 pod".to_owned(),
                pods => format!("<br>{pods} pods"),
            };
            lines.push(format!("  c{id}[\"{}{size}\"]", label(name)));
        }
        for id in ids.values() {
            let branch = &self.tree[*id];
            let does = |is: fn(&Flow) -> bool| branch.edges.iter().any(|edge| is(&edge.flow));
            let does = [
                does(|flow| matches!(flow, Flow::Writes { .. })).then_some("writes"),
                does(|flow| matches!(flow, Flow::Reads { .. })).then_some("reads"),
            ];
            let does: Vec<&str> = does.into_iter().flatten().collect();
            let arrow = if does.is_empty() {
                "-->".to_owned()
            } else {
                format!("-->|{}|", does.join(", "))
            };
            let targets: BTreeSet<&str> = branch.uses.iter().map(|used| used.construct.as_str()).collect();
            let targets = targets.into_iter().filter_map(|target| ids.get(target));
            lines.extend(targets.map(|target| format!("  c{id} {arrow} c{target}")));
        }
        fenced("mermaid", &lines)
    }

    fn addresses(&self) -> String {
        let lines = self.objects().filter_map(|object| {
            let service = object.judged.model.service()?;
            let identity = object.identity();
            let ports = service.ports.iter().map(|port| match port.name.as_str() {
                "" => port.number.to_string(),
                name => format!("{} ({})", port.number, plain(name)),
            });
            let address = format!(
                "{}.{}.svc.{}",
                identity.name, identity.namespace, self.stack.context.cluster_domain
            );
            let address = if service.headless {
                format!("POD.{address}")
            } else {
                address
            };
            Some(format!("{}: {}", code(&address), ports.collect::<Vec<_>>().join(", ")))
        });
        bullets(lines)
    }

    /// The settings of declared topics, by topic: the files of all topics Jobs, as they are applied.
    fn declared(&self) -> BTreeMap<&'a str, BTreeMap<&'a str, &'a str>> {
        let mut topics: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for object in self.objects() {
            let ObjectDetail::Config(config) = &object.judged.model.detail else {
                continue;
            };
            for Property { key, value, .. } in config.topics.iter().flat_map(|file| &file.lines) {
                if let Some((topic, key)) = key.split_once(' ') {
                    topics.entry(topic).or_default().insert(key, value);
                }
            }
        }
        topics
    }

    fn topics(&self) -> String {
        let declared = self.declared();
        let edges: Vec<(&str, &Edge)> = self
            .tree
            .iter()
            .flat_map(|branch| branch.edges.iter().map(|edge| (branch.construct.as_str(), edge)))
            .collect();
        let notes: Vec<&(String, String)> = self.chapters().flat_map(|chapter| &chapter.topics).collect();
        let lines = declared.iter().map(|(topic, settings)| {
            let of = |key: &str| settings.get(key).copied();
            let mut facts = Vec::new();
            facts.extend(of("partitions").map(|number| format!("{} partitions", plain(number))));
            facts.extend(of("replication.factor").map(|number| format!("{} copies", plain(number))));
            facts.extend(of("min.insync.replicas").map(|number| format!("{} in sync", plain(number))));
            facts.extend(kept(of("cleanup.policy"), of("retention.ms")));
            let using = |is: fn(&Flow) -> bool| -> Vec<String> {
                let users: BTreeSet<&str> = edges
                    .iter()
                    .filter(|(_, edge)| edge.topic == **topic && is(&edge.flow))
                    .map(|(user, _)| *user)
                    .collect();
                users.into_iter().map(|user| self.owned(user)).collect()
            };
            let mut line = format!("{}: {}", code(topic), facts.join(", "));
            let writers = using(|flow| matches!(flow, Flow::Writes { .. }));
            if !writers.is_empty() {
                line += &format!("; written by {}", listed(&writers));
            }
            let readers = using(|flow| matches!(flow, Flow::Reads { .. }));
            if !readers.is_empty() {
                line += &format!("; read by {}", listed(&readers));
            }
            for (_, note) in notes.iter().filter(|(of, _)| of == topic) {
                line += &format!("; {note}");
            }
            line
        });
        bullets(lines)
    }

    fn owners(&self) -> String {
        let lines = self.parts.iter().filter_map(|part| {
            let on_call = part
                .chapter
                .on_call
                .as_ref()
                .map(|called| format!("on call {}", plain(called)));
            let owner = part.chapter.owner.as_ref().map(|owner| plain(owner));
            let who: Vec<String> = owner.into_iter().chain(on_call).collect();
            (!who.is_empty()).then(|| format!("**{}**: {}", plain(part.construct), who.join(", ")))
        });
        bullets(lines)
    }

    fn resources(&self) -> String {
        let total: Totals = self.tree.iter().map(|branch| branch.totals).sum();
        let sized = self.tree.iter().filter(|branch| branch.totals != Totals::default());
        let mut lines: Vec<String> = sized
            .map(|branch| {
                let part = self.parts.iter().find(|part| part.construct == branch.construct);
                let note = part.and_then(|part| part.chapter.resources);
                let note = note.map_or_else(String::new, |note| format!("; {note}"));
                format!(
                    "**{}**: {}{note}",
                    plain(&branch.construct),
                    branch.totals.words().join(", ")
                )
            })
            .collect();
        if lines.is_empty() {
            return String::new();
        }
        lines.push(format!("**all**: {}", total.words().join(", ")));
        bullets(lines)
    }

    /// The files of clients: what all have once, then what each has of its own.
    fn clients(&self) -> String {
        let mut files: Vec<(&str, &str, &str, &[Property])> = Vec::new();
        for part in self.parts {
            // The settings of a component are its own.
            let runs = part
                .objects
                .iter()
                .any(|object| object.judged.model.workload().is_some());
            for object in &part.objects {
                let ObjectDetail::Config(config) = &object.judged.model.detail else {
                    continue;
                };
                let of_client = |lines: &&(String, Vec<Property>)| {
                    lines.1.iter().any(|line| line.key == "bootstrap.servers")
                        && lines
                            .1
                            .iter()
                            .any(|line| line.key == "client.id" || line.key == "group.id" || line.key == "acks")
                };
                if object.identity().kind == "ConfigMap" && !runs {
                    for (file, lines) in config.properties.iter().filter(of_client) {
                        files.push((part.construct, &object.identity().name, file, lines));
                    }
                }
            }
        }
        let mut text = String::new();
        let mut shared: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
        for (role, title) in [("producer", "Every producer"), ("consumer", "Every consumer")] {
            let of_role = files.iter().filter(|file| role_of(file.3) == role);
            let common = of_role
                .map(|file| {
                    file.3
                        .iter()
                        .map(|line| (line.key.as_str(), line.value.as_str()))
                        .collect::<BTreeSet<_>>()
                })
                .reduce(|common, other| &common & &other)
                .unwrap_or_default();
            if !common.is_empty() {
                let lines: Vec<String> = common.iter().map(|(key, value)| format!("{key}={value}")).collect();
                text += &format!("{title}:\n\n{}\n", fenced("properties", &lines));
            }
            shared.insert(role, common);
        }
        let lines = files.iter().map(|(construct, map, file, lines)| {
            let common = &shared[role_of(lines)];
            let own: Vec<String> = lines
                .iter()
                .filter(|line| !common.contains(&(line.key.as_str(), line.value.as_str())))
                // What every client of an application has, and what a `${env:…}` needs.
                .filter(|line| line.value != *construct || line.key != "client.id")
                .filter(|line| !line.key.starts_with("config.providers"))
                .map(|line| code(&format!("{}={}", line.key, line.value)))
                .collect();
            let own = if own.is_empty() {
                String::new()
            } else {
                format!(": {}", own.join(", "))
            };
            format!(
                "{}: {} of ConfigMap {}{own}",
                self.owned(construct),
                code(file),
                code(map)
            )
        });
        text + &bullets(lines)
    }

    fn survived(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for part in self.parts {
            let name = plain(part.construct);
            lines.extend(part.chapter.survives.iter().map(|line| format!("**{name}**: {line}")));
        }
        let mut replication: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (topic, settings) in self.declared() {
            let of = |key: &str| settings.get(key).copied().unwrap_or_default();
            replication
                .entry((of("replication.factor"), of("min.insync.replicas")))
                .or_default()
                .push(code(topic));
        }
        for ((copies, needed), topics) in replication {
            let (Ok(copies), Ok(needed)) = (copies.parse::<u32>(), needed.parse::<u32>()) else {
                continue;
            };
            lines.push(format!(
                "**topics** with {copies} {}, {needed} in sync: writes go on with {} down. {}.",
                if copies == 1 { "copy" } else { "copies" },
                match copies.saturating_sub(needed) {
                    0 => "no broker".to_owned(),
                    1 => "1 broker".to_owned(),
                    spare => format!("{spare} brokers"),
                },
                listed(&topics),
            ));
        }
        bullets(lines)
    }

    /// The path of an alert's runbook, if there is one.
    fn runbook(&self, alert: &str) -> Option<&'a str> {
        let file = format!("/{alert}.md");
        let mut documents = self.parts.iter().flat_map(|part| &part.documents);
        let found =
            documents.find(|document| document.path.starts_with("runbooks/") && document.path.ends_with(&file))?;
        Some(&found.path)
    }

    fn operations(&self) -> String {
        let look: Vec<String> = self.chapters().flat_map(|chapter| chapter.look.clone()).collect();
        let first = (!look.is_empty()).then(|| Task::new("Look first").run(look));
        let tasks = self.chapters().flat_map(|chapter| &chapter.tasks);
        self.tasks(first.iter().chain(tasks).chain([&self.restore()]))
    }

    fn restore(&self) -> Task {
        let apart =
            (self.stack.namespace == NamespaceOwner::Stack).then(|| format!("kubectl apply -f {}", namespace::FOLDER));
        Task::new("Restore what was deleted")
            .say(
                "Objects come back from the files. Claims stay when their sets are deleted, so the pods find their data; what was deleted \
                 with the namespace or in a topic is gone, because no backup is part of the stack. In the stack's folder:",
            )
            .run(apart.into_iter().chain(["kubectl apply -k .".to_owned()]))
    }

    fn tasks<'t>(&self, tasks: impl IntoIterator<Item = &'t Task>) -> String {
        let mut text = String::new();
        for task in tasks {
            if !text.is_empty() {
                text.push('\n');
            }
            text += &format!("### {}\n", task.title);
            for step in &task.steps {
                match step {
                    Step::Say(words) => text += &format!("\n{words}\n"),
                    Step::Run(commands) if commands.is_empty() => {}
                    Step::Run(commands) => text += &format!("\n{}", fenced("sh", commands)),
                    Step::Runbooks(alerts) => {
                        let links: Vec<String> = alerts
                            .iter()
                            .filter_map(|alert| Some(format!("[{}]({})", plain(alert), self.runbook(alert)?)))
                            .collect();
                        if !links.is_empty() {
                            text += &format!("\nRunbooks: {}\n", links.join(", "));
                        }
                    }
                }
            }
        }
        text
    }

    fn alerts(&self) -> String {
        let rules = self.objects().filter_map(|object| match &object.judged.model.detail {
            ObjectDetail::Rules(rules) => Some(&rules.rules),
            _ => None,
        });
        let mut seen = BTreeSet::new();
        let alerts = rules
            .flatten()
            .filter(|rule| rule.kind == RuleKind::Alert && seen.insert(rule.name.as_str()));
        bullets(alerts.map(|rule| {
            let name = plain(&rule.name);
            let name = match (self.runbook(&rule.name), rule.annotations.get("runbook_url")) {
                (Some(path), _) => format!("[{name}]({path})"),
                (None, Some(url)) => format!("[{name}](<{}>)", url.replace(['<', '>', '\n'], "")),
                (None, None) => name,
            };
            let severity = rule.labels.get("severity").map_or("", String::as_str);
            let summary = rule.annotations.get("summary").map_or("", String::as_str);
            format!("**{}** {name}: {}", plain(severity), plain(summary))
        }))
    }
}

/// How long a topic keeps its records, in words.
fn kept(policy: Option<&str>, retention: Option<&str>) -> Option<String> {
    use crate::{capacity::span, quantity::Duration};
    let policy = policy.unwrap_or("delete");
    let age = match retention {
        Some("-1") | None => String::new(),
        Some(millis) => span(Duration::from_millis(millis.parse().ok()?)),
    };
    Some(match (policy.contains("compact"), policy.contains("delete")) {
        (true, false) => "keeps the newest record of each key".to_owned(),
        (true, true) if age.is_empty() => "keeps the newest record of each key".to_owned(),
        (true, true) => format!("keeps the newest record of each key, for {age}"),
        _ if retention == Some("-1") => "keeps all records".to_owned(),
        _ if age.is_empty() => return None,
        _ => format!("keeps {age}"),
    })
}

/// What a client's file is for.
fn role_of(lines: &[Property]) -> &'static str {
    if lines.iter().any(|line| line.key == "group.id") {
        "consumer"
    } else {
        "producer"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        construct::{Check, Construct, Meta},
        context::Context,
        manifest::Object,
        prelude::{Application, Cleanup, Group, KafkaCluster, NodePool, Profile, Topic, Topics, Units, Version},
        synth::handbook,
    };

    const ODD: &str = "a|b*c*_d_ <i>`e` [f](g) & \"h\"\n# i";

    struct Odd(Meta);

    impl Construct for Odd {
        type Handle = ();
        fn meta(&self) -> &Meta {
            &self.0
        }
        fn meta_mut(&mut self) -> &mut Meta {
            &mut self.0
        }
        fn handle(&self, _: &Context) {}
        fn check(&self, _: &mut Check<'_>) {}
        fn render(&self, _: &Context) -> Vec<Object> {
            Vec::new()
        }
        fn chapter(&self, _: &Context, _: &[Object]) -> Chapter {
            Chapter {
                owner: Some(ODD.to_owned()),
                facts: vec![ODD.to_owned()],
                ..Chapter::default()
            }
        }
    }

    fn book(stack: &Stack) -> String {
        handbook(stack).unwrap_or_else(|findings| panic!("{findings:?}"))
    }

    #[test]
    fn a_broker_is_added_to_a_pool_whose_next_id_is_free() {
        let mut stack = Stack::new("s", "kafka");
        stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka-a", 2))
                .pool(NodePool::brokers("kafka-b", 2).first_id(2)),
        );
        let book = book(&stack);
        assert!(book.contains("Raise the number of `kafka-b`"), "{book}");
        assert!(book.contains("--broker-list 0,1,2,3,4 "), "{book}");
    }

    fn small(change: impl FnOnce(Stack) -> Stack, age: u64) -> Stack {
        let mut stack = change(Stack::new("small", "kafka").profile(Profile::Development));
        let cluster = KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw");
        let kafka = stack.add(cluster.pool(NodePool::combined("kafka", 1)));
        let topic = Topic::new("orders", 3, Cleanup::delete_after(age.days()));
        let topics = stack.add(Topics::new("topics", &kafka).topic(topic));
        stack.add(
            Application::new("shop", &kafka)
                .owner("sales")
                .produces(&topics.topic("orders")),
        );
        stack.add(Application::new("store", &kafka).consumes(&topics.topic("orders"), Group::named("store")));
        stack
    }

    #[test]
    fn odd_names_are_text() {
        let mut stack = Stack::new("odd", "kafka");
        stack.add(Odd(Meta::new("odd")));
        let book = book(&stack);
        let written = "a\\|b\\*c\\*\\_d\\_ &lt;i\\>\\`e\\` \\[f\\](g) &amp; \"h\" # i";
        assert!(book.contains(&format!("Namespace `kafka` · {written}. ")), "{book}");
        assert!(book.contains(&format!("- **odd**: {written}\n")), "{book}");
        assert_eq!(
            label(ODD),
            "a#124;b*c*_d_ #60;i#62;#96;e#96; #91;f#93;#40;g#41; #38; #34;h#34; #35; i"
        );
        assert_eq!(code("a``b`"), "``` a``b` ```");
    }

    #[test]
    fn it_changes_only_where_what_it_says_changes() {
        let before = book(&small(|stack| stack, 7));
        // What it does not say: labels of objects.
        assert_eq!(before, book(&small(|stack| stack.labels([("team", "a")]), 7)));
        let after = book(&small(|stack| stack, 8));
        let changed: Vec<(&str, &str)> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
        assert_eq!(
            changed,
            [(
                "- `orders`: 3 partitions, 1 copies, 1 in sync, keeps 7 d; written by shop (sales); read by store",
                "- `orders`: 3 partitions, 1 copies, 1 in sync, keeps 8 d; written by shop (sales); read by store"
            )]
        );
        assert_eq!(before.lines().count(), after.lines().count());
    }
}
