//! A stack as one page for a browser, which loads nothing: what connects to what, zones, sizes, constructs and topics.

use std::collections::BTreeMap;

use super::count;
use crate::{
    construct::{Edge, Flow},
    stack::Stack,
    synth::{Branch, Leaf, Pods, Use, Zone, totals::Totals},
};

/// The page. Nothing of the stack gets into it but by [`escaped`].
pub(super) fn page(stack: &Stack, tree: &[Branch]) -> String {
    let index = Index::of(tree);
    let total: Totals = tree.iter().map(|branch| branch.totals).sum();
    let objects = tree.iter().map(|branch| branch.objects.len()).sum();
    let mut facts = vec![
        format!("namespace {}", stack.context().namespace),
        count(objects, "object"),
    ];
    facts.extend(total.words());
    let sections = [
        ("Connections", connections(tree, &index)),
        ("Zones", zones(tree)),
        ("Constructs", constructs(tree, &index)),
        ("Topics", topics(&index)),
    ];
    let sections = sections.iter().filter(|(_, content)| !content.is_empty());
    let sections: String = sections
        .map(|(title, content)| format!("<section>\n<h2>{title}</h2>\n{content}</section>\n"))
        .collect();
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>{name}</title>
<style>
{style}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p>{facts}</p>
<form role="search">
<input type="search" placeholder="Search" aria-label="Search constructs, objects and topics">
<button type="button" data-fold="open">Unfold all</button>
<button type="button" data-fold="">Fold all</button>
<output></output>
</form>
</header>
<main>
{sections}</main>
<script>
{script}</script>
</body>
</html>
"#,
        name = escaped(stack.name()),
        facts = escaped(&facts.join(" · ")),
        style = include_str!("page.css"),
        script = include_str!("page.js"),
    )
}

/// Text as the content of an element or of an attribute.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            c => escaped.push(c),
        }
    }
    escaped
}

/// Where each construct and each topic is on the page.
struct Index<'a> {
    constructs: BTreeMap<&'a str, usize>,
    /// By cluster and name.
    topics: BTreeMap<(&'a str, &'a str), Topic<'a>>,
}

/// A topic, and what constructs do with it.
struct Topic<'a> {
    id: usize,
    uses: Vec<(&'a str, &'a Flow)>,
}

impl<'a> Index<'a> {
    fn of(tree: &'a [Branch]) -> Self {
        let named = tree.iter().enumerate();
        let constructs = named
            .map(|(id, branch)| (branch.construct.as_str(), id))
            .filter(|(name, _)| !name.is_empty());
        let mut topics: BTreeMap<(&str, &str), Topic<'_>> = BTreeMap::new();
        for branch in tree {
            for edge in branch.declares.iter().chain(&branch.edges) {
                let topic = topics.entry((&edge.cluster, &edge.topic)).or_insert(Topic {
                    id: 0,
                    uses: Vec::new(),
                });
                topic.uses.push((&branch.construct, &edge.flow));
            }
        }
        for (id, topic) in topics.values_mut().enumerate() {
            topic.id = id;
        }
        Self {
            constructs: constructs.collect(),
            topics,
        }
    }

    /// A link to a construct.
    fn construct(&self, name: &str) -> String {
        match self.constructs.get(name) {
            Some(id) => format!("<a href=\"#c{id}\">{}</a>", escaped(name)),
            None => escaped(name),
        }
    }

    /// A link to a topic.
    fn topic(&self, edge: &Edge) -> String {
        match self.topics.get(&(edge.cluster.as_str(), edge.topic.as_str())) {
            Some(topic) => format!("<a href=\"#t{}\">{}</a>", topic.id, escaped(&edge.topic)),
            None => escaped(&edge.topic),
        }
    }
}

