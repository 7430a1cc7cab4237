"""The worker processes: jobs out, answers in."""

import json
import queue
import subprocess
import threading

from tools import paths

_SCRIPT = paths.ROOT / "tools" / "powerloss" / "device" / "worker.py"
_HEAP = "24M"
_MARK = "\x1e"
_LIMIT_S = 300  # for one job
_LOG_LINES = 30


class Worker:
    """One MicroPython process, started again if it dies."""

    def __init__(self):
        self._process = None

    def ask(self, job):
        """The answer to `job`; {"error": text} where the process dies of it or takes too long."""
        if self._process is None:
            self._start()
        process = self._process
        timer = threading.Timer(_LIMIT_S, process.kill)
        timer.start()
        rest = []
        try:
            process.stdin.write(json.dumps(job) + "\n")
            process.stdin.flush()
            for line in process.stdout:
                if line.startswith(_MARK):
                    return json.loads(line[1:])
                rest = rest[-_LOG_LINES:] + [line]
        except BrokenPipeError:
            pass  # told below
        finally:
            timer.cancel()
        self.close()
        return {"error": "the process died: " + "".join(rest)}

    def _start(self):
        command = [
            paths.MICROPYTHON,
            "-X",
            "heapsize=" + _HEAP,
            str(_SCRIPT),
            str(paths.ROOT),
        ]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            bufsize=1,
        )

    def close(self):
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            process.stdin.close()
            process.stdout.close()


def answers(jobs, processes):
    """Run the jobs on so many processes; yield (job, answer) as they come."""
    waiting, done = queue.Queue(), queue.Queue()
    for job in jobs:
        waiting.put(job)
    threads = [threading.Thread(target=_serve, args=(waiting, done), daemon=True) for _ in range(processes)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(len(jobs)):
            yield done.get()
    finally:
        while not waiting.empty():
            try:
                waiting.get_nowait()
            except queue.Empty:
                break
        for thread in threads:
            thread.join()


def _serve(waiting, done):
    worker = Worker()
    try:
        while True:
            try:
                job = waiting.get_nowait()
            except queue.Empty:
                return
            done.put((job, worker.ask(job)))
    finally:
        worker.close()
