"""The series of a panel, from the answers of a Prometheus."""

import math
import re

from . import colours, units
from .files import Problem

KNOWN = {"unit", "decimals", "min", "max", "thresholds", "mappings", "custom", "color", "links", "noValue"}
CUSTOM = {
    "drawStyle", "fillOpacity", "lineWidth", "showPoints", "spanNulls", "stacking", "thresholdsStyle", "gradientMode", "axisSoftMax", "axisSoftMin",
    "axisLabel",
}


class Series:
    def __init__(self, name, labels, points, config, index, ref=None):
        self.name, self.labels, self.points, self.config, self.ref = name, labels, points, config, ref
        self.values = [value for _, value in points]
        mode = config.get("color", {"mode": "palette-classic"})
        if mode["mode"] == "palette-classic":
            self.colour = colours.by_index(index)
        elif mode["mode"] == "palette-classic-by-name":
            self.colour = colours.by_name(name)
        elif mode["mode"] == "fixed":
            self.colour = colours.of(mode["fixedColor"])
        elif mode["mode"] == "thresholds":
            self.colour = threshold(config, self.values[-1])
        else:
            raise Problem(f"unknown mode of colours `{mode['mode']}`")

    def calc(self, name):
        """One of Grafana's reductions: (what it is called in a legend, the value)."""
        of = {
            "lastNotNull": ("Last *", lambda: self.values[-1]),
            "max": ("Max", lambda: max(self.values)),
            "min": ("Min", lambda: min(self.values)),
            "mean": ("Mean", lambda: sum(self.values) / len(self.values)),
        }
        if name not in of:
            raise Problem(f"unknown calculation `{name}`")
        return of[name][0], of[name][1]()


def legend(template, labels):
    """`{{label}}` is the value of the label, and nothing where the series has no such label."""
    if template in (None, "", "__auto"):
        return "{" + ", ".join(f'{key}="{value}"' for key, value in sorted(labels.items())) + "}" if labels else "Value"
    return re.sub(r"\{\{\s*(.+?)\s*\}\}", lambda found: labels.get(found[1], ""), template)


def of_panel(panel, data, around):
    """The series of a panel: `data` is refId → `data.result` of `query_range`, `around` the first and the last time of all.

    An instant query has what is there at the end.
    """
    defaults = panel["fieldConfig"]["defaults"]
    for unknown in [*(set(defaults) - KNOWN), *(set(defaults.get("custom", {})) - CUSTOM)]:
        raise Problem(f"the preview does not draw `{unknown}`")
    units.text(defaults.get("unit", "none"), 0)
    for step in defaults.get("thresholds", {"steps": []})["steps"]:
        colours.of(step["color"])
    for mapping in defaults.get("mappings", []):
        results = mapping["options"].values() if mapping["type"] == "value" else [mapping["options"]["result"]]
        for result in results:
            colours.of(result.get("color", "text"))
    found = []
    for target in panel["targets"]:
        for answer in data.get(target["refId"], []):
            points = [(float(time), float(value)) for time, value in answer["values"]]
            points = [(time, value) for time, value in points if math.isfinite(value)]
            if target.get("instant"):
                points = [point for point in points if point[0] == around[1]]
            if points:
                labels = {key: value for key, value in answer["metric"].items() if key != "__name__"}
                found.append((legend(target.get("legendFormat"), labels), labels, points, target["refId"]))
    return [
        Series(name, labels, points, overridden(panel["fieldConfig"], name, ref), index, ref)
        for index, (name, labels, points, ref) in enumerate(found)
    ]


def overridden(field_config, name, ref):
    """The defaults, and what an override says of the series."""
    config = dict(field_config["defaults"])
    for override in field_config["overrides"]:
        matcher = override["matcher"]
        matches = {
            "byName": lambda: matcher["options"] == name,
            "byRegexp": lambda: re.search(matcher["options"].strip("/"), name),
            "byFrameRefID": lambda: matcher["options"] == ref,
        }
        if matcher["id"] not in matches:
            raise Problem(f"unknown matcher `{matcher['id']}`")
        if matches[matcher["id"]]():
            for item in override["properties"]:
                if item["id"] not in KNOWN - {"custom"} | {"custom.cellOptions"}:
                    raise Problem(f"the preview does not override `{item['id']}`")
                config[item["id"]] = item["value"]
    return config


def threshold(config, value):
    """The colour of a value: that of the last step that it reaches. No value has that of the first."""
    found = None
    for step in config.get("thresholds", {"steps": [{"color": "green", "value": None}]})["steps"]:
        if step["value"] is None or value is not None and value >= step["value"]:
            found = step["color"]
    return colours.of(found)


def mapped(config, value):
    """(text or None, colour or None) that a mapping gives a value."""
    for mapping in config.get("mappings", []):
        if mapping["type"] == "value":
            key = "" if value is None else f"{value:g}"
            result = mapping["options"].get(key)
        elif mapping["type"] == "special" and mapping["options"]["match"] in ("null", "null+nan"):
            result = mapping["options"]["result"] if value is None else None
        else:
            raise Problem(f"unknown mapping `{mapping['type']}`")
        if result:
            return result.get("text"), colours.of(result["color"]) if "color" in result else None
    return None, None


def text(config, value):
    """A value as the panel writes it."""
    if value is None:
        return mapped(config, None)[0] or config.get("noValue") or "No data"
    return mapped(config, value)[0] or units.text(config.get("unit", "none"), value, config.get("decimals"))
