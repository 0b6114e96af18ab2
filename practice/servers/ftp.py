"""An FTP server: pyftpdlib, in as many manners as rental servers have, or vsftpd, which knows LIST only.

Prints {"port", "user", "password", "root", "certificate", "fingerprint", "server"}. Needs: pyftpdlib pyOpenSSL (PyPI),
openssl; vsftpd for `--program vsftpd`, which runs for root alone: nobody else can shut it into its folder.
"""

import hashlib
import logging
import os
import pathlib
import pwd
import random
import ssl
import subprocess
import sys
import threading

import common

USER, PASSWORD = "shop", "hanko-7-tsubaki"


def certificate(folder, name):
    """A new self-signed certificate for a name: the file with its key, and the SHA-256 of its DER."""
    path = folder / "certificate.pem"
    key = folder / "key.pem"
    kind = "IP" if name[0].isdigit() else "DNS"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-keyout", key, "-out", path,
         "-subj", f"/CN={name}", "-addext", f"subjectAltName={kind}:{name}"], check=True, capture_output=True)
    der = ssl.PEM_cert_to_DER_cert(path.read_text())
    return path, key, "sha256:" + hashlib.sha256(der).hexdigest()


def data_channel(base, options, dice):
    """A data connection that can be cut and that heeds a quota."""
    from pyftpdlib.exceptions import _FileReadWriteError

    class Channel(base):
        def __init__(self, sock, cmd_channel):
            super().__init__(sock, cmd_channel)
            self.end = dice.expovariate(1 / options.cut) if options.cut else None

        def cut(self):
            if dice.random() < 0.3:
                self.cmd_channel.close()
            raise _FileReadWriteError(OSError(5, "cut"))

        def send(self, data):
            if self.end is not None and self.tot_bytes_sent >= self.end:
                self.cut()
            return super().send(data if self.end is None else data[:4096])

        def handle_read(self):
            if self.end is not None and self.tot_bytes_received >= self.end:
                self.cut()
            if options.quota is not None and used(options.root) + self.ac_in_buffer_size > options.quota:
                self._resp = ("552 Exceeded storage allocation.", logging.getLogger("pyftpdlib").info)
                self.close()
                return
            super().handle_read()

        handle_read_event = handle_read

    return Channel


def used(root):
    return sum(os.lstat(os.path.join(place, name)).st_size for place, _, names in os.walk(root) for name in names)


def run_pyftpdlib(options):
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.filesystems import AbstractedFS
    from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
    from pyftpdlib.servers import FTPServer

    logging.basicConfig(filename=options.folder / "server.log", level=logging.WARNING)
    facts = {}
    dice = random.Random(options.seed)
    base = FTPHandler if options.tls == "none" else TLS_FTPHandler

    class Patient(base.passive_dtp):
        """Waits longer for a data connection: clients on a busy machine are slow."""
        timeout = 300

    class Handler(base):
        passive_dtp = Patient
        banner = "practice site, pyftpdlib"
        encoding = {"utf8": "utf8", "shift_jis": "cp932", "euc_jp": "euc_jp"}[options.encoding]
        use_sendfile = options.cut is None and options.tls == "none"
        auth_failed_timeout = 0
        max_login_attempts = 3
        proto_cmds = {word: what for word, what in base.proto_cmds.items()
                      if not (options.no_mlsd and word in ("MLSD", "MLST")) and not (options.no_mfmt and word == "MFMT")}
        dtp_handler = data_channel(DTPHandler if options.tls == "none" else TLS_DTPHandler, options, dice)

        def handle(self):
            if options.tls == "implicit":
                self.secure_connection(self.ssl_context)
            super().handle()

        def ftp_RNTO(self, path):
            if options.rename == "never" or options.rename == "new-only" and os.path.exists(path):
                self.respond("550 Not this name.")
                return None
            return super().ftp_RNTO(path)

    class Folders(AbstractedFS):
        def listdir(self, path):
            return [name for name in super().listdir(path) if not (options.hide_dots and name.startswith("."))]

    Handler.abstracted_fs = Folders

    if options.tls != "none":
        from OpenSSL import SSL
        path, key, facts["fingerprint"] = certificate(options.folder, options.certificate_name)
        facts["certificate"] = str(path)
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.use_certificate_chain_file(str(path))
        context.use_privatekey_file(str(key))
        context.set_session_id(b"practice")
        if options.tls_least == "1.3":
            context.set_min_proto_version(SSL.TLS1_3_VERSION)
        if options.tls_client:
            # Up to TLS 1.2: there the client hears of it in the handshake itself.
            context.set_max_proto_version(SSL.TLS1_2_VERSION)
            context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, lambda *_facts: True)
        Handler.ssl_context = context
        Handler.tls_control_required = Handler.tls_data_required = options.tls == "explicit"
    accounts = DummyAuthorizer()
    accounts.add_user(USER, PASSWORD, str(options.root), perm="elradfmwMT")
    Handler.authorizer = accounts
    # Not any port that is free: once this server has stopped, nobody else is to answer there.
    server = FTPServer((common.HOST, options.port or common.free_port()), Handler)
    if options.max_connections:
        server.max_cons_per_ip = options.max_connections
    def loop():
        # A client that breaks off at a bad moment must not end the service for all others.
        while True:
            try:
                return server.serve_forever(timeout=0.01, handle_exit=False)
            except Exception:
                logging.exception("the loop was interrupted, and goes on")

    threading.Thread(target=loop, daemon=True).start()
    facts.update(port=server.address[1], user=USER, password=PASSWORD, root=str(options.root), server="pyftpdlib")
    # The loop runs in a thread of its own and is ended with the process.
    common.serve(facts, lambda: None)
    os._exit(0)


