"""French: its words, abbreviations and stems, and what users say in it. Stop words and phrases have no accents."""

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

_STEMMER = snowballstemmer.stemmer("french")

_STOP_WORDS = frozenset(
    """
    a afin ai aie ainsi alors apres as au aucun aucune aussi autre autres aux avait avant avec avez avoir avons beaucoup
    bien c'est ca car ce cela celle celles celui cependant ces cet cette ceux chaque chez comme comment d'un d'une dans
    de deja depuis des deux dois doit doivent donc dont du elle elles en encore entre es est est-ce et etaient etait
    etant ete etes etre eu eux faire fais fait faut font gens il ils j'ai j'aimerais je jusque l'on la le les leur leurs
    lors lorsque lui ma mais me meme memes mes mieux moi moins mon ne ni nos notre nous n'est n'ai on ont ou oui par
    parce pas pendant peu peut peuvent peux plus plusieurs plutot pour pourquoi pouvez pouvons pourrais pourriez puis
    puisque qu'est qu'il quand que quel quelle quelles quels quelque quelques qui quoi s'il sa sans se sera ses si son
    sommes sont souvent sous suis sur ta te tes toi ton toujours tous tout toute toutes tres trop tu un une va vais vers
    veut veux voici voila voudrais vos votre vous y
    """.split()
)
_TIME = AnswerType(
    re.compile(
        r"\b(?:combien de (?:temps|jours|heures|semaines|mois)|quand|quel d[eé]lai|dans quel d[eé]lai)\b", re.IGNORECASE
    ),
    re.compile(
        r"(?<!\d)\d[\d.,]{0,12}\s?(?:secondes?|minutes?|heures?|jours?|semaines?|mois|ans?|ann[eé]es?|days?|hours?"
        r"|months?|years?)\b|\bimm[eé]diatement\b",
        re.IGNORECASE,
    ),
)
_MONEY = AnswerType(
    re.compile(r"\b(?:combien (?:co[uû]te|[cç]a co[uû]te)|prix|tarifs?|co[uû]ts?|frais|co[uû]te)\b", re.IGNORECASE),
    re.compile(r"(?<!\d)\d[\d.,]{0,12}\s?(?:usd|eur|gbp|%)|[$\u20ac\u00a3]\s*\d|\b(?:gratuit|free)\b", re.IGNORECASE),
)
_BEING = one_of("robot bot chatbot machine ordinateur programme ia humain humaine personne reel reelle automate")
_NOUNS = one_of("personne humain humaine conseiller conseillere agent operateur operatrice quelqu'un")
_PHRASES: Phrases = (
    (
        "identity",
        re.compile(
            r"\b(?:es[ -]tu|etes[ -]vous|tu es|vous etes|c'est|est[ -]ce que (?:tu es|vous etes|c'est"
            r"|je parle a)|je parle (?:a|avec)|parle-je a)"
            rf"(?: (?:une?|la|vraiment|juste|bien|vraie?)){{0,4}} {_BEING}\b(?: (?:humaine?|reelle?"
            rf"|physique)\b)?(?: ou (?:a )?(?:une? )?(?:vraie? )?{_BEING}\b)?"
            r"|\bcomment (?:tu t'appelles|t'appelles[ -]tu|vous appelez[ -]vous)\b|\bqui (?:es[ -]tu|etes[ -]vous)\b"
        ),
    ),
    (
        "presence",
        re.compile(
            r"\b(?:il y a )?quelqu'un\b(?: (?:est )?(?:la|ici)\b)?|\b(?:tu es|vous etes|es[ -]tu"
            r"|etes[ -]vous) (?:toujours |encore )?la\b"
        ),
    ),
    ("wellbeing", re.compile(r"\bcomment (?:ca va|vas[ -]tu|allez[ -]vous|vous allez|tu vas)\b|\bca va\b")),
    (
        "abilities",
        re.compile(
            r"\b(?:que|qu'est-ce que) (?:sais[ -]tu|savez[ -]vous|peux[ -]tu|pouvez[ -]vous|tu peux|tu sais|vous pouvez"
            r"|vous savez) faire\b|\bque puis-je (?:vous |te )?demander\b"
        ),
    ),
    (
        "trouble",
        re.compile(
            r"\b(?:ne |n')?(?:marche|marchent|fonctionne|fonctionnent|charge|ouvre|repond|aide|va"
            r"|resout)(?: (?:toujours|vraiment|plus|rien|m'a)){0,2} (?:pas|plus|rien)\b"
            r"|\bn'a (?:toujours )?pas (?:aide|marche|fonctionne)\b|\bne m'a pas aide\b|\brien ne (?:marche"
            r"|fonctionne|va)\b|\bplus rien\b|\bdeja (?:essaye|fait|tente)\b"
            r"|\b(?:problemes?|erreurs?|bugs?|panne|soucis?|plante|casse|cassee|bloque|bloquee|en panne)\b"
        ),
    ),
    (
        "anger",
        re.compile(
            r"\b(?:horrible|terrible|pire|nul(?:le)?|inutile|ridicule|honte|honteux|merde|inacceptable"
            r"|inadmissible|degueulasse|catastrophe|catastrophique"
            r"|decu(?:e)?|decevant|frustre(?:e)?|frustrant|enerve(?:e)?|enervant|en colere|furieux|furieuse"
            r"|marre|ras[ -]le[ -]bol|deteste|stupide|idiots?"
            r"|incompetents?|perte de temps|arnaque|scandaleux|plaisanterie|blague)\b"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"\b(?:merci|remercie|remerciements)\b(?: (?:beaucoup|bien|a|vous|toi|pour|votre|ton|l'aide|aide|infiniment"
            r"|mille|fois|tout)\b){0,6}|\bgrand merci\b"
        ),
    ),
    ("help", re.compile(r"\b(?:aidez[ -]moi|aide[ -]moi|aider|m'aider|aide|a l'aide|secours|questions?|assistance)\b")),
    (
        "farewell",
        re.compile(
            r"\b(?:au revoir|a (?:bientot|plus(?: tard)?|demain)|salut|bonne (?:journee|soiree|nuit|continuation)"
            r"|bon week[ -]?end|adieu|c'est tout|ce sera tout|rien d'autre)\b"
        ),
    ),
    ("greeting", re.compile(r"\b(?:bonjour|bonsoir|coucou|salut|hello|hey|hi|madame|monsieur|cher|chere|chers)\b")),
    (
        "resolved",
        re.compile(
            r"\b(?:(?:ca|cela|tout|c'est|j'ai) )?(?:marche|fonctionne|resolu|regle|trouve|compris|reussi"
            r"|m'a aide)\b(?: (?:maintenant|enfin|bien)\b){0,2}"
        ),
    ),
    (
        "praise",
        re.compile(
            r"\b(?:super|genial|parfait|excellent|formidable|magnifique|fantastique|top|cool|bravo|bien|utile|j'adore"
            r"|adore|content|contente|ravie?)\b"
        ),
    ),
    (
        "agreement",
        re.compile(
            r"\b(?:ok(?:ay)?|oui|ouais|non|d'accord|bien sur|entendu|compris|exact|tout a fait|je vois|ca marche"
            r"|volontiers|voila)\b"
        ),
    ),
    (
        "subject",
        re.compile(
            r"\b(?:app(?:li(?:cation)?)?|l'application|votre application|produit|service|logiciel|entreprise|page|site"
            r"|systeme|programme|support)\b"
        ),
    ),
)

