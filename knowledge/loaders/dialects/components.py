"""Components of MDX, and what belongs to their program: imports, exports and expressions."""

import re

from knowledge.loaders.dialects.containers import container_end, container_start
from knowledge.loaders.dialects.jsx_arrays import table_of
from knowledge.loaders.dialects.jsx_tags import JsxReader, JsxTag
from knowledge.loaders.dialects.wording import as_words, is_sentence

_MODULE_LINE = re.compile(
    r"(?:import(?:\s{1,9}[\"']|\s{0,9}[\w*{][^\n\"']{0,400}\sfrom\s{0,9}[\"']|\s{0,9}\{[^}\n]{0,400}$)|"
    r"export\s{1,9}(?:const|let|var|default|function|async|class|\*|\{)[\s(={\[\w*])"
)
_COMMENT = re.compile(r"\{/\*(?:[^*{]|\*(?!/)|\{(?!/\*))*+\*/\}")
_EXPRESSION = re.compile(
    r"(?<!\\)\{\s{0,9}(?:(?P<quote>[\"'])(?P<text>[^\"'{}\n]{0,300})(?P=quote)|"
    r"(?P<path>[A-Za-z_$][\w$]{0,80}(?:\??\.[\w$]{1,80}|\[[\"'][^\"'\[\]{}\n]{1,120}[\"']\]){0,8}))\s{0,9}\}"
)
_MEMBER = re.compile(r"\[[\"']([^\"'\]]{1,120})[\"']\]")
_ESCAPED_BRACE = re.compile(r"\\([{}<])")
_PICTURES = frozenset("image img icon src screenshot picture children logo video figure".split())
_WORDLESS = frozenset("text title label content name value html description".split())
_CODE = frozenset("InlineCode Code Kbd Command Path Filename".split())
_ITEM_MARK = re.compile(r"[ \t>]{0,40}(?:[-*+]|\d{1,9}[.)])?[ \t]{0,9}$")
_MARK_CHARS = 120
_ENDS_OF_MODULE = (";", "'", '"', "}", ")", "]", ">")


def rewrite(text: str) -> str:
    """Replace components by what they hold and are titled, tables of data by tables; drop the program around them."""
    is_program = any(_MODULE_LINE.match(line) for line in text.split("\n"))
    if is_program:
        text = _without_modules(text)
    text = _COMMENT.sub("", text)
    text = replace_tags(text)
    if is_program:
        text = _ESCAPED_BRACE.sub(r"\1", _EXPRESSION.sub(_expression, text))
    return text


def replace_tags(text: str) -> str:
    """Replace the tags of components; names in angle brackets that nothing closes stay: they stand for a value."""
    tags = list(JsxReader(text).tags())
    closed = {tag.name for tag in tags if tag.is_end}
    parts, read = [], 0
    links: list[tuple[str, str]] = []
    for tag in tags:
        if not (tag.is_end or tag.is_empty or tag.name in closed):
            continue
        parts += [text[read : tag.start], _replaced(text, tag, links)]
        read = tag.end
    return "".join([*parts, text[read:]])


def _replaced(text: str, tag: JsxTag, links: list[tuple[str, str]]) -> str:
    name = tag.name.rpartition(".")[2]
    if name in _CODE and not tag.is_empty:
        return "`"
    if tag.is_end:
        return links.pop()[1] if links and links[-1][0] == tag.name else container_end(name)
    href, title = (
        tag.text_of("to", "href", "url", "link"),
        tag.text_of("title", "label", "heading", "header", "summary"),
    )
    if tag.is_empty:
        return _empty_element(tag, href, title)
    if href:
        links.append((tag.name, "" if title else f"]({href})"))
        return f"[{title}]({href})\n\n" if title else "["
    kind = tag.text_of("type", "variant", "kind", "intent", "style", "status", "color")
    start = container_start(text, tag.start, name, title, kind)
    return start or (container_start(text, tag.start, "details", title) if title else "")


def _empty_element(tag: JsxTag, href: str, title: str) -> str:
    table = table_of(tag.properties)
    if table:
        return f"\n\n{replace_tags(table)}\n\n"
    alt = tag.text_of("alt", "caption")
    if "src" in tag.properties or "alt" in tag.properties:
        return alt if is_sentence(alt) else ""
    return f"[{title}]({href})" if href and title else title if tag.text_of("title") else ""


def _without_modules(text: str) -> str:
    """Drop imports and exports, each of which may have several lines."""
    kept: list[str] = []
    module: list[str] = []
    depth = 0
    for line in text.split("\n"):
        if not module and not _MODULE_LINE.match(line):
            kept.append(line)
            continue
        module.append(line)
        depth += sum(line.count(bracket) for bracket in "{[(") - sum(line.count(bracket) for bracket in "}])")
        if depth <= 0 and (not line.strip() or line.rstrip().endswith(_ENDS_OF_MODULE)):
            module, depth = [], 0
    # What is never closed is no program.
    return "\n".join([*kept, *module])


def _expression(found: re.Match[str]) -> str:
    if found["text"] is not None:
        return found["text"]
    names = _MEMBER.sub(r".\1", found["path"].replace("?", "")).split(".")
    if names[-1].lower() in _PICTURES:
        return ""
    words = as_words(names[-2] if len(names) > 1 and names[-1].lower() in _WORDLESS else names[-1])
    before = found.string[max(0, found.start() - _MARK_CHARS) : found.start()].rpartition("\n")[2]
    return words[:1].upper() + words[1:] if _ITEM_MARK.match(before) else words
