"""Dashboards against Grafana's own types: no unknown field, no value of another type, no unknown choice."""

import enum
import importlib
import pkgutil
import re
import typing

from grafana_foundation_sdk import models
from grafana_foundation_sdk.models import dashboard as types
from grafana_foundation_sdk.models import prometheus, units

# Of an annotation; its type is an open one, and Prometheus' plugin reads this.
OF_PROMETHEUS = {"titleFormat": str}

UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and not name.startswith("_")}


def panel_types():
    """Type of panel → the module with its options and what it adds to a field."""
    found = {}
    for info in pkgutil.iter_modules(models.__path__):
        module = importlib.import_module(f"{models.__name__}.{info.name}")
        if hasattr(module, "variant_config") and hasattr(module.variant_config(), "options_from_json_hook"):
            found[module.variant_config().identifier] = module
    return found


PANELS = panel_types()


def faults(dashboard):
    """What is wrong with a dashboard, as texts that begin with its place."""
    return list(of_type(types.Dashboard, dashboard, ""))


def of_type(hint, value, path):
    origin = typing.get_origin(hint)
    if hint in (object, typing.Any):
        return
    if origin is typing.Union:
        options = typing.get_args(hint)
        if value is None and type(None) in options:
            return
        tries = [list(of_type(option, value, path)) for option in options if option is not type(None)]
        yield from min(tries, key=lambda found: (kind(found, path), len(found)))
    elif origin is typing.Literal:
        if value not in typing.get_args(hint):
            yield f"{path}: `{value}` is none of {sorted(map(str, typing.get_args(hint)))}"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: not a list"
            return
        for index, item in enumerate(value):
            yield from of_type(typing.get_args(hint)[0], item, f"{path}[{index}]")
    elif origin is dict:
        if not isinstance(value, dict):
            yield f"{path}: not an object"
            return
        for key, item in value.items():
            yield from of_type(typing.get_args(hint)[1], item, f"{path}.{key}")
    elif isinstance(hint, type) and issubclass(hint, enum.Enum):
        if value not in [choice.value for choice in hint]:
            yield f"{path}: `{value}` is none of {[choice.value for choice in hint]}"
    elif hint in (int, float, str, bool):
        fits = {int: int, float: (int, float), str: str, bool: bool}[hint]
        if not isinstance(value, fits) or isinstance(value, bool) and hint is not bool:
            yield f"{path}: `{value}` is no {hint.__name__}"
    elif hint.__name__ == "Dataquery":
        yield from of_object(prometheus.Dataquery, value, path)
    else:
        yield from of_object(hint, value, path)


def kind(found, path):
    """Of several types the one is meant whose `type` fits."""
    return any(fault.startswith(f"{path}.type:") or fault.startswith(f"{path}: not") for fault in found)


def of_object(hint, value, path):
    if not isinstance(value, dict):
        yield f"{path}: not an object"
        return
    fields = typing.get_type_hints(hint)
    for key, item in value.items():
        here = f"{path}.{key}" if path else key
        name = re.sub(r"(?<=[a-z0-9])[A-Z]", lambda found: "_" + found[0].lower(), key)
        field = next((fields[name] for name in (name, f"{name}_val") if name in fields), None)
        if hint is types.AnnotationQuery and key in OF_PROMETHEUS:
            field = OF_PROMETHEUS[key]
        if hint is types.AnnotationQuery and key == "target":
            field = prometheus.Dataquery
        if hint is types.Panel and key == "options":
            yield from panel_part(value, "Options", item, here)
        elif hint is types.Panel and key == "fieldConfig":
            yield from of_type(field, item, here)
            for index, override in enumerate(item.get("overrides", [])):
                for part in override["properties"]:
                    if str(part.get("id")).startswith("custom."):
                        yield from panel_part(value, "FieldConfig", {part["id"].removeprefix("custom."): part["value"]}, f"{here}.overrides[{index}]")
            if "custom" in item.get("defaults", {}):
                yield from panel_part(value, "FieldConfig", item["defaults"]["custom"], f"{here}.defaults.custom")
        elif hint is types.DynamicConfigValue and key == "value":
            if not str(value.get("id")).startswith("custom."):  # judged with the kind of panel
                yield from of_object(types.FieldConfig, {value.get("id"): item}, path)
        elif field is None:
            yield f"{here}: Grafana knows no such field"
        else:
            yield from of_type(field, item, here)
    if hint is types.FieldConfig and "unit" in value and value["unit"] not in UNITS:
        yield f"{path}.unit: Grafana knows no unit `{value['unit']}`"


def panel_part(panel, part, value, path):
    module = PANELS.get(panel["type"])
    if module is None:
        yield f"{path}: Grafana has no panel of the type `{panel['type']}`"
    elif not hasattr(module, part):
        yield f"{path}: a panel of the type `{panel['type']}` has none"
    else:
        yield from of_type(getattr(module, part), value, path)
