"""Every check must refuse the fault that it is there for, with a message that names it, and must let a good stack pass."""

import contextlib
import io
import pathlib
import tempfile
import unittest

import check
import schema

GOOD = {
    "kustomization.yaml": """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- kafka/config-map-kafka.yaml
- kafka/stateful-set-kafka.yaml
- mesh/peer-authentication-kafka.yaml
- monitoring/pod-monitor-kafka.yaml
- monitoring/prometheus-rule-kafka.yaml
""",
    "kafka/config-map-kafka.yaml": """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: kafka
  namespace: kafka
data:
  Makefile: |
    all:
    \techo tabs belong here
  dashboard.json: '{"panels":[]}'
  enabled: 'no'
  rules.yaml: |
    lowercaseOutputName: true
""",
    "kafka/stateful-set-kafka.yaml": """\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: kafka
  namespace: kafka
spec:
  replicas: 3
  selector:
    matchLabels:
      app: kafka
  serviceName: kafka
  template:
    metadata:
      labels:
        app: kafka
    spec:
      containers:
      - name: kafka
        image: kafka
        env:
        - name: HEAP
          value: '4096'
        ports:
        - name: dns
          containerPort: 53
        - name: dns-udp
          containerPort: 53
          protocol: UDP
        resources:
          limits:
            cpu: 1.5
            memory: 8Gi
""",
    "mesh/peer-authentication-kafka.yaml": """\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: kafka
  namespace: kafka
spec:
  mtls:
    mode: STRICT
""",
    "monitoring/pod-monitor-kafka.yaml": """\
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: kafka
  namespace: kafka
spec:
  podMetricsEndpoints:
  - port: metrics
  selector:
    matchLabels:
      app: kafka
""",
    "monitoring/prometheus-rule-kafka.yaml": """\
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: kafka
  namespace: kafka
spec:
  groups:
  - name: kafka
    rules:
    - alert: KafkaBrokerDown
      expr: kafka_brokers < 3
      for: 5m
      keep_firing_for: 5m
""",
}
INDEX, CONFIG, SET, MESH, MONITOR, RULES = GOOD

BOTH = f"schema {schema.OLDEST}, {schema.NEWEST}"
CUSTOM = "schema monitoring.coreos.com/v1"
CONTAINER = "spec.template.spec.containers[0]"
RULE = "spec.groups[0].rules[0]"

