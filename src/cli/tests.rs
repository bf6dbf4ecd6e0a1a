//! Whole runs of the verbs over small stacks, as their users see them.

use insta::assert_snapshot;
use k8s_openapi::api::{apps::v1::StatefulSet, core::v1::ConfigMap};
use serde_json::json;

use super::*;
use crate::{
    cli::scratch::Scratch,
    construct::{Check, Construct, Meta},
    context::Context,
    diagnostics::{
        Rule,
        Severity::{self, Error, Warning},
    },
    manifest::Object,
    stack::Stack,
};

/// A construct with a config map, a workload, and whatever is said to be wrong with it.
struct Part {
    meta: Meta,
    broken: Vec<&'static Rule>,
}

#[track_caller]
fn part(name: &'static str, broken: &[&'static Rule]) -> Part {
    Part {
        meta: Meta::new(name),
        broken: broken.to_vec(),
    }
}

static WRONG: Rule = rule("KS-X01", "WRONG", Error, "a mistake");
static RISKY: Rule = rule("KS-X02", "RISKY", Warning, "a risk");

const fn rule(id: &'static str, path: &'static str, severity: Severity, summary: &'static str) -> Rule {
    Rule {
        id,
        path,
        production: severity,
        development: severity,
        summary,
        explanation: "",
        source: "",
    }
}

impl Construct for Part {
    type Handle = ();
    fn meta(&self) -> &Meta {
        &self.meta
    }

    fn meta_mut(&mut self) -> &mut Meta {
        &mut self.meta
    }
    fn handle(&self, _: &Context) {}
    fn check(&self, check: &mut Check<'_>) {
        for rule in &self.broken {
            check.report(rule, format!("{} of `x`", rule.summary), |finding| {
                finding.item("x").hint("call `.x(2)`");
            });
        }
    }
    fn render(&self, context: &Context) -> Vec<Object> {
        let workload: StatefulSet = serde_json::from_value(json!({
            "metadata": context.metadata(self.meta.name.as_str()),
            "spec": {
                "replicas": 3,
                "selector": { "matchLabels": { "app": self.meta.name } },
                "template": {
                    "metadata": { "labels": { "app": self.meta.name } },
                    "spec": {
                        "containers": [{
                            "name": "main",
                            "image": "example:1",
                            "resources": { "limits": { "cpu": "1500m", "memory": "8Gi" } },
                            "securityContext": {
                                "allowPrivilegeEscalation": false,
                                "capabilities": { "drop": ["ALL"] },
                            },
                        }],
                        "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                    },
                },
                "volumeClaimTemplates": [{
                    "metadata": { "name": "data" },
                    "spec": {
                        "accessModes": ["ReadWriteOnce"],
                        "resources": { "requests": { "storage": "500Mi" } },
                    },
                }],
            },
        }))
        .unwrap();
        let config = ConfigMap {
            metadata: context.metadata(self.meta.name.as_str()),
            data: Some([("key".to_owned(), "value".to_owned())].into()),
            ..ConfigMap::default()
        };
        vec![Object::new(&config), Object::new(&workload)]
    }
}

fn good() -> Stack {
    let mut stack = Stack::new("good", "kafka").kubernetes_cluster("good");
    stack.add(part("broker", &[]));
    stack
}

fn risky() -> Stack {
    let mut stack = Stack::new("risky", "kafka").kubernetes_cluster("risky");
    stack.add(part("broker", &[&RISKY]));
    stack.add(part("other", &[&RISKY]).acknowledge(&RISKY, "a test of the report"));
    stack
}

fn wrong() -> Stack {
    let mut stack = Stack::new("wrong", "kafka").kubernetes_cluster("wrong");
    stack.add(part("broker", &[&WRONG, &RISKY]));
    stack.add(part("broker", &[]));
    stack
}

/// What a user sees: outcome, data and notes. Where the test stands in for a path, `{}` is its folder.
fn shell(stacks: &[fn() -> Stack], scratch: &Scratch, words: &str) -> String {
    shell_in(Paint::PLAIN, stacks, scratch, words)
}

fn shell_in(paint: Paint, stacks: &[fn() -> Stack], scratch: &Scratch, words: &str) -> String {
    let stacks: Vec<StackFn<'_>> = stacks.iter().map(|stack| StackFn::from(*stack)).collect();
    shell_of(paint, &stacks, scratch, words)
}

fn shell_of(paint: Paint, stacks: &[StackFn<'_>], scratch: &Scratch, words: &str) -> String {
    let folder = scratch.path("out").display().to_string();
    let words = format!("kafka-stacks {words}").replace("{}", &folder);
    let arguments = Arguments::try_parse_from(words.split(' ')).unwrap_or_else(|error| panic!("{error}"));
    let (mut data, mut notes) = (Vec::new(), Vec::new());
    let mut output = Output::new((&mut data, paint), (&mut notes, paint), arguments.format);
    let outcome = execute(&arguments.verb, stacks, &mut output);
    let mut shown = format!("{outcome:?}\n");
    for (stream, text) in [("data", data), ("notes", notes)] {
        let text = String::from_utf8(text).unwrap().replace(&folder, "{}");
        if !text.is_empty() {
            shown += &format!("-- {stream}\n{text}");
        }
    }
    lines_of_this_file(&shown)
}

/// The lines of this file move with every change to it.
fn lines_of_this_file(text: &str) -> String {
    let mut pieces = text.split("src/cli/tests.rs:");
    let mut result = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        result += "src/cli/tests.rs:LINE";
        result += piece.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    result
}

const STACKS: [fn() -> Stack; 2] = [good, risky];

#[test]
fn synth_writes_once_and_says_so_when_nothing_changed() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&[good], &scratch, "synth --out {}"), @r"
    Done
    -- notes
    {}/good: 5 files written
    ");
    assert_snapshot!(shell(&[good], &scratch, "synth --out {}"), @r"
    Done
    -- notes
    {}/good: 5 files, up to date
    ");
    assert_snapshot!(shell(&[good], &scratch, "synth --check --out {}"), @r"
    Done
    -- notes
    {}/good: 5 files, up to date
    ");
}

#[test]
fn synth_reports_what_it_did_to_programs() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&STACKS, &scratch, "synth good --out {} --format json"), @r#"
    Done
    -- data
    {
      "failures": [],
      "format_version": 2,
      "stacks": [
        {
          "deleted": [],
          "findings": [],
          "folder": "{}/good",
          "in_the_way": [],
          "name": "good",
          "unchanged": 0,
          "written": [
            "README.md",
            "broker/configmap-broker.yaml",
            "broker/statefulset-broker.yaml",
            "kustomization.yaml",
            "namespace/namespace-kafka.yaml"
          ]
        }
      ]
    }
    "#);
}

