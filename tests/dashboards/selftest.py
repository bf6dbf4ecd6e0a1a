"""The judgement must see each fault, with a message that names it, and pass a sound dashboard; the preview must show what the answers say."""

import copy
import re
import unittest
from pathlib import Path
from unittest import mock

import check
from board import draw, files, prometheus, schema, series, units

SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def panel(number, kind, place, expression, legend="{{pod}}", **field):
    x, y, w, h = place
    stat = kind == "stat"
    return {
        "id": number,
        "type": kind,
        "title": f"Panel {number}",
        "description": "What it shows.",
        "gridPos": {"x": x, "y": y, "w": w, "h": h},
        "datasource": SOURCE,
        "targets": [{"refId": "A", "expr": expression, "legendFormat": legend, "interval": "30s", "instant": stat, "range": not stat}],
        "fieldConfig": {"defaults": {"unit": "none", "min": 0, **field}, "overrides": []},
        "options": {"colorMode": "background", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}} if stat else {},
    }


def rows():
    """A table of two queries."""
    table = panel(5, "table", (0, 11, 24, 5), "topk(9, max by (topic) (kafka_lag)) > 0", "", noValue="None")
    table["targets"].append({**table["targets"][0], "refId": "B", "expr": "sum by (topic) (kafka_offset)"})
    for target in table["targets"]:
        target.update(instant=True, range=False, format="table")
    names = {"topic": "Topic", "Value #A": "Lag", "Value #B": "Offset"}
    table["transformations"] = [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"renameByName": names, "indexByName": {name: index for index, name in enumerate(names)}}},
    ]
    table["options"] = {"showHeader": True, "sortBy": [{"displayName": "Lag", "desc": True}]}
    link = {"title": "Topic", "url": "/d/two?var-topic=${__data.fields.Topic}&${datasource:queryparam}"}
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 100}]
    table["fieldConfig"]["overrides"] = [
        {"matcher": {"id": "byName", "options": "Topic"}, "properties": [{"id": "links", "value": [link]}]},
        {
            "matcher": {"id": "byName", "options": "Lag"},
            "properties": [
                {"id": "unit", "value": "short"},
                {"id": "thresholds", "value": {"mode": "absolute", "steps": steps}},
                {"id": "custom.cellOptions", "value": {"type": "color-text"}},
            ],
        },
    ]
    return table


def sound():
    steps = [{"color": "green", "value": None}, {"color": "red", "value": 3}]
    absent = {"type": "special", "options": {"match": "null+nan", "result": {"text": "Nothing known", "color": "orange"}}}
    row = {"id": 4, "type": "row", "title": "Row", "collapsed": False, "panels": [], "gridPos": {"x": 0, "y": 3, "w": 24, "h": 1}}
    return {
        "uid": "one",
        "id": None,
        "title": "One",
        "editable": False,
        "refresh": "30s",
        "schemaVersion": 39,
        "time": {"from": "now-3h", "to": "now"},
        "links": [{"title": "Other", "type": "link", "url": "/d/two"}],
        "annotations": {"list": [{"name": "Alerts", "enable": True, "iconColor": "red", "datasource": SOURCE, "titleFormat": "{{alertname}}", "target": {"refId": "A", "expr": "ALERTS"}}]},
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus", "current": {}},
                {"name": "pod", "type": "query", "query": {"query": "label_values(up, pod)"}, "datasource": SOURCE, "refresh": 2, "includeAll": True, "allValue": ".*"},
                {
                    "name": "top", "type": "query", "query": {"query": 'query_result(topk(2, sum by (pod) (rate(requests_total{pod=~"$pod"}[$__range]))))'},
                    "regex": '/pod="([^"]*)"/', "hide": 2, "datasource": SOURCE, "refresh": 2, "includeAll": True,
                },
            ]
        },
        "panels": [
            panel(1, "stat", (0, 0, 24, 3), "max(kafka_brokers)", "", thresholds={"mode": "absolute", "steps": steps}, mappings=[absent]),
            row,
            panel(2, "timeseries", (0, 4, 12, 7), 'sum by (pod) (rate(requests_total{pod=~"$top"}[$__rate_interval]))', custom={"fillOpacity": 10}),
            panel(3, "state-timeline", (12, 4, 12, 7), "max by (pod) (up)", mappings=[{"type": "value", "options": {"1": {"text": "serves", "color": "blue"}}}]),
            rows(),
        ],
    }


