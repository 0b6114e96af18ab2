"""Certificates for the practice servers: an authority of their own, what it signed, and an authority that signed nothing.

Needs: openssl
"""

import hashlib
import ssl
import subprocess


THIS_MACHINE = "DNS:localhost,IP:127.0.0.1"


def make(folder, names=THIS_MACHINE, days=3650):
    """An authority, and a certificate that it signed for these names and days (0: it ends at
    once); kept when they are there.

    Returns the paths of authority, certificate and key, and the certificate's fingerprint. Another authority, which
    nobody should believe here, stands beside them as "stranger.pem".
    """
    authority, certificate, key = folder / "authority.pem", folder / "server.pem", folder / "server.key"
    if not certificate.exists():
        extensions = folder / "server.ext"
        extensions.write_text(f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")

        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)

        kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        for name in ("authority", "stranger"):
            openssl("req", "-x509", *kind, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "3650",
                    "-subj", f"/CN=Practice {name}")
        openssl("req", *kind, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
        openssl("x509", "-req", "-in", "server.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-days", str(days), "-extfile", "server.ext", "-out", "server.pem")
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text())
    return authority, certificate, key, "sha256:" + hashlib.sha256(der).hexdigest()
