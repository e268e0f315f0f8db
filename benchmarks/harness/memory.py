"""How much memory has this process needed at most? For every benchmark that measures it."""

import re

NEEDS_LINUX = "reads memory from /proc/self/status, which only Linux has"


def peak_resident_size() -> int:
    """Return the largest resident size so far of this process alone, in bytes; Linux only.

    `getrusage` would not do: a new process inherits the maximum of the one that started it.
    """
    with open("/proc/self/status") as status:
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read())
    assert found, "Linux always says VmHWM of a process that runs"
    return int(found[1]) * 1024