def set_at(path, value):
    """A change of the dashboard: `panels.1.targets.0.expr`."""

    def change(dashboard):
        at = dashboard
        *way, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
        for key in way:
            at = at[key]
        at[last] = value

    return change


FAULTS = {
    # What Grafana's types say.
    "a field of the dashboard that does not exist": (set_at("editible", False), "editible: Grafana knows no such field"),
    "a field of a panel that does not exist": (set_at("panels.2.descripton", "…"), "panels[2].descripton: Grafana knows no such field"),
    "an option that the panel does not have": (set_at("panels.2.options.legends", {}), "panels[2].options.legends: Grafana knows no such field"),
    "an option of another kind of panel": (set_at("panels.2.options.colorMode", "value"), "panels[2].options.colorMode: Grafana knows no such field"),
    "a drawing that does not exist": (set_at("panels.2.fieldConfig.defaults.custom.fillOpacty", 3), "fillOpacty: Grafana knows no such field"),
    "a field of a query that does not exist": (set_at("panels.2.targets.0.expression", "up"), "panels[2].targets[0].expression: Grafana knows no such field"),
    "a choice that does not exist": (set_at("panels.0.options.colorMode", "backgruond"), "`backgruond` is none of"),
    "a text for a number": (set_at("panels.2.gridPos.x", "0"), "panels[2].gridPos.x: `0` is no int"),
    "a unit that does not exist": (set_at("panels.2.fieldConfig.defaults.unit", "cores"), "Grafana knows no unit `cores`"),
    "a mapping that does not exist": (set_at("panels.3.mappings", []), "panels[3].mappings: Grafana knows no such field"),
    "a kind of panel that does not exist": (set_at("panels.2.type", "graphs"), "no panel of the type `graphs`"),
    "an override of what does not exist": (
        set_at("panels.2.fieldConfig.overrides", [{"matcher": {"id": "byName", "options": "a"}, "properties": [{"id": "colour", "value": {}}]}]),
        "colour: Grafana knows no such field",
    ),
    # What the project says.
    "panels upon each other": (set_at("panels.3.gridPos.x", 11), "lies upon `Panel 2`"),
    "a panel beyond the last column": (set_at("panels.3.gridPos.w", 13), "outside of the 24 columns"),
    "a bare part of a line": (set_at("panels.3.gridPos.w", 11), "a part of it is bare"),
    "bare lines": (set_at("panels.0.gridPos.h", 2), "nothing is there"),
    "a variable that is not declared": (set_at("panels.2.targets.0.expr", 'sum by (pod) (up{topic="$topic",pod=~"$pod"})'), "the variable `topic`, which is not declared"),
    "a variable that nothing asks for": (set_at("panels.2.targets.0.expr", "sum by (pod) (up)"), "variable `top`: no panel asks for it"),
    "a variable that only an unused one asks for": (set_at("panels.2.targets.0.expr", "sum by (pod) (up)"), "variable `pod`: no panel asks for it"),
    "a variable that names one that comes later": (set_at("templating.list.1.query.query", 'label_values(up{pod=~"$top"}, pod)'), "variable `pod`: names `top`, which is not declared before it"),
    "a hidden variable of one value": (set_at("templating.list.2.includeAll", False), "variable `top`: it has one value, and is hidden"),
    "the top at each point": (set_at("panels.2.targets.0.expr", 'topk(3, sum by (pod) (up{pod=~"$top"}))'), "`topk` at each point"),
    "a table of a time": (set_at("panels.4.targets.0.instant", False), "its rows are not those of an instant"),
    "a table of series": (lambda dashboard: dashboard["panels"][4]["targets"][1].pop("format"), "its rows are not those of an instant"),
    "a column without a name": (lambda dashboard: dashboard["panels"][4]["transformations"][1]["options"]["renameByName"].pop("Value #B"), "the column `Value #B` has no name"),
    "a label without a name": (set_at("panels.4.targets.0.expr", "max by (topic, partition) (kafka_lag)"), "the column `partition` has no name"),
    "a sort by no column": (set_at("panels.4.options.sortBy.0.displayName", "Lags"), "sorted by `Lags`, which is no column"),
    "an override of no column": (set_at("panels.4.fieldConfig.overrides.1.matcher.options", "Lags"), "an override of `Lags`, which is no column"),
    "a link with a field that is no column": (
        set_at("panels.4.fieldConfig.overrides.0.properties.0.value.0.url", "/d/two?var-topic=${__data.fields.Group}"),
        "a link names the field `Group`, which is no column",
    ),
    "a link of a column to nowhere": (set_at("panels.4.fieldConfig.overrides.0.properties.0.value.0.url", "/d/three"), "leads to `three`"),
    "a look of cells that does not exist": (set_at("panels.4.fieldConfig.overrides.1.properties.2.id", "custom.cellOption"), "cellOption: Grafana knows no such field"),
    "a variable that time does not renew": (set_at("templating.list.1.refresh", 1), "not asked for again"),
    "a counter as it is": (set_at("panels.2.targets.0.expr", 'sum by (pod) (requests_total{pod=~"$pod"})'), "`requests_total` only grows"),
    "a rate over a fixed time": (set_at("panels.2.targets.0.expr", 'sum by (pod) (rate(requests_total{pod=~"$pod"}[5m]))'), "`rate` over a fixed time"),
    "a rate of an unknown interval": (lambda dashboard: dashboard["panels"][2]["targets"][0].pop("interval"), "no least step"),
    "a legend of a label that is gone": (set_at("panels.2.targets.0.legendFormat", "{{topic}}"), "the legend names `topic`"),
    "a number that may be old": (set_at("panels.0.targets.0.instant", False), "its number may be hours old"),
    "a link to nowhere": (set_at("links.0.url", "/d/three"), "leads to `three`"),
    "a link with an unknown part": (set_at("panels.0.fieldConfig.defaults.links", [{"title": "Page", "url": "https://example.com/${__field.label}"}]), "names `__field.label`"),
    "an id that is taken": (set_at("panels.2.id", 1), "two panels have the same id"),
    "no description": (set_at("panels.2.description", ""), "no description"),
    "no unit": (lambda dashboard: dashboard["panels"][2]["fieldConfig"]["defaults"].pop("unit"), "no unit"),
    "a data source that is not the chosen one": (set_at("panels.2.datasource", {"type": "prometheus", "uid": "main"}), "not from the chosen data source"),
    "a dashboard for editing": (set_at("editable", True), "it can be edited"),
    # What the preview cannot draw.
    "a colour that does not exist": (set_at("panels.0.fieldConfig.defaults.thresholds.steps.0.color", "grene"), "unknown colour `grene`"),
    "a kind of panel that the preview does not draw": (set_at("panels.3.type", "gauge"), "unknown type of panel `gauge`"),
    "a unit that the preview does not write": (set_at("panels.2.fieldConfig.defaults.unit", "lengthm"), "unknown unit `lengthm`"),
}


