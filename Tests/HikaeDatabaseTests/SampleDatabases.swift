// Databases with all that a dump can get wrong: Japanese names, bytes, functions, triggers, views, generated columns.

/// Scripts that make them.
enum SampleDatabases {
    static let clinic = #"""
        CREATE SCHEMA "受付";
        CREATE EXTENSION IF NOT EXISTS plpgsql;
        CREATE TYPE public.mood AS ENUM ('良', '可', 'it''s bad');
        CREATE SEQUENCE public.receipt START 1000 INCREMENT 7;
        CREATE TABLE public.patients (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL,
            kana text, born date, mood public.mood, photo bytea, notes jsonb,
            initial text GENERATED ALWAYS AS (substr(name, 1, 1)) STORED);
        CREATE TABLE public.visits (id serial PRIMARY KEY, patient integer REFERENCES public.patients (id),
            at timestamptz NOT NULL, remark text, receipt bigint DEFAULT nextval('public.receipt'));
        CREATE TABLE "受付"."予約 ""特別""" (番号 integer PRIMARY KEY, 内容 text);
        CREATE TABLE public.log (line text);
        CREATE TABLE public.empty_one (id integer);
        CREATE TABLE public.measured (at date, value numeric) PARTITION BY RANGE (at);
        CREATE TABLE public.measured_2011 PARTITION OF public.measured FOR VALUES FROM ('2011-01-01') TO ('2012-01-01');
        CREATE TABLE public.measured_2012 PARTITION OF public.measured FOR VALUES FROM ('2012-01-01') TO ('2013-01-01');
        CREATE VIEW public.newest AS SELECT patient, max(at) AS at FROM public.visits GROUP BY patient;
        CREATE MATERIALIZED VIEW public.counted AS SELECT count(*) AS n FROM public.patients;
        CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
        -- What looks like rows is none:
        /*
        COPY public.patients (id) FROM stdin;
        */
        INSERT INTO public.log VALUES ('visit; it''s ' || NEW.id || $q$
        COPY public.visits (id) FROM stdin;
        1
        \.
        $q$);
        RETURN NEW;
        END $body$;
        CREATE TRIGGER trap AFTER INSERT ON public.visits FOR EACH ROW EXECUTE FUNCTION public.trap();
        INSERT INTO public.patients (name, kana, born, mood, photo, notes)
            SELECT '患者' || n || E'\t\\.\n', 'カンジャ', date '1950-01-01' + n, 'it''s bad', decode(repeat(to_hex(n % 250 + 5), 50), 'escape'),
            '{"既往": ["喘息", "糖尿病"]}' FROM generate_series(1, 1000) n;
        INSERT INTO public.visits (patient, at, remark) SELECT n % 1000 + 1, '2012-06-20 17:00+09'::timestamptz + n * interval '1 min',
            CASE WHEN n % 5 = 0 THEN NULL ELSE E'\\.' END FROM generate_series(1, 3000) n;
        INSERT INTO "受付"."予約 ""特別""" VALUES (1, E'\\.'), (2, E'改行\n; COPY x FROM stdin;\n');
        INSERT INTO public.measured SELECT '2011-06-01'::date + n, n FROM generate_series(1, 400) n;
        COMMENT ON TABLE public.patients IS 'it''s
        COPY public.patients (id) FROM stdin;
        ';
        REFRESH MATERIALIZED VIEW public.counted;
        SELECT lo_from_bytea(4711, convert_to('a large object: 大', 'UTF8'));
        GRANT SELECT ON LARGE OBJECT 4711 TO backup;
        """#

    /// Rows in the tables of `clinic`.
    static let clinicRows: [String: UInt64] = [
        "public.patients": 1000, "public.visits": 3000, "受付.予約 \"特別\"": 2, "public.log": 3000,
        "public.empty_one": 0, "public.measured_2011": 213, "public.measured_2012": 187,
    ]

    static let shop = #"""
        CREATE TABLE customers (id INT PRIMARY KEY AUTO_INCREMENT, name VARCHAR(80) NOT NULL, photo BLOB, born DATE,
            flags BIT(5), mood ENUM('良','it''s bad'), full VARCHAR(90) AS (CONCAT(name, '様')) STORED, place POINT,
            notes JSON);
        CREATE TABLE orders (id INT PRIMARY KEY AUTO_INCREMENT, customer INT NOT NULL, total DECIMAL(12,2), remark TEXT,
            FOREIGN KEY (customer) REFERENCES customers (id));
        CREATE TABLE `注文 ``特別``` (番号 INT PRIMARY KEY, 内容 LONGTEXT);
        CREATE TABLE journal (line TEXT);
        CREATE TABLE old_kind (id INT PRIMARY KEY, word VARCHAR(20)) ENGINE=MyISAM;
        CREATE TABLE empty_one (id INT);
        CREATE SEQUENCE receipt START WITH 1000 INCREMENT BY 7;
        CREATE VIEW takings AS SELECT customer, SUM(total) AS yen, 'a;b''c' AS trap FROM orders GROUP BY customer;
        DELIMITER //
        CREATE TRIGGER trap AFTER INSERT ON orders FOR EACH ROW BEGIN
        INSERT INTO `journal` VALUES ('order'),('is'),('here');
        DELETE FROM journal WHERE line IN ('is', 'here');
        END //
        CREATE PROCEDURE refill() BEGIN
        INSERT INTO `journal` VALUES ('a(b'),('c');
        END //
        CREATE FUNCTION taxed(x DECIMAL(12,2)) RETURNS DECIMAL(12,2) DETERMINISTIC RETURN x * 1.1 //
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO INSERT INTO journal VALUES ('night') //
        DELIMITER ;
        INSERT INTO customers (name, photo, born, flags, mood, place, notes)
            SELECT CONCAT('顧客', seq, '\'(;"\\'), UNHEX(REPEAT(LPAD(HEX(seq % 256), 2, '0'), 40)), '1950-01-01' + INTERVAL seq DAY, b'10101',
            'it''s bad', POINT(seq, 2), '{"a": [1, "),("]}' FROM seq_1_to_1000;
        INSERT INTO orders (customer, total, remark) SELECT seq % 1000 + 1, seq, IF(seq % 5, '),(\';INSERT INTO `orders` VALUES (1);', NULL)
            FROM seq_1_to_3000;
        INSERT INTO `注文 ``特別``` VALUES (1, '\\'), (2, '改行\n;');
        INSERT INTO old_kind VALUES (1, 'one'), (2, 'two');
        SELECT NEXTVAL(receipt);
        """#

    /// Rows in the tables of `shop`.
    static let shopRows: [String: UInt64] = [
        "customers": 1000, "orders": 3000, "注文 `特別`": 2, "journal": 3000, "old_kind": 2, "empty_one": 0,
    ]
}
