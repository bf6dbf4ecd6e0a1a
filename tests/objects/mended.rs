//! `check --dir --fix`: the patch, and what it makes of the files.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use insta::assert_snapshot;

use super::{
    super::cli::{Scratch, kafka_stacks, run},
    APACHE, KAFKA, PLAIN, acknowledge_open,
    piped::piped,
};

/// What is written wrong, where it is certain what is meant: the rule, the manifests, and how it is written in them and wrong.
const CERTAIN: &[(&str, &str, &str, &str)] = &[
    // A text in quotes, and a number without.
    ("KS-A05", PLAIN, "replicas: 2", "replicas: \"2\""),
    (
        "KS-A05",
        PLAIN,
        "allowPrivilegeEscalation: false",
        "allowPrivilegeEscalation: 'false'",
    ),
    ("KS-A05", PLAIN, "mode: \"on\" # as text", "mode: on # as text"),
    ("KS-A05", PLAIN, "mode: \"007\"", "mode: 007"),
    // Letters.
    (
        "KS-A04",
        PLAIN,
        "apiVersion: apps/v1\nkind: Deployment",
        "apiVersion: Apps/v1\nkind: Deployment",
    ),
    ("KS-A12", PLAIN, "protocol: TCP", "protocol: tcp"),
    (
        "KS-A12",
        PLAIN,
        "podManagementPolicy: Parallel",
        "podManagementPolicy: parallel",
    ),
    (
        "KS-A12",
        PLAIN,
        "whenUnsatisfiable: ScheduleAnyway",
        "whenUnsatisfiable: scheduleAnyway",
    ),
    // What has one right value.
    (
        "KS-A16",
        PLAIN,
        "      restartPolicy: Always # one\n",
        "      restartPolicy: Never # one\n",
    ),
    (
        "KS-P10",
        PLAIN,
        "    whenDeleted: Retain\n",
        "    whenDeleted: Delete\n",
    ),
    // What is missing.
    (
        "KS-P01",
        KAFKA,
        "      enableServiceLinks: false\n      securityContext:\n        runAsNonRoot",
        "      securityContext:\n        runAsNonRoot",
    ),
    ("KS-P06", KAFKA, "  podManagementPolicy: Parallel\n", ""),
    ("KS-P06", KAFKA, "  publishNotReadyAddresses: true\n", ""),
    // Settings in a file and in variables.
    (
        "KS-D05",
        KAFKA,
        "    auto.create.topics.enable=false\n",
        "    auto.create.topics.enable=false\n    unclean.leader.election.enable=true\n",
    ),
    ("KS-K31", KAFKA, "    log.retention.ms=5\n", "    retention.ms=5\n"),
    (
        "KS-K31",
        KAFKA,
        "    listener.name.client.ssl.client.auth=required\n",
        "    listener.name.CLIENT.ssl.client.auth=required\n",
    ),
    (
        "KS-K31",
        KAFKA,
        "    node.id=",
        "    zookeeper.session.timeout.ms=1\n    node.id=",
    ),
    (
        "KS-D05",
        APACHE,
        "        - name: POD_NAME\n",
        "        - name: KAFKA_UNCLEAN_LEADER_ELECTION_ENABLE\n          value: \"true\"\n        - name: POD_NAME\n",
    ),
    (
        "KS-K31",
        APACHE,
        "        - name: KAFKA_LOG_RETENTION_MS\n          value: \"5\"\n",
        "        - name: KAFKA_RETENTION_MS\n          value: \"5\"\n",
    ),
];

/// The manifests with the right text in them, of which some is added for the purpose.
fn sound(base: &str, right: &str) -> String {
    let added = [
        ("  mode: fast\n", "mode: "),
        ("      serviceAccountName: app\n", "      restartPolicy: "),
        ("  serviceName: store", "    whenDeleted: "),
        ("    node.id=", "    log.retention.ms="),
        ("    node.id=", "    listener.name.client."),
        ("        - name: POD_NAME\n", "        - name: KAFKA_LOG_RETENTION_MS\n"),
    ];
    let Some((at, _)) = added
        .iter()
        .find(|(_, start)| right.starts_with(start) && !base.contains(right))
    else {
        return base.to_owned();
    };
    let new = match *at {
        "  mode: fast\n" => format!("  {right}\n"),
        "  serviceName: store" => format!("  persistentVolumeClaimRetentionPolicy:\n{right}{at}"),
        "      serviceAccountName: app\n" => format!("{right}{at}"),
        at => format!("{right}{at}"),
    };
    base.replacen(at, &new, 1)
}