def judged(dashboard):
    other = copy.deepcopy(sound())
    other["uid"] = "two"
    return [fault for _, fault in check.faults([(Path("one"), dashboard), (Path("two"), other)])]


class Judgement(unittest.TestCase):
    def test_a_sound_dashboard_passes(self):
        self.assertEqual(judged(sound()), [])

    def test_each_fault_is_seen(self):
        for name, (change, message) in FAULTS.items():
            with self.subTest(name):
                dashboard = sound()
                change(dashboard)
                found = judged(dashboard)
                self.assertTrue(any(message in fault for fault in found), f"expected `{message}`, got {found}")

    def test_two_dashboards_of_one_uid_are_seen(self):
        dashboard = sound()
        dashboard["uid"] = "two"
        self.assertIn("two dashboards have the same uid", judged(dashboard))


class Preview(unittest.TestCase):
    def drawn(self, answers):
        return draw.page([(Path("one"), sound())], {"dashboards": {"one": answers}})

    def test_values_are_written_as_grafana_writes_them(self):
        text = (Path(__file__).parent / "units.tsv").read_text()
        lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
        self.assertEqual({unit for unit, *_ in lines}, set(units.UNITS))
        for unit, value, decimals, text in lines:
            with self.subTest(unit=unit, value=value, decimals=decimals):
                self.assertEqual(units.text(unit, float(value), None if decimals == "-" else int(decimals)), text)

    def test_units_of_the_preview_are_grafanas(self):
        self.assertLessEqual(set(units.UNITS), schema.UNITS)

    def test_without_answers_nothing_is_invented(self):
        page = self.drawn({})
        self.assertEqual(page.count("No data"), 2)
        self.assertIn(">None<", page)
        self.assertIn("Nothing known", page)
        self.assertNotIn("<polyline", page)

    def test_an_answer_is_shown_with_its_legend_its_colour_and_its_gap(self):
        times = [1000, 1030, 1060, 1150, 1180]
        page = self.drawn({
            "1": {"A": [{"metric": {}, "values": [[1000, "2"], [1180, "7"]]}]},
            "2": {"A": [{"metric": {"pod": "kafka-0"}, "values": [[time, "5"] for time in times]}]},
            "3": {"A": [{"metric": {"pod": "kafka-9"}, "values": [[1000, "1"], [1030, "1"]]}]},
        })
        self.assertIn(">7<", page)
        self.assertIn("#F2495C", page, "7 has reached the red step")
        self.assertIn("kafka-0", page)
        self.assertEqual(page.count("<polyline"), 2, "the line breaks where samples are missing")
        self.assertIn("kafka-9", page)
        self.assertIn('fill="#5794F2"', page, "the mapping's colour")

    def test_a_number_that_ended_before_the_others_is_no_number_of_now(self):
        page = self.drawn({
            "1": {"A": [{"metric": {}, "values": [[1000, "7"]]}]},
            "2": {"A": [{"metric": {"pod": "kafka-0"}, "values": [[1000, "5"], [1030, "5"]]}]},
        })
        self.assertIn("Nothing known", page)

    def test_a_number_of_two_series_is_an_error(self):
        with self.assertRaisesRegex(files.Problem, "2 series for one number"):
            self.drawn({"1": {"A": [{"metric": {"pod": pod}, "values": [[1000, "7"]]} for pod in "ab"]}})

    def test_numbers_with_names_stand_beside_each_other(self):
        dashboard = sound()
        dashboard["panels"][0]["targets"][0]["legendFormat"] = "{{pod}}"
        answers = {"1": {"A": [{"metric": {"pod": pod}, "values": [[1000, value]]} for pod, value in (("a", "2"), ("b", "7"))]}}
        page = draw.page([(Path("one"), dashboard)], {"dashboards": {"one": answers}})
        self.assertIn("<small>a</small>2<", page)
        self.assertIn("<small>b</small>7<", page)

    def test_a_table_has_a_row_for_each_set_of_labels_and_is_sorted(self):
        of = lambda values: [{"metric": {"topic": topic}, "values": [[1000, value]]} for topic, value in values.items()]
        page = self.drawn({"5": {"A": of({"orders": "7", "billing": "12345"}), "B": of({"orders": "3", "billing": "9", "audit": "4"})}})
        cells = [re.findall(r"<t[dh][^>]*>(?:<a[^>]*>)?([^<]*)", row) for row in re.findall(r"<tr>(.*?)</tr>", page.split('class="cells"')[1])]
        self.assertEqual(cells, [["Topic", "Lag", "Offset"], ["billing", "12.3 K", "9"], ["orders", "7", "3"], ["audit", "", "4"]])
        self.assertIn('style="color:#F2495C">12.3 K<', page)
        self.assertIn('<a href="#two">billing</a>', page)

    def test_folded_rows_are_folded_unless_asked(self):
        dashboard = sound()
        row, inner = dashboard["panels"][1], dashboard["panels"][2:]
        row["collapsed"], row["panels"] = True, inner
        dashboard["panels"] = dashboard["panels"][:2]
        self.assertEqual(judged(dashboard), [])
        self.assertRegex(draw.page([(Path("one"), dashboard)], {}), "<details><summary>Row")
        self.assertRegex(draw.page([(Path("one"), dashboard)], {}, unfold=True), "<details open><summary>Row")

    def test_places_are_those_of_the_grid(self):
        page = self.drawn({})
        places = re.findall(r'class="panel" style="left:(\d+)px;top:(\d+)px;width:(\d+)px;height:(\d+)px"', page)
        self.assertEqual(places, [("0", "0", "1640", "106"), ("0", "0", "816", "258"), ("824", "0", "816", "258"), ("0", "266", "1640", "182")])

    def test_colours_of_series_are_grafanas(self):
        # What `@grafana/data` 11.6 answers.
        by_index = {0: "#73BF69", 1: "#F2CC0C", 2: "#8AB8FF", 3: "#FF780A", 6: "#B877D9", 20: "#F29191"}
        for index, colour in by_index.items():
            self.assertEqual(series.Series("a", {}, [(0, 1)], {"color": {"mode": "palette-classic"}}, index).colour, colour)
        by_name = {"kafka-0": "#B877D9", "orders.events": "#DEDAF7", "__consumer_offsets": "#E0752D", "billing billing.transactions": "#70DBED", "zürich": "#E0F9D7"}
        for name, colour in by_name.items():
            self.assertEqual(series.Series(name, {}, [(0, 1)], {"color": {"mode": "palette-classic-by-name"}}, 3).colour, colour)


