package vn.example.eid.tests

import java.io.File
import java.net.URI
import java.net.http.HttpClient
import java.net.http.HttpRequest
import java.net.http.HttpResponse
import java.nio.file.Files
import java.security.KeyStore
import java.security.cert.Certificate
import java.security.cert.CertificateFactory
import java.util.Base64
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import javax.net.ssl.SSLContext
import javax.net.ssl.TrustManagerFactory
import kotlin.test.assertEquals
import org.junit.rules.ExternalResource

/** Where `eid-sandbox` and `eid-counter` were built. */
val PROGRAMS = File(System.getProperty("eid.programs"))

/** The key that signs the trust list of every sandbox; public on purpose. */
val SANDBOX_ROOT: ByteArray = File("tests/sandbox/keys/sandbox-root.pub").readBytes()

/** An invented citizen of the sandbox. */
data class Citizen(val pid: String, val phone: String)

/** Those who can have every credential. One phone number has five attempts at an activation in ten minutes. */
val CITIZENS: List<Citizen> = listOf(
    Citizen("000190000001", "0900000001"),
    Citizen("000085000002", "0900000002"),
    Citizen("000201000008", "0900000008"),
    Citizen("000303000011", "0900000011"),
    Citizen("000079000012", "0900000012"),
)

/** A [Sandbox] for all tests of a class. */
class LivePlatform : ExternalResource() {
    lateinit var sandbox: Sandbox
        private set
    private val used = AtomicInteger()

    /** The next citizen in turn. */
    fun citizen(): Citizen = CITIZENS[used.getAndIncrement() % CITIZENS.size]

    override fun before() {
        sandbox = Sandbox()
    }

    override fun after() = sandbox.close()
}

/** A sandbox platform in a process of its own, spoken to over TLS. */
class Sandbox : AutoCloseable {
    private val folder = Files.createTempDirectory("sandbox").toFile()
    private val caFile = File(folder, "ca.pem")
    private val process = ProcessBuilder(
        File(PROGRAMS, "eid-sandbox").path, "serve", "--listen", "127.0.0.1:0", "--ca", caFile.path,
    ).redirectError(File(folder, "log")).start()

    init {
        // Also when the tests are ended from outside, as after their time limit.
        Runtime.getRuntime().addShutdownHook(Thread { process.destroyForcibly() })
    }

    /** The platform's address; the process has written its certificate by then. */
    val url: String = process.inputReader().run { readLine().also { readLine() } }

    private val ca = caFile.inputStream().use(CertificateFactory.getInstance("X.509")::generateCertificate)
    private val http = HttpClient.newBuilder().sslContext(trustOnly(ca)).build()

    /** The certificate authority, as an app is configured with it. */
    val caDer: ByteArray = ca.encoded

    /** The one-time code that was last sent to a phone. */
    fun codeSentTo(phone: String): String {
        val messages = String(fetch("/sandbox/messages?phone=$phone"))
        return Regex("\"code\":\"(\\d{6})\"").findAll(messages).last().groupValues[1]
    }

    /** Makes the platform misbehave where paths begin so: `off`, `down`, `nonsense`, `slow`, `truncated`, `oversize`. */
    fun fault(mode: String, paths: String = "/") {
        post("/sandbox/faults", """{"mode":"$mode","paths":"$paths"}""", 204)
    }

    /** The description of a citizen's identity card, with the given quirks: what stands between JSON's braces. */
    fun cardOf(citizen: Citizen, quirks: String = ""): String =
        post("/sandbox/cards", """{"pid":"${citizen.pid}","quirks":{$quirks}}""")

    /** A picture of the citizen, as the phone's camera takes it. */
    fun faceOf(citizen: Citizen): ByteArray {
        val number = checkNotNull(Regex("\"portrait\":(\\d+)").find(cardOf(citizen))).groupValues[1]
        return File("tests/sandbox/portraits/$number.jpg").readBytes()
    }