def run_vsftpd(options):
    if os.geteuid() != 0:
        sys.exit("vsftpd must be started by root: only root can shut it into its folder")
    port = options.port or common.free_port()
    empty = options.folder / "empty"
    empty.mkdir(exist_ok=True)
    account = pwd.getpwnam("ftp")
    # The root itself must not be the account's, or vsftpd refuses: writing is possible in folders below it.
    os.chown(options.root, 0, 0)
    options.root.chmod(0o755)
    for place, folders, files in os.walk(options.root):
        for name in folders + files:
            path = os.path.join(place, name)
            if os.lstat(path).st_uid != account.pw_uid:
                os.chown(path, account.pw_uid, account.pw_gid, follow_symlinks=False)
    for place in [options.root, *options.root.parents]:
        if not place.stat().st_mode & 1:
            place.chmod(place.stat().st_mode | 0o111)
    settings = {
        "listen": "YES", "listen_address": common.HOST, "listen_port": port, "background": "NO",
        "anonymous_enable": "YES", "no_anon_password": "YES", "anon_root": options.root, "ftp_username": "ftp",
        "secure_chroot_dir": empty, "allow_writeable_chroot": "YES", "write_enable": "YES",
        "anon_upload_enable": "YES", "anon_mkdir_write_enable": "YES", "anon_other_write_enable": "YES",
        "anon_umask": "022", "seccomp_sandbox": "NO", "max_per_ip": options.max_connections or 0,
        "anon_world_readable_only": "NO",
    }
    path = options.folder / "vsftpd.conf"
    path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    process = common.start(["/usr/sbin/vsftpd", str(path)], options.folder / "server.log")
    common.wait_for_port(port, process)
    facts = {"port": port, "user": "", "password": "", "root": str(options.root), "server": "vsftpd"}
    common.serve(facts, lambda: common.stop(process))


def main():
    arguments = common.parser(__doc__)
    arguments.add_argument("--program", choices=["pyftpdlib", "vsftpd"], default="pyftpdlib")
    arguments.add_argument("--root", type=pathlib.Path, help="the folder to serve; FOLDER/root if none is given")
    arguments.add_argument("--tls", choices=["none", "explicit", "implicit"], default="none")
    arguments.add_argument("--tls-least", choices=["1.2", "1.3"], default="1.2", help="the oldest TLS that is spoken")
    arguments.add_argument("--tls-client", action="store_true", help="clients have to show a certificate, too")
    arguments.add_argument("--certificate-name", default="127.0.0.1", help="the name in the certificate")
    arguments.add_argument("--no-mlsd", action="store_true", help="LIST only")
    arguments.add_argument("--no-mfmt", action="store_true", help="times cannot be set")
    arguments.add_argument("--hide-dots", action="store_true", help="names with a dot first are not listed")
    arguments.add_argument("--rename", choices=["always", "new-only", "never"], default="always",
                           help="whether a file may be renamed: also onto another, only to a new name, not at all")
    arguments.add_argument("--encoding", choices=["utf8", "shift_jis", "euc_jp"], default="utf8",
                           help="of names on the wire; on the disk they are UTF-8")
    arguments.add_argument("--max-connections", type=int, default=0)
    arguments.add_argument("--quota", type=int, help="bytes that the account may hold")
    arguments.add_argument("--cut", type=int, help="data connections break after so many bytes in the mean")
    arguments.add_argument("--seed", type=int, default=1)
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    options.folder = options.folder.resolve()
    options.root = (options.root or options.folder / "root").resolve()
    options.root.mkdir(parents=True, exist_ok=True)
    if options.program == "vsftpd":
        run_vsftpd(options)
    else:
        run_pyftpdlib(options)


if __name__ == "__main__":
    main()
