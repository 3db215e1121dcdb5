"""The style sheet of the HTML report: light and dark, screen, phone and paper; no colour says what a word or shape does not say too."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1c1d1f;--soft:#5b6066;--line:#d9dcdf;--code:#f2f3f4;--bad:#b3261e;--warn:#8a5a00;--good:#17693a;
--link:#2457a6;--plus:#e2f3e6;--minus:#fbe6e4;
--h1:#fdf0e3;--h2:#fbe0c6;--h3:#f8cda5;--h4:#f5b983;--h5:#f0a35f}
@media (prefers-color-scheme:dark){:root{--bg:#16181a;--card:#1e2124;--ink:#e8e9ea;--soft:#a3a9af;--line:#3a3f44;--code:#26292d;--bad:#ff8a80;--warn:#f2c063;
--good:#7fd6a0;--link:#9cc0ff;--plus:#1b3325;--minus:#40211f;
--h1:#33261b;--h2:#45301d;--h3:#593a1e;--h4:#6d451e;--h5:#80501e}}
*{box-sizing:border-box}
body{margin:0;overflow-wrap:anywhere;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:68rem;margin:0 auto;padding:1.25rem 1rem 3rem}
h1{font-size:1.6rem;line-height:1.25;margin:.25rem 0 .5rem}
h2{font-size:1.15rem;margin:1.4rem 0 .6rem;border-bottom:1px solid var(--line);padding-bottom:.25rem}
h3{font-size:1rem;margin:0 0 .4rem}
p{margin:.4rem 0}
.badge{display:inline-block;border:2px solid currentColor;border-radius:.3rem;padding:0 .5rem;font-weight:700;font-size:.85rem;letter-spacing:.04em}
.cause_found,.cause{color:var(--bad)}.no_denial_found,.recovered{color:var(--good)}.inconclusive,.also_needed{color:var(--warn)}.background{color:var(--soft)}
.card{background:var(--card);border:1px solid var(--line);border-left:.35rem solid var(--line);border-radius:.4rem;padding:.8rem 1rem;margin:.7rem 0}
.card.is-cause{border-left-color:var(--bad)}.card.is-also_needed{border-left-color:var(--warn);border-left-style:dashed}
.card.is-recovered{border-left-color:var(--good);border-left-style:double}
dl{display:grid;grid-template-columns:minmax(6rem,auto) 1fr;gap:.15rem .9rem;margin:.3rem 0}
dt{color:var(--soft)}dd{margin:0;min-width:0}
code,pre{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.86em}
pre{background:var(--code);border:1px solid var(--line);border-radius:.3rem;padding:.7rem;margin:.5rem 0;white-space:pre-wrap}
pre.copy{-webkit-user-select:all;user-select:all}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.88rem;width:100%}
th,td{text-align:left;padding:.25rem .6rem .25rem 0;border-bottom:1px solid var(--line);vertical-align:top}
small{color:var(--soft);font-weight:400}
.records td:nth-child(4){min-width:11rem}
th{color:var(--soft);font-weight:600;white-space:nowrap}td.time{white-space:nowrap}
summary{cursor:pointer;color:var(--link)}
figure{margin:.5rem 0}figcaption{color:var(--soft);font-size:.85rem}
.pictures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(26rem,100%),1fr));gap:0 2rem;align-items:start}
svg{width:100%;height:auto;max-width:32rem;display:block}
svg text{fill:var(--ink);font:13px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}svg .small{font-size:11px;fill:var(--soft)}
.diff ins,.diff del,.diff span{display:inline-block;min-width:100%;text-decoration:none}.diff ins{background:var(--plus)}.diff del{background:var(--minus)}
.heat{text-align:right;padding:.25rem .5rem;min-width:2.2rem}.h1{background:var(--h1)}.h2{background:var(--h2)}.h3{background:var(--h3)}
.h4{background:var(--h4)}.h5{background:var(--h5)}
svg .account{fill:var(--code);stroke:var(--line);stroke-width:1.2}svg .ahead{fill:none;stroke:var(--warn);stroke-width:1.2;stroke-dasharray:4 4}
svg .box{fill:var(--card);stroke:var(--soft);stroke-width:1.2}
svg .box.cause{stroke:var(--bad);stroke-width:2.6}svg .box.also_needed{stroke:var(--warn);stroke-width:1.8;stroke-dasharray:6 4}
svg .box.recovered{stroke:var(--good);stroke-width:1.8;stroke-dasharray:1.5 3}
svg .edge{fill:none;stroke:var(--soft);stroke-width:1.2}svg .band{fill:var(--line);opacity:.55}svg .axis{stroke:var(--line);stroke-width:1}
svg .mark{stroke-width:2.4;fill:none;stroke:var(--soft)}svg .mark.cause{stroke:var(--bad)}svg .mark.also_needed{stroke:var(--warn)}
svg .mark.recovered{stroke:var(--good)}
@media (max-width:34rem){main{padding:.9rem .75rem 2rem}dl{grid-template-columns:1fr}dd{margin-bottom:.4rem}h1{font-size:1.3rem}
.records td:nth-child(4){min-width:0}.records thead{display:none}.records tr,.records td{display:block}.records td{border:0;padding:.05rem 0}
.records tr{border-bottom:1px solid var(--line);padding:.3rem 0}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--code:#f5f5f5;--bad:#900;--warn:#640;--good:#063;
--link:#000;--plus:#fff;--minus:#fff;--h1:#fff;--h2:#eee;--h3:#ddd;--h4:#ccc;--h5:#bbb}
.card,figure,tr{break-inside:avoid}main{max-width:none}}
"""
