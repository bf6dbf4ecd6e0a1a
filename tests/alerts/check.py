"""Judges the alerts of stacks with promtool, whose folders are the arguments.

All lints are fatal, the tests that the stack carries pass (its scenarios for one stack of each kind), and they fail as they must when a rule never fires, fires later, or
always fires, or when a recording rule keeps nothing. The cases of `alerts.yaml` beside this file, written by hand, pass too for the stacks of the reference
system, whose names and numbers they have; in them the annotation `runbook_url` is left out of the comparison.
"""
import concurrent.futures
import copy
import os
import pathlib
import subprocess
import sys
import tempfile

import yaml

HERE = pathlib.Path(__file__).resolve().parent
RULES = "rules.yaml"
SCENARIOS = {"prod", "prod-zookeeper"}


def judge(stack, promtool="promtool"):
    folder = stack / "tests"
    applied = [yaml.safe_load(path.read_text())["spec"] for path in stack.glob("**/prometheusrule-*.yaml")]
    rules = yaml.safe_load((folder / RULES).read_text())
    if applied != [rules]:
        sys.exit(f"{stack}: the rules that are tested are not those that are applied")
    tests = yaml.safe_load((folder / "alerts.yaml").read_text())
    untested = names(rules) - {test["alert_rule_test"][0]["alertname"] for test in tests["tests"]}
    # An alert of the stack's own has no test here.
    print(f"{stack}: {len(names(rules))} alerts, {len(names(rules, 'record'))} records, {len(tests['tests'])} tests; without a test: {sorted(untested) or 'none'}")

    say(promtool, folder, "check", "rules", "--lint=all", "--lint-fatal", RULES)
    say(promtool, folder, "test", "rules", "alerts.yaml")
    # Only those of `prod` for each kind of cluster: the others have the same rules with other names.
    if stack.name in SCENARIOS:
        say(promtool, folder, "test", "rules", "scenarios.yaml")
    survivors = list(mutants(promtool, rules, tests, untested))
    if survivors:
        sys.exit(f"{stack}: no test notices that " + "; ".join(survivors))
    if stack.name.startswith("prod"):
        by_hand(promtool, rules)


def names(rules, kind="alert"):
    return {rule[kind] for group in rules["groups"] for rule in group["rules"] if kind in rule}


def promtool_run(promtool, folder, *arguments):
    return subprocess.run([promtool, *arguments], cwd=folder, capture_output=True, text=True)


def say(promtool, folder, *arguments):
    done = promtool_run(promtool, folder, *arguments)
    if done.returncode:
        sys.exit(f"{folder}: promtool {' '.join(arguments)}\n{done.stdout}{done.stderr}")


def mutants(promtool, rules, tests, untested):
    """The changes to single rules that their tests do not notice."""
    changes = {
        "it never fires": lambda rule: rule.update(expr=f"({rule['expr'].strip()}) and on () vector(1) > 2"),
        "it always fires": lambda rule: rule.update(expr="vector(1)"),
        "it fires later": lambda rule: rule.update({"for": "2h"}),
    }
    for name in sorted(names(rules) - untested):
        own = {**tests, "tests": [test for test in tests["tests"] if test["alert_rule_test"][0]["alertname"] == name]}
        for what, change in changes.items():
            changed = copy.deepcopy(rules)
            for group in changed["groups"]:
                group["rules"] = [rule for rule in group["rules"] if rule.get("alert") == name or "record" in rule]
                for rule in group["rules"]:
                    if "alert" in rule:
                        change(rule)
            if passes(promtool, name, changed, own):
                yield f"{name}: {what}"
    for name in sorted(names(rules, "record")):
        changed = copy.deepcopy(rules)
        needs = {name}
        users = set()
        # In the order of the rules: a record of records comes after them.
        for group in changed["groups"]:
            for rule in group["rules"]:
                if any(needed in rule["expr"] for needed in needs):
                    needs.add(rule.get("record", name))
                    users |= {rule["alert"]} if "alert" in rule else set()
                if rule.get("record") == name:
                    changes["it never fires"](rule)
            group["rules"] = [rule for rule in group["rules"] if "record" in rule or rule["alert"] in users]
        if not users:
            # Only panels use it.
            continue
        own = {**tests, "tests": [test for test in tests["tests"] if test["alert_rule_test"][0]["alertname"] in users]}
        if passes(promtool, name, changed, own):
            yield f"{name} keeps nothing"


def passes(promtool, name, rules, tests):
    with tempfile.TemporaryDirectory() as folder:
        write(folder, RULES, rules)
        write(folder, "alerts.yaml", tests)
        if promtool_run(promtool, folder, "check", "rules", RULES).returncode:
            sys.exit(f"{name}: the changed rule is none")
        return promtool_run(promtool, folder, "test", "rules", "alerts.yaml").returncode == 0


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
    (pathlib.Path(folder) / name).write_text(yaml.safe_dump(value))


# promtool does one thing after the other.
with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
    list(pool.map(judge, map(pathlib.Path, sys.argv[1:])))
