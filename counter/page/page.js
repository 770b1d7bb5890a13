// The counter's page: catch a code, ask the counter's program, show one of three states, clear it.

import { Camera, Unreadable, prepare, readFile } from "/pictures.js";
import { Questions } from "/question.js";
import { announce, clear, fault, show, showAgain } from "/result.js";
import { catchKeys } from "/wedge.js";
import { Wires, hasHid, hasSerial } from "/wired.js";
import { ageOf, change, language, word } from "/words.js";

const at = (id) => document.getElementById(id);

/** Seconds that a result stays without a touch. */
const STAYS = 90;

/** Milliseconds after which the counter's program is taken for gone. */
const PATIENCE = 10_000;

/** Milliseconds between two looks at the lists in force. */
const WATCH = 30_000;

/** Rises with each code, so that a late answer shows nothing. */
let turn = 0;

/** The code whose result is shown. A scanner that reads it twice changes nothing. */
let current;

let station;

const camera = new Camera(at("video"), (texts) => verify({ picture: texts }), (name) => present(fault(name)));

const questions = new Questions((report) => present(report ?? fault("gone")), arrive);

// Verifying

async function verify(scanned) {
  const code = JSON.stringify(scanned);
  if (code === current) return;
  wipe();
  current = code;
  turn += 1;
  const mine = turn;
  say("checking");
  const { request } = questions;
  const report = await ask(JSON.stringify({ proofs: [scanned], request }));
  if (request && report.verdict === "valid") questions.close();
  if (mine === turn) present(report);
}

async function ask(body) {
  try {
    const headers = { "content-type": "application/json" };
    const response = await fetch("/verify", { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE) });
    const answer = await response.json();
    return response.ok ? answer.reports[0] : { verdict: "cannot_tell", ...answer };
  } catch {
    return fault("gone");
  }
}

async function readPicture(file) {
  wipe();
  turn += 1;
  const mine = turn;
  say("looking");
  try {
    const texts = await readFile(file);
    if (mine === turn) await verify({ picture: texts });
  } catch (error) {
    if (mine === turn) present(fault(error instanceof Unreadable ? error.message : "no_picture"));
  }
}

/** An answer over the network. */
function arrive(report) {
  wipe();
  // Touching the page keeps the result, as with a scanned one.
  current = report;
  present(report);
}

// Showing

function present(report) {
  say();
  camera.paused = true;
  show(report);
  announce(report);
  stay();
}

/** The next person: what was asked of the last one is asked no more. */
function next() {
  questions.close();
  wipe();
}

function wipe() {
  turn += 1;
  current = undefined;
  clearInterval(stay.timer);
  say();
  clear();
  camera.paused = false;
}

/** Counts down; whoever uses the page starts it anew. */
function stay() {
  clearInterval(stay.timer);
  let left = STAYS;
  const tick = () => {
    at("clears").textContent = `${word("clears")} ${left} ${word("seconds")}`;
    if (left === 0) next();
    left -= 1;
  };
  tick();
  stay.timer = setInterval(tick, 1000);
}

function say(name) {
  at("progress").textContent = name ? word(name) : "";
}

async function toggleCamera() {
  camera.on ? camera.stop() : camera.start().finally(translate);
  translate();
  // The stream arrives later.
  setTimeout(translate, 300);
}

function translate() {
  document.documentElement.lang = language;
  document.title = word("title");
  document.querySelectorAll("[data-t]").forEach((element) => (element.textContent = word(element.dataset.t)));
  at("language").textContent = word("other");
  at("language").lang = language === "vi" ? "en" : "vi";
  at("camera").textContent = word(camera.on ? "cameraOff" : "cameraOn");
  at("camera").setAttribute("aria-pressed", String(camera.on));
  at("viewfinder").hidden = !camera.on;
  showAgain();
  showWires();
  showStation();
}

function showWires() {
  at("wires").textContent = `${word("wires")} ${at("wires").dataset.count ?? 0}`;
}

function showStation() {
  questions.offer(station?.asks);
  const environment = station?.trust.environment;
  at("environment").hidden = environment !== "sandbox" && environment !== "test";
  at("environment").textContent = word(environment ?? "");
  if (!station) return;
  const { trust, status_age_s: status, counter, clock, not_renewed: fault } = station;
  const age = (seconds) => (seconds === undefined ? word("none") : `${ageOf(seconds)} ${word("old")}`);
  const lists = [
    `${word("trust")} ${word("version")} ${trust.version}: ${age(trust.age_s)}`,
    `${word("status")}: ${age(status)}`,
  ];
  at("lists").textContent = [counter, ...lists].filter(Boolean).join(" · ");
  const slow = clock?.ahead_s < 0;
  warn(
    clock && `${word(slow ? "clockSlow" : "clockFast")} ${ageOf(Math.abs(clock.ahead_s))}. ${word("clockDo")}`,
    fault && `${word("notRenewed")} ${fault.reason[language]} (${fault.code})`,
  );
}

/** Told again only when it changes: a screen reader reads it out. */
function warn(...texts) {
  const wanted = texts.filter(Boolean);
  const box = at("warnings");
  if ([...box.children].map((line) => line.textContent).join("\n") === wanted.join("\n")) return;
  box.replaceChildren(...wanted.map((text) => Object.assign(document.createElement("p"), { textContent: text })));
}

async function watch() {
  try {
    station = await (await fetch("/station", { signal: AbortSignal.timeout(PATIENCE) })).json();
    showStation();
  } catch {
    station = undefined;
    at("lists").textContent = word("gone");
  }
}

// Catching

const grew = (length) => (at("progress").textContent = length ? `${word("receiving")} ${length} ${word("characters")}` : "");

const wires = new Wires({
  began: wipe,
  grew,
  scanned: (text) => verify({ text }),
  failed: () => present(fault("no_wire")),
  changed: (count) => {
    at("wires").hidden = count === 0;
    at("wires").dataset.count = count;
    showWires();
  },
});

catchKeys({
  began: wipe,
  grew,
  scanned: (text, corrected) => verify(corrected ? { typed: { text, corrected } } : { text }),
});

addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    next();
    at("main").focus();
  } else if (current) {
    stay();
  }
});

addEventListener("paste", (event) => {
  event.preventDefault();
  take(event.clipboardData);
});
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  take(event.dataTransfer);
});

function take(data) {
  const [file] = data.files;
  const text = data.getData("text/plain").trim();
  if (file) readPicture(file);
  else if (text) verify({ text });
}

at("next").addEventListener("click", () => {
  next();
  at("main").focus();
});
at("camera").addEventListener("click", toggleCamera);
at("picture").addEventListener("click", () => at("file").click());
at("serial").hidden = !hasSerial;
at("serial").addEventListener("click", () => wires.askSerial());
at("hid").hidden = !hasHid;
at("hid").addEventListener("click", () => wires.askHid());
at("file").addEventListener("change", ({ target }) => {
  const [file] = target.files;
  if (file) readPicture(file);
  // The same file may be chosen again.
  target.value = "";
});
at("language").addEventListener("click", () => {
  change();
  translate();
});
// Who leaves the page leaves nobody's data on it.
addEventListener("pagehide", next);

translate();
watch();
setInterval(watch, WATCH);
(globalThis.requestIdleCallback ?? setTimeout)(prepare);
