//! The handbooks: what they name is in the stack.

use std::{collections::BTreeSet, path::Path};

use serde_json::Value;

use super::{Out, all, containers, list, selects};

fn handbook(out: &Out) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let made = crate::cli::kafka_stacks(root, &["docs", out.stack])
        .output()
        .expect("the binary runs");
    assert!(made.status.success() && made.stderr.is_empty(), "{}", out.stack);
    String::from_utf8(made.stdout).expect("it is text")
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// The pods of StatefulSets with the set of each.
fn pods(out: &Out) -> Vec<(String, &Value)> {
    let pods = out.of_kind("StatefulSet").flat_map(|set| {
        let first = set["spec"]["ordinals"]["start"].as_u64().unwrap_or_default();
        let count = set["spec"]["replicas"].as_u64().unwrap_or(1);
        (first..first + count).map(move |ordinal| (format!("{}-{ordinal}", name(set)), set))
    });
    pods.collect()
}

/// The claims of the pods.
fn claims(out: &Out) -> BTreeSet<String> {
    let claims = pods(out).into_iter().flat_map(|(pod, set)| {
        let templates = list(&set["spec"]["volumeClaimTemplates"]);
        templates
            .iter()
            .map(move |template| format!("{}-{pod}", name(template)))
            .collect::<Vec<_>>()
    });
    claims.collect()
}

/// What is wrong with what a command of kubectl names; a command that is not known is wrong too.
fn wrong(out: &Out, command: &str) -> Option<String> {
    let words: Vec<&str> = command.split_whitespace().collect();
    let words = words.strip_prefix(&["-n", "kafka"]).unwrap_or(&words);
    let pods = pods(out);
    let has = |kind: &str, named: &str| match kind {
        "pod" => pods.iter().any(|(pod, _)| pod == named),
        "pvc" => claims(out).contains(named),
        "statefulset" => out.of_kind("StatefulSet").any(|object| name(object) == named),
        "deployment" => out.of_kind("Deployment").any(|object| name(object) == named),
        "service" => out.of_kind("Service").any(|object| name(object) == named),
        "cronjob" => out.of_kind("CronJob").any(|object| name(object) == named),
        // Made by the command before it.
        "job" => out
            .of_kind("CronJob")
            .any(|object| named == format!("{}-now", name(object))),
        _ => false,
    };
    let named: Vec<(&str, &str)> = match words {
        ["apply", "-f", "namespace"] | ["apply", "-k", "."] | ["get", "storageclass" | "events", ..] => return None,
        ["exec", rest @ ..] => {
            let rest = rest.strip_prefix(&["-i"]).unwrap_or(rest);
            let [pod, "-c", container, "--", _, ..] = rest else {
                return Some(command.to_owned());
            };
            let set = pods.iter().find(|(other, _)| other == pod).map(|(_, set)| set);
            let known =
                set.is_some_and(|set| containers(&set["spec"]["template"]).any(|one| one["name"] == **container));
            if !known {
                return Some(command.to_owned());
            }
            return None;
        }
        [_, .., "-l", selector] | [_, "pods", "-l", selector, ..] => {
            let selector: Value = selector
                .split(',')
                .filter_map(|pair| pair.split_once('='))
                .map(|(key, value)| (key.to_owned(), Value::from(value)))
                .collect::<serde_json::Map<_, _>>()
                .into();
            let found = out
                .workloads()
                .iter()
                .any(|(_, template)| selects(&selector, &template["metadata"]["labels"]));
            return (!found).then(|| command.to_owned());
        }
        ["create", "job", from, job] => vec![("job", *job), from.strip_prefix("--from=")?.split_once('/')?],
        ["logs", "-f", object] | ["port-forward", object, ..] | ["rollout", _, object, ..] => {
            vec![object.split_once('/')?]
        }
        ["logs", pod, ..] => vec![("pod", *pod)],
        ["wait", "--for=delete", object, ..] | ["wait", object, ..] if object.contains('/') => {
            vec![object.split_once('/')?]
        }
        ["delete" | "patch" | "get" | "wait" | "describe", kind, object, ..] => vec![(*kind, *object)],
        _ => return Some(command.to_owned()),
    };
    let missing = named.iter().find(|(kind, named)| !has(kind, named));
    missing.map(|_| command.to_owned())
}

