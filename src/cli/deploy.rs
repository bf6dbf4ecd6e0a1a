//! `deploy`: brings a stack into a cluster by the user's own kubectl, wave by wave.

use std::{
    collections::BTreeSet,
    io::{self, BufRead as _, IsTerminal as _},
    path::PathBuf,
    time::Duration,
};

use clap::Args;
use serde_json::Value;

use crate::{
    cli::{
        Outcome, diff as changes,
        failure::Failure,
        kubectl::{self, Access, Cluster, Kubectl, failure},
        output::{Output, count},
        running::Running,
        stacks::StackFn,
    },
    diagnostics::printable,
    diff::{Class, Report, Source},
    manifest::Identity,
    operate::{
        control::{Action, Control, Told},
        deploy::{Part, Wave, deletion, identity, not_served, parts, printed, shown, stream, superfluous, waves},
        live::{Request, Trouble},
    },
};

/// Bring a stack into a cluster, wave by wave, with your own kubectl
///
/// Shows what it does to the cluster first, and asks before changes that need manual steps or lose data. Running it again completes what was
/// interrupted.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(super) struct Arguments {
    /// The stack to deploy
    #[arg(value_name = "STACK")]
    stack: String,

    /// Show the changes and the waves, and change nothing
    #[arg(long)]
    dry_run: bool,

    /// How long each wave may take to become healthy
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = kubectl::duration)]
    timeout: Duration,

    /// Do not ask for changes up to this class, such as `manual-steps`
    #[arg(long, value_name = "CLASS")]
    yes: Option<Class>,

    /// Delete objects of earlier deploys that the stack does not have any more; never claims and namespaces
    #[arg(long)]
    prune: bool,

    /// Leave out objects of the Prometheus operator where its custom resources are not installed
    #[arg(long)]
    without_monitoring: bool,

    /// Take over fields that others manage
    #[arg(long)]
    force_conflicts: bool,

    /// The output folder, which has one folder per stack
    #[arg(long, value_name = "DIR", default_value = "out")]
    out: PathBuf,

    #[command(flatten)]
    access: Access,
}

pub(super) fn run(arguments: &Arguments, stacks: &[StackFn<'_>], output: &mut Output<'_>) -> Result<Outcome, Failure> {
    if output.is_json() {
        return Err(Failure::new(
            "`deploy` tells its progress and cannot be combined with `--format json`",
        ));
    }
    let Some(running) = Running::of(&arguments.stack, stacks, output)? else {
        return Ok(Outcome::Failed);
    };
    if !running.is_written_in(&arguments.out)? {
        let folder = arguments.out.join(running.stack.name());
        return Err(
            Failure::new(format!("`{}` is not what the stack renders", folder.display()))
                .hint("run `synth`, look at the changes and commit them: what is deployed is what was reviewed"),
        );
    }
    let kubectl = Kubectl::new(&arguments.access, kubectl::CALL);
    let token = kubectl::token();
    let cluster = Cluster::new(&kubectl, &token);
    kubectl::reachable(&cluster, running.stack.context().kubernetes)?;
    Deploy {
        arguments,
        running: &running,
        control: &cluster,
        manager: manager(&running),
        asks: io::stdin().is_terminal(),
    }
    .run(output)
}

/// As the API server notes who applies a stack. Each stack has its own, so that `--prune` finds what is its own.
fn manager(running: &Running) -> String {
    format!("kafka-stacks-{}", running.stack.name())
}

/// One run of the verb.
struct Deploy<'a> {
    arguments: &'a Arguments,
    running: &'a Running,
    control: &'a dyn Control,
    /// As the API server notes it.
    manager: String,
    /// Whether someone can answer a question.
    asks: bool,
}

