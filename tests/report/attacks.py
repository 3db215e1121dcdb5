"""Text that somebody put into a trail to act on whoever reads the report."""

from __future__ import annotations

TERMINAL = [
    "\x1b[2J\x1b[H",
    "\x1b]0;owned\x07",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b[31mALLOWED\x1b[0m",
    "\x9b31m",
    '\x1bP$q"p\x1b\\',
    "\x1b[6n",
    "\x1b]52;c;ZXZpbA==\x07",
    "a\rb",
    "x\x08\x08\x08y",
    "bell\x07",
    "nul\x00byte",
    "del\x7f",
    "vt\x0bff\x0c",
    "line\nCAUSE FOUND\n",
    "next\x85line",
    "sep\u2028arated\u2029",
]
BIDI = [
    "\u202eesrever",
    "a\u2066b\u2069",
    "\u200fRTL",
    "zero\u200bwidth",
    "\ufeffbom",
    "soft\u00adhyphen",
    "tag\U000e0041\U000e0042",
    "e" + "\u0301" * 60,
    "lone\ud800",
    "\udfff\ud800",
    "\ufff9x\ufffb",
    "pri\ue000vate",
    "配置\u3000全角",
]
RICH = ["[bold red]x[/]", "[link=https://evil.example]x[/link]", "[/nothing]", "\\[escape]"]
HTML = [
    "<script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onload='x",
    "</pre></code><h1>x",
    "<!-- comment",
    "--><b>",
    "</style><style>*{display:none}",
    "<![CDATA[x]]>",
    "&lt;b&gt;&amp;#x3c;",
    "javascript:alert(1)",
    "</svg><foreignObject>",
    "]]>",
    "<iframe srcdoc='<p>'>",
    "`onclick=x`",
]
MARKDOWN = [
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "| a | b |",
    "```\ncode\n```",
    "````",
    "~~~",
    "**bold** _em_ ~~s~~",
    "[text](https://evil.example)",
    "![img](https://evil.example/x.png)",
    "<https://evil.example>",
    "https://evil.example www.evil.example",
    "@everyone #1 :smile:",
    "---",
    "===",
    "\\",
    "a\\|b",
    "$x$ $$y$$",
    "[^1]: note",
    "    indented",
    "&copy;",
    "* * *",
    "+ plus",
]
MERMAID = ['"]; click n0 "https://evil.example"', "end", "A-->B", "%%{init: {}}%%", "#quot;", 'x"] --> y["z', "subgraph a", "`md`", "classDef x fill:#fff"]
DOT = ['x"]; evil [label="y', "\\", 'ends with \\"', "\\N\\G\\l", "<b>html</b>"]
CSV = ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", '=HYPERLINK("https://evil.example")', "a,b", 'a"b', "|cmd", "%x", "\r\n=1"]
CODE = [
    "${aws:username}",
    "%{ if true }",
    '${file("/etc/passwd")}',
    "$(id)",
    "`id`",
    "'; id; '",
    '"; id; "',
    "*/ evil /*",
    "\\u0022",
    "!Sub x",
    "- y: z",
    "key: &a *a",
    "{{resolve:x}}",
    "''' + x",
    "$$",
]
XML = ["\x01\x02", "\ufffe", "\uffff", "&entity;", "]]>"]

ALL = list(dict.fromkeys([*TERMINAL, *BIDI, *RICH, *HTML, *MARKDOWN, *MERMAID, *DOT, *CSV, *CODE, *XML]))
