"""What somebody can do to a bucket with Object Lock who holds the key that writes into it, and an hour: everything that
S3 offers for getting rid of data, by boto3, without the program under test."""

import concurrent.futures
import datetime
import hashlib
import time

import botocore.exceptions


class BucketAttack:
    """An attack on every object of a bucket below a prefix."""

    def __init__(self, client, bucket, prefix):
        self.client, self.bucket, self.prefix = client, bucket, prefix
        self.refused, self.done, self.planted = {}, {}, set()

    def versions(self):
        """Every version there is: (key, version, whether it is the newest)."""
        pages = self.client.get_paginator("list_object_versions").paginate(Bucket=self.bucket, Prefix=self.prefix)
        return [(item["Key"], item["VersionId"], item["IsLatest"]) for page in pages for item in page.get("Versions", [])]

    def refusals(self, word):
        """How many attempts of a kind were refused."""
        return sum(count for what, count in self.refused.items() if word in what)

    def keys_of(self, kind):
        """The repository's files of one kind, as a listing shows them."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{self.prefix}{kind}/")
        return {item["Key"] for page in pages for item in page.get("Contents", [])}

    def content(self):
        """Every version's hash, by key and version."""
        def one(item):
            body = self.client.get_object(Bucket=self.bucket, Key=item[0], VersionId=item[1])["Body"].read()
            return item[:2], hashlib.sha256(body).hexdigest()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            return dict(pool.map(one, self.versions()))

    def attempt(self, what, function, **words):
        """Tries one thing, and counts whether it was refused."""
        try:
            function(Bucket=self.bucket, **words)
            counts = self.done
        except botocore.exceptions.ClientError as error:
            counts, what = self.refused, f"{what} ({error.response['Error']['Code']})"
        counts[what] = counts.get(what, 0) + 1

    def end_versions(self, versions):
        """Deletes each version itself, then shortens or weakens its lock."""
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=1)
        for key, version, _ in versions:
            s3, place = self.client, {"Key": key, "VersionId": version}
            self.attempt("delete a version", s3.delete_object, **place)
            self.attempt("delete a version, bypassing", s3.delete_object, BypassGovernanceRetention=True, **place)
            for mode in ("COMPLIANCE", "GOVERNANCE"):
                self.attempt(f"shorten a lock ({mode.lower()})", s3.put_object_retention, BypassGovernanceRetention=True,
                             Retention={"Mode": mode, "RetainUntilDate": soon}, **place)

    def hide(self, versions):
        """Puts marks of removal, garbage, or both over everything that is seen."""
        for number, (key, _, is_latest) in enumerate(versions):
            if not is_latest:
                continue
            if number % 3:
                self.attempt("overwrite", self.client.put_object, Key=key, Body=b"pay, or never see it again")
            if number % 3 != 1:
                self.attempt("delete", self.client.delete_object, Key=key)

    def expire(self):
        """Asks the provider itself to clear the bucket, to keep no versions, to lock nothing any more, and to be gone."""
        rule = {"ID": "all", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1},
                "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
        self.attempt("lifecycle rule", self.client.put_bucket_lifecycle_configuration,
                     LifecycleConfiguration={"Rules": [rule]})
        self.attempt("suspend versions", self.client.put_bucket_versioning,
                     VersioningConfiguration={"Status": "Suspended"})
        self.attempt("no default lock", self.client.put_object_lock_configuration,
                     ObjectLockConfiguration={"ObjectLockEnabled": "Disabled"})
        self.attempt("delete the bucket", self.client.delete_bucket)

    def plant(self):
        """Adds files under names that their bytes do not have."""
        for kind in ("index", "snapshots"):
            for number in range(2):
                key = f"{self.prefix}{kind}/{number:064x}"
                self.planted.add(key)
                self.attempt("plant", self.client.put_object, Key=key, Body=b"not what it says")


def attacked_and_brought_back(stage, hikae, client, place, password, obey=None, **keys):
    """The bucket is attacked with every right that its keys give; then `hikae vault undelete` brings the vault back.

    `place` is (bucket, prefix, location) of the repository, `keys` the variables that the bucket's keys stand in. What
    the attack cannot end is expected to be there, byte for byte; restic is the judge. `obey`: what makes the provider carry
    out the rules that the attacker gave it, where it can be made to.
    """
    bucket, prefix, location = place
    attack = BucketAttack(client, bucket, prefix)
    # Lock files come and go, and the record of renewals is written anew by each: these two kinds are not locked.
    worth = [item for item in attack.versions() if not item[0].startswith((f"{prefix}locks/", f"{prefix}hikae/"))]
    held = attack.content()
    held = {item[:2]: held[item[:2]] for item in worth}
    snapshots = attack.keys_of("snapshots")
    # S3 tells times in whole seconds.
    time.sleep(2 - time.time() % 1)
    began = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 9 * 3600))
    attack.end_versions(worth)
    attack.hide(worth)
    attack.plant()
    attack.expire()
    if obey:
        obey()
    stage.say(f"the bucket is attacked; refused: {told(attack.refused)}; done: {told(attack.done)}")
    stage.expect(f"no version was ended and no lock shortened, of {len(worth)} versions",
                 attack.refusals("delete a version") == attack.refusals("shorten a lock") == 2 * len(worth), attack.done)
    stage.expect("but nothing of the vault can be read as it is",
                 hikae.run("snapshots", "-r", location, "--password-file", password, "--no-cache", **keys).status != 0)

    # The attacker's rule would do it again tomorrow.
    client.delete_bucket_lifecycle(Bucket=bucket)
    outcome = hikae.run("vault", "undelete", "-r", location, "--since", began, **keys)
    summary = outcome.text.strip().splitlines()[-1]
    stage.expect(f"hikae vault undelete: {summary} ({outcome.seconds:.1f} s)", outcome.status == 0, outcome.text)
    outcome = hikae.run("check", "-r", location, "--password-file", password, "--no-cache", **keys)
    planted = attack.planted & (attack.keys_of("index") | attack.keys_of("snapshots"))
    stage.expect(f"hikae check names what the attacker planted ({len(planted)} files are to be seen)",
                 outcome.status == (1 if planted else 0)
                 and all(key.rsplit("/", 1)[1][:10] in outcome.text for key in planted), outcome.text)
    for key in planted:
        client.delete_object(Bucket=bucket, Key=key)
    after = attack.content()
    stage.expect(f"all {len(held)} versions hold the bytes that they held", all(after.get(item) == digest for item, digest in held.items()))
    stage.expect("every snapshot is there", attack.keys_of("snapshots") == snapshots, attack.keys_of("snapshots"), snapshots)
    outcome = hikae.run("-r", location, "--no-cache", "check", "--read-data", by="restic", RESTIC_PASSWORD_FILE=password, **keys)
    stage.expect(f"restic check --read-data, in the bucket: no errors were found ({outcome.seconds:.1f} s)",
                 outcome.status == 0 and "no errors were found" in outcome.text, outcome.text)


def told(counts):
    """Counts in words."""
    return ", ".join(f"{count} × {what}" for what, count in sorted(counts.items())) or "nothing"
