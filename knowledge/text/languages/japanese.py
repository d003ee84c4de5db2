"""Japanese: what users say in it. It has no spaces, so that phrases are matched anywhere and nothing is stemmed."""

import re

from knowledge.text.language import (
    AnswerType,
    ConversationRules,
    FollowUpRules,
    Language,
    MessageRules,
    Phrases,
    SentenceRules,
)

_STOP_WORDS = frozenset(
    """
    の に は を た が で て と し れ さ ある いる も する から な こと として い や など なっ ない この ため その
    あっ よう また もの という あり まで られ なる へ か だ これ によって により
    おり より による ず なり られる において ば なかっ なく しかし について せ だっ です ます ました ません でした
    ください お願いします どう 何 いつ どこ なぜ どの どうすれば できますか ですか
    """.split()
)
_TIME = AnswerType(
    re.compile(r"いつ|どのくらい|どれくらい|何(?:日|時間|分|週間|か月|ヶ月|年)|期限|期間"),
    re.compile(r"\d\s?(?:秒|分|時間|日|週間?|か月|ヶ月|年|days?|hours?|minutes?|months?|years?)|すぐ"),
)
_MONEY = AnswerType(
    re.compile(r"いくら|料金|値段|価格|費用"),
    re.compile(r"\d[\d.,]{0,12}\s?(?:円|USD|EUR|GBP|%)|[$¥\u20ac\u00a3]\s*\d|無料|free", re.IGNORECASE),
)
_PHRASES: Phrases = (
    (
        "identity",
        re.compile(
            r"(?:あなた|君|そちら|これ)は(?:本物の|ただの)?(?:ロボット|ボット|チャットボット|機械|ai"
            r"|人工知能|人間|人)(?:です|な|なの)?(?:か|の)?|(?:ロボット|ボット|ai"
            r"|人間)(?:です|なの)か|お?名前は(?:何|なん)(?:です|という)?か?|(?:あなた|どちら様)は?(?:誰"
            r"|だれ)(?:です)?か?|(?:人間|人|ロボット)と話し(?:て"
            r"|ています)(?:いる)?の?(?:です)?か?"
        ),
    ),
    ("presence", re.compile(r"もしもし|(?:誰|だれ)か(?:いますか|いませんか|いる)|聞いて(?:い)?ますか|まだいますか")),
    ("wellbeing", re.compile(r"お?元気(?:です)?か?|調子はどう(?:です)?か?")),
    ("abilities", re.compile(r"何が?できます?か?|何ができるの?|何を聞けますか?")),
    (
        "trouble",
        re.compile(
            r"(?:動|開|聞|効|使|つなが|繋が)(?:か|き|け|え|ら|い)(?:ない|ません|なく)(?:でした|です"
            r"|んです)?|動作しま(?:せん|せんでした)|うまくいき?(?:かない|ません)(?:でした)?"
            r"|うまくいかない|できません(?:でした)?|できない|エラー|問題|不具合|壊れ(?:て(?:い)?(?:る"
            r"|ます)|た|ました)?|故障|困って(?:い)?(?:る|ます)|解決し(?:ない"
            r"|ません)(?:でした)?|だめ(?:でした|です)?|ダメ(?:でした|です)?|もう試し(?:た|ました)"
        ),
    ),
    (
        "anger",
        re.compile(
            r"ひどい|最悪|最低|ふざけ(?:るな|ないで)|役に立たない|役立たず|使えない|むかつく|腹が立つ"
            r"|怒って(?:い)?(?:る|ます)|がっかり(?:し(?:た|ました))?|イライラ(?:する|します)?"
            r"|うんざり|時間の無駄|ありえない|詐欺|許せない|バカ|馬鹿"
        ),
    ),
    (
        "thanks",
        re.compile(
            r"(?:どうも|本当に)?ありがとう(?:ございま(?:す|した))?|感謝(?:し(?:ます|ています))?"
            r"|助かり(?:ます|ました)|サンキュー|どうも|お世話(?:に)?なりました"
        ),
    ),
    ("help", re.compile(r"助けて|手伝って|ヘルプ|質問(?:が|です)?(?:あり|ある)?|聞きたいこと|教えて")),
    (
        "farewell",
        re.compile(
            r"さようなら|さよなら|またね|それでは|では(?:また)?|おやすみ(?:なさい)?|失礼し(?:ます"
            r"|ました)|バイバイ|以上です"
        ),
    ),
    (
        "greeting",
        re.compile(
            r"こんにち(?:は|わ)|こんばんは|おはよう(?:ございます)?|はじめまして|やあ|ハロー"
            r"|お世話になっております|すみません"
        ),
    ),
    (
        "resolved",
        re.compile(
            r"(?:解決|理解)し(?:た|ました)|でき(?:た|ました)|動き(?:ます|ました)|わかり(?:ます|ました)"
            r"|見つかりました|直りました"
        ),
    ),
    (
        "praise",
        re.compile(
            r"すばらしい|素晴らしい|最高|すごい|いいね|完璧|よかった|良かった|便利|嬉しい|うれしい|大好き|さすが"
        ),
    ),
    (
        "agreement",
        re.compile(
            r"はい|ええ|うん|いいえ|いや|了解(?:です|しました)?|承知(?:しました)?|分かりました|わかった"
            r"|分かった|なるほど|そうです|大丈夫(?:です)?|結構です|ok"
        ),
    ),
    ("subject", re.compile(r"アプリ|製品|サービス|ソフト(?:ウェア)?|会社|サイト|システム|サポート|ページ")),
    (
        "filler",
        re.compile(
            r"(?:です|ます|でした|ました|ください|お願いします|お願い|私|あなた|これ|それ|あれ|この|その"
            r"|とても|本当|まだ|また|もう|全然|何も|少し|ちょっと|今日|今|が|は|を|に|で|と|も|の|か"
            r"|ね|よ|な|いる|ある|あります|い|る|た|て|し|す|だ|から|けど|って|ん|さん|皆|みなさん|ご|お)"
        ),
    ),
)