# What is wrong; the file; the text there and what takes its place; how each line of the complaint begins, without the name of the stack.
FAULTS = [
    # Text.
    ("trailing white space", CONFIG, "all:", "all: ", f"{CONFIG}: .: line 8: trailing white space"),
    ("white space on an empty line", CONFIG, "    all:\n", "    all:\n    \n", f"{CONFIG}: .: line 9: trailing white space"),
    ("carriage return", CONFIG, "  name: kafka\n", "  name: kafka\r\n", f"{CONFIG}: .: line 4: trailing white space"),
    ("no final newline", MONITOR, "app: kafka\n", "app: kafka", f"{MONITOR}: .: the file does not end in exactly one newline"),
    ("two final newlines", MONITOR, "app: kafka\n", "app: kafka\n\n", f"{MONITOR}: .: the file does not end in exactly one newline"),
    ("tab", SET, "name: HEAP", "name: HEAP\t# MiB", f"{SET}: .: line 21: tab outside a literal block"),
    (
        "folded text",
        SET,
        "image: kafka",
        "image: >-\n          kafka",
        f"{SET}: {CONTAINER}.image: a text of several lines that is not a literal block",
    ),
    # YAML.
    ("no YAML", CONFIG, "\ndata:", "\ndata: [", f"{CONFIG}: .: line 7: found character that cannot start any token"),
    ("two documents", CONFIG, "\ndata:", "\n---\ndata:", f"{CONFIG}: .: 2 YAML documents, and a file holds one"),
    ("duplicate key", CONFIG, "  enabled:", "  dashboard.json:", f"{CONFIG}: data: duplicate key `dashboard.json`"),
    ("bare key", CONFIG, "  enabled:", "  on:", f"{CONFIG}: data: the key `on` is not a string in YAML 1.1"),
    ("null", CONFIG, "'no'", "~", f"{CONFIG}: data.enabled: null: leave the field out"),
    ("date", CONFIG, "'no'", "2026-01-31", f"{CONFIG}: data.enabled: `2026-01-31` is a timestamp in YAML 1.1"),
    ("readers that disagree on a word", CONFIG, "'no'", "y", f'{CONFIG}: data.enabled: PyYAML reads `"y"`, kubectl `true`'),
    ("a name that kubectl reads as a boolean", MONITOR, "name: kafka", "name: y", f"{MONITOR}: .: kubectl: error: unable to decode"),
    (
        "readers that disagree on a number",
        SET,
        "replicas: 3",
        "replicas: 0o3",
        f"""\
{SET}: spec.replicas: `0o3` is a string, but the schema wants integer ({BOTH})
{SET}: spec.replicas: PyYAML reads `"0o3"`, kubectl `3`
{SET}: spec.replicas: PyYAML reads `"0o3"`, serde_yaml `3`
{SET}: spec.replicas: the file has `"0o3"`, kustomize makes `3`""",
    ),
    ("not a Kubernetes object", CONFIG, "kind: ConfigMap\n", "", f"{CONFIG}: kind: missing, or not a string"),
    ("no name", CONFIG, "  name: kafka\n", "", f"{CONFIG}: metadata.name: missing, or not a string"),
    # Schemas.
    ("unknown kind", SET, "kind: StatefulSet", "kind: StatefulSett", f"{SET}: kind: no schema for this kind and apiVersion ({BOTH})"),
    ("kind of another group", SET, "apps/v1", "apps.example.com/v1", f"{SET}: kind: no schema for this kind and apiVersion ({BOTH})"),
    ("unknown field", SET, "serviceName:", "servicename:", f"{SET}: spec.servicename: unknown field ({BOTH})"),
    (
        "missing field",
        SET,
        "  selector:\n    matchLabels:\n      app: kafka\n",
        "",
        f"{SET}: spec.selector: required, but missing ({BOTH})",
    ),
    (
        "bare no",
        CONFIG,
        "'no'",
        "no",
        f"""\
{CONFIG}: data.enabled: `no` is a boolean, but the schema wants string ({BOTH})
{CONFIG}: data.enabled: PyYAML reads `false`, serde_yaml `"no"`
{CONFIG}: data.enabled: the file has `false`, kustomize makes `"no"`""",
    ),
    (
        "bare number",
        SET,
        "'4096'",
        "4_096",
        f"""\
{SET}: {CONTAINER}.env[0].value: `4_096` is an integer, but the schema wants string ({BOTH})
{SET}: {CONTAINER}.env[0].value: PyYAML reads `4096`, serde_yaml `"4_096"`""",
    ),
    ("bare float", CONFIG, "'no'", "1.10", f"{CONFIG}: data.enabled: `1.10` is a number, but the schema wants string ({BOTH})"),
    (
        "number in quotes",
        SET,
        "replicas: 3",
        "replicas: '3'",
        f"{SET}: spec.replicas: `3` is a string, but the schema wants integer ({BOTH})",
    ),
    (
        "object in place of a text",
        SET,
        "image: kafka",
        "image: {name: kafka}",
        f"{SET}: {CONTAINER}.image: an object, but the schema wants string ({BOTH})",
    ),
    ("quantity", SET, "8Gi", "8Gig", f"{SET}: {CONTAINER}.resources.limits.memory: `8Gig` is a string, which fits no branch"),
    (
        "one port twice",
        SET,
        "protocol: UDP",
        "protocol: TCP",
        f'{SET}: {CONTAINER}.ports: two items with `containerPort` 53, `protocol` "TCP" ({BOTH})',
    ),
    (
        "field of a later Kubernetes",
        SET,
        "      containers:",
        "      hostnameOverride: a\n      containers:",
        f"{SET}: spec.template.spec.hostnameOverride: unknown field (schema {schema.OLDEST})",
    ),
    (
        "unknown field of a custom resource",
        MONITOR,
        "- port: metrics",
        "- portName: metrics",
        f"{MONITOR}: spec.podMetricsEndpoints[0].portName: unknown field ({CUSTOM})",
    ),
    (
        "unknown top field of a custom resource",
        MONITOR,
        "spec:",
        "status: {}\nspecs: {}\nspec:",
        f"{MONITOR}: specs: unknown field ({CUSTOM})",
    ),
    (
        "unknown field of a custom resource's metadata",
        MONITOR,
        "  namespace:",
        "  namspace:",
        f"{MONITOR}: metadata.namspace: unknown field ({CUSTOM})",
    ),
    ("value that a custom resource doesn't know", MESH, "STRICT", "STRICKT", f"{MESH}: spec.mtls.mode: 'STRICKT' is not one of"),
    (
        "bad duration in a custom resource",
        RULES,
        "for: 5m\n      keep",
        "for: 5 minutes\n      keep",
        f"""\
{RULES}: {RULE}.for: '5 minutes' does not match
{RULES}: spec: promtool: not a valid duration string: "5 minutes\"""",
    ),
    (
        "misspelt index",
        INDEX,
        "resources:",
        "commonLabel: {}\nresources:",
        f"""\
{INDEX}: commonLabel: unknown field (schema kustomize.config.k8s.io/v1beta1)
{INDEX}: .: kustomize: error: invalid Kustomization: json: unknown field "commonLabel\"""",
    ),
    # Content.
    ("a mounted file that is no JSON", CONFIG, '{"panels":[]}', '{"panels":[}', f'{CONFIG}: data["dashboard.json"]: Expecting value'),
    (
        "a mounted file that is no YAML",
        CONFIG,
        "lowercaseOutputName: true",
        "a: b: c",
        f'{CONFIG}: data["rules.yaml"]: line 1: mapping values are not allowed',
    ),
    (
        "too large for kubectl apply",
        CONFIG,
        "echo tabs",
        "x" * 300_000,
        f"{CONFIG}: .: larger than 262144 bytes: `kubectl apply` cannot annotate it",
    ),
    # The index and kustomize.
    (
        "missing file",
        INDEX,
        "resources:",
        "resources:\n- kafka/gone.yaml",
        f"{INDEX}: resources[0]: `kafka/gone.yaml` is no YAML file of this stack",
    ),
    ("orphan", INDEX, "- kafka/config-map-kafka.yaml\n", "", f"{CONFIG}: .: not listed in `kustomization.yaml`"),
    ("listed twice", INDEX, "resources:", f"resources:\n- {SET}", f"{INDEX}: resources[2]: `{SET}` is listed twice"),
    (
        "kustomize adds an object",
        INDEX,
        "resources:",
        "configMapGenerator: [{name: more}]\ngeneratorOptions: {disableNameSuffixHash: true}\nresources:",
        f"{INDEX}: .: kustomize makes a ConfigMap `more` that no file holds",
    ),
    (
        "kustomize drops an object",
        INDEX,
        "resources:",
        "patches: [{patch: '{$patch: delete, apiVersion: apps/v1, kind: StatefulSet, metadata: {name: kafka, namespace: kafka}}'}]\nresources:",
        f'{SET}: .: the file has `{{"apiVersion": "apps/v1"',
    ),
    (
        "kustomize changes a field",
        INDEX,
        "resources:",
        "replicas: [{name: kafka, count: 1}]\nresources:",
        f"{SET}: spec.replicas: the file has `3`, kustomize makes `1`",
    ),
    ("kustomize refuses", INDEX, "resources:", "patches: [{path: gone}]\nresources:", f"{INDEX}: .: kustomize: error:"),
    # Prometheus.
    ("bad PromQL", RULES, "kafka_brokers < 3", "kafka_brokers <", f"{RULES}: spec: promtool: 1:"),
    (
        "duplicate rule",
        RULES,
        "    rules:\n",
        "    rules:\n    - alert: KafkaBrokerDown\n      expr: kafka_brokers < 2\n",
        f"{RULES}: spec: promtool: lint error 1 duplicate rule(s) found.",
    ),
]