    /** What an office prints after it looked at the citizen. */
    fun voucherFor(citizen: Citizen): String {
        val printed = post("/sandbox/offices/voucher", """{"pid":"${citizen.pid}"}""", 201)
        return checkNotNull(Regex("\"voucher\":\"([^\"]+)\"").find(printed)).groupValues[1]
    }

    /** How many text messages a phone got. */
    fun messagesTo(phone: String): Int = Regex("\"code\":").findAll(String(fetch("/sandbox/messages?phone=$phone"))).count()

    /** Changes what the register says of a citizen: what stands between JSON's braces. */
    fun register(citizen: Citizen, change: String) {
        post("/sandbox/register/${citizen.pid}", "{$change}", 204)
    }

    /** Changes what the signed configuration says: what stands between JSON's braces. */
    fun configure(settings: String = "") {
        post("/sandbox/configuration", "{$settings}", 204)
    }

    /** What all authorities do from now on, and how many seconds they take. */
    fun authority(plan: String, delay: Int) {
        post("/sandbox/authority", """{"plan":"$plan","delay_s":$delay}""", 204)
    }

    /** What arrived of a citizen's evidence. */
    fun evidence(citizen: Citizen, sha256: ByteArray): ByteArray {
        val name = Base64.getUrlEncoder().withoutPadding().encodeToString(sha256)
        return fetch("/sandbox/evidence/$name?pid=${citizen.pid}")
    }

    /** The signed configuration as it is now. */
    fun configuration(): ByteArray = fetch("/v1/configuration")

    /** Puts the platform's clock ahead. */
    fun passTime(seconds: Long) {
        post("/sandbox/clock", """{"seconds":$seconds}""", 204)
    }

    private fun post(path: String, json: String, status: Int = 200): String {
        val request = HttpRequest.newBuilder(URI(url + path)).header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(json)).build()
        val answer = http.send(request, HttpResponse.BodyHandlers.ofString())
        assertEquals(status, answer.statusCode(), path)
        return answer.body()
    }

    /** What a counter says of a proof, with today's lists: the exit code and the verdict's JSON. */
    fun verify(proof: String): Pair<Int, String> = counterProgram(listOf("verify") + lists() + proof)

    /** Options of the counter's program: today's lists. */
    fun lists(): List<String> {
        val (trust, status) = Pair(File(folder, "trust-list.cbor"), File(folder, "status.cbor"))
        trust.writeBytes(fetch("/v1/trust-list"))
        status.writeBytes(fetch("/v1/status-lists"))
        return listOf("--trust", trust.path, "--status", status.path)
    }

    /** What the registrar answers to a counter that applies. */
    fun registerCounter(application: String): String = post("/sandbox/counters", application, 201)

    /** Withdraws a counter, or takes it back: `suspended`, `valid`. */
    fun setCounter(counter: String, status: String) {
        post("/sandbox/counters/${counter.removePrefix("rp/")}/status", """{"status":"$status"}""", 204)
    }

    private fun fetch(path: String): ByteArray {
        val answer = http.send(HttpRequest.newBuilder(URI(url + path)).build(), HttpResponse.BodyHandlers.ofByteArray())
        assertEquals(200, answer.statusCode(), path)
        return answer.body()
    }

    override fun close() {
        process.destroy()
        if (!process.waitFor(10, TimeUnit.SECONDS)) process.destroyForcibly()
        folder.deleteRecursively()
    }
}

/** Runs the counter's program to its end: its exit code and what it printed. */
fun counterProgram(arguments: List<String>): Pair<Int, String> {
    val command = listOf(File(PROGRAMS, "eid-counter").path) + arguments
    val program = ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val printed = program.inputReader().readText()
    return Pair(program.waitFor(), printed)
}

private fun trustOnly(ca: Certificate): SSLContext {
    val store = KeyStore.getInstance(KeyStore.getDefaultType()).apply {
        load(null)
        setCertificateEntry("ca", ca)
    }
    val trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm()).apply { init(store) }
    return SSLContext.getInstance("TLS").apply { init(null, trust.trustManagers, null) }
}
