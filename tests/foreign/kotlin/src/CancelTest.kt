package vn.example.eid.tests

import java.util.concurrent.atomic.AtomicInteger
import kotlin.concurrent.thread
import kotlin.coroutines.Continuation
import kotlin.coroutines.ContinuationInterceptor
import kotlin.test.assertEquals
import kotlin.test.assertTrue
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.Job
import kotlinx.coroutines.NonCancellable
import kotlinx.coroutines.async
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.delay
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeout
import org.junit.ClassRule
import org.junit.Test
import vn.example.eid.choosePasscode
import vn.example.eid.core.Activation
import vn.example.eid.core.CancelToken
import vn.example.eid.core.EidApp
import vn.example.eid.core.EidException
import vn.example.eid.core.Event
import vn.example.eid.core.HardwareInput
import vn.example.eid.core.Platform
import vn.example.eid.core.SecureKey
import vn.example.eid.core.Unlocked

/** Milliseconds after which a call is cancelled: before it starts, while it is on its way, and when it may be done. */
private val MOMENTS = listOf(0L, 1L, 2L, 4L, 8L, 16L, 32L, 64L)

class CancelTest {
    companion object {
        @ClassRule
        @JvmField
        val platform = LivePlatform()
    }

    private val sandbox get() = platform.sandbox

