"""The desk's sentences in French."""

from agents.conversation.wording import DeskWording

FRENCH_WORDING = DeskWording(
    greeting="Bonjour ! Comment puis-je vous aider ?",
    subjects="Posez-moi vos questions sur : {subjects}.",
    presence="Oui, je suis là. Que souhaitez-vous savoir ?",
    thanks="Je vous en prie. Puis-je vous aider pour autre chose ?",
    farewell="Merci de nous avoir écrit. Au revoir !",
    praise="J'en suis ravi. Puis-je vous aider pour autre chose ?",
    agreement="D'accord. Écrivez-moi si vous avez une autre question.",
    wellbeing="Je vais bien, merci. Comment puis-je vous aider ?",
    identity="Je suis un assistant automatique. Je réponds à partir de nos articles d'aide et j'indique mes "
    "sources. Si "
    "vous préférez parler à une personne, dites-le-moi.",
    help="Bien sûr. De quoi avez-vous besoin ?",
    sorry="J'en suis désolé.",
    acknowledgement="Je suis désolé pour ce désagrément.",
    ask_back="Que se passe-t-il quand vous essayez ? Par exemple, sur quelle page êtes-vous, quel appareil "
    "utilisez-vous et "
    "quel message voyez-vous ?",
    ask_back_about="Vous avez demandé : « {question} » Que se passe-t-il quand vous essayez ? Par exemple, à quelle "
    "étape "
    "cela s'arrête-t-il, quel appareil utilisez-vous et quel message voyez-vous ?",
    give_up="Je suis désolé, je ne vois pas encore ce qui ne va pas.",
    unclear="Pouvez-vous m'en dire un peu plus ? Par exemple, que voulez-vous faire ?",
    unknown="Je n'ai pas trouvé cela dans nos articles d'aide.",
    nearest="Je n'ai pas trouvé de réponse exacte. Voici ce qui s'en approche le plus (en anglais) :",
    nearest_without="Je n’ai rien trouvé sur {names}. Voici ce qui s’en rapproche le plus :",
    more_rows="Autres lignes dans le document : {count}",
    related="Articles liés",
    offer="Voulez-vous parler à une personne ?",
    handover="Je peux vous mettre en relation avec une personne, qui verra ce que vous m'avez écrit jusqu'ici.",
    quotation="Voici ce que disent nos articles (en anglais) :",
    reduced="(Les modèles de langage ne sont pas joignables pour le moment ; ce sont des citations des documents.)",
)
