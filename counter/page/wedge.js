// Hand scanners that type what they read. There is no field to type into: keys are caught wherever the focus is.

/** Milliseconds between two keys after which they do not belong together. */
const GAP = 600;

/** Milliseconds of quiet after which a code without Enter at its end is complete. */
const QUIET = 700;

/** Fewer keys are a person's. */
const SHORTEST = 8;

/** A code without Enter at its end is at least this long. */
const SHORTEST_UNENDED = 40;

/** Milliseconds after a code in which another Enter is the scanner's, not a press of the focused button. */
const ECHO = 1000;

/** No code of ours is longer; what comes after it changes no verdict. */
const LONGEST = 16384;

/**
 * Calls `began()` when a scanner types, `grew(length)` as it goes on, and `scanned(text, corrected)` with the code.
 * `corrected` is true if anything was taken back: scanners take nothing back, a Vietnamese keyboard between does.
 */
export function catchKeys({ began, grew, scanned }) {
  let text = "";
  let corrected = false;
  let last = -Infinity;
  let ended = -Infinity;
  let timer;

  const reset = () => {
    text = "";
    corrected = false;
    clearTimeout(timer);
    grew(0);
  };

  const finish = (now) => {
    ended = now;
    const [code, changed] = [text, corrected];
    reset();
    scanned(code, changed);
  };

  const onKey = (event) => {
    if (event.ctrlKey || event.metaKey || (event.altKey && !event.getModifierState("AltGraph"))) return;
    const now = event.timeStamp;
    if (text && now - last > GAP) reset();
    if (event.key === "Enter" || event.key === "Tab") {
      if (text.length >= SHORTEST) {
        stop(event);
        finish(now);
      } else if (event.key === "Enter" && now - ended < ECHO) {
        stop(event);
        ended = now;
      }
      return;
    }
    if (event.key === "Backspace" || event.key === "Process" || event.isComposing) {
      if (!text) return;
      stop(event);
      corrected = true;
      if (event.key === "Backspace") text = [...text].slice(0, -1).join("");
    } else if ([...event.key].length === 1) {
      // The first key may be a person's, a space on a button for instance.
      if (text) stop(event);
      if (text.length < LONGEST) text += event.key;
    } else {
      return;
    }
    last = now;
    if (text.length === SHORTEST) began();
    if (text.length >= SHORTEST) grew(text.length);
    clearTimeout(timer);
    if (text.length >= SHORTEST_UNENDED) timer = setTimeout(() => finish(performance.now()), QUIET);
  };

  addEventListener("keydown", onKey, { capture: true });
}

function stop(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
}
