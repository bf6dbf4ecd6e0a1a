"""Judges the alerts of stacks with promtool, whose folders are the arguments.

All lints are fatal, the tests that the stack carries pass (its scenarios for one stack of each kind), and they fail as they must when a rule never fires,
fires later, or always fires, or when a recording rule keeps nothing. With `--short` first, a scenario that several stacks have is judged in the first one
with KRaft and in the first one with ZooKeeper. The cases of `alerts.yaml` beside this file, written by hand, pass too for the stacks of the reference
system, whose names and numbers they have; in them the annotation `runbook_url` is left out of the comparison.
"""
import concurrent.futures
import copy
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import typing

import yaml

HERE = pathlib.Path(__file__).resolve().parent
RULES = "rules.yaml"
SCENARIOS = {"prod", "prod-dedicated", "prod-zookeeper", "scale", "staging"}


def digest(content):
    return hashlib.sha256(content).hexdigest()


class Judged:
    """The digests of the cases that were as they must be, in this run and in those before: promtool's answer follows from its program, the rules and
    the tests alone. They are kept beside promtool, outside the checkout; without the file all are asked again."""

    def __init__(self):
        program = pathlib.Path(shutil.which("promtool"))
        self.file = program.parent.parent / f"judged-by-promtool-{digest(program.read_bytes())[:12]}"
        self.cases = set(self.file.read_text().split()) if self.file.exists() else set()

    def add(self, keys):
        self.cases |= keys
        # Two runs may end at once: each leaves a whole file.
        with tempfile.NamedTemporaryFile("w", dir=self.file.parent, delete=False) as new:
            new.write("\n".join(sorted(self.cases)))
        os.replace(new.name, self.file)


class Case(typing.NamedTuple):
    # What is wrong if the tests do not pass, or do.
    title: str
    rules: dict
    tests: dict
    # Whether the tests pass.
    sound: bool
    # The rules that decide it.
    about: dict


def judge(stack, promtool="promtool"):
    folder = stack / "tests"
    applied = [load(path)["spec"] for path in stack.glob("**/prometheusrule-*.yaml")]
    rules = load(folder / RULES)
    if applied != [rules]:
        sys.exit(f"{stack}: the rules that are tested are not those that are applied")
    tests = load(folder / "alerts.yaml")
    untested = names(rules) - {test["alert_rule_test"][0]["alertname"] for test in tests["tests"]}
    # An alert of the stack's own has no test here.
    print(f"{stack}: {len(names(rules))} alerts, {len(names(rules, 'record'))} records, {len(tests['tests'])} tests; without a test: {sorted(untested) or 'none'}")

    say(promtool, folder, "check", "rules", "--lint=all", "--lint-fatal", RULES)
    cases = [*single(rules, tests), *mutants(rules, tests, untested)]
    # One stack of each kind of cluster: the others have the same rules with other names.
    if stack.name in SCENARIOS:
        scenarios = load(folder / "scenarios.yaml")
        mode = any("zookeeper" in name.lower() for name in names(rules))
        judged_here = [test for test in scenarios["tests"] if not SHORT or SEEN.setdefault((mode, test["name"]), stack) == stack]
        cases += single(rules, scenarios | {"tests": judged_here})
    # Two stacks have many rules and tests in common, but for the stack's name.
    own = re.compile(rf"\b{re.escape(stack.name)}\b")
    keys = {digest(own.sub("STACK", json.dumps([case.about, case.tests, case.sound])).encode()): case for case in cases}
    new = {key: case for key, case in keys.items() if key not in JUDGED.cases}
    verdicts = POOL.map(lambda case: passes(promtool, case), new.values())
    bad = {key for (key, case), passed in zip(new.items(), verdicts) if passed != case.sound}
    print(f"{stack}: {len(cases)} cases, {len(cases) - len(new)} of them as in a stack or a run before", flush=True)
    JUDGED.add(new.keys() - bad)
    if bad:
        sys.exit(f"{stack}: " + "; ".join(new[key].title for key in bad))
    if stack.name.startswith("prod"):
        by_hand(promtool, rules)


