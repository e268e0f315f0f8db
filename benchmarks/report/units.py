"""How are measurements written? With three digits, in the unit that reads best."""

from bpelab.benchmarks.harness.ratios import Ratio

_SECONDS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))
_BYTES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))


def quantity(value: float, unit: str) -> str:
    """Write seconds or bytes.

    >>> quantity(0.01234, "s"), quantity(123456789, "B"), quantity(0, "s"), quantity(2e-10, "s")
    ('12.3 ms', '123 MB', '0 s', '0.20 ns')
    """
    if not value:
        return f"0 {unit}"
    scales = _SECONDS if unit == "s" else _BYTES
    factor, name = next((pair for pair in scales if value >= 0.9995 * pair[0]), scales[-1])
    return f"{digits(value / factor)} {name}"


def rate(per_second: float, of: str | None) -> str:
    """Write an amount per second.

    >>> rate(45.7e6, "bytes"), rate(1.25e8, "tokens")
    ('45.7 MB/s', '125 M tokens/s')
    """
    if of == "bytes":
        return f"{digits(per_second / 1e6)} MB/s"
    return f"{digits(per_second / 1e6)} M {of or 'things'}/s"


def times(ratio: float) -> str:
    """Write a ratio.

    >>> times(5.553), times(0.0712), times(445_123.0)
    ('5.55×', '0.071×', '445,000×')
    """
    return f"{digits(ratio)}×"


def interval_text(ratio: Ratio) -> str:
    """Write a ratio's interval.

    >>> interval_text(Ratio(5.0, 4.5, 5.6, 5)), interval_text(Ratio(5.0, 5.0, 5.0, 1))
    ('4.50× to 5.60×', 'one pass, no interval')
    """
    if ratio.n_passes < 2:
        return "one pass, no interval"
    return f"{times(ratio.low)} to {times(ratio.high)}"


def digits(value: float) -> str:
    """Write a number to three digits, and to two below a tenth.

    >>> [digits(value) for value in (0.0123, 0.0996, 0.999, 9.999, 12.3, 99.96, 1234.0, 0.0, 1e30)]
    ['0.012', '0.10', '1.00', '10.0', '12.3', '100', '1,230', '0', '1.00e+30']
    """
    if value == 0:
        return "0"
    rounded = float(f"{value:.3g}")
    if rounded < 0.0995:
        return f"{value:.3f}" if value >= 0.01 else f"{value:.2g}"
    if rounded >= 1e12:
        return f"{value:.2e}"
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:.1f}" if rounded >= 10 else f"{rounded:.2f}"


def tick(value: float) -> str:
    """Write a round number of an axis in a few characters.

    >>> [tick(value) for value in (0.03, 1.5, 20.0, 300.0, 1e3, 2e6, 1e12, 1e-9)]
    ['0.03', '1.5', '20', '300', '1k', '2M', '1T', '1e-09']
    """
    for factor, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if factor <= value < 1000.5 * factor:
            return f"{value / factor:g}{name}"
    return f"{value:.2g}" if value < 1 else f"{value:g}" if value < 1000 else f"{value:.0e}"


def quantity_tick(value: float, unit: str) -> str:
    """Write a round number of seconds or bytes in a few characters.

    >>> quantity_tick(0.01, "s"), quantity_tick(2e6, "B"), quantity_tick(1e-12, "s")
    ('10 ms', '2 MB', '0.001 ns')
    """
    scales = _SECONDS if unit == "s" else _BYTES
    factor, name = next((pair for pair in scales if value >= 0.9995 * pair[0]), scales[-1])
    return f"{value / factor:.3g} {name}"
