"""S11, false independence: the second vault points at the same filesystem, server, bucket or repository under another
name. Each is told as red, with the reason; two vaults that stand apart are not. What software cannot see is asked of a
person, recorded with name and date, and counts.

Real servers: OpenSSH, Hikae's own vault server, moto's S3; real mounts where this user may make them.
"""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess

from scenario import Rig, main

from running import Running


def serve(rig, servers, name, folder, *words):
    """A server of practice/servers, stopped with all others at the end; what it says of itself."""
    server = Running(name, rig.folder / folder, words)
    servers.append(server)
    return server.wait()


def custody(rig, *words):
    """`hikae custody --vaults-only --json`: the pair of the two vaults, and the summary."""
    outcome = rig.hikae.run("custody", "show", "--vaults-only", "--json", *words)
    pairs = [item for item in outcome.objects if item.get("message_type") == "custody_pair"]
    summary = [item for item in outcome.objects if item.get("message_type") == "custody"]
    rig.expect("the pair is judged", len(pairs) == 1 and len(summary) == 1, outcome.text)
    return outcome, pairs[0], summary[0]


def kinds(pair, light="red"):
    return {finding["kind"] for finding in pair["findings"] if finding["light"] == light}


def is_red(rig, what, *reasons):
    outcome, pair, summary = custody(rig)
    rig.expect(f"{what}: red, because of {' and '.join(reasons)}", pair["light"] == "red" and summary["light"] == "red"
               and outcome.status == 1 and set(reasons) <= kinds(pair), outcome.text)
    return pair


@contextlib.contextmanager
def first(rig, repository, keys=()):
    """The plan's first vault is this one, with these keys, for as long as the block takes."""
    vault, original = rig.plan.vault, rig.plan.write

    def write(names=None):
        path = original(names)
        line = f"    repository: {repository}\n"
        path.write_text(path.read_text().replace(line, line + "".join(f"    {key}\n" for key in keys), 1))
        return path

    rig.plan.vault, rig.plan.write = repository, write
    try:
        yield
    finally:
        rig.plan.vault, rig.plan.write = vault, original


def second(rig, repository, *keys, name="other"):
    """The plan gets this second vault; in other hands, elsewhere, so that only what is seen can make it red."""
    rig.plan.more_vaults = [[f"name: {name}", f"repository: {repository}", *keys,
                             "custody: {holder: 控 次郎, provider: 別の会社, account: k-2, place: 大阪}"]]
    rig.plan.write()


def initialise(rig, repository, *words, **environment):
    made = rig.hikae.run("init", "-r", repository, "--password-file", rig.plan.vault_password, *words, **environment)
    rig.expect(f"a repository is made at {repository.split(':')[0]}", made.status == 0, made.text)


def scenario(rig: Rig):
    servers = []
    try:
        alone(rig)
        folders(rig)
        mounts(rig)
        ssh(rig, servers)
        vault_servers(rig, servers)
        buckets(rig, servers)
    finally:
        for server in servers:
            server.stop()


def alone(rig):
    outcome = rig.hikae.run("status")
    rig.expect("with one vault, status says that custody is red", "custody red" in outcome.output, outcome.text)


def folders(rig):
    other = rig.folder / "other"
    initialise(rig, str(other))
    second(rig, other)
    is_red(rig, "another folder of the same filesystem", "filesystem", "machine")
    link = rig.folder / "link"
    link.symlink_to(rig.plan.vault)
    second(rig, link)
    is_red(rig, "the same folder behind a symbolic link", "folder", "filesystem", "repository")
    copy = rig.folder / "copy"
    shutil.copytree(rig.plan.vault, copy)
    second(rig, copy)
    is_red(rig, "the repository copied file by file", "repository", "repository-key")


@contextlib.contextmanager
def mounted(rig, place, *words):
    """Mounts something for as long as the block takes; whether this user may."""
    place.mkdir(exist_ok=True)
    done = subprocess.run(["mount", *map(str, words), str(place)], capture_output=True, check=False).returncode == 0
    if not done:
        rig.say(f"this user may not mount: mount {words[0]} … is left out")
    try:
        yield done
    finally:
        if done:
            subprocess.run(["umount", str(place)], check=True)