FRENCH = Language(
    code="fr",
    stop_words=_STOP_WORDS,
    find_stem=_STEMMER.stemWord,
    sentences=SentenceRules(
        abbreviations=frozenset("p.ex ex etc env m mme dr cf av bd".split()),
        abbreviations_of_numbers=frozenset({"n", "no"}),
        continuation=re.compile(
            r"(?:sauf|cependant|mais|si|sinon|ce(?:ci|la|s|tte|t)?|ils?|elles?|alors|ensuite|seulement|les deux)\b",
            re.IGNORECASE,
        ),
    ),
    follow_ups=FollowUpRules(
        opening=re.compile(
            r"(?:et|mais|ou|aussi|alors|donc|ok|d'accord|qu'en est-il|et si|lequel|laquelle)\b", re.IGNORECASE
        ),
        topic_change=re.compile(r"\b(?:qu'en est-il d|et pour)\b"),
        pointers=frozenset(
            "il elle ils elles ca cela ceci ce celui celle ceux celles le la les lui leur y en deux meme".split()
        )
        - frozenset("le la les en ce".split()),
        empty_pronouns=re.compile(
            r"\b(?:il y a|y a-t-il|est-il possible|est-ce possible|il est possible|il faut|faut-il|est-ce qu['e]? ?)"
        ),
        question_words=frozenset("comment quand ou pourquoi qui quel quelle quels quelles combien temps".split()),
        known_thing=re.compile(r"\b(?:le|la|les|du|au)\b|\bl'"),
        statement=re.compile(r"\W{0,3}(?:je|j'|nous|le|la|les|mon|ma|mes|notre|nos|il|elle|on)"),
    ),
    messages=MessageRules(
        joint=re.compile(r"(?<=[.?!;:]) |, (?=(?:et|mais|ou|aussi|puis) )| (?=(?:et|mais|puis) )", re.IGNORECASE),
        conjunctions=re.compile(r"^[\s,]*+(?:(?:et|aussi|mais|ou|puis|alors)\s++)++", re.IGNORECASE),
        request=re.compile(
            r"\?|\b(?:comment|que|quoi|o[uù]|quand|combien|qui|quel(?:le)?s?|pourquoi|puis-je|peut-on|pouvez"
            r"|pourriez|est-ce|y a-t-il|je veux|je voudrais"
            r"|j'aimerais|besoin|s'il (?:vous|te) pla[iî]t|svp|aide|ne marche|ne fonctionne|erreur|probl[eè]me)\b",
            re.IGNORECASE,
        ),
        person=re.compile(
            rf"\b(?:parler|discuter|[eé]changer|contacter|joindre|passez-moi|mettez-moi)\b.{{0,25}}\b{_NOUNS}\b"
            rf"|^\W*+(?:une?\s)?(?:vraie?\s)?(?:{_NOUNS})(?:\s(?:s'il\svous\spla[iî]t|svp|r[eé]elle?))?\W*+$",
            re.IGNORECASE,
        ),
    ),
    answer_types=(_TIME, _MONEY),
    no_claim=re.compile(
        r"\b(?:ne|n')\s?(?:\w{1,30}\s){0,3}?(?:mentionne\w{0,2}|pr[eé]cise\w{0,2}|contien\w{1,4}|trouve|sais"
        r"|sait|connais)\b|\b(?:aucune|pas d['e]\s?)(?:\s?information)s?\b",
        re.IGNORECASE,
    ),
    conversation=ConversationRules(
        phrases=_PHRASES,
        fillers=frozenset(
            """
            absolument aujourd'hui bonne chose choses clients compte demain equipe est-ce grand heure heures hier jour
            jours journee j'en j'y longtemps maintenant mal matin minutes mois moment n'importe nouveau personne petite
            petit quelqu'un rien semaine semaines seulement temps totalement vraiment fois c'etait d'accord besoin j'ai
            l'aide qu'on plait s'il svp jamais dit dire d'aide soir cette votre pouvez m'a
            """.split()
        ),
        clause_end=re.compile(r"[.!?;:,\n\u2026()\u2013\u2014]+|(?= (?:et|mais|parce) )"),
        open_question=re.compile(
            r"^\W*(?:(?:et|mais|alors|ok|bonjour)\b\W*){0,3}(?:a |de |en |pour |avec )?(?:comment|que|qu'est-ce|quoi"
            r"|ou|quand|combien|qui|quel(?:le)?s?|pourquoi)\b"
        ),
        yes_no_question=re.compile(
            r"^\W*(?:(?:et|mais|alors|ok|bonjour)\b\W*){0,3}(?:est-ce|puis-je|peut-on|pouvez|peux|y a-t-il|faut-il"
            r"|dois-je|avez)\b"
        ),
    ),
    letters="çœèêàùîûë",
)
