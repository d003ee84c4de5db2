"""Spanish: its words, abbreviations and stems, and what users say in it. Stop words and phrases have no accents."""

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

_STEMMER = snowballstemmer.stemmer("spanish")

_STOP_WORDS = frozenset(
    """
    a al algo alguien algun alguna algunas algunos ante antes aqui asi aun aunque bajo bien cada como con contra cual
    cuales cualquier cuando cuanta cuantas cuanto cuantos cuyo da de debe debo deben del desde despues donde dos el ella
    ellas ellos en entre era eran es esa esas ese eso esos esta estaba estan estar estas este esto estos estoy favor fue
    fueron ha haber hace hacen hacer hacia hago han has hasta hay he hemos incluso ir la las le les lo los mas me mi mis
    mientras mio muy nada ni ningun ninguna no nos nosotros nuestra nuestras nuestro nuestros o os otra otras otro otros
    para pero poder podemos podria por porque posible puede pueden puedes puedo pues que quien quienes quiere quiero
    quisiera sabe saber se sea segun ser si sido siempre sin sobre sois solo son soy su sus tal tambien tampoco tan
    tanto te tener tenemos tengo tiene tienen todo todos tras tu tus un una unas uno unos usted ustedes va vamos varios
    veces voy y ya yo
    """.split()
)
_TIME = AnswerType(
    re.compile(
        r"\b(?:cu[aá]nto (?:tiempo|tarda|dura)|cu[aá]ndo|cada cu[aá]nto|cu[aá]nt[oa]s (?:d[ií]as|horas|semanas"
        r"|meses))\b",
        re.IGNORECASE,
    ),
    re.compile(
        r"(?<!\d)\d[\d.,]{0,12}\s?(?:segundos?|minutos?|horas?|d[ií]as?|semanas?|mes(?:es)?|a[nñ]os?|days?|hours?"
        r"|minutes?|months?|years?)\b|\b(?:inmediatamente|enseguida)\b",
        re.IGNORECASE,
    ),
)
_MONEY = AnswerType(
    re.compile(r"\b(?:cu[aá]nto (?:cuesta|vale|cobran)|precios?|costos?|costes?|cuesta|tarifas?)\b", re.IGNORECASE),
    re.compile(
        r"(?<!\d)\d[\d.,]{0,12}\s?(?:usd|eur|gbp|%)|[$\u20ac\u00a3]\s*\d|\b(?:gratis|gratuito|free)\b", re.IGNORECASE
    ),
)
_BEING = one_of("robot bot chatbot maquina ordenador computadora programa ia humano humana persona real automatico")
_NOUNS = one_of("persona humano humana agente operador operadora asesor asesora alguien")
_PHRASES: Phrases = (
    (
        "identity",
        re.compile(
            r"\b(?:eres|es usted|esto es|(?:estoy )?habla(?:ndo|o) con)(?: (?:una?|solo|realmente|algun|alguna)){0,3}"
            rf" {_BEING}\b(?: (?:real|humana?)\b)?(?: o (?:con )?(?:una? )?{_BEING}\b)?(?: real\b)?"
            r"|\bcomo (?:te llamas|se llama)\b|\bquien (?:eres|es usted)\b|\bque eres\b"
        ),
    ),
    (
        "presence",
        re.compile(r"\b(?:hay )?alguien (?:ahi|aqui)\b|\b(?:sigues|sigue|estas) (?:ahi|aqui)\b|\bhay alguien\b"),
    ),
    ("wellbeing", re.compile(r"\b(?:como|que) (?:estas|esta|tal|te va|va todo)\b(?: (?:usted|hoy|todo)\b){0,2}")),
    (
        "abilities",
        re.compile(
            r"\bque (?:puedes|puede|sabes) hacer\b(?: por mi\b)?|\b(?:que|en que) (?:me )?(?:puedes"
            r"|puedo) (?:ayudar(?:me)?|preguntar(?:te)?)\b"
        ),
    ),
    (
        "trouble",
        re.compile(
            r"\bno (?:me |se |le )?(?:funcionan?|sirve|va|carga|abre|ayuda|ayudo|funciono|anda"
            r"|responde)\b(?: (?:bien|nada)\b)?"
            r"|\bnada funciona\b|\bsigue (?:sin funcionar|igual)\b|\bno (?:ha )?funcionado\b|\bya lo (?:intente"
            r"|probe|hice)\b|\bha fallado\b"
            r"|\b(?:problemas?|errore?s?|error|fallos?|falla|fallas|roto|rota|caido|bloqueado|averia)\b"
        ),
    ),
    (
        "anger",
        re.compile(
            r"\b(?:horrible|terrible|pesim[oa]|peor|inutil|ridiculo|verguenza|vergonzoso|basura|mierda"
            r"|inaceptable|asco|desastre"
            r"|decepcionad[oa]|decepcionante|frustrad[oa]|frustrante|molest[oa]|enfadad[oa]|enojad[oa]"
            r"|furios[oa]|hart[oa]|odio"
            r"|estupid[oa]|idiotas?|incompetentes?|perdida de tiempo|estafa|robo|indignante|broma)\b"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"\b(?:muchas |mil )?gracias\b(?: (?:por|la|tu|su|ayuda|todo|muy|amable)\b){0,4}|\b(?:te|se) lo agradezco\b"
            r"|\bagradecid[oa]\b"
        ),
    ),
    ("help", re.compile(r"\b(?:ayuda|ayudar(?:me)?|ayudame|ayudeme|auxilio|socorro|preguntas?|duda|consulta)\b")),
    (
        "farewell",
        re.compile(
            r"\b(?:adios|hasta (?:luego|pronto|manana|la vista)|chao|nos vemos|buenas noches|buen (?:dia|fin de semana)"
            r"|que tengas? (?:un )?buen dia|eso es todo|nada mas)\b"
        ),
    ),
    ("greeting", re.compile(r"\b(?:hola{1,9}|holi|buenas(?: tardes)?|buenos dias|saludos|estimados|hey|hi)\b")),
    (
        "resolved",
        re.compile(
            r"\b(?:ya )?(?:funciona|funciono|resuelto|solucionado|arreglado|encontre|entiendo|entendi|me ha ayudado"
            r"|me ayudo)\b"
        ),
    ),
    (
        "praise",
        re.compile(
            r"\b(?:genial|perfecto|perfecta|excelente|estupendo|fantastico|maravilloso|increible|buen(?:o|a|isimo)?"
            r"|super|util|encanta|bravo|fenomenal|feliz)\b"
        ),
    ),
    (
        "agreement",
        re.compile(
            r"\b(?:ok(?:ay)?|vale|si|no|claro|de acuerdo|bien|entendido|por supuesto|exacto|correcto|comprendo|ya veo"
            r"|listo)\b"
        ),
    ),
    (
        "subject",
        re.compile(
            r"\b(?:app|aplicacion|producto|servicio|software|empresa|pagina|sitio|web|sistema|programa|soporte)\b"
        ),
    ),
)

