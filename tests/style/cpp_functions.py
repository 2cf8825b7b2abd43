"""Finds the functions of a C++ file and their lengths. No compiler: braces, brackets and the words before them.

A function is what has a body: free, member, constructor, a test of GoogleTest, and a lambda outside of any of these (in
the initialiser of a constant, say). Lambdas and classes inside a function are part of it. Its lines are those from the
beginning of its declaration to its closing brace.
"""
import dataclasses
import re

# In this order: a string may hold what looks like a comment, and the other way round. A digit separator is no quote.
NOISE = re.compile(r'R"([^ ()\\\t\n]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"'
                   r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|//[^\n]*|/\*.*?\*/", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.M)
TOKEN = re.compile(r"[A-Za-z_]\w*|::|->|==|!=|<=|>=|&&|\|\||\d[\w.']*|\S")
CLOSING = {"(": ")", "[": "]", "{": "}"}
WORD = re.compile(r"[A-Za-z_]\w*$")


@dataclasses.dataclass
class Function:
    name: str
    line: int  # where its declaration begins
    last: int

    @property
    def lines(self) -> int:
        return self.last - self.line + 1


@dataclasses.dataclass
class Token:
    text: str
    line: int


def blanked(text: str) -> str:
    """The text without comments, literals and directives; lines stay where they are, a literal leaves a 0."""
    def blank(match):
        literal = match.group(0)
        return ("" if literal.startswith("/") else "0") + "\n" * literal.count("\n")
    without = NOISE.sub(blank, text)
    return DIRECTIVE.sub(lambda match: "\n" * match.group(0).count("\n"), without)


def tokens(text: str) -> list[Token]:
    found, line, at = [], 1, 0
    for match in TOKEN.finditer(text):
        line += text.count("\n", at, match.start())
        at = match.start()
        found.append(Token(match.group(0), line))
    return found


class Unreadable(Exception):
    """Brackets that do not match: what this parser does not understand it must not pass over."""

    def __init__(self, line: int):
        super().__init__(f"a bracket that matches none at line {line}")
        self.line = line


class Parser:
    def __init__(self, text: str):
        self.tokens = tokens(blanked(text))
        self.at = 0
        self.depth = 0  # of scopes
        self.functions = []

    def take(self) -> Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def more(self) -> bool:
        return self.at < len(self.tokens)

    def unreadable(self) -> Unreadable:
        return Unreadable(self.tokens[self.at - 1].line if self.at else 1)

    def skip_to(self, closing: str) -> int:
        """Behind the bracket that closes the one just taken; its line."""
        depth = [closing]
        while self.more() and depth:
            token = self.take()
            if token.text in CLOSING:
                depth.append(CLOSING[token.text])
            elif token.text in CLOSING.values() and token.text != depth.pop():
                raise self.unreadable()
        if depth:
            raise self.unreadable()
        return self.tokens[self.at - 1].line

    def body(self, name: str, line: int) -> None:
        self.functions.append(Function(name, line, self.skip_to("}")))

    def expression(self, closing: str) -> None:
        """Up to `closing`, which is taken: an initialiser, arguments. Only lambdas in it have bodies."""
        lambda_line = None  # of a "[...]" that may become a lambda
        angles = 0          # in its return type: a comma of std::map<int, int> does not end it
        previous = ""
        while self.more():
            token = self.take()
            if token.text == closing:
                return
            if token.text == "[":
                introduces = not (WORD.match(previous) or previous in (")", "]", "}")) or previous == "return"
                self.skip_to("]")
                lambda_line, angles = (token.line if introduces else None), 0
                token = Token("]", token.line)
            elif token.text == "{" and lambda_line is not None:
                self.body("lambda", lambda_line)
                lambda_line = None
                token = Token("}", token.line)
            elif token.text in CLOSING:
                self.expression(CLOSING[token.text])
                token = Token(CLOSING[token.text], token.line)
            elif token.text in CLOSING.values():
                raise self.unreadable()
            elif token.text in ("<", ">"):
                angles += 1 if token.text == "<" else -1
            elif token.text in (",", ";") and angles == 0:
                lambda_line = None
            previous = token.text
        raise self.unreadable()

    def scope(self) -> None:
        """A file, a namespace or a class: declarations up to the closing brace, which is taken."""
        head = []
        self.depth += 1
        while self.more():
            token = self.take()
            if token.text == "}" and self.depth > 1:
                self.depth -= 1
                return
            if token.text in CLOSING.values():
                raise self.unreadable()
            if token.text == ";" or (token.text == ":" and len(head) == 1):  # "public:"
                head = []
            elif token.text in ("(", "["):
                self.expression(CLOSING[token.text])
                head.append(Token(token.text + CLOSING[token.text], token.line))
            elif token.text == "=" and not names_operator(head) and not in_template(head):
                self.expression(";")
                head = []
            elif token.text == "{":
                head = self.brace(head, token)
            else:
                head.append(token)
        if self.depth > 1:
            raise self.unreadable()

    def brace(self, head: list, token: Token) -> list:
        """A brace behind `head`, taken; the head that goes on behind the block."""
        words = [part.text for part in without_templates(head)]
        if "namespace" in words or words[:1] == ["extern"] and "()" not in words:
            self.scope()
            return []
        if is_type(words):
            self.expression("}") if "enum" in words else self.scope()
            return [Token("}", token.line)]  # a name may follow, "} kSizes{1, 2};", or the semicolon
        if "()" in words and not initialises_member(words):
            self.body(name_of(words), head[0].line)
            return []
        self.expression("}")
        return head + [Token("{}", token.line)]


def names_operator(head: list) -> bool:
    """Behind "operator", or the first sign of "operator+="."""
    return "operator" in [part.text for part in head[-2:]]


def in_template(head: list) -> bool:
    """Inside the angle brackets of "template <class T = int>"."""
    words = [part.text for part in head]
    return "template" in words[:1] and words.count("<") > words.count(">")


def without_templates(head: list) -> list:
    """The head without leading "template <...>"; the `class` in there is none."""
    at = 0
    while at < len(head) and head[at].text == "template":
        at += 1
        depth = 0
        while at < len(head):
            depth += {"<": 1, ">": -1}.get(head[at].text, 0)
            at += 1
            if depth == 0:
                break
    return head[at:]


def is_type(words: list) -> bool:
    """class, struct, union, enum at the beginning, and no parameters: alignas(...) and attributes apart."""
    kinds = [i for i, word in enumerate(words) if word in ("class", "struct", "union", "enum")]
    if not kinds or kinds[0] > 2:
        return False
    behind = words[kinds[0] + 1:]
    return not any(word == "()" and behind[i - 1] not in ("alignas", "__attribute__") for i, word in enumerate(behind))


def initialises_member(words: list) -> bool:
    """Whether a brace behind this initialises a member, "X::X(int a) : a_", instead of beginning the body."""
    parameters = words.index("()")
    return ":" in words[parameters:] and (WORD.match(words[-1]) is not None or words[-1] == ">")


def name_of(words: list) -> str:
    if "operator" in words:
        behind = words[words.index("operator"):]
        return "".join(behind[:2])
    at = words.index("()")
    name = words[at - 1] if at > 0 else "?"
    while at >= 3 and words[at - 2] in ("::", "~"):
        name = words[at - 2] + name if words[at - 2] == "~" else words[at - 3] + "::" + name
        at -= 1 if words[at - 2] == "~" else 2
    return name


def functions(text: str) -> list[Function]:
    """In order of their ends. Throws Unreadable."""
    parser = Parser(text)
    parser.scope()
    return parser.functions