#[test]
fn warnings_are_told_and_stop_nothing() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&STACKS, &scratch, "synth --out {}"), @r#"
    Done
    -- notes
    warning[KS-X02] risky/broker/x: a risk of `x`
      --> src/cli/tests.rs:LINE
      hint: call `.x(2)`
      acknowledge: .acknowledge(&RISKY, "reason")
    1 warning
    {}/good: 5 files written
    {}/risky: 7 files written
    "#);
}

#[test]
fn a_stack_with_an_error_is_not_written_and_others_are() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&[good, wrong], &scratch, "synth --out {}"), @r#"
    Failed
    -- notes
    error[KS-X01] wrong/broker/x: a mistake of `x`
      --> src/cli/tests.rs:LINE
      hint: call `.x(2)`
    warning[KS-X02] wrong/broker/x: a risk of `x`
      --> src/cli/tests.rs:LINE
      hint: call `.x(2)`
      acknowledge: .acknowledge(&RISKY, "reason")
    error[KS-S02] wrong/broker: the name is taken by the construct of src/cli/tests.rs:LINE
      --> src/cli/tests.rs:LINE
      hint: give one of the two another name in its constructor
    2 errors, 1 warning
    {}/good: 5 files written
    {}/wrong: not written
    "#);
    assert!(!scratch.path("out/wrong").exists());
}