/// Every command of kubectl in the code blocks of a page, without what comes before it and behind it.
fn commands(page: &str) -> Vec<String> {
    let mut commands = Vec::new();
    for block in page.split("```sh\n").skip(1) {
        let block = block.split("\n```").next().unwrap();
        for line in block.lines().filter(|line| !line.starts_with('#')) {
            let line = line.split("  # ").next().unwrap();
            for command in line.split("kubectl ").skip(1) {
                let end = command
                    .find([';', '|', '&', ')'])
                    .filter(|_| !command.contains("--type merge") && !command.contains(" -- "));
                commands.push(command[..end.unwrap_or(command.len())].trim().to_owned());
            }
        }
    }
    commands
}

#[test]
fn every_command_of_a_handbook_names_what_the_stack_has() {
    for out in all() {
        let commands = commands(&handbook(&out));
        assert!(commands.len() > 30, "{}: {}", out.stack, commands.len());
        let wrong: Vec<String> = commands.iter().filter_map(|command| wrong(&out, command)).collect();
        assert!(wrong.is_empty(), "{}: {wrong:#?}", out.stack);
    }
}

#[test]
fn a_command_that_names_what_is_not_there_is_found() {
    let out = Out::read("prod");
    for command in [
        "-n kafka delete pod kafka-3",
        "-n kafka exec kafka-0 -c broker -- df",
        "-n kafka get pvc data-kafka-7",
        "-n kafka rollout restart statefulset/kafka-broker",
        "-n kafka get pods -o wide -l app.kubernetes.io/instance=kafkaa",
        "-n kafka create job --from=cronjob/topics topics-now",
        "-n other delete pod kafka-0",
        "-n kafka scale statefulset kafka",
    ] {
        assert_eq!(wrong(&out, command).as_deref(), Some(command));
    }
}

#[test]
fn every_service_port_topic_and_alert_is_in_the_handbook_and_its_links_lead_somewhere() {
    for out in all() {
        let page = handbook(&out);
        for service in out.of_kind("Service") {
            let line = page.lines().find(|line| {
                line.contains(&format!("`{}.kafka.svc", name(service)))
                    || line.contains(&format!("`POD.{}.kafka.svc", name(service)))
            });
            let line = line.unwrap_or_else(|| panic!("{}: {}", out.stack, name(service)));
            for port in list(&service["spec"]["ports"]) {
                assert!(line.contains(&format!("{} (", port["port"])), "{}: {line}", out.stack);
            }
        }
        let files = out.files();
        let (_, _, topics) = files
            .iter()
            .find(|(_, file, _)| *file == "topics.txt")
            .expect("every stack declares topics");
        let topics: BTreeSet<&str> = topics.lines().filter_map(|line| line.split(' ').next()).collect();
        for topic in topics {
            assert!(page.contains(&format!("\n- `{topic}`: ")), "{}: {topic}", out.stack);
        }
        for rules in out.of_kind("PrometheusRule") {
            for rule in list(&rules["spec"]["groups"])
                .iter()
                .flat_map(|group| list(&group["rules"]))
            {
                if let Some(alert) = rule["alert"].as_str() {
                    assert!(
                        page.contains(&format!("[{alert}](runbooks/{alert}.md): ")),
                        "{}: {alert}",
                        out.stack
                    );
                }
            }
        }
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("out").join(out.stack);
        for link in page.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            assert!(root.join(link).is_file(), "{}: {link}", out.stack);
        }
    }
}
