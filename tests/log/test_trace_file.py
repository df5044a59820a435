"""A trace file gives back what was written, and damage is seen."""

from __future__ import annotations

import random
import struct
from array import array
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from weft import WeftError
from weft.events import Kind, code_of
from weft.log import format as fmt
from weft.log import reader, writer
from weft.log.reader import Definitions, Events, Gap, Tail


def _words(count: int, seed: int) -> array[int]:
    source = random.Random(seed)
    words = array("Q", [source.getrandbits(source.choice([8, 40, 63])) for _ in range(3 * count)])
    words[2::3] = array(
        "Q", [code & ~63 | Kind.SECTION for code in words[2::3]]
    )  # threads would be named by some kinds
    return words


def _records(*runs: tuple[int, Iterable[int]]) -> writer.Records:
    records = writer.Records()
    for thread, words in runs:
        records.add(thread, list(words))
    records.pack()
    return records


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """A trace of five ticks."""
    path = tmp_path / "trace.weft"
    writer.create(str(path))
    ours = writer.TraceWriter(str(path), 7)
    for tick in range(5):
        names = [{"is": "thread", "id": tick, "name": "ü\ud800"}]
        ours.write(names, _records((tick, _words(tick + 1, tick)), (tick + 9, _words(2, tick))), tick)
    ours.close()
    return path


def _same(one: reader.Item, other: reader.Item) -> bool:
    if isinstance(one, Events) and isinstance(other, Events):
        columns = ("thread", "kind", "obj", "time", "value")
        return one.process == other.process and all(
            np.array_equal(getattr(one, name), getattr(other, name)) for name in columns
        )
    return one == other


def test_what_was_written_is_read_back(trace: Path) -> None:
    items = list(reader.read(trace))
    assert [type(item) for item in items] == [Definitions, Events] * 5
    for tick, item in enumerate(items[1::2]):
        assert isinstance(item, Events)
        words = np.array([*_words(tick + 1, tick), *_words(2, tick)], np.uint64).reshape(-1, 3)
        assert item.process == 7
        assert item.thread.tolist() == [tick] * (tick + 1) + [tick + 9] * 2
        assert np.array_equal(item.time, words[:, 0].astype(np.int64))
        assert np.array_equal(item.value, words[:, 1].astype(np.int64))
        assert np.array_equal(item.kind, (words[:, 2] & 63).astype(np.uint8))
        assert np.array_equal(item.obj, (words[:, 2] >> np.uint64(6)).astype(np.int64))
    assert items[0] == Definitions(7, ({"is": "thread", "id": 0, "name": "ü\ud800"},))


def test_reading_in_any_pieces_gives_the_same(trace: Path, tmp_path: Path) -> None:
    data = trace.read_bytes()
    whole = list(reader.read(trace))
    source = random.Random(1)
    growing = tmp_path / "growing"
    growing.write_bytes(data[: fmt.FILE_HEADER_SIZE])
    tail = Tail(growing)
    items: list[reader.Item] = []
    position = fmt.FILE_HEADER_SIZE
    with growing.open("ab", buffering=0) as file:
        while position < len(data):
            step = source.randint(1, 90)
            file.write(data[position : position + step])
            position += step
            items.extend(tail.read())
    assert tail.finish() == []
    tail.close()
    assert len(items) == len(whole)
    assert all(map(_same, items, whole))


def test_a_file_cut_anywhere_gives_its_whole_blocks_and_a_gap(trace: Path, tmp_path: Path) -> None:
    data = trace.read_bytes()
    whole = list(reader.read(trace))
    cut = tmp_path / "cut"
    for size in range(fmt.FILE_HEADER_SIZE, len(data)):
        cut.write_bytes(data[:size])
        items = list(reader.read(cut))
        good = [item for item in items if not isinstance(item, Gap)]
        assert all(map(_same, good, whole))
        missing = sum(item.size for item in items if isinstance(item, Gap))
        assert items[len(good) :] == (
            [Gap(size - missing, missing, "the file ends in the middle of a block")] if missing else []
        )


