"""Trainings shared between processes: losses of one process, one of them killed, other numbers resumed."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_training import digest, make_training, outcome, start_all

from terrella.engine.fit import train
from terrella.engine.fit.launch import Place, find_place, first_host
from terrella.engine.run import Run
from terrella.errors import InputError


def losses(run: Path) -> list[float]:
    return [event["loss"] for event in Run(run).read_events()]


def join(processes) -> list[int | None]:
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def await_checkpoint(run: Path, processes) -> None:
    while not list((run / "checkpoints").glob("step-*")) and all(each.is_alive() for each in processes):
        time.sleep(0.002)


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> Path:
    """The same training by one process, without dropout, whose draws differ between processes."""
    run = tmp_path_factory.mktemp("one") / "run"
    train(make_training(dropout=0.0), Run(run))
    return run


@pytest.mark.parametrize(
    ("world", "sharded", "accumulation"), [(2, False, 1), (4, False, 2), (2, True, 1), (4, True, 2)]
)
def test_several_processes_train_as_one(tmp_path, one, world, sharded, accumulation):
    run = tmp_path / "run"
    processes = start_all(run, world, dropout=0.0, sharded=sharded, accumulation=accumulation)
    assert join(processes) == [0] * world, [outcome(run, rank) for rank in range(world)]
    assert losses(run) == pytest.approx(losses(one), rel=1e-4)
    assert len({outcome(run, rank) for rank in range(world)}) == 1


@pytest.mark.parametrize("sharded", [False, True])
def test_one_of_them_killed_all_end_with_a_line_and_resume_exactly(tmp_path, sharded):
    whole, run = tmp_path / "whole", tmp_path / "killed"
    assert join(start_all(whole, 2, sharded=sharded)) == [0, 0]
    processes = start_all(run, 2, pause=0.05, sharded=sharded)
    await_checkpoint(run, processes)
    processes[1].kill()
    assert join(processes) == [1, -9]
    assert re.match(r"process 0 of 2 lost the others: .* start all of them again", outcome(run))
    assert join(start_all(run, 2, sharded=sharded)) == [0, 0]
    assert outcome(run) == outcome(whole)
    assert losses(run) == losses(whole)


def test_one_of_them_told_to_stop_all_stop_at_the_same_step(tmp_path):
    run = tmp_path / "run"
    processes = start_all(run, 2, pause=0.02)
    await_checkpoint(run, processes)
    processes[1].terminate()
    assert join(processes) == [130, 130]
    assert outcome(run, 0) == outcome(run, 1)
    assert "all work is saved" in outcome(run)


@pytest.mark.parametrize(
    ("before", "after", "sharded"), [(2, 1, False), (2, 1, True), (1, 2, True), (4, 2, True)]
)
def test_a_checkpoint_is_resumed_by_another_number_of_processes(tmp_path, one, before, after, sharded):
    run = tmp_path / "run"
    processes = start_all(run, before, pause=0.05, dropout=0.0, sharded=sharded)
    await_checkpoint(run, processes)
    processes[0].terminate()
    assert set(join(processes)) == {130}
    assert join(start_all(run, after, dropout=0.0, sharded=sharded)) == [0] * after
    assert losses(run) == pytest.approx(losses(one), rel=1e-4)


def test_torchrun_starts_a_training(tmp_path, one):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from small_training import make_training\n"
        "from terrella.engine.fit import joined_processes, train\n"
        "from terrella.engine.run import Run\n"
        "from pathlib import Path\n"
        "with joined_processes():\n"
        "    train(make_training(dropout=0.0), Run(Path(sys.argv[1])))\n"
    )
    run = tmp_path / "run"
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*launch, str(script), str(run)], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    assert losses(run) == pytest.approx(losses(one), rel=1e-4)


def test_the_first_process_prepares_what_the_others_find(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time\n"
        "from pathlib import Path\n"
        "from terrella.engine.fit import first_process_first, joined_processes\n"
        "from terrella.engine.fit.processes import rank\n"
        "folder = Path(sys.argv[1])\n"
        "def make():\n"
        "    if rank() == 0:\n"
        "        time.sleep(0.3)\n"
        "        (folder / 'made').write_text('by the first')\n"
        "    return (folder / 'made').read_text()\n"
        "with joined_processes():\n"
        "    (folder / f'found-{rank()}').write_text(first_process_first(make))\n"
    )
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    done = subprocess.run([*launch, str(script), str(tmp_path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert [(tmp_path / f"found-{rank}").read_text() for rank in range(2)] == ["by the first"] * 2


def test_alone_there_are_no_others():
    assert find_place({"PATH": "/bin"}) is None
    assert find_place({"SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "1"}) is None


def test_slurm_says_where_its_processes_meet():
    environment = {
        "SLURM_PROCID": "3",
        "SLURM_STEP_NUM_TASKS": "8",
        "SLURM_LOCALID": "1",
        "SLURM_JOB_ID": "4711",
        "SLURM_STEP_NODELIST": "gpu[003-006],login1",
    }
    place = find_place(environment)
    assert place == Place(3, 8, 1, "gpu003", 24_711)


@pytest.mark.parametrize(
    ("nodes", "first"),
    [("a1", "a1"), ("a1,a2", "a1"), ("n[01,03-05]", "n01"), ("n[7-9].site", "n7.site"), ("x,n[1-2]", "x")],
)
def test_the_first_host_of_a_list(nodes, first):
    assert first_host(nodes) == first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"RANK": "two"}, "RANK is two; torchrun sets it to a number"),
        ({"LOCAL_RANK": None}, "LOCAL_RANK is missing"),
        ({"RANK": "5"}, "process 5 of 2"),
    ],
)
def test_variables_that_do_not_fit_together_are_named(change, message):
    environment = {"RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "MASTER_PORT": "1"} | change
    with pytest.raises(InputError, match=message):
        find_place({name: value for name, value in environment.items() if value is not None})


def test_a_plain_network_comes_back(tmp_path):
    run = tmp_path / "run"
    assert join(start_all(run, 2, dropout=0.0, sharded=True)) == [0, 0]
    resumed = train(make_training(dropout=0.0), Run(run))  # it has ended: the best weights as they were saved
    assert digest(resumed) == outcome(run)
