"""A real sshd on loopback with SFTP, for one account: whoever runs this.

Needs: openssh-server openssh-client

Prints {"port", "user", "host", "identity", "known_hosts", "docroot", "host_key_fingerprint", "protected_identity",
"passphrase", "stranger_identity", "wrong_known_hosts"}: the key in "identity" is let in, "protected_identity" too but
asks for the passphrase, "stranger_identity" is not; in "wrong_known_hosts" stands another server's key. Everything lies
in the server's folder; nothing of the account's own ~/.ssh is read or written.
"""

import os
import pathlib
import pwd
import secrets
import shutil
import subprocess

import common

PASSPHRASE = "opening-with-蜜柑"  # and digits of this server's own


def make_key(path, passphrase=""):
    """An Ed25519 key pair, once."""
    if not path.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", path.name, "-f", str(path)],
                       check=True, stdin=subprocess.DEVNULL)
    return path.with_suffix(path.suffix + ".pub").read_text()


def public_part(text):
    """A public key without its comment, as known_hosts has it."""
    return " ".join(text.split()[:2])


def configuration(folder, port, options):
    """sshd_config: keys only, this account only, SFTP, and commands if wanted."""
    lines = [
        f"Port {port}",
        f"ListenAddress {common.HOST}",
        f"HostKey {folder / 'host_key'}",
        f"AuthorizedKeysFile {folder / 'authorized_keys'}",
        f"PidFile {folder / 'sshd.pid'}",
        f"Subsystem sftp internal-sftp{' -R' if options.read_only else ''}",
        "AuthenticationMethods publickey",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        # The folder may lie below one that others can write to, as /tmp.
        "StrictModes no",
        "UsePAM no",
        "UseDNS no",
        "PermitRootLogin prohibit-password",
        "PrintMotd no",
        "MaxStartups 100:30:200",
        "MaxSessions 100",
        "X11Forwarding no",
        f"AllowUsers {user_name()}",
        f"LogLevel {'VERBOSE' if options.verbose else 'INFO'}",
    ]
    if options.sftp_only:
        lines.append("ForceCommand internal-sftp")
    return "\n".join(lines) + "\n"


def user_name():
    return pwd.getpwuid(os.getuid()).pw_name


def main():
    arguments = common.parser(__doc__)
    arguments.add_argument("--sftp-only", action="store_true", help="let nothing but SFTP run, as rental servers do")
    arguments.add_argument("--read-only", action="store_true", help="refuse every change")
    arguments.add_argument("--verbose", action="store_true", help="log each login with its key")
    options = arguments.parse_args()

    folder = options.folder.resolve()
    docroot = folder / "docroot"
    docroot.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    # ssh-keygen is told of it among its arguments: other servers' must not be this one's, which is looked for in processes.
    words = folder / "passphrase"
    if not words.exists():
        words.write_text(f"{PASSPHRASE}-{secrets.token_hex(6)}")
        words.chmod(0o600)
    passphrase = words.read_text()
    host_key = make_key(folder / "host_key")
    keys = [make_key(folder / "identity"), make_key(folder / "protected_identity", passphrase)]
    make_key(folder / "stranger_identity")
    other_host = make_key(folder / "other_host_key")
    authorized = folder / "authorized_keys"
    authorized.write_text("".join(keys))
    authorized.chmod(0o600)

    port = options.port or common.free_port()
    known_hosts = folder / "known_hosts"
    known_hosts.write_text(f"[{common.HOST}]:{port} {public_part(host_key)}\n")
    wrong_known_hosts = folder / "wrong_known_hosts"
    wrong_known_hosts.write_text(f"[{common.HOST}]:{port} {public_part(other_host)}\n")
    settings = folder / "sshd_config"
    settings.write_text(configuration(folder, port, options))

    if os.getuid() == 0:
        # Where sshd puts the part of itself that has no rights.
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
    program = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if program is None:
        raise SystemExit("sshd is not installed: the package is openssh-server")
    process = common.start([program, "-D", "-e", "-f", str(settings)], folder / "sshd.log")
    try:
        common.wait_for_port(port, process)
    except RuntimeError as error:
        common.stop(process)
        raise SystemExit(f"{error}\n{(folder / 'sshd.log').read_text()}") from error
    fingerprint = subprocess.run(["ssh-keygen", "-l", "-f", str(folder / "host_key.pub")], check=True,
                                 capture_output=True, text=True).stdout.split()[1]
    common.serve({
        "port": port,
        "host": common.HOST,
        "user": user_name(),
        "identity": str(folder / "identity"),
        "known_hosts": str(known_hosts),
        "docroot": str(docroot),
        "host_key_fingerprint": fingerprint,
        "protected_identity": str(folder / "protected_identity"),
        "passphrase": passphrase,
        "stranger_identity": str(folder / "stranger_identity"),
        "wrong_known_hosts": str(wrong_known_hosts),
    }, lambda: common.stop(process))


if __name__ == "__main__":
    main()
