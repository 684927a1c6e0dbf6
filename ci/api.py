#!/usr/bin/env python3
"""Lists the public API of the crate, read from the pages that rustdoc made of it.

Usage: ci/api.py DIRECTORY, that of the crate's pages. One block for each item: its declaration, the methods
and associated items of its own, the traits that it implements. What a blanket implementation brings is left out.
"""

import re
import sys
from html.parser import HTMLParser
from pathlib import Path

# The parts of a page that list implementations, and what is wanted of each.
OWN, TRAITS, AUTO = (
    "implementations-list",
    "trait-implementations-list",
    "synthetic-implementations-list",
)
OTHER = "blanket-implementations-list"
# Auto traits that only std may name.
UNSTABLE = re.compile(r"\b(Freeze|UnsafeUnpin)\b")


class Page(HTMLParser):
    """Collects the declarations on one page, as text."""

    def __init__(self):
        super().__init__()
        self.part = None
        self.open = None  # the tag whose text is being collected
        self.depth = 0
        self.text = ""
        self.lines = []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        classes = (attributes.get("class") or "").split()
        if attributes.get("id") in (OWN, TRAITS, AUTO, OTHER):
            self.part = attributes["id"]
        if self.open:
            self.depth += tag == self.open
            self.text += " " if "where" in classes else ""
        elif tag == "pre" and "item-decl" in classes:
            self.collect(tag)
        elif tag in ("h3", "h4") and "code-header" in classes:
            self.collect(tag)

    def collect(self, tag):
        self.open, self.depth, self.text = tag, 1, ""

    def handle_data(self, data):
        if self.open:
            self.text += data

    def handle_endtag(self, tag):
        if tag != self.open:
            return
        self.depth -= 1
        if self.depth:
            return
        text = re.sub(r"\s+", " ", self.text).replace("ⓘ", "").strip().rstrip(",")
        text = text.replace("( ", "(").replace(", )", ")")
        if self.open == "pre" or self.part is None:
            self.lines.append(text)
        elif self.open == "h3":
            if self.part != OTHER and not UNSTABLE.search(text):
                self.lines.append("  " + text)
        elif self.part == OWN or (self.part == TRAITS and text.startswith("type ")):
            self.lines.append("    " + text)
        self.open = None


def items(root):
    """The pages of all public items, by path."""
    links = re.findall(r'<li><a href="([^"]+\.html)">', (root / "all.html").read_text())
    for link in sorted(set(links)):
        *modules, name = link.split("/")
        kind, name, _ = name.split(".")
        yield "::".join(["splitmap", *modules, name]), kind, root / link


def main():
    root = Path(sys.argv[1])
    seen = {}
    for path, kind, page in items(root):
        parser = Page()
        parser.feed(page.read_text())
        body = "\n".join(parser.lines)
        print(f"\n{kind} {path}")
        if body in seen:
            print(f"  = {seen[body]}")
        else:
            seen[body] = path
            print(body)
    if not seen:
        sys.exit("no items found: has rustdoc changed its pages?")


if __name__ == "__main__":
    main()