/// In files as people have them: with other line ends, and without the last one.
#[test]
fn what_is_certain_is_mended_as_it_was_before() {
    let shapes: [fn(&str) -> String; 3] = [
        str::to_owned,
        |text| text.replace('\n', "\r\n"),
        |text| text.trim_end().to_owned(),
    ];
    let mut broken = Vec::new();
    for (index, (rule, base, right, wrong)) in CERTAIN.iter().enumerate() {
        let right_text = sound(base, right);
        assert!(right_text.contains(right), "{rule}: {right:?}");
        let wrong_text = right_text.replacen(right, wrong, 1);
        let shape = shapes[index % shapes.len()];
        let scratch = Scratch::new();
        scratch.put("dir/a.yaml", &shape(&wrong_text));
        let shown = run(&scratch, &["check", "--dir", "dir"]);
        let found = shown.contains(&format!("[{rule}]"));
        let shown = run(&scratch, &["check", "--dir", "dir", "--fix", "--write"]);
        let after = fs::read_to_string(scratch.path("dir/a.yaml")).unwrap();
        // What is added may come to another place than where it was.
        let sorted = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
        let missing = wrong.len() < right.len() && right.ends_with(wrong);
        let same = after == shape(&right_text) || missing && sorted(&after) == sorted(&right_text);
        if !found || shown.contains(&format!("[{rule}]")) || !same {
            broken.push(format!("{rule}, {wrong:?}: found: {found}, then\n{shown}"));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// What a stack rendered has its fields in order, so that a line that was lost comes back to its place.
#[test]
fn rendered_manifests_are_mended_byte_for_byte() {
    const EDITS: &[(&str, &str, &str)] = &[
        ("kafka/statefulset-kafka.yaml", "  podManagementPolicy: Parallel\n", ""),
        (
            "kafka/service-kafka-headless.yaml",
            "  publishNotReadyAddresses: true\n",
            "",
        ),
        (
            "kafka/configmap-kafka.yaml",
            "    num.io.threads=8\n",
            "    num.io.threads=8\n    unclean.leader.election.enable=true\n    zookeeper.session.timeout.ms=5\n",
        ),
        (
            "schema-registry/deployment-schema-registry.yaml",
            "automountServiceAccountToken: false",
            "automountServiceAccountToken: \"false\"",
        ),
        ("kafka/networkpolicy-kafka.yaml", "protocol: TCP", "protocol: tcp"),
    ];
    let scratch = Scratch::new();
    let out = Path::new(env!("CARGO_MANIFEST_DIR")).join("out/prod");
    let mut folders = vec![out.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(&out).unwrap().to_str().unwrap().to_owned();
                scratch.put(&format!("dir/{name}"), &fs::read_to_string(&path).unwrap());
            }
        }
    }
    let before = scratch.files("dir");
    for (file, right, wrong) in EDITS {
        let file = format!("dir/{file}");
        let text = fs::read_to_string(scratch.path(&file)).unwrap();
        assert!(text.contains(right), "{file}: {right}");
        scratch.put(&file, &text.replacen(right, wrong, 1));
    }
    // Of users with a password only the names are in the files.
    let secrets = [
        "--assume",
        "Secret/kafka-connect-kafka",
        "--assume",
        "Secret/schema-registry-kafka",
    ];
    let shown = run(&scratch, &[FIX, &["--write"], &secrets].concat());
    assert_eq!(shown, "exit 0\n-- stderr\n6 findings mended in 5 files\n");
    assert_eq!(scratch.files("dir"), before);
}

/// All faults of manifests: what is mended is gone, and nothing else is found instead.
#[test]
fn no_fault_that_was_mended_is_found_again() {
    let mut mended = BTreeSet::new();
    let edits = crate::faults::edits().filter(|edit| edit.layout.starts_with("objects/"));
    // The binary runs only where there is something to mend.
    for edit in edits.filter(crate::faults::Edit::is_mended) {
        let (Some(rule), to) = (edit.expected, edit.to) else {
            continue;
        };
        let scratch = Scratch::new();
        let text = edit.texts().concat();
        scratch.put("dir/a.yaml", &text);
        acknowledge_open(&scratch, "dir/", &[&text], &[]);
        let shown = run(&scratch, &[FIX, &["--write"]].concat());
        if fs::read_to_string(scratch.path("dir/a.yaml")).unwrap() == text {
            continue;
        }
        let heads = shown
            .lines()
            .filter(|line| line.starts_with("error[") || line.starts_with("warning["));
        let after: BTreeSet<&str> = heads.filter_map(|line| line.split(['[', ']']).nth(1)).collect();
        let before = edit.rules();
        assert!(
            after.is_subset(&before),
            "{rule}, {to:?}: {after:?} after {before:?}\n{shown}"
        );
        if !after.contains(rule) {
            mended.insert(rule);
        }
        assert!(!run(&scratch, FIX).contains("-- stdout\n"), "{rule}, {to:?}");
    }
    let expected = ["KS-A03", "KS-A05", "KS-A12", "KS-A16", "KS-P01", "KS-P06", "KS-P10"];
    assert_eq!(mended, expected.into_iter().collect());
}

/// Argo CD with server-side apply writes the default of a relabeling into the object.
#[test]
fn an_action_that_argo_cd_would_add_is_added() {
    let sound = "\
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: store, namespace: kafka}
spec:
  podMetricsEndpoints:
  - port: http
    relabelings:
    - action: replace
      sourceLabels: [a]
      targetLabel: b
  selector: {matchLabels: {app: store}}
---
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: streams, namespace: argocd}
spec:
  destination: {namespace: kafka}
  source: {path: all}
  syncPolicy:
    syncOptions: [ServerSideApply=true]
";
    let scratch = Scratch::new();
    let rest = PLAIN.find("kind: PodMonitor").unwrap();
    let others = &PLAIN[..PLAIN[..rest].rfind("---").unwrap()];
    let sound = format!("{others}---\n{sound}");
    scratch.put("dir/a.yaml", &sound.replace("action: replace\n      source", "source"));
    let shown = run(&scratch, FIX);
    assert!(shown.contains("+    - action: replace\n"), "{shown}");
    run(&scratch, &[FIX, &["--write"]].concat());
    assert_eq!(fs::read_to_string(scratch.path("dir/a.yaml")).unwrap(), sound);
}

