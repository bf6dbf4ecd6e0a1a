"""Draws dashboards as one HTML page, laid out as Grafana lays them out: 24 columns, 30 px a unit and 8 px between."""

import html
import math
import re
from datetime import datetime, timezone
from urllib.parse import quote

from . import colours, series, units
from .files import Problem

UNIT, GAP, WIDTH = 30, 8, 1640
STYLE = """
body { margin: 0; background: #111217; color: #CCCCDC; font: 14px Inter, Roboto, Helvetica, Arial, sans-serif; }
a { color: #6E9FFF; text-decoration: none } .bar { padding: 10px 16px; display: flex; gap: 8px; align-items: center; flex-wrap: wrap }
.bar h1 { font-size: 18px; margin: 0 16px 0 0; font-weight: 500 } .chip { background: #22252B; border: 1px solid #34363C; border-radius: 2px; padding: 3px 8px; font-size: 12px }
.board { width: 1640px; margin: 0 16px 48px; border-top: 1px solid #34363C } .area { position: relative }
.panel { position: absolute; background: #181B1F; border: 1px solid #25272D; border-radius: 2px; box-sizing: border-box; overflow: hidden }
.panel header { height: 32px; line-height: 32px; padding: 0 8px; font-weight: 500; white-space: nowrap; overflow: hidden; text-overflow: ellipsis }
.panel header i { font-style: normal; color: #8E8E99; border: 1px solid #55565E; border-radius: 50%; font-size: 10px; padding: 0 5px; margin-left: 6px; cursor: help }
summary { height: 30px; line-height: 30px; font-size: 16px; font-weight: 500; cursor: pointer; margin: 4px 0 8px } summary small { color: #8E8E99; font-weight: 400 }
.nothing { color: #8E8E99; text-align: center } svg text { fill: #CCCCDC; font-size: 12px; font-family: inherit }
.legend { font-size: 12px; padding: 0 8px; line-height: 18px; overflow: hidden } .legend span { margin-right: 12px; white-space: nowrap }
.legend b { display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 5px; vertical-align: middle } .legend em { font-style: normal; color: #8E8E99; margin-left: 6px }
.legend table { width: 100%; border-collapse: collapse } .legend th { color: #6E9FFF; font-weight: 500; text-align: right; white-space: nowrap; padding-left: 8px } .legend td { text-align: right; white-space: nowrap; border-top: 1px solid #25272D }
.legend td:first-child { text-align: left; overflow: hidden; text-overflow: ellipsis; max-width: 0; width: 99% } .stat { position: relative; border-radius: 2px }
.stats { display: flex; gap: 4px } .stats > .stat { flex: 1 } .stat small { font-size: 14px; margin-right: 10px }
.cells { overflow: hidden; padding: 0 8px } .cells table { width: 100%; border-collapse: collapse; font-size: 13px } .cells th { color: #6E9FFF; font-weight: 500; text-align: left; border-bottom: 1px solid #34363C }
.cells td, .cells th { padding: 0 8px; line-height: 33px; white-space: nowrap } .cells td { border-bottom: 1px solid #25272D } .cells .number { text-align: right }
.stat div { position: relative; font-weight: 500; display: flex; height: 100%; align-items: center; justify-content: center }
"""


def page(dashboards, data, unfold=False):
    """`data` as `ask` writes it, or nothing; `unfold` shows what is in folded rows."""
    values = data.get("dashboards", {})
    parts = [board(dashboard, values.get(dashboard["uid"], {}), unfold) for _, dashboard in dashboards]
    return (
        '<!doctype html>\n<html lang="en"><meta charset="utf-8">\n'
        f"<title>Dashboards</title>\n<style>{STYLE}</style>\n" + "\n".join(parts) + "\n</html>\n"
    )


