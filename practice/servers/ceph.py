"""A Ceph cluster on loopback: one monitor, three storage daemons that keep three copies, and its S3 gateway.

Needs: ceph-mon ceph-osd ceph-common radosgw (Debian). Installed by `make scale`.

A write counts when two of the three storage daemons have it, so any one may be killed. Prints {"port", "endpoint",
"region", "access_key", "secret_key", "storage": [pid, …], "config": path}: the process IDs of the storage daemons, to
kill one. With --short-days a day of a lifecycle rule is a second, and the gateway carries rules out without rest, which
takes half of a processor; `radosgw-admin lc process` carries them out at once.
"""

import concurrent.futures
import getpass
import os
import pathlib
import subprocess
import sys
import time
import uuid

import common

KEY, SECRET = "COMPANYKEEPER0000001", "secret-of-the-practice-ceph-gateway"
REGION = "default"
CONFIG = """[global]
fsid = {fsid}
mon host = [v2:{host}:{monitor}/0]
public addr = {host}
cluster addr = {host}
run dir = {folder}/run
admin socket = {folder}/run/$cluster-$name.asok
pid file = {folder}/run/$name.pid
log file = {folder}/logs/$name.log
crash dir = {folder}/run
keyring = {folder}/keyring
osd crush chooseleaf type = 0
osd pool default size = 3
osd pool default min size = 2
osd pool default pg num = 8
osd pool default pgp num = 8
mon max pg per osd = 1000
mon warn on pool no redundancy = false
mon data avail crit = 1
mon osd min down reporters = 1
osd heartbeat grace = 6
osd heartbeat interval = 2
ms bind ipv6 = false
[mon.a]
mon data = {folder}/mon
[osd]
osd data = {folder}/osd$id
keyring = {folder}/osd$id/keyring
osd objectstore = {store}
osd memory target = 939524096
memstore device bytes = {size}
bluestore block size = {size}
bluestore fsck on mount = false
osd max object name len = 256
[client.gateway]
rgw frontends = beast endpoint={host}:{port}
rgw dns name = {host}
rgw data = {folder}/gateway
keyring = {folder}/gateway/keyring
rgw enable usage log = false
rgw run sync thread = false
"""


def run(*arguments, folder, seconds=60):
    """One of Ceph's tools, which must succeed; what it printed."""
    found = subprocess.run([str(word) for word in arguments], capture_output=True, text=True, timeout=seconds,
                           env=os.environ | {"CEPH_CONF": f"{folder}/ceph.conf"}, check=False)
    if found.returncode != 0:
        raise RuntimeError(f"{arguments[0]}: {found.stdout}{found.stderr}")
    return found.stdout


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--store", choices=("memstore", "bluestore"), default="bluestore",
                           help="where the storage daemons keep their bytes: memory, or a file each")
    arguments.add_argument("--size", type=int, default=6 << 30, help="bytes that each storage daemon offers")
    arguments.add_argument("--short-days", action="store_true", help="a day of a lifecycle rule is a second")
    options = arguments.parse_args()
    folder = options.folder.resolve()
    for name in ("run", "logs", "gateway"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    fsid, monitor, port = str(uuid.uuid4()), common.free_port(), options.port or common.free_port()
    config = folder / "ceph.conf"
    config.write_text(CONFIG.format(fsid=fsid, host=common.HOST, monitor=monitor, folder=folder, store=options.store,
                                    size=options.size, port=port)
                      + ("rgw lc debug interval = 1\n" if options.short_days else ""))
    processes, storage = [], []

    def daemon(*words):
        process = common.start([*map(str, words), "-f", "-c", str(config)], folder / "logs" / "daemons.log")
        processes.append(process)
        return process

    def stop_all():
        common.stop_all(processes, seconds=2)

    common.end_on_signals()
    try:
        address = f"[v2:{common.HOST}:{monitor}/0]"
        run("monmaptool", "--create", "--addv", "a", address, "--fsid", fsid, folder / "monmap", folder=folder)
        keys = folder / "keyring"
        run("ceph-authtool", "--create-keyring", keys, "--gen-key", "-n", "mon.", "--cap", "mon", "allow *", folder=folder)
        run("ceph-authtool", keys, "--gen-key", "-n", "client.admin", "--cap", "mon", "allow *", "--cap", "osd", "allow *",
            folder=folder)
        run("ceph-mon", "--mkfs", "-i", "a", "--monmap", folder / "monmap", "--keyring", keys, "-c", config, folder=folder)
        common.wait_for_port(monitor, daemon("ceph-mon", "-i", "a"))

        def make(_):
            """A storage daemon, made and not yet started; its number."""
            identity = str(uuid.uuid4())
            number = run("ceph", "-c", config, "osd", "new", identity, folder=folder).strip()
            place = folder / f"osd{number}"
            place.mkdir()
            run("ceph", "-c", config, "auth", "get-or-create", f"osd.{number}", "mon", "allow profile osd", "osd", "allow *",
                "-o", place / "keyring", folder=folder)
            run("ceph-osd", "-i", number, "--mkfs", "--osd-uuid", identity, "-c", config, folder=folder)
            return number

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            for number in pool.map(make, range(3)):
                storage.append(daemon("ceph-osd", "-i", number).pid)
        end = time.monotonic() + 60
        while "3 up" not in run("ceph", "-c", config, "osd", "stat", folder=folder):
            if time.monotonic() > end:
                raise RuntimeError("the storage daemons do not come up")
            time.sleep(0.3)
        run("ceph", "-c", config, "auth", "get-or-create", "client.gateway", "mon", "allow rw", "osd", "allow rwx",
            "-o", folder / "gateway" / "keyring", folder=folder)
        common.wait_for_port(port, daemon("radosgw", "-n", "client.gateway"), seconds=120)
        run("radosgw-admin", "-c", config, "user", "create", "--uid", "keeper", "--display-name", "keeper",
            "--access-key", KEY, "--secret-key", SECRET, folder=folder)
    except BaseException:
        stop_all()
        raise
    common.serve(
        {"port": port, "endpoint": f"http://{common.HOST}:{port}", "region": REGION, "access_key": KEY,
         "secret_key": SECRET, "storage": storage, "config": str(config), "user": getpass.getuser()}, stop_all)


if __name__ == "__main__":
    sys.exit(main())
