"""Generates an hour of a cluster, and writes what its dashboards show of it, as `ask` does:
`hour.py TOOLS out/prod FOLDER > data.json`. TOOLS has `prometheus` and `promtool`; FOLDER is for files between.
With `--same DASHBOARDS` it compares instead: each panel of the dashboards for all clusters with the panel of the same place and title.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from board import files, hour, prometheus, series


def main(tools, stack, folder, _same=None, other=None):
    tools, folder = Path(tools), Path(folder)
    generated = hour.Hour()
    recorded = hour.with_history(hour.evaluated(generated, Path(stack).resolve() / "tests/rules.yaml", tools / "promtool", folder))
    sound(recorded)
    (folder / "series").write_text(hour.openmetrics({**generated.series, **recorded}))
    blocks = folder / "blocks"
    made = subprocess.run([tools / "promtool", "tsdb", "create-blocks-from", "openmetrics", folder / "series", blocks], capture_output=True, text=True)
    if made.returncode:
        raise files.Problem(made.stderr)
    (folder / "empty.yaml").write_text("")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "prometheus.log").open("w")
    # Files in this format have no marks of the end of a series, and each point is at a scrape: what has no sample then has ended.
    server = subprocess.Popen(
        [tools / "prometheus", f"--config.file={folder / 'empty.yaml'}", f"--storage.tsdb.path={blocks}", "--storage.tsdb.retention.time=100y",
         f"--web.listen-address=127.0.0.1:{port}", f"--query.lookback-delta={hour.STEP - 1}s"],
        stdout=log, stderr=log,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        wait(server, url, folder / "prometheus.log")
        ask = lambda dashboards: prometheus.ask(url, dashboards, hour.START, hour.END, hour.STEP)
        own = files.dashboards(stack)
        answers = ask(own)
        if other:
            compare(own, answers, others := files.dashboards(other), ask(others))
            return
    finally:
        server.terminate()
        server.wait()
    json.dump({"dashboards": answers}, sys.stdout)


def sound(recorded):
    """The hour is what it says: the alert on the lost broker fires, and at the end all is well."""
    firing = {}
    for (name, labels), values in recorded.items():
        labels = dict(labels)
        if name == "ALERTS" and labels["alertstate"] == "firing":
            firing[labels["alertname"]] = [time for time, value in zip(hour.TIMES, values) if value is not None]
    if not any(hour.DOWN < time < hour.UP for time in firing.get("KafkaBrokerDown", [])):
        raise files.Problem("KafkaBrokerDown does not fire while a broker is away")
    wrong = sorted(name for name, times in firing.items() if times[0] < hour.DOWN or times[-1] == hour.END)
    if wrong:
        raise files.Problem(f"alerts fire before the incident or at the end of the hour: {', '.join(wrong)}")


def compare(own, answers, others, answers_of_others):
    """Both sets of dashboards show the same of each panel that both have."""
    of_all = {dashboard["title"].removeprefix("Kafka cluster: "): dashboard for _, dashboard in others}
    compared, empty, wrong = 0, 0, []
    for _, dashboard in own:
        subject = dashboard["title"].split(": ")[-1]
        other = of_all[subject]
        same = {place(panel): panel for panel in numbered(other)}
        for panel in numbered(dashboard):
            match = same.get(place(panel))
            if match is None:
                wrong.append(f"{subject}: `{panel['title']}` is not there")
                continue
            one, two = shown(panel, answers[dashboard["uid"]]), shown(match, answers_of_others[other["uid"]])
            compared += 1
            empty += not one
            if one != two:
                wrong.append(f"{subject}: `{panel['title']}` shows {len(one)} and {len(two)} series that differ")
    # The list has the one cluster of this Prometheus.
    clusters = of_all["Kafka clusters"]
    table = next(panel for panel in files.panels(clusters) if panel["type"] == "table")
    rows = {tuple(sorted(one["metric"].items())) for answer in answers_of_others[clusters["uid"]][str(table["id"])].values() for one in answer}
    if [dict(row).get("kafka_cluster") for row in rows] != ["kafka"]:
        wrong.append(f"Kafka clusters: {len(rows)} rows for one cluster")
    print(f"same: {compared} panels of both sets, {empty} of them without data in the generated hour, {len(wrong)} differ")
    if wrong or compared - empty < 30:
        raise files.Problem("\n".join(wrong) or "too few panels had data")


def numbered(dashboard):
    """The panels, each with the number of those before it that have the same title."""
    seen = {}
    for panel in files.panels(dashboard):
        seen[panel["title"]] = seen.get(panel["title"], 0) + 1
        yield {**panel, "number": seen[panel["title"]]}


def place(panel):
    return panel["title"], panel["number"]


def shown(panel, answers):
    """What is drawn: by the legend, and by labels in a table."""
    found = []
    for target in panel["targets"]:
        for answer in answers[str(panel["id"])].get(target["refId"], []):
            values = answer["values"][-1:] if target["instant"] else answer["values"]
            found.append((target["refId"], series.legend(target["legendFormat"] or "{{consumergroup}} {{topic}} {{partition}}", answer["metric"]), [tuple(value) for value in values]))
    return sorted(found)


def wait(server, url, log):
    for _ in range(300):
        if server.poll() is not None:
            raise files.Problem(log.read_text())
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise files.Problem(f"Prometheus is not ready after a minute:\n{log.read_text()}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except files.Problem as problem:
        sys.exit(f"hour: {problem}")