/// Two files, of which one is of Windows, and the other ends without a line end.
fn wrong() -> Scratch {
    let scratch = Scratch::new();
    let kafka = KAFKA.replace("  podManagementPolicy: Parallel\n", "").replace(
        "    node.id=",
        "    # both are wrong\n    retention.ms=5\n    listener.name.CLIENT.ssl.client.auth=required\n    node.id=",
    );
    scratch.put("dir/kafka one.yaml", &kafka.replace('\n', "\r\n"));
    let service = "# top\napiVersion: v1\nkind: Service\nmetadata: {name: 'a', namespace: b}\nspec:\n  clusterIP: None\n  ports: [{port: \"80\", protocol: tcp}] # all";
    scratch.put("dir/sub/b.yaml", service);
    scratch
}

/// In quotes it is a text, but not one that Kafka reads as a number or as true or false.
#[test]
fn a_value_that_kafka_refuses_is_not_put_in_quotes() {
    let scratch = Scratch::new();
    let with = |value: &str| {
        let variable = format!("        - name: KAFKA_DELETE_TOPIC_ENABLE\n          value: {value}\n");
        let name = "        - name: POD_NAME\n";
        APACHE.replacen(name, &(variable + name), 1)
    };
    for (value, is_mended) in [("no", false), ("0x10", false), ("1e9", false), ("true", true)] {
        scratch.put("dir/a.yaml", &with(value));
        let shown = run(&scratch, &[FIX, &["--write"]].concat());
        let after = fs::read_to_string(scratch.path("dir/a.yaml")).unwrap();
        let expected = if is_mended { with("\"true\"") } else { with(value) };
        assert_eq!(after, expected, "{value}: {shown}");
        assert_eq!(
            shown.contains("1 finding mended in 1 file"),
            is_mended,
            "{value}: {shown}"
        );
        assert_eq!(shown.contains("[KS-K33]"), !is_mended, "{value}: {shown}");
    }
    assert_snapshot!(
        {
            scratch.put("dir/a.yaml", &with("no"));
            run(&scratch, FIX)
        },
        @r"
    exit 2
    -- stderr
    note: KS-A05 at dir/a.yaml:91 is not mended: in quotes the value is refused too
    no finding has a fix that is certain
    "
    );
}

