#!/usr/bin/env python3
"""A real Dovecot on loopback: IMAP with TLS from the first byte and with STARTTLS, its own certificate and users.

Needs: dovecot-imapd openssl

The JSON line: {"port": implicit TLS, "starttls_port": …, "users": {name: password}, "authority": CA certificate,
"certificate": the server's own, "fingerprint": "sha256:…", "mail": folder of all users' mail, "format", "program"}.
Mail of a user stands in MAIL/USER: a Maildir with its mailboxes nested (LAYOUT=fs), or what --format says. Started
again in the same folder it has the same users, mail and certificate; with --reset it starts empty but healthy, as a
server does that was set up anew. As root the mail belongs to `nobody`, as anybody else to that user.
"""

import grp
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

import certificates
import common

PROGRAM = shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

CONFIGURATION = """
log_path = {log}
base_dir = {run}
state_dir = {run}
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_dh =
ssl_min_protocol = TLSv1.2
mail_location = {location}
mail_home = {home}/%u
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = {first_uid}
first_valid_gid = {first_gid}
mail_fsync = never
mail_max_userip_connections = {connections}
mailbox_list_index = yes
maildir_stat_dirs = yes
mail_plugins = $mail_plugins quota
auth_mechanisms = plain login
auth_failure_delay = 0 secs
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    special_use = \\Sent
    auto = no
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = no
  }}
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
  imap_id_send = "name" * "version" *
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {passwords}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}/%u
}}
plugin {{
  quota = {quota_backend}:User quota
{quota}
}}
service imap-login {{
  inet_listener imap {{
    port = {starttls_port}
  }}
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
  chroot =
  process_min_avail = 1
  client_limit = 500
  service_count = 0
}}
service imap {{
  process_min_avail = 1
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


def open_the_way(folder):
    """Lets the mail's owner pass through the folders above: one's own are closed to others as a rule."""
    for above in [folder, *folder.parents]:
        status = above.stat()
        if status.st_uid == os.geteuid() and not status.st_mode & 0o001:
            os.chmod(above, status.st_mode & 0o7777 | 0o001)


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--starttls-port", type=int, default=0)
    arguments.add_argument("--user", action="append", metavar="NAME:PASSWORD", help="an account; may be given again")
    arguments.add_argument("--format", choices=["maildir", "mdbox", "sdbox"], default="maildir")
    arguments.add_argument("--layout", choices=["fs", "Maildir++"], default="fs")
    arguments.add_argument("--separator", default="/")
    arguments.add_argument("--prefix", default="", help="the personal namespace's prefix, as INBOX.")
    arguments.add_argument("--quota", help="bytes an account may hold, as 500K or 10M")
    arguments.add_argument("--connections", type=int, default=50, help="most connections of one user")
    arguments.add_argument("--certificate-days", type=int, default=3650, help="how long its certificate is valid")
    arguments.add_argument("--reset", action="store_true", help="forget all mail before the start")
    options = arguments.parse_args()
    if PROGRAM is None:
        raise SystemExit("dovecot is not installed")

    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    mail = folder / "mail"
    if options.reset and mail.exists():
        shutil.rmtree(mail)
    mail.mkdir(exist_ok=True)
    me = pwd.getpwuid(os.geteuid())
    owner = pwd.getpwnam("nobody") if me.pw_uid == 0 else me
    if me.pw_uid == 0:
        os.chown(mail, owner.pw_uid, owner.pw_gid)
        open_the_way(folder)
    authority, certificate, key, fingerprint = certificates.make(folder, days=options.certificate_days)
    users = dict(entry.split(":", 1) for entry in options.user or ["info:sakura-info", "shop:sakura-shop"])
    passwords = folder / "users"
    passwords.write_text("".join(f"{name}:{{PLAIN}}{word}\n" for name, word in users.items()))
    if me.pw_uid == 0:
        shutil.chown(passwords, "root", "dovecot")
    os.chmod(passwords, 0o640)

    # Sockets have short names only, so they stand in a folder of their own.
    run = pathlib.Path(tempfile.mkdtemp(prefix="dovecot-"))
    os.chmod(run, 0o755)
    port = options.port or common.free_port()
    starttls_port = options.starttls_port or common.free_port()
    location = {
        "maildir": f"maildir:~/Maildir:LAYOUT={options.layout}" if options.layout == "fs" else "maildir:~/Maildir",
        "mdbox": "mdbox:~/mdbox", "sdbox": "sdbox:~/sdbox"}[options.format]
    configuration = folder / "dovecot.conf"
    configuration.write_text(CONFIGURATION.format(
        log=folder / "dovecot.log", run=run, certificate=certificate, key=key, location=location, home=mail,
        internal="dovecot" if me.pw_uid == 0 else me.pw_name,
        internal_group="dovecot" if me.pw_uid == 0 else grp.getgrgid(me.pw_gid).gr_name,
        login="dovenull" if me.pw_uid == 0 else me.pw_name,
        uid=owner.pw_uid, gid=owner.pw_gid, first_uid=owner.pw_uid, first_gid=owner.pw_gid,
        connections=options.connections, separator=options.separator, prefix=options.prefix, passwords=passwords,
        quota_backend="count" if options.format != "maildir" else "maildir",
        quota=f"  quota_rule = *:bytes={options.quota}\n  quota_vsizes = yes\n  quota_grace = 0\n" if options.quota
        else "  quota_vsizes = yes",
        port=port, starttls_port=starttls_port))
    if me.pw_uid != 0:
        with open(configuration, "a", encoding="utf-8") as file:
            for service in ["imap-login", "imap", "auth", "auth-worker", "anvil", "stats", "log", "config", "dict",
                            "imap-urlauth-login", "imap-urlauth-worker", "imap-urlauth", "indexer",
                            "indexer-worker", "imap-hibernate", "old-stats", "ipc", "director", "replicator",
                            "aggregator", "dns-client", "doveadm"]:
                file.write(f"service {service} {{\n  user = {me.pw_name}\n  group =\n  chroot =\n}}\n")

    server = common.start([PROGRAM, "-F", "-c", str(configuration)], folder / "dovecot.log")

    def end():
        common.stop(server)
        shutil.rmtree(run, ignore_errors=True)

    try:
        common.wait_for_port(port, server)
        common.wait_for_port(starttls_port, server)
    except RuntimeError:
        end()
        print((folder / "dovecot.log").read_text(errors="replace")[-4000:], file=sys.stderr)
        raise
    version = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True).stdout.split()[0]
    common.serve(
        {"port": port, "starttls_port": starttls_port, "users": users, "authority": str(authority),
         "certificate": str(certificate), "fingerprint": fingerprint, "mail": str(mail), "format": options.format,
         "program": f"Dovecot {version}"}, end)


if __name__ == "__main__":
    main()
