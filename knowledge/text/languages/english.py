"""English: its words, abbreviations and stems, and the patterns of what users and documents say in it."""

import re

import snowballstemmer

from knowledge.text.language import (
    AnswerType,
    Equivalents,
    FollowUpRules,
    Language,
    MessageRules,
    ParaphraseRules,
    SentenceRules,
)
from knowledge.text.languages.english_conversation import CONVERSATION

_STEMMER = snowballstemmer.stemmer("porter")

_STOP_WORDS = frozenset(
    """
    a about actually after again all also am an and another any anyone anything are as at be because been before
    being but by can cannot cant could did do does doesn't doing don't done dont else even ever for from get
    gets getting go goes going gonna got had has have having hello help her here hers hey hi him his how however
    i i'd i'll i'm i've id if ill im in into is isn't isnt it it's its ive just keep keeps kind know let like
    lot made make makes many may maybe me mean might mine much must my myself need needs no not now of off ok
    okay on once one only or other our ours out over own please pls possible quite rather really right said same
    say says see seem seems she should since so some someone something somewhere still such sure take tell than
    thank thanks that that's thats the their theirs them then there there's these they thing things think this
    those though through to too try trying u under until up ur us use very want wants was wasn't way we we're
    we've well were what what's whats when where whether which while who whom whose why will with without won't
    wont would yes yet you you're your yours
    """.split()
)

_ABBREVIATIONS = frozenset("e.g i.e etc vs approx incl inc ltd st dr mr mrs ms".split())
_CONTINUATION = re.compile(
    r"(?:unless|except|however|but|if|otherwise|note|this|these|that|those|it|they|then|after|only|both|the same)\b",
    re.IGNORECASE,
)

_OPENING = re.compile(
    r"(?:and|but|or|also|so|then|ok|okay|what about|how about|what if|which one|same)\b", re.IGNORECASE
)
_TOPIC_CHANGE = re.compile(r"\b(?:what|how) about\b")
_POINTERS = frozenset(
    "it its it's that this those these they them their there one ones both either neither same".split()
)
# Here the pronouns refer to nothing: "is there a limit", "is it possible to export".
_EMPTY_PRONOUNS = re.compile(
    r"\b(?:is|are|was|were|will|would|could|can|isn't|aren't) there\b|\bthere(?:'s|\s+(?:is|are|was|were|will))\b"
    r"|\b(?:is|was|would|will) it (?:be )?(?:ok|okay|possible|necessary|true|safe|allowed|legal|normal|better|worth)\b"
)
_QUESTION_WORDS = frozenset("how long when where why who which what much many often".split())

# Expects single spaces for all white space.
_JOINT = re.compile(
    r"(?<=[.?!;:]) |, (?=(?:and|but|then|also) )| (?=(?:and|also|plus|but|while|separately) )", re.IGNORECASE
)
_CONJUNCTIONS = re.compile(r"^[\s,]*(?:(?:and|also|plus|but|or|then)\s+)+", re.IGNORECASE)
_OPENERS = (
    "how|what|whats|what's|where|when|who|whom|whose|why|which|wat|hw|can|could|do|does|did|is|are|am|was|were|will|would|"
    "may|should|shall|must|has|have"
)
_REQUEST = re.compile(
    rf"\?|(?:^|[.,;!:]\s+|,\s*|\b(?:and|also|plus|but|or|so|then|hi|hello)\s+)(?:{_OPENERS})\b"
    r"|\b(?:please|pls|plz|tell me|show me|explain|asks?|asked|wants?|(?:'d|would) like|curious|wonder|wondering|need"
    r"|wanna|looking for|how do|how can|how to|what is|where do"
    # Users ask about what does not work by reporting it.
    r"|won't|wont|doesn't|doesnt|isn't|not working|fails|failing|refuses|error|broken|stuck|dead slow|any ?more)\b",
    re.IGNORECASE,
)