class Questions(unittest.TestCase):
    def test_variables_are_replaced_as_grafana_does(self):
        asked = prometheus.expression(sound()["panels"][2]["targets"][0], sound(), 30)
        self.assertEqual(asked, 'sum by (pod) (rate(requests_total{pod=~".*"}[120s]))')
        asked = prometheus.expression(sound()["panels"][2]["targets"][0], sound(), 600)
        self.assertIn("[630s]", asked)

    def test_values_are_those_that_grafana_lists(self):
        asked = []

        def query(url, text, start, end, step):
            asked.append(text)
            return [{"metric": {"pod": pod}, "values": [[end, "1"]]} for pod in ("kafka-1", "kafka.0")]

        dashboard = sound()
        dashboard["templating"]["list"][1].pop("allValue")
        with mock.patch.object(prometheus, "query", query):
            chosen = prometheus.chosen("", dashboard, 0, 3600)
        self.assertEqual(chosen["top"], r"kafka-1|kafka\\.0")
        self.assertEqual(asked, [
            "group by (pod) (last_over_time(up[3600s]))",
            r'topk(2, sum by (pod) (rate(requests_total{pod=~"kafka-1|kafka\\.0"}[3600s])))',
        ])
        asked = prometheus.expression(dashboard["panels"][2]["targets"][0], dashboard, 30, chosen)
        self.assertIn(r'{pod=~"kafka-1|kafka\\.0"}', asked)


if __name__ == "__main__":
    unittest.main()
