"""Finds in the text of a C++ source what a mechanical mutant may change: conditions and checks of transactions.

Works on tokens, without a parser: enough for sources that clang-format has formatted, and every edit it proposes is compiled.
"""

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:[^\n\\]|\\.|\\\n)*)
      |(?P<text>R"\((?:.|\n)*?\)"|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)+')
      |(?P<number>\d(?:[\w.]|'(?=\d))*)
      |(?P<name>[A-Za-z_]\w*)
      |(?P<op>::|->|<<=|>>=|&&|\|\||==|!=|<=|>=|\+=|-=|\*=|/=|%=|&=|\|=|\^=|\+\+|--|<<|[^\s\w])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
ASSIGNING = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="}
# A function begins its line, or stands in a class and has a type before its name.
HEAD = re.compile(r"^(?!(?:if|for|while|switch|return|else|do|case|using|namespace|class|struct|enum)\b)"
                  r"(?:[A-Za-z_~][^;=]*?| {2}[A-Za-z_][^;=(]*[ &*])?(?<![\w:.])(?:\w+::)*([A-Za-z_~]\w*)\(")


@dataclass
class Token:
    text: str
    start: int
    end: int


@dataclass
class Site:
    """A place for one mechanical mutant: what kind, from where to where."""

    kind: str  # negate, drop, unchecked
    start: int
    end: int


def tokens_of(text):
    return [Token(m.group(), m.start(), m.end()) for m in TOKEN.finditer(text) if m.lastgroup != "skip"]


def closing(tokens, i):
    """Index of the bracket that closes the one at i."""
    depth = 0
    for j in range(i, len(tokens)):
        if tokens[j].text in OPENING:
            depth += 1
        elif tokens[j].text in OPENING.values():
            depth -= 1
            if depth == 0:
                return j
    raise ValueError("unbalanced brackets")


def is_logical(text, tokens, i):
    """Whether the token is an operator, not a reference: `a && b`, but `T&& x`."""
    t = tokens[i]
    return t.text == "||" or (t.text == "&&" and text[t.start - 1] in " \n" and text[t.end] in " \n")


def left_end(text, tokens, i, stops):
    """First token of the operand that ends before token i."""
    j = i
    while j > 0:
        t = tokens[j - 1].text
        if t in OPENING.values():
            depth = 0
            while True:
                j -= 1
                if tokens[j].text in OPENING.values():
                    depth += 1
                elif tokens[j].text in OPENING:
                    depth -= 1
                    if depth == 0:
                        break
            continue
        if t in OPENING or t in stops or t in ASSIGNING or t in {";", ",", "?", ":", "return"} or (
                "&&" in stops and is_logical(text, tokens, j - 1)):
            return j
        j -= 1
    return 0


def right_end(text, tokens, i):
    """Last token of the operand that begins after token i."""
    j = i + 1
    while True:
        t = tokens[j].text
        if t in OPENING:
            j = closing(tokens, j) + 1
            continue
        if t in OPENING.values() or t in {";", ",", "?", ":"} or is_logical(text, tokens, j):
            return j - 1
        j += 1


def split_head(tokens, first, last):
    """Begin of the condition of an if: after its initialiser, if it has one."""
    depth, begin = 0, first
    for j in range(first, last + 1):
        t = tokens[j].text
        depth += (t in OPENING) - (t in OPENING.values())
        if t == ";" and depth == 0:
            begin = j + 1
    return begin


def declared(tokens, first, last):
    """Index after the `=` of a condition that declares something; None for a plain condition."""
    depth = 0
    for j in range(first, last + 1):
        t = tokens[j].text
        depth += (t in OPENING) - (t in OPENING.values())
        if t == "=" and depth == 0:
            return j + 1
    return None


def conditions(text):
    """Sites to negate: what an if decides on, the choice of a ternary, each operand of && and ||. Heads of loops are left
    out: one that is negated never begins or never ends."""
    tokens = tokens_of(text)
    sites, loops = [], []
    for i, t in enumerate(tokens):
        if t.text in {"for", "while"} and tokens[i + 1].text == "(":
            loops.append((i, closing(tokens, i + 1)))
    in_loop_head = lambda i: any(a < i < b for a, b in loops)
    for i, t in enumerate(tokens):
        if t.text == "if" and tokens[i + 1].text == "(":
            last = closing(tokens, i + 1) - 1
            first = split_head(tokens, i + 2, last)
            value = declared(tokens, first, last)
            kind = "negate" if value is None else "drop"
            sites.append(Site(kind, tokens[value or first].start, tokens[last].end))
        elif t.text == "?":
            first = left_end(text, tokens, i, {"<<"})
            sites.append(Site("negate", tokens[first].start, tokens[i - 1].end))
        elif is_logical(text, tokens, i) and not in_loop_head(i):
            first = left_end(text, tokens, i, {"&&", "||"})
            sites.append(Site("negate", tokens[first].start, tokens[i - 1].end))
            last = right_end(text, tokens, i)
            sites.append(Site("negate", tokens[i + 1].start, tokens[last].end))
    return unique(sites)


def checks(text):
    """Sites that check something in a transaction: each check operation, and each version of a change."""
    tokens = tokens_of(text)
    sites = []
    for i, t in enumerate(tokens):
        if t.text not in {"check_op", "set_op", "remove_op"} or tokens[i + 1].text != "{":
            continue
        last = closing(tokens, i + 1)
        depth, commas = 0, 0
        for j in range(i + 1, last):
            depth += (tokens[j].text in OPENING) - (tokens[j].text in OPENING.values())
            commas += depth == 1 and tokens[j].text == ","
        if commas < {"check_op": 0, "set_op": 2, "remove_op": 1}[t.text]:
            continue
        first = i - 2 if tokens[i - 1].text == "::" else i
        sites.append(Site("unchecked", tokens[first].start, tokens[last].end))
    return sites


def unique(sites):
    seen, result = set(), []
    for s in sites:
        if (s.start, s.end) not in seen:
            seen.add((s.start, s.end))
            result.append(s)
    return result


def function_at(text, position):
    """Name of the function around a position, by the look of the lines before it."""
    name = "file"
    begin = 0
    while begin <= position:
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        line = text[begin:end]
        m = HEAD.match(line)
        # A head ends its line open: with the body's brace, or inside its parameters.
        if m and (line.rstrip().endswith(("{", ",", "}")) or line.count("(") > line.count(")")):
            name = m.group(1)
        begin = end + 1
    return name
