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
    private val secret = ByteArray(32) { it.toByte() }

    @Test
    fun sealed_secret_opens_and_the_callers_copy_is_wiped() = runBlocking {
        val given = secret.copyOf()
        val blob = key.seal("vault", given)
        assertContentEquals(ByteArray(32), given)
        assertEquals(1 + 12 + 32 + 16, blob.size)
        assertContentEquals(secret, key.unseal("vault", blob))
    }

    @Test
    fun secret_sealed_anew_makes_the_old_blob_useless() = runBlocking {
        val old = key.seal("vault", secret.copyOf())
        key.seal("vault", secret.copyOf())
        assertFailsWith<SecureKeyException.Invalidated> { key.unseal("vault", old) }
        Unit
    }

    @Test
    fun blob_that_is_not_ours_is_malformed() = runBlocking {
        val blob = key.seal("vault", secret.copyOf())
        for (bad in listOf(byteArrayOf(), blob.copyOf(28), byteArrayOf(2) + blob.drop(1))) {
            assertFailsWith<SecureKeyException.Malformed> { key.unseal("vault", bad) }
        }
        for (at in 1 until blob.size) {
            val changed = blob.copyOf().also { it[at] = (it[at].toInt() xor 1).toByte() }
            assertFailsWith<SecureKeyException.Invalidated> { key.unseal("vault", changed) }
        }
    }

    @Test
    fun removed_key_is_gone_and_removing_it_again_is_no_error() = runBlocking {
        key.generate("device", KeyAccess.WHILE_UNLOCKED)
        val blob = key.seal("vault", secret.copyOf())
        repeat(2) { for (alias in listOf("device", "vault")) key.remove(alias) }
        assertFailsWith<SecureKeyException.Invalidated> { key.sign("device", byteArrayOf(1)) }
        assertFailsWith<SecureKeyException.Invalidated> { key.unseal("vault", blob) }
        assertEquals(emptySet(), hardware.aliases)
    }

    @Test
    fun alias_outside_its_form_never_reaches_the_hardware() = runBlocking {
        for (alias in listOf("", "A", "a/b", "../a", "a b", "a\n", "ă", "a".repeat(41))) {
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.generate(alias, KeyAccess.WHILE_UNLOCKED) }
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.sign(alias, byteArrayOf()) }
            assertFailsWith<SecureKeyException.Malformed>(alias) { key.seal(alias, secret.copyOf()) }
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
