// Asking first: the counter shows a signed code, the phone answers, and the answer is good for this question alone.

import { nameOf, word } from "/words.js";

const at = (id) => document.getElementById(id);

/** Milliseconds after which the counter's program is taken for gone. */
const PATIENCE = 10_000;

/** What for, for the citizen's screen, by purpose. A request needs one language, and phones here speak this one. */
const REASONS = {
  age: "Kiểm tra đủ 18 tuổi",
  id: "Kiểm tra danh tính",
  health: "Kiểm tra bảo hiểm y tế",
  residence: "Kiểm tra nơi cư trú",
  "driving-licence": "Kiểm tra giấy phép lái xe",
  "hospital-check-in": "Làm thủ tục khám bệnh",
  "flight-check-in": "Làm thủ tục bay",
};

export class Questions {
  /** The question that is open: `{ request, svg, ends }`. */
  #open;
  #timer;
  #failed;
  #answered;

  /**
   * `failed(report)` is told when the counter's program refuses to ask, `answered(report)` when the answer came over the network.
   */
  constructor(failed, answered) {
    this.#failed = failed;
    this.#answered = answered;
    at("asking").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    at("unask").addEventListener("click", () => this.close());
  }

  /** The name of the question that an answer must answer, if one is open. */
  get request() {
    return this.#open?.request;
  }

  /** Shows what a registered counter may ask. */
  offer(asks) {
    const purposes = (asks?.purposes ?? []).filter((purpose) => REASONS[purpose]);
    at("asking").hidden = !purposes.length || Boolean(this.#open);
    const select = at("purpose");
    const chosen = select.value;
    select.replaceChildren(...purposes.map((purpose) => new Option(nameOf(purpose), purpose)));
    if (purposes.includes(chosen)) select.value = chosen;
  }

  /** Ends the question: it was answered, given up, or is over. From then on nothing answers it over the network either. */
  close() {
    clearInterval(this.#timer);
    if (this.#open) fetch(`/requests/${this.#open.request}`, { method: "DELETE", keepalive: true }).catch(() => {});
    this.#forget();
  }

  #forget() {
    clearInterval(this.#timer);
    this.#open = undefined;
    at("question").hidden = true;
    at("question").querySelector("img").removeAttribute("src");
    at("asking").hidden = !at("purpose").options.length;
  }

  async #ask() {
    const purpose = at("purpose").value;
    const body = JSON.stringify({ purpose, photo: at("with-photo").checked, reason: REASONS[purpose] });
    const headers = { "content-type": "application/json" };
    try {
      const response = await fetch("/requests", { method: "POST", headers, body, signal: AbortSignal.timeout(PATIENCE) });
      const answer = await response.json();
      if (response.ok) this.#show(answer);
      else this.#failed({ verdict: "cannot_tell", ...answer });
    } catch {
      this.#failed(undefined);
    }
  }

  /** Looks whether the answer came over the network. It is given out once. */
  async #collect() {
    const open = this.#open;
    if (!open?.line || open.looking) return;
    open.looking = true;
    try {
      const path = `/requests/${open.request}/collect`;
      const response = await fetch(path, { method: "POST", signal: AbortSignal.timeout(PATIENCE) });
      const { report } = response.ok ? await response.json() : {};
      if (report && open === this.#open) {
        // The program still knows the question: a phone that missed that its answer was taken sends it again.
        this.#forget();
        this.#answered(report);
      }
    } catch {
      // Asked again at the next tick; the code on the phone is the other way.
    }
    open.looking = false;
  }

  #show({ request, svg, lives_s: lives, has_line: line }) {
    this.#open = { request, line, ends: performance.now() + lives * 1000 };
    const picture = at("question").querySelector("img");
    picture.src = `data:image/svg+xml,${encodeURIComponent(svg)}`;
    at("question").hidden = false;
    at("asking").hidden = true;
    const tick = () => {
      const left = Math.ceil((this.#open.ends - performance.now()) / 1000);
      this.#collect();
      if (left <= 0) this.#forget();
      else at("left").textContent = `${word("left")} ${left} ${word("seconds")}`;
    };
    clearInterval(this.#timer);
    this.#timer = setInterval(tick, 1000);
    tick();
    picture.alt = word("question");
    // Its height is known once the picture is.
    picture.decode().catch(() => {}).then(() => at("question").scrollIntoView({ block: "nearest" }));
  }
}
