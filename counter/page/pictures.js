// Codes in pictures: files, pasted pictures, the camera.

const LARGEST_FILE = 20_000_000;
const LARGEST_PICTURE = 50_000_000;

/** Why a picture was not looked at: the name of one of the page's words. */
export class Unreadable extends Error {}

let worker;
let waiting = new Map();
let count = 0;

/** Starts the decoder, which takes a moment, before it is needed. */
export function prepare() {
  if (worker) return;
  worker = new Worker("/decoder.js");
  worker.onmessage = ({ data: { id, texts, failed } }) => {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    failed ? reject(new Unreadable("no_decoder")) : resolve(texts);
  };
  worker.onerror = () => {
    waiting.forEach(({ reject }) => reject(new Unreadable("no_decoder")));
    waiting = new Map();
    worker = undefined;
  };
}

function decode(bitmap, frame) {
  prepare();
  count += 1;
  const id = count;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, bitmap, frame }, [bitmap]);
  });
}

/** The texts of all codes in a picture file. */
export async function readFile(file) {
  if (file.size > LARGEST_FILE) throw new Unreadable("too_large");
  const start = await file.slice(0, 32).arrayBuffer();
  if (startsWith(start, "%PDF")) throw new Unreadable("pdf");
  // Before it is unpacked: a few kilobytes can hold more than this machine's memory.
  const size = pngSize(start);
  if (size > LARGEST_PICTURE) throw new Unreadable("too_large");
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Unreadable("no_picture");
  });
  if (bitmap.width * bitmap.height > LARGEST_PICTURE) {
    bitmap.close();
    throw new Unreadable("too_large");
  }
  return decode(bitmap, false);
}

const startsWith = (buffer, text) => [...text].every((c, at) => new Uint8Array(buffer)[at] === c.charCodeAt(0));

/** Pixels of a PNG picture by its header; 0 for other kinds, whose size the browser bounds itself. */
function pngSize(start) {
  if (start.byteLength < 24 || !startsWith(start, "\x89PNG\r\n\x1a\n")) return 0;
  const view = new DataView(start);
  return view.getUint32(16) * view.getUint32(20);
}

/** Milliseconds without a code after which the same one counts as shown again. */
const AWAY = 5_000;

/** A camera that looks for codes while it is on and not paused. */
export class Camera {
  #video;
  #found;
  #failed;
  #stream;
  #seen = { text: "", at: 0 };
  paused = false;

  /** `found(texts)` gets the codes of one frame; `failed(name)` the word for why it stopped. */
  constructor(video, found, failed) {
    [this.#video, this.#found, this.#failed] = [video, found, failed];
  }

  get on() {
    return this.#stream !== undefined;
  }

  async start() {
    const wanted = { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } };
    try {
      this.#stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    } catch {
      this.#failed("no_camera");
      return;
    }
    const stream = this.#stream;
    stream.getVideoTracks()[0].onended = () => this.stop();
    this.#video.srcObject = stream;
    await this.#video.play().catch(() => {});
    while (this.#stream === stream) {
      await nextFrame(this.#video);
      if (this.paused || this.#stream !== stream || !this.#video.videoWidth) continue;
      try {
        this.#look(await decode(await createImageBitmap(this.#video), true));
      } catch (error) {
        this.stop();
        this.#failed(error instanceof Unreadable ? error.message : "no_camera");
      }
    }
  }

  stop() {
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = undefined;
    this.#video.srcObject = null;
  }

  /** A code that stays before the camera is one showing. */
  #look(texts) {
    if (this.paused || texts.length === 0) return;
    const [text, now] = [texts.join("\n"), performance.now()];
    const again = text === this.#seen.text && now - this.#seen.at < AWAY;
    this.#seen = { text, at: now };
    if (!again) this.#found(texts);
  }
}

/** The camera's next frame; a hidden page gets none, so that a timer looks too. */
function nextFrame(video) {
  return new Promise((resolve) => {
    setTimeout(resolve, 250);
    video.requestVideoFrameCallback?.(() => resolve());
  });
}
