"""What every server script of the practice provider shares.

A script here starts one real server on loopback, in a folder of its own and on a free port, prints one line of JSON
about it, and stops it when its standard input ends or it is told to end. It must never use a server that somebody else
started, listen beyond loopback, or leave anything running.
"""

import argparse
import contextlib
import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import time

HOST = "127.0.0.1"
# What tools/install-deps.sh has installed from PyPI, for this project alone; what the machine has itself comes first.
PACKAGES = pathlib.Path(__file__).resolve().parents[2] / ".build" / "python"

# Sockets whose names are the ports that this process has claimed.
CLAIMS = []

if PACKAGES.is_dir() and str(PACKAGES) not in sys.path:
    sys.path.append(str(PACKAGES))
    # For programs in Python that are started from here.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(PACKAGES)]))


def free_port():
    """A port that nothing listens on, of those that the system lends to no client, and that no other process gets from
    here until this one has ended: a server may need seconds until it listens, and is stopped and started again on the
    port that it had."""
    choice = random.SystemRandom()
    while True:
        port = choice.randrange(10_000, first_lent_port())
        if not claimed(port):
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            return port


def claimed(port):
    """Claims a port among all processes that choose one here; false when another has it."""
    if not hasattr(socket, "AF_UNIX") or not sys.platform.startswith("linux"):
        return True
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        # A name without a file, which goes with this process however it ends.
        claim.bind(f"\0hikae-practice-port-{port}")
    except OSError:
        claim.close()
        return False
    CLAIMS.append(claim)
    return True


def first_lent_port():
    """Where the ports begin that clients are lent."""
    with contextlib.suppress(OSError, ValueError):
        return max(12_000, int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0]))
    return 32_768


def wait_for_port(port, process=None, seconds=300):
    """Returns when something accepts connections on the port; raises when the process ends or time is up."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with status {process.returncode}")
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing answers on port {port} after {seconds} s")


def parser(description):
    """An argument parser with what every server takes."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("--folder", type=pathlib.Path, required=True, help="the server's folder, made if missing")
    arguments.add_argument("--port", type=int, default=0, help="the port; a free one if none is given")
    return arguments


def start(arguments, log, **options):
    """Starts a server program in a process group of its own, its messages going to a file."""
    with open(log, "ab") as output:
        return subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                start_new_session=True, **options)


def stop(process, seconds=20):
    """Ends a program that `start` started, and what it has started: politely, then not."""
    for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
        if process.poll() is not None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(patience)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def stop_all(processes, seconds):
    """Ends several programs, in the time that one takes."""
    for process in processes:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)
    for process in reversed(processes):
        stop(process, seconds)


def plain_environment():
    """The environment without the packages above, for Debian's own programs in Python, which have theirs."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def end_on_signals():
    """From now on a signal to end raises KeyboardInterrupt, so that what was started is stopped."""
    def ending(_number, _frame):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, ending)
    signal.signal(signal.SIGHUP, ending)


def serve(facts, stop_server):
    """Prints the facts, waits for the end of standard input or a signal, and stops the server."""
    end_on_signals()
    try:
        print(json.dumps(facts), flush=True)
        sys.stdin.buffer.read()
    except KeyboardInterrupt:
        pass
    finally:
        stop_server()