def board(dashboard, data, unfold):
    links = "".join(f'<a class="chip" href="{escape(local(link["url"]))}">{escape(link["title"])}</a>' for link in dashboard["links"])
    chosen = "".join(
        f'<span class="chip">{escape(variable.get("label") or variable["name"])}: <b>{escape(choice(variable))}</b></span>'
        for variable in dashboard["templating"]["list"]
        if variable.get("hide", 0) == 0
    )
    marks = "".join(f'<span class="chip">◆ {escape(mark["name"])}</span>' for mark in dashboard["annotations"]["list"])
    times = [float(point[0]) for refs in data.values() for answers in refs.values() for answer in answers for point in answer["values"]]
    around = (min(times), max(times)) if times else None
    shown = [datetime.fromtimestamp(time, timezone.utc).strftime("%H:%M") for time in around] if around else [dashboard["time"]["from"], dashboard["time"]["to"]]
    span = f'<span class="chip">{escape(shown[0])} … {escape(shown[1])}{" UTC" if around else ""}, each {escape(dashboard["refresh"])}</span>'
    # As tall as it is shown, for a picture: the bar, then rows with their titles.
    tall = 56 + sum((bottom_of(members) - top_of(members)) * (UNIT + GAP) * (head is None or not head["collapsed"] or unfold) + (0 if head is None else 42) for head, members in groups(dashboard["panels"]))
    return (
        f'<section class="board" id="{escape(dashboard["uid"])}" data-height="{tall}"><div class="bar"><h1>{escape(dashboard["title"])}</h1>{chosen}{marks}{span}{links}</div>'
        + "".join(group(head, members, data, around, unfold) for head, members in groups(dashboard["panels"]))
        + "</section>"
    )


def choice(variable):
    """The value that a variable has at first."""
    if variable["type"] == "datasource":
        return variable["query"]
    return "All" if variable.get("includeAll") else str(variable.get("current", {}).get("text", ""))


def groups(panels):
    """(row or None, its panels), from top to bottom."""
    found = [(None, [])]
    for panel in sorted(panels, key=lambda panel: (panel["gridPos"]["y"], panel["gridPos"]["x"])):
        if panel["type"] == "row":
            found.append((panel, list(panel["panels"])))
        else:
            found[-1][1].append(panel)
    return [one for one in found if one[1]]


def top_of(members):
    return min(panel["gridPos"]["y"] for panel in members)


def bottom_of(members):
    return max(panel["gridPos"]["y"] + panel["gridPos"]["h"] for panel in members)


def group(head, members, data, around, unfold):
    top, bottom = top_of(members), bottom_of(members)
    drawn = "".join(one(panel, top, data.get(str(panel["id"]), {}), around) for panel in members)
    area = f'<div class="area" style="height:{(bottom - top) * (UNIT + GAP)}px">{drawn}</div>'
    if head is None:
        return area
    count = f" <small>({len(members)} panels)</small>" if head["collapsed"] else ""
    shown = "" if head["collapsed"] and not unfold else " open"
    return f'<details{shown}><summary>{escape(head["title"])}{count}</summary>{area}</details>'


def one(panel, top, data, around):
    place = panel["gridPos"]
    column = (WIDTH + GAP) / 24
    left, width = place["x"] * column, place["w"] * column - GAP
    height = place["h"] * (UNIT + GAP) - GAP
    try:
        if panel["type"] not in KINDS:
            raise Problem(f"unknown type of panel `{panel['type']}`")
        found = series.of_panel(panel, data, around)
        content = KINDS[panel["type"]](panel, found, width - 2, height - 34, around)
    except Problem as problem:
        raise Problem(f"panel `{panel['title']}`: {problem}") from None
    about = f'<i title="{escape(panel.get("description", ""))}">i</i>' if panel.get("description") else ""
    return (
        f'<div class="panel" style="left:{left:.0f}px;top:{(place["y"] - top) * (UNIT + GAP)}px;width:{width:.0f}px;height:{height}px">'
        f'<header>{escape(panel["title"])}{about}</header>{content}</div>'
    )


def nothing(panel, height):
    return f'<div class="nothing" style="line-height:{height}px">{escape(panel["fieldConfig"]["defaults"].get("noValue", "No data"))}</div>'