/// The constructs in rows: what connects to another stands above it.
fn connections(tree: &[Branch], index: &Index<'_>) -> String {
    let depths: Vec<usize> = tree.iter().map(|branch| depth(branch, tree, tree.len())).collect();
    let lines: Vec<(usize, usize)> = tree
        .iter()
        .zip(&depths)
        .flat_map(|(branch, from)| targets(branch, index).into_keys().map(|to| (*from, depths[to])))
        .collect();
    let mut rows: BTreeMap<usize, String> = BTreeMap::new();
    let named = tree
        .iter()
        .zip(&depths)
        .filter(|(branch, _)| !branch.construct.is_empty());
    for (branch, depth) in named {
        *rows.entry(*depth).or_default() += &tile(branch, index);
    }
    let rows: String = rows
        .iter()
        .map(|(row, tiles)| {
            // Its tiles stand aside, so that no line runs behind them.
            let passed = lines.iter().any(|(from, to)| from < row && row < to);
            let class = if passed { "row passed" } else { "row" };
            format!("<div class=\"{class}\">\n{tiles}</div>\n")
        })
        .collect();
    format!("<div class=\"map\">\n<svg aria-hidden=\"true\"></svg>\n{rows}</div>\n")
}

/// How many constructs there are in the longest chain above this one; `limit` ends circles.
fn depth(branch: &Branch, tree: &[Branch], limit: usize) -> usize {
    users(branch, tree)
        .filter(|_| limit > 0)
        .map(|user| 1 + depth(user, tree, limit - 1))
        .max()
        .unwrap_or_default()
}

/// The constructs that connect to one.
fn users<'a>(branch: &Branch, tree: &'a [Branch]) -> impl Iterator<Item = &'a Branch> {
    let name = branch.construct.clone();
    tree.iter()
        .filter(move |other| other.uses.iter().any(|used| used.construct == name))
}

/// The constructs that one connects to, each once: where they are, and their names.
fn targets<'a>(branch: &'a Branch, index: &Index<'_>) -> BTreeMap<usize, &'a str> {
    let names = branch.uses.iter().map(|used| used.construct.as_str());
    names
        .filter_map(|name| Some((*index.constructs.get(name)?, name)))
        .collect()
}

fn tile(branch: &Branch, index: &Index<'_>) -> String {
    let targets = targets(branch, index);
    let ids: Vec<String> = targets.keys().map(|id| format!("c{id}")).collect();
    let pods: u64 = branch
        .objects
        .iter()
        .filter_map(|object| Some(object.pods.as_ref()?.count))
        .sum();
    let mut lines = Vec::new();
    if pods > 0 {
        lines.push(pods_of(pods));
    }
    let most = Totals {
        requests: branch.totals.limits,
        limits: Totals::default().limits,
        ..branch.totals
    };
    lines.extend(most.words());
    let lines: String = lines
        .iter()
        .map(|line| format!("<small>{}</small>", escaped(line.trim_start_matches("requests "))))
        .collect();
    let to = if targets.is_empty() {
        String::new()
    } else {
        let names: Vec<&str> = targets.into_values().collect();
        format!("<small class=\"to\">→ {}</small>", escaped(&names.join(", ")))
    };
    let id = index.constructs[branch.construct.as_str()];
    format!(
        "<a class=\"tile\" href=\"#c{id}\" data-id=\"c{id}\" data-to=\"{}\"><b>{}</b>{lines}{to}</a>\n",
        ids.join(" "),
        escaped(&branch.construct),
    )
}

fn pods_of(pods: u64) -> String {
    count(usize::try_from(pods).unwrap_or(usize::MAX), "pod")
}

/// What runs in each zone, and what the scheduler places.
fn zones(tree: &[Branch]) -> String {
    let mut zones: BTreeMap<(u8, &str), Vec<(&Leaf, &Pods)>> = BTreeMap::new();
    for leaf in tree.iter().flat_map(|branch| &branch.objects) {
        let Some(pods) = &leaf.pods else { continue };
        let zone = match &pods.zone {
            Zone::One(zone) => (0, zone.as_str()),
            Zone::Spread => (1, "evenly over zones, always"),
            Zone::Preferred => (2, "evenly over zones, if there is room"),
            Zone::Any => (3, "any zone"),
        };
        zones.entry(zone).or_default().push((leaf, pods));
    }
    let cards: String = zones
        .into_iter()
        .map(|((_, zone), leaves)| {
            let total: Totals = leaves.iter().map(|(leaf, _)| leaf.totals).sum();
            let items: String = leaves
                .iter()
                .map(|(leaf, pods)| {
                    let pods = pods_of(pods.count);
                    format!("<li>{} <small>{pods}</small></li>\n", escaped(&leaf.identity.name))
                })
                .collect();
            format!(
                "<div class=\"card\" data-find>\n<h3>{}</h3>\n<p>{}</p>\n<ul>\n{items}</ul>\n</div>\n",
                escaped(zone),
                escaped(&total.words().join(", ")),
            )
        })
        .collect();
    if cards.is_empty() {
        return cards;
    }
    format!("<div class=\"cards\">\n{cards}</div>\n")
}

