"""The desk's sentences in English."""

from agents.conversation.wording import DeskWording

ENGLISH_WORDING = DeskWording(
    greeting="Hello! How can I help?",
    subjects="Ask me anything about: {subjects}.",
    presence="Yes, I'm here. What would you like to know?",
    thanks="You're welcome. Is there anything else I can help with?",
    farewell="Thank you for getting in touch. Goodbye!",
    praise="I'm glad to hear that. Is there anything else I can help with?",
    agreement="All right. Let me know if you have another question.",
    wellbeing="I'm fine, thank you for asking. How can I help?",
    identity="I'm an automated assistant. I answer from our help articles and show my sources. If you would "
    "rather talk to "
    "a person, just say so.",
    help="Of course. What do you need help with?",
    sorry="I'm sorry about that.",
    acknowledgement="I'm sorry about the trouble.",
    ask_back="What happens when you try? For example, which page are you on, which device do you use, and which "
    "message "
    "do you see?",
    ask_back_about="You asked: \u201c{question}\u201d What happens when you try? For example, which step does it stop "
    "at, "
    "which device do you use, and which message do you see?",
    give_up="I'm sorry, I still can't tell what goes wrong.",
    unclear="Could you tell me a little more? For example, what are you trying to do?",
    unknown="I couldn't find this in our help articles.",
    nearest="I couldn't find an exact answer. This is the closest I found:",
    nearest_without="I found nothing on {names}. This is the closest I found:",
    more_rows="Further rows in the document: {count}",
    related="Related articles",
    offer="Would you like to talk to a person?",
    handover="I can connect you with a person, who will see what you have told me so far.",
    quotation="Our help articles say:",
    reduced="(The language models cannot be reached at the moment; this is quoted from the documents.)",
)