impl Deploy<'_> {
    fn run(&self, output: &mut Output<'_>) -> Result<Outcome, Failure> {
        let parts = self.served(parts(self.running.texts()), output)?;
        let surplus = superfluous(self.control, &parts, &self.manager).map_err(|trouble| failure(&trouble))?;
        let (report, refusal) = self.compare(&parts, &surplus)?;
        output.data([changes::report_text(&report, output.data_paint()).as_str()])?;
        if let Some(trouble) = refusal {
            output.note("nothing was changed\n");
            return Err(failure(&trouble));
        }
        if report.is_empty() {
            output.note("the cluster has every object as the stack has it\n");
        }
        if !surplus.is_empty() && !self.arguments.prune {
            let names: Vec<String> = surplus.iter().map(shown).collect();
            output.note(&format!(
                "note: {} of earlier deploys, not in the stack any more: {}; `--prune` deletes them\n",
                count(surplus.len(), "object"),
                names.join(", ")
            ));
        }
        let waves = waves(parts);
        if self.arguments.dry_run {
            for wave in &waves {
                output.note(&format!("wave {}: {}\n", wave.title(), wave.names().join(", ")));
            }
            return Ok(if report.is_empty() {
                Outcome::Done
            } else {
                Outcome::Differs
            });
        }
        self.confirm(report.open_class(), output)?;
        for wave in &waves {
            self.apply(wave, output)?;
        }
        if self.arguments.prune {
            for object in &surplus {
                let name = shown(object);
                self.control
                    .act(&deletion(object))
                    .map_err(|trouble| failure(&trouble))?;
                output.note(&format!("{name}: deleted\n"));
            }
        }
        let stack = self.running.stack.name();
        output.note(&format!("deployed: `verify {stack}` checks what runs\n"));
        Ok(Outcome::Done)
    }

    /// The parts whose kinds the cluster has.
    fn served(&self, parts: Vec<Part>, output: &mut Output<'_>) -> Result<Vec<Part>, Failure> {
        let missing = not_served(self.control, &parts).map_err(|trouble| failure(&trouble))?;
        let is_missing = |part: &Part| {
            missing
                .get(part.api_version())
                .is_some_and(|kinds| kinds.contains(part.kind()))
        };
        let (left_out, kept): (Vec<Part>, Vec<Part>) = parts.into_iter().partition(is_missing);
        if left_out.is_empty() {
            return Ok(kept);
        }
        let messages: Vec<String> = missing
            .iter()
            .map(|(version, kinds)| {
                let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
                format!("the cluster has no `{}` of {version}", kinds.join("`, `"))
            })
            .collect();
        if !left_out.iter().all(Part::is_monitoring) {
            return Err(Failure::several(messages).hint("install the operator that these kinds belong to"));
        }
        if !self.arguments.without_monitoring {
            return Err(Failure::several(messages).hint(
                "install the Prometheus operator, or go on without scraping and alerts: `--without-monitoring`",
            ));
        }
        output.note(&format!(
            "note: the Prometheus operator is not installed: {} left out, so nothing is scraped and no alert fires\n",
            count(left_out.len(), "object")
        ));
        Ok(kept)
    }

    /// What a deploy does to the live objects, and why the API server refuses it, if it does.
    fn compare(&self, parts: &[Part], surplus: &[Value]) -> Result<(Report, Option<Trouble>), Failure> {
        let found = self
            .control
            .ask(&Request::Find(stream(parts).into()))
            .and_then(|answer| printed(&answer))
            .map_err(|trouble| failure(&trouble))?;
        let known: BTreeSet<Identity> = found.iter().map(identity).collect();
        // An object in a namespace that is not there yet cannot be tried.
        let namespaces: BTreeSet<String> = known.iter().map(|identity| identity.namespace.clone()).collect();
        let (tried, untried): (Vec<&Part>, Vec<&Part>) = parts.iter().partition(|part| {
            let identity = part.identity();
            known.contains(&identity) || namespaces.contains(&identity.namespace)
        });
        let (mut after, mut refusal) = (Vec::new(), None);
        if !tried.is_empty() {
            let action = self.application(&tried, true);
            match self.control.act(&action).and_then(|answer| printed(&answer)) {
                Ok(objects) => after.extend(objects.iter().map(Value::to_string)),
                Err(trouble @ (Trouble::Failed(_) | Trouble::Conflict(_))) => {
                    after.extend(tried.iter().map(|part| part.text.clone()));
                    refusal = Some(trouble);
                }
                Err(trouble) => return Err(failure(&trouble)),
            }
        }
        after.extend(untried.iter().map(|part| part.text.clone()));
        let pruned = if self.arguments.prune { surplus } else { &[] };
        let before = found.iter().chain(pruned).map(Value::to_string);
        let mut report = changes::compare(sources("live", before), sources("stack", after))?;
        report.accept(self.running.stack.name(), &self.running.stack.acceptances);
        Ok((report, refusal))
    }

    fn application(&self, parts: &[&Part], dry_run: bool) -> Action {
        Action::Apply {
            objects: stream(parts.iter().copied()),
            manager: self.manager.clone(),
            force: self.arguments.force_conflicts,
            dry_run,
        }
    }

    /// Asks, from manual steps up.
    fn confirm(&self, class: Class, output: &mut Output<'_>) -> Result<(), Failure> {
        if class < Class::ManualSteps || self.arguments.yes.is_some_and(|yes| yes >= class) {
            return Ok(());
        }
        if !self.asks {
            return Err(
                Failure::new(format!("not deployed: the changes are of class `{class}`")).hint(format!(
                    "read what they need and do; then `--yes {class}` goes on without a question"
                )),
            );
        }
        output.note(&format!("the changes are of class `{class}`; type it to go on: "));
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        if read.is_ok() && answer.trim() == class.name() {
            Ok(())
        } else {
            Err(Failure::new("not deployed: nothing was changed"))
        }
    }

    fn apply(&self, wave: &Wave, output: &mut Output<'_>) -> Result<(), Failure> {
        output.note(&format!(
            "wave {}: {}\n",
            wave.title(),
            count(wave.parts.len(), "object")
        ));
        let all: Vec<&Part> = wave.parts.iter().collect();
        self.control
            .act(&self.application(&all, false))
            .map_err(|trouble| failure(&trouble))?;
        let mut tell = |told: Told<'_>| output.progress(told, "  ");
        wave.settle(self.control, self.arguments.timeout, &mut tell)
            .map_err(|lines| {
                for line in lines {
                    output.note(&format!("  {}\n", printable(line)));
                }
                let (wave, stack) = (wave.title(), self.running.stack.name());
                Failure::new(format!("wave {wave} did not become healthy")).hint(format!(
                    "later waves were not applied; when the cause is mended, `deploy {stack}` goes on"
                ))
            })
    }
}