    @Test
    fun activation_cancelled_at_any_moment_of_any_step_can_be_gone_on_with() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            for (moment in listOf(1L, 4L)) cancelledAfter(moment) { phone.app.activate(citizen.pid, citizen.phone) {} }
            val unlocked = phone.app.activate(citizen.pid, citizen.phone) { activation ->
                val code = sandbox.codeSentTo(citizen.phone)
                for (moment in listOf(0L, 1L)) cancelledAfter(moment) { activation.confirmCode(code) }
                activation.confirmCode(code)
                activation.prove(sandbox, citizen)
                for (moment in MOMENTS.take(3)) cancelledAfter(moment) { activation.choosePasscode(passcode()).close() }
                completeOrUnlock(phone, activation)
            }
            assertEquals(2u, unlocked.home().account.level)
            unlocked.close()
        }
    }

    @Test
    fun unlocking_cancelled_at_any_moment_unlocks_the_next_time() = test {
        withUnlocked { phone, first ->
            first.close()
            for (moment in MOMENTS) {
                cancelledAfter(moment) { phone.app.unlock(passcode()).close() }
                phone.app.unlock(passcode()).close()
            }
        }
    }

    @Test
    fun unlocking_cancelled_when_its_answer_is_there_leaves_nothing_unlocked() = test {
        withUnlocked { phone, first ->
            first.close()
            for (resumption in 2..4) {
                while (Event.LOCKED !in phone.told.events) delay(10)
                phone.told.events.clear()
                val moment = CancelAtResumption(resumption)
                val call = async(moment, CoroutineStart.LAZY) { phone.app.unlock(passcode()) }
                moment.job = call
                val outcome = runCatching { call.await() }
                assertEquals(resumption > 2, outcome.isSuccess, "$outcome")
                outcome.getOrNull()?.close()
            }
            withTimeout(5_000) { while (Event.LOCKED !in phone.told.events) delay(10) }
        }
    }

    @Test
    fun calls_of_a_session_cancelled_at_any_moment_leave_it_usable() = test {
        withUnlocked { _, unlocked ->
            unlocked.refill()
            // Refilling destroys the key of a credential that is being shown, so that nothing is signed after it.
            val shown = unlocked.present(AGE)
            val calls = listOf<suspend () -> Any>(
                { unlocked.home() },
                { unlocked.history(null, 50u) },
                { shown.sign() },
                { unlocked.present(AGE.copy(allowReuse = true)).close() },
                { unlocked.refill() },
            )
            for (call in calls) {
                for (moment in MOMENTS) cancelledAfter(moment) { call() }
                call()
            }
            assertEquals(0, sandbox.verify(signed(unlocked)).first)
            unlocked.close()
        }
    }

    @Test
    fun cancelled_signature_takes_the_prompt_away() = test {
        withUnlocked { phone, unlocked ->
            unlocked.refill()
            val shown = unlocked.present(AGE)
            val gate = Gate(phone.ports.honest)
            phone.ports.now = gate
            val waiting = launch { shown.sign() }
            gate.entered.await()
            withTimeout(2_000) { waiting.cancelAndJoin() }
            withTimeout(2_000) { gate.cancelled.await() }
            phone.ports.now = phone.ports.honest
            assertEquals(0, sandbox.verify(shown.sign().text).first)
            unlocked.close()
        }
    }

    @Test
    fun cancelled_unlocking_runs_to_its_end_in_the_core() = test {
        withUnlocked { phone, first ->
            first.close()
            val gate = Gate(phone.ports.honest)
            phone.ports.now = gate
            val waiting = launch { phone.app.unlock(passcode()).close() }
            gate.entered.await()
            withTimeout(2_000) { waiting.cancelAndJoin() }
            gate.open.complete(Unit)
            phone.ports.now = phone.ports.honest
            phone.app.unlock(passcode()).close()
            assertTrue(!gate.cancelled.isCompleted, "the key was taken away from a commit section")
        }
    }

    @Test
    fun port_that_answers_after_its_call_was_cancelled_is_not_listened_to() = test {
        withUnlocked { phone, unlocked ->
            unlocked.refill()
            val shown = unlocked.present(AGE)
            val answered = CompletableDeferred<Unit>()
            val entered = CompletableDeferred<Unit>()
            phone.ports.now = object : SecureKey by phone.ports.honest {
                override suspend fun sign(alias: String, data: ByteArray) = withContext(NonCancellable) {
                    entered.complete(Unit)
                    delay(300)
                    phone.ports.honest.sign(alias, data).also { answered.complete(Unit) }
                }
            }
            val waiting = launch { shown.sign() }
            entered.await()
            withTimeout(200) { waiting.cancelAndJoin() }
            answered.await()
            delay(100)
            phone.ports.now = phone.ports.honest
            assertEquals(0, sandbox.verify(shown.sign().text).first)
            unlocked.close()
        }
    }

    @Test
    fun cancel_token_ends_the_waiting_with_its_own_error() = test {
        Phone(sandbox).use { phone ->
            val citizen = platform.citizen()
            EidApp(phone.config(), Platform(phone.ports, HostClock, phone.told)).use { app ->
                CancelToken().use { token ->
                    repeat(2) { token.cancel() }
                    refusedWith(2023) { app.startActivation(citizen.pid, citizen.phone, token) }
                }
                sandbox.fault("slow")
                CancelToken().use { token ->
                    val waiting = async { refusedWith(2023) { app.startActivation(citizen.pid, citizen.phone, token) } }
                    delay(200)
                    token.cancel()
                    withTimeout(2_000) { waiting.await() }
                }
                sandbox.fault("off")
                app.startActivation(citizen.pid, citizen.phone, CancelToken()).close()
                app.shutdown()
            }
        }
    }

    /** A refill that was cancelled runs to its end, and destroys the key of what is shown meanwhile: then show again. */
    private suspend fun signed(unlocked: Unlocked): String {
        while (true) {
            try {
                return unlocked.present(AGE.copy(allowReuse = true)).use { it.sign().text }
            } catch (e: EidException.Device) {
                assertEquals(2021u, e.code)
                delay(100)
            }
        }
    }

    /** Starts a call, cancels it after so many milliseconds, and waits until it is over; it may have been quicker. */
    private suspend fun CoroutineScope.cancelledAfter(moment: Long, call: suspend () -> Any) {
        val running = async(Dispatchers.Default) { runCatching { call() } }
        delay(moment)
        running.cancel()
        val outcome = withTimeout(10_000) { runCatching { running.await() } }
        val failure = outcome.exceptionOrNull() ?: outcome.getOrNull()?.exceptionOrNull() ?: return
        // An activation that had been completed meanwhile says that there is one.
        if (failure !is CancellationException) refusedWith(1002) { throw failure }
    }

    /** What a shell does after a cancelled last step, which may have run to its end meanwhile. */
    private suspend fun completeOrUnlock(phone: Phone, activation: Activation): Unlocked = try {
        activation.choosePasscode(passcode())
    } catch (_: EidException.Conflict) {
        phone.app.unlock(passcode())
    }

    private suspend fun withUnlocked(work: suspend CoroutineScope.(Phone, Unlocked) -> Unit) =
        Phone(sandbox).use { phone ->
            val unlocked = phone.activate(sandbox, platform.citizen())
            coroutineScope { work(phone, unlocked) }
        }

    /** A key port that waits before it signs or derives. */
    private class Gate(private val honest: SecureKey) : SecureKey by honest {
        val entered = CompletableDeferred<Unit>()
        val open = CompletableDeferred<Unit>()
        val cancelled = CompletableDeferred<Unit>()

        override suspend fun sign(alias: String, data: ByteArray): ByteArray = passed { honest.sign(alias, data) }
        override suspend fun derive(alias: String, input: HardwareInput): ByteArray = passed { honest.derive(alias, input) }

        private suspend fun passed(then: suspend () -> ByteArray): ByteArray = try {
            entered.complete(Unit)
            open.await()
            then()
        } catch (e: CancellationException) {
            cancelled.complete(Unit)
            throw e
        }
    }
    /** Resumes a coroutine on another thread, and cancels it before one of its resumptions; its start is the first. */
    private class CancelAtResumption(private val at: Int) : ContinuationInterceptor {
        lateinit var job: Job
        private val seen = AtomicInteger()

        override val key get() = ContinuationInterceptor

        override fun <T> interceptContinuation(continuation: Continuation<T>) = object : Continuation<T> {
            override val context get() = continuation.context

            override fun resumeWith(result: Result<T>) {
                thread {
                    if (seen.incrementAndGet() == at) job.cancel()
                    continuation.resumeWith(result)
                }
            }
        }
    }
}
