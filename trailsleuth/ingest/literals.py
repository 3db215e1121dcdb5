"""Structs as a language prints or writes them: Python's repr, Ruby's `{"a"=>nil}` and `{:a=>1}`, Node's `{ a: 'b' }`, JSON with comments, PHP's arrays, Perl's
Dumper, Elixir's `%{"a" => 1}`, Go's `map[string]interface {}{"a":1}`, Rust's `Object {"a": String("b")}`, DuckDB's `{'a': b, 'c': NULL}`, PowerShell's
`@{a=b; c=@{…}}`.

Nothing in the text is evaluated. What cannot be told from its print (PowerShell's `System.Object[]`, Node's `[Object]`) is absent.
"""

from __future__ import annotations

import re

from trailsleuth.patterns import late

MAX_DEPTH = 64
MEMBER = r"(?:'|\"[^\"\n]{1,200}\"\s?=>|:?[A-Za-z_$][\w$]{0,60}(?::\s|\s?=>))"  # how the first member of a struct begins, where it is no JSON
COMMENTED = late(r"(?:^|[{\[,])[ \t]*(?://|/\*)|,\s{0,200}[}\]]", re.MULTILINE)  # JSON as people write it
_SPACE = late(r"\s*(?:(?://[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)\s*)*")  # comments are no values
_TYPE = r"(?:interface \{\}|[\w.*]{1,60})"  # of Go
_LISTED = late(rf"\[\]{_TYPE}\{{")
_NAMED = late(rf"(?:%|map\[\w{{1,40}}\]{_TYPE}|[A-Z]\w{{0,60}}(?:::\w{{1,60}}){{0,4}} )(?=\{{)|(?:Array )(?=\[)|array ?(?=\()")  # what stands before a bracket
_WRAPPED = late(r"(?:Some|Ok|String|Number|Bool|Int|Float|Double|Decimal|interface \{\}|any|(?:aws|json)\.\w{1,20})\(")
_QUOTED = late(r"[rbuRBU]{0,2}('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", re.DOTALL)
_ESCAPE = late(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\n": "", "0": "\0"}
_BARE = late(r"\d{1,9}(?=\s?=>)|(?:[^\s,{}\[\]()'\":]|[:](?!\s))(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,{}\[\]()\n])*")
_INTEGER = late(r"-?(?:0|[1-9]\d{0,17})")
_NAME = late(r"(?::(?=\w+\s?=>))?(?P<name>[A-Za-z_$][\w$]{0,60}(?=:|\s?=>))")
_NUMBERED = late(r"(?P<name>\d{1,9}(?=\s*:))")
_MADE = late(r"(?:[A-Za-z_]\w{0,40}\.){0,3}[A-Z]\w{0,40}\((?=\s*[A-Za-z_]\w{0,60}=)")  # Row(a=1, …): a struct by another name
_HELD = late(r"(?:[A-Za-z_]\w{0,40}\.){0,3}[A-Za-z]\w{0,40}\(\s?(?P<text>'[^'\n]{0,200}'|\"[^\"\n]{0,200}\")[^()\n]{0,80}\)")  # Timestamp('2026-…', tz='UTC')
_DATETIME = late(
    r"(?:datetime\.)?datetime\((\d{4}), (\d{1,2}), (\d{1,2}), (\d{1,2}), (\d{1,2})(?:, (\d{1,2}))?"
    r"[^()]{0,80}(?:\([^()]{0,80}(?:\([^()]{0,80}\))?[^()]{0,80}\))?[^()]{0,80}\)"
)
_KEYWORD = late(r"([A-Za-z_]\w{0,60})=")
_HIDDEN = late(r"\[(?:Object|Array|Circular[^\]]{0,8})\]")
_WORDS = {
    **dict.fromkeys(("None", "nil", "undefined", "undef", "NULL", "Null", "null", "nan", "NaN", "NaT")),
    **dict.fromkeys(("True", "true"), True), **dict.fromkeys(("False", "false"), False),
}  # fmt: skip
_SHELL_NAME = late(r"\s*([\w.:/@-]{1,128})=")
_SHELL_END = late(r";\s*(?=[\w.:/@-]{1,128}=)|\}")
_LOST = late(r"(?:System\.(?:Object|String|Collections)[\w.`]*(?:\[.*\])?|Amazon\.[\w.]+)")


class NotLiteral(ValueError):
    """The text has another form."""


def literal_at(text: str, start: int = 0, depth: int = 0) -> tuple[object, int]:
    """The value printed at the position, and where it ends."""
    if depth > MAX_DEPTH:
        raise NotLiteral("nested too deeply")
    start = _after_space(text, start)
    if hidden := _HIDDEN.match(text, start):
        return None, hidden.end()
    if named := _NAMED.match(text, start):
        start = named.end()
    if wrapped := _WRAPPED.match(text, start):
        value, end = literal_at(text, wrapped.end(), depth + 1)
        return value, _after_comma(text, end, ")") + 1
    match text[start : start + 1]:
        case "{":
            return _struct(text, start + 1, depth)
        case "[" | "(":
            listed = _LISTED.match(text, start)
            return _list(text, listed.end() if listed else start + 1, depth, "}" if listed else "])")
        case "@" if text.startswith("@{", start):
            return _shell_struct(text, start + 2, depth)
        case _:
            return _quoted(text, start) or _made(text, start, depth) or _bare(text, start)


def _struct(text: str, position: int, depth: int) -> tuple[dict[str, object], int]:
    struct: dict[str, object] = {}
    while True:
        position = _after_space(text, position)
        if text.startswith("}", position):
            return struct, position + 1
        name, position = _name(text, position)
        struct[name], position = literal_at(text, position, depth + 1)
        position = _after_comma(text, position, "}")


def _name(text: str, position: int) -> tuple[str, int]:
    """A member's name, and where its value begins."""
    key = _quoted(text, position + (text.startswith(':"', position)))
    if key is None and (bare := _NAME.match(text, position) or _NUMBERED.match(text, position)):
        key = bare["name"], bare.end()
    if key is None:
        raise NotLiteral("no name")
    name, position = key[0], _after_space(text, key[1])
    for sign in (":", "=>"):
        if text.startswith(sign, position):
            return name, position + len(sign)
    raise NotLiteral("no value")


def _list(text: str, position: int, depth: int, ends: str = "])") -> tuple[object, int]:
    """A list; PHP writes its maps as one, too."""
    listed: list[object] = []
    keys: list[object] = []
    while True:
        position = _after_space(text, position)
        if text[position : position + 1] and text[position] in ends:
            return (listed if keys in ([], list(range(len(listed)))) else {str(key): value for key, value in zip(keys, listed, strict=True)}), position + 1
        value, position = literal_at(text, position, depth + 1)
        if text.startswith("=>", after := _after_space(text, position)):
            keys.append(value)
            value, position = literal_at(text, after + 2, depth + 1)
        listed.append(value)
        if keys and len(keys) != len(listed):
            raise NotLiteral("a list in a map")
        position = _after_comma(text, position, ends)


def _after_comma(text: str, position: int, ends: str) -> int:
    position = _after_space(text, position)
    if text.startswith(",", position):
        return position + 1
    if text[position : position + 1] and text[position] in ends:
        return position
    raise NotLiteral("no comma")


def _quoted(text: str, position: int) -> tuple[str, int] | None:
    """A text in quotes; pieces that stand one after another are one, as pprint breaks them."""
    found = _QUOTED.match(text, position)
    if found is None:
        return None
    parts, end = [_unescaped(found.group(1)[1:-1])], found.end()
    while more := _QUOTED.match(text, _after_space(text, end)):
        parts.append(_unescaped(more.group(1)[1:-1]))
        end = more.end()
    return "".join(parts), end


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(_sign, text) if "\\" in text else text


def _sign(found: re.Match[str]) -> str:
    code = found.group(1)
    if code[0] not in "xuU" or len(code) == 1:
        return _ESCAPES.get(code, code)
    number = int(code[1:], 16)
    return "\ufffd" if 0xD800 <= number < 0xE000 or number > 0x10FFFF else chr(number)


def _made(text: str, position: int, depth: int) -> tuple[object, int] | None:
    """What a constructor is called with: its names and values, a time, or its one text."""
    if found := _DATETIME.match(text, position):
        year, month, day, hour, minute, second = (int(part or 0) for part in found.groups())
        return f"{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}", found.end()
    if found := _HELD.match(text, position):
        return found["text"][1:-1], found.end()
    if (found := _MADE.match(text, position)) is None:
        return None
    struct: dict[str, object] = {}
    position = found.end()
    while True:
        position = _after_space(text, position)
        if text.startswith(")", position):
            return struct, position + 1
        if (keyword := _KEYWORD.match(text, position)) is None:
            raise NotLiteral("no name")
        struct[keyword.group(1)], position = literal_at(text, keyword.end(), depth + 1)
        position = _after_comma(text, position, ")")


def _bare(text: str, position: int) -> tuple[object, int]:
    found = _BARE.match(text, position)
    if found is None:
        raise NotLiteral("no value")
    word = found.group().strip()
    if word in ("...", "…"):
        raise NotLiteral("left out")
    if word in _WORDS:
        return _WORDS[word], found.end()
    return int(word) if _INTEGER.fullmatch(word) else word, found.end()


def _shell_struct(text: str, position: int, depth: int) -> tuple[dict[str, object], int]:
    """Like Hive's structs, with `;` between the members."""
    struct: dict[str, object] = {}
    while True:
        position = _after_space(text, position)
        if text.startswith("}", position):
            return struct, position + 1
        name = _SHELL_NAME.match(text, position)
        if name is None:
            raise NotLiteral("no name")
        if text.startswith("@{", name.end()):
            struct[name.group(1)], position = literal_at(text, name.end(), depth + 1)
        else:
            end = _SHELL_END.search(text, name.end())
            if end is None:
                raise NotLiteral("no end")
            struct[name.group(1)], position = _shell_value(text[name.end() : end.start()]), end.start()
        position = position + 1 if text.startswith(";", position) else position


def _shell_value(text: str) -> object:
    text = text.strip()
    return None if not text or _LOST.fullmatch(text) else {"True": True, "False": False}.get(text, text)


def _after_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position
