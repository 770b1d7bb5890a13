package vn.example.eid.tests

import kotlin.test.assertEquals
import kotlin.test.assertIs
import kotlin.test.assertNull
import kotlin.test.assertTrue
import org.junit.After
import org.junit.Test
import vn.example.eid.core.EidException
import vn.example.eid.core.UpdateState

private const val VERSION = "1.2.3"

/** The signed configuration as a shell sees it: whether this version of the app is served, and when the platform rests. */
class ConfigurationTest {
    private val world = World()
    private val sandbox = world.sandbox
    private val phone = world.phone.apply { restart(config().copy(appVersion = VERSION)) }
    private val citizen = CITIZENS[0]

    @After
    fun away() = world.close()

    @Test
    fun version_that_is_not_served_is_told_so_and_what_works_offline_goes_on() = test {
        val unlocked = phone.activate(sandbox, citizen)
        unlocked.refill()
        val cases = listOf(
            Triple("\"recommended_below\":\"1.2.4\"", UpdateState.RECOMMENDED, null),
            Triple("\"urgent_below\":\"1.3.0\"", UpdateState.URGENT, null),
            Triple("\"required_below\":\"1.2.4\"", UpdateState.REQUIRED, 7030),
            Triple("\"blocked\":[\"$VERSION\"]", UpdateState.BLOCKED, 7031),
        )
        for ((update, state, code) in cases) {
            sandbox.configure("\"update\":{$update}")
            assertEquals(state, phone.app.renewConfiguration().update)
            if (code == null) unlocked.refill() else refusedWith(code) { unlocked.refill() }
        }
        unlocked.present(AGE).use { it.sign() }
        sandbox.configure()
        unlocked.refill()
        assertEquals(UpdateState.FINE, phone.app.appStatus().update, "the app finds out by itself")
    }

    @Test
    fun maintenance_says_how_long_and_leaves_proofs() = test {
        val unlocked = phone.activate(sandbox, citizen)
        unlocked.refill()
        val now = System.currentTimeMillis() / 1000
        sandbox.configure("\"maintenance\":{\"from\":${now - 10},\"to\":${now + 600}}")
        val status = phone.app.renewConfiguration()
        assertEquals(listOf(now - 10, now + 600), listOf(status.maintenanceFrom, status.maintenanceTo))
        val refusal = assertIs<EidException.Network>(refusedWith(7032) { unlocked.refill() })
        assertTrue(checkNotNull(refusal.retryAfterS) in 500u..600u)
        unlocked.present(AGE).use { it.sign() }
    }

    @Test
    fun older_configuration_is_refused_also_after_a_restart() = test {
        phone.activate(sandbox, citizen).use { unlocked ->
            sandbox.configure("\"version\":9")
            assertEquals(9u, phone.app.renewConfiguration().configurationVersion)
            sandbox.configure("\"version\":8")
            refusedWith(2060) { phone.app.renewConfiguration() }
            unlocked.refill()
        }
        phone.restart()
        assertNull(phone.app.appStatus().configurationVersion)
        phone.app.unlock(passcode()).use {
            refusedWith(2060) { phone.app.renewConfiguration() }
            assertEquals(2060u, phone.app.appStatus().refused)
        }
    }

    @Test
    fun configuration_that_was_built_in_counts_before_any_was_fetched() = test {
        sandbox.configure("\"version\":5,\"update\":{\"required_below\":\"2.0.0\"}")
        val builtIn = sandbox.configuration()
        phone.restart(phone.config().copy(appVersion = VERSION, configuration = builtIn))
        assertEquals(UpdateState.REQUIRED, phone.app.appStatus().update)
        refusedWith(7030) { phone.app.activate(citizen.pid, citizen.phone) {} }
        refusedWith(1003) { phone.restart(phone.config().copy(configuration = builtIn.dropLast(9).toByteArray())) }
    }
}