def stat(panel, found, width, height, around):
    options, defaults = panel["options"], panel["fieldConfig"]["defaults"]
    if len(found) > 1:
        # A number for each series beside the others, with its name.
        if not all(target.get("legendFormat") for target in panel["targets"]):
            raise Problem(f"{len(found)} series for one number")
        one = lambda series_: stat({**panel, "options": {**options, "named": series_.name}}, [series_], width / len(found), height, around)
        return f'<div class="stats">{"".join(map(one, found))}</div>'
    (calc,) = options["reduceOptions"]["calcs"]
    value = found[0].calc(calc)[1] if found else None
    colour = series.mapped(defaults, value)[1] or series.threshold(defaults, value)
    mode = options["colorMode"]
    if mode not in ("background", "background_solid", "value", "none"):
        raise Problem(f"unknown mode of colours `{mode}`")
    back, front = ("transparent", colour) if mode == "value" else (f"linear-gradient(120deg, {colours.darker(colour, 0.3)}, {colour})", "#FFFFFF")
    if mode == "none" or colour == "transparent":
        back, front = "transparent", "#CCCCDC"
    said = series.text(defaults, value)
    if options["graphMode"] != "none":
        raise Problem(f"the preview does not draw the graph `{options['graphMode']}` behind a number")
    size = min(height * 0.6, width / (0.62 * max(len(said), 3)))
    named = f"<small>{escape(options['named'])}</small>" if "named" in options else ""
    shown = f'<div style="font-size:{size:.0f}px;color:{front}">{named}{escape(said)}</div>'
    for link in defaults.get("links", []):
        shown = f'<a href="{escape(local(link["url"]))}" title="{escape(link["title"])}">{shown}</a>'
    return f'<div class="stat" style="height:{height}px;background:{back}">{shown}</div>'


