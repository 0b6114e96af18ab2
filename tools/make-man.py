"""Writes manual pages, hikae.1 and one a subcommand, from what the command says of its own options.

The single source is the command itself (`hikae --experimental-dump-help`), so that a page cannot disagree with --help.
"""

import argparse
import json
import pathlib
import subprocess


def escape(text):
    """Text as roff takes it: no line may begin with a control character, no backslash or hyphen is lost."""
    lines = text.replace("\\", "\\e").replace("-", "\\-").split("\n")
    return "\n".join("\\&" + line if line.startswith((".", "'")) else line for line in lines)


def spelled(argument):
    """How an option is typed: `-r, --repo <repo>`."""
    names = argument.get("names") or []
    typed = ", ".join(("-" if name["kind"].startswith("short") else "--") + name["name"] for name in names)
    value = argument.get("valueName")
    if argument["kind"] == "positional":
        text = f"<{value}>" + (" ..." if argument.get("isRepeating") else "")
        return text if not argument.get("isOptional") else f"[{text}]"
    return typed + (f" <{value}>" if argument["kind"] == "option" else "")


def page(names, command, version):
    title = "-".join(names)
    out = [f'.TH "{title.upper()}" "1" "" "hikae {version}" "Hikae manual"', ".SH NAME",
           f"{escape(title)} \\- {escape(command.get('abstract') or title)}", ".SH SYNOPSIS", f".B {escape(' '.join(names))}"]
    arguments = [argument for argument in command.get("arguments", []) if argument.get("shouldDisplay", True)]
    if any(argument["kind"] != "positional" for argument in arguments):
        out.append("[options]")
    out += [escape(spelled(argument)) for argument in arguments if argument["kind"] == "positional"]
    if command.get("subcommands"):
        out.append("<subcommand>")
    if discussion := command.get("discussion"):
        out += [".SH DESCRIPTION", ".nf", escape(discussion), ".fi"]
    sections = {}
    for argument in arguments:
        heading = argument.get("sectionTitle") or ("Arguments" if argument["kind"] == "positional" else "Options")
        sections.setdefault(heading, []).append(argument)
    for heading, members in sections.items():
        out.append(f'.SH "{escape(heading.upper())}"')
        for argument in members:
            text = " ".join(filter(None, [argument.get("abstract"), argument.get("discussion")]))
            if default := argument.get("defaultValue"):
                text += f" (default: {default})"
            out += [".TP", f"\\fB{escape(spelled(argument))}\\fR", escape(text.strip()) or "\\&"]
    children = [child for child in command.get("subcommands", []) if child["commandName"] != "help"]
    if children:
        out.append(".SH SUBCOMMANDS")
        for child in children:
            out += [".TP", f"\\fB{escape('-'.join(names + [child['commandName']]))}\\fR(1)",
                    escape(child.get("abstract") or "")]
    if len(names) > 1:
        out += [".SH SEE ALSO", f".BR {escape('-'.join(names[:-1]))} (1)"]
    return "\n".join(out) + "\n", children


def write(names, command, version, folder):
    text, children = page(names, command, version)
    (folder / f"{'-'.join(names)}.1").write_text(text, encoding="utf-8")
    for child in children:
        write(names + [child["commandName"]], child, version, folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--to", required=True, type=pathlib.Path)
    options = parser.parse_args()
    dump = subprocess.run([options.binary, "--experimental-dump-help"], check=True, capture_output=True)
    version = subprocess.run([options.binary, "version"], check=True, capture_output=True, text=True).stdout.split()
    number = next((word for word in version if word[:1].isdigit()), "")
    write(["hikae"], json.loads(dump.stdout)["command"], number, options.to)


if __name__ == "__main__":
    main()
