// How does one watch merges being learned? One number, how many are learned, decides all that is seen.

const WHOLE_TEXT = "none"; // the choice of no pattern
const MERGES = [10, 25, 50, 100, 200, 500, 1000];
const SPEEDS = [0.5, 1, 2, 5, 20]; // merges a second
const FIRST_STATE = { split: "gpt2", order: "gpt2", merges: 100, step: 0, speed: 1, view: "text" };
const MAX_DRAWN_BYTES = 3000; // of the text; all of it is learned from
const QUIET_MS = 300; // how long nothing changes before the text is learned from, or the address is written

class TrainPage {
  constructor(patterns, classes) {
    this.root = document.getElementById("learning");
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
    this.views = new Map(["text", "pieces"].map((name) => [name, button(say(name === "text" ? "asText" : "asPieces"), () => this.change({ view: name }))]));
    this.find(".views").append(...this.views.values());
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
      list.addEventListener(name, (event) => this.point(event.target.closest("button"), isOn));
    }
  }

  // Show where a learned token stands in the text.
  point(row, isOn) {
    for (const token of this.find(".text .pieces").querySelectorAll(".pointed")) token.classList.remove("pointed");
    if (!row || !isOn) return;
    const id = N_BYTES + Number(row.dataset.merge) - 1;
    for (const token of this.find(".text .pieces").querySelectorAll(`[data-id="${id}"]`)) token.classList.add("pointed");
  }

  key(event) {
    const isField = event.target.closest("input, textarea, select, summary, a") || (event.key === " " && event.target.closest("button"));
    if (this.root.hidden || isField || event.ctrlKey || event.altKey || event.metaKey) return;
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
    const box = this.find(".text .pieces");
    const first = box.querySelector(".joins");
    if (first && (first.offsetTop < box.scrollTop || first.offsetTop > box.scrollTop + box.clientHeight - 40)) box.scrollTop = first.offsetTop - 40;
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
    this.shown = []; // what is drawn of each piece
    this.find(".tokens").replaceChildren();
    const isLong = chars.length > kept.length;
    const told = this.state.preset ? TRAIN_TEXTS[this.state.preset][LANG][1] : "";
    this.find(".told").textContent = isLong
      ? say("tooLong", { most: number(MAX_TRAINED_CHARS), all: number(chars.length) })
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
    this.views.forEach((button, name) => button.setAttribute("aria-pressed", name === view));
    this.drawPlayer();
    this.find(".done").replaceChildren(...done(this.learned, step));
    this.find(".reason").replaceChildren(...reason(this.learned, step));
    this.drawBars();
    this.drawText();
    this.drawCurve();
    this.drawVocabulary();
    this.drawTrial();
  }

  drawPlayer() {
    const { step } = this.state;
    const last = this.learned.nMerges;
    const range = this.find(".range");
    range.max = last;
    range.value = step;
    this.find(".count").textContent = say("number", { now: number(step), all: number(last) });
    for (const selector of [".first", ".previous"]) this.find(selector).disabled = step === 0;
    for (const selector of [".next", ".last"]) this.find(selector).disabled = step === last;
    this.find(".toggle").disabled = !last;
    this.find(".toggle").textContent = say(this.timer ? "pause" : "play");
    // While it plays, a screen reader would read without end.
    this.find(".story").setAttribute("aria-live", this.timer ? "off" : "polite");
  }

  drawBars() {
    const moment = this.learned.moments[this.state.step];
    this.find(".bars").replaceChildren(...moment.leaders.map((pair) => barElement(this.learned, pair, moment)));
  }

  // The numbers of the pieces to draw, in order: those of the text, or each one once, the most frequent first.
  drawnPieces() {
    const { pieces, counts, order } = this.learned;
    const all = this.state.view === "text" ? order : [...pieces.keys()].sort((one, other) => counts[other] - counts[one]);
    let room = MAX_DRAWN_BYTES;
    const end = all.findIndex((piece) => (room -= pieces[piece].length) < 0);
    return { drawn: end < 0 ? all : all.slice(0, end + 1), isAll: end < 0 };
  }

  drawText() {
    const { step, view } = this.state;
    const { learned } = this;
    const box = this.find(".text .pieces");
    const { drawn, isAll } = this.drawnPieces();
    const tokens = learned.pieces.map((_, piece) => learned.tokensAt(piece, step, MAX_DRAWN_BYTES));
    const looks = tokens.map((list) => list.map(({ token, isNew, joinsNext }) => [token.length, isNew, joinsNext]).join());
    const isNewBox = this.shown.length === 0 || this.shownView !== view;
    if (isNewBox) box.replaceChildren(...drawn.map((piece) => placeElement(learned.pieces[piece], view)), isAll ? "" : say("more"));
    const made = new Map();
    drawn.forEach((piece, i) => {
      if (!isNewBox && looks[piece] === this.shown[piece]) return;
      if (!made.has(piece)) made.set(piece, pieceElement(tokens[piece], view === "pieces" && learned.counts[piece]));
      box.children[i].firstChild.replaceWith(made.get(piece).cloneNode(true));
    });
    this.shown = looks;
    this.shownView = view;
    const { nPlaces, path } = placesPath(learned, step);
    this.find(".places").replaceChildren(path);
    this.find(".where").textContent = say("places", { n: number(nPlaces) });
  }

  drawCurve() {
    const { step } = this.state;
    const { lines, dot } = curveElements(this.learned, step);
    const { nBytes, moments, nMerges } = this.learned;
    const rate = say("rate", { bytes: number(nBytes), tokens: number(moments[step].nTokens), rate: bytesEach(this.learned, step).toFixed(2) });
    this.find(".curve .rate").textContent = rate;
    this.find(".plot svg").replaceChildren(...lines);
    this.find(".plot svg").setAttribute("aria-label", rate);
    Object.assign(this.find(".dot").style, { left: `${dot.x / 10}%`, top: `${dot.y / 10}%` });
    this.find(".axis .end").textContent = number(nMerges);
    this.find(".highest").textContent = bytesEach(this.learned, nMerges).toFixed(2);
  }

  drawVocabulary() {
    const { step } = this.state;
    this.find(".vocabulary h2").textContent = say("vocabulary", { n: number(step) });
    const list = this.find(".tokens");
    while (list.children.length > step) list.firstChild.remove();
    while (list.children.length < step) list.prepend(this.vocabularyRow(list.children.length + 1));
    list.querySelector(".isnew")?.classList.remove("isnew");
    list.querySelector(".learn-token")?.classList.add("isnew");
  }

  vocabularyRow(merge) {
    const { tokens, moments } = this.learned;
    const [pair] = moments[merge - 1].leaders;
    const id = N_BYTES + merge - 1;
    const row = element("li");
    const button = element("button");
    button.type = "button";
    button.dataset.merge = merge;
    button.append(element("small", "", id), tokenElement(tokens[id], id));
    const shown = `${visible(tokens[pair.left])} + ${visible(tokens[pair.right])}`;
    button.title = say("origin", { id, pair: shown, count: number(pair.count) });
    row.append(button);
    return row;
  }

  drawTrial() {
    const { split, order, step } = this.state;
    const text = this.find("#trial").value.toWellFormed();
    const pieces = this.piecesOf(Array.from(text)).map((piece) => this.learned.encodePiece(piece, step));
    const withIds = pieces.map((tokens) => tokens.map((token) => ({ token, id: this.learned.idOf.get(token) })));
    this.find(".tried").replaceChildren(...withIds.map((tokens) => pieceElement(tokens)));
    const ids = withIds.flat().map(({ id }) => id);
    const told = { bytes: number(utf8.encode(text).length), tokens: number(ids.length), ids: ids.join(" ") };
    this.find(".trial .rate").textContent = text ? say("tried", told) : "";
    this.find("code").textContent = pythonCode(split, order, step);
  }
}

// Where a piece stands; the text's own line breaks break lines here too.
function placeElement(piece, view) {
  const made = element("span", "place");
  made.append(element("span"));
  if (view === "text" && piece.includes("\n")) made.append(element("br"));
  return made;
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
    for (const [name, link] of Object.entries(links)) link.toggleAttribute("aria-current", name === document.body.dataset.view);
    if (!isLearning()) page?.stop();
    else page?.restore(new URLSearchParams(location.hash.slice(1)));
  };
  // Before the listener of the other view, which reads every address as its own.
  const listenFirst = { capture: true };
  addEventListener("hashchange", (event) => {
    const wasLearning = document.body.dataset.view === "learn";
    if (isLearning()) event.stopImmediatePropagation();
    if (isLearning() !== wasLearning) links[wasLearning ? "learn" : "encode"].href = new URL(event.oldURL).hash || "#";
    show();
  }, listenFirst);
  show();
  page = new TrainPage(data.patterns, await inflate(data.classes));
  show();
  globalThis.bpelabTraining = { page, TRAIN_WORDS };
  document.documentElement.dataset.learning = "";
}

startTraining();