_SUBJECTS = (
    r"(?:i|we|you|u|he|she|it|they|there|this|that|these|those|the|an?|any\w{0,5}|some\w{0,5}|my|our|your|his|her|their|its|all"
    r"|each|every\w{0,5}|both|one|people|nobody|no)"
)
_AUXILIARIES = r"(?:can|could|do|does|did|will|would|should|shall|must|may)"
_BE = r"(?:is|are|am|was|were|has|have)"
# A question for its first words, as what begins with "when" is often none: "When I upload a file it fails."
_QUESTION = re.compile(
    r"\W{0,5}(?:(?:hi|hello|hey|so|oh|ok|okay|well|meanwhile|separately|second(?:ly)?|next)[\s,:!.]{1,3}){0,3}"
    rf"(?:(?:how|where|who|whom|whose|why|which|wat|whats|hw|where's|who's|what's|what(?!\s(?:an?|if)\b))\b"
    rf"|when\s(?:{_AUXILIARIES}|{_BE})\b|{_AUXILIARIES}(?:n't|nt)?\s(?!(?:not|be|only|never|like|love|prefer|rather)\b)\w"
    rf"|{_BE}(?:n't|nt)?\s{_SUBJECTS}\b)",
    re.IGNORECASE,
)
# Behind a comma the other question words begin no question: "and it is slow, which is annoying".
_INNER_QUESTION = re.compile(
    rf",\s(?:so\s|then\s)?(?:(?:how|why|what(?!\s(?:an?|if)\b))\b|(?:{_AUXILIARIES}|{_BE})(?:n't|nt)?\s{_SUBJECTS}\b)",
    re.IGNORECASE,
)
_INTRODUCTION = re.compile(r"\W{0,3}(?:i|we|i'm|we're|i've|we've|my|our)\b", re.IGNORECASE)
_WISH = re.compile(
    r"\b(?:(?:want|like|need|love)s?\sto\s(?:know|hear|learn|find\sout)|wonder\w{0,3}|tell\sme|let\sme\sknow|curious"
    r"|explain|(?:asks?|asked)\s\w)",
    re.IGNORECASE,
)

_SOMEONE = (
    r"(?:human|person|representative|operator|(?:real|live|human) (?:agent|person|human)|someone real|somebody real)"
)
_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect me|transfer me|escalate|put me through|hand me over)\b.{0,20}"
    rf"\b(?:{_SOMEONE}|manager|agent|someone|somebody)\b"
    r"|\b(?:want|need|get me|give me|can i have)\s++(?:(?:an?|the|some)\s*+)?"
    rf"{_SOMEONE}\s*+(?:(?:please|now|pls)\s*+)?(?:[.!?]|$)"
    rf"|^\W*+(?:{_SOMEONE}|agent)(?:\s*+(?:please|now|pls))?\W*+$",
    re.IGNORECASE,
)

_FILLERS = frozenset("a an the i we my our is are am be do does".split())
_SPELLINGS = {
    "which": "what",
    "cannot": "can not",
    **{f"{verb}n{mark}t": f"{verb} not" for verb in ("do", "does", "did", "is", "are", "was") for mark in ("'", "")},
    **{f"can{mark}t": "can not" for mark in ("'", "")},
    **{f"won{mark}t": "will not" for mark in ("'", "")},
    **{f"{word}{mark}s": word for word in ("what", "where", "who", "how", "when", "that") for mark in ("'", "")},
}
_FRAMES = (
    (re.compile(r"^(?:(?:hi|hello|hey|please|pls|plz) ){1,3}"), ""),
    (re.compile(r"(?: (?:please|pls|plz|thanks|thank you)){1,3}$"), ""),
    (re.compile(r"^(?:(?:can|could|would) you )?(?:please )?(?:tell|show) me (?=\w)"), ""),
    (re.compile(r"^(?:i|we) (?:want|would like|need) to know (?=\w)"), ""),
    (re.compile(r"^what (?:is )?the (?:best |right |easiest )?way to "), "how "),
    (re.compile(r"\bhow (?:(?:do|does|can|could|would) (?:i|we|you|one)|(?:i|we|you|one) (?:can|could)|to) "), "how "),
)
_CONDITION = re.compile(
    r"(?:for|in|on|with|without|if|when|as|after|before|from|at|during|under|until)\b", re.IGNORECASE
)

