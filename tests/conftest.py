"""What several tests share: the two encoders, and the corpora where they are present."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding, get_encoding
from bpelab.bpe.files.public_files import public_path
from bpelab.bpe.parity.reference import load_tiktoken
from hypothesis import settings

# A shell has what it starts in the background ignore Ctrl-C, and nohup the end of the terminal; tests' own
# programs would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes depends on the machine, and on what else it does.
settings.register_profile("bpelab", deadline=None)
settings.load_profile("bpelab")


@pytest.fixture(scope="session")
def gpt2() -> Encoding:
    return get_encoding("gpt2")


@pytest.fixture(scope="session")
def tiktoken_gpt2() -> Any:
    return load_tiktoken("gpt2")


@pytest.fixture(scope="session")
def data() -> Path:
    folder = Path(os.environ.get("BPELAB_DATA", Path(__file__).parents[2] / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}; set BPELAB_DATA to a folder that holds them")
    return folder


@pytest.fixture(scope="session")
def tiktoken_patterns() -> dict[str, str]:
    """The patterns of tiktoken's own definitions, read without their vocabularies."""
    from tiktoken_ext import openai_public

    def no_ranks(*_: object, **__: object) -> dict[bytes, int]:
        return {}

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(openai_public, "load_tiktoken_bpe", no_ranks)
        patch.setattr(openai_public, "data_gym_to_mergeable_bpe_ranks", no_ranks)
        return {
            name: openai_public.ENCODING_CONSTRUCTORS[name]()["pat_str"]
            for name in ("gpt2", "cl100k_base", "o200k_base")
        }


@pytest.fixture(scope="session")
def verdict() -> str:
    """The text of chapter 2, from the user's cache or from the corpora."""
    folder = Path(os.environ.get("BPELAB_DATA", Path(__file__).parents[2] / "shared" / "data"))
    for path in (public_path("the-verdict"), folder / "text" / "the-verdict.txt"):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    pytest.skip("The Verdict is not here: bpelab fetch the-verdict")


# What is sent for a path: the status, the body, and the length that is promised.
Answer = Callable[[str], tuple[int, bytes, int]]


@pytest.fixture
def local_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Answer], tuple[str, list[str]]]]:
    """Start a server with such answers; gives its address and the list of paths asked for, which grows."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = ExitStack()

    def start(answer: Answer) -> tuple[str, list[str]]:
        asked: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                status, body, length = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        server = running.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        running.callback(thread.join)
        running.callback(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}", asked

    with running:
        yield start


@pytest.fixture(scope="session")
def interpreted() -> Callable[[str], str]:
    """Run a program with loops that are not compiled; return what it prints, and fail where it warns."""

    def run(program: str) -> str:
        environment = os.environ | {"NUMBA_DISABLE_JIT": "1"}
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.stderr == ""
        return done.stdout

    return run


@pytest.fixture(scope="module")
def s3_server() -> Iterator[None]:
    """A server on this machine that speaks S3, to which s3fs turns, in processes that start later too."""
    moto = pytest.importorskip("moto.server", reason="pip install flask flask-cors moto s3fs")
    s3fs = pytest.importorskip("s3fs", reason="pip install flask flask-cors moto s3fs")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1", "NO_PROXY": "127.0.0.1",
        }.items():  # fmt: skip
            patch.setenv(name, value)
        s3fs.S3FileSystem.clear_instance_cache()
        yield
    s3fs.S3FileSystem.clear_instance_cache()
    server.stop()


@pytest.fixture
def bucket(s3_server: None) -> str:
    """The URL of a new bucket."""
    import fsspec

    url = f"s3://bucket-{uuid.uuid4()}"
    fsspec.filesystem("s3").mkdir(url)
    return url


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """A Dask cluster of two processes on this machine."""
    distributed = pytest.importorskip("distributed", reason="pip install 'bpelab[dask]'")
    options = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with distributed.LocalCluster(**options, silence_logs=50) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Playwright browser: Debian's chromium, or one that is found by another usual name."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install playwright")
    names = ("chromium", "chromium-browser", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    if program is None:
        pytest.skip("no Chromium is installed; on Debian: apt-get install chromium")
    # Chromium refuses to sandbox for the superuser, who runs tests in many a container.
    arguments = ["--no-sandbox"] if os.getuid() == 0 else []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def browse(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Open a page from the disk, and fail where it tells an error or asks for anything else."""
    contexts, complaints = [], []

    def open_(path: Path, fragment: str = "", **options: Any) -> Any:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("dialog", lambda dialog: (complaints.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: _leaves(request.url) and complaints.append(request.url))
        page.goto(path.as_uri() + fragment)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


def _leaves(url: str) -> bool:
    return not url.startswith(("file:", "blob:", "data:"))
