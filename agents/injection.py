"""Finds what in a document is said to a model rather than to a reader, so that the embedded model never quotes it.

Looked for is an order together with whom or what it concerns: setting aside what a model was told, addressing a model
by name, giving it a role, dictating its reply, the marks of a chat's turns, calls of the desk's tools; also where
letters are disguised (`agents.disguises`), and the commonest form, "ignore your instructions", in many languages.

It does not protect against a document that merely states what is false, against an order in words that a reader may be
given too ("tell the customer that ..."), against riddles, verse and languages that are not listed here. It is no
protection at all for chat models: these are kept from doing harm by what they can reach (`agents.prompts`,
`agents.tools`), not by filtering what they read. Documents about language models lose sentences that read like orders
to one.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import get_args

from agents.catalog import ToolName
from agents.disguises import readings
from agents.passages import Block

_MACHINE = (
    r"(?:ais?|llms?|(?:large )?language models?|chat ?bots?|(?:chat)?gpt|(?:ai |virtual |automated )?assistants?"
    r"|(?:ai|automated) (?:agents?|readers?|models?))"
)
_ADDRESSED = rf"(?:{_MACHINE}|bots?|models?)\b"
_SET_ASIDE = (
    r"(?:ignore|disregard|forget|override|bypass|discard|drop|abandon|neglect|suspend|switch off"
    r"|(?:do not|don't) (?:follow|obey))"
)
_SAY = (
    r"(?:answer|say|reply|respond|tell|state|output|print|write|mention|repeat|quote|cite|announce|begin|finish|end"
    r"|direct|claim|pretend|obey)"
)
_DO = rf"(?:{_SAY}|{_SET_ASIDE}|start|include|give|translate|replace|put|show|use|call|follow)"
_DUTY = r"(?:must|shall|should|ha(?:s|ve) to|(?:is|are) to|needs? to|ought to)"
# Where a clause can begin with its verb, or who shall do it stands before it.
_ORDERED = r"(?:^|[.!?:;,()\"'\u2014-] ?|\b(?:and|or|but|please|then|now|you|must|should|shall|instead) )"
_TOLD = (
    r"(?:(?:all|any|every|your|previous|prior|preceding|earlier|former|operator's)\b[^.!?\n]{0,30}"
    r"\b(?:instructions?|guidelines?|directives?)\b"
    r"|(?:your|operator's|its|system) (?:\w+ ){0,2}(?:rules?|prompts?|policies|restrictions|training)\b"
    r"|(?:everything|all|what\w*)(?: that)? (?:\w+ ){0,3}(?:told|instructed|taught)\b)"
)
_ANSWER = r"(?:answers?|repl(?:y|ies)|responses?|outputs?|messages?)"

_SETTING_ASIDE = (
    rf"{_ORDERED}{_SET_ASIDE}\b[^.!?\n]{{0,30}}?\b{_TOLD}",
    rf"\b{_MACHINE}\b[^.!?\n]{{0,30}}\b{_SET_ASIDE}s?\b[^.!?\n]{{0,30}}\b(?:instructions?|rules?|guidelines?|prompt)\b",
    rf"\b{_ADDRESSED}'?s? (?:\w+ )?(?:instructions?|prompt|rules?|guidelines?|configuration)\b[^.!?\n]{{0,20}}"
    r"\b(?:replaced|changed|suspended|void|revoked)\b",
    r"\b(?:overrid|supersed|repeat|reveal|print|show|ignor|output|updat|replac)\w*\b[^.!?\n]{0,30}\bsystem prompt\b",
    r"\bsystem (?:prompt )?(?:override|update)\b",
    r"\bnew (?:system )?instructions? (?:from|for) (?:the )?(?:operator|system|developer|you)",
    r"\byou are (?:now )?free (?:of|from) (?:all|any|your) (?:rules|restrictions|limits)\b",
)
_ADDRESSING = (
    r"\b(?:dear|hey|attention|(?:note|notice|message|instructions?|orders?) (?:to|for))"
    rf" (?:the |all |any )?{_ADDRESSED}",
    rf"(?:^|[^\w\s] ?)(?:for |to )?(?:the |all )?{_ADDRESSED}(?: reading this| readers)?\s*[:,!]+ ?"
    rf"(?:\w+ ){{0,3}}?{_DO}\b",
    rf"\b{_MACHINE}\b[^.!?\n]{{0,60}}?\b{_DUTY}(?: \w+){{0,2}} (?:{_SAY}|{_SET_ASIDE})\b",
    rf"\b(?:visible|addressed|obeyed|executed|followed)(?: only)? (?:to|by) (?:the |an? |all |every )?{_ADDRESSED}",
    r"\b(?:note|nota|nachricht|message|mensaje|hinweis|instrucciones|anweisung|an|pour|para|per|f\u00fcr)"
    r"(?: pour| para| per| an| f\u00fcr| al| all')? ?(?:die |das |den |l'|la |el |o |il )?"
    r"(?:ki|ia|assistent|assistant|asistente|assistente|sprachmodell|mod\u00e8le de langage|modelo de lenguaje) ?:",
)
_GIVING_A_ROLE = (
    r"\byou(?: are|'re)(?: now)? (?:an? |the |that )?(?:[\w-]+ ){0,2}?"
    r"(?:ai|llm|language model|chatbot|bot|assistant|model|dan)\b",
    rf"\bfrom now on,? you (?:are|{_DO})\b|\byou now (?:answer|say|reply|respond)\b|\bas an (?:ai|llm)\b",
    r"\bwho (?:built|made|trained|created) you\b",
    r"\byour (?:new|only|real) (?:task|instructions?|persona)\b",
    rf"{_ORDERED}(?:pretend (?:to be|that you)|act as (?:my|if you)|role-?play)\b",
    r"^(?:developer|jailbreak|god|dan) mode (?:is )?(?:now )?(?:enabled|activated|on)[.!]?$",
    r"\b(?:rest|remainder|end|further turns) of (?:this|the) conversation\b",
)
_DICTATING = (
    rf"\byour (?:next|whole|entire|only|every|final) {_ANSWER}\b",
    rf"\b(?:end|finish|begin|start|conclude) (?:each|every|all|your) (?:\w+ )?{_ANSWER}\b",
    r"(?:^|[.!?:;,] ?|\band |\bplease )(?:reply|respond|answer) (?:only|solely|exclusively) (?:with|by|the word)\b",
    rf"\bin (?:all )?your (?:answers|replies|responses)\b|\b{_SAY}\b[^.!?\n]{{0,40}} and nothing else\b",
    rf"\buser's (?:message|question|prompt|query)\b[^.!?\n]{{0,60}}, {_SAY}\b",
    rf"\binstead of (?:answering|replying|responding)\b[^.!?\n]{{0,30}}, {_DO}\b",
    r"\byou (?:must|have to) (?:output|say)\b",
    rf"{_ORDERED}(?:obey\b|do (?:what|as) it says\b)",
)
_MARKS_OF_A_CHAT = (
    r"<\|[a-z_]{2,}\|>|\[/?inst\]|<</?sys>>|\{\{[#/](?:system|assistant)\b",
    r"</ ?(?:evidence|system|instructions?|system-?prompt|function_calls?|tool_calls?|interaction-config)>",
    r"(?:^|\W)(?:system|user|human): .{0,400}\W(?:assistant|ai): |\bthought: .{0,400}\baction: ",
    rf"(?:^|\W)system: (?:your?\b|(?:the |an? )?{_ADDRESSED})",
    rf"\b(?:{'|'.join(get_args(ToolName))})\b|\"(?:tool_calls|function_call)\"",
)
# Nobody writes so for a reader.
_LETTER_BY_LETTER = (r"(?:\b[^\W\d_] ){12}",)
# Setting aside, and what a model was told: stems, in languages whose word order is free.
_ELSEWHERE = {
    "German": (r"ignorier|vergiss|vergesst|missacht", r"anweisung|instruktion|vorgabe"),
    "French": (r"ignore|oublie", r"instruction|consigne|directive"),
    "Spanish": (r"ignora|olvida", r"instruccion"),
    "Italian": (r"ignora|dimentica", r"istruzion"),
    "Portuguese": (r"ignore|ignora|esque[cç]a", r"instru[cç][oõ]es"),
    "Dutch": (r"negeer|vergeet", r"instructies|aanwijzingen|opdrachten"),
    "Polish": (r"ignoruj|zapomnij", r"instrukcj|polece[nń]"),
    "Czech": (r"ignoruj|zapome[nň]", r"instrukc|pokyn"),
    "Swedish": (r"ignorera|gl[oö]m", r"instruktion|anvisning"),
    "Turkish": (r"yok say|g[oö]rmezden gel|unut", r"talimat"),
    "Russian": (r"игнорир|забуд", r"инструкц|указани"),
    "Ukrainian": (r"ігноруй|забуд", r"інструкц|вказів"),
    "Chinese": (r"忽略|无视|無視|忘记|忘記", r"指令|指示|提示"),
    "Japanese": (r"無視|忘れ", r"指示|命令|プロンプト"),
    "Korean": (r"무시|잊", r"지시|명령|프롬프트"),
    "Arabic": (r"تجاهل|انس", r"تعليمات|أوامر|اوامر"),
    "Hindi": (r"अनदेखा|भूल", r"निर्देश"),
}
_NEAR = r"[^.!?。！？\n]{0,40}"
_FOREIGN = [rf"(?:{undo}){_NEAR}(?:{told})|(?:{told}){_NEAR}(?:{undo})" for undo, told in _ELSEWHERE.values()]

_ORDERS = (
    *(*_SETTING_ASIDE, *_ADDRESSING, *_GIVING_A_ROLE, *_DICTATING),
    *(*_MARKS_OF_A_CHAT, *_LETTER_BY_LETTER, *_FOREIGN),
)
_PATTERN = re.compile("|".join(f"(?:{order})" for order in _ORDERS))
_ANNOUNCED = re.compile(r":$|\b(?:next|following|below)\b", re.IGNORECASE)


@lru_cache(maxsize=20_000)
def gives_orders(text: str) -> bool:
    """Whether a sentence, a row, a heading or the like speaks to a model."""
    return any(_PATTERN.search(reading) for reading in readings(text))


def withholding(section: str, found: Iterable[Block]) -> tuple[Block, ...]:
    """The blocks below a heading, with what gives orders withheld; below a heading that gives some, that is all."""
    if any(gives_orders(heading) for heading in section.split(" > ")):
        return tuple(replace(block, withheld=frozenset(range(len(block.units)))) for block in found)
    checked: list[Block] = []
    for block in found:
        goes_with = bool(checked) and _announces(checked[-1])
        checked.append(replace(block, withheld=frozenset(range(len(block.units))) if goes_with else _withheld(block)))
    return tuple(checked)


def _announces(block: Block) -> bool:
    """Whether orders speak of what comes next."""
    return bool(block.withheld) and _ANNOUNCED.search(block.units[max(block.withheld)]) is not None


def _withheld(block: Block) -> frozenset[int]:
    """Lines of a list or table stand each for itself; a paragraph, a procedure or code is one thing with its orders."""
    orders = frozenset(index for index, unit in enumerate(block.units) if gives_orders(unit))
    if gives_orders(block.head) or (orders and block.kind not in ("bullets", "table")):
        return frozenset(range(len(block.units)))
    return orders
