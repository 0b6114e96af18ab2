#!/usr/bin/env python3
"""A site of many small files over SFTP: Hikae beside rclone, from the same sshd of this machine.

    python3 -B Benchmarks/sftp.py [--files 50000] [--work FOLDER] [--hikae PATH] [--rounds N] [--gate]

Both read the same folder from nothing, and again with nothing new, rclone with 16 transfers and 16 checkers and without
hash commands on the far side. Each run's wall time and peak memory are printed as one line of JSON, then the ratios of
the medians. With --gate the exit status is 1 unless Hikae takes at most 0.7 of rclone's time for both, and stays below
300 MB.

rclone makes a copy in a folder; Hikae compresses, encrypts and packs what it reads.
"""

import os

import sites


def contenders(work, facts):
    """rclone's command and Hikae's plan."""
    site = work / "root" / "site"
    remote = (f":sftp,host={facts['host']},port={facts['port']},user={facts['user']},key_file='{facts['identity']}',"
              f"known_hosts_file='{facts['known_hosts']}',disable_hashcheck=true:{site}")
    command = ["rclone", "--config", os.devnull, "copy", "--transfers", "16", "--checkers", "16", remote,
               str(work / "rclone")]
    plan = sites.write_plan(work, [
        f"sftp: sftp://{facts['user']}@{facts['host']}:{facts['port']}{site}",
        f"identity: {facts['identity']}",
        f"ssh-options: [\"UserKnownHostsFile={facts['known_hosts']}\", \"GlobalKnownHostsFile=/dev/null\"]",
    ])
    return command, plan


if __name__ == "__main__":
    sites.compare(sites.arguments(__doc__).parse_args(), "sftp", "rclone", lambda work: ["openssh.py"], contenders)
