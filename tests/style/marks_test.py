"""How large functions and classes of src/ and include/ may be. (How long files may be: layers_test.py.)

A function has at most 40 lines behind the one with the brace that begins its body, those of functions in it included.
clang-tidy counts the same way; here it needs no compiler.

A class declares at most 25 functions in its body. All that it declares count: static and virtual ones, overrides, each
overload, constructors, destructors and operators; not those that are `= default` or `= delete`, nor friends, nor what
classes in it declare.

A class has at most 12 data members. Static ones do not count, nor those of its bases and of classes in it. A struct all
of which is public is no class in this sense as long as none of its functions changes it: it keeps nothing true of its
fields, so each can be read by itself, and there are as many as a command has options, or a message fields. Functions
that only look at them (const, static, operators) alter nothing of that; one that may change them does.
"""

import itertools
import re
import sys
import unittest
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "support"))
import vdsotrace_testing as testing
from vdsotrace_testing import SOURCE

MOST_LINES = 40
MOST_FUNCTIONS = 25
MOST_MEMBERS = 12

TOKEN = re.compile(r"""
    (?P<space>\s+|//[^\n]*|/\*.*?\*/|^[ \t]*\#(?:\\\n|[^\n])*)
  | (?P<text>(?:u8|[uUL])?R"(?P<mark>[^(\s]*)\(.*?\)(?P=mark)"|(?:u8|[uUL])?"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+')
  | (?P<word>[0-9](?:'?[\w.])*|\w+)
  | (?P<sign>::|->|<=>|<<=|<<|&&|\|\||[=!<>+*/|&^%-]=|.)
""", re.VERBOSE | re.DOTALL | re.MULTILINE)
CLOSING = {"(": ")", "{": "}", "[": "]"}
# Words behind which parentheses hold no parameters.
OPERAND = {"alignas", "decltype", "explicit", "noexcept", "requires"}
NO_DECLARATION = {"using", "typedef", "friend", "static_assert", "extern"}
TYPE = {"class", "struct", "union"}


class Token(NamedTuple):
    text: str
    line: int


class Function(NamedTuple):
    name: str
    line: int
    lines: int
    changes: bool  # it may change the fields of what it is called for


class Class:
    def __init__(self, name, line, is_class):
        self.name = name
        self.line = line
        self.has_private_part = is_class  # class, or a struct with one
        self.functions = []
        self.members = 0

    def keeps_state(self):
        return self.has_private_part or any(function.changes for function in self.functions)


def tokens(text):
    found, line, at = [], 1, 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if match["space"] is None:
            found.append(Token('""' if match["text"] else match[0], line))
        line += match[0].count("\n")
        at = match.end()
    return found