# Every quantifier is bounded: documents may hold anything.
_TIME = AnswerType(
    question=re.compile(
        r"\b(?:how (?:long|soon|fast|quick\w*|often|old)|when|how many (?:days|hours|minutes|weeks|months|years)"
        r"|deadline)\b",
        re.IGNORECASE,
    ),
    answer=re.compile(
        r"(?<!\d)\d[\d.,]{0,12}\s?(?:[a-z]{1,15}\s)?"
        r"(?:seconds?|minutes?|min|hours?|h|days?|weeks?|months?|years?)\b|immediately|at once",
        re.IGNORECASE,
    ),
)
_MONEY = AnswerType(
    question=re.compile(
        r"\b(?:how much|cost|costs|price|pricing|expensive|fee|fees|charge\w* for|pay for)\b", re.IGNORECASE
    ),
    answer=re.compile(r"(?<!\d)\d[\d.,]{0,12}\s?(?:usd|eur|gbp|%)|[$\u20ac\u00a3]\s*\d|\bfree\b", re.IGNORECASE),
)
_NUMBER = AnswerType(
    question=re.compile(r"\b(?:how (?:many|large|big|small)|limit|limits|max\w*|minimum|size)\b", re.IGNORECASE),
    answer=re.compile(r"\d"),
)

_BETWEEN = r"(?:\s\S{1,30}){0,4}?\s"
_OPPOSITES = tuple(
    (re.compile(rf"\b(?:{one})\b"), re.compile(rf"\b(?:{other})\b"))
    for one, other in (
        (
            rf"(?:turn|switch)(?:s|ed|ing)?(?:{_BETWEEN})on|enabl\w{{1,4}}|activat\w{{1,4}}|set(?:ting)? up",
            rf"(?:turn|switch)(?:s|ed|ing)?(?:{_BETWEEN})off|disabl\w{{1,4}}|deactivat\w{{1,4}}",
        ),
        (r"add(?:s|ed|ing)?|invit\w{1,4}", r"remov\w{1,4}|delet\w{1,4}"),
        (r"creat(?:e|es|ed|ing)", r"delet\w{1,4}"),
        (r"before|until", r"after|once"),
        (r"with", r"without"),
        (r"upgrad\w{1,4}", r"downgrad\w{1,4}"),
        (r"install\w{0,6}", r"uninstall\w{0,6}"),
        (r"publish\w{0,4}", r"unpublish\w{0,4}"),
        (r"deprecat\w{1,5}", r"undeprecat\w{1,5}"),
        (r"subscrib\w{1,4}", r"unsubscrib\w{1,4}"),
        (r"connect\w{0,4}", r"disconnect\w{0,4}"),
        (r"lock(?:s|ed|ing)?", r"unlock\w{0,4}"),
        (r"allow\w{0,4}|unblock\w{0,4}", r"block(?:s|ed|ing)?|den(?:y|ies|ied)|forbid\w{0,4}"),
        (r"grant\w{0,4}", r"revok\w{1,4}"),
        (r"join\w{0,4}", r"leav(?:e|es|ing)"),
        (r"upload\w{0,4}", r"download\w{0,4}"),
        (r"import\w{0,4}", r"export\w{0,4}"),
        (r"increas\w{1,4}|rais(?:e|es|ed|ing)", r"decreas\w{1,4}|reduc\w{1,4}|lower(?:s|ed|ing)?"),
        (r"(?:sign|log)(?:s|ged|ging|ed|ing)? ?-?in", r"(?:sign|log)(?:s|ged|ging|ed|ing)? ?-?out"),
        (r"public", r"private"),
    )
)

_CALENDAR = frozenset(
    """
    monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september
    october november december
    """.split()
)
_POINTER = re.compile(
    r"(?:(?:\*\*)?(?:note|tip|important)[:*\s]{1,6})?"
    r"(?:(?:(?:for|to)\s[^.:;,]{0,100}|(?:if|once)\s[^.,;]{0,80}),\s)?"
    r"(?:please |also )?(?:see|refer to|read|check out|visit|go to)\b(?: also| our| the)?[^.]{0,160}\.?\s{0,3}\Z"
    r"|(?:still )?have (?:more |any )?questions\?.{0,120}\Z"
    r"|(?:contact|reach) (?:us|our|support)\b[^.]{0,100}\.?\s{0,3}\Z",
    re.IGNORECASE | re.DOTALL,
)

