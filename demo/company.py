"""The demonstration's company, a sweet shop that sells by post: its database, its mail and its site, from a seed.

The same seed gives the same company. Everything is of the form that the real thing has: InnoDB tables with keys and a
trigger, MIME mail in a Maildir, PNG pictures that a viewer opens.
"""

import email.message
import email.utils
import os
import pathlib
import random
import struct
import time
import zlib

import words

NEW_YEAR = 1_767_225_600  # 2026-01-01 in UTC


def picture(chance, width, height):
    """A PNG of soft shapes: it compresses as little as a drawing does."""
    phase = [chance.random() * 6 for _ in range(3)]
    rows = bytearray()
    for y in range(height):
        rows.append(0)
        base = [int(110 + 80 * ((y / height + p) % 1)) for p in phase]
        row = bytearray()
        for x in range(width):
            shade = (x * 255 // width + y) & 63
            row += bytes(((base[0] + shade) & 255, (base[1] + shade // 2) & 255, (base[2] + (x ^ y) % 32) & 255))
        rows += row
    noise = chance.randbytes(len(rows) // 12)
    for i, value in enumerate(noise):
        rows[i * 12 + 5] ^= value & 15
    for y in range(height):
        rows[y * (width * 3 + 1)] = 0  # each row's filter: none

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + part(b"IDAT", zlib.compress(bytes(rows), 1)) + part(b"IEND", b""))


def quoted(value):
    """A value as an SQL literal."""
    if isinstance(value, bytes):
        return "X'" + value.hex() + "'" if value else "''"
    if isinstance(value, (int, float)):
        return str(value)
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace('"', '\\"') + "'"


def person(chance):
    """(written name, name in Latin letters)"""
    if chance.random() < 0.06:
        name = chance.choice(words.FOREIGN)
        return name, name.encode("ascii", "ignore").decode() or "Olga"
    family, given = chance.choice(words.FAMILY), chance.choice(words.GIVEN)
    return f"{family[0]} {given[0]}", f"{given[1]} {family[1]}"


class Shop:
    """The shop's database."""

    name = "minamotoya"
    schema = """
        DROP DATABASE IF EXISTS minamotoya;
        CREATE DATABASE minamotoya CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;
        USE minamotoya;
        CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80) NOT NULL, latin VARCHAR(80) NOT NULL,
            mail VARCHAR(120) NOT NULL UNIQUE, address VARCHAR(200) NOT NULL, since DATETIME NOT NULL);
        CREATE TABLE products (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(120) NOT NULL, english VARCHAR(120) NOT NULL,
            price DECIMAL(10,0) NOT NULL, stock INT NOT NULL, thumbnail MEDIUMBLOB);
        CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, placed DATETIME NOT NULL,
            state ENUM('new','paid','sent','returned') NOT NULL, total DECIMAL(12,0) NOT NULL DEFAULT 0, remark TEXT,
            KEY (placed), FOREIGN KEY (customer) REFERENCES customers (id));
        CREATE TABLE order_lines (`order` INT NOT NULL, line INT NOT NULL, product INT NOT NULL, quantity INT NOT NULL,
            price DECIMAL(10,0) NOT NULL, PRIMARY KEY (`order`, line), FOREIGN KEY (`order`) REFERENCES orders (id),
            FOREIGN KEY (product) REFERENCES products (id));
        CREATE VIEW takings AS SELECT DATE(placed) AS day, SUM(total) AS yen FROM orders GROUP BY DATE(placed);
        CREATE TRIGGER line_total AFTER INSERT ON order_lines FOR EACH ROW
            UPDATE orders SET total = total + NEW.quantity * NEW.price WHERE id = NEW.`order`;
    """

    def __init__(self, server, seed, customers=1500, products=120, orders=6000):
        self.server, self.chance = server, random.Random(f"shop {seed}")
        self.customers, self.products, self.first_orders = customers, products, orders
        self.orders = 0

    def insert(self, table, columns, rows):
        for start in range(0, len(rows), 500):
            values = ",\n".join("(" + ",".join(map(quoted, row)) + ")" for row in rows[start:start + 500])
            yield f"INSERT INTO {table} ({columns}) VALUES {values};"

    def open_for_business(self):
        chance = self.chance
        customers, products = [], []
        for number in range(self.customers):
            name, latin = person(chance)
            customers.append((name, latin, f"{latin.split(' ')[0].lower()}.{number}@example.jp",
                              chance.choice(words.PLACES), self.moment(NEW_YEAR - chance.randrange(3 * 31_536_000))))
        for number in range(self.products):
            sweet, kind = chance.choice(words.SWEETS), chance.choice(words.KINDS)
            products.append((f"{sweet[0]}（{kind[0]}）No.{number}", f"{sweet[1]}, {kind[1]}", chance.randrange(180, 5400, 10),
                             chance.randrange(400), picture(chance, 48, 36) if number % 3 else b""))
        statements = [self.schema]
        statements += self.insert("customers", "name, latin, mail, address, since", customers)
        statements += self.insert("products", "name, english, price, stock, thumbnail", products)
        self.server.run("\n".join(statements))
        self.take_orders(self.first_orders, NEW_YEAR)

    def take_orders(self, count, since):
        chance = self.chance
        orders, lines = [], []
        for number in range(self.orders + 1, self.orders + count + 1):
            orders.append((number, chance.randrange(1, self.customers + 1),
                           self.moment(since + (number - self.orders) * 311 + chance.randrange(300)),
                           chance.choice(["new", "paid", "sent", "sent", "sent", "returned"]), chance.choice(words.REMARKS)))
            for line in range(1, chance.randrange(1, 5) + 1):
                lines.append((number, line, chance.randrange(1, self.products + 1), chance.randrange(1, 6),
                              chance.randrange(180, 5400, 10)))
        self.orders += count
        statements = ["USE minamotoya; START TRANSACTION;"]
        statements += self.insert("orders", "id, customer, placed, state, remark", orders)
        statements += self.insert("order_lines", "`order`, line, product, quantity, price", lines)
        self.server.run("\n".join(statements) + "\nCOMMIT;")

    def go_on(self):
        """A day's business: orders, prices, a customer who moved, a product withdrawn from sale."""
        self.take_orders(340, NEW_YEAR + 6000 * 311)
        self.server.run("""USE minamotoya;
            UPDATE products SET price = ROUND(price * 1.1, -1) WHERE id % 7 = 0;
            UPDATE orders SET state = 'sent' WHERE state = 'paid' AND id % 2 = 0;
            UPDATE customers SET address = '長野県松本市丸の内3番7号' WHERE id = 42;
            DELETE FROM order_lines WHERE product = 13; DELETE FROM products WHERE id = 13;""")

    def count(self):
        return int(self.server.ask("SELECT COUNT(*) FROM minamotoya.orders"))

    @staticmethod
    def moment(seconds):
        return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


class Mail:
    """The company's mailbox: a Maildir with folders, as the mail server lays it out."""

    # "Sent" and "Invoices" in Japanese, as IMAP names them (modified UTF-7).
    folders = ["", ".&kAFP4W4IMH8-", ".&istsQmb4-", ".Archive.2025"]

    def __init__(self, folder, seed):
        self.folder, self.chance, self.delivered = pathlib.Path(folder), random.Random(f"mail {seed}"), 0

    def open_for_business(self, count=420):
        for name in self.folders:
            for part in ("cur", "new", "tmp"):
                (self.folder / name / part).mkdir(parents=True, exist_ok=True)
            if name:
                (self.folder / name / "maildirfolder").touch()
        (self.folder / "subscriptions").write_text("\n".join(name[1:] for name in self.folders if name) + "\n")
        for _ in range(count):
            self.deliver()

    def deliver(self):
        chance = self.chance
        self.delivered += 1
        number = self.delivered
        moment = NEW_YEAR + number * 1777 + chance.randrange(600)
        message = email.message.EmailMessage()
        sender, latin = person(chance)
        address = latin.split(" ")[0].lower().replace('"', "") or "info"
        message["From"] = email.utils.formataddr((sender, f"{address}.{number}@example.co.jp"))
        message["To"] = email.utils.formataddr(("和菓子 みなもと屋", "info@minamotoya.example"))
        message["Subject"] = f"{chance.choice(words.SUBJECTS)} #{number}"
        message["Date"] = email.utils.formatdate(moment, localtime=False)
        message["Message-ID"] = f"<{number}.{chance.getrandbits(48):x}@mail.example.co.jp>"
        body = "\n".join(chance.choice(words.SENTENCES) for _ in range(chance.randrange(3, 14))) + "\n"
        # Many a mail program in Japan still writes ISO-2022-JP.
        charset = "utf-8"
        if chance.random() < 0.4:
            try:
                body.encode("iso-2022-jp")
                charset = "iso-2022-jp"
            except UnicodeEncodeError:
                pass
        message.set_content(body, charset=charset)
        if chance.random() < 0.25:
            name, kind, subtype = chance.choice(words.ATTACHMENTS)
            content = picture(chance, 240, 160) if subtype == "png" else chance.randbytes(chance.randrange(2_000, 60_000))
            message.add_attachment(content, maintype=kind, subtype=subtype, filename=name.format(number))
        folder = chance.choice(["", "", "", *self.folders[1:]])
        seen = chance.random() < 0.8
        name = f"{moment}.M{number}P4242.mail,S={len(bytes(message))}" + (":2," + chance.choice(["S", "RS", "FS"]) if seen else "")
        path = self.folder / folder / ("cur" if seen else "new") / name
        path.write_bytes(bytes(message))
        os.utime(path, (moment, moment))

    def go_on(self):
        """Mail arrives, some is read, some is deleted."""
        for _ in range(38):
            self.deliver()
        for path in sorted((self.folder / "new").iterdir())[:12]:
            path.rename(self.folder / "cur" / (path.name + ":2,S"))
        for path in sorted((self.folder / "cur").iterdir())[:5]:
            path.unlink()

    def count(self):
        return sum(1 for path in self.folder.rglob("*") if path.parent.name in ("cur", "new") and path.is_file())


class Site:
    """The company's web site: what stands under the web server's document root."""

    def __init__(self, folder, seed):
        self.folder, self.chance = pathlib.Path(folder), random.Random(f"site {seed}")

    def page(self, number):
        sweet, kind = self.chance.choice(words.SWEETS), self.chance.choice(words.KINDS)
        text = "".join(f"<p>{self.chance.choice(words.SENTENCES)}</p>\n" for _ in range(12))
        return (f'<!doctype html>\n<html lang="ja">\n<meta charset="utf-8">\n<title>{sweet[0]}（{kind[0]}）| みなもと屋</title>\n'
                f'<h1>{sweet[0]} <small lang="en">{sweet[1]}, {kind[1]}</small></h1>\n<img src="/img/{number:03}.png" alt="">\n'
                f"{text}</html>\n")

    def open_for_business(self):
        for part in ("img", "products", "uploads/2026", "css", "お知らせ", "cgi-bin", "cache"):
            (self.folder / part).mkdir(parents=True)
        (self.folder / "index.html").write_text(self.page(0))
        (self.folder / "css/style.css").write_text("body { font-family: 'Hiragino Mincho ProN', serif; }\n" * 40)
        (self.folder / ".htaccess").write_text("Options -Indexes\nRewriteEngine On\n")
        script = self.folder / "cgi-bin/order.cgi"
        script.write_text("#!/usr/bin/perl\nuse strict;\nprint \"Content-Type: text/html\\n\\n\";\n")
        script.chmod(0o755)
        settings = self.folder / "cgi-bin/settings.ini"
        settings.write_text("[database]\nname = minamotoya\n")
        settings.chmod(0o600)
        for number in range(80):
            (self.folder / f"products/{number:03}.html").write_text(self.page(number))
            (self.folder / f"img/{number:03}.png").write_bytes(picture(self.chance, 200 + number, 150))
        for number in range(12):
            (self.folder / f"お知らせ/第{number + 1}号 新商品のご案内.html").write_text(self.page(number))
        (self.folder / "latest.html").symlink_to("お知らせ/第12号 新商品のご案内.html")
        os.link(self.folder / "img/000.png", self.folder / "uploads/2026/表紙.png")
        (self.folder / "uploads/2026/catalogue.pdf").write_bytes(self.chance.randbytes(3_000_000))

    def go_on(self):
        """Somebody edits pages, replaces pictures, uploads a price list and removes an old notice."""
        for number in range(0, 80, 9):
            (self.folder / f"products/{number:03}.html").write_text(self.page(number))
        for number in (7, 11):
            (self.folder / f"img/{number:03}.png").write_bytes(picture(self.chance, 320, 200))
        (self.folder / "uploads/2026/価格表 2026年版.csv").write_text("品名,価格\n" + "どら焼き,220\n" * 400)
        (self.folder / "お知らせ/第1号 新商品のご案内.html").unlink()
        with open(self.folder / "uploads/2026/catalogue.pdf", "r+b") as file:
            file.seek(1_234_567)
            file.write(b"revised " * 512)

    def count(self):
        return sum(1 for path in self.folder.rglob("*") if path.is_file() and not path.is_symlink())
