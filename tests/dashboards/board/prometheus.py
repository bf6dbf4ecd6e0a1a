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


def expression(target, dashboard, step):
    """A query with its variables replaced: everything is chosen."""
    # Grafana's definition; without a least step of the query it takes the data source's own, 15 s unless set.
    scrape = seconds(target.get("interval", "15s"))
    values = {"__rate_interval": f"{max(step + scrape, 4 * scrape)}s", "__interval": f"{max(step, scrape)}s"}
    for variable in dashboard["templating"]["list"]:
        if variable.get("includeAll"):
            values[variable["name"]] = variable.get("allValue") or ".*"

    def value(found):
        name = found[1] or found[2]
        if name not in values:
            raise Problem(f"a query names the variable `{name}`, which is not declared")
        return values[name]

    return re.sub(r"\$(?:\{(\w+)(?::\w+)?\}|(\w+))", value, target["expr"])


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
    return {
        dashboard["uid"]: {
            str(panel["id"]): {
                target["refId"]: query(url, expression(target, dashboard, step), start, end, step) for target in panel["targets"]
            }
            for panel in panels(dashboard)
        }
        for _, dashboard in dashboards
    }
