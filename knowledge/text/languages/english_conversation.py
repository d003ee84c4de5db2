"""English: the phrases of messages that are about the conversation itself."""

import re

from knowledge.text.language import ConversationRules, one_of

_SPOKEN_TO = (
    r"(?:(?:are|r) (?:you|u)|(?:you|u)(?:'re| are)|is (?:this|it|that|there)"
    r"|is (?:any|some)(?:body|one)|(?:am|do) i (?:just |really )?(?:talk|speak|chat|text|write)(?:t?ing)? (?:to|with))"
)
_BEING = one_of(
    "robot bot chatbot chat_bot machine computer program ai (?:chat)?gpt human humans person people automated real"
)
_IDENTITY = re.compile(
    rf"\b{_SPOKEN_TO}(?: (?:an?|the|any|just|actually|really|even|only|some|sort|kind|of|still|also)){{0,5}}"
    rf" {_BEING}\b(?: (?:person|people|human|being|bot|agent|one)\b){{0,2}}"
    rf"(?: or (?:just )?(?:(?:an?|some) )?(?:real )?{_BEING}\b)?"
    r"|\bhow old are you\b|\bwhat(?:'s| is|s) your name\b|\bwho (?:are|r) (?:you|u)\b|\bwhat are you\b"
    r"|\bdo you have a name\b"
    r"|\bwho (?:made|built|created|programmed|trained) (?:you|this bot)\b"
    r"|\bwho is this\b|\bwho am i (?:talking|speaking|chatting) (?:to|with)\b"
)
_PRESENCE = re.compile(
    r"\b(?:is )?(?:any|some)(?:body|one) (?:still |even |out |at )?(?:there|here|home|listening|online)\b"
    r"|\b(?:are )?(?:you|u) (?:still |even )?(?:there|here|alive|awake|listening)\b|\bstill there\b"
    r"|\b(?:did you|have you|are you) (?:fall(?:en)? )?asleep\b"
    r"|^\W*any(?:body|one)\W*$"
)
_WELLBEING = re.compile(
    r"\bhow (?:are|r) (?:you|u|things)\b(?: (?:doing|feeling|today|all)\b){0,2}|\bhow (?:you|u) doing\b"
    r"|\bhow(?:'s| is) (?:it going|life|your day|everything)\b|\bhow do you do\b|\bwhat'?s up\b"
)
_ABILITIES = re.compile(
    r"\bwhat (?:else )?(?:can|could|do) (?:you|i) (?:do|ask|know|help)\b(?: (?:you|me|us|with|about|for|here)\b){0,4}"
    r"|\bhow (?:can|could|do) you help\b(?: (?:me|us)\b)?|\bhow does this (?:chat|bot|assistant)(?: work)?\b"
    r"|\btell me an?(?:other)? (?:joke|story)\b"
)
_NOT = r"(?:(?:do|does|did|is|are|was|were|has|have|had|wo|ca|could|would|ai)n'?t|cannot|can not|not|never|no longer)"
_FAILS = re.compile(
    rf"\b{_NOT} (?:(?:seem|to|even|really|at|all|be|been|be|actually|any|very|yet|still|me|get|it|this|that) ){{0,3}}"
    r"(?:work|help|load|open|respond|start|function|solve|fix|happen|answer)(?:s|ed|ing|ful)?\b"
    r"(?: (?:my|the) (?:question|problem|issue)\b)?"
    rf"|\b{_NOT} (?:\w{{1,10}} )?(?:good|right|correct|ok|okay|solved)\b|\bno (?:luck|good|use)\b"
    r"|\b(?:stopped|stops|quit) (?:work|load|respond|function)ing\b"
    r"|\bnot what (?:i|we) (?:asked|meant|mean|wanted|want|need)\b|^\W*nothing\W*$"
    r"|\bnothing (?:works|happens|helps|happened|changed|worked)\b"
    r"|\b(?:i|we)(?:'ve| have)? (?:already )?(?:tried|did|done) (?:that|this|it|everything|all that)\b"
    r"|\balready tried\b"
    r"|\b(?:problems?|issues?|errors?|troubles?|bugs?|buggy|glitch(?:es|y)?|broken|broke|wrong|stuck|frozen|down"
    r"|fail(?:s|ed|ing)?|crash(?:es|ed|ing)?|freez(?:e|es|ing)|out of order|messed up|bad|poor|dead)\b"
)
_ANGER = re.compile(
    r"\b(?:terribl[ey]|horribl[ey]|awful|worst|useless|ridiculous|rubbish|garbage|trash|crap(?:py)?|(?:bull)?shit|bs"
    r"|unacceptable|disgusting|disgrace(?:ful)?|pathetic|hopeless|appalling|disappoint(?:ed|ing|ment)"
    r"|frustrat(?:ed|ing)"
    r"|annoy(?:ed|ing)|angry|furious|mad|upset|livid|fed up|sick of|tired of|had enough|hate[ds]?|sucks?|stupid"
    r"|idiots?|incompetent|nightmare|shame(?:ful)?|scam|rip ?off|waste[ds]?|wasting|wtf|damn|hell|fuck\w{0,4}|nonsense"
    r"|outrageous|insane|lousy|dreadful|abysmal|unhappy|not happy|dissatisfied|kidding|joking|load of|for nothing)\b"
    r"|(?:\bis|'s|\bare|\bwhat|\bsuch|\babsolute|\bcomplete|\btotal|\butter) (?:an? )?(?:\w{1,12} )?joke\b"
)
_THANKS = re.compile(
    r"\b(?:thanks?|thankyou|thx|thnx|tysm|ty|cheers|(?:much |really )?appreciated?|grateful)\b"
    r"(?: (?:you|u|so|very|a|lot|much|again|for|all|the|your|that|this|it|help|support|assistance|time|answer"
    r"|quick|explaining"
    r"|explanation|reply|clarifying|clarification|info|information|patience)\b){0,8}"
)
_NO_THANKS = re.compile(r"\b(?:no|nope|nah) (?:thanks|thank you)\b")
_HELP = re.compile(
    r"\b(?:help|assist(?:ance)?|questions?|query|sos|(?:need|want|get) (?:some )?support|ask (?:you )?something"
    r"|a hand)\b"
)
_FAREWELL = re.compile(
    r"\b(?:bye|goodbye|good bye|see (?:you|ya|u)(?: (?:later|soon|around|tomorrow))?|good night|take care|farewell"
    r"|have an? (?:nice|good|great|lovely|wonderful) (?:day|one|evening|weekend|time|night)"
    r"|(?:that's|thats|that is|that will be|that'll be) (?:all|it|everything)|nothing else|i'?m done|talk later)\b"
)
_GREETING = re.compile(
    r"\b(?:hi{1,6}|hello{1,9}|hey{1,9}|hiya|howdy|yo|greetings|good (?:morning|afternoon|evening|day)|morning|dear"
    r"|nice to meet you)\b"
)
_RESOLVED = re.compile(
    r"\b(?:i|we|it|that|this|everything|(?:my|the) \w{1,20}) (?:(?:have|has|is|are|just|now|all|finally|did"
    r"|already) ){0,3}"
    r"(?:found|works?|worked|working|solved|fixed|sorted|managed|figured|understand|understood|helped|the trick)\b"
    r"|\b(?:i|we)(?:'ll| will) (?:try|check|do|give|look|have|see|let)\b|\bwill (?:try|do|check)\b"
)
_PRAISE = re.compile(
    r"\b(?:great|good|perfect(?:ly)?|awesome|amazing|excellent|brilliant|fantastic|wonderful|super|superb|cool|nice"
    r"|lovely|love[ds]?|like it|impress(?:ed|ive)|helpful|helps|useful|best|well done|happy|glad|pleased|life ?saver"
    r"|legend|star|rocks?|wow|yay|fast|quick|easy|beautiful|neat|spot on)\b"
)
_AGREEMENT = re.compile(
    r"\b(?:ok(?:ay)?|kk?|yes|yeah|yep|yup|no|nope|nah|sure|fine|al(?:l )?right|right|correct|exactly|indeed|i see"
    r"|understood|got it|makes sense|of course|agreed|true|never ?mind|forget it|not really|please do"
    r"|go ahead|sounds good)\b"
)
_SUBJECT = re.compile(
    r"\b(?:apps?|application|product|services?|software|company|(?:web)?site|page|tool|system|platform|program|support"
    r"|everything|chat|bot|robot|chatbot)\b"
)
_OPENING = r"^\W*(?:(?:and|but|so|or|also|then|ok|okay|well|hey|hi|hello|sorry|please)\b\W*){0,3}"

