"""Who gives tiktoken's ids on which kind of text? A table of encoders by kinds, and the first differences."""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from bpelab.benchmarks.report.document import details, header, scrolled
from bpelab.benchmarks.report.matrix import ENCODING

Answers = Sequence[dict[str, Any]]


def encoders_and_kinds(answers: Answers) -> tuple[list[str], list[str]]:
    """Return the encoders, those with the fewest differences first, and the kinds of text in order."""
    encoders = list(dict.fromkeys(map(_name, answers)))
    n_different = {name: sum(map(bool, of_encoder(answers, name).values())) for name in encoders}
    return sorted(encoders, key=lambda name: n_different[name]), list(
        dict.fromkeys(entry["kind"] for entry in answers)
    )


def _name(entry: dict[str, Any]) -> str:
    """Name the encoder, and the encoding unless it is the usual one."""
    encoding = entry["encoding"]
    return str(entry["encoder"]) if encoding == ENCODING else f"{entry['encoder']} ({encoding})"


def of_encoder(answers: Answers, name: str) -> dict[str, dict[str, str] | None]:
    """Return the first difference of an encoder for each kind of text; None where there is none."""
    return {entry["kind"]: entry.get("difference") for entry in answers if _name(entry) == name}


def told(answers: Answers) -> str:
    """Say how many encoders give tiktoken's ids on every kind of text."""
    encoders, kinds = encoders_and_kinds(answers)
    equal = [name for name in encoders if not any(of_encoder(answers, name).values())]
    return f"{len(equal)} of {len(encoders)} encoders give tiktoken's ids on all {len(kinds)} kinds of text."


def differences(answers: Answers) -> Iterator[str]:
    """Yield a line for each encoder and kind of text with a difference."""
    for entry in answers:
        if found := entry.get("difference"):
            where = f" in {found['text']}" if found["text"] else ""
            yield f"{entry['encoder']}, {entry['kind']}: {found['told']}{where}"


def conformance_table(answers: Answers) -> Iterator[str]:
    """Yield the sentence, the table and the first differences as HTML."""
    encoders, kinds = encoders_and_kinds(answers)
    yield f"<p class='answer'>{escape(told(answers))}</p>"
    head = header(["encoder", *kinds])
    lines = []
    for name in encoders:
        found = of_encoder(answers, name)
        lines.append(
            f"<tr><th scope='row'>{escape(name)}</th>{''.join(_cell(found, kind) for kind in kinds)}</tr>"
        )
    yield scrolled(
        "Conformance",
        f"<table class='matrix'>{head}<tbody>{''.join(lines)}</tbody></table>",
    )
    listed = "".join(f"<li>{escape(line)}</li>" for line in differences(answers))
    if listed:
        yield details("The first difference of each", f"<ul>{listed}</ul>")


def _cell(found: dict[str, dict[str, str] | None], kind: str) -> str:
    if kind not in found:
        return "<td></td>"
    difference = found[kind]
    if difference is None:
        return "<td class='good'>✓</td>"
    return f"<td class='bad' title='{escape(difference['told'])}'>✗</td>"
