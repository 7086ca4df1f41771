# Finds lambdas and braced temporaries inside full expressions that contain co_await: g++ 12.2
# destroys such temporaries twice. A heuristic reading of C++, one file a run; prints file:line.
#
# Scopes form a stack. Each scope holds the statement being read in it: the line of its first
# co_await, of its first lambda or braced temporary, its depth of parentheses, and whether a
# declaration of a type or namespace began it. A brace opens either a block, which is a new scope,
# or a braced initialiser, which stays in the statement.

function reset() {
  awaits[top] = 0; temporary[top] = 0; parens[top] = 0
  declares[top] = 0; lambda[top] = 0; words[top] = 0; arrow[top] = 0; assigned[top] = 0
}

function finish() {
  if (awaits[top] && temporary[top]) {
    printf "%s:%d: lambda or braced temporary in the full expression of co_await (line %d)\n", \
           file, temporary[top], awaits[top]
    found = 1
  }
  reset()
}

function note_temporary() { if (!temporary[top]) temporary[top] = line }

# Is the brace after the token `previous` the start of a block?
function opens_block() {
  if (lambda[top] || declares[top]) return 1
  if (arrow[top] && !parens[top] && !assigned[top]) return 1  # f() -> type {
  if (previous == "" || previous ~ /^[;{}:)]$/) return 1
  return previous ~ /^(else|do|try|noexcept|const|mutable|override|final)$/
}

function token(text) {
  if (text ~ /^[A-Za-z_]/) {
    if (text == "co_await" || text == "co_yield") { if (!awaits[top]) awaits[top] = line }
    else if (text ~ /^(namespace|struct|class|enum|union)$/ && !parens[top] && !assigned[top])
      declares[top] = 1
    if (text !~ /^(return|co_return|co_await|co_yield|case|throw|new)$/ && !parens[top])
      words[top]++
    else words[top] = 0
  } else if (text == ";") {
    finish()
  } else if (text == "->") {
    arrow[top] = 1
  } else if (text == "=") {
    assigned[top] = 1
    words[top] = 0
  } else if (text == "[") {
    # An index follows a name, a closing bracket or a string; attributes are doubled.
    if (attribute) attribute = 0
    else if (next_character == "[") attribute = 1
    else if (previous !~ /^([A-Za-z_0-9].*|\)|\]|")$/ || previous ~ /^(return|co_return|co_await)$/) {
      note_temporary()
      lambda[top] = 1
    }
    parens[top]++
  } else if (text == "(") {
    parens[top]++
  } else if (text == ")" || text == "]") {
    parens[top]--
  } else if (text == "{") {
    if (opens_block()) {
      if (lambda[top]) {
        lambda[top] = 0   # its body; the statement goes on behind it
        inside_expression[top + 1] = 1
      } else {
        finish()          # if (…) {, while (…) {, a function's head
        inside_expression[top + 1] = 0
      }
      top++
      reset()
      text = "{"
    } else {
      # `Type name{…}` declares a variable; anything else makes a temporary.
      if (parens[top] || words[top] < 2) note_temporary()
      top++
      initialiser[top] = 1
      # The elements belong to the same full expression: carry its state in and out.
      awaits[top] = awaits[top - 1]; temporary[top] = temporary[top - 1]
      parens[top] = 1; declares[top] = 0; lambda[top] = 0; words[top] = 0; arrow[top] = 0
      assigned[top] = 0
      previous = "{init"
      return
    }
  } else if (text == "}") {
    if (top == 0) return
    if (initialiser[top]) {
      initialiser[top] = 0
      top--
      if (!awaits[top]) awaits[top] = awaits[top + 1]
      if (!temporary[top]) temporary[top] = temporary[top + 1]
      previous = ")"      # a value ends here
      return
    }
    finish()
    top--
    if (inside_expression[top + 1]) { previous = ")"; return }
    reset()
  }
  previous = text
}

# Removes comments, literals and preprocessor lines, and passes on the rest token by token.
{ text[NR] = $0 }
END {
  top = 0
  reset()
  for (line = 1; line <= NR; line++) {
    rest = text[line]
    while (rest != "") {
      if (in_comment) {
        at = index(rest, "*/")
        if (!at) break
        in_comment = 0
        rest = substr(rest, at + 2)
      } else if (raw_end != "") {
        at = index(rest, raw_end)
        if (!at) break
        rest = substr(rest, at + length(raw_end))
        raw_end = ""
        previous = "\""
      } else if (in_directive || (rest == text[line] && rest ~ /^[ \t]*#/)) {
        in_directive = (rest ~ /\\$/)
        break
      } else if (match(rest, /^[ \t\r]+/)) {
        rest = substr(rest, RLENGTH + 1)
      } else if (substr(rest, 1, 2) == "//") {
        break
      } else if (substr(rest, 1, 2) == "/*") {
        in_comment = 1
        rest = substr(rest, 3)
      } else if (match(rest, /^(u8|u|U|L)?R"[^(]*\(/)) {
        raw_end = substr(rest, index(rest, "\"") + 1)
        raw_end = ")" substr(raw_end, 1, index(raw_end, "(") - 1) "\""
        rest = substr(rest, RLENGTH + 1)
      } else if (match(rest, /^"([^"\\]|\\.)*"/) || match(rest, /^'([^'\\]|\\.)*'/)) {
        rest = substr(rest, RLENGTH + 1)
        previous = "\""
      } else if (match(rest, /^[A-Za-z_][A-Za-z_0-9]*/) || match(rest, /^[0-9][0-9A-Za-z_.']*/) ||
                 match(rest, /^->/) || match(rest, /^[=!<>]=/) || match(rest, /^::/)) {
        word = substr(rest, 1, RLENGTH)
        rest = substr(rest, RLENGTH + 1)
        # a::b and a<b> count as one word when names are counted
        if (word == "::") { words[top]--; previous = word } else token(word)
      } else {
        word = substr(rest, 1, 1)
        rest = substr(rest, 2)
        next_character = substr(rest, 1, 1)
        token(word)
      }
    }
  }
  exit found
}