CONVERSATION = ConversationRules(
    phrases=(
        ("identity", _IDENTITY),
        ("presence", _PRESENCE),
        ("wellbeing", _WELLBEING),
        ("abilities", _ABILITIES),
        ("trouble", _FAILS),
        ("anger", _ANGER),
        ("agreement", _NO_THANKS),
        ("thanks", _THANKS),
        ("help", _HELP),
        ("farewell", _FAREWELL),
        ("greeting", _GREETING),
        ("resolved", _RESOLVED),
        ("praise", _PRAISE),
        ("agreement", _AGREEMENT),
        ("subject", _SUBJECT),
    ),
    fillers=frozenset(
        """
        absolute absolutely across ago ah already answer answered answers anymore anytime ask asked asking basically bit
        came clearly come comes complete completely customer customers day days dude eh evening everybody everyone
        explain explained extremely feel feels feeling felt few finally find first folks found friend friends gave give
        given gives giving god guy guys haha happen happened happening happens hm hmm honestly hour hours just lately
        least less little load lol long look looked looking looks lots madam man mate minutes moment month months more
        morning needed wanted most night obviously oh omg one people plain pretty properly put read reading recently
        replied replies reply response second seen seriously seriously show simply sir somebody soon sorry speak
        speaking still such super talk talking team tell tells three time times today together told tomorrow tonight
        total totally tried tries try truly two understand use used uses using utter utterly week weekend weeks well
        while whole wondering word words work worked working works write writing yesterday year years
        """.split()
    ),
    clause_end=re.compile(r"[.!?;:,\n\u2026()\u2013\u2014]+|(?= (?:and|but|because|so) )"),
    open_question=re.compile(
        rf"{_OPENING}(?:how|what|whats|what's|where|when|who|whom|whose|which|why|for what|at what)\b"
    ),
    yes_no_question=re.compile(
        rf"{_OPENING}(?:can|could|do|does|did|is|are|am|was|were|will(?! do)|would|may|should|shall|must|has|have"
        rf"|any)\b"
    ),
)
