"""An S3 server on loopback: moto's, in a process of its own.

Needs: moto with its S3 part, flask and boto3 (PyPI: "moto[s3]" flask boto3), openssl.

Prints {"port", "endpoint", "region", "access_key", "secret_key", "session_key", "session_secret", "session_token",
"stranger_key", "stranger_secret", "buckets", "certificate", "fingerprint"}. `access_key` may do everything, and so may
`session_key` with its token; `stranger_key` may do nothing.

moto's own check of signatures works on paths that were decoded already, and so refuses right ones for keys with spaces
or Japanese. It stays off; in its place every request's signature is checked here by botocore's own signer over what
came over the wire, with the body's hash, the region and the time. Only botocore judges; none of Hikae's code does.

moto refuses to delete a version that is locked, but lets anybody shorten its lock, or suspend versions in a bucket with
Object Lock. S3 refuses both, so both are refused here.

Objects are kept in memory (large ones in temporary files) and are gone when the server stops.
"""

import datetime
import hashlib
import hmac
import io
import logging
import os
import pathlib
import re
import subprocess
import sys

REGION = "us-east-1"
ACCOUNTS = {  # key: (secret, session token, whether it may do anything)
    "AKIAPRACTICE00000001": ("practice/secret+of/the/practice/provider", None, True),
    "ASIAPRACTICE00000002": ("secret/of/temporary/keys", "token/of+temporary==", True),
    "AKIASTRANGER00000003": ("secret/of/a/stranger", None, False),
}


class SignatureCheck:
    """Lets a request through to the application when its signature is right, and answers as S3 does when not."""

    def __init__(self, application, region):
        self.application, self.region = application, region

    def __call__(self, environ, start_response):
        try:
            refusal = self.refusal(environ)
        except (KeyError, ValueError, IndexError):
            refusal = (400, "AuthorizationHeaderMalformed", "The authorization header is malformed.", "")
        if refusal is None:
            return self.application(environ, start_response)
        status, code, message, more = refusal
        body = ('<?xml version="1.0" encoding="UTF-8"?>\n'
                f"<Error><Code>{code}</Code><Message>{message}</Message>{more}<RequestId>0</RequestId></Error>").encode()
        start_response(f"{status} Refused", [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))])
        return [body]

    def refusal(self, environ):
        """None for a request that is signed rightly, else status, code, message and more elements."""
        header = environ.get("HTTP_AUTHORIZATION", "")
        if not header:
            return 403, "AccessDenied", "Access Denied", ""
        fields = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^,\s]+)", header))
        key, day, region, service, _end = fields["Credential"].split("/")
        if key not in ACCOUNTS:
            return 403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", ""
        secret, token, may = ACCOUNTS[key]
        if environ.get("HTTP_X_AMZ_SECURITY_TOKEN") != token:
            return 400, "InvalidToken", "The provided token is malformed or otherwise invalid.", ""
        if region != self.region or service != "s3":
            return (400, "AuthorizationHeaderMalformed",
                    f"The authorization header is malformed; the region '{region}' is wrong; expecting '{self.region}'",
                    f"<Region>{self.region}</Region>")
        time = environ["HTTP_X_AMZ_DATE"]
        now = datetime.datetime.now(datetime.timezone.utc)
        then = datetime.datetime.strptime(time, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        if abs((now - then).total_seconds()) > 900 or day != time[:8]:
            return (403, "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large.",
                    f"<RequestTime>{time}</RequestTime><ServerTime>{now:%Y-%m-%dT%H:%M:%SZ}</ServerTime>")
        if not hmac.compare_digest(fields["Signature"], self.signature(environ, fields, key, secret, region)):
            return (403, "SignatureDoesNotMatch", "The request signature we calculated does not match the signature "
                    "you provided. Check your key and signing method.", "")
        if not self.body_is_as_signed(environ):
            return (400, "XAmzContentSHA256Mismatch",
                    "The provided 'x-amz-content-sha256' header does not match what was computed.", "")
        return None if may else (403, "AccessDenied", "Access Denied", "")

    @staticmethod
    def signature(environ, fields, key, secret, region):
        """What botocore makes of the request as it came over the wire."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials

        headers = {}
        for name in fields["SignedHeaders"].split(";"):
            variable = name.upper().replace("-", "_")
            plain = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
            headers[name] = environ[variable if plain else "HTTP_" + variable].encode("latin-1").decode("utf-8")
        target = environ.get("REQUEST_URI") or environ["RAW_URI"]
        request = AWSRequest(method=environ["REQUEST_METHOD"], url="http://" + environ["HTTP_HOST"] + target,
                             headers=headers)
        request.context["timestamp"] = environ["HTTP_X_AMZ_DATE"]
        signer = S3SigV4Auth(Credentials(key, secret), "s3", region)
        return signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)

    @staticmethod
    def body_is_as_signed(environ):
        """Whether the body has the hash that was signed for it. Puts the body back for the application."""
        signed = environ["HTTP_X_AMZ_CONTENT_SHA256"]
        if not re.fullmatch("[0-9a-f]{64}", signed):
            return signed == "UNSIGNED-PAYLOAD" or signed.startswith("STREAMING-")
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else b""
        environ["wsgi.input"] = io.BytesIO(body)
        return hashlib.sha256(body).hexdigest() == signed


def keep_locks():
    """Makes moto refuse what S3 refuses: locks that end earlier than they did, or are weaker, and to keep no versions."""
    import flask
    from moto.s3.exceptions import AccessDeniedByLock, InvalidBucketState
    from moto.s3.models import S3Backend

    put, put_versioning = S3Backend.put_object_retention, S3Backend.put_bucket_versioning

    def put_if_longer(self, bucket_name, key_name, version_id, retention):
        key = self.get_object(bucket_name, key_name, version_id=version_id)
        bypass = flask.request.headers.get("x-amz-bypass-governance-retention", "").lower() == "true"
        if key is not None and key.is_locked(bypass):
            mode, until = retention
            before, after = (datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
                             for text in (key.lock_until, until or "1970-01-01T00:00:00Z"))
            if after < before or (key.lock_mode == "COMPLIANCE" and mode != "COMPLIANCE"):
                raise AccessDeniedByLock()
        put(self, bucket_name, key_name, version_id, retention)

    def put_versioning_if_unlocked(self, bucket_name, status):
        if self.get_bucket(bucket_name).object_lock_enabled and status != "Enabled":
            raise InvalidBucketState("An Object Lock configuration is present on this bucket, so the versioning state "
                                     "cannot be changed.")
        put_versioning(self, bucket_name, status)

    S3Backend.put_object_retention = put_if_longer
    S3Backend.put_bucket_versioning = put_versioning_if_unlocked


def run(port, region, is_checked, certificate=None, key=None):
    """The server itself, in the foreground: moto's application with kept connections, which its own command lacks."""
    from moto.server import DomainDispatcherApplication, create_backend_app
    from werkzeug.serving import WSGIRequestHandler, run_simple

    class Handler(WSGIRequestHandler):
        """Keeps connections, as every real S3 server does, and says nothing."""
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 600

        def log(self, *_arguments):
            pass

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    keep_locks()
    application = DomainDispatcherApplication(create_backend_app)
    if is_checked:
        application = SignatureCheck(application, region)
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=Handler,
               ssl_context=(certificate, key) if certificate else None)


