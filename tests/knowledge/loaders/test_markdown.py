"""The Markdown of documentation sites becomes what a reader of the site sees; code in it stays as it is."""

import pytest

from knowledge.loaders import load
from tests.knowledge.loaders.parts import sections


def markdown(text: str, name: str = "guides/setup.md") -> str:
    return load(text.encode(), name).markdown


@pytest.mark.parametrize(
    "written",
    [
        "> [!NOTE]\n> Back up first.",
        "> **Note**\n> Back up first.",
        "> 📝\n> Back up first.",
        ":::note\nBack up first.\n:::",
        ":::{note}\nBack up first.\n:::",
        "::: callout-note\n\nBack up first.\n\n:::",
        "!!! note\n    Back up first.",
        "???+ note\n\n    Back up first.",
        '{% hint style="note" %}\nBack up first.\n{% endhint %}',
        "{% note %}\n\nBack up first.\n\n{% endnote %}",
        '{% include note.html content="Back up first." %}',
        "{{< note >}}\nBack up first.\n{{< /note >}}",
        "{{% notice note %}}\nBack up first.\n{{% /notice %}}",
        "<Note>Back up first.</Note>",
        "<Note>\n\n**Note:** Back up first.\n\n</Note>",
        '<Callout type="note">\n  Back up first.\n</Callout>',
        "{: .note }\nBack up first.",
    ],
)
def test_an_admonition_is_a_paragraph_led_by_its_word(written: str) -> None:
    assert markdown(f"Before.\n\n{written}\n\nAfter.").split() == "Before. **Note:** Back up first. After.".split()


@pytest.mark.parametrize(
    "written",
    [
        "> [!WARNING] Data loss\n> Back up.",
        ":::warning[Data loss]\nBack up.\n:::",
        ":::warning Data loss\nBack up.\n:::",
        '!!! warning "Data loss"\n    Back up.',
        '<Callout variant="warning" title="Data loss">\nBack up.\n</Callout>',
    ],
)
def test_the_title_of_an_admonition_is_its_word(written: str) -> None:
    assert markdown(written).strip() == "**Data loss:** Back up."


def test_a_list_in_an_admonition_keeps_its_items() -> None:
    assert sections(load(b"> [!TIP]\n> - One\n> - Two\n", "a.md"))[""] == "**Tip:**\n\n- One\n- Two"


CODE = """```{note} {#id} :::note
<Note>{% if x %}{{ y }}<%= z %></Note> ![a](b.png) [c](d.md) {: .e } [^1]
!!! note
  > [!NOTE]
import x from 'y'
```"""


def test_code_stays_as_it_is() -> None:
    spans = "`<Note>{{ x }}</Note>` and ``[a](b.md) ` {#c}``"
    shown = f"# Code\n\n{CODE}\n\n{spans}\n\n    <Note>indented {{{{ x }}}}</Note>\n\nEnd."
    assert markdown(shown) == shown


def test_code_moves_with_what_it_stands_in() -> None:
    code = "```yaml\na:\n  b: {{ c }}\n```"
    indented = "\n".join(f"    {line}" for line in code.split("\n"))
    quoted = "\n".join(f"> {line}" for line in code.split("\n"))
    assert markdown(f'=== "YAML"\n\n{indented}\n\nEnd.') == f"**YAML:**\n\n{code}\n\nEnd."
    assert markdown(f"> [!TIP]\n{quoted}\n\nEnd.") == f"**Tip:**\n\n{code}\n\nEnd."


def test_a_heading_has_no_attributes_and_no_anchors() -> None:
    written = [
        "## Set up {#set-up}",
        "## Set up {: .no_toc }",
        "## Set up {.unlisted}",
        '## <a name="set-up"></a>Set up',
        '## Set up [​](#set-up "Direct link")',
        "## Set up {#set-up} ##",
    ]
    for heading in written:
        assert list(sections(load(f"{heading}\n\nText.".encode(), "a.md"))) == ["Set up"], heading
    assert list(sections(load(b'<div markdown="1" class="x">\n## Set up\nText.\n</div>', "a.md"))) == ["Set up"]


def test_marks_for_a_site_vanish() -> None:
    text = "[[_TOC_]]\n\n* TOC\n{:toc}\n\nText.{:.lead}\n{: .large}\n\n<!-- a comment -->\n\n[TOC]\n"
    assert markdown(text) == "Text."