def timeseries(panel, found, width, height, around):
    if not found:
        return nothing(panel, height)
    defaults, options = panel["fieldConfig"]["defaults"], panel["options"]
    unit, custom = defaults.get("unit", "none"), defaults.get("custom", {})
    stacked = custom.get("stacking", {}).get("mode", "none") == "normal"
    style = custom.get("drawStyle", "line")
    if style not in ("line", "bars"):
        raise Problem(f"unknown style `{style}`")
    table, beside, legend_height = legend(panel, found, width, height)
    plot_width, plot_height = (width - beside, height) if beside else (width, height - legend_height)
    lines, below = [], {}
    for one in found:
        points = one.points
        if stacked:
            points = [(time, value + below.get(time, 0)) for time, value in points]
            bottoms = [(time, below.get(time, 0)) for time, _ in points]
            below.update(points)
        else:
            bottoms = None
        lines.append((one, points, bottoms))
    values = [value for _, points, _ in lines for _, value in points]
    low, high = defaults.get("min", min(values)), defaults.get("max", max(values + [custom.get("axisSoftMax", -math.inf)]))
    dashed = custom.get("thresholdsStyle", {}).get("mode", "off")
    if dashed not in ("off", "dashed", "line"):
        raise Problem(f"unknown style of thresholds `{dashed}`")
    if high <= low:
        high = low + 1
    step = increment((high - low) / max(2, plot_height / 45), units.base(unit), defaults.get("decimals") == 0)
    if "max" not in defaults:
        high = math.ceil(high / step - 1e-9) * step
    if "min" not in defaults:
        low = math.floor(low / step) * step
    places = defaults.get("decimals")
    ticks = [low + step * index for index in range(int((high - low) / step + 1e-9) + 1)]
    names = tick_texts(unit, ticks, places)
    left = 14 + max(len(name) for name in names) * 6.6
    start, end = around
    end = max(end, start + 1)
    across = lambda time: left + (time - start) / (end - start) * (plot_width - left - 10)
    up = lambda value: 6 + (1 - (min(max(value, low), high) - low) / (high - low)) * (plot_height - 28)
    parts = []
    for value, name in zip(ticks, names):
        parts.append(f'<line x1="{left:.0f}" x2="{plot_width - 10:.0f}" y1="{up(value):.1f}" y2="{up(value):.1f}" stroke="#2B2D33"/>')
        parts.append(f'<text x="{left - 6:.0f}" y="{up(value) + 4:.1f}" text-anchor="end">{escape(name)}</text>')
    for time in time_ticks(start, end):
        said = datetime.fromtimestamp(time, timezone.utc).strftime("%H:%M")
        parts.append(f'<line x1="{across(time):.1f}" x2="{across(time):.1f}" y1="6" y2="{plot_height - 22}" stroke="#2B2D33"/>')
        parts.append(time_text(across(time), plot_height - 6, said, plot_width))
    if dashed != "off":
        for level in defaults["thresholds"]["steps"]:
            if level["value"] is not None and low <= level["value"] <= high:
                parts.append(
                    f'<line x1="{left:.0f}" x2="{plot_width - 10:.0f}" y1="{up(level["value"]):.1f}" y2="{up(level["value"]):.1f}"'
                    f' stroke="{colours.of(level["color"])}" stroke-dasharray="{"8 6" if dashed == "dashed" else "none"}"/>'
                )
    pace = min((b[0] - a[0] for _, points, _ in lines for a, b in zip(points, points[1:])), default=math.inf)
    opacity = custom.get("fillOpacity", 0) / 100
    for series_, points, bottoms in lines:
        if style == "bars":
            wide = max(1, (across(start + pace) - across(start)) * 0.6) if math.isfinite(pace) else 4
            for index, (time, value) in enumerate(points):
                foot = up(bottoms[index][1] if bottoms else low)
                parts.append(
                    f'<rect x="{across(time) - wide / 2:.1f}" y="{up(value):.1f}" width="{wide:.1f}" height="{max(0, foot - up(value)):.1f}"'
                    f' fill="{series_.colour}" fill-opacity="{opacity}" stroke="{series_.colour}"/>'
                )
            continue
        for part in pieces(points, pace):
            at = [f"{across(time):.1f},{up(value):.1f}" for time, value in part]
            if len(part) == 1:
                parts.append(f'<circle cx="{across(part[0][0]):.1f}" cy="{up(part[0][1]):.1f}" r="2" fill="{series_.colour}"/>')
                continue
            floor = dict(bottoms) if bottoms else {}
            foot = [f"{across(time):.1f},{up(floor.get(time, low)):.1f}" for time, _ in reversed(part)]
            parts.append(f'<polygon points="{" ".join(at + foot)}" fill="{series_.colour}" fill-opacity="{opacity}"/>')
            parts.append(f'<polyline points="{" ".join(at)}" fill="none" stroke="{series_.colour}" stroke-width="{custom.get("lineWidth", 1)}"/>')
    drawing = f'<svg width="{plot_width:.0f}" height="{plot_height:.0f}">{"".join(parts)}</svg>'
    return f'<div style="display:flex">{drawing}{table}</div>' if beside else drawing + table


def pieces(points, pace):
    """Lines break where samples are missing."""
    found = []
    for point in points:
        if found and point[0] - found[-1][-1][0] <= pace * 1.5:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def increment(least, base, whole):
    """The smallest readable step of an axis from `least` on."""
    least = max(least, 1.0 if whole else 1e-12)
    if base == 2:
        return 2.0 ** math.ceil(math.log2(least))
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= least * (1 - 1e-9) and not (whole and (power * factor) % 1))


def tick_texts(unit, ticks, places):
    """As few decimals as tell the ticks apart."""
    for count in [places] if places is not None else range(6):
        names = [units.text(unit, tick, count) for tick in ticks]
        exact = all(abs(a - b) > 0 for a, b in zip(ticks, ticks[1:])) and len(set(names)) == len(names)
        if exact:
            return names
    return names


