"""A mail server that is up and answers 550 to every recipient: what an alarm meets when the mail itself is the disaster."""

import socketserver
import threading


class Refusing(socketserver.StreamRequestHandler):
    """One conversation."""

    def handle(self):
        self.wfile.write(b"220 mail.example.jp ESMTP\r\n")
        for line in self.rfile:
            word = line[:4].upper()
            if word == b"RCPT":
                self.server.refusals += 1
                self.wfile.write(b"550 5.1.1 no such user here\r\n")
            elif word == b"QUIT":
                self.wfile.write(b"221 bye\r\n")
                return
            else:
                self.wfile.write(b"250 ok\r\n")


class MailServer(socketserver.ThreadingTCPServer):
    """Listens on loopback, on a free port; a context manager."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Refusing)
        self.refusals = 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def __exit__(self, *arguments):
        self.shutdown()
        super().__exit__(*arguments)
