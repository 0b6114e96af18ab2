"""A server that speaks FTP badly on purpose, to see what a client makes of it. Nothing of it is served from a disk.

Prints {"port", "heard"}: the file that each command heard is written to, passwords included. `--manner` chooses what is
wrong: endless listing lines, endless replies, sizes that are none, names that lead out, and more.
"""

import pathlib
import socketserver
import ssl
import subprocess
import threading
import time

import common

LISTING = {
    "names": [
        "type=file;size=3; good", "type=file;size=3; ../outside", "type=file;size=3; ..", "type=dir; .",
        "type=file;size=3; a/b", "type=file;size=3; bell\x07", "type=file;size=3; escape\x1b[2J", "type=dir; ../../etc",
        "type=file;size=3; ", "type=file;size=3; twice", "type=file;size=3; twice", "type=dir; /",
        "type=OS.unix=slink:/etc/passwd; link",
    ],
    "sizes": ["type=file;size=99999999999999999999; large", "type=file;size=-1; small", "type=file;size=12x; odd",
              "type=file;size=9223372036854775807; huge", "type=file;size=3; good"],
    "other-host": ["type=file;size=3; good"],
    "rest-refused": ["type=file;size=3; good"],
    "garbage": ["<html><body>503 Service Unavailable</body></html>"] * 5,
    "silent": [],
    "repeats-password": [],
    "deep": ["type=dir; again"],
}


class Control(socketserver.StreamRequestHandler):
    """One control connection."""

    def say(self, text):
        self.wfile.write(text.encode("latin-1") + b"\r\n")
        self.wfile.flush()

    def handle(self):
        manner, data = self.server.manner, None
        self.say("220 hello")
        while True:
            line = self.rfile.readline(65536)
            if not line:
                return
            text = line.decode("latin-1").rstrip("\r\n")
            with open(self.server.heard, "a") as log:
                print(text, file=log)
            word, _, rest = text.partition(" ")
            word = word.upper()
            if word == "AUTH" and self.server.context:
                self.say("234 go on")
                try:
                    self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
                except (ssl.SSLError, OSError):
                    return
                self.rfile = self.connection.makefile("rb")
                self.wfile = self.connection.makefile("wb")
            elif word == "USER":
                self.say("331 password please")
            elif word == "PASS":
                if manner == "repeats-password":
                    self.say(f"530 no entry with {rest}")
                else:
                    self.say("230 in")
            elif word == "FEAT":
                if manner == "endless-reply":
                    self.endless(b"211-more\r\n")
                elif manner == "endless-line":
                    self.endless(b"x" * 4096)
                else:
                    self.say("211-Features:\r\n MLST type*;size*;modify*;\r\n UTF8\r\n211 End")
            elif word == "PWD":
                self.say('257 "/" is it')
            elif word == "EPSV" and manner != "other-host":
                data = self.listen()
                self.say(f"229 here (|||{data.getsockname()[1]}|)")
            elif word == "PASV" and manner == "other-host":
                data = self.listen()
                port = data.getsockname()[1]
                # A documentation address: a client that believes it reaches nobody.
                self.say(f"227 there (192,0,2,1,{port >> 8},{port & 255})")
            elif word in ("MLSD", "LIST"):
                self.listing(data)
            elif word == "RETR":
                self.say("150 it comes")
                with data.accept()[0] as channel:
                    channel.sendall(b"abc")
                self.say("226 done")
            elif word == "SIZE":
                self.say("213 9223372036854775807" if "huge" in rest else "213 3")
            elif word == "QUIT":
                self.say("221 bye")
                return
            elif word in ("TYPE", "CWD", "OPTS", "REST", "PBSZ", "PROT"):
                self.say("200 fine")
            else:
                self.say("500 what")

    def listen(self):
        import socket
        listener = socket.create_server((common.HOST, 0))
        listener.settimeout(300)
        return listener

    def endless(self, piece):
        try:
            while True:
                self.wfile.write(piece)
        except OSError:
            pass

    def listing(self, data):
        manner = self.server.manner
        self.say("150 it comes")
        with data.accept()[0] as channel:
            try:
                if manner == "endless-listing":
                    while True:
                        channel.sendall(b"x" * 65536)
                elif manner == "endless-entries":
                    number = 0
                    while True:
                        channel.sendall("".join(
                            f"type=file;size=3; {number + index}\r\n" for index in range(1000)).encode())
                        number += 1000
                elif manner == "silent":
                    time.sleep(60)
                else:
                    for line in LISTING[manner]:
                        channel.sendall(line.encode("latin-1") + b"\r\n")
            except OSError:
                return
        self.say("226 done")


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def main():
    arguments = common.parser(__doc__)
    arguments.add_argument("--manner", default="names")
    arguments.add_argument("--tls", action="store_true", help="offer TLS with a certificate that nobody signed")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    server = Server((common.HOST, options.port), Control)
    server.manner = options.manner
    server.heard = str(pathlib.Path(options.folder) / "heard")
    pathlib.Path(server.heard).touch()
    server.context = None
    if options.tls:
        path = options.folder / "hostile.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3", "-keyout", path,
                        "-out", str(path) + ".crt", "-subj", "/CN=elsewhere.example"], check=True, capture_output=True)
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(str(path) + ".crt", path)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    common.serve({"port": server.server_address[1], "heard": server.heard}, lambda: None)


if __name__ == "__main__":
    main()