def test_every_flipped_bit_is_noticed_and_costs_one_block(trace: Path, tmp_path: Path) -> None:
    data = trace.read_bytes()
    whole = list(reader.read(trace))
    flipped = tmp_path / "flipped"
    source = random.Random(2)
    for position in range(fmt.FILE_HEADER_SIZE, len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << source.randrange(8)
        flipped.write_bytes(changed)
        items = list(reader.read(flipped))
        good = [item for item in items if not isinstance(item, Gap)]
        assert len(good) == len(whole) - 2
        assert len(items) == len(whole) - 1
        assert all(any(_same(item, other) for other in whole) for item in good)


def test_a_damaged_file_header_is_refused(trace: Path, tmp_path: Path) -> None:
    data = trace.read_bytes()
    flipped = tmp_path / "flipped"
    for position in range(fmt.FILE_HEADER_SIZE):
        changed = bytearray(data)
        changed[position] ^= 4
        flipped.write_bytes(changed)
        with pytest.raises(WeftError):
            Tail(flipped)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (fmt.FILE_MAGIC[:5], "is cut off in its first 5 bytes"),
        (b"PK\x03\x04 something else entirely, and long enough", "is not a weft trace"),
        (fmt.file_header(1, 2)[:20], "is cut off in its first 20 bytes"),
        (struct.pack("<8sHHIQQI", fmt.FILE_MAGIC, 99, 36, 0, 0, 0, 0), "has format 99, this weft reads up to 1"),
    ],
)
def test_foreign_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, sentence: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(WeftError, match=sentence):
        Tail(path)


def _block(raw: bytes, **sizes: int) -> bytes:
    noise = bytes(len(fmt.RUN_NOISE) * sizes.get("runs", 0) + len(fmt.NOISE) * sizes.get("records", 0))
    none = {"defined": 0, "runs": 0, "records": 0, "since_ns": 0, "until_ns": 0}
    return fmt.block(raw, noise, 1, **{**none, **sizes})


def test_blocks_that_lie_about_themselves_are_gaps(tmp_path: Path) -> None:
    lies = [
        _block(bytes(10_000_000), records=1),
        _block(bytes(8), records=0, runs=2),
        _block(bytes(len(fmt.RUN_TIDY) + len(fmt.TIDY)), records=1, runs=1),
        _block(b'{"is": "thread"}', defined=16),
        _block(b"[" * 100_000, defined=100_000),
        _block(b"", kind=77),
    ]
    path = tmp_path / "file"
    path.write_bytes(b"".join([fmt.file_header(1, 2), *lies]))
    assert [type(item) for item in reader.read(path)] == [Gap] * len(lies)


def test_threads_are_named_by_the_records_with_which_they_begin(tmp_path: Path) -> None:
    path = tmp_path / "file"
    writer.create(str(path))
    ours = writer.TraceWriter(str(path), 7)
    names = [{"is": "name", "id": 1, "parts": ["Thread-", " (f)"]}, {"is": "name", "id": 2, "parts": ["main"]}]
    enter, name = code_of(Kind.THREAD_ENTER, 1), code_of(Kind.THREAD_NAME, 2)
    ours.write(names, _records((3, [10, 12, enter, 20, 0, code_of(Kind.THREAD_EXIT)])), 30)
    ours.write([], _records((4, [11, 0, name, 21, 13, enter])), 40)
    ours.close()
    first, events, second, others = reader.read(path)
    assert isinstance(first, Definitions)
    assert first.entries[2:] == ({"is": "thread", "id": 3, "name": "Thread-12 (f)"},)
    assert isinstance(second, Definitions)
    assert [entry["name"] for entry in second.entries] == ["main", "Thread-13 (f)"]
    assert isinstance(events, Events)
    assert isinstance(others, Events)
    assert events.kind.tolist() == [Kind.THREAD_ENTER, Kind.THREAD_EXIT]
    assert others.kind.tolist() == [Kind.THREAD_ENTER]


def test_a_trace_is_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "file"
    writer.create(str(path))
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        writer.create(str(path))
    writer.create(str(path), force=True)
