"""An administrator without Hikae: docs/manual/without-hikae.md, read from its file and carried out block by block, brings
a whole company back at another provider."""

import os
import re
import subprocess

from scenario import PRACTICE, Rig, Truth, main

PAGE = PRACTICE.parent / "docs" / "manual" / "without-hikae.md"
BLOCK = re.compile(r"(?ms)^```(\w+)(?: ([^\n]+))?\n(.*?)^```$")


def environment(rig, back):
    """What the page leaves to be filled in."""
    ssh, ftp, mail, s3 = (rig.p2.facts(kind) for kind in ("openssh", "ftp", "dovecot", "s3"))
    maria, postgres = rig.p2.facts("mariadb"), rig.p2.facts("postgresql")
    return {
        "RESTIC_REPOSITORY": str(rig.plan.vault), "RESTIC_PASSWORD_FILE": str(rig.plan.vault_password),
        "RESTIC_CACHE_DIR": str(rig.folder / "cache-restic"), "BACK": str(back),
        "SITE": f"{ssh['user']}@127.0.0.1:{rig.p2.site(rig.tenant)}/",
        "RSYNC_RSH": f"ssh -p {ssh['port']} -i {ssh['identity']} -o IdentitiesOnly=yes -o UserKnownHostsFile={ssh['known_hosts']}",
        "FTP": f"ftp://127.0.0.1:{ftp['port']}", "FTP_LOGIN": f"{ftp['user']},{ftp['password']}",
        "FTP_SETTINGS": "set ftp:charset shift_jis; set file:charset utf-8; set ftp:ssl-force yes; "
                        "set ssl:priority NORMAL:-VERS-TLS1.3; "
                        f"set ssl:ca-file {ftp['certificate']}",
        "PGHOST": "127.0.0.1", "PGPORT": str(postgres["port"]), "PGUSER": postgres["superuser"],
        "PGPASSWORD": postgres["superuser_password"],
        "MYSQL_HOST": "127.0.0.1", "MYSQL_TCP_PORT": str(maria["port"]), "MYSQL_PWD": maria["superuser_password"],
        "IMAP_HOST": "127.0.0.1", "IMAP_PORT": str(mail["port"]), "IMAP_USER": f"info@{rig.tenant.domain}",
        "IMAP_PASSWORD": rig.p2.password(rig.tenant, "mail"), "SSL_CERT_FILE": mail["authority"],
        "S3_ENDPOINT": s3["endpoint"], "AWS_DEFAULT_REGION": s3["region"], "AWS_ACCESS_KEY_ID": s3["access_key"],
        "AWS_SECRET_ACCESS_KEY": s3["secret_key"]}


def scenario(rig: Rig):
    rig.capture()
    rig.company.go_on()
    truth = Truth(rig.p, rig.tenant, rig.folder / "truth")
    rig.capture()
    # What Hikae knows besides is gone with its machine.
    rig.p.stop()

    # The page makes the databases itself; that of the new provider's control panel goes.
    rig.p2.mariadb(f"DROP DATABASE {rig.p2.shop(rig.tenant)}")
    rig.p2.psql(f"DROP DATABASE {rig.p2.clinic(rig.tenant)}")
    desk = rig.folder / "desk"
    (desk / "back").mkdir(parents=True)
    values = environment(rig, desk / "back")
    page = PAGE.read_text()
    steps = 0
    for kind, what, text in BLOCK.findall(page):
        if what == "fill-in":
            missing = [name for name in re.findall(r"(\w+)=", re.sub(r"#.*", "", text)) if name.isupper() and name not in values]
            rig.expect("the test fills in what the page asks for", not missing, missing)
        elif kind == "python":
            (desk / what).write_text(text)
        else:
            carry_out(rig, text, desk, values)
            steps += 1
    rig.expect(f"{steps} steps of {PAGE.name} were carried out", steps >= 7)
    # The second account, by the same script.
    carry_out(rig, 'python3 maildir-to-imap.py "$BACK/mail/order"\n', desk,
              values | {"IMAP_USER": f"order@{rig.tenant.domain}"})
    rig.compare(truth, rig.p2)
    seen, _ = rig.grep_canaries(desk / "back")
    rig.expect(f"{seen} restored files carry the tenant's canary", seen > 100)


def carry_out(rig, text, desk, values):
    """One block of the page, as a person would type it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RESTIC_", "HIKAE_", "AWS_", "PG"))}
    result = subprocess.run(["bash", "-euo", "pipefail", "-c", text], cwd=desk, env=clean | {"LC_ALL": "C.UTF-8"} | values,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False)
    rig.expect(f"$ {text.strip().splitlines()[0][:100]}", result.returncode == 0, result.stdout, result.stderr)


if __name__ == "__main__":
    main("Living without Hikae", scenario, scale=0.2)