JAPANESE = Language(
    code="ja",
    stop_words=_STOP_WORDS,
    find_stem=str,
    sentences=SentenceRules(
        abbreviations=frozenset(),
        abbreviations_of_numbers=frozenset(),
        continuation=re.compile(r"(?:ただし|しかし|それ|これ|この|その|また|そして|次に)"),
    ),
    follow_ups=FollowUpRules(
        opening=re.compile(r"(?:で(?:は|も)|それで|じゃあ|それなら|もし|あと|また|そして)"),
        topic_change=re.compile(r"(?:の場合|については)"),
        pointers=frozenset(("それ", "これ", "その", "この", "そこ", "どれ")),
        empty_pronouns=re.compile(r"それとも|これから"),
        question_words=frozenset(),
        known_thing=re.compile(r"その|この|あの"),
        statement=re.compile(r"私|弊社|うち"),
    ),
    messages=MessageRules(
        joint=re.compile(r"(?<=[。！？]) ?"),
        conjunctions=re.compile(r"^(?:また|そして|あと|それと)、?"),
        request=re.compile(
            r"[?？]|か。?$|ください|教えて|どう|何|いつ|どこ|なぜ|誰|いくら|たい|ほしい|方法|できません|エラー"
        ),
        person=re.compile(
            r"(?:人間|担当者|オペレーター|人|スタッフ)(?:と|に)(?:直接)?(?:話|相談|つな|繋|代わ|替わ|連絡)"
        ),
    ),
    answer_types=(_TIME, _MONEY),
    no_claim=re.compile(
        r"(?:情報|記載|記述|回答)(?:が|は)?(?:あり|見つかり|されてい)ません|わかりません"
        r"|分かりません|見つかりませんでした"
    ),
    conversation=ConversationRules(
        phrases=_PHRASES,
        fillers=frozenset(),
        clause_end=re.compile(r"[.!?;:,\n\u2026()。！？、…〜~]+"),
        open_question=re.compile(r"どう|何|いつ|どこ|なぜ|誰|いくら|どの|どれ|どち"),
        yes_no_question=re.compile(r"か$"),
    ),
)
