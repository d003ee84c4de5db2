"""The tags of site generators: Liquid, Jinja and GitBook (`{% %}`), Hugo (`{{< >}}`), variables (`{{ }}`), ERB."""

import re

from knowledge.loaders.dialects.containers import container_end, container_start
from knowledge.loaders.dialects.wording import as_words

_EDGE = re.compile(r"\{%[-+]?\s{0,9}((?:end)?(?:raw|comment))\s{0,9}[-+]?%\}")
_LIQUID = re.compile(r"\{%[-+]?\s{0,9}(?P<name>[/\w-]{1,40})(?P<rest>(?:[^%{]|%(?!\})|\{(?!%)){0,2000}+)%\}")
_SHORTCODE = re.compile(
    r"\{\{[<%]\s{0,9}(?P<name>/?\s?[\w/.-]{1,40})(?P<rest>(?:[^{}]|\}(?!\})|\{(?!\{)){0,2000}+)\}\}"
)
_VARIABLE = re.compile(r"\{\{-?(?P<expression>(?:[^{}]|\}(?!\})|\{(?!\{)){0,600}+)\}\}")
_ERB = re.compile(r"<%(?P<output>[=-]?)(?P<code>(?:[^%<]|%(?!>)|<(?!%)){0,2000}+)%>")
_HTML_COMMENT = re.compile(r"<!--(?:[^-<]|-(?!->)|<(?!!--))*+-->")
_ARGUMENT = re.compile(
    r"(?:(?P<key>[\w-]{1,40})\s{0,4}=\s{0,4})?(?:\"(?P<double>[^\"]*+)\"|'(?P<single>[^']*+)'|(?P<bare>[^\s\"'=|]{1,200}+))"
)
_LINK_TO = re.compile(
    r"\s{0,9}link_to[\s(]{1,9}[\"'](?P<text>[^\"']{1,300})[\"']\s{0,9},\s{0,9}[\"'](?P<href>[^\"'\s]{1,500})[\"']"
)
_STRING = re.compile(r"\s{0,9}[\"'](?P<text>[^\"']{0,300})[\"']")
_PATH = re.compile(
    r"\s{0,9}(?P<path>[A-Za-z_][\w-]{0,80}(?:(?:\.|\[[\"']?)[\w-]{1,80}[\"']?\]?){0,8})\s{0,9}(?:\||-?\s{0,9}\Z)"
)

_TITLED = frozenset(
    "tab tabitem tabpane tab-item details expand expander accordion collapse collapsible step card".split()
)
_LINKS = frozenset("link ref relref url doc post_url".split())
_TEXTS = frozenset("glossary_tooltip abbr tooltip".split())
_VARIABLES = frozenset("param var variable data variables".split())
# Variables of an address, which have no words.
_ADDRESSES = frozenset("baseurl base_url url root relative_url basepath base_path prefix toc content".split())
_MOST_ARGUMENTS = 12


def rewrite(text: str) -> str:
    """Replace the tags by what they show, as far as that stands in them; all others go."""
    text = _HTML_COMMENT.sub("", text)
    if "{%" not in text and "{{" not in text and "<%" not in text:
        return text
    first, *rest = _EDGE.split(text)
    parts = [_rewrite_tags(first)]
    for edge, part in zip(rest[::2], rest[1::2], strict=True):
        if edge != "comment":
            parts.append(part if edge == "raw" else _rewrite_tags(part))
    return "".join(parts)


def _rewrite_tags(text: str) -> str:
    for pattern, replace in ((_SHORTCODE, _tag), (_LIQUID, _tag), (_ERB, _erb), (_VARIABLE, _variable)):
        text = pattern.sub(replace, text)
    return text


def _tag(found: re.Match[str]) -> str:
    name = found["name"].replace(" ", "").lower()
    if name.startswith(("/", "end")):
        return container_end(name.lstrip("/").removeprefix("end"))
    words, named = _arguments(found["rest"])
    title = named.get("title") or named.get("header") or named.get("name") or named.get("label") or ""
    first = words[0] if words else ""
    place = found.string, found.start()
    if name in _TITLED:
        return container_start(*place, "details", title or " ".join(words))
    if name in _LINKS:
        return first
    if name in _TEXTS:
        return named.get("text", first)
    if name in _VARIABLES:
        return "" if first.startswith("reusables") else as_words(first)
    if name == "include" and "content" in named:
        kind = first.removesuffix(".html")
        return f"{container_start(*place, kind, title)}{named['content']}{container_end(kind)}"
    kind = named.get("style") or named.get("type") or named.get("color") or first
    return container_start(*place, name, title, kind)


def _arguments(rest: str) -> tuple[list[str], dict[str, str]]:
    words, named = list[str](), dict[str, str]()
    for count, found in enumerate(_ARGUMENT.finditer(rest.rstrip("->% \n"))):
        if count == _MOST_ARGUMENTS:
            break
        value = next(value for value in (found["double"], found["single"], found["bare"]) if value is not None)
        if found["key"]:
            named[found["key"].lower()] = value
        else:
            words.append(value)
    return words, named


def _erb(found: re.Match[str]) -> str:
    code = found["code"]
    link = _LINK_TO.match(code)
    if link:
        return f"[{link['text']}]({link['href']})"
    return _value(code) if found["output"] == "=" else ""


def _variable(found: re.Match[str]) -> str:
    # A block of another kind of template, such as a chat's: what it stands around is not for readers.
    return found[0] if found["expression"].startswith(("#", "/")) else _value(found["expression"])


def _value(expression: str) -> str:
    literal = _STRING.match(expression)
    if literal:
        return literal["text"]
    path = _PATH.match(expression)
    last = (
        path["path"].rstrip("\"']").replace("[", ".").replace("'", "").replace('"', "").split(".")[-1] if path else ""
    )
    return "" if last.lower() in _ADDRESSES else as_words(last)
