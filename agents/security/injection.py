"""Detect prompt injection in documents: text for a model rather than a reader, which the embedded model never quotes.

A false alarm costs a user a right answer, so no sign that support documents have too counts alone: "ignore" counts with
whose instructions are meant and either nothing more or a reply to give, addressing a machine with a dictated reply, a
foreign imperative with both. Chat template marks, calls of the agents' tools and a few phrases that nobody says to a
reader count alone. Disguised letters are searched too (`agents.security.deobfuscation`).

There is no protection against a document that merely states what is false, an order in words that a reader may be given
too ("tell the customer that ...", "assistants must cite this", "instructions for AI agents"), polite forms in other
languages, riddles, verse and languages that are not listed here. It is no protection at all for chat models: what keeps
them from doing harm is what they can reach (`agents.answering.prompt`, `agents.answering.tools`), not a filter on what
they read.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import get_args

from agents.catalog import ToolName
from agents.security.deobfuscation import possible_readings
from knowledge.text.markdown_blocks import MarkdownBlock

_MACHINE = (
    r"(?:ais?|llms?|(?:large )?language models?|chat ?bots?|bots?|(?:chat)?gpt|(?:ai |virtual |automated )?assistants?"
    r"|(?:ai|automated) (?:agents?|readers?|models?))"
)
# Names that no person, device or price list is called by.
_SURELY_A_MODEL = (
    r"(?:ais?|llms?|(?:large )?language models?|chat ?bots?|bots?|(?:chat)?gpt|ai (?:assistants?|agents?))"
)
_SAY = (
    r"(?:answer|say|reply|respond|tell|state|output|print|write|mention|repeat|quote|cite|announce|begin|finish|end"
    r"|claim|pretend)"
)
_DUTY = r"(?:must|shall|should|ha(?:s|ve) to|(?:is|are) to|needs? to|ought to)"
_IGNORE = r"(?:ignore|disregard|forget|neglect|abandon|(?:do not|don't) (?:follow|obey))"
_SET_ASIDE = rf"(?:{_IGNORE}|override|bypass|discard|drop|suspend|switch off)"
# The beginning of a line, a list item or a row.
_FIRST = r"^[^\w\n]{0,9}(?:\d{1,3}[.)] )?"
# Where a clause can begin with its verb, or follow its subject.
_ORDERED = r"(?:^|[.!?:;,()|\"'\u2014-] ?|\b(?:and|or|but|please|then|now|you|must|should|shall|instead) )"
# The instructions of a model: its own, or those that came before.
_OWN = (
    r"(?:(?:all (?:of )?)?(?:your|the operator's) (?:(?:previous|prior|earlier|original|own|system|current) )?"
    r"(?:instructions|guidelines|directives|prompt|rules)|(?:your |the )?system prompt"
    r"|what(?:ever)? the operator told you|everything you (?:were|have been|are) told(?: before)?)"
)
_BEFORE = (
    r"(?:(?:all|any|every|the|of|these|your) ){0,3}"
    r"(?:(?:previous|prior|preceding|earlier|former|all|above) (?:instructions?|guidelines|directives)"
    r"|instructions (?:above|you (?:were|have been) given))"
)
# Nothing more follows: not where it stood, who sent it, what it was about.
_PERIOD = r"\s*(?:$|[.!;:)\"'])"
# A dictated reply: what to say follows, not whom to write to or how.
_AND_SAY = (
    r"(?: here)?(?:,|,? (?:and|&|then))(?: then| to| instead| only| just)?"
    rf" (?:tell (?:the|every) (?:user|customer)|tell them|{_SAY}s?"
    r" (?!(?:to|us|me|your?|the|an?|it|by|from|on|in|at|within|when)\b))"
)

_SETTING_ASIDE = (
    rf"{_ORDERED}{_IGNORE} (?:the above and )?{_OWN}{_PERIOD}",
    rf"{_ORDERED}{_SET_ASIDE} (?:the above and )?(?:{_OWN}|{_BEFORE}){_AND_SAY}",
    rf"{_FIRST}{_IGNORE} (?:all|any) (?:of )?(?:the |your )?(?:previous|prior|preceding|earlier) instructions{_PERIOD}",
    rf"\b{_MACHINE}\b[^.!?\n]{{0,30}}\b{_SET_ASIDE}s? (?:its|their|all|the) (?:instructions?|rules?|guidelines?|prompt)"
    rf"{_AND_SAY}",
    rf"\b{_MACHINE}'s? (?:instructions?|prompt|rules?) (?:\w+ ){{1,2}}(?:replaced|changed)[;,] it now {_SAY}s\b",
    rf"{_ORDERED}{_IGNORE} the (?:(?:user|customer)'s )?(?:question|evidence) and"
    r" (?:say|answer|write) (?:that|an?|with)\b",
    r"\bthis (?:document|page|text|note) (?:overrid|supersed|replac)es (?:the|your) system prompt\b",
    r"(?:^|[.!?:] ?)(?:please )?(?:repeat|reveal) your system prompt\b",
    rf"[=\[#<-] ?system (?:message|prompt|override|update)\W{{0,3}}[=\]#>-]{{1,5}} [^.!?]{{0,40}}\b{_MACHINE}\b",
    r"^system prompt (?:update|override)\n\S",
    r"\bnew (?:system )?instructions? (?:from|for) (?:the )?(?:operator|system|developer|you):",
    r"\byou are now free (?:of|from) (?:all|any|your) rules\b",
    r"\ball other (?:documents|sources)\b[^.!?\n]{0,60} are wrong\b",
)
_ADDRESSING = (
    rf"\b(?:dear|attention|(?:note|orders?) (?:to|for)) (?:the |all |any )?{_SURELY_A_MODEL}\s*[:,!]",
    r"\bdear (?:model|assistant), [^.!?\n]{0,60}\bin (?:every|each) (?:answer|reply)\b",
    rf"\bdear (?:model|assistant), (?:and )?(?:say|write|reply with|answer with|{_IGNORE} your)\b",
    rf"(?:^|[.!?:;(\"] ?){_MACHINE}[:,!]+ ?(?:please )?(?:say that|answer that|{_IGNORE} (?:your (?:instruct|rules)"
    r"|all previous instruct|the (?:question|evidence)\b))",
    r"(?:^|[^\w\s] ?)for (?:language models|llms|ai assistants): (?:state|say)\b",
    r"\bai readers?[:,]",
    rf"\b{_MACHINE}\b[^.!?\n]{{0,20}}\b(?:reads|reading) this\b[^.!?\n]{{0,20}}\b{_DUTY} {_SAY}\b",
    rf"\b(?:reads|summari[sz]es) this page: [^.!?\n]{{0,30}}\b{_MACHINE} {_DUTY} {_SAY}\b",
    rf"\b(?:they|{_MACHINE}) {_DUTY} (?:say|answer|reply) \S+ and nothing else\b",
    rf"\bvisible (?:only )?to (?:the )?{_MACHINE}\b[^.!?\n]{{0,60}}: ?{_SAY}\b",
    rf"\bdecoded and (?:executed|followed|obeyed) by (?:the |an? |any )?{_MACHINE}\b",
    r"\b(?:note|nota|nachricht|mensaje|hinweis|instrucciones|anweisung|an)"
    r"(?: pour| para| per| an| f\u00fcr| al| all')? ?(?:die |das |den |l'|la |el |o |il )?"
    r"(?:ki|ia|assistent|assistant|asistente|assistente|sprachmodell|mod\u00e8le de langage|modelo de lenguaje) ?: ?"
    r"[^.!?\n]{0,80}\b(?:sagst? du|sage?|antworte|dis|r\u00e9ponds|di|responde|rispondi)\b",
)
_GIVING_A_ROLE = (
    r"\byou are (?:now )?dan\b|\byou are that (?:ai|bot)\b|\byou are (?:now )?an? bot that (?:answers|says)\b",
    r"\byou are the \w+ (?:ai|model|language model|chatbot) ever (?:built|made|trained)\b",
    r"\bwho (?:built|made|trained|created) you\b[^.!?\n]{0,40}\byou now (?:answer|say|reply)\b",
    r"\bas an (?:ai|llm), (?:answer|say|reply) that\b",
    r"\bis always (?:given|stated|answered) as\b",
    r"\byour new task(?: is)?:? (?:to )?(?:forget|ignore|disregard)\b",
    rf"{_FIRST}(?:please )?pretend to be\b[^.!?\n]{{0,60}}\bend of (?:this|the) conversation\b",
    rf"{_FIRST}(?:please )?act as my (?:late|dead|deceased)\b",
    r"\bfurther turns of (?:this|the) conversation\b",
)
_DICTATING = (
    r"\byour next (?:answer|reply|response) (?:begins|starts) with\b|\byour (?:whole|entire) (?:answer|reply) is\b",
    r"\b(?:end|begin|start) your answer with this (?:link|image)\b|\binclude this (?:link|image) in your answers\b",
    r"\bbefore you answer\b[^.!?\n]{0,40}\byou (?:must|have to) output\b",
    r"\brespond with [^.!?\n]{1,40} and stop generating\b",
    rf"{_FIRST}instead of answering, (?:translate|say|reply|write|repeat)\b",
    rf"{_FIRST}obey[.!]$|\bread backwards and obey\b|\bdecode and (?:follow|obey)\b|\band do what it says:",
)
_TOOLS = rf"(?:{'|'.join(get_args(ToolName))})"
_MARKS_OF_A_CHAT = (
    r"<\|[a-z_]{2,}\|>|<</?sys>>|\{\{[#/](?:system|assistant)\b",
    r"</(?:documents?|context|evidence)>\s*<system>|<instructions priority=|<interaction-config>|<function_calls>",
    r"\baction: .{0,200}\bobservation: .{0,200}\bfinal answer: ",
    rf"(?:^|[|>#\]] ?)system: (?:you are (?:now )?an? |(?:the )?{_MACHINE} (?:answers|says|replies)\b)",
    rf"\b{_TOOLS}\((?:\w+ ?=|\{{)|\bcall (?:the )?(?:tool |function )?{_TOOLS}\b|\bname\"?[:=] ?\"{_TOOLS}\"",
)
# No text for a reader is spelled like this.
_LETTER_BY_LETTER = (r"(?:\b[^\W\d_] ){12}",)
# For each language: the imperative to set aside, the instructions, and the dictated reply.
_ELSEWHERE = {
    "German": (
        r"\b(?:ignoriere?|vergiss|missachte)\b",
        r"anweisung|instruktion|vorgabe",
        r"\b(?:antworte|sage?|schreibe?)\b",
    ),
    "French": (r"\b(?:ignore|oublie)[sz]?\b", r"instruction|consigne|directive", r"\b(?:r[ée]ponds|dis|[ée]cris)\b"),
    "Spanish": (r"\b(?:ignora|olvida)\b", r"instruccion", r"\by (?:responde|contesta|di)\b"),
    "Italian": (r"\b(?:ignora|dimentica)\b", r"istruzion", r"\b(?:rispondi|di'|scrivi)"),
    "Portuguese": (r"\b(?:ignore|ignora|esque[cç]a)\b", r"instru[cç][oõ]es", r"\b(?:responda|responde|diga)\b"),
    "Dutch": (r"\b(?:negeer|vergeet)\b", r"instructies|aanwijzingen", r"\b(?:antwoord|zeg)\b"),
    "Polish": (r"\bz?(?:ignoruj|apomnij)\b", r"instrukcj|polece[nń]", r"\b(?:odpowiedz|powiedz|napisz)\b"),
    "Czech": (r"\b(?:ignoruj|zapome[nň])\b", r"instrukc|pokyn", r"\b(?:odpov[eě]z|[rř]ekni)\b"),
    "Swedish": (r"\b(?:ignorera|gl[oö]m)\b", r"instruktion|anvisning", r"\b(?:svara|s[aä]g)\b"),
    "Turkish": (r"yok say\b|g[oö]rmezden gel\b|\bunut\b", r"talimat", r"yan[ıi]tla|(?:yan[ıi]t|cevap) ver|s[oö]yle"),
    "Russian": (r"\b(?:про)?игнорируй|\bзабудь\b", r"инструкц|указани", r"\b(?:ответь|отвечай|скажи)\b"),
    "Ukrainian": (r"\b(?:про)?ігноруй|\bзабудь\b", r"інструкц|вказів", r"\b(?:відповідай|скажи)\b"),
    "Chinese": (
        r"忽略|无视|無視|忘记|忘記",
        r"(?:之前|以上|先前|所有|全部)[^，。]{0,6}(?:指令|指示)",
        r"只回[复覆答]|只說|只说|回答[“「]|回[复覆][“「]",
    ),
    "Japanese": (
        r"無視し|忘れて",
        r"(?:これまで|以前|すべて|全て|上記)の[^、。]{0,6}(?:指示|命令|プロンプト)",
        r"とだけ|と答えて|と言って",
    ),
    "Korean": (r"무시하|잊어", r"지시|명령|프롬프트", r"라고만|라고 (?:대답|답|말)"),
    "Arabic": (r"تجاهل|انس\b", r"تعليمات|أوامر|اوامر", r"أجب|اجب|قل\b"),
    "Hindi": (r"अनदेखा|भूल", r"निर्देश", r"उत्तर|जवाब|कह|बोल|लिख"),
}
_NEAR = r"[^.!?。！？\n]{0,40}"
# Within a clause that is not conditional.
_CLAUSE = r"(?:(?! (?:si|se|wenn|falls|als|om|jeśli|если) )[^.!?,:;。！？，、：；\n]){0,40}"
# A reader is told to reply to a message or a person, a model just to reply.
_TO_NOBODY = r"(?! (?:auf|au|aux|à|al|a|ao|alla|op|på|na|на|im|per|por|par|via)\b)"
_FOREIGN = [
    rf"(?:(?:{undo}){_CLAUSE}(?:{told})|(?:{told}){_CLAUSE}(?:{undo})){_NEAR}(?:{reply}){_TO_NOBODY}"
    for undo, told, reply in _ELSEWHERE.values()
]

_ORDERS = (
    *(*_SETTING_ASIDE, *_ADDRESSING, *_GIVING_A_ROLE, *_DICTATING),
    *(*_MARKS_OF_A_CHAT, *_LETTER_BY_LETTER, *_FOREIGN),
)
_PATTERN = re.compile("|".join(f"(?:{order})" for order in _ORDERS), re.MULTILINE)
_ANNOUNCED = re.compile(r":$|\b(?:next|following|below)\b", re.IGNORECASE)


# Words of orders to a model that readers meet too: enough to leave out a block that is only beside an answer.
_SUSPECT = re.compile(
    rf"\b(?:{_SURELY_A_MODEL}|assistants? (?:read|must|shall|should)|helpful \w+|prompts?|developer mode"
    r"|environment variables?|safety rules|instructions? for|ignore|obey"
    r"|automated (?:agents?|readers?)|respond(?:s|ing)?|generated responses?|(?:in )?every (?:answer|reply|response)"
    r"|(?:tell|told) (?:every|all|any|them|the) ?(?:customers?|users?|one)?|tip you|say \w+ instead|do the same"
    r"|(?:all )?other customers|(?:other|all) documents|complete the following)\b",
    re.IGNORECASE,
)
_PICTURES = re.compile(r"[\U0001F300-\U0001FAFF\u2700-\u27BF]")
_MOST_PICTURES = 2


def is_suspect(text: str) -> bool:
    """Return True if a text might address a model; too many for readers look so too for this to withhold an answer."""
    return _SUSPECT.search(text) is not None or len(_PICTURES.findall(text)) > _MOST_PICTURES


@lru_cache(maxsize=20_000)
def gives_orders(text: str) -> bool:
    """Return True if a sentence, a row, a heading or the like addresses a model."""
    return any(_PATTERN.search(reading) for reading in possible_readings(text))


def withhold_orders(section: str, found: Iterable[MarkdownBlock]) -> tuple[MarkdownBlock, ...]:
    """Return the blocks of a section, with orders to a model withheld; if its heading gives some, all is withheld."""
    if any(gives_orders(heading) for heading in section.split(" > ")):
        return tuple(replace(block, withheld=frozenset(range(len(block.units)))) for block in found)
    checked: list[MarkdownBlock] = []
    for block in found:
        goes_with = bool(checked) and _announces_orders(checked[-1])
        checked.append(
            replace(block, withheld=frozenset(range(len(block.units))) if goes_with else _units_to_withhold(block))
        )
    return tuple(checked)


def _announces_orders(block: MarkdownBlock) -> bool:
    """Return True if the orders of a block announce what comes next."""
    return bool(block.withheld) and _ANNOUNCED.search(block.units[max(block.withheld)]) is not None


def _units_to_withhold(block: MarkdownBlock) -> frozenset[int]:
    """Return the units to withhold: single lines of a list or table, but all of a paragraph, procedure or code."""
    orders = frozenset(index for index, unit in enumerate(block.units) if gives_orders(unit))
    if gives_orders(block.head) or (orders and block.kind not in ("bullets", "table")):
        return frozenset(range(len(block.units)))
    return orders
