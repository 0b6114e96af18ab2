"""A distributed object store on loopback: OpenStack Swift behind its S3 interface, three storage nodes, three copies.

Needs: swift-proxy swift-account swift-container swift-object memcached (Debian). Installed by
`make scale`.

Each node is three processes (accounts, containers, objects) with a folder of its own, and one that brings the other
nodes' lists up to its own (every 30 seconds in most clusters, every second here); a write counts when two nodes of three
have it, so any one node may be killed. Prints {"port", "endpoint", "region", "access_key", "secret_key",
"nodes": [[pid, …], …], "commands": [[[program, …], …], …], "ring": path, "folders": […]}: the process IDs of each node, to kill one,
and how each was started, to start it again.
"""

import concurrent.futures
import getpass
import pathlib
import subprocess
import sys

import common

KEY, SECRET = "company:keeper", "secret-of-the-practice-object-store"
RINGS = ("account", "container", "object")
POWER = 8  # 256 partitions
SERVER = """[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
user = {user}
swift_dir = {etc}
devices = {devices}
mount_check = false
log_level = WARNING
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
allow_version_in_path = true
fallocate_reserve = 0
container_update_timeout = 20
[container-replicator]
interval = 1
recon_cache_path = {devices}
"""
PROXY = """[DEFAULT]
bind_ip = {host}
bind_port = {port}
workers = 0
user = {user}
swift_dir = {etc}
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats s3api tempauth slo symlink versioned_writes proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
node_timeout = 20
conn_timeout = 1
post_quorum_timeout = 20
error_suppression_interval = 1
[filter:tempauth]
use = egg:swift#tempauth
user_company_keeper = {secret} .admin
[filter:s3api]
use = egg:swift#s3api
s3_acl = false
location = {region}
[filter:slo]
use = egg:swift#slo
[filter:symlink]
use = egg:swift#symlink
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = {host}:{memcached}
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:healthcheck]
use = egg:swift#healthcheck
[filter:listing_formats]
use = egg:swift#listing_formats
"""
REGION = "us-east-1"


def builder(*arguments):
    """Runs the program that lays out which node keeps what."""
    found = subprocess.run(["swift-ring-builder", *map(str, arguments)], capture_output=True, text=True, check=False,
                           env=common.plain_environment())
    # 1 is its word for a warning: that three devices in one region are few.
    if found.returncode > 1:
        raise RuntimeError(f"swift-ring-builder: {found.stdout}{found.stderr}")


def rings(etc, ports):
    """Lays out accounts, containers and objects over the nodes, three copies of each."""
    def ring(kind):
        file = etc / f"{kind}.builder"
        builder(file, "create", POWER, 3, 0)
        for node, numbers in enumerate(ports):
            builder(file, "add", f"r1z{node + 1}-{common.HOST}:{numbers[kind]}/disk", 100)
        builder(file, "rebalance")

    with concurrent.futures.ThreadPoolExecutor(len(RINGS)) as pool:
        list(pool.map(ring, RINGS))


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--region", default=REGION)
    options = arguments.parse_args()
    folder = options.folder.resolve()
    etc, logs = folder / "etc", folder / "logs"
    for path in (etc, logs):
        path.mkdir(parents=True, exist_ok=True)
    (etc / "swift.conf").write_text("[swift-hash]\nswift_hash_path_suffix = practice\nswift_hash_path_prefix = hikae\n"
                                    "[storage-policy:0]\nname = three\ndefault = yes\n")
    user = getpass.getuser()
    environment = common.plain_environment()
    processes, nodes, commands, folders = [], [], [], []

    def stop_all():
        common.stop_all(processes, seconds=5)

    common.end_on_signals()
    try:
        ports = [{kind: common.free_port() for kind in RINGS} for _ in range(3)]
        rings(etc, ports)
        listening = []
        for number, numbers in enumerate(ports, 1):
            devices = folder / f"node{number}"
            (devices / "disk").mkdir(parents=True, exist_ok=True)
            node = []
            for kind, port in numbers.items():
                file = etc / f"{kind}-{number}.conf"
                file.write_text(SERVER.format(host=common.HOST, port=port, user=user, etc=etc, devices=devices, kind=kind))
                node.append([f"swift-{kind}-server", str(file), "--verbose"])
            node.append(["swift-container-replicator", str(etc / f"container-{number}.conf"), "--verbose"])
            started = [common.start(words, logs / f"{words[0]}-{number}.log", env=environment) for words in node]
            processes += started
            listening += zip(numbers.values(), started, strict=False)
            nodes.append([process.pid for process in started])
            commands.append(node)
            folders.append(str(devices))
        memcached = common.free_port()
        processes.append(common.start(
            ["memcached", "-l", common.HOST, "-p", str(memcached), "-U", "0", "-u", user, "-m", "64"],
            logs / "memcached.log"))
        port = options.port or common.free_port()
        (etc / "proxy.conf").write_text(PROXY.format(
            host=common.HOST, port=port, user=user, etc=etc, region=options.region, secret=SECRET, memcached=memcached))
        processes.append(common.start(["swift-proxy-server", str(etc / "proxy.conf"), "--verbose"], logs / "proxy.log",
                                      env=environment))
        for number, process in [*listening, *zip((memcached, port), processes[-2:], strict=True)]:
            common.wait_for_port(number, process)
    except BaseException:
        stop_all()
        raise
    common.serve(
        {"port": port, "endpoint": f"http://{common.HOST}:{port}", "region": options.region, "access_key": KEY,
         "secret_key": SECRET, "nodes": nodes, "commands": commands, "ring": str(etc / "container.ring.gz"), "folders": folders}, stop_all)


if __name__ == "__main__":
    sys.exit(main())
