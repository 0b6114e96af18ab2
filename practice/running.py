"""One server of the practice provider while it runs: a script of practice/servers as a child of this program."""

import contextlib
import json
import pathlib
import signal
import subprocess
import sys

PRACTICE = pathlib.Path(__file__).resolve().parent
sys.path.insert(1, str(PRACTICE / "servers"))


class Running:
    """A server that was started; `facts` is what its script said of it. Ends with `stop`, or with this program."""

    def __init__(self, name, folder, arguments=()):
        self.name, self.folder = name, pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        script = PRACTICE / "servers" / f"{name}.py"
        # A session of its own, so that Ctrl-C at the terminal reaches this program alone, which then stops it.
        self.process = subprocess.Popen([sys.executable, "-B", str(script), "--folder", str(folder), *map(str, arguments)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
        self.facts = None

    def wait(self):
        """Returns the facts once the server answers; raises when it does not start."""
        if self.facts is None:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"practice/servers/{self.name}.py did not start (status {self.process.wait()})")
            self.facts = json.loads(line)
        return self.facts

    def tell_to_stop(self):
        """Ends the script's input, which is how it is told; does not wait."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()

    def stop(self):
        """Stops the server and waits until it is gone."""
        self.tell_to_stop()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()
