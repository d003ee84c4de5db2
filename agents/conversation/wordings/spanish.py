"""The desk's sentences in Spanish."""

from agents.conversation.wording import DeskWording

SPANISH_WORDING = DeskWording(
    greeting="¡Hola! ¿En qué puedo ayudarle?",
    subjects="Pregúnteme lo que quiera sobre: {subjects}.",
    presence="Sí, aquí estoy. ¿Qué desea saber?",
    thanks="De nada. ¿Puedo ayudarle en algo más?",
    farewell="Gracias por escribirnos. ¡Hasta luego!",
    praise="Me alegro. ¿Puedo ayudarle en algo más?",
    agreement="De acuerdo. Escríbame si tiene otra pregunta.",
    wellbeing="Muy bien, gracias. ¿En qué puedo ayudarle?",
    identity="Soy un asistente automático. Respondo con nuestros artículos de ayuda y muestro mis fuentes. Si prefiere "
    "hablar con una persona, dígamelo.",
    help="Claro. ¿Con qué necesita ayuda?",
    sorry="Lo siento.",
    acknowledgement="Siento las molestias.",
    ask_back="¿Qué ocurre cuando lo intenta? Por ejemplo, ¿en qué página está, qué dispositivo usa y qué mensaje ve?",
    ask_back_about="Usted preguntó: «{question}» ¿Qué ocurre cuando lo intenta? Por ejemplo, ¿en qué paso se detiene, "
    "qué "
    "dispositivo usa y qué mensaje ve?",
    give_up="Lo siento, todavía no puedo ver qué falla.",
    unclear="¿Puede contarme un poco más? Por ejemplo, ¿qué quiere hacer?",
    unknown="No he encontrado esto en nuestros artículos de ayuda.",
    nearest="No he encontrado una respuesta exacta. Esto es lo más cercano (en inglés):",
    nearest_without="No he encontrado nada sobre {names}. Esto es lo más parecido:",
    more_rows="Más filas en el documento: {count}",
    related="Artículos relacionados",
    offer="¿Quiere hablar con una persona?",
    handover="Puedo ponerle en contacto con una persona, que verá lo que me ha contado hasta ahora.",
    quotation="Esto dicen nuestros artículos (en inglés):",
    reduced="(Los modelos de lenguaje no están disponibles en este momento; esto son citas de los documentos.)",
)