def test_components_leave_what_they_hold() -> None:
    text = (
        "import Tabs from '@theme/Tabs'\nimport {\n  A,\n} from './a'\n\nexport const meta = {\n  a: 1,\n}\n\n# Use\n\n"
        '<Tabs>\n  <TabItem value="npm" label="npm">\n\nRun it.\n\n  </TabItem>\n</Tabs>\n\n{/* hidden */}\n\n'
        "1. <>{shared['sign-in'].text}</>\n\n   <>{shared['sign-in'].image}</>\n\n"
        '2. Press <InlineCode>Go</InlineCode> at <Link to="./plans.mdx">Plans</Link>.\n\n'
        '   <Screenshot src="/a.png" alt="Screenshot of the button" />\n\n'
        '<Plans headers={[\'Plan\', "Seats"]} rows={[["It\'s small", <Link href="/a">2, at most</Link>]]} />\n'
    )
    assert markdown(text, "guides/use.mdx").split("\n\n") == [
        "# Use",
        "**npm:**",
        "Run it.",
        "1. Sign in",
        "2. Press `Go` at [Plans](doc:guides/plans.mdx).",
        "| Plan | Seats |\n| --- | --- |\n| It's small | [2, at most](doc:/a) |",
    ]


def test_names_in_angle_brackets_and_braces_stay() -> None:
    text = "Send <your-token> or <Name> to `/users/{id}` or {id}; a List<String> is no element."
    assert markdown(text) == text


def test_templates_leave_what_they_show() -> None:
    text = (
        "{% if a %}Call {{ site.support_team | upcase }} on [our page]({{ site.baseurl }}/help){% endif %}\n\n"
        '{{< tabs >}}\n{{< tab "Mac" >}}\nOpen it.\n{{< /tab >}}\n{{< /tabs >}}\n\n'
        '<% if b %>See <%= link_to "plans", "/plans" %>.<% end %> {% raw %}Write {{ x }}.{% endraw %}\n'
    )
    assert markdown(text).split("\n\n") == [
        "Call support team on [our page](doc:/help)",
        "**Mac:**",
        "Open it.",
        "See [plans](doc:/plans). Write {{ x }}.",
    ]


def test_html_within_lines_becomes_markdown() -> None:
    assert markdown('Press <kbd>Ctrl</kbd>, <b>not</b> <span class="x">Alt</span>.<br>Then wait.') == (
        "Press `Ctrl`, **not** Alt.  \nThen wait."
    )
    assert markdown("| a |\n| --- |\n| b<br/>c |").splitlines()[-1] == "| b c |"
    assert markdown("<details>\n<summary>More <i>of it</i></summary>\n\nText.\n\n</details>") == (
        "**More of it**\n\nText."
    )


def test_pictures_vanish_unless_a_sentence_needs_them() -> None:
    text = (
        "[![build](https://ci.example/b.svg)](https://ci.example)\n\nClick ![Save](s.png) twice.\n\n"
        "1. Open it.\n2. ![Screenshot of it](a.png)\n\n![Orders are paid before they are sent.](b.png)\n"
    )
    assert markdown(text).split("\n\n") == [
        "Click Save twice.",
        "1. Open it.",
        "Orders are paid before they are sent.",
    ]


def test_footnotes_and_references_stand_where_they_are_used() -> None:
    text = (
        "Pay [later][terms] or [now].[^1] See [them](#a), [a picture](x.png) and [x][y].\n\n"
        "[terms]: ../legal/terms%20of%20use.md#pay 'Terms'\n[now]: https://pay.example/now\n[^1]: Within a week.\n"
    )
    assert markdown(text) == (
        "Pay [later](doc:legal/terms%20of%20use.md#pay) or [now](https://pay.example/now). (Within a week)"
        " See them, a picture and [x][y]."
    )


def test_definitions_are_led_by_their_term() -> None:
    assert markdown("Seat\n: One user.\n\nPlan\n: What is paid.") == "**Seat:** One user.\n\n**Plan:** What is paid."


def test_front_matter_names_a_document_and_may_be_all_of_it() -> None:
    assert load(b"---\ntitle: About {{ site.name }}\ndescription: What it is.\n---\n", "a.md").markdown == "What it is."
    toml = load(b'+++\ntitle = "Plans"\n+++\n\n## Prices {#p}\n\nSix.', "a.md")
    assert (toml.title, toml.markdown) == ("Plans", "## Prices\n\nSix.")
    assert load(b"# Plans {#plans}\n\nText.", "a.md").title == "Plans"


@pytest.mark.parametrize(
    "unit",
    [
        *("<A b={", "{% raw %}", "<!--", "`a ``b ", "[a](", "![", "> [!NOTE]\n", "<Note>", "[a]: b\n", "<code>"),
        *("{{", "<% ", "!!! note\n    ", "import {\n", "export const a = {\n", "[^a]: b\n", "<a href='", "\n: a\n"),
        *(":::", "<T rows={["),
    ],
)
def test_what_is_never_closed_costs_time_in_proportion(unit: str) -> None:
    # Quadratic time would be minutes; the test's own limit ends it.
    assert markdown("Text.\n\n" + unit * (120_000 // len(unit))).startswith("Text.")
