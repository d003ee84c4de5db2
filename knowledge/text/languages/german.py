"""German: its words, abbreviations and stems, and what users say in it. Stop words and phrases have no umlauts."""

import re

import snowballstemmer

from knowledge.text.language import (
    AnswerType,
    ConversationRules,
    FollowUpRules,
    Language,
    MessageRules,
    Phrases,
    SentenceRules,
    one_of,
)

_STEMMER = snowballstemmer.stemmer("german")

_STOP_WORDS = frozenset(
    """
    aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei beim bereits bevor bin bis
    bist bitte da dabei dafur daher damit dann daran darauf das dass dein deine deinem deinen dem den denn der des
    deshalb die dies diese diesem diesen dieser dieses doch dort du durch ein eine einem einen einer eines einfach er es
    etwa etwas euch euer eure fur gegen gehen geht gern gerne gibt hab habe haben hat hatte hatten hier hinter ich ihm
    ihn ihnen ihr ihre ihrem ihren im immer in ins ist ja jede jeden jeder jedes jemand jetzt kann kannst kein keine
    keinen konnen konnt konnte konnten leider lasst lassen machen macht man mal mehr mein meine meinem meinen meiner
    mich mir mit mochte mochten muss mussen nach nachdem nein nicht nichts noch nun nur ob oder ohne schon sehr seid
    sein seine seit sich sie sind so sobald soll sollen sollte sondern sonst uber um und uns unser unsere unserem
    unseren unter vom von vor wann war warum was weil welche welchem welchen welcher welches wenn wer werde werden
    wessen weshalb wie wieder wieso wieviel will wir wird wo wobei wodurch wofur woher wohin wollen womit worin wurde
    wurden zu zum zur zwar zwischen
    """.split()
)
_TIME = AnswerType(
    re.compile(
        r"\b(?:wie (?:lange|bald|schnell|oft|alt)|wann|wie viele (?:tage|stunden|wochen|monate))\b", re.IGNORECASE
    ),
    re.compile(
        r"(?<!\d)\d[\d.,]{0,12}\s?(?:sekunden?|minuten?|stunden?|tage?n?|wochen?|monate?n?|jahre?n?|days?|hours?"
        r"|minutes?|months?|years?)\b|\bsofort\b",
        re.IGNORECASE,
    ),
)
_MONEY = AnswerType(
    re.compile(r"\b(?:wie ?viel kostet|was kostet|kosten|kostet|preise?|gebuhr(?:en)?|teuer)\b", re.IGNORECASE),
    re.compile(
        r"(?<!\d)\d[\d.,]{0,12}\s?(?:usd|eur|gbp|%)|[$\u20ac\u00a3]\s*\d|\b(?:kostenlos|gratis|free)\b", re.IGNORECASE
    ),
)
_BEING = one_of("roboter bot chatbot maschine computer programm ki mensch menschen menschlich person echt automat")
_NOUNS = one_of("menschen person mitarbeiter mitarbeiterin berater beraterin ansprechpartner kollegen")
_PHRASES: Phrases = (
    (
        "identity",
        re.compile(
            r"\b(?:bist du|sind sie|ist (?:das|hier|da)|(?:rede|spreche|schreibe|chatte) ich(?: (?:hier|gerade"
            r"|jetzt)){0,2} mit)"
            rf"(?: (?:ein(?:e[mnr]?)?|denn|eigentlich|nur|echte?[nr]?|wirklich|oder)){{0,4}} {_BEING}\b"
            rf"(?: oder (?:ein(?:e[mnr]?)? )?(?:echte?[nr]? )?{_BEING}\b)?"
            r"|\bwie hei(?:ss|ß)(?:t du|en sie)\b|\bwer (?:bist du|sind sie)\b|\bwas bist du\b"
        ),
    ),
    (
        "presence",
        re.compile(r"\b(?:ist|noch) (?:da )?jemand (?:da|hier)\b|\b(?:bist du|sind sie) (?:noch )?da\b|\bjemand da\b"),
    ),
    (
        "wellbeing",
        re.compile(r"\bwie geht(?:'?s| es)\b(?: (?:dir|ihnen|euch|heute)\b){0,2}|\balles klar bei (?:dir|euch)\b"),
    ),
    (
        "abilities",
        re.compile(
            r"\bwas (?:kannst du|konnen sie|kann ich)\b(?: (?:alles|so|tun|machen|fragen|dich|sie|hier)\b){0,4}"
        ),
    ),
    (
        "trouble",
        re.compile(
            r"\b(?:funktionier(?:t|en)|geh(?:t|en)|klapp(?:t|en)|lad(?:t)?|hilft|half|tut)"
            r"(?: (?:es|das|bei|mir|hier|leider|immer|noch|einfach|uberhaupt|gar|auch|ja"
            r"|so)){0,5} nicht\b(?: (?:mehr|weiter)\b)?"
            r"|\bnicht (?:geholfen|funktioniert|geklappt|richtig|gut|gelost)\b|\bgeht nichts\b|\bnichts (?:geht"
            r"|funktioniert)\b"
            r"|\b(?:problem(?:e|en)?|fehler(?:meldung)?|storung(?:en)?|kaputt|defekt|falsch|abgesturzt|sturzt ab"
            r"|hangt)\b"
            r"|\bschon (?:probiert|versucht|gemacht)\b"
        ),
    ),
    (
        "anger",
        re.compile(
            r"\b(?:furchtbar|schrecklich|schlimm(?:ste[rn]?)?|nutzlos|lacherlich|frechheit|unverschamt(?:heit)?"
            r"|mist|schei(?:ss|ß)e?"
            r"|inakzeptabel|katastrophe|katastrophal|enttausch(?:t|end|ung)|frustrier(?:t|end)|argerlich"
            r"|verargert|wutend|sauer"
            r"|genervt|nervt|satt|hasse|dumm|idioten?|unfahig|zeitverschwendung|zumutung|unmoglich|witz|abzocke"
            r"|betrug)\b"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"\b(?:danke(?:schon)?|dank|merci)\b(?: (?:dir|ihnen|euch|schon|sehr|vielmals|fur|die|schnelle|deine|ihre"
            r"|hilfe)\b){0,6}|\bvielen\b"
        ),
    ),
    ("help", re.compile(r"\b(?:hilfe|helfen|helft|hilf|unterstutzung|frage[n]?)\b")),
    (
        "farewell",
        re.compile(
            r"\b(?:tschuss|tschau|ciao|auf wiedersehen|wiedersehen|bis (?:dann|bald|spater|morgen)|gute nacht"
            r"|mach'?s gut"
            r"|(?:schonen|guten) (?:tag|abend) noch|schones wochenende|das war'?s|das ware alles|das ist alles)\b"
        ),
    ),
    (
        "greeting",
        re.compile(
            r"\b(?:hallo|hi|hey|moin(?: moin)?|servus|gruss (?:gott|dich)|gru(?:ss|ß)(?: gott)?|guten (?:tag|morgen"
            r"|abend)|morgen|liebes team)\b"
        ),
    ),
    (
        "resolved",
        re.compile(
            r"\b(?:funktioniert|geht|klappt|gelost|gefunden|verstanden|geschafft|geholfen)\b(?: (?:jetzt|wieder"
            r"|nun)\b){0,2}"
        ),
    ),
    (
        "praise",
        re.compile(
            r"\b(?:super|toll|prima|perfekt|klasse|grossartig|wunderbar|ausgezeichnet|hervorragend|genial|spitze|gut"
            r"|liebe|hilfreich|freut)\b"
        ),
    ),
    (
        "agreement",
        re.compile(
            r"\b(?:ok(?:ay)?|ja|jep|nein|nee|klar|in ordnung|alles klar|einverstanden|genau|stimmt|verstehe|gerne"
            r"|passt)\b"
        ),
    ),
    (
        "subject",
        re.compile(
            r"\b(?:apps?|anwendung|produkt|dienst|service|software|firma|(?:web)?seite|system|programm|support)\b"
        ),
    ),
)

