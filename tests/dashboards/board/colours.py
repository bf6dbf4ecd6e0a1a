"""Colours as Grafana's dark theme has them."""

from .files import Problem

NAMED = {
    "green": "#73BF69", "dark-green": "#37872D", "semi-dark-green": "#56A64B", "light-green": "#96D98D", "super-light-green": "#C8F2C2",
    "yellow": "#FADE2A", "dark-yellow": "#E0B400", "semi-dark-yellow": "#F2CC0C", "light-yellow": "#FFEE52", "super-light-yellow": "#FFF899",
    "red": "#F2495C", "dark-red": "#C4162A", "semi-dark-red": "#E02F44", "light-red": "#FF7383", "super-light-red": "#FFA6B0",
    "blue": "#5794F2", "dark-blue": "#1F60C4", "semi-dark-blue": "#3274D9", "light-blue": "#8AB8FF", "super-light-blue": "#C0D8FF",
    "orange": "#FF9830", "dark-orange": "#FA6400", "semi-dark-orange": "#FF780A", "light-orange": "#FFB357", "super-light-orange": "#FFCB7D",
    "purple": "#B877D9", "dark-purple": "#8F3BB8", "semi-dark-purple": "#A352CC", "light-purple": "#CA95E5", "super-light-purple": "#DEB6F2",
    "text": "#CCCCDC", "transparent": "transparent",
}
# The order in which series get them.
PALETTE = (
    "green semi-dark-yellow light-blue semi-dark-orange red blue purple #705DA0 dark-green yellow #447EBC #C15C17 #890F02 #0A437C #6D1F62 #584477"
    " #B7DBAB #F4D598 #70DBED #F9BA8F #F29191 #82B5D8 #E5A8E2 #AEA2E0 #629E51 #E5AC0E #64B0C8 #E0752D #BF1B00 #0A50A1 #962D82 #614D93 #9AC48A"
    " #F2C96D #65C5DB #F9934E #EA6460 #5195CE #D683CE #806EB7 #3F6833 #967302 #2F575E #99440A #58140C #052B51 #511749 #3F2B5B #E0F9D7 #FCEACA"
    " #CFFAFF #F9E2D2 #FCE2DE #BADFF4 #F9D9F9 #DEDAF7"
).split()
PANEL = "#181B1F"


def of(name):
    """A colour by its name, or as `#rrggbb`."""
    if name in NAMED:
        return NAMED[name]
    if name.startswith("#") and len(name) == 7:
        return name
    raise Problem(f"unknown colour `{name}`")


def channels(colour):
    return [int(colour[at:at + 2], 16) for at in (1, 3, 5)]


def darker(colour, part):
    return "#" + "".join(f"{round(channel * (1 - part)):02x}" for channel in channels(colour)) if colour.startswith("#") else colour


def luminance(colour):
    linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


READABLE = [colour for colour in map(of, PALETTE) if contrast(colour, PANEL) >= 3]


def by_name(series):
    """The colour of a series whose name alone decides: the same in every panel."""
    value = 5381
    for character in reversed(series):
        value = (value * 33 & 0xFFFFFFFF) ^ ord(character)
    return READABLE[value % len(READABLE)]


def by_index(index):
    return of(PALETTE[index % len(PALETTE)])
