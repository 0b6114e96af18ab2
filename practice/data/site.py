"""A web site as it grows over the years: pages, styles, a script, pictures, nested folders, Japanese names, odd files.

Every file carries the tenant's canary, but for one that is empty. Written straight into a folder, with modes and times.
"""

import html
import os
import pathlib
import random

from data import words
from data.people import NEW_YEAR, YEAR
from data.pictures import picture

STYLE = """/* {owner} */
body {{ font-family: "Noto Sans JP", sans-serif; max-width: 48rem; margin: auto; line-height: 1.8; color: {colour}; }}
nav a {{ margin-right: 1em; }}
"""

PAGE = """<!DOCTYPE html>
<html lang="ja">
<head><meta charset="utf-8"><title>{title}｜{company}</title><link rel="stylesheet" href="/style.css"></head>
<body>
<!-- {owner} -->
<nav><a href="/">トップ</a><a href="/{quoted}">商品</a></nav>
<h1>{title}</h1>
{body}
</body>
</html>
"""


class Site:
    """One site's files below `folder`; `encoding` is that of their names."""

    def __init__(self, tenant, name, folder, seed, scale=1.0, encoding="utf-8", has_links=True):
        self.tenant, self.folder, self.encoding = tenant, pathlib.Path(folder), encoding
        self.chance = random.Random(f"site {tenant.name} {name} {seed}")
        self.pages = max(6, int(40 * scale))
        self.pictures = max(6, int(60 * scale))
        self.has_links = has_links
        self.now = NEW_YEAR - YEAR

    def path(self, name):
        """Where a file of this name stands, in the names' own encoding."""
        return pathlib.Path(os.fsdecode(os.fsencode(self.folder) + b"/" + name.encode(self.encoding)))

    def write(self, name, content, mode=0o644):
        """Writes a file, its folders with it, a little later than the one before."""
        self.now += self.chance.randrange(60, 90_000)
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)
        os.utime(path, (self.now, self.now))

    def page(self, title):
        """A page's bytes."""
        paragraphs = "\n".join(f"<p>{html.escape(self.chance.choice(words.SENTENCES))}</p>"
                               for _ in range(self.chance.randrange(4, 30)))
        return PAGE.format(title=title, company=self.tenant.title, owner=self.tenant.canary, body=paragraphs,
                           quoted="%E5%95%86%E5%93%81/").encode()

    def opening(self):
        """Everything up to the present."""
        chance, owner = self.chance, self.tenant.canary
        self.folder.mkdir(parents=True, exist_ok=True)
        self.write("index.html", self.page("ようこそ"))
        self.write("style.css", STYLE.format(owner=owner, colour="#333").encode())
        self.write("robots.txt", f"# {owner}\nUser-agent: *\nDisallow: /cgi-bin/\n".encode())
        self.write(".htaccess", f"# {owner}\nErrorDocument 404 /404.html\nOptions -Indexes\n".encode(), 0o640)
        self.write("cgi-bin/form.cgi", f"#!/usr/bin/perl\n# {owner}\nprint \"Content-Type: text/html\\n\\n\";\n".encode(), 0o755)
        self.write("資料/空のファイル.txt", b"")
        self.write("img/a'b \"c\" & d%20.html", self.page("odd name"))
        for number in range(self.pages):
            folder, title = chance.choice(words.FOLDERS), chance.choice(words.PAGES)
            self.write(f"{folder}/{title}-{number}.html", self.page(f"{title} {number}"))
        for number in range(self.pictures):
            folder = chance.choice(["img", "img/店舗", "商品", "blog/2026"])
            content = picture(chance, chance.randrange(80, 360), chance.randrange(60, 240), owner)
            self.write(f"{folder}/写真{number:03}.png", content)
        self.path("uploads/空").mkdir(parents=True, exist_ok=True)
        if self.has_links:
            self.path("blog/最新").symlink_to("2026")
            self.path("top.html").symlink_to("index.html")

    def business(self, count=5):
        """A day's edits: pages added and changed, one taken away, a new style."""
        for _ in range(count):
            number = self.pages
            self.pages += 1
            self.write(f"blog/2026/お知らせ-{number}.html", self.page(f"お知らせ {number}"))
        self.write("index.html", self.page(f"ようこそ {self.pages}"))
        self.write("style.css", STYLE.format(owner=self.tenant.canary, colour=f"#{self.chance.randrange(16**3):03x}").encode())
        self.write(f"img/新商品{self.pages}.png", picture(self.chance, 200, 150, self.tenant.canary))
        for path in sorted(self.folder.rglob("*.html")):
            if path.parent.name == "2025":
                path.unlink()
                break