_NO_CLAIM = re.compile(
    r"\b(?:(?:do|does|did) not|(?:do|does|did)n['’]t|cannot|can['’]t|unable to|no|not)\s(?:\w{1,30}\s){0,3}?"
    r"(?:information|details|mention\w*|specif\w*|provided?|providing|contain\w*|know\w*|includes?|including|answers?"
    r"|address\w*|state[sd]?|find|found|available|cover\w*)\b",
    re.IGNORECASE,
)

_EQUIVALENTS = (
    ("log in|login|log on|sign in|signin", "login|log|sign"),
    ("log out|logout|sign out", "logout"),
    ("delete|remove|erase|wipe|get rid", "delete|remove|erase"),
    ("invite|add user|add member|add colleague|add people", "invite|add"),
    ("price|cost|costs|fee|expensive|cheap", "price|pricing|cost|fee"),
    ("cell phone|cellphone|mobile|smartphone|phone", "mobile|phone"),
    ("bill|invoice", "bill|invoice"),
    ("turn on|switch on|enable|activate", "enable|activate"),
    ("turn off|switch off|disable|deactivate", "disable|deactivate"),
    ("cancel|terminate|unsubscribe", "cancel|terminate"),
    ("refund|money back|reimburse", "refund"),
    ("email|e mail|mail", "email|mail"),
    ("app|application", "app|application"),
    ("picture|photo|image", "picture|photo|image"),
    ("laptop|computer|pc", "computer|laptop|pc"),
    ("colleague|coworker|teammate|employee", "member|colleague|teammate|user"),
    ("outage|unavailable", "outage|unavailable|incident"),
    ("buy|purchase", "buy|purchase|order"),
    ("pay|payment", "pay|payment"),
    ("licence|license|seat", "license|licence|seat"),
    ("restore|recover|undelete", "restore|recover"),
    ("2fa|mfa|two factor|two step|multi factor|second factor", "2fa|mfa|two factor|multi factor|two step"),
    ("sso|single sign", "sso|single sign"),
    ("limit|maximum|cap|quota", "limit|maximum|quota"),
    ("discount|reduction|cheaper|coupon", "discount"),
    ("contract|agreement", "contract|agreement"),
    ("gdpr|data protection", "gdpr|data protection"),
    ("student|students|school|university|education", "student|school|university|education|academic"),
    ("charity|charities|nonprofit|non profit|ngo", "charity|charities|nonprofit|non profit"),
    ("organisation|organization", "organisation|organization"),
)


def _find_stem(word: str) -> str:
    """Return the Porter stem: `charging`, `charged` and `charges` become `charg`."""
    return str(_STEMMER.stemWord(word.removesuffix("'s")))


ENGLISH = Language(
    code="en",
    stop_words=_STOP_WORDS,
    find_stem=_find_stem,
    sentences=SentenceRules(
        abbreviations=_ABBREVIATIONS,
        abbreviations_of_numbers=frozenset({"no"}),
        continuation=_CONTINUATION,
    ),
    follow_ups=FollowUpRules(
        opening=_OPENING,
        topic_change=_TOPIC_CHANGE,
        pointers=_POINTERS,
        empty_pronouns=_EMPTY_PRONOUNS,
        question_words=_QUESTION_WORDS,
        known_thing=re.compile(r"\b[Tt]he (?!\w{1,15}est\b|most\b)(?=[a-z])"),
        statement=re.compile(r"\W{0,3}(?:i|we|it|the|my|our|they|he|she)\b"),
    ),
    messages=MessageRules(
        joint=_JOINT,
        conjunctions=_CONJUNCTIONS,
        request=_REQUEST,
        question=_QUESTION,
        inner_question=_INNER_QUESTION,
        wish=_WISH,
        introduction=_INTRODUCTION,
        person=_PERSON,
    ),
    paraphrases=ParaphraseRules(fillers=_FILLERS, spellings=_SPELLINGS, frames=_FRAMES, condition=_CONDITION),
    answer_types=(_TIME, _MONEY, _NUMBER),
    opposites=_OPPOSITES,
    calendar=_CALENDAR,
    pointer=_POINTER,
    no_claim=_NO_CLAIM,
    conversation=CONVERSATION,
    equivalents=tuple(Equivalents(tuple(a.split("|")), tuple(f.split("|"))) for a, f in _EQUIVALENTS),
)
