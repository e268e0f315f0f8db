"use strict";
const LANG = (new URLSearchParams(location.search).get("lang") ?? navigator.language).toLowerCase().startsWith("ko") ? "ko" : "en";
document.documentElement.lang = LANG;

// ---- The page: what it shows, kept in its address. What it is made of stands below. ----

const MAX_CHARS = 10000; // merging a piece here is quadratic in its length
const FIRST_TEXT = "Hello, world! Tokenization of 안녕하세요 <script> 🙂";
const PRESETS = {
  presetKorean: "우리 동네 도서관은 언덕 위에 있다. 안녕하세요, 반갑습니다!",
  presetContractions: "I'm sure they'd say it's John's, don't you? WE'LL SEE.",
  presetNumbers: "3.14159 and 1,000,000 in 2026: ½ of 10²",
  presetEmoji: "🙂 👍🏽 👨‍👩‍👧 🇰🇷 ❤️",
  presetSpaces: "one  two   three\n\n  four\t\tfive 6  ",
  presetLineEnds: "one\r\ntwo\r\n\r\n  three\r\n",
  presetCode: "def area(r):\n    return 3.14 * r ** 2  # circle\n",
  presetSpecial: "The end.<|endoftext|>Another text begins.",
};

function remember({ text, at, step, special, encodings }) {
  const kept = new URLSearchParams({ text, at, step, special: Number(special) });
  for (const name of encodings) kept.append("encoding", name);
  history.replaceState(null, "", `#${kept}`);
}

function restored(firstText, names) {
  const kept = new URLSearchParams(location.hash.slice(1));
  const chosen = kept.getAll("encoding");
  return {
    text: (kept.get("text") ?? firstText).toWellFormed(),
    at: Math.max(0, Number(kept.get("at")) || 0),
    step: Math.max(0, Number(kept.get("step")) || 0),
    special: kept.get("special") === "1",
    encodings: names.slice(0, 2).map((name, i) => (names.includes(chosen[i]) ? chosen[i] : name)),
  };
}

async function start() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const find = (selector) => document.querySelector(selector);
  const classes = await inflate(data.classes);
  const encodings = new Map();
  for (const encoding of data.encodings) {
    encodings.set(encoding.name, new Encoding(encoding, await inflate(encoding.table), classes));
  }
  const names = [...encodings.keys()];
  const firstText = data.text || FIRST_TEXT;
  const state = restored(firstText, names);
  const input = find("#text");
  let player;

  const draw = () => {
    const chars = Array.from(state.text);
    find("#limit").textContent =
      chars.length > MAX_CHARS ? say("limit", { shown: grouped(MAX_CHARS), n: grouped(chars.length) }) : "";
    state.encoded = chars.length > MAX_CHARS ? chars.slice(0, MAX_CHARS).join("") : state.text;
    find("#special").checked = state.special;
    find("#special-help").textContent = say(state.special ? "specialOn" : "specialOff");
    for (const panel of panels) panel.draw();
    player.draw();
  };
  const change = (changed) => {
    Object.assign(state, changed);
    draw();
    remember(state);
  };
  const panels = names.slice(0, 2).map((_, number) => new Panel(encodings, state, number, change));
  player = new Player(find(".player"), state, () => panels, change);

  // A text area changes line ends, so that what it was given and what it shows may differ.
  const show = (text, changed = {}) => {
    input.value = text;
    player.pause();
    change({ text, at: 0, step: 0, ...changed });
  };
  input.oninput = () => change({ text: input.value.toWellFormed(), at: 0, step: 0 });
  find("#special").onchange = ({ target }) => change({ special: target.checked, step: 0 });
  const specials = [...new Set([...encodings.values()].flatMap(({ special }) => [...special.keys()]))];
  find(".switch").hidden = !specials.length;
  find("#special-name").textContent = say("special", { name: specials.includes("<|endoftext|>") ? "<|endoftext|>" : specials[0] });
  for (const [key, text] of Object.entries({ presetFirst: firstText, ...PRESETS })) {
    if (key === "presetSpecial" && !specials.includes("<|endoftext|>")) continue;
    const button = element("button", "", say(key));
    button.type = "button";
    button.onclick = () => show(text, key === "presetSpecial" ? { special: true } : {});
    find(".presets").append(button);
  }

  const root = find("#panels");
  root.replaceChildren(...panels.map((panel) => panel.root));
  const mark = ({ target }) => {
    const { from, to } = target.closest?.("[data-from]")?.dataset ?? { from: 0, to: 0 };
    for (const panel of panels) panel.mark(Number(from), Number(to));
  };
  for (const event of ["mouseover", "focusin"]) root.addEventListener(event, mark);
  for (const event of ["mouseleave", "focusout"]) root.addEventListener(event, () => mark({ target: root }));
  addEventListener("keydown", (event) => {
    const isHere = event.target === document.body || find("#encode").contains(event.target);
    if (isHere && find("#encode").checkVisibility()) player.onKey(event);
  });
  new Comparison(find("#compare"), data.article1, encodings, (text) => {
    show(text);
    input.scrollIntoView({ block: "center" });
  });
  addEventListener("resize", draw);
  addEventListener("hashchange", () => {
    if (location.hash.startsWith("#learn")) return player.pause();
    Object.assign(state, restored(firstText, names));
    input.value = state.text;
    draw();
  });
  input.value = state.text;
  draw();
  globalThis.bpelab = { encodings };
  document.documentElement.dataset.ready = "";
}

// The rest of the script defines what is used here.
addEventListener("DOMContentLoaded", () => {
  document.title = say("title");
  for (const part of document.querySelectorAll("#other-language, body > header, body > main")) translate(part);
  const other = document.querySelector("#other-language");
  other.onclick = () => {
    other.href = `?lang=${LANG === "ko" ? "en" : "ko"}${location.hash}`;
  };
  start().catch((error) => {
    document.getElementById("limit").textContent = say("tooOld", { error: error.message });
  });
});
