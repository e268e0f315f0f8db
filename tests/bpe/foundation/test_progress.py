"""The time left is what the rest takes at the rate so far, and a report comes when it is due."""

import pytest
from bpelab.bpe.foundation import progress
from bpelab.bpe.foundation.progress import Progress, Reporter
from hypothesis import given
from hypothesis import strategies as st


@given(
    done_before=st.integers(0, 1000),
    done_here=st.integers(1, 1000),
    left=st.integers(0, 1000),
    seconds_each=st.sampled_from([0.25, 1.0, 4.0]),
)
def test_the_rest_takes_as_long_as_what_this_process_has_done(
    done_before: int, done_here: int, left: int, seconds_each: float
) -> None:
    done = done_before + done_here
    state = Progress("", done, done + left, seconds=seconds_each * done_here, done_before=done_before)
    assert state.seconds_left == pytest.approx(seconds_each * left)


@pytest.mark.parametrize(
    ("done", "total"), [(5, None), (3, 9), (2, 9)], ids=["no end", "nothing yet", "less"]
)
def test_without_a_rate_or_an_end_no_time_is_told(done: int, total: int | None) -> None:
    assert Progress("", done, total, seconds=1.0, done_before=3).seconds_left is None


def test_more_than_was_expected_leaves_no_time() -> None:
    assert Progress("", 12, 10, seconds=1.0).seconds_left == 0


def test_reports_come_at_the_beginning_a_few_times_a_second_and_once_at_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 100.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    monkeypatch.setattr(Reporter, "SECONDS", 0.25)  # whose sums are exact
    told: list[Progress] = []
    report = Reporter(told.append, "merging", 9, 2)
    for done in range(10):
        report(done, {"pairs": done})
        now += 0.125
    report(9, at_end=True)
    report(9, at_end=True)
    assert [state.done for state in told] == [0, 2, 4, 6, 8, 9]
    assert [state.found for state in told] == [*({"pairs": done} for done in (0, 2, 4, 6, 8)), {}]
    assert [state.seconds for state in told] == [0, 0.25, 0.5, 0.75, 1.0, 1.25]
    assert {(state.phase, state.total, state.done_before) for state in told} == {("merging", 9, 2)}


def test_nobody_watching_is_nobody_told() -> None:
    Reporter(None, "merging", 9)(5, at_end=True)