#[test]
fn check_shows_findings_as_data_and_acknowledged_ones_on_request() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&STACKS, &scratch, "check good"), @"Done");
    assert_snapshot!(shell(&STACKS, &scratch, "check --all"), @r#"
    Done
    -- data
    warning[KS-X02] risky/broker/x: a risk of `x`
      --> src/cli/tests.rs:LINE
      hint: call `.x(2)`
      acknowledge: .acknowledge(&RISKY, "reason")
    acknowledged[KS-X02] risky/other/x: a risk of `x`
      --> src/cli/tests.rs:LINE
      reason: a test of the report
    1 warning, 1 acknowledged
    "#);
    assert_snapshot!(shell(&[wrong], &scratch, "check --format json"), @r#"
    Failed
    -- data
    {
      "failures": [],
      "format_version": 2,
      "stacks": [
        {
          "errors": 2,
          "findings": [
            {
              "acknowledge_with": null,
              "acknowledged": null,
              "construct": "broker",
              "hint": "call `.x(2)`",
              "item": "x",
              "location": "src/cli/tests.rs:LINE",
              "message": "a mistake of `x`",
              "rule": "KS-X01",
              "severity": "error",
              "subject": "wrong/broker/x"
            },
            {
              "acknowledge_with": ".acknowledge(&RISKY, \"reason\")",
              "acknowledged": null,
              "construct": "broker",
              "hint": "call `.x(2)`",
              "item": "x",
              "location": "src/cli/tests.rs:LINE",
              "message": "a risk of `x`",
              "rule": "KS-X02",
              "severity": "warning",
              "subject": "wrong/broker/x"
            },
            {
              "acknowledge_with": null,
              "acknowledged": null,
              "construct": "broker",
              "hint": "give one of the two another name in its constructor",
              "item": "",
              "location": "src/cli/tests.rs:LINE",
              "message": "the name is taken by the construct of src/cli/tests.rs:LINE",
              "rule": "KS-S02",
              "severity": "error",
              "subject": "wrong/broker"
            }
          ],
          "name": "wrong",
          "warnings": 1
        }
      ]
    }
    "#);
}

#[test]
fn what_is_in_the_way_is_named_with_what_to_do() {
    let scratch = Scratch::new();
    shell(&STACKS, &scratch, "synth good --out {}");
    scratch.put("out/good/broker/configmap-broker.yaml", "edited: true\n");
    scratch.put("out/risky/other/configmap-other.yaml", "foreign: true\n");
    scratch.put("out/risky/broker", "no folder\n");
    let before = scratch.content();
    assert_snapshot!(shell(&STACKS, &scratch, "synth --out {}").split_once("1 warning\n").unwrap().1, @r"
    error: `{}/good/broker/configmap-broker.yaml` was edited by hand
    error: `{}/risky/broker` is a file where a folder must be
    error: `{}/risky/other/configmap-other.yaml` was not written by kafka-stacks
      hint: move the change into the stack, with a builder call or `Stack::amend`, then run `synth --overwrite`
      hint: move the file elsewhere if you need it, then run `synth --overwrite`
      hint: links are never followed and folders never replaced: move them out of the way
    {}/good: not written
    {}/risky: not written
    ");
    assert_eq!(scratch.content(), before);
}

#[test]
fn a_check_lists_every_difference_and_writes_nothing() {
    let scratch = Scratch::new();
    shell(&STACKS, &scratch, "synth good --out {}");
    scratch.put("out/good/broker/configmap-broker.yaml", "edited: true\n");
    scratch.put(
        "out/good/.kustomization.yaml.pending",
        &scratch.read("out/good/kustomization.yaml"),
    );
    scratch.remove("out/good/namespace/namespace-kafka.yaml");
    let before = scratch.content();
    assert_snapshot!(shell(&STACKS, &scratch, "synth good --check --out {}"), @r"
    Differs
    -- notes
    superfluous: {}/good/.kustomization.yaml.pending
    stale: {}/good/broker/configmap-broker.yaml
    missing: {}/good/namespace/namespace-kafka.yaml
    not up to date: run `synth` and commit what it writes
    ");
    assert_snapshot!(shell(&STACKS, &scratch, "synth good --check --out {} --format json"), @r#"
    Differs
    -- data
    {
      "failures": [],
      "format_version": 2,
      "stacks": [
        {
          "findings": [],
          "folder": "{}/good",
          "in_the_way": [],
          "missing": [
            "namespace/namespace-kafka.yaml"
          ],
          "name": "good",
          "stale": [
            "broker/configmap-broker.yaml"
          ],
          "superfluous": [
            ".kustomization.yaml.pending"
          ],
          "unchanged": 3
        }
      ]
    }
    "#);
    assert_eq!(scratch.content(), before);
}

#[test]
fn standard_output_takes_all_documents_in_the_order_of_application() {
    let scratch = Scratch::new();
    let shown = shell(&[good], &scratch, "synth --stdout");
    let kinds: Vec<&str> = shown
        .lines()
        .filter(|line| line.starts_with("kind: ") || *line == "---")
        .collect();
    assert_eq!(
        kinds,
        ["kind: Namespace", "---", "kind: ConfigMap", "---", "kind: StatefulSet"]
    );
    assert_snapshot!(shell(&[wrong], &scratch, "synth --stdout").lines().next().unwrap(), @"Failed");
    assert_snapshot!(shell(&[good], &scratch, "synth --stdout --format json"), @r"
    Failed
    -- notes
    error: `--stdout` writes YAML and cannot be combined with `--format json`
    ");
}

#[test]
fn unknown_stacks_are_named_all_at_once_with_what_may_have_been_meant() {
    let scratch = Scratch::new();
    let shown = shell(&STACKS, &scratch, "synth --out {} good goood production");
    assert_snapshot!(shown, @r"
    Failed
    -- notes
    error: there is no stack `goood`; did you mean `good`?
    error: there is no stack `production`
      hint: the stacks are `good`, `risky`
    ");
    assert_eq!(shell(&STACKS, &scratch, "check goood production"), shown);
    assert!(!scratch.path("out").exists());
}

#[test]
fn two_stacks_of_one_name_are_refused() {
    let scratch = Scratch::new();
    let shown = shell(&[good, risky, good], &scratch, "synth --out {}");
    assert_snapshot!(shown, @r"
    Failed
    -- notes
    error: two stacks have the name `good`: at src/cli/tests.rs:LINE and at src/cli/tests.rs:LINE
      hint: give one of them another name
    ");
    for words in ["check", "list", "tree good", "completions fish"] {
        assert_eq!(shell(&[good, risky, good], &scratch, words), shown, "{words}");
    }
    assert!(!scratch.path("out").exists());
}

/// The topics of a stack, as two branches of a repository add to them.
fn topics(names: &[&'static str]) -> Stack {
    use crate::prelude::*;
    let mut stack = Stack::new("topics", "kafka").existing_namespace();
    let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
    let topic = |name: &&str| Topic::new(*name, 6, Cleanup::delete_after(7.days())).replication(Replication::new(3, 2));
    stack.add(Topics::new("topics", &kafka).topics(names.iter().map(topic)));
    stack.add(part("other", &[]));
    stack
}

fn git(scratch: &Scratch, words: &str) -> String {
    let identity = [
        "-c",
        "user.name=test",
        "-c",
        "user.email=test@example.com",
        "-c",
        "init.defaultBranch=main",
    ];
    let output = std::process::Command::new("git")
        .args(identity)
        .args(words.split(' '))
        .current_dir(scratch.path("out"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// A repository in which two branches each added a topic, merged but for the conflicts.
fn merge_of_branches_that_add(ours: &'static str, theirs: &'static str) -> Scratch {
    let scratch = Scratch::new();
    let synth = |names: &[&'static str]| {
        let stack = StackFn::named("topics", || topics(names));
        let shown = shell_of(Paint::PLAIN, &[stack], &scratch, "synth --out {}");
        assert!(shown.starts_with("Done"), "{shown}");
    };
    synth(&["clicks", "payments"]);
    git(&scratch, "init -q");
    git(&scratch, "add -A");
    git(&scratch, "commit -q -m base");
    git(&scratch, "checkout -q -b theirs");
    synth(&["clicks", "payments", theirs]);
    git(&scratch, "commit -q -a -m theirs");
    git(&scratch, "checkout -q main");
    synth(&["clicks", "payments", ours]);
    git(&scratch, "commit -q -a -m ours");
    git(&scratch, "merge theirs");
    scratch
}

#[test]
fn synth_replaces_what_a_merge_of_two_branches_left() {
    let (ours, theirs) = ("apples", "refunds");
    let scratch = merge_of_branches_that_add(ours, theirs);
    // The file of topics is merged line by line.
    let conflicts = git(&scratch, "diff --name-only --diff-filter=U");
    assert_eq!(
        conflicts,
        "topics/README.md\ntopics/kustomization.yaml\ntopics/topics/job-topics.yaml\n"
    );
    let stacks = [StackFn::named("topics", || {
        topics(&["clicks", "payments", ours, theirs])
    })];
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "synth --check --out {}"), @r"
    Differs
    -- notes
    left by a merge: {}/topics/README.md
    left by a merge: {}/topics/kustomization.yaml
    left by a merge: {}/topics/topics/job-topics.yaml
    not up to date: run `synth` and commit what it writes
    ");
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "synth --out {}"), @r"
    Done
    -- notes
    {}/topics/README.md: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics/kustomization.yaml: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics/topics/job-topics.yaml: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics: 3 files written, 5 unchanged
    ");
    let fresh = Scratch::new();
    shell_of(Paint::PLAIN, &stacks, &fresh, "synth --out {}");
    for (path, text) in fresh.content() {
        assert_eq!(scratch.read(&path), text, "{path}");
    }
}

#[test]
fn after_a_merge_files_are_replaced_that_both_branches_changed_and_no_others() {
    let (ours, theirs) = ("orders", "outbox");
    let scratch = merge_of_branches_that_add(ours, theirs);
    // The two topics are neighbours, so that the file of topics has a conflict too.
    assert!(
        scratch
            .read("out/topics/topics/configmap-topics.yaml")
            .contains("<<<<<<< HEAD")
    );
    let edited = scratch.read("out/topics/other/configmap-other.yaml") + "# by hand\n";
    scratch.put("out/topics/other/configmap-other.yaml", &edited);
    // A conflict that was resolved by hand, otherwise than by the stack.
    let resolved = scratch
        .read("out/topics/topics/configmap-topics.yaml")
        .replace("<<<<<<< HEAD", "");
    scratch.put("out/topics/topics/configmap-topics.yaml", &resolved);
    let stacks = [StackFn::named("topics", || {
        topics(&["clicks", "payments", ours, theirs])
    })];
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "synth --out {}"), @r"
    Failed
    -- notes
    error: `{}/topics/other/configmap-other.yaml` was edited by hand
      hint: move the change into the stack, with a builder call or `Stack::amend`, then run `synth --overwrite`
    {}/topics: not written
    ");
    assert_eq!(scratch.read("out/topics/other/configmap-other.yaml"), edited);
    git(&scratch, "checkout -q HEAD -- topics/other");
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "synth --out {}"), @r"
    Done
    -- notes
    {}/topics/README.md: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics/kustomization.yaml: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics/topics/configmap-topics.yaml: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics/topics/job-topics.yaml: a merge left a conflict or a mixture of two branches, which was replaced
    {}/topics: 4 files written, 4 unchanged
    ");
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "synth --check --out {}"), @r"
    Done
    -- notes
    {}/topics: 8 files, up to date
    ");
}

/// A stack named after a team, with the team's constructs; a team without any cannot have one.
fn team_stack(name: &str, parts: &[&'static str]) -> Result<Stack, String> {
    if parts.is_empty() {
        return Err(format!("team {name} has nothing to run"));
    }
    let mut stack = Stack::new(name, name);
    for name in parts {
        stack.add(part(name, &[]));
    }
    Ok(stack)
}

#[test]
fn closures_over_data_and_results_are_stacks() {
    let teams = [("billing", vec!["one"]), ("crm", vec!["one", "two"])];
    let stacks: Vec<StackFn<'_>> = teams
        .iter()
        .map(|(name, parts)| StackFn::named(*name, || team_stack(name, parts)))
        .chain([StackFn::from(good)])
        .collect();
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &Scratch::new(), "list"), @r"
    Done
    -- data
    billing  namespace billing  1 construct
    crm      namespace crm      2 constructs
    good     namespace kafka    1 construct
    ");
}

#[test]
fn only_stacks_that_are_asked_for_are_made() {
    let made = std::cell::RefCell::new(Vec::new());
    let counted = |name: &'static str| {
        made.borrow_mut().push(name);
        Stack::new(name, name)
    };
    let counted = &counted;
    let named = |name| StackFn::named(name, move || counted(name));
    let unnamed = |name: &'static str| StackFn::from(move || counted(name));
    let made_by = |stacks: &[StackFn<'_>], words: &str| {
        made.borrow_mut().clear();
        shell_of(Paint::PLAIN, stacks, &Scratch::new(), words);
        made.borrow().join(" ")
    };
    let all_named = ["one", "two", "three"].map(named);
    assert_eq!(made_by(&all_named, "check three one"), "one three");
    assert_eq!(made_by(&all_named, "check four"), "");
    assert_eq!(made_by(&all_named, "completions fish"), "");
    assert_eq!(made_by(&all_named, "list"), "one two three");
    let mixed = [named("one"), unnamed("two"), named("three")];
    assert_eq!(made_by(&mixed, "check one"), "one");
    // The name of a function without one is only known once it was called.
    assert_eq!(made_by(&mixed, "check two"), "two");
    assert_eq!(made_by(&mixed, "completions fish"), "two");
}

#[test]
fn a_stack_that_fails_or_panics_does_not_take_others_with_it() {
    let panics = || -> Stack { panic!("no zone has {} brokers", 5) };
    let mut amended = good();
    amended.amend::<ConfigMap>("broker", |map| map.data.as_mut().unwrap().clear());
    amended.amend::<ConfigMap>("broker", |map| {
        assert_eq!(map.data.as_ref().unwrap().len(), 1, "one key");
    });
    let amended = std::cell::Cell::new(Some(amended));
    let stacks = [
        StackFn::named("first", panics),
        StackFn::named("second", || team_stack("second", &[])),
        StackFn::from(move || amended.take().unwrap()),
        StackFn::from(panics),
        StackFn::from(|| Stack::new("risky", "kafka").existing_namespace()),
        StackFn::from(|| Err::<Stack, _>("unreadable")),
        StackFn::named("other", || Stack::new("another", "kafka")),
    ];
    let scratch = Scratch::new();
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "synth --out {}"), @r#"
    Failed
    -- notes
    error: stack `first` panicked at src/cli/tests.rs:LINE: no zone has 5 brokers
    error: stack `second` failed: team second has nothing to run
    error: stack 4 of 7 panicked at src/cli/tests.rs:LINE: no zone has 5 brokers
    error: stack 6 of 7 failed: unreadable
    error: stack `other` is called `another` in `Stack::new` at src/cli/tests.rs:LINE: use the same name in `StackFn::named`
    error: stack `good` panicked at src/cli/tests.rs:LINE: assertion `left == right` failed: one key
      left: 0
     right: 1
    warning[KS-S13] risky: the stack has no constructs
      --> src/cli/tests.rs:LINE
      hint: add one, such as `stack.add(KafkaCluster::kraft(…))`
      acknowledge: stack.acknowledge(&rules::stack::EMPTY, "reason")
    1 warning
    {}/risky: 2 files written
    "#);
    assert!(scratch.path("out/risky/kustomization.yaml").exists());
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "check risky first second --format json"), @r#"
    Failed
    -- data
    {
      "failures": [
        "stack `first` panicked at src/cli/tests.rs:LINE: no zone has 5 brokers",
        "stack `second` failed: team second has nothing to run"
      ],
      "format_version": 2,
      "stacks": [
        {
          "errors": 0,
          "findings": [
            {
              "acknowledge_with": "stack.acknowledge(&rules::stack::EMPTY, \"reason\")",
              "acknowledged": null,
              "construct": "",
              "hint": "add one, such as `stack.add(KafkaCluster::kraft(…))`",
              "item": "",
              "location": "src/cli/tests.rs:LINE",
              "message": "the stack has no constructs",
              "rule": "KS-S13",
              "severity": "warning",
              "subject": "risky"
            }
          ],
          "name": "risky",
          "warnings": 1
        }
      ]
    }
    -- notes
    error: stack `first` panicked at src/cli/tests.rs:LINE: no zone has 5 brokers
    error: stack `second` failed: team second has nothing to run
    "#);
    // What was asked for is there.
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks, &scratch, "check risky"), @r#"
    Done
    -- data
    warning[KS-S13] risky: the stack has no constructs
      --> src/cli/tests.rs:LINE
      hint: add one, such as `stack.add(KafkaCluster::kraft(…))`
      acknowledge: stack.acknowledge(&rules::stack::EMPTY, "reason")
    1 warning
    "#);
    assert_snapshot!(shell_of(Paint::PLAIN, &stacks[4..], &scratch, "synth rissky --out {}"), @r"
    Failed
    -- notes
    error: stack 2 of 3 failed: unreadable
    error: there is no stack `rissky`; did you mean `risky`?
      hint: the stacks are `risky`, `other`
    ");
}

#[test]
fn list_names_the_stacks_and_judges_none() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&[good, risky, wrong], &scratch, "list"), @r"
    Done
    -- data
    good   namespace kafka  1 construct
    risky  namespace kafka  2 constructs
    wrong  namespace kafka  2 constructs
    ");
    assert_snapshot!(shell(&[good], &scratch, "list --format json"), @r#"
    Done
    -- data
    {
      "failures": [],
      "format_version": 2,
      "stacks": [
        {
          "constructs": [
            "broker"
          ],
          "name": "good",
          "namespace": "kafka"
        }
      ]
    }
    "#);
}

#[test]
fn tree_shows_constructs_objects_and_totals() {
    let scratch = Scratch::new();
    assert_snapshot!(shell(&STACKS, &scratch, "tree risky"), @r"
    Done
    -- data
    risky  5 objects, requests 9 CPU and 48 GiB memory, limits 9 CPU and 48 GiB memory, 3 GiB disk
    ├── Namespace kafka
    ├── broker  requests 4.5 CPU and 24 GiB memory, limits 4.5 CPU and 24 GiB memory, 1.5 GiB disk
    │   ├── ConfigMap broker
    │   └── StatefulSet broker
    └── other  requests 4.5 CPU and 24 GiB memory, limits 4.5 CPU and 24 GiB memory, 1.5 GiB disk
        ├── ConfigMap other
        └── StatefulSet other
    ");
    assert_snapshot!(shell(&STACKS, &scratch, "tree good --format json"), @r#"
    Done
    -- data
    {
      "constructs": [
        {
          "name": "",
          "objects": [
            {
              "kind": "Namespace",
              "name": "kafka",
              "path": "namespace/namespace-kafka.yaml"
            }
          ],
          "totals": {
            "disk_bytes": 0,
            "limits": {
              "cpu_millicores": 0,
              "memory_bytes": 0
            },
            "requests": {
              "cpu_millicores": 0,
              "memory_bytes": 0
            }
          }
        },
        {
          "name": "broker",
          "objects": [
            {
              "kind": "ConfigMap",
              "name": "broker",
              "path": "broker/configmap-broker.yaml"
            },
            {
              "kind": "StatefulSet",
              "name": "broker",
              "path": "broker/statefulset-broker.yaml"
            }
          ],
          "totals": {
            "disk_bytes": 1572864000,
            "limits": {
              "cpu_millicores": 4500,
              "memory_bytes": 25769803776
            },
            "requests": {
              "cpu_millicores": 4500,
              "memory_bytes": 25769803776
            }
          }
        }
      ],
      "format_version": 2,
      "stack": "good",
      "totals": {
        "disk_bytes": 1572864000,
        "limits": {
          "cpu_millicores": 4500,
          "memory_bytes": 25769803776
        },
        "requests": {
          "cpu_millicores": 4500,
          "memory_bytes": 25769803776
        }
      }
    }
    "#);
    let page = shell(&STACKS, &scratch, "tree risky --format html");
    assert!(
        page.starts_with("Done\n-- data\n<!doctype html>\n") && page.contains("<b>broker</b>"),
        "{page}"
    );
    assert_snapshot!(shell(&STACKS, &scratch, "list --format html"), @r"
    Failed
    -- notes
    error: only `tree` writes this format
      hint: use `--format text` or `--format json`
    ");
    assert_snapshot!(shell(&[wrong], &scratch, "tree wrong").lines().next().unwrap(), @"Failed");
}

#[test]
fn colours_are_for_those_who_asked_and_do_not_move_the_text() {
    let scratch = Scratch::new();
    let colours = Paint::new(ColorChoice::Always, false);
    for words in ["check", "list", "tree risky", "explain", "explain KS-D02", "synth prod"] {
        let coloured = shell_in(colours, &STACKS, &scratch, words);
        assert!(coloured.contains("\u{1b}["), "{words}");
        let mut plain = coloured;
        for style in ["1;31", "1;33", "36", "1", "2", "0"] {
            plain = plain.replace(&format!("\u{1b}[{style}m"), "");
        }
        assert_eq!(plain, shell(&STACKS, &scratch, words));
    }
}

#[test]
fn the_wished_colour_is_found_among_arguments_that_are_wrong() {
    for (words, expected) in [
        ("x synth --color never --wrong", ColorChoice::Never),
        ("x --color=always", ColorChoice::Always),
        ("x --color", ColorChoice::Auto),
        ("x --colour never", ColorChoice::Auto),
        ("x --color sometimes", ColorChoice::Auto),
    ] {
        let words: Vec<OsString> = words.split(' ').map(OsString::from).collect();
        assert_eq!(wished_color(&words), expected, "{words:?}");
    }
}

#[test]
fn the_arguments_are_well_formed() {
    Arguments::command().debug_assert();
}

fn overloaded() -> Stack {
    use crate::prelude::*;
    let mut stack = Stack::new("overloaded", "kafka");
    let kafka = stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(
                NodePool::brokers("kafka", 3)
                    .storage(Storage::persistent(100.gib()))
                    .disk_throughput(125.mebibytes_per_second())
                    .cpu_class(CpuClass::HUAWEI_DMS_C6),
            ),
    );
    let keyed = |name: &str, cleanup| Topic::new(name, 12, cleanup).segment_age(1.hours());
    stack.add(
        Topics::new("topics", &kafka)
            .topic(
                keyed("orders", Cleanup::delete_after(1.days()))
                    .load(Load::new(5000.records_per_second(), 1000.bytes())),
            )
            .topic(keyed("clicks", Cleanup::delete_after(1.gib())))
            .topic(keyed(
                "both",
                Cleanup::delete_after(Retention::TimeAndSize(1.days(), 1.gib())),
            ))
            .topic(keyed("state", Cleanup::compact())),
    );
    stack
}

#[test]
fn a_load_that_does_not_hold_is_shown_with_its_figures_and_fails() {
    assert_snapshot!(shell(&[overloaded], &Scratch::new(), "capacity overloaded"), @r#"
    Failed
    -- data
    overloaded/kafka  3 brokers, 5,000 records/s, 5 MB/s

    pool kafka: 3 brokers
    each broker                all up     one down          has  ceiling   headroom
    disk write                ≥5 MB/s      ≥5 MB/s     131 MB/s     80 %      ≤95 %
    network in             ≥40 Mbit/s   ≥40 Mbit/s      unknown     80 %    unknown
    network out          ≥26.7 Mbit/s   ≥20 Mbit/s      unknown     80 %    unknown
    produced, by CPU         ≥1,666/s     ≥2,500/s     30,000/s    100 %      ≤91 %
    volume                   ≥464 GiB                   100 GiB     85 %    ≤-446 %
    30 s of writes           ≥143 MiB                     2 GiB    100 %      ≤93 %
    partition replicas            148                     1,000    100 %       85 %
    full after            ≤5 h 57 min
    page cache holds     ≤429 s of writes

    topic                     stored  groups           kept  each broker
    orders                    5 MB/s unknown             1d      416 GiB
    clicks                   unknown unknown            1Gi       24 GiB
    both                     unknown unknown      1d or 1Gi       24 GiB
    state                    unknown unknown  newest of key      unknown

    - not given for pool `kafka`: network throughput
    - not given for `clicks`, `both`, `state`: load, which is therefore not counted
    - not given for `orders`: consumer groups, so only followers are counted as
      readers
    - not given for `orders`: compression, so records are counted at their full size
    -- notes
    error[KS-C01] overloaded/kafka/kafka: each broker of pool `kafka` keeps 464 GiB, but only 85 GiB (85 %) of its volume are usable: full after 5 h 57 min
      --> src/cli/tests.rs:LINE
      hint: smallest sufficient changes, any one of: `NodePool::brokers("kafka", 18)`, `.storage(Storage::persistent(546.gib()))` or no topic with more than `Cleanup::delete_after(1.hours())`
    warning[KS-C03] overloaded/kafka/kafka: not given for pool `kafka`: network throughput
      --> src/cli/tests.rs:LINE
      hint: add `.network(10.gigabits_per_second())`, with figures from the vendor or a measurement
      acknowledge: .acknowledge(&rules::capacity::UNKNOWN, "reason")
    warning[KS-C03] overloaded/topics: not given for `clicks`, `both`, `state`: load, which is therefore not counted
      --> src/cli/tests.rs:LINE
      hint: add `Topic::load(Load::new(…))`, or `KafkaCluster::load(…)` for all of them together
      acknowledge: .acknowledge(&rules::capacity::UNKNOWN, "reason")
    warning[KS-C03] overloaded/topics/orders: not given for `orders`: consumer groups, so only followers are counted as readers
      --> src/cli/tests.rs:LINE
      hint: add `Load::consumer_groups(…)`
      acknowledge: .acknowledge(&rules::capacity::UNKNOWN, "reason")
    1 error, 3 warnings
    "#);
}

#[test]
fn figures_for_programs_have_units_in_their_names() {
    let shown = shell(&[overloaded], &Scratch::new(), "capacity overloaded --format json");
    let report: serde_json::Value = serde_json::from_str(shown.strip_prefix("Failed\n-- data\n").unwrap()).unwrap();
    assert_snapshot!(format!("{:#}", report["clusters"][0]["pools"][0]["limits"][0]), @r#"
    {
      "ceiling_percent": 80,
      "has": 131072000,
      "headroom_percent": 95,
      "holds": null,
      "needs": 5000000,
      "needs_at_least": true,
      "needs_while_away": 5000000,
      "resource": "disk_write",
      "unit": "bytes_per_second"
    }
    "#);
    assert_snapshot!(format!("{:#}", report["clusters"][0]["topics"][2]), @r#"
    {
      "bytes_per_broker": 446684901888,
      "consumer_groups": null,
      "copies": 3,
      "internal": false,
      "name": "orders",
      "partitions": 12,
      "stored_bytes_per_second": 5000000
    }
    "#);
    assert_eq!(report["clusters"][0]["pools"][0]["full_after_seconds"], 21_474);
    assert_eq!(report["findings"][0]["rule"], "KS-C01");
}

#[test]
fn a_stack_without_brokers_has_no_figures() {
    let shown = shell(&[good], &Scratch::new(), "capacity good");
    assert_eq!(shown, "Done\n-- notes\nstack `good` has no brokers of its own\n");
    let shown = shell(&[good], &Scratch::new(), "capacity good --format json");
    assert!(shown.contains("\"clusters\": []"), "{shown}");
}

/// A cluster, and what a change of it accepts.
fn planned(storage: u64, accept: impl FnOnce(&mut Stack)) -> Stack {
    use crate::prelude::{KafkaCluster, NodePool, Storage, Units as _, Version};
    let mut stack = Stack::new("planned", "kafka").existing_namespace();
    accept(&mut stack);
    stack.add(
        KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
            .pool(NodePool::controllers("kafka-controller", 3))
            .pool(NodePool::brokers("kafka", 3).storage(Storage::persistent(storage.gib())))
            .acknowledge(&crate::rules::security::PLAINTEXT, "not what is tested here"),
    );
    stack
}

#[test]
fn a_planned_change_is_accepted_and_stays_visible() {
    use crate::prelude::Change;
    let before = || planned(100, |_| {});
    let accepted = || {
        planned(200, |stack| {
            stack.accept(Change::VolumeGrown("kafka"), "the class expands: tried in staging");
        })
    };
    let scratch = Scratch::new();
    shell(&[before], &scratch, "synth --out {}");
    let words = "diff --out {} --against {} --fail-on manual-steps";
    let report = shell(&[accepted], &scratch, words);
    assert_snapshot!(report);
    let (_, shown) = report.split_once("-- data\n").unwrap();
    let page = include_str!("../../docs/diff.md");
    assert!(page.contains(shown), "docs/diff.md must show:\n{shown}");
    // Without it, and for another object, the run fails.
    assert!(shell(&[|| planned(200, |_| {})], &scratch, words).starts_with("Failed\n"));
    let other = || {
        planned(200, |stack| {
            stack.accept(Change::VolumeGrown("kafka-controller"), "a typing error");
        })
    };
    let report = shell(&[other], &scratch, words);
    assert!(
        report.starts_with("Failed\n") && report.contains("matches no change"),
        "{report}"
    );
    // Synth says the same bytes with and without it, and does not refuse.
    assert_snapshot!(shell(&[accepted], &scratch, "synth --out {}"));
    let written = Scratch::new();
    shell(&[|| planned(200, |_| {})], &written, "synth --out {}");
    let set = "out/planned/kafka/statefulset-kafka.yaml";
    assert_eq!(scratch.read(set), written.read(set));
    // Once it is merged, it is stale.
    assert_snapshot!(shell(&[accepted], &scratch, "diff --out {} --against {}"));
    assert!(shell(&[accepted], &scratch, words).starts_with("Failed\n"));
    assert_snapshot!(shell(&[accepted], &scratch, "diff --out {} --against {} --format json"));
}

#[test]
fn an_acceptance_names_one_change() {
    use crate::prelude::{Change, Cleanup, KafkaCluster, Topic, Topics, Units as _, Version};
    fn stack(days: u64, accept: Option<&str>) -> Stack {
        let mut stack = Stack::new("topics", "kafka").existing_namespace();
        let kafka = KafkaCluster::external("events", Version::V4_3, "kafka.example.com:9092");
        let topics = ["orders", "returns"].map(|name| Topic::new(name, 12, Cleanup::delete_after(days.days())));
        stack.add(Topics::new("kafka-topics", &kafka).topics(topics));
        if let Some(what) = accept {
            stack.accept(Change::TopicRetentionCut(what), "agreed");
        }
        stack
    }
    let scratch = Scratch::new();
    shell(&[|| stack(7, None)], &scratch, "synth --out {}");
    let words = "diff --out {} --against {} --fail-on data-loss";
    let one = shell(&[|| stack(3, Some("orders"))], &scratch, words);
    assert_eq!(one.matches("accepted: agreed").count(), 1, "{one}");
    assert!(
        one.starts_with("Failed\n") && !one.contains("KS-S05"),
        "the other topic is open: {one}"
    );
    let both = shell(&[|| stack(3, Some("kafka-topics"))], &scratch, words);
    assert!(
        both.starts_with("Failed\n") && both.contains("matches 2 changes: `kafka-topics data["),
        "{both}"
    );
    let path = both
        .split('`')
        .find(|part| part.starts_with("kafka-topics data["))
        .unwrap();
    assert!(path.ends_with("].orders[retention.ms]"), "{path}");
}