def make_certificate(folder, names):
    """A certificate of this server's own; its path, its key's and its fingerprint."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=" + names, "-keyout", key,
                    "-out", certificate], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE).stdout
    return certificate, key, "sha256:" + hashlib.sha256(der).hexdigest()


def client(facts):
    """A boto3 client for the server that printed these facts."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", endpoint_url=facts["endpoint"], region_name=facts["region"],
                        aws_access_key_id=facts["access_key"], aws_secret_access_key=facts["secret_key"],
                        verify=facts["certificate"] or None,
                        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 2}))


def make_buckets(s3, names, versioned):
    """Makes buckets, those of `versioned` with versions kept."""
    for name in names:
        s3.create_bucket(Bucket=name)
        if name in versioned:
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def main():
    import common

    arguments = common.parser(__doc__)
    arguments.add_argument("--tls", action="store_true", help="speak TLS with a certificate of the server's own")
    arguments.add_argument("--names", default="DNS:localhost,IP:127.0.0.1", help="whom the certificate is for")
    arguments.add_argument("--region", default=REGION, help="the region that requests must be signed for")
    arguments.add_argument("--bucket", action="append", default=[], help="a bucket to make; may be given again")
    arguments.add_argument("--versioned", action="append", default=[], help="a bucket that keeps versions")
    arguments.add_argument("--unchecked", action="store_true", help="take any signature")
    options = arguments.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    port = options.port or common.free_port()
    certificate, key, fingerprint = make_certificate(folder, options.names) if options.tls else ("", "", "")
    command = [sys.executable, "-B", str(pathlib.Path(__file__).resolve()), "--run", str(port), options.region,
               "" if options.unchecked else "checked", str(certificate), str(key)]
    environment = dict(os.environ, TMPDIR=str(folder), MOTO_PORT=str(port))
    process = common.start(command, folder / "server.log", env=environment)
    try:
        common.wait_for_port(port, process)
        names = list(ACCOUNTS)
        facts = {"port": port, "endpoint": f"{'https' if certificate else 'http'}://127.0.0.1:{port}",
                 "region": options.region, "access_key": names[0], "secret_key": ACCOUNTS[names[0]][0],
                 "session_key": names[1], "session_secret": ACCOUNTS[names[1]][0],
                 "session_token": ACCOUNTS[names[1]][1], "stranger_key": names[2],
                 "stranger_secret": ACCOUNTS[names[2]][0], "buckets": options.bucket + options.versioned,
                 "certificate": str(certificate), "fingerprint": fingerprint}
        make_buckets(client(facts), facts["buckets"], options.versioned)
    except BaseException:
        common.stop(process)
        raise
    common.serve(facts, lambda: common.stop(process, seconds=5))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--run"]:
        run(int(sys.argv[2]), *sys.argv[3:])
    else:
        main()
