"""Mail: threads with answers and attachments, in UTF-8 and ISO-2022-JP, with flags and dates.

Every message carries the tenant's canary in a header of its own. The same message is never made twice.
"""

import base64
import dataclasses
import email.header
import email.message
import email.utils
import random

from data import words
from data.people import NEW_YEAR, address_of, person
from data.pictures import picture

MAILBOXES = ["INBOX", "送信済み", "Archive/2025", "取引先/見積り"]
KEYWORDS = ["$Forwarded", "NonJunk", "todo"]


@dataclasses.dataclass
class Letter:
    """A message, where it lies, and what the server knows of it."""

    mailbox: str
    content: bytes
    flags: tuple
    date: int  # INTERNALDATE, seconds since 1970


def mailbox_name(name):
    """A mailbox's name as IMAP writes it (modified UTF-7, RFC 3501 section 5.1.3)."""
    result, pending = "", ""

    def flush():
        nonlocal result, pending
        if pending:
            code = base64.b64encode(pending.encode("utf-16-be")).decode().rstrip("=").replace("/", ",")
            result, pending = f"{result}&{code}-", ""

    for letter in name:
        if " " <= letter <= "~":
            flush()
            result += "&-" if letter == "&" else letter
        else:
            pending += letter
    flush()
    return result


class Mail:
    """One account's mail."""

    def __init__(self, tenant, account, seed):
        self.tenant, self.account = tenant, account
        self.chance = random.Random(f"mail {tenant.name} {account} {seed}")
        self.delivered = 0
        self.threads = []  # (subject, Message-IDs)

    @property
    def address(self):
        """The account's own address."""
        return f"{self.account}@{self.tenant.domain}"

    def letters(self, count):
        """The next letters, oldest first."""
        return [self.letter() for _ in range(count)]

    def letter(self, moment=None):
        """The next letter; at a given time, or half an hour after the one before."""
        chance = self.chance
        self.delivered += 1
        number = self.delivered
        moment = moment or NEW_YEAR + number * 1777 + chance.randrange(600)
        mailbox = chance.choices(MAILBOXES, [6, 2, 1, 1])[0]
        sent = mailbox == "送信済み"
        name, latin = person(chance)
        other = email.utils.formataddr((name, address_of(latin, number)), charset="utf-8")
        own = email.utils.formataddr((self.tenant.title, self.address))
        message = email.message.EmailMessage()
        message["From"], message["To"] = (own, other) if sent else (other, own)
        message["Date"] = email.utils.formatdate(moment)
        identifier = f"<{number}.{chance.getrandbits(48):x}@{self.account}.{self.tenant.domain}>"
        message["Message-ID"] = identifier
        if self.threads and chance.random() < 0.4:
            subject, earlier = chance.choice(self.threads[-40:])
            message["In-Reply-To"], message["References"] = earlier[-1], " ".join(earlier[-10:])
            title = f"Re: {subject}"
            earlier.append(identifier)
        else:
            title = f"{chance.choice(words.SUBJECTS)} #{number}"
            self.threads.append((title, [identifier]))
        message["X-Practice-Owner"] = self.tenant.canary
        body = "\n".join(chance.choice(words.SENTENCES) for _ in range(chance.randrange(3, 14))) + "\n"
        charset = self.charset_of(body + title)
        message.set_content(body, charset=charset)
        if chance.random() < 0.2:
            self.attach(message, number)
        flags = [flag for flag, share in (("\\Seen", 0.8), ("\\Answered", 0.3), ("\\Flagged", 0.1)) if chance.random() < share]
        flags += [keyword for keyword in KEYWORDS if chance.random() < 0.06]
        return Letter(mailbox, self.written(message, title, charset), tuple(flags), moment + chance.randrange(90))

    def charset_of(self, text):
        """Many a mail program in Japan still writes ISO-2022-JP where it can."""
        if self.chance.random() < 0.4:
            try:
                text.encode("iso-2022-jp")
                return "iso-2022-jp"
            except UnicodeEncodeError:
                pass
        return "utf-8"

    def attach(self, message, number):
        """A picture, a table, an invoice."""
        chance = self.chance
        name, kind, subtype = chance.choice(words.ATTACHMENTS)
        if subtype == "png":
            content = picture(chance, 160, 120, self.tenant.canary)
        else:
            content = self.tenant.canary.encode() + b"\n" + chance.randbytes(chance.randrange(2_000, 30_000))
        message.add_attachment(content, maintype=kind, subtype=subtype, filename=name.format(number))

    @staticmethod
    def written(message, title, charset):
        """The message as it travels: lines end in CR LF, the subject is in the message's own character set."""
        # Parts that were made random are replaced, so that the same seed gives the same bytes.
        if message.is_multipart():
            message.set_boundary("=_" + message["Message-ID"].strip("<>").replace("@", "_"))
        subject = email.header.Header(title, charset, header_name="Subject").encode(linesep="\r\n")
        policy = message.policy.clone(linesep="\r\n", max_line_length=78)
        return b"Subject: " + subject.encode() + b"\r\n" + message.as_bytes(policy=policy)
