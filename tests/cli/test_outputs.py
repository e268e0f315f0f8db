"""No verb writes over what it reads, over a second file that nobody named, or over what is not a file."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from bpelab.benchmarks.harness.record import RECORDS
from bpelab.cli import outputs
from bpelab.cli.verbs import run

TEXT = "the cat sat on the mat, and the cat saw the hat\n" * 3
CACHED = "6d1cbeee0f20b3d9449abfede4726ed8212e3aee"  # where tiktoken looks for vocab.bpe
TRAIN = ("train", "--vocab-size", "260", "--quiet")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with a corpus, an encoding and a record, and nothing done yet."""
    monkeypatch.chdir(tmp_path)
    Path("corpus").mkdir()
    Path("corpus", "a.json").write_text(TEXT)
    Path("corpus.json").write_text(TEXT)
    Path("cache", CACHED).mkdir(parents=True)
    Path("to-corpus").symlink_to("corpus")
    Path("link.json").symlink_to("corpus.json")
    os.link("corpus.json", "hard.json")
    Path("outside.json").write_text("kept")
    Path("corpus", "link.json").symlink_to(Path("..") / "outside.json")
    Path("mine.json").write_bytes((RECORDS / "quick.json").read_bytes())
    run([*TRAIN, "corpus.json", "-o", "enc.json"])
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "command",
    [
        "train corpus.json -o corpus.json",
        "train corpus.json -o ./corpus/../corpus.json",
        "train corpus.json -o link.json",
        "train link.json -o corpus.json",
        "train corpus.json -o hard.json",
        "train corpus -o corpus/a.json",
        "train corpus -o corpus/new.json",
        "train to-corpus -o corpus/new.json",
        "train corpus -o to-corpus/new.json",
        "train corpus -o outside.json",
        "train corpus.json -o new.json --checkpoint corpus.json",
        "train corpus.json -o new.json --checkpoint new.json",
        "train corpus -o new.json --checkpoint corpus/checkpoint",
        "train corpus.json -o enc.json --extend enc.json",
        "convert enc.json enc.json",
        "convert enc.json ../{folder}/enc.json",
        "tokenize corpus -o corpus",
        "tokenize corpus -o corpus/tokens",
        "tokenize corpus -o to-corpus/tokens",
        "tokenize . -o tokens",
        "report mine.json -o mine.json",
        "report mine.json -o page.html --markdown mine.json",
        "report mine.json -o page.html --markdown ./page.html",
        "report mine.json -o page.md",
        "explain hi --html enc.json --beside enc.json",
    ],
)
def test_what_is_read_is_not_written_over(folder: Path, command: str) -> None:
    before = contents(folder)
    verb, *arguments = command.format(folder=folder.name).split()
    with pytest.raises(ValueError, match=r"would be replaced|would be read as well|different names"):
        run([*TRAIN, *arguments] if verb == "train" else [verb, *arguments])
    assert contents(folder) == before


def test_tokens_that_are_read_are_not_written_over(folder: Path) -> None:
    Path("out").mkdir()
    Path("out", "tokens-000000.bin").write_text(TEXT)
    Path("link").symlink_to(Path("out") / "tokens-000000.bin")
    for name in ("out/tokens-000000.bin", "link"):
        with pytest.raises(ValueError, match="would be replaced"):
            run(["tokenize", name, "-o", "out"])
    assert Path("out", "tokens-000000.bin").read_text() == TEXT


def test_a_hidden_directory_of_a_corpus_is_not_read_and_can_be_written() -> None:
    Path("corpus", ".made").mkdir()
    run([*TRAIN, "corpus/a.json", "-o", "corpus/.made/new.json"])
    run([*TRAIN, "corpus", "-o", "corpus/.made/new.json"])


@pytest.mark.parametrize(("first", "second"), [("vocab.bpe", "encoder.json"), ("merges.txt", "vocab.json")])
def test_the_second_file_of_a_pair_is_replaced_with_its_first_only(first: str, second: str) -> None:
    Path(second).write_text("mine")
    for arguments in (["convert", "gpt2", first], [*TRAIN, "corpus.json", "-o", first]):
        with pytest.raises(ValueError, match=f"{second} would be replaced, but does not belong to {first}"):
            run(arguments)
    Path(first).write_text("#version: 0.2\n")
    with pytest.raises(ValueError, match=f"{second} would be replaced"):
        run(["convert", "gpt2", first])
    assert (Path(first).read_text(), Path(second).read_text()) == ("#version: 0.2\n", "mine")
    Path(first).unlink()
    Path(second).unlink()
    run(["convert", "gpt2", first])
    run([*TRAIN, "corpus.json", "-o", first])
    assert len(json.loads(Path(second).read_text())) == 260


