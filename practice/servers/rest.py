"""A server of restic's REST protocol on loopback: rclone's, over a folder.

Prints {"port", "endpoint", "root", "user", "password"}. Repositories lie in folders below "root", each at the path of
its name. With --append-only nothing can be removed but locks.

Needs: rclone
"""

import common

USER, PASSWORD = "sakura", "himitsu-桜"


def main():
    arguments = common.parser(__doc__)
    arguments.add_argument("--append-only", action="store_true", help="let nothing be removed or replaced")
    chosen = arguments.parse_args()
    folder = chosen.folder.resolve()
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    port = chosen.port or common.free_port()
    command = ["rclone", "--config", str(folder / "rclone.conf"), "serve", "restic", "--addr", f"{common.HOST}:{port}",
               "--user", USER, "--pass", PASSWORD,
               # What it remembers of a file that another lists while it is written would be too short.
               "--cache-objects=false", str(root)]
    if chosen.append_only:
        command.append("--append-only")
    process = common.start(command, folder / "rclone.log")
    common.wait_for_port(port, process)
    common.serve({"port": port, "endpoint": f"http://{common.HOST}:{port}", "root": str(root), "user": USER,
                  "password": PASSWORD}, lambda: common.stop(process))


if __name__ == "__main__":
    main()
