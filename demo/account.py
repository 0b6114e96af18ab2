"""How the demonstration is told: headings, commands as a person would type them, what they printed, checks, times.

In colour on a terminal that wants it, plain otherwise.
"""

import os
import sys
import time
import unicodedata


class Account:
    """Writes the account to standard output."""

    def __init__(self):
        self.colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self.began = time.monotonic()
        self.checks = 0

    def paint(self, code, text):
        """The text in a colour, where there are colours."""
        return f"\033[{code}m{text}\033[0m" if self.colour else text

    def line(self, text=""):
        """A line as it is."""
        print(text, flush=True)

    def heading(self, text):
        """The next chapter, with the time since the start."""
        self.line()
        self.line(self.paint("1;36", text) + self.paint("2", f"   [{time.monotonic() - self.began:.0f} s]"))

    def note(self, text):
        """A sentence of the story."""
        self.line("  " + text)

    def command(self, words, names):
        """A command line as a person would type it: long paths give way to the names in `names`."""
        text = " ".join(f"'{word}'" if " " in word else word for word in map(str, words))
        for path, name in names:
            text = text.replace(str(path), name)
        self.line(self.paint("2", "  $ ") + self.paint("1", text))

    def printed(self, text, names=(), most=40):
        """What a command printed, set in."""
        for path, name in names:
            text = text.replace(str(path), name)
        lines = text.rstrip("\n").split("\n") if most else []
        for line in lines[:most]:
            self.line("    " + line)
        if len(lines) > most:
            self.line(self.paint("2", f"    … {len(lines) - most} lines more"))

    def done(self, text, seconds):
        """Something that worked, and how long it took."""
        self.line(f"  {self.paint('32', '✔')} {text} {self.paint('2', f'({seconds:.1f} s)')}")

    def check(self, what, means, result, seconds):
        """A comparison that held."""
        self.checks += 1
        self.line(f"  {self.paint('1;32', '=')} {pad(what, 24)}{pad(result, 34)}"
                  f"{self.paint('2', f'by {means} ({seconds:.1f} s)')}")

    def bad(self, text):
        """Something that went wrong: in the story, or in earnest."""
        self.line(f"  {self.paint('1;31', '✘')} {text}")

    def row(self, *cells):
        """A row of the closing account: cells of fixed widths."""
        widths = [26, 30, 30]
        self.line("  " + "".join(pad(cell, width) for cell, width in zip(cells, widths, strict=False)).rstrip())


def pad(text, width):
    """The text with blanks up to a width; Japanese letters are two columns wide."""
    columns = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)
    return text + " " * max(1, width - columns)
