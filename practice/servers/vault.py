"""Runs hikae's vault server on loopback, with tenants and users of several roles.

Tenant "sakura" has the users "reader", "writer" and "keeper" (read, append, maintenance), tenant "fuji" has
"stranger" (append). With --tls it has a certificate of its own authority.

Needs: openssl
"""

import json
import os
import pathlib
import select
import subprocess
import time

import certificates
import common

PROJECT = pathlib.Path(__file__).resolve().parents[2]
USERS = (("reader", "sakura", "read"), ("writer", "sakura", "append"), ("keeper", "sakura", "maintenance"),
         ("stranger", "fuji", "append"))


def password(name):
    """The password of a user of the practice server."""
    return f"{name}-no-himitsu"


def hikae(program, *arguments, given=""):
    """Runs the command and raises when it fails."""
    subprocess.run([program, *arguments], input=given, text=True, check=True, stdout=subprocess.DEVNULL)


def launch(program, folder, port, arguments, log, environment=None):
    """Starts the server, with more in its environment if wanted; returns the process and what it says of its ports."""
    with open(log, "ab") as errors:
        process = subprocess.Popen([program, "vault", "serve", "--json", "--folder", folder,
                                    "--listen", f"{common.HOST}:{port}", *arguments],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors,
                                   env=os.environ | (environment or {}), start_new_session=True)
    end = time.monotonic() + 300
    line = b""
    while b"\n" not in line and time.monotonic() < end:
        if select.select([process.stdout], [], [], 0.2)[0]:
            part = process.stdout.read1()
            if not part:
                raise RuntimeError(f"hikae vault serve ended: {pathlib.Path(log).read_text()}")
            line += part
    if not line:
        raise RuntimeError(f"hikae vault serve says nothing: {pathlib.Path(log).read_text()}")
    return process, json.loads(line)


def main():
    arguments = common.parser(__doc__)
    arguments.add_argument("--hikae", default=str(PROJECT / ".build" / "release" / "hikae"), help="the program")
    arguments.add_argument("--tls", action="store_true", help="speak HTTPS")
    arguments.add_argument("--certificate-days", type=int, default=3650, help="how long its certificate is valid")
    arguments.add_argument("--quota", action="append", default=[], metavar="TENANT=BYTES", help="what a tenant may hold")
    arguments.add_argument("--serve", action="append", default=[], metavar="OPTION", help="passed on to the server")
    arguments.add_argument("--again", action="store_true", help="the vault is there from an earlier run, users and all")
    arguments.add_argument("--environment", action="append", default=[], metavar="NAME=VALUE", help="for the server alone")
    chosen = arguments.parse_args()
    chosen.folder.mkdir(parents=True, exist_ok=True)
    vault = chosen.folder / "vault"
    for name, tenant, role in () if chosen.again else USERS:
        hikae(chosen.hikae, "vault", "user", "add", name, "--folder", vault, "--tenant", tenant, "--role", role, "--quiet",
              given=password(name) + "\n")
    for quota in chosen.quota:
        tenant, size = quota.split("=")
        hikae(chosen.hikae, "vault", "quota", tenant, "--folder", vault, "--bytes", size, "--quiet")
    options = ["--metrics", f"{common.HOST}:0", *chosen.serve]
    facts = {"folder": str(vault), "users": {name: password(name) for name, _, _ in USERS}}
    if chosen.tls:
        authority, certificate, key, fingerprint = certificates.make(chosen.folder, days=chosen.certificate_days)
        options += ["--tls-certificate", certificate, "--tls-key", key]
        facts |= {"authority": str(authority), "fingerprint": fingerprint}
    log = chosen.folder / "server.log"
    # Started again where it was, it must find its port free: not one that the system lends to clients meanwhile.
    environment = dict(pair.split("=", 1) for pair in chosen.environment)
    process, ports = launch(chosen.hikae, vault, chosen.port or common.free_port(), options, log, environment)
    common.serve(facts | {"port": ports["port"], "metrics_port": ports["metrics_port"], "pid": process.pid,
                          "log": str(log), "scheme": "https" if chosen.tls else "http"},
                 lambda: common.stop(process))


if __name__ == "__main__":
    main()
