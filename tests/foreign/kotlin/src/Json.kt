package vn.example.eid.tests

/** Reads the JSON files that these tests share with others: objects as maps, arrays as lists. Whatever is no JSON fails. */
class Json private constructor(private val text: String) {
    private var at = 0

    private fun value(): Any? {
        blank()
        return when (text[at]) {
            '{' -> items('}') { string().also { blank(); take(':') } to value() }.toMap()
            '[' -> items(']') { value() }
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun <T> items(end: Char, item: () -> T): List<T> {
        at++
        val items = mutableListOf<T>()
        blank()
        while (text[at] != end) {
            if (items.isNotEmpty()) take(',')
            blank()
            items += item()
            blank()
        }
        at++
        return items
    }

    private fun string(): String {
        take('"')
        val out = StringBuilder()
        while (text[at] != '"') out.append(character())
        at++
        return "$out"
    }

    private fun character(): Char {
        if (text[at] != '\\') return text[at++]
        at += 2
        return when (val escaped = text[at - 1]) {
            'n' -> '\n'
            't' -> '\t'
            'r' -> '\r'
            'b' -> '\b'
            'f' -> '\u000c'
            'u' -> text.substring(at, at + 4).toInt(16).toChar().also { at += 4 }
            '"', '\\', '/' -> escaped
            else -> error("no escape at $at")
        }
    }

    private fun number(): Long {
        val digits = text.drop(at).takeWhile { it == '-' || it.isDigit() }
        at += digits.length
        return digits.toLong()
    }

    private fun word(word: String, value: Boolean?): Boolean? {
        for (letter in word) take(letter)
        return value
    }

    private fun blank() {
        while (at < text.length && text[at].isWhitespace()) at++
    }

    private fun take(wanted: Char) = check(text[at++] == wanted) { "no $wanted at ${at - 1}" }

    companion object {
        fun read(text: String): Any? = Json(text).run {
            value().also {
                blank()
                check(at == text.length) { "more after $at" }
            }
        }
    }
}
