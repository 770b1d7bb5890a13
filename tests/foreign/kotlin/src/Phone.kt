package vn.example.eid.tests

import java.nio.file.Files
import java.util.concurrent.ConcurrentLinkedQueue
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import vn.example.eid.Eid
import vn.example.eid.HardwareKey
import vn.example.eid.SoftwareHardware
import vn.example.eid.choosePasscode
import vn.example.eid.code
import vn.example.eid.core.Activation
import vn.example.eid.core.AppConfig
import vn.example.eid.core.ChipLink
import vn.example.eid.core.Clock
import vn.example.eid.core.EidException
import vn.example.eid.core.Event
import vn.example.eid.core.EventSink
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.Moment
import vn.example.eid.core.Platform
import vn.example.eid.core.PresentDraft
import vn.example.eid.core.Purpose
import vn.example.eid.core.SecureKey
import vn.example.eid.core.Unlocked
import vn.example.eid.showFace

const val PASSCODE = "271828"

/** A passcode as a screen gives it: bytes that are wiped by the call. */
fun passcode(digits: String = PASSCODE): ByteArray = digits.toByteArray()

/** The clocks of this machine; boots do not happen. */
object HostClock : Clock {
    override fun now() =
        Moment(System.currentTimeMillis() / 1000, (System.nanoTime() / 1_000_000).toULong(), ByteArray(16) { 1 })
}

/** Both clocks ahead by the same time. */
class MovableClock : Clock {
    @Volatile
    var aheadSeconds = 0uL

    override fun now() = HostClock.now().run {
        copy(unixSeconds = unixSeconds + aheadSeconds.toLong(), monotonicMs = monotonicMs + aheadSeconds * 1000u)
    }
}

/** Keeps what it was told. */
class Told : EventSink {
    val events = ConcurrentLinkedQueue<Event>()

    override fun onEvent(event: Event) {
        events.add(event)
    }
}

/** A phone with an empty store. Its ports can be replaced while it runs. */
class Phone(
    private val url: String,
    private val caDer: ByteArray,
    private val chip: ChipLink? = null,
    private val clock: Clock = HostClock,
) : AutoCloseable {
    constructor(sandbox: Sandbox, chip: ChipLink? = null, clock: Clock = HostClock) :
        this(sandbox.url, sandbox.caDer, chip, clock)

    val hardware = SoftwareHardware()
    val told = Told()
    private val folder = Files.createTempDirectory("phone").toFile()
    private val key = HardwareKey(hardware) {}
    val ports = SwitchedKey(key)
    var app = open()
        private set

    fun config() = AppConfig(
        folder = folder.path,
        appId = "example.eid.kotlin",
        platformUrl = url,
        caDer = listOf(caDer),
        trustRoots = listOf(SANDBOX_ROOT),
        batch = 2u,
        fastKdf = true,
    )

    fun open(config: AppConfig = config(), clock: Clock = this.clock) = Eid(config, Platform(ports, clock, told, chip))

    /** The app started anew on the same phone. */
    fun restart(config: AppConfig = config(), clock: Clock = this.clock) {
        app.close()
        app = open(config, clock)
    }

    /** Fails unless the app says so, which it does on a thread of its own. */
    suspend fun isTold(event: Event) {
        repeat(500) { if (event !in told.events) delay(20) }
        assertTrue(event in told.events, "$event")
    }

    /** Activated and unlocked. */
    suspend fun activate(sandbox: Sandbox, citizen: Citizen): Unlocked = app.activate(citizen.pid, citizen.phone) {
        it.confirmCode(sandbox.codeSentTo(citizen.phone))
        it.prove(sandbox, citizen)
        it.choosePasscode(passcode())
    }

    override fun close() {
        app.close()
        folder.deleteRecursively()
    }
}

/** A platform and a phone of a test's own, for both of which time can be let pass. */
class World(chip: ChipLink? = null) : AutoCloseable {
    val sandbox = Sandbox()
    private val clock = MovableClock()
    val phone = Phone(sandbox, chip, clock)

    /** A phone beside the first, in the same time. */
    fun another() = Phone(sandbox, clock = clock)

    fun pass(seconds: Long) {
        sandbox.passTime(seconds)
        clock.aheadSeconds += seconds.toULong()
    }

    override fun close() {
        phone.close()
        sandbox.close()
    }
}

/** The card and the face; a voucher stands in for the card, which takes less time to use. */
suspend fun Activation.prove(sandbox: Sandbox, citizen: Citizen) {
    useVoucher(sandbox.voucherFor(citizen))
    showFace(sandbox.faceOf(citizen))
}

/** The steps after the card. */
suspend fun Activation.finish(sandbox: Sandbox, citizen: Citizen): Unlocked {
    showFace(sandbox.faceOf(citizen))
    return choosePasscode(passcode())
}

/** A key port whose behaviour a test replaces. */
class SwitchedKey(val honest: SecureKey) : SecureKey {
    @Volatile
    var now: SecureKey = honest

    override suspend fun generate(alias: String, access: KeyAccess) = now.generate(alias, access)
    override suspend fun sign(alias: String, data: ByteArray) = now.sign(alias, data)
    override suspend fun makeSecret(alias: String, access: KeyAccess) = now.makeSecret(alias, access)
    override suspend fun derive(alias: String, input: HardwareInput) = now.derive(alias, input)
    override suspend fun remove(alias: String) = now.remove(alias)
}

/** The age of eighteen, to anyone. */
val AGE = PresentDraft(Purpose.AGE)

/** Fails unless the call is refused with this code; gives the refusal. */
suspend fun refusedWith(code: Int, call: suspend () -> Any?): EidException {
    val refusal = try {
        call()
        null
    } catch (e: EidException) {
        e
    }
    return requireNotNull(refusal) { "went through, wanted $code" }.also { assertEquals(code.toUInt(), it.code, "$it") }
}

/** Runs a test on coroutines; one that hangs fails. */
fun test(block: suspend CoroutineScope.() -> Unit): Unit = runBlocking { withTimeout(60_000) { block() } }
