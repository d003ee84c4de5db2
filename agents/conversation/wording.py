"""What a language has to say for the desk: its own sentences, as opposed to answers and quotations."""

from dataclasses import dataclass


@dataclass(frozen=True, eq=False)
class DeskWording:
    """The sentences of the desk in one language. `{...}` is filled in where it stands.

    `unknown` opens a reply to what the documents do not answer, `nearest` and `nearest_without` one that shows what is
    near it, the second if nothing is found on what is asked about. `more_rows` stands below a table of which some rows
    are quoted, `related` heads a list of articles. `offer` offers a person. `quotation` stands above text in
    another language, `reduced` above text that was quoted because no model could write. `acknowledgement` stands before
    the answer to a complaint. `ask_back` asks what is wrong, `ask_back_about` after a question that was asked before,
    and `give_up` is said if asking back did not help.
    """

    greeting: str
    subjects: str
    presence: str
    thanks: str
    farewell: str
    praise: str
    agreement: str
    wellbeing: str
    identity: str
    help: str
    sorry: str
    acknowledgement: str
    ask_back: str
    ask_back_about: str
    give_up: str
    unclear: str
    unknown: str
    nearest: str
    nearest_without: str
    more_rows: str
    related: str
    offer: str
    handover: str
    quotation: str
    reduced: str
