"""What would let `make chaos` say that all converged when it did not: faults that strike nothing, cases that vary."""

import os
import sys
from pathlib import Path

import pytest

from tests.chaos import cases, damages, objects, traps
from tests.chaos.cases import BLOCK, DISK, DISK_FULL, IO_ERROR, NO_SPACE, SHORT, TORN, VICTIMS
from tests.chaos.disk import Disk
from tests.chaos.results import Results, tables
from tests.chaos.trial import Result

WRITES = """
import os, sys
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY)
for part in (b"abcdefgh", b"ijklmnop"):
    while part:
        part = part[os.write(file, part):]
os.rename(sys.argv[1], sys.argv[1] + ".new")
"""


def written(directory: Path, fault: str, at: int) -> tuple[int, Disk]:
    """The exit code of a program that writes a file below `directory` in four calls, with `fault` at call `at`."""
    disk = Disk(directory, fault, at)
    command = [sys.executable, "-c", WRITES, str(directory / "file")]
    with Path(os.devnull).open("wb") as nowhere:
        return traps.start(command, disk.decide, nowhere, cwd=directory, env=os.environ).wait(60), disk


def test_without_a_fault_every_write_is_counted_and_done(tmp_path: Path) -> None:
    code, disk = written(tmp_path, "", -1)
    assert (code, disk.writes, disk.struck) == (0, 4, False)
    assert (tmp_path / "file.new").read_bytes() == b"abcdefghijklmnop"


@pytest.mark.parametrize(
    ("fault", "at", "code", "content"),
    [
        (NO_SPACE, 0, 1, None),
        (IO_ERROR, 2, 1, b"abcdefgh"),
        (DISK_FULL, 1, 1, b""),
        (NO_SPACE, 3, 1, b"abcdefghijklmnop"),
        (SHORT, 1, 1, b"abcd"),
        (TORN, 2, -9, b"abcdefghijkl"),
        (TORN, 0, -9, b"abcd"),
    ],
)
def test_a_fault_does_to_a_file_what_a_disk_does(
    tmp_path: Path, fault: str, at: int, code: int, content: bytes | None
) -> None:
    ended, disk = written(tmp_path, fault, at)
    assert (ended, disk.struck) == (code, True)
    left = tmp_path / "file"
    assert (left.read_bytes() if left.exists() else None) == content
    assert not (tmp_path / "file.new").exists()


def test_what_is_written_elsewhere_is_let_through(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    disk = Disk(tmp_path / "b", DISK_FULL, 0)
    command = [sys.executable, "-c", WRITES, str(tmp_path / "a" / "file")]
    with Path(os.devnull).open("wb") as nowhere:
        assert traps.start(command, disk.decide, nowhere, cwd=tmp_path, env=os.environ).wait(60) == 0
    assert disk.writes == 0


def test_a_case_by_itself_is_the_one_of_a_whole_run() -> None:
    for family in cases.FAMILIES:
        whole = cases.cases(14, family, 40, damages.KINDS)
        assert whole == cases.cases(14, family, 40, damages.KINDS)
        assert cases.cases(14, family, 24, damages.KINDS)[-1] == whole[23]
        assert whole != cases.cases(15, family, 40, damages.KINDS)


def test_a_whole_run_has_every_victim_at_every_command_and_every_damage() -> None:
    kills = cases.cases(14, cases.KILLS, 200)
    assert {(case.command, case.what) for case in kills} == {
        (command, victim) for command in set(BLOCK) for victim in VICTIMS[command]
    }
    assert sum(case.what in DISK for case in kills) > 60
    assert {case.what for case in cases.cases(14, cases.DAMAGES, 200, damages.KINDS)} == set(damages.KINDS)


def test_values_that_undisturbed_runs_do_not_share_are_left_out_and_all_others_count() -> None:
    expected = objects.shared([{"a|.uid": "1", "a|.spec": "x", "b|.only": "1"}, {"a|.uid": "2", "a|.spec": "x"}])
    assert objects.difference(expected, {"a|.uid": "3", "a|.spec": "x"}) == []
    (changed,) = objects.difference(expected, {"a|.uid": "3", "a|.spec": "y"})
    assert changed == "a|.spec: y instead of x"
    assert objects.difference(expected, {}) != []
    (more,) = objects.difference(expected, {"a|.uid": "3", "a|.spec": "x", "c|.spec": "x"})
    assert more == "c: not there in other runs"


@pytest.mark.parametrize(
    ("name", "family"),
    [
        ("v1/pods shop/frontend-6d4b75cb6d-hwq2x", "v1/pods shop/frontend"),
        ("v1/pods shop/db-0", "v1/pods shop/db-0"),
        ("v1/persistentvolumes /pvc-e7a0af15-8cb6-4866-9174-2a30ae102a46", "v1/persistentvolumes /pvc"),
    ],
)
def test_what_controllers_make_up_is_no_difference(name: str, family: str) -> None:
    assert objects.family_of(name) == family


def test_the_table_counts_what_did_not_converge() -> None:
    results = [
        {"family": "kills", "command": "up", "what": "engine", "problems": problems}
        for problems in ([], [], ["the rerun ended with 5"])
    ]
    assert "| engine | 2/3 |" in tables(results)
    assert "| **all** | 2/3 |" in tables(results)


def test_a_case_that_is_played_again_has_its_newest_result_and_a_run_goes_on_from_the_file(tmp_path: Path) -> None:
    file = tmp_path / "played.jsonl"
    second, first = reversed(cases.cases(14, cases.KILLS, 2))
    for case, problems in ((second, ()), (first, ("still runs: etcd",)), (first, ())):
        Results(file).add(Result(case, "moment 3", problems, 1.5), commit="abc")
    assert [each["problems"] for each in Results(file).read(14).values()] == [[], []]
    assert list(Results(file).read(14)) == ["kills/0", "kills/1"]
    assert Results(file).read(15) == {}
