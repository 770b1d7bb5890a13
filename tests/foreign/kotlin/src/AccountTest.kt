package vn.example.eid.tests

import kotlin.math.abs
import kotlin.test.assertEquals
import kotlin.test.assertFalse
import kotlin.test.assertTrue
import org.junit.After
import org.junit.Test
import vn.example.eid.core.AccountState
import vn.example.eid.core.Act
import vn.example.eid.core.PasscodeOutcome
import vn.example.eid.replacePasscode
import vn.example.eid.signInWith
import vn.example.eid.unlinkWith

private const val NEW = "161803"

/** Signing in at the platform, and what only somebody who has may do. */
class AccountTest {
    private val world = World()
    private val sandbox = world.sandbox
    private val phone = world.phone
    private val citizen = CITIZENS[0]

    @After
    fun away() = world.close()

    @Test
    fun signed_in_citizen_sees_the_phones_until_signing_out_or_locking() = test {
        val unlocked = phone.activate(sandbox, citizen)
        refusedWith(2056) { unlocked.devices() }
        val typed = passcode()
        val view = unlocked.signInWith(typed)
        assertTrue(typed.all { it == 0.toByte() }, "it is wiped")
        assertEquals(2u, view.authLevel)
        assertTrue(abs(view.authTime - System.currentTimeMillis() / 1000) < 60)
        assertEquals(listOf(true), unlocked.devices().map { it.active })
        assertEquals(Act.SIGNED_IN, unlocked.history(null, 1u).items.single().act)
        unlocked.signOut()
        refusedWith(2056) { unlocked.devices() }
        unlocked.signInWith(passcode())
        unlocked.lock()
        refusedWith(2056) { phone.app.unlock(passcode()).devices() }
    }

    @Test
    fun wrong_passcode_costs_a_try_here_and_a_bad_network_none() = test {
        val unlocked = phone.activate(sandbox, citizen)
        for (malformed in listOf("", "27182a", "2".repeat(1_000_000))) {
            refusedWith(2003) { unlocked.signInWith(passcode(malformed)) }
        }
        repeat(2) { refusedWith(2001) { unlocked.signInWith(passcode("314159")) } }
        for (fault in listOf("truncated", "nonsense")) {
            sandbox.fault(fault, "/v1/instructions")
            try {
                assertTrue(runCatching { unlocked.signInWith(passcode()) }.isFailure, fault)
            } finally {
                sandbox.fault("off")
            }
            assertEquals(2u, unlocked.signInWith(passcode()).authLevel)
        }
    }

    @Test
    fun new_phone_supersedes_the_old_one() = test {
        world.another().use { new ->
            val before = phone.activate(sandbox, citizen)
            before.signInWith(passcode())
            val after = new.activate(sandbox, citizen)
            refusedWith(1024) { before.devices() }
            refusedWith(4006) { before.signInWith(passcode()) }
            assertEquals(AccountState.SUPERSEDED, phone.app.appStatus().account)
            after.signInWith(passcode())
            assertEquals(listOf(false, true), after.devices().map { it.active }.sorted())
        }
    }

    @Test
    fun unlinked_phone_holds_nothing_and_can_be_activated_again() = test {
        val unlocked = phone.activate(sandbox, citizen)
        refusedWith(2001) { unlocked.unlinkWith(passcode("314159")) }
        sandbox.fault("nonsense")
        try {
            refusedWith(7003) { unlocked.unlinkWith(passcode()) }
        } finally {
            sandbox.fault("off")
        }
        assertTrue(phone.app.isActivated(), "nothing is deleted before the platform agrees")
        unlocked.unlinkWith(passcode())
        assertFalse(phone.app.isActivated())
        refusedWith(4006) { unlocked.home() }
        phone.restart()
        phone.activate(sandbox, citizen).close()
    }

    @Test
    fun passcode_changed_with_a_crash_is_clear_after_a_minute_and_signs_in() = test {
        var unlocked = phone.activate(sandbox, citizen)
        // The platform acts and its answer breaks off, or it does not act: either way the new one is in force afterwards.
        for ((fault, old, new) in listOf(Triple("truncated", PASSCODE, NEW), Triple("nonsense", NEW, PASSCODE))) {
            sandbox.fault(fault, "/v1/instructions")
            try {
                assertEquals(PasscodeOutcome.UNSURE, unlocked.replacePasscode(passcode(old), passcode(new)), fault)
            } finally {
                sandbox.fault("off")
            }
            phone.restart()
            world.pass(61)
            phone.app.unlock(passcode()).refill()
            unlocked = phone.app.unlock(passcode(NEW))
            assertEquals(2u, unlocked.signInWith(passcode(NEW)).authLevel)
            refusedWith(2001) { phone.app.unlock(passcode()) }
        }
    }
}