/// A link is followed to where it leads, and not to anywhere.
#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_out_of_the_folder() {
    let scratch = Scratch::new();
    let wrong = APACHE.replacen("  podManagementPolicy: Parallel\n", "", 1);
    scratch.put("elsewhere/real.yaml", &wrong);
    scratch.put("dir/readme.txt", "");
    std::os::unix::fs::symlink("../elsewhere/real.yaml", scratch.path("dir/link.yaml")).unwrap();
    let read = || fs::read_to_string(scratch.path("elsewhere/real.yaml")).unwrap();
    let shown = run(&scratch, &[FIX, &["--write"]].concat());
    let root = fs::canonicalize(scratch.path("elsewhere")).unwrap();
    assert_snapshot!(shown.replace(root.to_str().unwrap(), "<elsewhere>"), @r"
    exit 2
    -- stderr
    error: `dir/link.yaml` is a link to `<elsewhere>/real.yaml`, which is not in a folder that was named: nothing is written
      hint: name the folder of that file too, with `--dir`
    ");
    assert_eq!(read(), wrong);
    // Its own folder is named too, or the link itself.
    let both = run(&scratch, &[FIX, &["--write", "--dir", "elsewhere"]].concat());
    assert!(both.contains("mended in"), "{both}");
    assert!(read().contains("podManagementPolicy: Parallel"));
    scratch.put("elsewhere/real.yaml", &wrong);
    run(&scratch, &["check", "--dir", "dir/link.yaml", "--fix", "--write"]);
    assert!(read().contains("podManagementPolicy: Parallel"));
    assert!(
        fs::symlink_metadata(scratch.path("dir/link.yaml"))
            .unwrap()
            .is_symlink()
    );
}

const FIX: &[&str] = &["check", "--dir", "dir", "--fix"];

