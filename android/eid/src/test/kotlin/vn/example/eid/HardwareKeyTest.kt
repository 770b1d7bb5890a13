package vn.example.eid

import java.security.GeneralSecurityException
import java.util.concurrent.atomic.AtomicInteger
import kotlin.test.assertContentEquals
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertFalse
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.async
import kotlinx.coroutines.awaitAll
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import org.junit.Test
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.SecureKeyException

class HardwareKeyTest {
    private val hardware = SoftwareHardware()
    private val asked = AtomicInteger()
    private val key = HardwareKey(hardware) {
        delay(20)
        asked.incrementAndGet()
        hardware.allowance.set(100)
    }

    private fun input(byte: Byte = 7, size: Int = 32) = HardwareInput(ByteArray(size) { byte }, ByteArray(65) { byte })

    @Test
    fun answer_is_the_hmac_of_the_bytes_and_the_input_is_wiped() = runBlocking {
        key.makeSecret("vault-a", KeyAccess.WHILE_UNLOCKED)
        key.makeSecret("vault-b", KeyAccess.WHILE_UNLOCKED)
        val expected = hardware.startDeriving("vault-a")!!.mac.doFinal(ByteArray(32) { 7 })
        val given = input()
        assertContentEquals(expected, key.derive("vault-a", given))
        assertContentEquals(ByteArray(32), given.bytes)
        assertContentEquals(ByteArray(65), given.point)
        for (other in listOf(key.derive("vault-a", input(8)), key.derive("vault-b", input()))) {
            assertFalse(other.contentEquals(expected))
        }
        assertEquals(0, asked.get())
    }

    @Test
    fun secret_made_anew_answers_otherwise() = runBlocking {
        key.makeSecret("vault-a", KeyAccess.WHILE_UNLOCKED)
        val old = key.derive("vault-a", input())
        key.makeSecret("vault-a", KeyAccess.WHILE_UNLOCKED)
        assertFalse(old.contentEquals(key.derive("vault-a", input())))
    }

    @Test
    fun input_of_another_length_is_malformed() = runBlocking {
        key.makeSecret("vault-a", KeyAccess.WHILE_UNLOCKED)
        for (size in listOf(0, 31, 33, 1 shl 20)) {
            assertFailsWith<SecureKeyException.Malformed> { key.derive("vault-a", input(size = size)) }
        }
    }

    @Test
    fun biometric_secret_asks_for_a_finger_on_each_use_and_goes_when_another_is_enrolled() = runBlocking {
        val confirmed = mutableListOf<Begun?>()
        val key = HardwareKey(hardware) { confirmed.add(it) }
        key.makeSecret("vault-biometric", KeyAccess.WITH_BIOMETRICS)
        val answers = List(2) { key.derive("vault-biometric", input()) }
        assertContentEquals(answers[0], answers[1])
        assertEquals(2, confirmed.size)
        assertFalse(null in confirmed, "the screen lock is not enough")

        val refusing = HardwareKey(hardware) { throw SecureKeyException.UserCancelled() }
        val given = input()
        assertFailsWith<SecureKeyException.UserCancelled> { refusing.derive("vault-biometric", given) }
        assertContentEquals(ByteArray(32), given.bytes)
        hardware.enrol()
        assertFailsWith<SecureKeyException.Invalidated> { key.derive("vault-biometric", input()) }
        assertEquals(2, confirmed.size)
    }

    @Test
    fun biometric_signature_asks_for_a_finger_on_each_use_and_goes_when_another_is_enrolled() = runBlocking {
        val confirmed = mutableListOf<Begun?>()
        val key = HardwareKey(hardware) { confirmed.add(it) }
        key.generate("biometric", KeyAccess.WITH_BIOMETRICS)
        repeat(2) { assertEquals(64, key.sign("biometric", byteArrayOf(1)).size) }
        assertEquals(listOf(true, true), confirmed.map { it is Signing }, "the screen lock is not enough")

        val refusing = HardwareKey(hardware) { throw SecureKeyException.UserCancelled() }
        assertFailsWith<SecureKeyException.UserCancelled> { refusing.sign("biometric", byteArrayOf(1)) }
        hardware.enrol()
        assertFailsWith<SecureKeyException.Invalidated> { key.sign("biometric", byteArrayOf(1)) }
        assertEquals(2, confirmed.size)
    }

