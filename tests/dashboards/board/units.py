"""Values as Grafana writes them, for the units that the dashboards use. `units.tsv` holds what Grafana's own code answers."""

import math

from .files import Problem


def decimals_for(value):
    """As many decimals as show about three digits."""
    if value == 0 or value % 1 == 0:
        return 0
    digits = 1 - math.floor(math.log10(abs(value)))
    if abs(value) / 10.0 ** -digits > 2.25:
        digits += 1
    return max(0, digits)


def fixed(value, decimals=None):
    if decimals is None:
        decimals = decimals_for(value)
    factor = 10 ** decimals
    # Halves go up, as in JavaScript.
    return f"{math.floor(value * factor + 0.5) / factor:.{decimals}f}"


def scaled(base, suffixes, unscaled=0):
    """`suffixes[unscaled]` is that of values from 1 on."""
    def text(value, decimals):
        power = 0 if value == 0 else math.floor(math.log10(abs(value)) / math.log10(base))
        power = min(max(power, -unscaled), len(suffixes) - 1 - unscaled)
        return fixed(value / base ** power, decimals) + suffixes[unscaled + power]
    return text


def suffix(unit):
    return lambda value, decimals: fixed(value, decimals) + unit


def count(unit):
    return scaled(1000, [f"{prefix} {unit}" for prefix in ("", "K", "M", "B", "T")])


def percent_unit(value, decimals):
    return fixed(value * 100, decimals) + "%"


STEPS = [
    (1000, 1, " ms"),
    (60e3, 1e3, " s"),
    (3600e3, 60e3, " min"),
    (86400e3, 3600e3, " hour"),
    (31536e6, 86400e3, " day"),
    (math.inf, 31536e6, " year"),
]


def milliseconds(value, decimals):
    for limit, divisor, name in STEPS:
        if abs(value) < limit:
            plural = "s" if divisor >= 60e3 and abs(value / divisor) > 1 else ""
            return fixed(value / divisor, decimals) + name + plural
    raise AssertionError("the last limit is infinite")


SMALL = [(1e-6, 1e9, " ns"), (1e-3, 1e6, " µs"), (1, 1e3, " ms"), (60, 1, " s")]
LARGE = [(3600, 60, " min"), (86400, 3600, " hour"), (604800, 86400, " day"), (31536e3, 604800, " week"), (math.inf, 31556900, " year")]


def seconds(value, decimals):
    if value == 0:
        return "0 s"
    for limit, factor, name in SMALL:
        if abs(value) < limit:
            return fixed(value * factor, decimals) + name
    for limit, divisor, name in LARGE:
        if abs(value) < limit:
            return fixed(value / divisor, decimals) + name + ("s" if abs(value / divisor) > 1 else "")
    raise AssertionError("the last limit is infinite")


BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi"]
DECIMAL = ["f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P"]

UNITS = {
    "none": suffix(""),
    "short": scaled(1000, ["", " K", " Mil", " Bil", " Tri"]),
    "percentunit": percent_unit,
    "bytes": scaled(1024, [f" {prefix}B" for prefix in BINARY]),
    "Bps": scaled(1000, [f" {prefix}B/s" for prefix in DECIMAL], 5),
    "binBps": scaled(1024, [f" {prefix}B/s" for prefix in BINARY]),
    "ms": milliseconds,
    "s": seconds,
    "reqps": count("req/s"),
    "recps": count("rec/s"),
    "cps": count("c/s"),
}


def text(unit, value, decimals=None):
    """A value with its unit; an unknown unit is a [`Problem`], since Grafana would print its id."""
    if unit not in UNITS:
        raise Problem(f"unknown unit `{unit}`")
    return UNITS[unit](value, decimals)


def base(unit):
    """Of which number the ticks of an axis are powers."""
    return 2 if unit in ("bytes", "binBps") else 10