def time_ticks(start, end):
    """The same times in every panel, few enough for a narrow one."""
    most = 4
    for step in (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400):
        if (end - start) / step <= most:
            break
    first = math.ceil(start / step) * step
    return range(first, int(end) + 1, step)


def time_text(x, y, said, width):
    """The last time stays within the panel."""
    return f'<text x="{min(x, width - 20):.1f}" y="{y}" text-anchor="middle">{said}</text>'


def legend(panel, found, width, height):
    """(markup, width if it stands on the right, height if it stands below)"""
    options = panel["options"].get("legend", {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []})
    if not options["showLegend"]:
        return "", 0, 0
    rows = []
    for one in found:
        calcs = [one.calc(name) for name in options["calcs"]]
        rows.append((one, [(name, series.text(one.config, value)) for name, value in calcs], [value for _, value in calcs]))
    if "sortBy" in options:
        at = next((index for index, (name, _) in enumerate(rows[0][1]) if name == options["sortBy"]), None)
        if at is None:
            raise Problem(f"the legend is sorted by `{options['sortBy']}`, which it does not show")
        rows.sort(key=lambda row: row[2][at], reverse=options.get("sortDesc", False))
    if options["displayMode"] == "list":
        cells = "".join(
            f'<span><b style="background:{one.colour}"></b>{escape(one.name)}' + "".join(f"<em>{name}: {escape(value)}</em>" for name, value in calcs) + "</span>"
            for one, calcs, _ in rows
        )
        length = sum(len(one.name) * 6.6 + 36 + sum(len(name + value) * 6.2 + 22 for name, value in calcs) for one, calcs, _ in rows)
        below = min(18 * math.ceil(length / (width - 16)), height * 0.35) + 6
        return f'<div class="legend" style="height:{below - 6:.0f}px">{cells}</div>', 0, below
    if options["displayMode"] != "table":
        raise Problem(f"unknown legend `{options['displayMode']}`")
    head = "".join(f"<th>{name}</th>" for name, _ in rows[0][1])
    body = "".join(
        f'<tr><td><b style="background:{one.colour}"></b>{escape(one.name)}</td>' + "".join(f"<td>&nbsp;{escape(value)}</td>" for _, value in calcs) + "</tr>"
        for one, calcs, _ in rows
    )
    right = options["placement"] == "right"
    wide = min(width * 0.45, 60 + max(len(one.name) for one in found) * 6.6 + 70 * len(options["calcs"])) if right else 0
    below = 0 if right else min(19 * (len(rows) + 1), height * 0.35) + 6
    size = f"width:{wide - 16:.0f}px;height:{height}px" if right else f"height:{below - 6:.0f}px"
    return f'<div class="legend" style="{size}"><table><tr><th></th>{head}</tr>{body}</table></div>', wide, below


def timeline(panel, found, width, height, around):
    """A line for each series, coloured by its value."""
    if not found:
        return nothing(panel, height)
    start, end = around
    end = max(end, start + 1)
    left = 16 + min(max(len(one.name) for one in found) * 6.6, width * 0.4)
    line = (height - 26) / len(found)
    across = lambda time: left + (min(time, end) - start) / (end - start) * (width - left - 10)
    pace = min((b[0] - a[0] for one in found for a, b in zip(one.points, one.points[1:])), default=end - start)
    parts = []
    for index, one in enumerate(found):
        top, thick = 4 + index * line + line * 0.08, line * panel["options"].get("rowHeight", 0.9) * 0.95
        name = f'<text x="{left - 8:.0f}" y="{top + thick / 2 + 4:.1f}" text-anchor="end">{escape(one.name)}</text>'
        for link in one.config.get("links", []):
            name = f'<a href="{escape(local(of_series(link["url"], one.labels)))}">{name}</a>'
        parts.append(name)
        for piece in pieces(one.points, pace):
            runs = []
            for time, value in piece:
                if runs and runs[-1][2] == value:
                    runs[-1][1] = time + pace
                else:
                    if runs:
                        runs[-1][1] = time
                    runs.append([time, time + pace, value])
            for begin, until, value in runs:
                said, colour = series.mapped(one.config, value)
                colour = colour or (series.threshold(one.config, value) if one.config.get("color", {}).get("mode") == "thresholds" else one.colour)
                said = said or series.text(one.config, value)
                long = across(until) - across(begin)
                parts.append(f'<rect x="{across(begin):.1f}" y="{top:.1f}" width="{max(long, 1):.1f}" height="{thick:.1f}" fill="{colour}" fill-opacity="{one.config.get("custom", {}).get("fillOpacity", 70) / 100}"/>')
                if panel["options"].get("showValue", "auto") != "never" and long > len(said) * 7 + 8 and thick >= 13:
                    parts.append(f'<text x="{across(begin) + 5:.1f}" y="{top + thick / 2 + 4:.1f}" style="fill:#FFFFFF">{escape(said)}</text>')
    for time in time_ticks(start, end):
        said = datetime.fromtimestamp(time, timezone.utc).strftime("%H:%M")
        parts.append(time_text(across(time), height - 6, said, width))
    return f'<svg width="{width:.0f}" height="{height}">{"".join(parts)}</svg>'