fn sources(side: &str, texts: impl IntoIterator<Item = String>) -> Vec<Source> {
    let numbered = texts.into_iter().enumerate();
    numbered
        .map(|(number, text)| Source {
            file: format!("{side}/{number}"),
            text,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use insta::assert_snapshot;
    use serde_json::json;

    use super::*;
    use crate::{
        cli::{
            kubectl::Access,
            output::{Format, Paint},
        },
        operate::simulated::Simulated,
        prelude::*,
        synth::synth,
    };

    fn running(partitions: u32) -> Running {
        let mut stack = Stack::new("calls", "kafka");
        let kafka = stack.add(
            KafkaCluster::kraft("kafka", Version::V4_3, "WXo4c0tSYlFOc1lEa3ZkTw")
                .pool(NodePool::controllers("kafka-controller", 3))
                .pool(NodePool::brokers("kafka", 3)),
        );
        let topic = Topic::new("orders", partitions, Cleanup::delete_after(7.days()));
        stack.add(Topics::new("topics", &kafka).topic(topic));
        stack.add(Monitoring::new("monitoring", &kafka));
        let manifests = synth(&stack).manifests.unwrap();
        Running { stack, manifests }
    }

    fn arguments() -> Arguments {
        Arguments {
            stack: "calls".to_owned(),
            dry_run: false,
            timeout: Duration::from_secs(60),
            yes: None,
            prune: false,
            without_monitoring: false,
            force_conflicts: false,
            out: "out".into(),
            access: Access::default(),
        }
    }

    /// The report, and what was noted, with the error at its end.
    fn deploy(cluster: &Simulated, running: &Running, arguments: &Arguments) -> (String, String) {
        let (mut data, mut notes) = (Vec::new(), Vec::new());
        let end = Deploy {
            arguments,
            running,
            control: cluster,
            manager: manager(running),
            asks: false,
        }
        .run(&mut Output::new(
            (&mut data, Paint::PLAIN),
            (&mut notes, Paint::PLAIN),
            Format::Text,
        ));
        let [data, mut notes] = [data, notes].map(|bytes| String::from_utf8(bytes).unwrap());
        notes += &match end {
            Ok(outcome) => format!("{outcome:?}\n"),
            Err(failure) => failure.text(Paint::PLAIN),
        };
        (data, notes)
    }

    #[test]
    fn a_stack_comes_up_from_nothing_wave_by_wave_and_then_nothing_differs() {
        let (cluster, running) = (Simulated::empty(), running(3));
        assert_snapshot!(deploy(&cluster, &running, &arguments()).1, @r"
        wave configuration: 22 objects
        wave controllers: 1 object
          statefulset/kafka-controller: 0 of 3 pods are ready: `kafka-controller-100` is Running
          statefulset/kafka-controller: 3 of 3 pods are ready
        wave brokers: 1 object
          statefulset/kafka: 0 of 3 pods are ready: `kafka-0` is Running
          statefulset/kafka: 3 of 3 pods are ready
        wave topics: 2 objects
          job/topics-511ebc38: is complete
        wave clients: 1 object
          deployment/kafka-exporter: 0 of 1 pods are ready: `kafka-exporter-0` is Running
          deployment/kafka-exporter: 1 of 1 pods are ready
        deployed: `verify calls` checks what runs
        Done
        ");
        let (report, notes) = deploy(&cluster, &running, &arguments());
        assert_eq!(report, "");
        assert!(
            notes.starts_with("the cluster has every object as the stack has it\n"),
            "{notes}"
        );
    }

    #[test]
    fn a_dry_run_shows_the_waves_and_changes_nothing() {
        let (cluster, running) = (Simulated::empty(), running(3));
        let dry = Arguments {
            dry_run: true,
            ..arguments()
        };
        let (report, notes) = deploy(&cluster, &running, &dry);
        assert!(!report.is_empty());
        let later: Vec<&str> = notes.lines().skip(1).collect();
        assert!(
            notes.starts_with("wave configuration: namespace/kafka, serviceaccount/kafka, "),
            "{notes}"
        );
        assert_snapshot!(later.join("\n"), @r"
        wave controllers: statefulset/kafka-controller
        wave brokers: statefulset/kafka
        wave topics: cronjob/topics, job/topics-511ebc38
        wave clients: deployment/kafka-exporter
        Differs
        ");
        assert_eq!(cluster.state().log, [""; 0]);
    }

    #[test]
    fn a_wave_that_fails_tells_why_and_the_next_run_completes_it() {
        let (cluster, running) = (Simulated::empty(), running(3));
        cluster.state().broken = Some("kafka-1".to_owned());
        let (_, notes) = deploy(&cluster, &running, &arguments());
        let end: Vec<&str> = notes
            .lines()
            .skip_while(|line| !line.starts_with("wave brokers"))
            .collect();
        assert_snapshot!(end.join("\n"), @r"
        wave brokers: 1 object
          statefulset/kafka: 0 of 3 pods are ready: `kafka-0` is Running
          statefulset/kafka: 2 of 3 pods are ready: `kafka-1` is Running
          statefulset/kafka is not healthy after 60 s: 2 of 3 pods are ready: `kafka-1` is Running
          pod/kafka-1 is Running
            log: [pod/kafka-1/kafka] Address already in use
            event: BackOff: Back-off restarting failed container
        error: wave brokers did not become healthy
          hint: later waves were not applied; when the cause is mended, `deploy calls` goes on
        ");
        assert!(!cluster.state().log.iter().any(|line| line.contains("Job")));
        cluster.state().broken = None;
        let (_, notes) = deploy(&cluster, &running, &arguments());
        assert!(notes.ends_with("Done\n"), "{notes}");
    }

    #[test]
    fn a_job_that_fails_ends_its_wave_at_once() {
        let (cluster, running) = (Simulated::empty(), running(3));
        cluster.state().broken = Some("topics".to_owned());
        let (_, notes) = deploy(&cluster, &running, &arguments());
        let end: Vec<&str> = notes
            .lines()
            .skip_while(|line| !line.starts_with("wave topics"))
            .collect();
        assert!(end[1].ends_with(": failed: BackoffLimitExceeded"), "{end:?}");
        assert!(!notes.contains("wave clients"), "{notes}");
    }

    #[test]
    fn without_the_prometheus_operator_it_goes_on_only_when_told() {
        let (cluster, running) = (Simulated::empty(), running(3));
        cluster.state().not_served.insert("monitoring.coreos.com/v1".to_owned());
        assert_snapshot!(deploy(&cluster, &running, &arguments()).1, @r"
        error: the cluster has no `PodMonitor`, `PrometheusRule`, `ServiceMonitor` of monitoring.coreos.com/v1
          hint: install the Prometheus operator, or go on without scraping and alerts: `--without-monitoring`
        ");
        assert_eq!(cluster.state().log, [""; 0]);
        let without = Arguments {
            without_monitoring: true,
            ..arguments()
        };
        let (_, notes) = deploy(&cluster, &running, &without);
        assert!(
            notes.starts_with("note: the Prometheus operator is not installed: "),
            "{notes}"
        );
        assert!(notes.ends_with("Done\n"), "{notes}");
        assert!(!cluster.state().log.join(" ").contains("PrometheusRule"));
    }

    #[test]
    fn what_the_stack_no_longer_has_is_deleted_only_when_told_and_if_it_is_its_own() {
        let (cluster, running) = (Simulated::empty(), running(3));
        deploy(&cluster, &running, &arguments());
        let left = |name: &str, manager: &str| {
            json!({
                "apiVersion": "v1", "kind": "ConfigMap", "data": {},
                "metadata": { "name": name, "namespace": "kafka", "managedFields": [{ "manager": manager, "operation": "Apply" }] },
            })
        };
        cluster.state().left = vec![
            left("old", "kafka-stacks-calls"),
            left("foreign", "helm"),
            left("other", "kafka-stacks-other"),
        ];
        cluster.state().log.clear();
        let (_, notes) = deploy(&cluster, &running, &arguments());
        assert!(
            notes.contains(
                "note: 1 object of earlier deploys, not in the stack any more: configmap/old; `--prune` deletes them\n"
            ),
            "{notes}"
        );
        let prune = Arguments {
            prune: true,
            yes: Some(Class::DataLoss),
            ..arguments()
        };
        let (report, notes) = deploy(&cluster, &running, &prune);
        assert!(report.contains("ConfigMap kafka/old"), "{report}");
        assert!(notes.contains("configmap/old: deleted\n"), "{notes}");
        let deleted: Vec<String> = cluster
            .state()
            .log
            .iter()
            .filter(|line| line.starts_with("delete"))
            .cloned()
            .collect();
        assert_eq!(deleted, ["delete configmap old"]);
    }

    #[test]
    fn what_needs_manual_steps_waits_for_a_yes() {
        let cluster = Simulated::empty();
        deploy(&cluster, &running(3), &arguments());
        cluster.state().log.clear();
        // Fewer partitions are not possible: the topic would have to be made anew.
        let (report, notes) = deploy(&cluster, &running(2), &arguments());
        assert!(!report.is_empty());
        assert_snapshot!(notes, @r"
        error: not deployed: the changes are of class `manual-steps`
          hint: read what they need and do; then `--yes manual-steps` goes on without a question
        ");
        assert_eq!(cluster.state().log, [""; 0]);
        let yes = Arguments {
            yes: Some(Class::DataLoss),
            ..arguments()
        };
        assert!(deploy(&cluster, &running(2), &yes).1.ends_with("Done\n"));
    }

    #[test]
    fn what_the_api_server_refuses_is_told_before_anything_is_changed() {
        let (cluster, running) = (Simulated::empty(), running(3));
        deploy(&cluster, &running, &arguments());
        cluster.state().log.clear();
        cluster.state().refusal = Some(Trouble::Conflict(
            "Apply failed with 1 conflict: .spec.replicas".to_owned(),
        ));
        assert_snapshot!(deploy(&cluster, &running, &arguments()).1, @r"
        nothing was changed
        error: Apply failed with 1 conflict: .spec.replicas
          hint: `--force-conflicts` takes these fields over
        ");
        assert_eq!(cluster.state().log, [""; 0]);
    }
}