def mounts(rig):
    """One folder, or one filesystem, that is to be seen in two places."""
    bound, shared, again, image = (rig.folder / name for name in ("bound", "shared", "again", "image"))
    with mounted(rig, bound, "--bind", rig.plan.vault) as done:
        if done:
            second(rig, bound)
            is_red(rig, "the same folder under a bind mount", "folder", "filesystem", "repository")
    with mounted(rig, shared, "-t", "tmpfs", "vaults") as done:
        if done:
            two_folders(rig, shared / "one", shared / "two", "two vaults in one mounted filesystem", "filesystem", "machine")
    if shutil.which("mkfs.ext4") is None:
        return rig.say("there is no mkfs.ext4: one disk under two mount points is left out")
    with open(image, "wb") as file:
        file.truncate(48 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    with mounted(rig, shared, "-o", "loop", image) as done:
        if done:
            device = subprocess.run(["findmnt", "-n", "-o", "SOURCE", str(shared)], capture_output=True, text=True,
                                    check=True).stdout.strip()
            with mounted(rig, again, device) as twice:
                if twice:
                    two_folders(rig, shared / "one", again / "two", "a vault under each of two mounts of one disk",
                                "filesystem", "disk")
    return None


def two_folders(rig, one, other, what, *reasons):
    for folder in (one, other):
        initialise(rig, str(folder))
    with first(rig, one):
        second(rig, other)
        is_red(rig, what, *reasons)


def sftp_keys(facts):
    return [f"identity: {facts['identity']}",
            f"ssh-options: [\"UserKnownHostsFile={facts['known_hosts']}\", IdentitiesOnly=yes, StrictHostKeyChecking=no, "
            "CheckHostIP=no]"]


def ssh(rig, servers):
    """Two vaults behind SSH: one server under two names, then two servers."""
    a = serve(rig, servers, "openssh", "ssh1")

    def place(facts, host, folder):
        return f"sftp://{facts['user']}@{host}:{facts['port']}/{rig.folder / folder}"

    def words(facts):
        return ["-o", f"sftp.args=-i {facts['identity']} -o IdentitiesOnly=yes -o StrictHostKeyChecking=no "
                      f"-o UserKnownHostsFile={facts['known_hosts']}"]

    initialise(rig, place(a, "127.0.0.1", "far1"), *words(a))
    with first(rig, place(a, "127.0.0.1", "far1"), sftp_keys(a)):
        for host in ("localhost", "127.0.0.1"):
            initialise(rig, place(a, host, f"far-{host}"), *words(a))
            second(rig, place(a, host, f"far-{host}"), *sftp_keys(a))
            is_red(rig, f"the same SSH server called {host}", "host-key", "login", "identity")
        b = serve(rig, servers, "openssh", "ssh2")
        initialise(rig, place(b, "127.0.0.1", "far2"), *words(b))
        second(rig, place(b, "127.0.0.1", "far2"), *sftp_keys(b))
        apart(rig)


def apart(rig):
    """Two servers with keys of their own: not red, and what a person says moves it."""
    outcome, pair, _ = custody(rig)
    rig.expect("two SSH servers with their own host keys, users' keys and people are not red",
               pair["light"] == "amber" and outcome.status == 0, outcome.text)
    rig.expect("and it is told that only the plan says who has them", "unconfirmed" in kinds(pair, "amber"), outcome.text)
    for name, words in {"office": ["--holder", "見本 花子", "--provider", "own", "--account", "none", "--place", "本社"],
                        "other": ["--holder", "控 次郎", "--provider", "別の会社", "--account", "k-2", "--place", "大阪",
                                  "--contract-end", "2999-12-31"]}.items():
        said = rig.hikae.run("custody", "confirm", name, "--who", "見本 花子", *words)
        rig.expect(f"what a person says of {name} is recorded", said.status == 0, said.text)
    record = pathlib.Path(str(rig.plan.path).removesuffix(".yaml") + ".custody.jsonl")
    lines = [json.loads(line) for line in record.read_text().splitlines()]
    rig.expect("with name and date, beside the plan", [line["copy"] for line in lines] == ["office", "other"]
               and all(line["who"] == "見本 花子" and line["when"] for line in lines), lines)
    shown = rig.hikae.run("plan", "show")
    rig.expect("plan show names the file", str(record) in shown.text, shown.text)
    outcome, pair, _ = custody(rig)
    rig.expect("now nothing is unconfirmed", "unconfirmed" not in kinds(pair, "amber"), outcome.text)
    late, old, _ = custody(rig, "--time", "2099-01-01 00:00:00")
    rig.expect("long after, it wants to be said again", "confirmed-long-ago" in kinds(old, "amber"), late.text)
    rig.hikae.run("custody", "confirm", "other", "--who", "見本 花子", "--place", "本社")
    is_red(rig, "a person says that both stand in one place", "same-place")
    os.remove(record)


def tunnel(rig, servers, port, folder):
    """Another port of this machine that leads to the server's, as a tunnel does."""
    return serve(rig, servers, "delay", folder, "--target", port, "--milliseconds", 0)["port"]


def vault_servers(rig, servers):
    """One vault server under two names: two tenants, two users, their own passwords."""
    facts = serve(rig, servers, "vault", "rest", "--tls", "--hikae", rig.options.hikae)
    far = tunnel(rig, servers, facts["port"], "tunnel-rest")

    def place(host, port, tenant):
        return f"rest:https://{host}:{port}/{tenant}/company/"

    def keys(user):
        return [f"user: {user}", f"credential: {rig.plan.secret(user, facts['users'][user])}", f"trust: {{ca: {facts['authority']}}}"]

    for user, tenant in (("writer", "sakura"), ("stranger", "fuji")):
        initialise(rig, place("127.0.0.1", facts["port"], tenant), "--cacert", facts["authority"],
                   HIKAE_REST_USERNAME=user, HIKAE_REST_PASSWORD=facts["users"][user])
    with first(rig, place("127.0.0.1", facts["port"], "sakura"), keys("writer")):
        second(rig, place("localhost", facts["port"], "fuji"), *keys("stranger"))
        is_red(rig, "the same vault server under another name", "certificate", "service")
        second(rig, place("localhost", far, "fuji"), *keys("stranger"))
        pair = is_red(rig, "the same vault server behind a tunnel: its certificate gives it away", "certificate")
        rig.expect("for address and port are others", not {"service", "host"} & kinds(pair), pair)


def buckets(rig, servers):
    """One account's buckets under two names of the endpoint, and by two keys."""
    facts = serve(rig, servers, "s3", "s3", "--bucket", "vault", "--bucket", "vault-2")
    far = tunnel(rig, servers, facts["port"], "tunnel-s3")

    def keys(name):
        lines = [f"access-key: {rig.plan.secret(f'{name}-key', facts[f'{name}_key'])}",
                 f"secret-key: {rig.plan.secret(f'{name}-secret', facts[f'{name}_secret'])}"]
        if f"{name}_token" in facts:
            lines.append(f"session-token: {rig.plan.secret(f'{name}-token', facts[f'{name}_token'])}")
        return [*lines, f"region: {facts['region']}", "path-style: true"]

    facts |= {"main_key": facts["access_key"], "main_secret": facts["secret_key"]}
    environment = {"AWS_ACCESS_KEY_ID": facts["access_key"], "AWS_SECRET_ACCESS_KEY": facts["secret_key"],
                   "AWS_DEFAULT_REGION": facts["region"]}
    one, other, third = (f"s3:http://{host}:{port}/{folder}" for host, port, folder in (
        ("127.0.0.1", facts["port"], "vault/a"), ("localhost", facts["port"], "vault/b"), ("localhost", far, "vault-2/c")))
    for repository in (one, other, third):
        initialise(rig, repository, **environment)
    with first(rig, one, keys("main")):
        second(rig, other, *keys("main"))
        pair = is_red(rig, "the same bucket under another name of its endpoint", "same-bucket", "access-key", "bucket-owner")
        rig.expect("no secret is shown, and the key only in part", facts["secret_key"] not in json.dumps(pair)
                   and facts["access_key"] not in json.dumps(pair), pair)
        second(rig, third, *keys("session"))
        pair = is_red(rig, "another bucket of the same account, by another key, behind a tunnel", "bucket-owner")
        rig.expect("though neither bucket nor key nor server are the same", not {"same-bucket", "access-key", "service"} & kinds(pair), pair)


if __name__ == "__main__":
    main("S11: false independence", scenario, kinds=["openssh"], has_second=False, scale=0.05)
