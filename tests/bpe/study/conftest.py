"""What the tests of the page share: the page of some encodings, open in a browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bpelab.bpe import Encoding
from bpelab.bpe.study.page import write_page


@pytest.fixture
def open_page(browse: Callable[..., Any], tmp_path: Path) -> Callable[..., Any]:
    """Write a page and open it from the disk, in English unless the address or the browser says otherwise."""

    def open_(encodings: list[Encoding], text: str = "", address: str = "", **options: Any) -> Any:
        write_page(tmp_path / "page.html", encodings, text)
        page = browse(tmp_path / "page.html", address, **{"locale": "en-US"} | options)
        page.wait_for_selector("html[data-ready]")
        return page

    return open_