fn constructs(tree: &[Branch], index: &Index<'_>) -> String {
    let cards: String = tree
        .iter()
        .map(|branch| {
            let id = index.constructs.get(branch.construct.as_str());
            let id = id.map_or_else(String::new, |id| format!(" id=\"c{id}\""));
            let (name, size) = if branch.construct.is_empty() {
                ("the stack itself", String::new())
            } else {
                (branch.construct.as_str(), count(branch.objects.len(), "object"))
            };
            let mut rows: Vec<(&str, String)> = branch.totals
                .words()
                .iter()
                .map(|amount| ("Size", escaped(amount)))
                .collect();
            rows.extend(branch.uses.iter().map(|Use { construct, service, port }| {
                let link = index.construct(construct);
                ("Connects to", format!("{link} <small>{}:{port}</small>", escaped(service)))
            }));
            rows.extend(users(branch, tree).map(|user| ("Used by", index.construct(&user.construct))));
            rows.extend(branch.declares.iter().map(|edge| ("Declares", index.topic(edge))));
            rows.extend(branch.edges.iter().map(|edge| {
                let topic = index.topic(edge);
                let (verb, note) = flow(&edge.flow);
                (verb, format!("{topic}{note}"))
            }));
            rows.extend(branch.objects.iter().map(|leaf| ("Objects", object(leaf))));
            format!(
                "<details class=\"card\"{id} data-find>\n<summary><b>{}</b> <small>{size}</small></summary>\n{}</details>\n",
                escaped(name),
                table(&rows),
            )
        })
        .collect();
    format!("<div class=\"cards\">\n{cards}</div>\n")
}

/// What is done with a topic: a verb, and what is behind the name.
fn flow(flow: &Flow) -> (&'static str, String) {
    match flow {
        Flow::Writes { transactional: false } => ("Writes", String::new()),
        Flow::Writes { transactional: true } => ("Writes", " <small>in transactions</small>".to_owned()),
        Flow::Reads { group, .. } => ("Reads", format!(" <small>as {}</small>", escaped(group))),
        Flow::Declares => ("Declares", String::new()),
    }
}

fn object(leaf: &Leaf) -> String {
    let ports = leaf.ports.iter().map(|(name, port)| {
        if name.is_empty() {
            port.to_string()
        } else {
            format!("{name} {port}")
        }
    });
    let pods = leaf.pods.iter().map(|pods| pods_of(pods.count));
    let notes: String = ports
        .chain(pods)
        .map(|note| format!(" <small>{}</small>", escaped(&note)))
        .collect();
    format!(
        "<span title=\"{}\">{} {}</span>{notes}",
        escaped(&leaf.path),
        escaped(&leaf.identity.kind),
        escaped(&leaf.identity.name),
    )
}

/// Rows of a title and a value; a title that is repeated is written once. Values are escaped already.
fn table(rows: &[(&str, String)]) -> String {
    let mut titles = "";
    let rows: String = rows
        .iter()
        .map(|(title, value)| {
            let shown = if titles == *title { "" } else { title };
            titles = title;
            if shown.is_empty() {
                format!("<dd>{value}</dd>\n")
            } else {
                format!("<dt>{shown}</dt>\n<dd>{value}</dd>\n")
            }
        })
        .collect();
    format!("<dl>\n{rows}</dl>\n")
}

