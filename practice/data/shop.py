"""The mail-order shop: customers, products, stock, orders, order lines and shipments, as SQL for MariaDB.

Tables with keys, a view, a trigger, a procedure and an event, BLOBs, and text in which every character that SQL finds
special stands. Every row carries the tenant's canary.
"""

import random

from data import words
from data.people import NEW_YEAR, YEAR, address_of, moment, person
from data.pictures import picture

TABLES = ["customers", "products", "stock", "orders", "order_lines", "shipments"]

SCHEMA = """
CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80) NOT NULL, latin VARCHAR(80) NOT NULL,
    mail VARCHAR(120) NOT NULL UNIQUE, address VARCHAR(200) NOT NULL, since DATETIME NOT NULL,
    owner VARCHAR(64) NOT NULL) COMMENT 'お客様';
CREATE TABLE products (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(120) NOT NULL, english VARCHAR(120) NOT NULL,
    price DECIMAL(10,0) NOT NULL, thumbnail MEDIUMBLOB, owner VARCHAR(64) NOT NULL);
CREATE TABLE stock (product INT PRIMARY KEY, pieces INT NOT NULL, shelf VARCHAR(20), owner VARCHAR(64) NOT NULL,
    FOREIGN KEY (product) REFERENCES products (id) ON DELETE CASCADE);
CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, placed DATETIME NOT NULL,
    state ENUM('new','paid','sent','returned') NOT NULL, total DECIMAL(12,0) NOT NULL DEFAULT 0, remark TEXT,
    owner VARCHAR(64) NOT NULL, KEY (placed), FOREIGN KEY (customer) REFERENCES customers (id));
CREATE TABLE order_lines (`order` INT NOT NULL, line INT NOT NULL, product INT NOT NULL, quantity INT NOT NULL,
    price DECIMAL(10,0) NOT NULL, owner VARCHAR(64) NOT NULL, PRIMARY KEY (`order`, line),
    FOREIGN KEY (`order`) REFERENCES orders (id), FOREIGN KEY (product) REFERENCES products (id));
CREATE TABLE shipments (id INT PRIMARY KEY AUTO_INCREMENT, `order` INT NOT NULL, carrier VARCHAR(40) NOT NULL,
    tracking CHAR(12) NOT NULL, shipped DATETIME NOT NULL, owner VARCHAR(64) NOT NULL,
    FOREIGN KEY (`order`) REFERENCES orders (id));
CREATE VIEW takings AS SELECT DATE(placed) AS day, SUM(total) AS yen FROM orders GROUP BY DATE(placed);
CREATE TRIGGER line_total AFTER INSERT ON order_lines FOR EACH ROW
    UPDATE orders SET total = total + NEW.quantity * NEW.price WHERE id = NEW.`order`;
CREATE PROCEDURE restock(IN wanted INT, IN more INT) UPDATE stock SET pieces = pieces + more WHERE product = wanted;
CREATE EVENT tidy ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 03:00:00' DISABLE
    DO DELETE FROM orders WHERE state = 'new' AND placed < NOW() - INTERVAL 1 YEAR AND total = 0;
"""


def literal(value):
    """A value as MariaDB reads it."""
    if isinstance(value, bytes):
        return "X'" + value.hex() + "'" if value else "''"
    if isinstance(value, (int, float)):
        return str(value)
    for plain, escaped in (("\\", "\\\\"), ("'", "\\'"), ("\n", "\\n"), ('"', '\\"')):
        value = value.replace(plain, escaped)
    return f"'{value}'"


def insert(table, columns, rows):
    """INSERT statements, a few hundred rows each."""
    for start in range(0, len(rows), 500):
        values = ",\n".join("(" + ",".join(map(literal, row)) + ")" for row in rows[start:start + 500])
        yield f"INSERT INTO {table} ({columns}) VALUES {values};"


