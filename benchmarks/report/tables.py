"""Which figures do README.md and docs/benchmarks.md show? Tables in Markdown, each made from one record."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import NamedTuple

from bpelab.benchmarks.harness.packages import TRAINERS
from bpelab.benchmarks.harness.record import BYTES, RECORDS, Record, load
from bpelab.benchmarks.harness.rows import Row, rows
from bpelab.benchmarks.report.findings import LOOK_UP, against, won_and_lost
from bpelab.benchmarks.report.units import interval_text, quantity, rate, times

LADDER_RECORD = "quick.json"
COMPILED = "bpelab's compiled loops"


class Headline(NamedTuple):
    """One figure of the READMEs: a group of a question, whom bpelab is compared with, and two labels."""

    question: str
    group: str
    peer: str
    english: str
    korean: str
    ours: str = "bpelab"


HEADLINE_RECORD = "quick.json"
HEADLINES = (
    Headline(
        "encode_warm",
        "gpt2, to an array, tinyshakespeare",
        "tiktoken",
        "Encode prose, with `bpelab[compiled]`, against tiktoken",
        "산문 인코딩하기, `bpelab[compiled]` (tiktoken 대비)",
        COMPILED,
    ),
    Headline(
        "encode_warm",
        "gpt2, to an array, tinyshakespeare",
        "tiktoken",
        "The same with NumPy alone, against tiktoken",
        "같은 산문, NumPy만으로 (tiktoken 대비)",
    ),
    Headline(
        "loader",
        "tokens through the loader",
        "the book",
        "Make batches of windows, against the book's loader",
        "윈도 배치 만들기 (책의 데이터 로더 대비)",
    ),
    Headline(
        "encode_long_piece",
        "gpt2, one piece of random letters, 100,000 bytes",
        "tiktoken",
        "Encode 100 kB of letters without a space, with NumPy alone, against tiktoken",
        "공백 없는 글자 100 kB 인코딩하기, NumPy만으로 (tiktoken 대비)",
    ),
    Headline(
        "train",
        "documentation to 8,192",
        "ffbpe",
        "Train a vocabulary of 8,192 tokens, with NumPy alone, against ffbpe (Rust)",
        "토큰 8,192개의 어휘 학습하기, NumPy만으로 (Rust로 작성된 ffbpe 대비)",
    ),
)


class Comparison(NamedTuple):
    """A table of ratios: the questions of a record, and who is compared with whom."""

    record: str
    questions: Sequence[str]
    peers: Sequence[str]
    ours: str = "bpelab"
    of_memory: bool = False


ENCODING = ("encode_warm", "encode_short", "encode_threads", "first_use", "encode_long_piece")
COMPARISONS: Mapping[str, Comparison] = {
    "encoding": Comparison("quick.json", ENCODING, ("tiktoken",)),
    "compiled": Comparison("quick.json", (*ENCODING, "decode_and_count"), ("tiktoken",), ours=COMPILED),
    "decoding": Comparison("quick.json", ("decode_and_count",), ("tiktoken", "tokenizers")),
    "memory": Comparison(
        "quick.json",
        ("first_use", "train_memory", "loader"),
        ("tiktoken", *TRAINERS, "the book"),
        of_memory=True,
    ),
    "training": Comparison("quick.json", ("train",), (*TRAINERS, "tiktoken._educational")),
    "training-compiled": Comparison("quick.json", ("train",), TRAINERS, ours=COMPILED),
    "loader": Comparison("quick.json", ("loader",), ("the book", "nanoGPT, memory map")),
    "embedding": Comparison("quick.json", ("embedding",), ("one-hot @ Linear",), ours=LOOK_UP),
}


class Rates(NamedTuple):
    """A table of rates: a question of a record, with a column for each contender."""

    record: str
    question: str


RATES: Mapping[str, Rates] = {
    "ladder": Rates(LADDER_RECORD, "encode_ladder"),
    "growth": Rates("full.json", "encode_growth"),
}


@cache
def record_of(file: str) -> Record:
    """Read one of the committed records."""
    return load(RECORDS / file)


def headline() -> str:
    """Return the figures of README.md."""
    record = record_of(HEADLINE_RECORD)
    lines = ["| | times as fast | 95 % interval |", "|---|--:|--:|"]
    for entry, row in _headline_rows(record):
        assert row.ratio
        spread = interval_text(row.ratio)
        lines.append(f"| {entry.english} | **{times(row.ratio.middle)}** | {spread} |")
    note = f"Below 1× bpelab is slower. {source_of(record)} {_again(record, _headline_questions())}"
    return "\n".join([*lines, "", note]) + "\n"


def headline_in_korean() -> str:
    """Return the same figures for README.ko.md."""
    record = record_of(HEADLINE_RECORD)
    lines = ["| | 속도 (배) | 95 % 구간 |", "|---|--:|--:|"]
    for entry, row in _headline_rows(record):
        assert row.ratio
        spread = f"{times(row.ratio.low)}–{times(row.ratio.high)}"
        lines.append(f"| {entry.korean} | **{times(row.ratio.middle)}** | {spread} |")
    modified = ", 커밋되지 않은 수정 있음" if record.get("modified") else ""
    note = (
        f"1×보다 작으면 bpelab이 더 느립니다. {record['started'][:10]}에 커밋 `{_commit(record)}`{modified}, "
        f"{record['machine']['name']}, Python {record['versions']['python']}, {record['n_passes']}회 측정. "
        f"다시 재는 명령: `{command(record, _headline_questions())}`"
    )
    return "\n".join([*lines, "", note]) + "\n"


def _headline_rows(record: Record) -> list[tuple[Headline, Row]]:
    found = {
        (row.cell["question"], row.group, row.contender): row
        for question in _headline_questions()
        for row in rows(record, question)
    }
    return [
        (entry, against(found[entry.question, entry.group, entry.ours], found[entry[:3]]))
        for entry in HEADLINES
    ]


def _headline_questions() -> list[str]:
    return list(dict.fromkeys(entry.question for entry in HEADLINES))


def comparison(name: str) -> str:
    """Return what was found, in a sentence, and the table: medians of both, and their ratio."""
    record_name, questions, peers, ours, of_memory = COMPARISONS[name]
    record = record_of(record_name)
    by_group: dict[tuple[str, str], dict[str, Row]] = {}
    for question in questions:
        for row in rows(record, question):
            if (row.cell["unit"] == BYTES) == of_memory:
                by_group.setdefault((question, row.group), {})[row.contender] = row
    pairs = [
        (found[ours], found[peer])
        for found in by_group.values()
        for peer in peers
        if ours in found and peer in found
    ]
    asked = [question for question in questions if any(question == row.cell["question"] for row, _ in pairs)]
    subject = f"The {ours}" if ours == LOOK_UP else ours
    sentence = won_and_lost(pairs, subject, of_memory=of_memory)
    lines = [sentence, "", f"| | {ours} | the other | | ratio |", "|---|--:|--:|---|--:|"]
    lines += [_line(row, peer) for row, peer in pairs]
    return "\n".join([*lines, "", f"{source_of(record)} {_again(record, asked)}"]) + "\n"


def _line(row: Row, peer: Row) -> str:
    compared = against(row, peer)
    assert compared.ratio
    spread = interval_text(compared.ratio)
    mark = " *" if compared.is_wide else ""
    note = f" ({peer.note})" if peer.note else ""
    amounts = f"{amount(row)} | {amount(peer)} | {peer.contender}{note}"
    return f"| {row.group} | {amounts} | {times(compared.ratio.middle)} ({spread}){mark} |"


def rates(name: str) -> str:
    """Return who was fastest, in a sentence, and the table: how fast each contender is, a row per group."""
    record_name, question = RATES[name]
    record = record_of(record_name)
    found = rows(record, question)
    contenders = sorted(
        {row.contender for row in found}, key=lambda name: (not name.startswith("bpelab"), name)
    )
    groups = list(dict.fromkeys(row.group for row in found))
    lines = [
        _fastest(found),
        "",
        f"| | {' | '.join(contenders)} |",
        f"|---|{'--:|' * len(contenders)}",
    ]
    for group in groups:
        shown = {row.contender: amount(row) for row in found if row.group == group}
        lines.append(f"| {group} | {' | '.join(shown.get(name, '') for name in contenders)} |")
    return "\n".join([*lines, "", f"{source_of(record)} {_again(record, [question])}"]) + "\n"


def _fastest(found: Sequence[Row]) -> str:
    """Say who is fastest on the largest text, and by how much compared with the best of bpelab."""
    largest = max(found, key=lambda row: (row.cell["amount"], row.cell["axis"].get("form") == "array")).group
    order = sorted((row for row in found if row.group == largest), key=lambda row: row.typical)
    first, best = order[0], next(row for row in order if row.contender.startswith("bpelab"))
    told = f"Of those measured on the largest text ({largest}), {first.contender} is the fastest"
    told += f" at {amount(first)}"
    if best is first:
        return f"{told}."
    factor = times(best.typical / first.typical)
    return f"{told}, {factor} as fast as {best.contender} at {amount(best)}."


def amount(row: Row) -> str:
    """Write a row's rate, or its time or memory if it stands for no amount or a very small one."""
    if row.rate and row.cell["amount"] >= 1000:
        return rate(row.rate, row.cell["amount_of"])
    return quantity(row.typical, row.cell["unit"])


def source_of(record: Record) -> str:
    """Say when, at which commit and on what a record was measured."""
    versions, modified = record["versions"], " with uncommitted changes" if record.get("modified") else ""
    tiktoken = versions.get("tiktoken", "not installed")
    return (
        f"Measured on {record['started'][:10]} at commit `{_commit(record)}`{modified},"
        f" preset {record['preset']}, {record['n_passes']} passes: {record['machine']['name']},"
        f" Python {versions['python']}, tiktoken {tiktoken}."
    )


def command(record: Record, questions: Sequence[str]) -> str:
    """Return the command that measures questions again as they were."""
    only = " ".join(f"--only {question}" for question in questions)
    return f"bpelab bench --preset {record['preset']} {only} -o mine.json"


def _again(record: Record, questions: Sequence[str]) -> str:
    return f"Measure it again: `{command(record, questions)}`"


def _commit(record: Record) -> str:
    return str(record.get("commit") or "unknown")[:12]
