package vn.example.eid.tests

import java.io.File
import java.net.ServerSocket
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.util.Base64
import java.util.concurrent.TimeUnit
import kotlin.test.assertEquals

const val COUNTER_NAME = "Quầy 3 – Bệnh viện Mẫu"
const val COUNTER_REASON = "Nhận thuốc"

private const val BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ \$%*+-./:"

/** A question: the text of its code, and what names it: a nonce on the command line, a word on the page. */
data class Question(val text: String, val name: String)

/** The counter's program, registered for identity and age, and with a host that takes answers if one is given. */
class Counter(
    private val sandbox: Sandbox,
    val name: String = "rp/0101234567-001",
    val host: String? = null,
) : AutoCloseable {
    private val folder = Files.createTempDirectory("counter").toFile()
    private val identity = File(folder, "identity")
    private val home = listOf("--identity", identity.path)

    init {
        val purposes = listOf("--purpose", "id", "--purpose", "age")
        val wishes = listOf("--counter", name, "--name", COUNTER_NAME) + purposes + option("--host", host)
        val answer = File(folder, "answer.json")
        answer.writeText(sandbox.registerCounter(done(listOf("register", "apply") + home + wishes)))
        done(listOf("register", "accept") + home + sandbox.lists().take(2) + answer.path)
    }

    /** Asks from the command line. */
    fun ask(purpose: String, vararg more: String): Question {
        val printed = done(listOf("request") + home + listOf("--purpose", purpose, "--reason", COUNTER_REASON) + more)
        return Json.read(printed).run { Question(text("text"), text("nonce")) }
    }

    /** The verdict's code on the command line, for an answer to a question, or to none. */
    fun verdict(proof: String, question: Question? = null, vararg more: String): String {
        val options = sandbox.lists() + listOf("--counter", name) + option("--nonce", question?.name) + more
        return Json.read(counterProgram(listOf("verify") + options + proof).second).text("code")
    }

    /** The text of its printed code: its registration, spelled as RFC 9285 says. */
    fun poster(): String {
        val kept = Json.read(File(identity, "identity.json").readText()).text("registration")
        return "VN1R:" + base45(Base64.getDecoder().decode(kept))
    }

    /** Serves the page, and takes answers at its host. */
    fun page(): Page {
        val places = listOf("--listen", "127.0.0.1:0") + option("--answers", host)
        return Page(listOf("serve", "--replay", File(folder, "used").path) + places + home + sandbox.lists())
    }

    override fun close() {
        folder.deleteRecursively()
    }

    private fun option(name: String, value: String?) = value?.let { listOf(name, it) } ?: emptyList()

    private fun done(arguments: List<String>): String =
        counterProgram(arguments).let { (exit, printed) -> printed.also { assertEquals(0, exit, arguments[0]) } }
}

/** What a counter's page, and any program of its office, calls. */
class Page(arguments: List<String>) : AutoCloseable {
    private val process = ProcessBuilder(listOf(File(PROGRAMS, "eid-counter").path) + arguments)
        .redirectError(ProcessBuilder.Redirect.DISCARD).start()

    init {
        Runtime.getRuntime().addShutdownHook(Thread { process.destroyForcibly() })
    }

    private val url: String = process.inputReader().readLine()
    private val http = HttpClient.newHttpClient()

    /** Asks. */
    fun ask(purpose: String): Question {
        val asked = post("requests", """{"purpose":"$purpose","photo":true,"reason":"$COUNTER_REASON"}""", 201)
        return Question(asked.text("text"), asked.text("request"))
    }

    /** The number of the refusal to ask for this. */
    fun refusalToAsk(purpose: String): String =
        post("requests", """{"purpose":"$purpose","reason":"$COUNTER_REASON"}""", 403).text("code")

    /** The verdict's code for an answer to a question, or to none. */
    fun verdict(proof: String, question: Question? = null): String {
        val request = question?.let { ""","request":"${it.name}"""" } ?: ""
        val answer = post("verify", """{"proofs":[{"text":"$proof"}]$request}""", 200) as Map<*, *>
        return (answer["reports"] as List<*>).single().text("code")
    }

    /** The verdict's code for what came over the network as the answer to a question; null if nothing did. */
    fun collect(question: Question): String? =
        (post("requests/${question.name}/collect", "", 200) as Map<*, *>)["report"]?.text("code")

    private fun post(path: String, json: String, status: Int): Any? {
        val request = HttpRequest.newBuilder(URI(url + path)).header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)).build()
        val answer = http.send(request, HttpResponse.BodyHandlers.ofString())
        assertEquals(status, answer.statusCode(), answer.body())
        return Json.read(answer.body())
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly()
    }
}

/** An address of this machine where nobody listens. */
fun freeAddress(): String = ServerSocket(0).use { "127.0.0.1:${it.localPort}" }

private fun Any?.text(name: String): String = (this as Map<*, *>)[name].toString()

/** Two bytes are three characters, the lowest digit first; a byte that is left over is two. */
private fun base45(bytes: ByteArray): String = bytes.toList().chunked(2).joinToString("") { pair ->
    var number = pair.fold(0) { all, byte -> all * 256 + (byte.toInt() and 255) }
    (0..pair.size).joinToString("") { BASE45[number % 45].toString().also { number /= 45 } }
}