#[test]
fn the_patch_has_what_is_certain_and_nothing_else() {
    let scratch = wrong();
    let shown = run(&scratch, FIX);
    assert!(shown.contains("\n+    log.retention.ms=5\r\n"), "{shown}");
    assert_snapshot!(shown.replace('\r', ""), @r#"
    exit 2
    -- stdout
    --- a/dir/kafka one.yaml	
    +++ b/dir/kafka one.yaml	
    @@ -70,8 +70,8 @@
         listeners=CLIENT://:9092,CONTROLLER://:9093
         log.dirs=/var/lib/kafka/data/log
         # both are wrong
    -    retention.ms=5
    -    listener.name.CLIENT.ssl.client.auth=required
    +    log.retention.ms=5
    +    listener.name.client.ssl.client.auth=required
         node.id=${env:NODE_ID}
         process.roles=broker,controller
     ---
    @@ -166,6 +166,7 @@
           resources:
             requests:
               storage: 100Gi
    +  podManagementPolicy: Parallel
     ---
     apiVersion: policy/v1
     kind: PodDisruptionBudget
    --- a/dir/sub/b.yaml
    +++ b/dir/sub/b.yaml
    @@ -4,4 +4,4 @@
     metadata: {name: 'a', namespace: b}
     spec:
       clusterIP: None
    -  ports: [{port: "80", protocol: tcp}] # all
    \ No newline at end of file
    +  ports: [{port: 80, protocol: TCP}] # all
    \ No newline at end of file
    -- stderr
    5 findings would be mended in 2 files
    "#);
    // Nothing is written.
    assert_eq!(run(&scratch, FIX), shown);
}

/// The tools that are there: their opinion is that of everyone.
#[test]
fn git_and_patch_apply_it() {
    let expected = wrong();
    run(&expected, &[FIX, &["--write"]].concat());
    for (program, words) in [("git", &["apply"][..]), ("patch", &["-p1", "--binary", "-s"])] {
        let scratch = wrong();
        let patch = kafka_stacks(&scratch.0, FIX).output().unwrap().stdout;
        let child = Command::new(program)
            .args(words)
            .current_dir(&scratch.0)
            .stdin(Stdio::piped())
            .spawn();
        let Ok(mut child) = child else { continue };
        child.stdin.take().unwrap().write_all(&patch).unwrap();
        assert!(child.wait().unwrap().success(), "{program}");
        for file in ["dir/kafka one.yaml", "dir/sub/b.yaml"] {
            let [now, then] = [&scratch, &expected].map(|scratch| fs::read_to_string(scratch.path(file)).unwrap());
            assert_eq!(now, then, "{program}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_written_keeps_all_of_them_whole() {
    let scratch = wrong();
    let file = scratch.path("dir/sub/b.yaml");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions.clone()).unwrap();
    let before = scratch.files("dir");
    assert_snapshot!(run(&scratch, &[FIX, &["--write"]].concat()), @r"
    exit 2
    -- stderr
    error: `dir/sub/b.yaml` is read-only: nothing is written
    ");
    assert_eq!(scratch.files("dir"), before);
    #[expect(
        clippy::permissions_set_readonly_false,
        reason = "the folder must be deleted on every system"
    )]
    permissions.set_readonly(false);
    fs::set_permissions(&file, permissions).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_and_the_mode_of_a_file_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let scratch = wrong();
    let file = scratch.path("dir/real/b.yaml");
    fs::create_dir(scratch.path("dir/real")).unwrap();
    fs::rename(scratch.path("dir/sub/b.yaml"), &file).unwrap();
    symlink("../real/b.yaml", scratch.path("dir/sub/b.yaml")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    run(&scratch, &[FIX, &["--write"]].concat());
    assert!(scratch.path("dir/sub/b.yaml").is_symlink());
    assert!(fs::read_to_string(&file).unwrap().contains("port: 80,"));
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(scratch.path("dir/sub")).unwrap().count(), 1);
}

#[test]
fn an_acknowledged_finding_is_left_as_it_is() {
    let scratch = wrong();
    let acknowledged =
        "[[acknowledge]]\nrule = \"KS-P06\"\nobject = \"StatefulSet kafka\"\nreason = \"now\"\neven_errors = true\n";
    scratch.put("dir/kafka-stacks.toml", acknowledged);
    assert!(!run(&scratch, FIX).contains("podManagementPolicy"));
}

#[test]
fn what_is_read_from_standard_input_gets_a_patch_alone() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: None\n  ports: [{port: 80, protocol: tcp}]\n";
    assert_snapshot!(piped(text, &["--fix"]), @r"
    exit 2
    --- a/stdin
    +++ b/stdin
    @@ -3,4 +3,4 @@
     metadata: {name: a}
     spec:
       clusterIP: None
    -  ports: [{port: 80, protocol: tcp}]
    +  ports: [{port: 80, protocol: TCP}]
    1 finding would be mended in 1 file
    ");
    assert_snapshot!(piped(text, &["--fix", "--write"]), @r"
    exit 2
    error: `--write` changes files, and standard input is not a file
      hint: print the patch with `--fix` alone
    ");
    assert_snapshot!(piped(text, &["--fix", "--format", "json"]), @r"
    exit 2
    error: `--fix` prints a patch, which has no other format
      hint: leave out `--format`, or change the files with `--write`
    ");
}

/// An item of a List, an object of several in a file, and what an alias stands for.
#[test]
fn lists_documents_and_aliases_are_told_apart() {
    let text = "\
# nothing
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: a}
  spec:
    clusterIP: None
    ports:
    - {port: 80, protocol: &p tcp}
- {apiVersion: v1, kind: Service, metadata: {name: b}, spec: {clusterIP: None, ports: [{port: 80, protocol: *p}]}}
---
apiVersion: v1
kind: Service
metadata:
  name: c
spec:
  clusterIP: None
  ports:
  - port: 80
    protocol: \"tcp\" # as it was
";
    let scratch = Scratch::new();
    scratch.put("dir/a.yaml", text);
    assert_snapshot!(run(&scratch, FIX), @r#"
    exit 2
    -- stdout
    --- a/dir/a.yaml
    +++ b/dir/a.yaml
    @@ -9,7 +9,7 @@
       spec:
         clusterIP: None
         ports:
    -    - {port: 80, protocol: &p tcp}
    +    - {port: 80, protocol: &p TCP}
     - {apiVersion: v1, kind: Service, metadata: {name: b}, spec: {clusterIP: None, ports: [{port: 80, protocol: *p}]}}
     ---
     apiVersion: v1
    @@ -20,4 +20,4 @@
       clusterIP: None
       ports:
       - port: 80
    -    protocol: "tcp" # as it was
    +    protocol: "TCP" # as it was
    -- stderr
    3 findings would be mended in 1 file
    "#);
}