SPANISH = Language(
    code="es",
    stop_words=_STOP_WORDS,
    find_stem=_STEMMER.stemWord,
    sentences=SentenceRules(
        abbreviations=frozenset("p.ej ej etc aprox sr sra dr dra ud uds pag".split()),
        abbreviations_of_numbers=frozenset({"núm", "nº"}),
        continuation=re.compile(
            r"(?:a menos que|salvo|excepto|sin embargo|pero|si|est[aeo]s?|es[ao]s?|entonces|despu[eé]s|solo|ambos)\b",
            re.IGNORECASE,
        ),
    ),
    follow_ups=FollowUpRules(
        opening=re.compile(
            r"\W{0,2}(?:y|pero|o|tambi[eé]n|entonces|ok|vale|qu[eé] (?:pasa|hay) (?:con|si)|cu[aá]l)\b", re.IGNORECASE
        ),
        topic_change=re.compile(r"\bqu[eé] (?:pasa|hay) con\b"),
        pointers=frozenset(
            "lo eso esto ese esa este esta esos esas estos estas ello ellos ellas ahi alli ambos mismo "
            "misma le les".split()
        ),
        empty_pronouns=re.compile(r"\b(?:hay|es posible|es necesario|est[aá] permitido)\b"),
        question_words=frozenset(
            "como cuando donde cuanto cuanta cuantos cuantas que quien cual porque tiempo tarda".split()
        ),
        known_thing=re.compile(r"\b(?:el|la|los|las|del|al)\b"),
        statement=re.compile(r"\W{0,3}(?:yo|nosotros|el|la|los|las|mi|mis|nuestr[oa]s?|tengo|tenemos|uso|usamos)\b"),
    ),
    messages=MessageRules(
        joint=re.compile(
            r"(?<=[.?!;:]) |, (?=(?:y|pero|o|tambi[eé]n|adem[aá]s) )| (?=(?:y|pero|adem[aá]s) )", re.IGNORECASE
        ),
        conjunctions=re.compile(r"^[\s,]*+(?:(?:y|tambi[eé]n|pero|o|entonces|adem[aá]s)\s++)++", re.IGNORECASE),
        request=re.compile(
            r"[?¿]|\b(?:c[oó]mo|qu[eé]|d[oó]nde|cu[aá]ndo|cu[aá]nt[oa]s?|qui[eé]n|cu[aá]l|por qu[eé]|puedo|puede"
            r"|pueden|hay|quiero|quisiera|necesito"
            r"|por favor|ayuda|no funciona|error|problema)\b",
            re.IGNORECASE,
        ),
        person=re.compile(
            rf"\b(?:hablar|comunicarme|chatear|contactar|p[aá]s[ae]me|con[eé]ct[ae]me)\b.{{0,25}}\b{_NOUNS}\b"
            rf"|^\W*+(?:una?\s)?(?:{_NOUNS})(?:\s(?:real|por\sfavor)){{0,2}}\W*+$",
            re.IGNORECASE,
        ),
    ),
    answer_types=(_TIME, _MONEY),
    no_claim=re.compile(
        r"\bno\s(?:\w{1,30}\s){0,3}?(?:informaci[oó]n|menciona\w{0,3}|especifica\w{0,3}|contiene\w{0,2}"
        r"|encuentr\w{1,3}|encontr\w{1,4}|s[eé]|sabe)\b",
        re.IGNORECASE,
    ),
    conversation=ConversationRules(
        phrases=_PHRASES,
        fillers=frozenset(
            """
            absolutamente ahora anos ayer cosa cosas dia dias equipo gente hora horas hoy igual mal meses minutos mucho
            mucha muchas muchos nadie nunca poco puedes momento rato realmente semana semanas tiempo totalmente vez
            verdad todavia toda todas manana parece dice dijo necesito probe intente hice cliente clientes absoluta
            """.split()
        ),
        clause_end=re.compile(r"[.!?;:,\n\u2026()\u2013\u2014\u00bf\u00a1]+|(?= (?:y|pero|porque) )"),
        open_question=re.compile(
            r"^\W*(?:(?:y|pero|entonces|ok|vale|hola)\b\W*){0,3}(?:a |de |en |por |para |con )?(?:como|que|donde"
            r"|cuando|cuant[oa]s?|quien(?:es)?|cual(?:es)?)\b"
        ),
        yes_no_question=re.compile(
            r"^\W*(?:(?:y|pero|entonces|ok|vale|hola)\b\W*){0,3}(?:puedo|puede|pueden|puedes|es|son|esta|estan|hay"
            r"|tiene|tienen|debo|se puede)\b"
        ),
    ),
    letters="ñ¿¡áíóú",
)