class Shop:
    """The shop's data; each method returns SQL to be run in the shop's database."""

    def __init__(self, tenant, seed, scale=1.0):
        self.tenant, self.chance = tenant, random.Random(f"shop {tenant.name} {seed}")
        self.customers = max(20, int(800 * scale))
        self.products = max(12, int(90 * scale))
        self.first_orders = max(40, int(3000 * scale))
        self.orders = 0
        self.now = NEW_YEAR

    def opening(self):
        """The schema and everything up to the present."""
        chance, owner = self.chance, self.tenant.canary
        customers, products, stock = [], [], []
        for number in range(1, self.customers + 1):
            name, latin = person(chance)
            customers.append((number, name, latin, address_of(latin, number), chance.choice(words.PLACES),
                              moment(NEW_YEAR - chance.randrange(3 * YEAR)), owner))
        for number in range(1, self.products + 1):
            sweet, kind = chance.choice(words.SWEETS), chance.choice(words.KINDS)
            thumbnail = picture(chance, 48, 36, owner) if number % 3 else b""
            products.append((number, f"{sweet[0]}（{kind[0]}）No.{number}", f"{sweet[1]}, {kind[1]}",
                             chance.randrange(180, 5400, 10), thumbnail, owner))
            stock.append((number, chance.randrange(400), f"棚{chance.randrange(1, 40):02}", owner))
        statements = [SCHEMA, "START TRANSACTION;"]
        statements += insert("customers", "id, name, latin, mail, address, since, owner", customers)
        statements += insert("products", "id, name, english, price, thumbnail, owner", products)
        statements += insert("stock", "product, pieces, shelf, owner", stock)
        return "\n".join(statements) + "\nCOMMIT;\n" + self.new_orders(self.first_orders)

    def new_orders(self, count):
        """The next orders, their lines, and shipments of those that were sent."""
        chance, owner = self.chance, self.tenant.canary
        orders, lines, shipments = [], [], []
        for number in range(self.orders + 1, self.orders + count + 1):
            self.now += 311
            state = chance.choice(["new", "paid", "sent", "sent", "sent", "returned"])
            orders.append((number, chance.randrange(1, self.customers + 1), moment(self.now + chance.randrange(300)),
                           state, chance.choice(words.REMARKS), owner))
            for line in range(1, chance.randrange(1, 5) + 1):
                lines.append((number, line, chance.randrange(1, self.products + 1), chance.randrange(1, 6),
                              chance.randrange(180, 5400, 10), owner))
            if state in ("sent", "returned"):
                shipments.append((number, chance.choice(words.CARRIERS), f"{chance.randrange(10**12):012}",
                                  moment(self.now + 86_400), owner))
        self.orders += count
        statements = ["START TRANSACTION;"]
        statements += insert("orders", "id, customer, placed, state, remark, owner", orders)
        statements += insert("order_lines", "`order`, line, product, quantity, price, owner", lines)
        statements += insert("shipments", "`order`, carrier, tracking, shipped, owner", shipments)
        return "\n".join(statements) + "\nCOMMIT;\n"

    def business(self, part=0.05):
        """A day's business: orders, prices, stock, a customer who moved, a product that is new."""
        count = max(3, int(self.orders * part))
        sweet = self.chance.choice(words.SWEETS)
        self.products += 1
        new = (self.products, f"{sweet[0]}（新作）No.{self.products}", f"{sweet[1]}, new", 980, b"", self.tenant.canary)
        statements = [*insert("products", "id, name, english, price, thumbnail, owner", [new]),
                      *insert("stock", "product, pieces, shelf, owner", [(self.products, 24, "新棚", self.tenant.canary)])]
        return "\n".join(statements) + self.new_orders(count) + f"""
            UPDATE products SET price = ROUND(price * 1.1, -1) WHERE id % 7 = {self.chance.randrange(7)};
            UPDATE orders SET state = 'sent' WHERE state = 'paid' AND id % 3 = 0;
            UPDATE customers SET address = '想像県絵空市丸の内3番7号' WHERE id = {self.chance.randrange(1, self.customers)};
            CALL restock(1, 12);
            """