def run_check(files):
    """The exit code and what was printed for one stack `prod` that holds these files."""
    with tempfile.TemporaryDirectory() as out:
        for name, text in files.items():
            file = pathlib.Path(out, "prod", name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            code = check.main([out])
        return code, printed.getvalue()


class Check(unittest.TestCase):
    maxDiff = None

    def test_a_good_stack_passes(self):
        summary = f"prod: 5 objects, schemas {schema.OLDEST} {schema.NEWEST}, kustomize, readers, promtool: ok\n"
        self.assertEqual(run_check(GOOD), (0, summary))

    def test_each_fault_is_refused(self):
        for fault, file, text, instead, complaint in FAULTS:
            with self.subTest(fault):
                self.assertIn(text, GOOD[file])
                changed = GOOD | {file: GOOD[file].replace(text, instead, 1)}
                code, printed = run_check(changed)
                self.assertEqual(code, 1)
                complaints, lines = complaint.splitlines(), printed.splitlines()
                self.assertEqual(len(lines), len(complaints), printed)
                for wanted, line in zip(complaints, lines, strict=True):
                    self.assertTrue(line.startswith(f"prod/{wanted}"), f"no `{wanted}` in:\n{printed}")

    def test_one_object_in_two_files_is_refused(self):
        copy = "kafka/config-map-copy.yaml"
        index = GOOD[INDEX].replace("resources:\n", f"resources:\n- {copy}\n")
        code, printed = run_check(GOOD | {INDEX: index, copy: GOOD[CONFIG]})
        complaint = f"prod/{CONFIG}: metadata.name: the same object as in `config-map-copy.yaml`\n"
        self.assertEqual((code, printed), (1, complaint))

    def test_a_stack_without_an_index_is_refused(self):
        files = {file: text for file, text in GOOD.items() if file != INDEX}
        self.assertEqual(run_check(files), (1, f"prod/{INDEX}: .: missing\n"))

    def test_json_values_differ_as_json_does(self):
        self.assertEqual(list(check.differences({"a": [1.0, "b"]}, {"a": [1, "b"]})), [])
        self.assertEqual(list(check.differences({"a": [True]}, {"a": [1]})), [(("a", 0), "`true`", "`1`")])

    def test_no_stack_at_all_is_refused(self):
        with tempfile.TemporaryDirectory() as out, self.assertRaisesRegex(SystemExit, "no stack in"):
            check.main([out])


if __name__ == "__main__":
    unittest.main()