class Reader:
    """Reads the declarations of one file: `functions` that have bodies, and `classes`."""

    def __init__(self, text):
        self.tokens = tokens(text)
        self.at = 0
        self.functions = []
        self.classes = []
        while self.at < len(self.tokens):  # a brace too many would end it early
            self.scope(None)

    def skip(self):
        """Past what the bracket here holds. Answers the texts in it."""
        closing = CLOSING[self.tokens[self.at].text]
        self.at += 1
        inside = []
        while self.tokens[self.at].text != closing:
            inside.append(self.tokens[self.at].text)
            if inside[-1] in CLOSING:
                self.skip()
            else:
                self.at += 1
        self.at += 1
        return inside

    def skip_angles(self):
        """Past the arguments or parameters of a template; past no more than the sign if it compares."""
        begin, depth = self.at, 0
        while self.tokens[self.at].text != ";":
            text = self.tokens[self.at].text
            if text in CLOSING:
                self.skip()
                continue
            depth += {"<": 1, ">": -1}.get(text, 0)
            self.at += 1
            if depth == 0:
                return
        self.at = begin + 1

    def scope(self, owner):
        """The declarations of a namespace, or of the class `owner`, to its end."""
        while self.at < len(self.tokens):
            text = self.tokens[self.at].text
            if text == "}":
                self.at += 1
                return
            if text in ("public", "private", "protected") and self.tokens[self.at + 1].text == ":":
                if owner is not None and text != "public":
                    owner.has_private_part = True
                self.at += 2
            else:
                self.declaration(owner)

    def declaration(self, owner):
        """One declaration. `words` is what stands in it outside of all brackets, with "()" for its parameters."""
        line = self.tokens[self.at].line
        words = []
        pointer = False
        while self.at < len(self.tokens):
            text = self.tokens[self.at].text
            previous = words[-1] if words else ""
            if text == "operator":
                words.append(self.operator_name())
            elif text == ";":
                self.at += 1
                break
            elif text == "}":  # behind a macro that stands for whole declarations
                break
            elif text == "=" and not words[0:1] == ["using"]:
                words.append(text)
                self.initializer(words)
            elif text == "<":
                self.skip_angles()
            elif text == "(":
                inside = self.skip()
                if previous not in OPERAND:
                    pointer = pointer or ("()" not in words and (inside[:1] == ["*"] or inside[1:3] == ["::", "*"]))
                    words.append("()")
            elif text == "{":
                if self.braces(owner, words, line):
                    return
            elif text in CLOSING:
                self.skip()
            else:
                words.append(text)
                self.at += 1
        if owner is not None:
            self.note(owner, words, line, 0, pointer)

    def operator_name(self):
        start = self.at
        self.at += 1
        if [token.text for token in self.tokens[self.at:self.at + 2]] == ["(", ")"]:
            self.at += 2
        while self.tokens[self.at].text != "(":
            self.at += 1
        return "".join(token.text for token in self.tokens[start:self.at])

    def initializer(self, words):
        """To the comma or semicolon behind it."""
        self.at += 1
        while self.tokens[self.at].text not in (";", ","):
            if self.tokens[self.at].text in CLOSING:
                self.skip()
            elif self.tokens[self.at].text == "<":
                self.skip_angles()
            else:
                words.append(self.tokens[self.at].text)
                self.at += 1

    def braces(self, owner, words, line):
        """What the brace here begins. True if its end is the declaration's."""
        if words and (words[0] == "namespace" or words[:2] == ["inline", "namespace"] or words == ["extern", '""']):
            self.at += 1
            self.scope(None)
            return True
        if "enum" in words:
            self.skip()
        elif TYPE.intersection(words) and "()" not in words:
            self.class_body(words, line)
            words.clear()  # what may follow are members of that type
        elif "()" in words and not (":" in words and words[-1] not in ("()", "{}")):
            self.body(owner, words, line)
            return True
        else:
            self.skip()
            words.append("{}")
        return False

    def class_body(self, words, line):
        keyword = next(at for at, word in enumerate(words) if word in TYPE)
        names = itertools.takewhile(lambda word: word not in ("final", ":"), words[keyword + 1:])
        name = (["(unnamed)"] + list(names))[-1]
        described = Class(name, line, words[keyword] == "class")
        self.classes.append(described)
        self.at += 1
        self.scope(described)

    def body(self, owner, words, line):
        begin = self.tokens[self.at].line
        self.skip()
        lines = self.tokens[self.at - 1].line - begin
        self.functions.append(Function(name_of(words), line, lines, False))
        if owner is not None:
            self.note(owner, words, line, lines, False)

    @staticmethod
    def note(owner, words, line, lines, pointer):
        """A declaration of that class."""
        if not words or NO_DECLARATION.intersection(words[:2]) or words[-2:] in (["=", "default"], ["=", "delete"]):
            return
        if "()" in words and not pointer:
            name = name_of(words)
            makes_or_ends = name in (owner.name, "~" + owner.name)
            looks = "static" in words or "const" in words[words.index("()"):]
            changes = not (makes_or_ends or looks or name.startswith("operator"))
            owner.functions.append(Function(name, line, lines, changes))
        elif "static" not in words and words[0] not in TYPE | {"enum"}:
            owner.members += 1 + words.count(",")


def name_of(words):
    name = words[words.index("()") - 1]
    return "~" + name if words[words.index("()") - 2:][:1] == ["~"] else name


