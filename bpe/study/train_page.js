// How does one watch merges being learned? One number, how many are learned, decides all that is seen.

const WHOLE_TEXT = "none"; // the choice of no pattern
const MERGES = [10, 25, 50, 100, 200, 500, 1000];
const SPEEDS = [0.5, 1, 2, 5, 20]; // merges a second
const FIRST_STATE = { split: "gpt2", order: "gpt2", merges: 100, step: 0, speed: 1, view: "text" };
const QUIET_MS = 300; // how long nothing changes before the text is learned from, or the address is written

class TrainPage {
  constructor(patterns, classes) {
    this.root = document.getElementById("learning");
    this.view = new TrainView(this.root);
    this.patterns = patterns;
    this.classes = classes;
    this.fillWords();
    this.fillChoices();
    this.listen();
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  fillWords() {
    for (const made of this.root.querySelectorAll("[data-learn]")) made.textContent = say(made.dataset.learn);
    for (const made of this.root.querySelectorAll("[data-learn-label]")) made.setAttribute("aria-label", say(made.dataset.learnLabel));
  }

  fillChoices() {
    const fill = (name, options) => this.find(`[name=${name}]`).append(...options.map(([value, text]) => new Option(text, value)));
    fill("pattern", [...Object.keys(this.patterns).map((name) => [name, name]), [WHOLE_TEXT, say("noPattern")]]);
    fill("order", [["gpt2", say("gpt2Order")], ["raw", say("rawOrder")]]);
    fill("merges", MERGES.map((n) => [n, number(n)]));
    fill("speed", SPEEDS.map((n) => [n, say("speedOf", { n })]));
    const button = (text, onclick) => Object.assign(element("button", "", text), { type: "button", onclick });
    this.presets = new Map(Object.entries(TRAIN_TEXTS).map(([name, words]) => [name, button(words[LANG][0], () => this.choose(name))]));
    this.find(".presets").append(...this.presets.values());
    this.viewButtons = new Map(["text", "pieces"].map((name) => [name, button(say(name === "text" ? "asText" : "asPieces"), () => this.change({ view: name }))]));
    this.find(".views").append(...this.viewButtons.values());
  }

  listen() {
    const set = (name, read) => (this.find(`[name=${name}]`).onchange = (event) => this.change(read(event.target.value)));
    set("pattern", (split) => ({ split, step: 0 }));
    set("order", (order) => ({ order, step: 0 }));
    set("merges", (merges) => ({ merges: Number(merges) }));
    set("speed", (speed) => ({ speed: Number(speed) }));
    const go = (selector, where) => (this.find(selector).onclick = () => this.go(where()));
    go(".first", () => 0);
    go(".previous", () => this.state.step - 1);
    go(".next", () => this.state.step + 1);
    go(".last", () => this.learned.nMerges);
    this.find(".toggle").onclick = () => this.play(!this.timer);
    this.find(".range").oninput = (event) => this.go(Number(event.target.value));
    this.find("#trial").oninput = () => this.drawTrial();
    this.find("#corpus").oninput = (event) => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.change({ text: event.target.value, preset: "", step: 0 }), QUIET_MS);
    };
    this.listenToPointer();
    addEventListener("keydown", (event) => this.key(event));
  }

  listenToPointer() {
    const plot = this.find(".plot");
    plot.onpointerdown = plot.onpointermove = (event) => {
      if (!event.buttons) return;
      const { left, width } = plot.getBoundingClientRect();
      this.go(Math.round(((event.clientX - left) / width) * this.learned.nMerges));
    };
    const list = this.find(".tokens");
    list.onclick = (event) => {
      const row = event.target.closest("button");
      if (row) this.go(row.dataset.merge - 1);
    };
    for (const [name, isOn] of [["pointerover", true], ["focusin", true], ["pointerout", false], ["focusout", false]]) {
      list.addEventListener(name, (event) => this.view.point(event.target.closest("button"), isOn));
    }
  }

  key(event) {
    // What the focus is on comes first: a space presses a button, and arrows move the slider.
    const taken = event.key === " " ? "input[type=text], textarea, select, summary, a, button" : "input, textarea, select";
    if (this.root.hidden || event.target.closest(taken) || event.ctrlKey || event.altKey || event.metaKey) return;
    const { step } = this.state;
    const where = { ArrowLeft: step - 1, ArrowRight: step + 1, Home: 0, End: this.learned.nMerges }[event.key];
    if (where === undefined && event.key !== " ") return;
    event.preventDefault();
    if (event.key === " ") this.play(!this.timer);
    else this.go(where);
  }

  choose(preset) {
    this.change({ preset, text: TRAIN_TEXTS[preset].text, step: 0 });
  }

  // A person goes somewhere, which ends playing; playing itself calls `change`.
  go(step) {
    this.stop();
    this.change({ step });
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  play(isOn) {
    this.stop();
    if (isOn) {
      if (this.state.step >= this.learned.nMerges) this.change({ step: 0 });
      this.timer = setTimeout(() => this.tick(), 1000 / this.state.speed);
    }
    this.drawPlayer();
  }

  tick() {
    this.change({ step: this.state.step + 1 });
    this.view.showNextPlace();
    this.play(this.state.step < this.learned.nMerges);
  }

  change(state) {
    const before = this.state ?? {};
    this.state = { ...before, ...state };
    const isSame = ["text", "split", "order", "merges"].every((name) => this.state[name] === before[name]);
    // A field would turn line breaks into \n: the text is kept here as it came, and typing is not disturbed.
    if (state.text !== undefined && this.find("#corpus").value !== state.text) this.find("#corpus").value = state.text;
    if (!isSame) this.learn();
    this.state.step = Math.max(0, Math.min(this.learned.nMerges, this.state.step));
    this.draw();
    clearTimeout(this.remembering);
    this.remembering = setTimeout(() => this.remember(), QUIET_MS);
  }

  learn() {
    this.stop();
    const chars = Array.from(this.state.text.toWellFormed());
    const kept = chars.slice(0, MAX_TRAINED_CHARS);
    this.learned = learnMerges(this.piecesOf(kept), this.state.order, this.state.merges);
    const isLong = chars.length > kept.length;
    const told = this.state.preset ? TRAIN_TEXTS[this.state.preset][LANG][1] : "";
    this.find(".told").textContent = isLong
      ? say("tooLong", { most: MAX_TRAINED_CHARS, all: chars.length })
      : this.learned.nMerges ? told : say("nothing");
  }

  piecesOf(chars) {
    const { split: name } = this.state;
    if (name === WHOLE_TEXT) return chars.length ? [chars.join("")] : [];
    return cutPieces(chars, new RegExp(this.patterns[name], "gu"), this.classes);
  }

  // ---- the address ----

  remember() {
    if (this.root.hidden) return;
    const { preset, text, split, order, merges, step, speed, view } = this.state;
    const kept = new URLSearchParams({ ...(preset ? { preset } : { corpus: text }), split, order, merges, step, speed, view });
    history.replaceState(null, "", `#learn&${kept}`);
  }

  restore(kept) {
    const preset = kept.has("corpus") ? "" : Object.hasOwn(TRAIN_TEXTS, kept.get("preset")) ? kept.get("preset") : LANG === "ko" ? "korean" : "english";
    const known = (name, values) => values.find((value) => String(value) === kept.get(name)) ?? FIRST_STATE[name];
    this.change({
      preset,
      text: preset ? TRAIN_TEXTS[preset].text : kept.get("corpus"),
      split: known("split", [...Object.keys(this.patterns), WHOLE_TEXT]),
      order: known("order", ["gpt2", "raw"]),
      merges: known("merges", MERGES),
      speed: known("speed", SPEEDS),
      view: known("view", ["text", "pieces"]),
      step: Number(kept.get("step")) || 0,
    });
  }

  // ---- what is seen ----

  draw() {
    const { step, split, order, merges, speed, preset, view } = this.state;
    for (const [name, value] of Object.entries({ pattern: split, order, merges, speed })) this.find(`[name=${name}]`).value = value;
    this.presets.forEach((button, name) => button.setAttribute("aria-pressed", name === preset));
    this.viewButtons.forEach((button, name) => button.setAttribute("aria-pressed", name === view));
    this.drawPlayer();
    this.view.draw(this.learned, step, view);
    this.drawTrial();
  }

  drawPlayer() {
    const { step } = this.state;
    const last = this.learned.nMerges;
    const range = this.find(".range");
    range.max = last;
    range.value = step;
    this.find(".count").textContent = say("number", { now: step, all: last });
    for (const selector of [".first", ".previous"]) this.find(selector).disabled = step === 0;
    for (const selector of [".next", ".last"]) this.find(selector).disabled = step === last;
    this.find(".toggle").disabled = !last;
    this.find(".toggle").textContent = say(this.timer ? "pause" : "play");
    // While it plays, a screen reader would read without end.
    this.find(".story").setAttribute("aria-live", this.timer ? "off" : "polite");
  }

  drawTrial() {
    const { split, order, step } = this.state;
    const text = this.find("#trial").value.toWellFormed();
    const pieces = this.piecesOf(Array.from(text)).map((piece) => this.learned.encodePiece(piece, step));
    const withIds = pieces.map((tokens) => tokens.map((token) => ({ token, id: this.learned.idOf.get(token) })));
    this.find(".tried").replaceChildren(...withIds.map((tokens) => pieceElement(tokens)));
    const ids = withIds.flat().map(({ id }) => id);
    const told = { bytes: utf8.encode(text).length, n: ids.length, ids: ids.join(" ") };
    this.find(".trial .rate").textContent = text ? say("tried", told) : "";
    this.find("code").textContent = pythonCode(split, order, step);
  }
}