def single(rules, tests):
    """Each test by itself, with the rules that it is about: those of the alerts that it names."""
    for number, test in enumerate(tests["tests"]):
        about = json.dumps([test.get("alert_rule_test"), test.get("promql_expr_test")])
        alerts = {name for name in names(rules) if re.search(rf"\b{name}\b", about)}
        needed = used(rules, [about, *(rule["expr"] for rule in every(rules) if rule.get("alert") in alerts)])
        keep = lambda rule: rule if rule.get("alert") in alerts or rule.get("record") in needed else None
        title = test.get("name") or ", ".join(sorted(alerts))
        # An expression over all alerts asks whether others fire.
        given = rules if "promql_expr_test" in test else changed(rules, keep)
        yield Case(f"test {number}, {title}, fails", given, {**tests, "tests": [test]}, True, changed(rules, keep))


def load(path):
    return yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def every(rules):
    return [rule for group in rules["groups"] for rule in group["rules"]]


def names(rules, kind="alert"):
    return {rule[kind] for rule in every(rules) if kind in rule}


def used(rules, expressions):
    """The records that expressions read, and those that these read: a record of records comes after them."""
    texts, found = list(expressions), set()
    for rule in reversed([rule for rule in every(rules) if "record" in rule]):
        if any(rule["record"] in text for text in texts):
            found.add(rule["record"])
            texts.append(rule["expr"])
    return found


def promtool_run(promtool, folder, *arguments):
    return subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True)


def say(promtool, folder, *arguments):
    done = promtool_run(promtool, folder, *arguments)
    if done.returncode:
        sys.exit(f"{folder}: promtool {' '.join(arguments)}\n{done.stdout}{done.stderr}")


def mutants(rules, tests, untested):
    """Changes to single rules, each of which a test must notice."""
    changes = {
        "it never fires": lambda rule: rule | {"expr": f"({rule['expr'].strip()}) and on () vector(1) > 2"},
        "it always fires": lambda rule: rule | {"expr": "vector(1)"},
        "it fires later": lambda rule: rule | {"for": "2h"},
    }
    about = lambda alerts: {**tests, "tests": [test for test in tests["tests"] if test["alert_rule_test"][0]["alertname"] in alerts]}
    for name in sorted(names(rules) - untested):
        needed = used(rules, [rule["expr"] for rule in every(rules) if rule.get("alert") == name])
        for what, change in changes.items():
            keep = lambda rule: change(rule) if rule.get("alert") == name else rule if rule.get("record") in needed else None
            yield mutant(f"{name} is changed: {what}", changed(rules, keep), about({name}))
    for name in sorted(names(rules, "record")):
        users = {rule["alert"] for rule in every(rules) if "alert" in rule and name in used(rules, [rule["expr"]])}
        if not users:
            # Only panels use it.
            continue
        keep = lambda rule: changes["it never fires"](rule) if rule.get("record") == name else rule if "record" in rule or rule["alert"] in users else None
        yield mutant(f"{name} keeps nothing", changed(rules, keep), about(users))


def mutant(what, rules, tests):
    return Case(f"no test notices that {what}", rules, tests, False, rules)


def changed(rules, keep):
    """Rules of which each is what `keep` makes of it, or left out."""
    groups = [group | {"rules": [kept for kept in map(keep, group["rules"]) if kept]} for group in rules["groups"]]
    return rules | {"groups": groups}


def passes(promtool, case):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, RULES, case.rules)
        write(folder, "tests.yaml", case.tests)
        if promtool_run(promtool, folder, "check", "rules", RULES).returncode:
            sys.exit(f"{case.title}: the rules are none")
        return promtool_run(promtool, folder, "test", "rules", "tests.yaml").returncode == 0


def by_hand(promtool, rules):
    rules = copy.deepcopy(rules)
    for group in rules["groups"]:
        for rule in group["rules"]:
            rule.get("annotations", {}).pop("runbook_url", None)
    with tempfile.TemporaryDirectory() as folder:
        write(folder, RULES, rules)
        (pathlib.Path(folder) / "alerts.yaml").write_text((HERE / "alerts.yaml").read_text())
        say(promtool, folder, "test", "rules", "alerts.yaml")


def write(folder, name, value):
    # JSON is YAML, and is written a hundred times as fast.
    (pathlib.Path(folder) / name).write_text(json.dumps(value))


# promtool does one thing after the other, so as many run as there are processors.
POOL = concurrent.futures.ThreadPoolExecutor(os.cpu_count())
JUDGED = Judged()
SHORT, SEEN = "--short" in sys.argv[1:2], {}
stacks = [pathlib.Path(name) for name in sys.argv[1 + SHORT:]]
# Once as a user runs it: the files as they are.
say("promtool", stacks[0] / "tests", "test", "rules", "alerts.yaml")
for stack in stacks:
    judge(stack)
