"""The desk's sentences in German."""

from agents.conversation.wording import DeskWording

GERMAN_WORDING = DeskWording(
    greeting="Hallo! Wie kann ich helfen?",
    subjects="Fragen Sie mich alles zu: {subjects}.",
    presence="Ja, ich bin da. Was möchten Sie wissen?",
    thanks="Gern geschehen. Kann ich sonst noch etwas für Sie tun?",
    farewell="Vielen Dank für Ihre Nachricht. Auf Wiedersehen!",
    praise="Das freut mich. Kann ich sonst noch etwas für Sie tun?",
    agreement="In Ordnung. Melden Sie sich, wenn Sie noch eine Frage haben.",
    wellbeing="Danke, gut. Wie kann ich helfen?",
    identity="Ich bin ein automatischer Assistent. Ich antworte aus unseren Hilfeartikeln und nenne meine "
    "Quellen. Wenn "
    "Sie lieber mit einem Menschen sprechen möchten, sagen Sie es einfach.",
    help="Gern. Wobei brauchen Sie Hilfe?",
    sorry="Das tut mir leid.",
    acknowledgement="Es tut mir leid, dass es Ärger gibt.",
    ask_back="Was passiert, wenn Sie es versuchen? Zum Beispiel: Auf welcher Seite sind Sie, welches Gerät "
    "benutzen Sie, "
    "und welche Meldung sehen Sie?",
    ask_back_about="Sie haben gefragt: „{question}“ Was passiert, wenn Sie es versuchen? Zum Beispiel: Bei welchem "
    "Schritt geht es nicht weiter, welches Gerät benutzen Sie, und welche Meldung sehen Sie?",
    give_up="Es tut mir leid, ich kann noch nicht erkennen, woran es liegt.",
    unclear="Können Sie mir etwas mehr sagen? Was möchten Sie zum Beispiel tun?",
    unknown="Dazu habe ich in unseren Hilfeartikeln nichts gefunden.",
    nearest="Eine genaue Antwort habe ich nicht gefunden. Am nächsten kommt dies (auf Englisch):",
    nearest_without="Zu {names} habe ich nichts gefunden. Am nächsten kommt dies:",
    more_rows="Weitere Zeilen im Dokument: {count}",
    related="Ähnliche Artikel",
    offer="Möchten Sie mit einem Menschen sprechen?",
    handover="Ich kann Sie mit einem Menschen verbinden, der sieht, was Sie mir bisher geschrieben haben.",
    quotation="Das steht dazu in unseren Artikeln (auf Englisch):",
    reduced="(Die Sprachmodelle sind gerade nicht erreichbar; dies sind Zitate aus den Dokumenten.)",
)
