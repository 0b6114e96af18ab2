#!/usr/bin/env python3
"""A site of many small files over FTP: Hikae beside lftp's mirror, from the same vsftpd of this machine.

    python3 -B Benchmarks/ftp.py [--files 50000] [--connections 4] [--work FOLDER] [--hikae PATH] [--rounds N] [--gate]

Both read the same folder from nothing, and again with nothing new, over as many connections (Hikae's plan and lftp's
--parallel). Each run's wall time and peak memory are printed as one line of JSON, then the ratios of the medians. With
--gate the exit status is 1 unless Hikae takes at most 0.7 of lftp's time for both, and stays below 300 MB. Needs root,
for vsftpd.

lftp makes a copy in a folder; Hikae compresses, encrypts and packs what it reads.
"""

import sites


def main():
    parser = sites.arguments(__doc__)
    parser.add_argument("--connections", type=int, default=4)
    options = parser.parse_args()

    def contenders(work, facts):
        """lftp's command and Hikae's plan."""
        mirror = (f"set net:timeout 20; set ftp:ssl-allow no; open -u anonymous,bench ftp://127.0.0.1:{facts['port']}; "
                  f"mirror --parallel={options.connections} /site {work}/lftp")
        plan = sites.write_plan(work, [
            f"ftp: ftp://anonymous@127.0.0.1:{facts['port']}/site",
            f"password: file:{work}/vault.password",
            "tls: none",
            f"connections: {options.connections}",
        ])
        return ["lftp", "-c", mirror], plan

    sites.compare(options, "ftp", "lftp",
                  lambda work: ["ftp.py", "--root", str(work / "root"), "--program", "vsftpd"], contenders)


if __name__ == "__main__":
    main()
