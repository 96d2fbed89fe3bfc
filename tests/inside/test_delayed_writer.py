"""What a process has logged is written soon, and before it ends, however that comes."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from gage._internal.types import Run
from gage.inside.metric_log import _OwnLog
from tests.inside.logs import has_logged
from tests.reporting import ROOT, logged, run_program, start, until


class TestProcesses:
    def test_tail_is_written_without_another_call(self, run: Run) -> None:
        child = start(
            run,
            "import gage\nfor i in range(100): gage.log(x=i)\nprint('ok', flush=True); input()",
        )
        assert child.stdout is not None
        child.stdout.readline()

        until(lambda: len(logged(run)) == 100)

        assert child.poll() is None
        child.communicate("\n")

    def test_first_value_after_a_pause_is_written_at_once(self, run: Run) -> None:
        child = start(run, "import gage; gage.log(x=1); print('ok', flush=True); input()")
        assert child.stdout is not None
        child.stdout.readline()

        values = [metric.value for metric in logged(run)]

        assert values == [1.0]
        child.communicate("\n")

    def test_killed_process_leaves_a_log_without_gaps(self, run: Run) -> None:
        child = start(
            run,
            "import gage\nfor i in range(10**9):\n gage.log(x=i)\n"
            " if i == 20000: print(flush=True)",
        )
        assert child.stdout is not None
        child.stdout.readline()
        child.kill()
        child.communicate()

        values = [metric.value for metric in logged(run)]

        assert values == list(range(len(values)))
        assert values

    def test_end_of_a_program_writes_everything(self, run: Run) -> None:
        run_program(
            run,
            "import atexit\natexit.register(lambda: gage.log(x=-1))\n"
            "import gage, threading\n"
            "def work():\n for i in range(1000): gage.log(x=i)\n"
            "threading.Thread(target=work).start()",
        )

        assert [metric.value for metric in logged(run)] == [*range(1000), -1]

    def test_values_logged_by_an_interrupted_program_are_written(self, run: Run) -> None:
        child = start(
            run,
            "import gage, time\n"
            "try:\n gage.log(x=1); gage.log(x=2); print(flush=True); time.sleep(1000)\n"
            "except KeyboardInterrupt:\n gage.log(x=3)",
        )
        assert child.stdout is not None
        child.stdout.readline()
        child.send_signal(signal.SIGINT)
        child.communicate()

        assert [metric.value for metric in logged(run)] == [1, 2, 3]

    def test_threads_lose_nothing(self, run: Run) -> None:
        run_program(
            run,
            "import gage, threading, sys\nsys.setswitchinterval(1e-5)\n"
            "def work(k):\n for i in range(5000): gage.log(**{f't{k}': i})\n"
            "threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]\n"
            "[t.start() for t in threads]; [t.join() for t in threads]",
        )

        read = logged(run)
        for k in range(4):
            assert [m.value for m in read if m.name == f"t{k}"] == list(range(5000))

    def test_signal_handler_may_log(self, run: Run) -> None:
        run_program(
            run,
            "import gage, signal\ncount = 0\ngage.log(x=-1)\n"
            "def handler(*_):\n global count\n count += 1\n gage.log(beat=count)\n"
            "signal.signal(signal.SIGALRM, handler)\n"
            "signal.setitimer(signal.ITIMER_REAL, 1e-3, 1e-3)\n"
            "i = 0\nwhile count < 100:\n gage.log(x=i); i += 1\n"
            "signal.setitimer(signal.ITIMER_REAL, 0)",
        )

        read = logged(run)
        # Handlers may interrupt each other.
        beats = sorted(m.value for m in read if m.name == "beat")
        assert beats == list(range(1, len(beats) + 1))
        assert len(beats) >= 100
        values = [m.value for m in read if m.name == "x"]
        assert values == list(range(-1, len(values) - 1))

    def test_forked_child_writes_its_own_and_nothing_of_its_parent(self, run: Run) -> None:
        run_program(
            run,
            "import os, gage\n"
            "gage.log(x=1); gage.log(x=2)\n"  # the second is pending when the child is made
            "pid = os.fork()\n"
            "gage.log(x=3 if pid else 4)\n"
            "if pid: os.waitpid(pid, 0)",
        )

        read = logged(run)
        assert sorted(metric.value for metric in read) == [1, 2, 3, 4]
        assert len(list(Path(run.meta_dir, "metrics").iterdir())) == 2

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_workers_of_multiprocessing_write_their_tail(self, run: Run, method: str) -> None:
        program = Path(run.run_dir, "train.py")
        program.write_text(
            "import gage, multiprocessing, sys\n"
            "def work(k):\n for i in range(10): gage.log(**{f'worker {k}': i})\n"
            "if __name__ == '__main__':\n"
            " gage.log(main=0)\n"
            " context = multiprocessing.get_context(sys.argv[1])\n"
            " workers = [context.Process(target=work, args=(k,)) for k in range(2)]\n"
            " [w.start() for w in workers]; [w.join() for w in workers]\n"
        )

        env = {**os.environ, "RUN_DIR": run.run_dir, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, str(program), method], env=env, check=True)

        read = logged(run)
        for k in range(2):
            assert [m.value for m in read if m.name == f"worker {k}"] == list(range(10))

    def test_values_of_several_processes_come_in_the_order_of_time(self, run: Run) -> None:
        first, second = (
            start(run, "import gage, sys\nfor line in sys.stdin: gage.log(x=int(line))")
            for _ in range(2)
        )
        for number in range(6):
            child = (first, second)[number % 2]
            assert child.stdin is not None
            print(number, file=child.stdin, flush=True)
            until(partial(has_logged, run, number + 1))
        first.communicate()
        second.communicate()

        assert [metric.value for metric in logged(run)] == list(range(6))

    def test_write_that_fails_is_told_and_made_good(
        self, own_log: _OwnLog, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write = os.write

        def torn(fd: int, data: bytes) -> int:
            if len(data) > 5:
                return write(fd, data[:5])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        own_log.log(x=1.0)
        monkeypatch.setattr(os, "write", torn)
        own_log._due_ns = 0
        with pytest.raises(OSError, match="No space"):
            own_log.log(x=2.0)
        monkeypatch.setattr(os, "write", write)
        own_log.log(x=3.0)

        assert [metric.value for metric in logged(run)] == [1, 2, 3]