def test_a_tokenizer_config_that_is_not_bpelab_s_is_not_replaced() -> None:
    Path("tokenizer_config.json").write_text("{}")
    for arguments in (["convert", "gpt2", "tokenizer.json"], [*TRAIN, "corpus.json", "-o", "tokenizer.json"]):
        with pytest.raises(
            ValueError, match=r"tokenizer_config\.json would be replaced, which does not belong"
        ):
            run(arguments)
        assert not Path("tokenizer.json").exists()
    Path("tokenizer_config.json").unlink()
    for _ in range(2):
        run(["convert", "gpt2", "tokenizer.json"])
    assert Path("tokenizer_config.json").read_text() != "{}"


def test_markdown_goes_next_to_the_page_and_replaces_only_an_older_report(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from bpelab.benchmarks.report import page

    monkeypatch.setattr(page, "page_html", lambda _: "<page>")
    Path("NOTES.md").write_text("# Mine\n")
    with pytest.raises(ValueError, match=r"NOTES\.md would be replaced, and is not a report.*--markdown"):
        run(["report", "mine.json", "-o", "NOTES.html"])
    assert not Path("NOTES.html").exists()
    run(["report", "mine.json", "-o", "NOTES.html", "--markdown", "other.md"])
    assert Path("NOTES.md").read_text() == "# Mine\n"
    for _ in range(2):
        run(["report", "mine.json", "-o", "made/page.html"])
    assert Path("made", "page.md").read_text() == Path("other.md").read_text()
    run(["report", "mine.json", "-o", "/dev/null"])
    assert not Path("/dev/null.md").exists()
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("train corpus.json -o no/new.json", "no/new.json"),
        ("train corpus.json -o corpus.json/new.json", "corpus.json/new.json"),
        ("train corpus.json -o new.json --checkpoint no/checkpoint", "no/checkpoint"),
        ("train corpus.json -o new.json --checkpoint corpus", "corpus"),
        ("convert gpt2 corpus.json/x.json", "corpus.json/x.json"),
        ("explain hi --html no/page.html", "no/page.html"),
        ("report mine.json -o corpus", "corpus"),
        ("report mine.json -o mine.json/page.html", "mine.json/page.html"),
        ("report mine.json -o page.html --markdown corpus", "corpus"),
        ("bench -o corpus", "corpus"),
        ("bench -o mine.json/x", "mine.json/x"),
        ("tiktoken-cache mine.json", "mine.json"),
        ("tiktoken-cache cache", f"cache/{CACHED}"),
    ],
)
def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    folder: Path, monkeypatch: pytest.MonkeyPatch, command: str, message: str
) -> None:
    def work(*_: object, **__: object) -> None:
        pytest.fail("the work has begun")

    from bpelab import bpe
    from bpelab.benchmarks.harness import environment, suite
    from bpelab.benchmarks.report import markdown
    from bpelab.bpe.files import save_load, tiktoken_cache
    from bpelab.bpe.study import page

    train = bpe.train
    monkeypatch.setattr(bpe, "train", lambda texts, **options: work() if texts else train(texts, **options))
    monkeypatch.setattr(suite, "_parity", work)
    monkeypatch.setattr(environment, "limits", work)
    monkeypatch.setattr(page, "page_html", work)
    monkeypatch.setattr(markdown, "markdown", work)
    monkeypatch.setattr(save_load, "dump_tokenizer_json", work)
    monkeypatch.setattr(tiktoken_cache, "dump_vocab_bpe", work)
    before = contents(folder)
    verb, *arguments = command.split()
    with pytest.raises(OSError) as caught:
        run([*TRAIN, *arguments] if verb == "train" else [verb, *arguments])
    assert caught.value.filename == message
    assert contents(folder) == before


def test_a_record_is_kept_in_a_file_only(monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo("pipe")
    for name in ("pipe", "/dev/null"):
        with pytest.raises(ValueError, match="not a regular file, so a record could not be kept"):
            run(["bench", "-o", name])


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: Path(path).symlink_to("/dev/null")])
def test_a_pipe_or_a_device_may_be_read_and_written(make: Callable[[str], None]) -> None:
    make("device")
    outputs.check_not_read(Path("device"), Path("device"))
