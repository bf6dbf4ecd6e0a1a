"""What holds for every dashboard, beyond its types."""

import re

from . import prometheus
from .files import Problem, panels

BUILT_IN = {"__rate_interval", "__interval", "__range"}
# What Grafana puts into links.
OF_LINKS = re.compile(r"\$\{(?!__url_time_range\}|__all_variables\}|datasource:queryparam\}|__field\.labels\.\w+\}|__data\.fields\.\w+\})([^}]*)\}")


def faults(dashboard, uids):
    """What is wrong with a dashboard of a stack that has dashboards with these uids."""
    if dashboard.get("editable") is not False:
        yield "it can be edited, and the next start takes the edit away"
    if dashboard.get("id") is not None or "__inputs" in dashboard:
        yield "it is an export, which cannot be provisioned"
    yield from variables(dashboard)
    yield from layout(dashboard)
    ids = [panel["id"] for panel in every(dashboard)]
    if len(set(ids)) < len(ids):
        yield "two panels have the same id"
    for link in dashboard["links"]:
        yield from leads(link["url"], uids, "link")
    for panel in panels(dashboard):
        for fault in of_panel(panel, dashboard, uids):
            yield f"panel `{panel['title']}`: {fault}"


def every(dashboard):
    for panel in dashboard["panels"]:
        yield panel
        yield from panel.get("panels", [])


def variables(dashboard):
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query" and variable.get("refresh") != 2:
            yield f"variable `{variable['name']}`: not asked for again when the time changes"
        if variable["type"] == "query" and variable["datasource"]["uid"] != "${datasource}":
            yield f"variable `{variable['name']}`: not from the chosen data source"
    asked = {name for panel in panels(dashboard) for target in panel["targets"] for name in named(target["expr"])}
    known = [variable for variable in dashboard["templating"]["list"] if variable["type"] == "query"]
    # A variable may be asked for by a later one that a panel asks for.
    for variable in reversed(known):
        if variable["name"] in asked:
            asked |= named(variable["query"]["query"])
        else:
            yield f"variable `{variable['name']}`: no panel asks for it"
    before = {"__range"}
    for variable in known:
        for unknown in sorted(named(variable["query"]["query"]) - before):
            yield f"variable `{variable['name']}`: names `{unknown}`, which is not declared before it"
        before.add(variable["name"])
        if variable.get("hide") == 2 and not variable.get("includeAll"):
            yield f"variable `{variable['name']}`: it has one value, and is hidden"


def named(text):
    """The variables in a text."""
    return set(re.findall(r"\$\{?(\w+)", text))


def layout(dashboard):
    """Panels lie on 24 columns, none upon another, and no space is left between them."""
    groups = [[panel for panel in dashboard["panels"] if not (panel["type"] == "row" and panel["collapsed"])]]
    groups += [panel["panels"] for panel in dashboard["panels"] if panel["type"] == "row" and panel["collapsed"]]
    for group in groups:
        cells = {}
        for panel in group:
            place = panel["gridPos"]
            if place["x"] + place["w"] > 24 or min(place["w"], place["h"]) < 1:
                yield f"panel `{panel['title']}`: outside of the 24 columns"
            for cell in [(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])]:
                if cell in cells:
                    yield f"panel `{panel['title']}`: lies upon `{cells[cell]}`"
                    break
                cells[cell] = panel["title"]
        lines = {y for _, y in cells}
        bare = sorted(y for y in lines if any((x, y) not in cells for x in range(24)))
        if bare:
            yield f"line {bare[0]}: a part of it is bare"
        folded = {panel["gridPos"]["y"] for panel in dashboard["panels"] if panel["type"] == "row" and panel["collapsed"]}
        between = set(range(min(lines), max(lines))) - lines - folded
        if between and group is groups[0] and not folded:
            yield f"line {min(between)}: nothing is there"
    for panel in dashboard["panels"]:
        if panel["type"] == "row" and not panel["collapsed"] and panel["panels"]:
            yield f"row `{panel['title']}`: it is open, and Grafana shows panels inside an open row nowhere"


