package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlin.test.assertTrue
import org.junit.Test
import vn.example.eid.CardLink
import vn.example.eid.CardReader
import vn.example.eid.Events
import vn.example.eid.HardwareKey
import vn.example.eid.SoftwareHardware
import vn.example.eid.core.ChipLimits
import vn.example.eid.core.ChipLink
import vn.example.eid.core.Clock
import vn.example.eid.core.ContractFinding
import vn.example.eid.core.Event
import vn.example.eid.core.EventSink
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.Integrity
import vn.example.eid.core.KeyAccess
import vn.example.eid.core.Moment
import vn.example.eid.core.SecureKey
import vn.example.eid.core.checkChipLink
import vn.example.eid.core.checkClock
import vn.example.eid.core.checkEventSink
import vn.example.eid.core.checkIntegrity
import vn.example.eid.core.checkSecureKey

/** The rules of `tests/contract`, over ports written in Kotlin. */
class ContractTest {
    private val key = HardwareKey(SoftwareHardware()) {}

    @Test
    fun hardware_key_keeps_its_contract() = test { kept(checkSecureKey(key)) }

    @Test
    fun clock_keeps_its_contract() = test { kept(checkClock(HostClock)) }

    @Test
    fun event_flow_keeps_its_contract() = test { kept(checkEventSink(Events())) }

    @Test
    fun card_link_keeps_its_contract() = test { kept(checkChipLink(CardLink(Passport))) }

    @Test
    fun simulated_attestation_keeps_its_contract() = test {
        kept(checkIntegrity(object : Integrity {
            override suspend fun attest(nonce: ByteArray) = byteArrayOf(1) + nonce
        }))
    }

    @Test
    fun key_that_breaks_a_rule_is_found_out() = test {
        val broken = mapOf<String, SecureKey>(
            "short signature" to object : SecureKey by key {
                override suspend fun sign(alias: String, data: ByteArray) = ByteArray(63)
            },
            "remembers a removed key" to object : SecureKey by key {
                override suspend fun remove(alias: String) {}
            },
            "throws" to object : SecureKey by key {
                override suspend fun derive(alias: String, input: HardwareInput) = throw IllegalStateException(PERSONAL)
            },
            "short answer" to object : SecureKey by key {
                override suspend fun derive(alias: String, input: HardwareInput) = ByteArray(31)
            },
            "same answer to everything" to object : SecureKey by key {
                override suspend fun derive(alias: String, input: HardwareInput) = ByteArray(32)
            },
            "makes no secret" to object : SecureKey by key {
                override suspend fun makeSecret(alias: String, access: KeyAccess) {}
            },
        )
        for ((why, port) in broken) assertTrue(checkSecureKey(port).any { !it.passed }, why)
    }

    @Test
    fun clock_that_breaks_a_rule_is_found_out() = test {
        val backwards = object : Clock {
            private var ticks = 1_000_000uL
            override fun now(): Moment = HostClock.now().copy(monotonicMs = ticks--)
        }
        assertTrue(checkClock(backwards).any { !it.passed })
    }

    @Test
    fun link_that_breaks_a_rule_is_found_out() = test {
        val link = CardLink(Passport)
        val broken = mapOf<String, ChipLink>(
            "answers after the end" to object : ChipLink by link {
                override suspend fun endSession(success: Boolean) {}
            },
            "no status word" to object : ChipLink by link {
                override suspend fun transceive(command: ByteArray, timeoutMs: UInt) = byteArrayOf(0x90.toByte())
            },
            "one answer for all" to object : ChipLink by link {
                override suspend fun transceive(command: ByteArray, timeoutMs: UInt) = byteArrayOf(0x90.toByte(), 0)
            },
        )
        for ((why, port) in broken) assertTrue(checkChipLink(port).any { !it.passed }, why)
    }

    @Test
    fun attestation_that_breaks_a_rule_is_found_out() = test {
        for (size in listOf(0, 1 shl 20)) {
            val findings = checkIntegrity(object : Integrity {
                override suspend fun attest(nonce: ByteArray) = ByteArray(size)
            })
            assertTrue(findings.any { !it.passed }, "$size bytes")
        }
    }

    @Test
    fun listener_that_breaks_a_rule_is_found_out() = test {
        val findings = checkEventSink(object : EventSink {
            override fun onEvent(event: Event) = throw IllegalStateException(PERSONAL)
        })
        assertTrue(findings.any { !it.passed })
    }

    private fun kept(findings: List<ContractFinding>) {
        assertTrue(findings.isNotEmpty(), "no rule was looked at")
        assertEquals(emptyList(), findings.filterNot { it.passed })
    }

    /** A chip with the eMRTD application and nothing in it. */
    private object Passport : CardReader {
        private val application = byteArrayOf(0xa0.toByte(), 0, 0, 2, 0x47, 0x10, 1)

        override fun connect(waitMs: Int) = ChipLimits(261u, 258u)

        override fun transceive(command: ByteArray, timeoutMs: Int): ByteArray =
            if (command.takeLast(application.size) == application.toList()) {
                byteArrayOf(0x90.toByte(), 0)
            } else {
                byteArrayOf(0x6a, 0x82.toByte())
            }

        override fun close() {}
    }
}