def table(panel, found, width, height, around):
    """A row for each set of labels, a column for each label and query that `organize` names."""
    if not found:
        return nothing(panel, height)
    organize = next((step["options"] for step in panel["transformations"] if step["id"] == "organize"), None)
    unknown = [step["id"] for step in panel["transformations"] if step["id"] not in ("merge", "organize")]
    if organize is None or unknown:
        raise Problem(f"the preview knows no table with the transformations {unknown or 'none'}")
    single = len(panel["targets"]) == 1
    rows = {}
    for one in found:
        row = rows.setdefault(tuple(sorted(one.labels.items())), dict(one.labels))
        row["Value" if single else f"Value #{one.ref}"] = one.values[-1]
    columns = sorted(organize["indexByName"], key=organize["indexByName"].get)
    names = organize["renameByName"]
    ordered = list(rows.values())
    for sort in panel["options"].get("sortBy", []):
        key = next((column for column in columns if names[column] == sort["displayName"]), None)
        if key is None:
            raise Problem(f"the table is sorted by `{sort['displayName']}`, which it does not show")
        ordered.sort(key=lambda row: row.get(key, -math.inf), reverse=sort["desc"])

    def cell(row, column):
        value = row.get(column)
        config = series.overridden(panel["fieldConfig"], names[column], None)
        said = "" if value is None else value if isinstance(value, str) else series.text(config, value)
        style = ""
        if config.get("custom.cellOptions", {}).get("type") == "color-text" and value is not None:
            style = f' style="color:{series.threshold(config, value)}"'
        for link in config.get("links", []):
            return f'<td><a href="{escape(local(link["url"]))}">{escape(said)}</a></td>'
        return f'<td class="{"text" if isinstance(value, str) else "number"}"{style}>{escape(said)}</td>'

    values = {column for row in ordered for column, value in row.items() if not isinstance(value, str)}
    head = "".join(f'<th class="{"number" if column in values else "text"}">{escape(names[column])}</th>' for column in columns)
    # What does not fit has to be scrolled to.
    body = "".join("<tr>" + "".join(cell(row, column) for column in columns) + "</tr>" for row in ordered[: int(height / 34) - 1])
    return f'<div class="cells" style="height:{height}px"><table><tr>{head}</tr>{body}</table></div>'


KINDS = {"stat": stat, "timeseries": timeseries, "state-timeline": timeline, "table": table}


def of_series(url, labels):
    """A link with the labels of the series that it is clicked on."""
    return re.sub(r"\$\{__field\.labels\.(\w+)\}", lambda found: quote(labels.get(found[1], "")), url)


def local(url):
    """A link to another dashboard leads to it on the page."""
    return re.sub(r"^/d/([^/?]+).*", r"#\1", url)


def escape(text):
    return html.escape(str(text))