    @Test
    fun removed_key_is_gone_and_removing_it_again_is_no_error() = runBlocking {
        key.generate("device", KeyAccess.WHILE_UNLOCKED)
        key.makeSecret("vault", KeyAccess.WHILE_UNLOCKED)
        repeat(2) { for (alias in listOf("device", "vault")) key.remove(alias) }
        assertFailsWith<SecureKeyException.Invalidated> { key.sign("device", byteArrayOf(1)) }
        assertFailsWith<SecureKeyException.Invalidated> { key.derive("vault", input()) }
        assertEquals(emptySet(), hardware.aliases)
    }

    @Test
    fun alias_outside_its_form_never_reaches_the_hardware() = runBlocking {
        for (alias in listOf("", "A", "a/b", "../a", "a b", "a\n", "ă", "a".repeat(41))) {
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.generate(alias, KeyAccess.WHILE_UNLOCKED) }
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.sign(alias, byteArrayOf()) }
            assertFailsWith<SecureKeyException.Malformed>(alias) {
                key.makeSecret(alias, KeyAccess.WHILE_UNLOCKED)
            }
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.derive(alias, input()) }
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.remove(alias) }
        }
        assertEquals(emptySet(), hardware.aliases)
        key.generate("a".repeat(40), KeyAccess.WHILE_UNLOCKED)
        Unit
    }

    @Test
    fun holder_is_asked_once_for_many_signatures() = runBlocking {
        key.generate("c-1", KeyAccess.WITH_PRESENCE)
        hardware.allowance.set(0)
        (1..20).map { async { key.sign("c-1", byteArrayOf(it.toByte())) } }.awaitAll()
        assertEquals(1, asked.get())
    }

    @Test
    fun key_for_requests_asks_nobody() = runBlocking {
        key.generate("device", KeyAccess.WHILE_UNLOCKED)
        hardware.allowance.set(0)
        key.sign("device", byteArrayOf(1))
        assertEquals(0, asked.get())
    }

    @Test
    fun holder_who_confirms_in_vain_is_not_asked_for_ever() = runBlocking {
        val stubborn = HardwareKey(hardware) { asked.incrementAndGet() }
        stubborn.generate("c-1", KeyAccess.WITH_PRESENCE)
        hardware.allowance.set(0)
        assertFailsWith<SecureKeyException.Unavailable> { stubborn.sign("c-1", byteArrayOf(1)) }
        assertEquals(1, asked.get())
    }

    @Test
    fun cancelled_prompt_is_taken_away_and_the_next_one_comes() = runBlocking {
        val (shown, gone) = Pair(CompletableDeferred<Unit>(), CompletableDeferred<Unit>())
        val first = HardwareKey(hardware) {
            try {
                if (shown.complete(Unit)) awaitCancellation() else hardware.allowance.set(1)
            } finally {
                gone.complete(Unit)
            }
        }
        first.generate("c-1", KeyAccess.WITH_PRESENCE)
        hardware.allowance.set(0)
        val waiting = launch { first.sign("c-1", byteArrayOf(1)) }
        shown.await()
        waiting.cancelAndJoin()
        gone.await()
        assertEquals(64, first.sign("c-1", byteArrayOf(1)).size)
    }

    @Test
    fun what_the_hardware_says_never_gets_out() = runBlocking {
        val text = "owner 000190000001"
        val failures = listOf(GeneralSecurityException(text), IllegalStateException(text), CancellationException(text))
        for (failure in failures) {
            val broken = object : KeyHardware by hardware {
                override fun startSigning(alias: String) = throw failure
            }
            val seen = assertFailsWith<SecureKeyException.Unavailable> {
                HardwareKey(broken) {}.sign("device", byteArrayOf(1))
            }
            assertFalse(seen.stackTraceToString().contains("000190000001"))
        }
    }
}