// The page has two views, and the address says which: `#learn` begins the address of this one.
async function startTraining() {
  const data = JSON.parse(document.getElementById("data").textContent);
  const links = { encode: document.getElementById("to-encode"), learn: document.getElementById("to-learn") };
  for (const [name, link] of Object.entries(links)) link.textContent = say(name);
  let page;
  const isLearning = () => location.hash.startsWith("#learn");
  const show = () => {
    document.body.dataset.view = isLearning() ? "learn" : "encode";
    document.getElementById("learning").hidden = !isLearning();
    for (const [name, link] of Object.entries(links)) link.ariaCurrent = name === document.body.dataset.view ? "page" : null;
    if (!isLearning()) page?.stop();
    else page?.restore(new URLSearchParams(location.hash.slice(1)));
  };
  // Before the listener of the other view, which draws itself: it must be seen to know its width.
  const listenFirst = { capture: true };
  addEventListener("hashchange", (event) => {
    const wasLearning = document.body.dataset.view === "learn";
    if (isLearning() !== wasLearning) links[wasLearning ? "learn" : "encode"].href = new URL(event.oldURL).hash || "#";
    show();
  }, listenFirst);
  show();
  page = new TrainPage(data.patterns, await inflate(data.classes));
  show();
  globalThis.bpelabTraining = { page, TRAIN_WORDS };
  document.documentElement.dataset.learning = "";
}

startTraining().catch((error) => {
  document.querySelector("#learning .told").textContent = say("tooOld", { error: error.message });
});
