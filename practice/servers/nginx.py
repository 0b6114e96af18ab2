"""A real nginx on loopback that serves one folder a site, each on a port of its own.

Needs: nginx-light

The JSON line: {"ports": {site: port}, "sites": {site: folder}, "program": "nginx/1.22.1"}. As root its workers run as
`www-data` (or `nobody`), so the folders must be readable to others, as at a real provider. It serves what is in the
folders at the moment: emptied folders are served empty.
"""

import os
import pathlib
import pwd
import shutil
import subprocess

import common

PROGRAM = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

CONFIGURATION = """
{user}
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
worker_processes 1;
daemon off;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
    client_body_temp_path {folder}/tmp;
    proxy_temp_path {folder}/tmp;
    fastcgi_temp_path {folder}/tmp;
    uwsgi_temp_path {folder}/tmp;
    scgi_temp_path {folder}/tmp;
    default_type application/octet-stream;
    types {{ text/html html; text/css css; text/plain txt; image/png png; }}
    charset utf-8;
{servers}
}}
"""

SERVER = """
    server {{
        listen 127.0.0.1:{port};
        server_name {name};
        root "{root}";
        index index.html;
        location ~ /\\. {{ deny all; }}
    }}
"""


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--site", action="append", default=[], metavar="NAME=FOLDER[=PORT]",
                           help="a site and the folder that it is served from; may be given again")
    options = arguments.parse_args()
    if PROGRAM is None:
        raise SystemExit("nginx is not installed")
    folder = options.folder.resolve()
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    sites, ports = {}, {}
    for entry in options.site or [f"site={folder / 'html'}={options.port}"]:
        name, root, port = [*entry.split("="), "0"][:3]
        sites[name] = str(pathlib.Path(root).resolve())
        ports[name] = int(port) or common.free_port()
        pathlib.Path(root).mkdir(parents=True, exist_ok=True)
    user = ""
    if os.geteuid() == 0:
        names = {entry.pw_name for entry in pwd.getpwall()}
        user = "user www-data;" if "www-data" in names else "user nobody nogroup;"
    servers = "".join(SERVER.format(port=ports[name], name=name, root=root) for name, root in sites.items())
    configuration = folder / "nginx.conf"
    configuration.write_text(CONFIGURATION.format(user=user, folder=folder, servers=servers))
    server = common.start([PROGRAM, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(configuration)],
                          folder / "output.log")
    try:
        for port in ports.values():
            common.wait_for_port(port, server)
    except RuntimeError as error:
        common.stop(server)
        raise SystemExit(f"{error}\n{(folder / 'output.log').read_text(errors='replace')}") from error
    version = subprocess.run([PROGRAM, "-v"], capture_output=True, text=True, check=True).stderr
    common.serve({"ports": ports, "sites": sites, "program": version.split()[-1]}, lambda: common.stop(server))


if __name__ == "__main__":
    main()