fn topics(index: &Index<'_>) -> String {
    let clusters: usize = {
        let mut names: Vec<&str> = index.topics.keys().map(|(cluster, _)| *cluster).collect();
        names.dedup();
        names.len()
    };
    let cards: String = index
        .topics
        .iter()
        .map(|((cluster, name), topic)| {
            let number = |verb: &str| topic.uses.iter().filter(|(_, other)| flow(other).0 == verb).count();
            let mut rows: Vec<(&str, String)> = Vec::new();
            if clusters > 1 {
                rows.push(("Cluster", escaped(cluster)));
            }
            for (verb, title) in [("Declares", "Declared by"), ("Writes", "Written by"), ("Reads", "Read by")] {
                rows.extend(topic.uses.iter().filter(|(_, other)| flow(other).0 == verb).map(|(part, other)| {
                    (title, index.construct(part) + &flow(other).1)
                }));
            }
            format!(
                "<details class=\"card\" id=\"t{}\" data-find>\n<summary><b>{}</b> <small>{}, {}</small></summary>\n{}</details>\n",
                topic.id,
                escaped(name),
                count(number("Writes"), "writer"),
                count(number("Reads"), "reader"),
                table(&rows),
            )
        })
        .collect();
    if cards.is_empty() {
        return cards;
    }
    format!("<div class=\"cards\">\n{cards}</div>\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{
        construct::{Check, Construct, Meta},
        context::Context,
        diagnostics::Location,
        manifest::Object,
        synth::check,
    };

    const ODD: &str = "</script><img src=x onerror='a'>\"&";

    /// A construct whose topic, group and cluster have names that no cluster accepts.
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
        fn edges(&self) -> Vec<Edge> {
            let reads = Flow::Reads {
                group: ODD.to_owned(),
                uncommitted: false,
            };
            [
                (ODD, Flow::Declares),
                ("other", reads),
                (ODD, Flow::Writes { transactional: true }),
            ]
            .map(|(cluster, flow)| Edge::new(cluster, ODD, flow, Location::caller()))
            .into()
        }
    }

    #[test]
    fn names_of_a_stack_are_text_and_nothing_else() {
        let mut stack = Stack::new("odd", "kafka");
        stack.add(Odd(Meta::new("odd")));
        let tree = check(&stack).tree;
        let page = page(&stack, &tree);
        let written = "&lt;/script&gt;&lt;img src=x onerror=&#39;a&#39;&gt;&quot;&amp;";
        // On the construct: three topics and a group. On the topics: two names, a cluster and a group.
        assert_eq!(page.matches(written).count(), 8, "{page}");
        assert!(
            !page.contains("<img") && page.matches("</script>").count() == 1,
            "{page}"
        );
    }

    #[test]
    fn a_page_loads_nothing_and_its_links_lead_somewhere() {
        let mut stack = Stack::new("tiny", "kafka").profile(crate::diagnostics::Profile::Development);
        let zookeeper = stack.add(crate::zookeeper::ZooKeeper::new("zookeeper", 3));
        stack.add(
            crate::kafka::KafkaCluster::zookeeper("kafka", &zookeeper)
                .pool(crate::kafka::NodePool::brokers("kafka", 1).zone("a")),
        );
        let tree = check(&stack).tree;
        let page = page(&stack, &tree);
        let of = |start: &str| -> BTreeSet<String> {
            let parts = page.split(start).skip(1);
            parts
                .filter_map(|part| part.split('"').next())
                .map(str::to_owned)
                .collect()
        };
        let (links, ids) = (of("href=\"#"), of(" id=\""));
        assert!(links.len() == 2 && links.is_subset(&ids), "{links:?} {ids:?}");
        assert!(of("href=\"").iter().all(|link| link.starts_with('#')));
        // The name of a language, which nothing is loaded from.
        let addresses = page.matches("://").count();
        assert_eq!((addresses, page.matches("http://www.w3.org/2000/svg").count()), (1, 1));
        assert!(!page.contains("@import") && !page.contains("url(") && !page.contains(" src="));
        // What it shows of the stack.
        for shown in [
            "data-id=\"c2\" data-to=\"c1\"",
            "<h3>a</h3>",
            "zookeeper:2181</small>",
            ">ServiceAccount kafka<",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
    }
}
