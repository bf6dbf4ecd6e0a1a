"""Asks a Prometheus what the panels ask, as Grafana would."""

import json
import re
import urllib.error
import urllib.parse
import urllib.request

from .files import Problem, panels

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration):
    return int(duration[:-1]) * SECONDS[duration[-1]]


def expression(target, dashboard, step, chosen=None):
    """A query with its variables replaced. `chosen` is what `chosen` answers; without it every variable matches anything."""
    # Grafana's definition; without a least step of the query it takes the data source's own, 15 s unless set.
    scrape = seconds(target.get("interval", "15s"))
    values = {"__rate_interval": f"{max(step + scrape, 4 * scrape)}s", "__interval": f"{max(step, scrape)}s"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values[variable["name"]] = ".*" if chosen is None else chosen[variable["name"]]
    return filled(target["expr"], values)


def filled(text, values):
    """A text with its variables replaced."""

    def value(found):
        name = found[1] or found[2]
        if name not in values:
            raise Problem(f"a query names the variable `{name}`, which is not declared")
        return values[name]

    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", value, text)


def chosen(url, dashboard, start, end):
    """What Grafana puts in for each variable when a dashboard is opened: all values that it lists, or the first."""
    values = {"__range": f"{max(1, round(end - start))}s"}
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            values[variable["name"]] = value_of(url, variable, values, end)
    return values


def value_of(url, variable, values, end):
    if variable.get("allValue"):
        return variable["allValue"]
    asked = filled(variable["query"]["query"], values)
    if of_label := re.fullmatch(r"label_values\((.*), (\w+)\)", asked):
        series, label = of_label.groups()
        answers = query(url, f"group by ({label}) (last_over_time({series}[{values['__range']}]))", end, end, 1)
        found = {answer["metric"].get(label, "") for answer in answers} - {""}
    elif result := re.fullmatch(r"query_result\((.*)\)", asked):
        texts = ["{" + ",".join(f'{key}="{value}"' for key, value in answer["metric"].items()) + "}" for answer in query(url, result[1], end, end, 1)]
        found = {part[1] for text in texts if (part := re.search(variable["regex"].strip("/"), text))}
    else:
        raise Problem(f"variable `{variable['name']}`: unknown kind of query `{asked}`")
    listed = sorted(found)
    if not variable.get("includeAll"):
        return listed[0] if listed else ""
    return "|".join(re.sub(r"([.+*?()|\[\]{}^$\\])", r"\\\\\1", one) for one in listed)


def query(url, text, start, end, step):
    parameters = urllib.parse.urlencode({"query": text, "start": start, "end": end, "step": step})
    try:
        with urllib.request.urlopen(f"{url}/api/v1/query_range", parameters.encode(), timeout=60) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        answer = json.load(error)
    if answer["status"] != "success":
        raise Problem(f"`{text}`: {answer['error']}")
    return answer["data"]["result"]


def ask(url, dashboards, start, end, step):
    """uid → panel id → refId → `data.result`."""
    found = {}
    for _, dashboard in dashboards:
        values = chosen(url, dashboard, start, end)
        found[dashboard["uid"]] = {
            str(panel["id"]): {
                target["refId"]: query(url, expression(target, dashboard, step, values), start, end, step) for target in panel["targets"]
            }
            for panel in panels(dashboard)
        }
    return found