def sources():
    for folder in ("include", "src"):
        for path in sorted((SOURCE / folder).rglob("*")):
            if path.suffix in (".cpp", ".hpp", ".h"):
                yield path.relative_to(SOURCE), Reader(path.read_text())


SAMPLE = """
#define BRACE {  // not one of the code
namespace a::b {
namespace {
constexpr int kFew[] = {1, 2};
const auto longest = [](int a) { return a < 3; };
enum class Kind : char { one, two };
}
class Later;
/// class Comment { int no; };
class Engine final : public Base<int, 3>, private Other {
 public:
  Engine(int a, std::map<int, char> b = {}) : a_(a), b_{std::move(b)} {
    const char* text = "}{";
  }
  Engine(const Engine&) = delete;
  Engine& operator=(Engine&&) = default;
  virtual ~Engine();
  bool operator()(int) const;
  auto operator<=>(const Engine&) const = default;
  bool operator<(const Engine& other) const { return a_ < other.a_; }
  static Result<int> of(char brace = '{');
  template <class T>
  std::optional<T> get() const noexcept(sizeof(T) > 3) { return {}; }
  int pure(std::size_t most = 3 << 1) override = 0;
  friend bool same(const Engine&, const Engine&);
  using Take = std::function<void(int)>;
  struct Row {
    int a = 0, b = 0;
    bool empty() const { return a == b; }
    static const Row& none();
    friend class Engine;
  };

 private:
  class Inner;
  struct Deep {
    const int& change();
    int depth : 3;
  } deep_;
  static constexpr int kMost = 1'000;
  static constexpr bool kFew = kMost < 3;
  std::function<int(int)> taker_;
  int (*old_)(int, char) = nullptr;
  void (Engine::*handler_)(int);
  int a_;
  [[maybe_unused]] std::map<int, char> b_{{1, 'a'}};
  std::array<std::byte, (1 << 3)> bytes_;
  mutable std::unique_ptr<Inner> inner_;
};

template <>
struct Shown<int> {
  int shown;
};

bool Engine::operator()(int a) const {
  if (a > 1) {
    return true;
  }
  return false;
}
}  // namespace a::b
"""


class Sample(unittest.TestCase):
    """What is read of code as it is written here."""

    def setUp(self):
        self.read = Reader(SAMPLE)

    def test_functions(self):
        self.assertEqual([(function.name, function.lines) for function in self.read.functions],
                         [("Engine", 2), ("operator<", 0), ("get", 0), ("empty", 0), ("operator()", 5)])

    def test_classes(self):
        engine, row, deep, shown = self.read.classes
        self.assertEqual((engine.name, row.name, deep.name, shown.name), ("Engine", "Row", "Deep", "Shown"))
        self.assertEqual([function.name for function in engine.functions],
                         ["Engine", "~Engine", "operator()", "operator<", "of", "get", "pure"])
        self.assertEqual([described.members for described in self.read.classes], [8, 2, 1, 1])

    def test_plain_structs(self):
        self.assertEqual([described.name for described in self.read.classes if described.keeps_state()],
                         ["Engine", "Deep"])


class Marks(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.sources = list(sources())
        cls.classes = [(path, described) for path, read in cls.sources for described in read.classes]

    def test_all_is_read(self):
        self.assertGreater(len(self.classes), 600)
        self.assertGreater(sum(len(read.functions) for _, read in self.sources), 4000)

    def test_lines_of_functions(self):
        self.assertEqual([f"{path}:{function.line}: {function.name} has {function.lines} lines"
                          for path, read in self.sources for function in read.functions
                          if function.lines > MOST_LINES], [])

    def test_functions_of_classes(self):
        self.assertEqual([f"{path}:{described.line}: {described.name} has {len(described.functions)} functions"
                          for path, described in self.classes if len(described.functions) > MOST_FUNCTIONS], [])

    def test_members_of_classes(self):
        self.assertEqual([f"{path}:{described.line}: {described.name} has {described.members} members"
                          for path, described in self.classes
                          if described.keeps_state() and described.members > MOST_MEMBERS], [])


if __name__ == "__main__":
    testing.main()
