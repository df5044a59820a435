"""A recording says what the source files of its locks and stacks held."""

from __future__ import annotations

import hashlib
from pathlib import Path

from support.recorded import record


def test_files_are_defined_with_their_digests_once(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import threading, time
        lock = threading.Lock()
        def work():
            with lock:
                time.sleep(0.05)
        threads = [threading.Thread(target=work) for _ in range(3)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        exec(compile("other = threading.Lock()\\nwith other: pass", "/no/such/file.py", "exec"))
        """,
    )
    files = found.defined("file")
    assert len({entry["path"] for entry in files}) == len(files)
    (mine,) = (entry for entry in files if entry["path"].endswith("app.py"))
    assert mine["at"] == str(tmp_path / "app.py")
    assert mine["digest"] == f"sha256:{hashlib.sha256((tmp_path / 'app.py').read_bytes()).hexdigest()}"
    named = {entry["file"] for entry in found.defined("lock")}
    assert "/no/such/file.py" in named
    assert "/no/such/file.py" not in {entry["path"] for entry in files}
