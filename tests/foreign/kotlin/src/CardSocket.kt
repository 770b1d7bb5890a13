package vn.example.eid.tests

import java.io.DataInputStream
import java.io.DataOutputStream
import java.io.File
import java.io.IOException
import java.net.InetAddress
import java.net.ServerSocket
import java.net.Socket
import java.net.SocketTimeoutException
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import java.util.concurrent.atomic.AtomicInteger
import vn.example.eid.CardLost
import vn.example.eid.CardReader
import vn.example.eid.core.ChipLimits

/** The description of an invented citizen's card, with the given quirks: what stands between JSON's braces. */
fun cardFile(quirks: String = ""): String =
    File("tests/sandbox/cards/nguyen-van-a.json").readText().replace("\"quirks\": {}", "\"quirks\": {$quirks}")

/**
 * A reader of contactless cards in software: cards come to a TCP port, and speak the wire protocol of vpcd. [put] lays a
 * card on it. What was sent is counted.
 */
class CardSocket : CardReader {
    private val folder = Files.createTempDirectory("card").toFile()
    private val listener = ServerSocket(0, 1, InetAddress.getLoopbackAddress()).apply { soTimeout = GLANCE_MS }
    private var process: Process? = null

    @Volatile
    private var wire: Socket? = null

    private val sent = AtomicInteger()

    /** Commands that were sent. */
    val exchanges: Int get() = sent.get()

    /** Lays a card on the reader, in place of the one that is there. One that leaves by itself comes back. */
    fun put(card: String) {
        take()
        val described = File(folder, "card.json").apply { writeText(card) }
        val address = "127.0.0.1:${listener.localPort}"
        process = ProcessBuilder(
            File(PROGRAMS, "eid-sandbox").path, "chip", "--connect", address, "--card", described.path,
        ).redirectError(ProcessBuilder.Redirect.DISCARD).start()
    }

    /** Takes the card away. */
    fun take() {
        process?.run {
            destroyForcibly()
            waitFor(10, TimeUnit.SECONDS)
        }
        process = null
    }

    override fun connect(waitMs: Int): ChipLimits {
        try {
            wire?.send(RESET) ?: arrived(waitMs)
        } catch (e: IOException) {
            letGo(wire)
            throw if (e is SocketTimeoutException) e else CardLost()
        }
        return ChipLimits(65_535u, 65_535u)
    }

    override fun transceive(command: ByteArray, timeoutMs: Int): ByteArray {
        val wire = wire ?: throw CardLost()
        try {
            wire.soTimeout = timeoutMs
            sent.incrementAndGet()
            wire.send(command)
            return DataInputStream(wire.getInputStream()).run { ByteArray(readUnsignedShort()).also(::readFully) }
        } catch (e: IOException) {
            // Also after a time-out: an answer that comes now would be taken for the next one's.
            letGo(wire)
            throw if (e is SocketTimeoutException) e else CardLost()
        }
    }

    /** An interrupt ends the waiting, as it does on a phone. */
    private fun arrived(waitMs: Int) {
        val end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(waitMs.toLong())
        while (wire == null) {
            if (Thread.interrupted()) throw InterruptedException()
            if (System.nanoTime() > end) throw SocketTimeoutException()
            try {
                listener.accept().apply {
                    tcpNoDelay = true
                    send(POWER_ON)
                    wire = this
                }
            } catch (_: SocketTimeoutException) {
                // Not yet.
            }
        }
    }

    /** Lets go of the card; one that is put afterwards is found. */
    override fun close() = letGo(wire)

    private fun letGo(card: Socket?) {
        if (wire === card) wire = null
        runCatching { card?.send(POWER_OFF) }
        card?.close()
    }

    /** The reader is no more. */
    fun dispose() {
        close()
        take()
        listener.close()
        folder.deleteRecursively()
    }

    private fun Socket.send(message: ByteArray) = DataOutputStream(getOutputStream().buffered()).run {
        writeShort(message.size)
        write(message)
        flush()
    }

    private companion object {
        /** How long the reader looks at a time. */
        const val GLANCE_MS = 50
        val POWER_OFF = byteArrayOf(0)
        val POWER_ON = byteArrayOf(1)
        val RESET = byteArrayOf(2)
    }
}
