"""A damaged file of the matrix of hosts: it is read as far as it goes."""

import time
from pathlib import Path

from tests.fake_hosts import FakeHosts
from tests.fuzz.inputs import files, reads
from tests.unit.hosts.good_hosts import good
from tui.hosts.backend.matrix_file import MatrixFile
from tui.hosts.model.matrix import cell
from tui.hosts.model.share import Share


def test_a_damaged_matrix_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    config, path = FakeHosts().config, tmp_path / "matrix.json"
    file = MatrixFile(config, path)
    known = cell(good(), ("source", "destination"), (Share("2", "nfs", "5f00"),) * 2, time.monotonic())
    assert known is not None
    file.keep([known])
    sample = path.read_text("utf-8")

    def load(data: bytes) -> None:
        path.write_bytes(data)
        for each in file.cells().values():
            assert each.words
            assert each.age(time.monotonic())
        file.keep([known])

    reads(files(sample), load)