GERMAN = Language(
    code="de",
    stop_words=_STOP_WORDS,
    find_stem=_STEMMER.stemWord,
    sentences=SentenceRules(
        abbreviations=frozenset("z.b bzw usw d.h u.a ca evtl ggf inkl vgl dr str".split()),
        abbreviations_of_numbers=frozenset({"nr"}),
        continuation=re.compile(
            r"(?:es sei denn|au(?:ß|ss)er|jedoch|aber|wenn|falls|sonst|dies\w{0,2}|das|es|sie|dann|danach|nur"
            r"|beide)\b",
            re.IGNORECASE,
        ),
    ),
    follow_ups=FollowUpRules(
        opening=re.compile(
            r"(?:und|aber|oder|auch|also|dann|ok|okay|was ist mit|wie ist es mit|was wenn|welche[rs]?)\b", re.IGNORECASE
        ),
        topic_change=re.compile(r"\b(?:was ist|wie ist es|und wie sieht es) mit\b"),
        pointers=frozenset(
            "es das dies diese dieser dieses diesen sie ihn ihm dort davon daran darauf damit dafur "
            "beide welche".split()
        ),
        empty_pronouns=re.compile(r"\bgibt es\b|\b(?:ist|ware) es (?:moglich|erlaubt|notig|sicher)\b|\bdass\b"),
        question_words=frozenset("wie lange wann wo warum wer welche was viel viele oft".split()),
        known_thing=re.compile(r"\b(?:der|die|das|den|dem|des)\b"),
        statement=re.compile(r"\W{0,3}(?:ich|wir|es|der|die|das|mein|meine|unser|unsere|er|sie)\b"),
    ),
    messages=MessageRules(
        joint=re.compile(
            r"(?<=[.?!;:]) |, (?=(?:und|aber|oder|dann|au(?:ß|ss)erdem) )| (?=(?:und|au(?:ß|ss)erdem|aber|sowie) )",
            re.IGNORECASE,
        ),
        conjunctions=re.compile(r"^[\s,]*+(?:(?:und|auch|aber|oder|dann|au(?:ß|ss)erdem)\s++)++", re.IGNORECASE),
        request=re.compile(
            r"\?|\b(?:wie|was|wo|wann|warum|wieso|wer|welche[rsnm]?|kann|kannst|k(?:ö|o|oe)nnen|gibt es|bitte"
            r"|m(?:ö|o|oe)chte|brauche|will"
            r"|hilfe|geht nicht|funktioniert|fehler|problem)\b",
            re.IGNORECASE,
        ),
        person=re.compile(
            rf"\b(?:mit|zu|an)\s(?:\w{{1,12}}\s){{0,3}}?(?:echten\s)?{_NOUNS}\s(?:\w{{1,12}}\s){{0,2}}?(?:reden"
            rf"|sprechen|chatten|verbinden|weiterleiten|telefonieren)\b"
            rf"|\b(?:sprechen|reden|verbinde[nt]?)\b.{{0,30}}\b{_NOUNS}\b"
            rf"|^\W*+(?:ein(?:en)?\s)?(?:{_NOUNS})(?:\sbitte)?\W*+$",
            re.IGNORECASE,
        ),
    ),
    answer_types=(_TIME, _MONEY),
    no_claim=re.compile(
        r"\b(?:nicht|keine?n?|nichts)\s(?:\w{1,30}\s){0,3}?(?:informationen?|angaben|erw(?:ä|ae?)hnt|enthalten"
        r"|gefunden|bekannt|beantworten)\b"
        r"|\bwei(?:ß|ss)\s(?:\w{1,20}\s)?nicht\b",
        re.IGNORECASE,
    ),
    conversation=ConversationRules(
        phrases=_PHRASES,
        fillers=frozenset(
            """
            absolut ach ah allerseits danach dinge echt eigentlich ewig heute gerade ganze ganzen gestern gesagt
            irgendwie irgendwas kunden kurz kurze lang lange langem letzten leute minuten monat monate neu noch
            ordentlich richtig sache sagen schade schlecht schnell schnelle schnellen sofort stunden tag tage tagen
            total uberhaupt vielleicht viele viel vollig wirklich woche wochen zeit ziemlich zusammen moment mensch team
            euer eurer sagt brauche braucht hatt wohl ne
            """.split()
        ),
        clause_end=re.compile(r"[.!?;:,\n\u2026()\u2013\u2014]+|(?= (?:und|aber|weil) )"),
        open_question=re.compile(
            r"^\W*(?:(?:und|aber|also|ok|ja|hallo)\b\W*){0,3}(?:wie|was|wo|wann|wer|wen|wem|warum|wieso|weshalb"
            r"|welche[rsnm]?|wof\w{2,3}|woher|wohin|womit)\b"
        ),
        yes_no_question=re.compile(
            r"^\W*(?:(?:und|aber|also|ok|ja|hallo)\b\W*){0,3}(?:kann|kannst|konnen|konnt|ist|sind|bist|gibt|gilt|hat"
            r"|haben|habt|darf|soll|muss|wird|werden|geht)\b"
        ),
    ),
    letters="äöüß",
)
