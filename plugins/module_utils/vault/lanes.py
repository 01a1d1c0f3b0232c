"""Copies that are read back by one job, and jobs that run side by side: one per tape, as many as there are drives.

The tape software waits two seconds before it starts a job, and it reads a job on whichever drive is free, so that the
tape may be moved to another drive for each. Copies that lie on one tape are therefore read by one job, in the order in
which they lie. Each stream costs one second more: the software sleeps after it has started the program that takes it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy

Result = TypeVar("Result")
# A job that meets one bad copy proves nothing of the others: no more than these are read once more, one by one.
MOST_OF_ONE_JOB = 16


@dataclass(frozen=True, slots=True)
class Reading:
    """A copy to read back: its job in the catalogue, and the hash of its manifest by the records."""

    copy: Copy
    job: int
    manifest_digest: str


def lanes(readings: Sequence[Reading], most: int = MOST_OF_ONE_JOB) -> list[list[list[Reading]]]:
    """Lanes of batches. A lane has the copies that no other lane shares a tape with; its batches follow one another.

    A batch is read by one job: at most `most` copies, none of them of the same machine, for their streams would have
    the same names.
    """
    found: list[tuple[set[str], list[Reading]]] = []
    for each in readings:
        tapes, members = set(each.copy.tapes), [each]
        apart = []
        for other, others in found:
            if other & tapes:
                tapes, members = tapes | other, [*others, *members]
            else:
                apart.append((other, others))
        found = [*apart, (tapes, members)]
    place = {each.copy.id: number for number, each in enumerate(readings)}
    return [_batches(sorted(members, key=lambda each: place[each.copy.id]), most) for _, members in found]


def _batches(readings: Sequence[Reading], most: int) -> list[list[Reading]]:
    batches: list[list[Reading]] = []
    for each in readings:
        fits = (
            batch
            for batch in batches
            if len(batch) < most and each.copy.machine not in {other.copy.machine for other in batch}
        )
        found = next(fits, None)
        if found is None:
            batches.append([each])
        else:
            found.append(each)
    return batches


def run_lanes(
    work: Sequence[Sequence[Sequence[Reading]]],
    read: Callable[[Sequence[Reading]], Result],
    take: Callable[[Result], None],
    side_by_side: int,
) -> None:
    """Read the batches of each lane in their order, so many lanes side by side; `take` is called by this thread alone.

    After an error nothing new is begun; what is being read is taken, and then the first error is raised.
    """
    waiting: deque[Iterator[Sequence[Reading]]] = deque(iter(lane) for lane in work)
    running: dict[Future[Result], Iterator[Sequence[Reading]]] = {}
    failure: Exception | None = None
    with ThreadPoolExecutor(max_workers=side_by_side) as pool:
        while True:
            while failure is None and waiting and len(running) < side_by_side:
                lane = waiting.popleft()
                if (batch := next(lane, None)) is not None:
                    running[pool.submit(read, batch)] = lane
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                lane = running.pop(future)
                try:
                    take(future.result())
                except Exception as error:  # raised below, when the others have ended
                    failure = failure or error
                else:
                    waiting.appendleft(lane)
    if failure is not None:
        raise failure
