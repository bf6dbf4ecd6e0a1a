"""`docs/proof.md`: the text around the table is written by hand, the table by the run."""


def write(path, results, section):
    """Puts the table between the marks of its section, `results` or `alerts`."""
    begin, end = f"<!-- {section}: written by tests/real/run -->", f"<!-- end of {section} -->"
    text = path.read_text() if path.exists() else ""
    if begin not in text:
        text += f"{begin}\n{end}\n"
    before, after = text.split(begin)[0], text.split(end)[1]
    path.write_text(before + begin + "\n\n" + table(results) + "\n" + end + after)


def table(results):
    lines = []
    for name, result in sorted(results.items()):
        good, facts = sum(r["good"] is True for r in result["rows"]), sum(r["good"] is not None for r in result["rows"])
        lines += [f"### `{name}`: {good} of {facts} hold, in {result['seconds']:.0f} s", "", "| | What was seen | Seconds |", "|---|---|---|"]
        for row in result["rows"]:
            detail = f": {row['detail']}" if row["detail"] else ""
            took = f"{row['seconds']:.0f}" if row["seconds"] is not None else ""
            mark = {True: "", False: "**fails:** ", None: "*note:* "}[row["good"]]
            lines.append(f"| {row['check']} | {mark}{row['what']}{detail.replace('|', '/')} | {took} |")
        lines.append("")
    return "\n".join(lines)
