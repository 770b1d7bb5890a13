// Scanners on a wire of their own, where the browser has it: USB serial (Web Serial) and HID-POS (WebHID). No keyboard is between
// that could garble a code, and a proof with photo takes a moment, not half a minute.

/** Milliseconds of quiet after which a code without a line end is complete. */
const QUIET = 150;

/** Fewer characters are noise on the line. */
const SHORTEST = 8;

/** No code of ours is longer; what comes after it changes no verdict. */
const LONGEST = 16384;

/** What USB serial ignores, and most cables of older scanners are set to. */
const LINE = { baudRate: 115200, bufferSize: 16384 };

/** A bar code scanner as the USB HID Point of Sale usage tables (1.02) have it. */
const SCANNERS = [{ usagePage: 0x8c, usage: 0x02 }];

/** In a scanner's report: length, three characters that name the kind of code, the text, …, and in the last byte whether more comes. */
const TEXT_AT = 4;

export const hasSerial = "serial" in navigator;

export const hasHid = "hid" in navigator;

/**
 * Calls `began()` when a scanner begins to send, `grew(length)` as it goes on, `scanned(text)` with a code, `failed()` when a scanner
 * cannot be opened, and `changed(count)` with the number of scanners that are listened to. Those that were allowed once are listened
 * to at once.
 */
export class Wires {
  #calls;
  #open = new Map();

  constructor(calls) {
    this.#calls = calls;
    for (const [kind, listen, known] of [
      [navigator.serial, (port) => this.#listenToPort(port), "getPorts"],
      [navigator.hid, (device) => this.#listenToDevice(device), "getDevices"],
    ]) {
      if (!kind) continue;
      kind.addEventListener("connect", (event) => listen(event.device ?? event.target));
      kind.addEventListener("disconnect", (event) => this.#forget(event.device ?? event.target));
      kind[known]().then((all) => all.forEach(listen), () => {});
    }
  }

  /** Asks the officer which serial scanner; to be called from a click. */
  async askSerial() {
    await this.#ask(async () => this.#listenToPort(await navigator.serial.requestPort()));
  }

  /** The same for HID-POS. */
  async askHid() {
    await this.#ask(async () => Promise.all((await navigator.hid.requestDevice({ filters: SCANNERS })).map((it) => this.#listenToDevice(it))));
  }

  async #ask(choose) {
    try {
      await choose();
    } catch (error) {
      // Nothing was chosen.
      if (error.name !== "NotFoundError") this.#calls.failed();
    }
  }

  async #listenToPort(port) {
    if (this.#open.has(port)) return;
    const line = new Line(this.#calls);
    this.#open.set(port, line);
    try {
      await port.open(LINE);
    } catch {
      this.#forget(port);
      this.#calls.failed();
      return;
    }
    this.#tell();
    const decoder = new TextDecoder("latin1");
    try {
      const reader = port.readable.getReader();
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        line.feed(decoder.decode(value, { stream: true }));
      }
    } catch {
      // Pulled out; half a code is none.
    }
    this.#forget(port);
    port.close().catch(() => {});
  }

  async #listenToDevice(device) {
    if (this.#open.has(device)) return;
    const line = new Line(this.#calls);
    this.#open.set(device, line);
    try {
      if (!device.opened) await device.open();
    } catch {
      this.#forget(device);
      this.#calls.failed();
      return;
    }
    this.#tell();
    const decoder = new TextDecoder("latin1");
    device.addEventListener("inputreport", ({ data }) => {
      const length = data.byteLength > TEXT_AT + 1 ? data.getUint8(0) : 0;
      if (length > data.byteLength - TEXT_AT - 1) return;
      line.feed(decoder.decode(new Uint8Array(data.buffer, data.byteOffset + TEXT_AT, length)));
      const more = data.getUint8(data.byteLength - 1) & 1;
      if (length && !more) line.finish();
    });
  }

  #forget(scanner) {
    const line = this.#open.get(scanner);
    if (!line) return;
    line.drop();
    this.#open.delete(scanner);
    this.#tell();
  }

  #tell() {
    this.#calls.changed(this.#open.size);
  }
}

/** What one scanner sends; another one's characters never come between. */
class Line {
  #calls;
  #text = "";
  #timer;

  constructor(calls) {
    this.#calls = calls;
  }

  feed(characters) {
    for (const part of characters.split(/([\r\n\t]+)/)) {
      if (/^[\r\n\t]/.test(part)) this.finish();
      else this.#add(part);
    }
  }

  finish() {
    const text = this.#text;
    this.drop();
    if (text.length >= SHORTEST) this.#calls.scanned(text);
  }

  drop() {
    clearTimeout(this.#timer);
    this.#text = "";
    this.#calls.grew(0);
  }

  #add(part) {
    if (!part) return;
    if (!this.#text) this.#calls.began();
    this.#text = (this.#text + part).slice(0, LONGEST);
    this.#calls.grew(this.#text.length);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.finish(), QUIET);
  }
}
