package vn.example.eid.tests

import java.io.File
import java.util.jar.JarEntry
import java.util.jar.JarFile
import kotlin.system.exitProcess
import org.junit.runner.Description
import org.junit.runner.JUnitCore
import org.junit.runner.notification.Failure
import org.junit.runner.notification.RunListener

/** Runs every test of this jar, one line for each; the last line is `N passed, N failed`. Skipped is failed. */
fun main() {
    val report = Report()
    JUnitCore().apply { addListener(report) }.run(*suites())
    println("${report.passed} passed, ${report.failed} failed")
    exitProcess(if (report.failed == 0 && report.passed > 0) 0 else 1)
}

/** The classes whose names end in `Test`: none can be forgotten. */
private fun suites(): Array<Class<*>> {
    val jar = File(Report::class.java.protectionDomain.codeSource.location.toURI())
    val files = JarFile(jar).use { it.stream().map(JarEntry::getName).toList() }
    val names = files.filter { it.endsWith("Test.class") }.map { it.removeSuffix(".class").replace('/', '.') }
    return names.sorted().map { Class.forName(it) }.toTypedArray()
}

private class Report : RunListener() {
    var passed = 0
    var failed = 0
    private var failure: String? = null
    private var started = 0L

    override fun testStarted(description: Description) {
        failure = null
        started = System.nanoTime()
    }

    override fun testFailure(failure: Failure) {
        this.failure = failure.trimmedTrace
        // A class that cannot be set up never starts a test.
        if (failure.description.isSuite) {
            failed++
            println("FAILED ${failure.description.displayName}\n${failure.trimmedTrace}")
        }
    }

    override fun testAssumptionFailure(failure: Failure) = testFailure(failure)

    override fun testIgnored(description: Description) {
        failed++
        println("FAILED ${description.displayName}: skipped")
    }

    override fun testFinished(description: Description) {
        val name = "${description.testClass.simpleName}.${description.methodName}"
        val took = (System.nanoTime() - started) / 1_000_000
        when (val reason = failure) {
            null -> passed++.also { println("ok     $name ($took ms)") }
            else -> failed++.also { println("FAILED $name ($took ms)\n$reason") }
        }
    }
}
