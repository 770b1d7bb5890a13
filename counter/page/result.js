// The three states, for the eye and for a screen reader.

import { ageOf, dayOf, inOrder, language, nameOf, timeOf, valueOf, word } from "/words.js";

const at = (id) => document.getElementById(id);

/** What was reached last, to show it again in the other language. */
let shown;

/** Shows a report of the counter's program. */
export function show(report) {
  shown = report;
  document.body.dataset.state = report.verdict;
  at("ready").hidden = true;
  at("result").hidden = false;
  at("verdict").textContent = word(report.verdict);
  at("reason").textContent = reason(report);
  at("detail").textContent = detail(report.detail);
  at("failed").textContent = failed(report).join(". ");
  at("person").hidden = !report.purpose;
  showPortrait(report.portrait);
  at("todo").hidden = !report.must_do;
  at("todo").querySelector("p").textContent = report.must_do?.[language] ?? "";
  at("claims").replaceChildren(...claimsOf(report).flatMap(([name, value]) => claim(name, value)));
  at("paper").textContent = report.stands_for?.[language] ?? "";
  at("facts").replaceChildren(...facts(report).flatMap(([name, value]) => row(word(name), value)));
}

/** Says the report aloud and leads the keyboard to it. */
export function announce(report) {
  const claims = claimsOf(report).map(([name, value]) => `${nameOf(name)}: ${valueOf(name, value)}`);
  const parts = [word(report.verdict), ...failed(report), reason(report), detail(report.detail), report.must_do?.[language], ...claims];
  at("speech").textContent = parts.filter(Boolean).join(". ");
  at("verdict").focus();
}

export function showAgain() {
  if (shown) show(shown);
}

/** Leaves nothing of the person on the page. */
export function clear() {
  shown = undefined;
  document.body.dataset.state = "ready";
  at("ready").hidden = false;
  at("result").hidden = true;
  showPortrait(undefined);
  ["verdict", "reason", "detail", "failed", "paper", "speech"].forEach((id) => (at(id).textContent = ""));
  at("todo").querySelector("p").textContent = "";
  at("claims").replaceChildren();
  at("facts").replaceChildren();
}

/** A report that the page makes itself, where the counter's program was not reached or not asked. */
export function fault(name) {
  return { verdict: "cannot_tell", code: "", reason: { get vi() { return word(name); }, get en() { return word(name); } } };
}

function showPortrait(portrait) {
  const [figure, picture] = [at("portrait"), at("portrait").querySelector("img")];
  figure.hidden = !portrait;
  if (portrait) {
    picture.src = `data:${portrait.media_type};base64,${portrait.base64}`;
    picture.alt = word("portrait");
  } else {
    picture.removeAttribute("src");
    picture.alt = "";
  }
}

/** What is left to do says it better where all is well. */
const reason = (report) => (report.verdict === "valid" ? "" : report.reason[language]);

const claimsOf = (report) => inOrder(Object.entries(report.claims ?? {}));

/** A test of age that fails is no mistake of the code, and must not be overlooked. */
const failed = (report) =>
  claimsOf(report).filter(([, value]) => value === false).map(([name, value]) => `${nameOf(name)}: ${valueOf(name, value)}`);

function detail(detail) {
  switch (detail?.kind) {
    case "other_code":
      return `${word("scanned")}: ${detail[language]}.`;
    case "keyboard":
      return detail[language];
    case "clocks":
      return `${word("phone")}: ${timeOf(detail.phone)}. ${word("counter")}: ${timeOf(detail.counter)}.`;
    case "used_before":
      return `${word("used_at")} ${timeOf(detail.used_at)}.`;
    case "trust_list":
      return detail.age_s === undefined ? "" : `${word("trust")}: ${ageOf(detail.age_s)} ${word("old")}.`;
    case "status_list":
      return `${word("status")}: ${detail.age_s === undefined ? word("none") : `${ageOf(detail.age_s)} ${word("old")}`}.`;
    default:
      return "";
  }
}

function claim(name, value) {
  const pair = row(nameOf(name), valueOf(name, value));
  if (value === false) pair.forEach((element) => element.classList.add("failed"));
  if (name === "full_name" || name === "pid") pair.forEach((element) => element.classList.add("large"));
  return pair;
}

function facts(report) {
  if (!report.purpose) return [];
  // The list that the verdict speaks of, where it speaks of one: another list's age would say the opposite.
  const { age_s: age } = report.detail?.kind === "status_list" ? report.detail : (report.status ?? {});
  const list = [
    ["purpose", nameOf(report.purpose)],
    ["as_of", timeOf(report.as_of)],
    ["valid_until", dayOf(report.valid_until)],
    ["issued_on", dayOf(report.issued_on)],
    ["issuer", report.issuer],
    ["level", String(report.level)],
    ["status", age === undefined ? word("none") : `${ageOf(age)} ${word("old")}`],
  ];
  return report.withheld ? [...list, ["withheld", String(report.withheld)]] : list;
}

function row(name, value) {
  const [term, data] = [document.createElement("dt"), document.createElement("dd")];
  term.textContent = name;
  data.textContent = value;
  return [term, data];
}