def leads(url, uids, what):
    target = re.match(r"/d/([^/?]+)", url)
    if target and target[1] not in uids:
        yield f"{what}: leads to `{target[1]}`, which is no dashboard of the stack"
    for unknown in OF_LINKS.findall(url):
        yield f"{what}: names `{unknown}`, which Grafana does not put into links"


def of_panel(panel, dashboard, uids):
    if not panel.get("description", "").endswith("."):
        yield "no description"
    if "unit" not in panel["fieldConfig"]["defaults"]:
        yield "no unit"
    if panel["datasource"] != {"type": "prometheus", "uid": "${datasource}"}:
        yield "not from the chosen data source"
    overridden = [item["value"] for override in panel["fieldConfig"]["overrides"] for item in override["properties"] if item["id"] == "links"]
    for links in [panel["fieldConfig"]["defaults"].get("links", []), *overridden]:
        for link in links:
            yield from leads(link["url"], uids, "link")
    references = [target["refId"] for target in panel["targets"]]
    if len(set(references)) < len(references) or not references:
        yield "its queries are none, or have the same name"
    if panel["type"] == "stat" and not all(target.get("instant") for target in panel["targets"]):
        yield "its number may be hours old: ask for an instant"
    if panel["type"] == "table":
        yield from of_table(panel)
    for target in panel["targets"]:
        yield from of_query(target, dashboard)


def of_table(panel):
    """A table shows the present; its columns are the labels and the values of its queries, each with a name."""
    if not all(target.get("instant") and target.get("format") == "table" for target in panel["targets"]):
        yield "its rows are not those of an instant"
    names = next((step["options"]["renameByName"] for step in panel["transformations"] if step["id"] == "organize"), {})
    single = len(panel["targets"]) == 1
    for target in panel["targets"]:
        value = "Value" if single else f"Value #{target['refId']}"
        labels = re.match(r"(?:topk\(\d+, )?\w+ by \(([^)]*)\)", target["expr"])
        for column in [value, *(labels[1].split(", ") if labels else [])]:
            if column not in names:
                yield f"the column `{column}` has no name"
    shown = set(names.values())
    for sort in panel["options"].get("sortBy", []):
        if sort["displayName"] not in shown:
            yield f"sorted by `{sort['displayName']}`, which is no column"
    for override in panel["fieldConfig"]["overrides"]:
        if override["matcher"]["id"] == "byName" and override["matcher"]["options"] not in shown:
            yield f"an override of `{override['matcher']['options']}`, which is no column"
        for item in override["properties"]:
            for link in item["value"] if item["id"] == "links" else []:
                for field in re.findall(r"__data\.fields\.(\w+)", link["url"]):
                    if field not in shown:
                        yield f"a link names the field `{field}`, which is no column"


def of_query(target, dashboard):
    text = target["expr"]
    try:
        prometheus.expression(target, dashboard, 30)
    except Problem as problem:
        yield str(problem)
    if re.search(r"\b(topk|bottomk)\s*\(", text) and not target.get("instant"):
        yield "`topk` at each point shows every series that was ever among them: choose them by a variable"
    for function in re.findall(r"\b(rate|irate|increase)\s*\([^[\]]*\[(?!\$__rate_interval\])", text):
        yield f"`{function}` over a fixed time: it misses what happens between the points of a long range"
    if re.search(r"\b(rate|irate|increase)\s*\(", text) and "interval" not in target:
        yield "no least step: `$__rate_interval` depends on what the data source says of itself"
    for counter in re.finditer(r"\b(\w+_total)\b", text):
        if not re.search(r"\b(rate|irate|increase)\s*\($", text[: counter.start()]):
            yield f"`{counter[1]}` only grows: ask for its rate"
    kept = {label.strip() for labels in re.findall(r"\bby\s*\(([^)]*)\)", text) for label in labels.split(",")}
    kept |= {label for level in re.findall(r"\b(\w+):\w+:\w+", text) for label in level.split("_")}  # a recorded series is called by its labels
    for label in re.findall(r"\{\{\s*(\w+)\s*\}\}", target.get("legendFormat", "")):
        if label not in kept:
            yield f"the legend names `{label}`, which the query does not keep"
