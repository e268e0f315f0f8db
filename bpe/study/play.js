// ---- One encoding's side of the page, and the player that goes through the merges of a piece. ----

const MAX_DRAWN_PIECES = 500;
const MILLISECONDS = { slow: 1800, normal: 900, fast: 350 }; // for a step

class Panel {
  // The state is the page's own: { encoded, at, step, special, encodings }. All panels follow it.
  constructor(encodings, state, number, onChange) {
    Object.assign(this, { encodings, state, number, onChange, spans: [] });
    this.root = document.getElementById("panel").content.firstElementChild.cloneNode(true);
    translate(this.root);
    const select = this.find(".encoding");
    for (const name of encodings.keys()) select.append(new Option(name, name));
    select.onchange = () => {
      state.encodings[number] = select.value;
      onChange({ step: 0 });
    };
    this.find(".strip").onkeydown = (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      const last = Math.min(this.pieces.length, MAX_DRAWN_PIECES) - 1;
      this.choose(Math.max(0, Math.min(last, this.chosen + by)));
      this.find(`[aria-pressed="true"]`).focus();
    };
    this.find(".ids code").onclick = ({ target }) => target.dataset.piece && this.choose(Number(target.dataset.piece));
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  choose(number) {
    this.onChange({ at: this.pieces[number].start, step: 0 });
  }

  // The number of the last step of the chosen piece.
  get last() {
    return Math.max(0, this.steps.length - 1);
  }

  draw() {
    const { encoded: text, special, at, encodings } = this.state;
    const encoding = this.encodings.get(encodings[this.number]);
    if (text !== this.text || encoding !== this.encoding || special !== this.special) {
      Object.assign(this, { text, encoding, special, pieces: encoding.pieces(text, special), steps: [], shown: null });
      this.find(".encoding").value = encoding.name;
      this.drawTokens();
    }
    this.chosen = Math.max(0, this.pieces.findLastIndex((piece) => piece.start <= at));
    this.find(".strip").querySelectorAll("button").forEach((button, i) => {
      button.setAttribute("aria-pressed", i === this.chosen);
      button.tabIndex = i === this.chosen ? 0 : -1;
      if (i === this.chosen) this.bringIntoStrip(button);
    });
    for (const span of this.idSpans) span.classList.toggle("chosen", Number(span.dataset.piece) === this.chosen);
    this.find(".piece").hidden = !this.pieces.length;
    if (this.pieces.length) this.drawPiece(this.pieces[this.chosen]);
  }

  // Without moving the page, as `scrollIntoView` would.
  bringIntoStrip(button) {
    const strip = this.find(".strip");
    const [outer, inner] = [strip.getBoundingClientRect(), button.getBoundingClientRect()];
    if (inner.top < outer.top) strip.scrollTop += inner.top - outer.top;
    else if (inner.bottom > outer.bottom) strip.scrollTop += Math.min(inner.bottom - outer.bottom, inner.top - outer.top);
  }

  // Each token as a span of its bytes in the text, among the pieces and among the ids. Of a long text only
  // the beginning is drawn; its ids are all there.
  drawTokens() {
    const { encoding, text } = this;
    let [nTokens, nBytes] = [0, 0];
    this.spans = [];
    this.idSpans = [];
    const buttons = this.pieces.slice(0, MAX_DRAWN_PIECES).map((piece, i) => {
      const tokens = encoding.tokens(piece);
      const button = element("button");
      button.type = "button";
      button.onclick = () => this.choose(i);
      const from = nBytes;
      const drawn = drawGrouped(
        tokens.map((token) => token.bytes),
        (bytes, j) => {
          const { id } = tokens[j];
          const span = element("span", "token", visible(bytes));
          const idSpan = element("span", "id", id);
          span.style.setProperty("--hue", HUES[nTokens % HUES.length]);
          idSpan.style.setProperty("--hue", HUES[nTokens++ % HUES.length]);
          idSpan.dataset.piece = i;
          span.title = idSpan.title = say("titleOfToken", { id, bytes: hex(bytes) });
          this.link([span, idSpan], nBytes, nBytes + bytes.length);
          nBytes += bytes.length;
          this.idSpans.push(idSpan);
          return span;
        },
      );
      button.append(...drawn);
      this.link([button], from, nBytes);
      return button;
    });
    const rest = this.pieces.slice(MAX_DRAWN_PIECES);
    const moreIds = rest.flatMap((piece) => encoding.tokens(piece).map(({ id }) => id));
    nTokens += moreIds.length;
    const nTextBytes = utf8.encode(text).length;
    const counts = [say("token", { n: nTokens }), say("character", { n: Array.from(text).length }), say("byte", { n: nTextBytes })];
    if (nTokens) counts.push(say("bytesEach", { n: (nTextBytes / nTokens).toFixed(2) }));
    this.find(".counts").textContent = counts.join(", ");
    const spaced = this.idSpans.flatMap((span, i) => (i ? [" ", span] : [span]));
    this.find(".ids code").replaceChildren(...spaced, moreIds.map((id) => ` ${id}`).join(""));
    this.find(".strip").replaceChildren(...buttons, rest.length ? say("morePieces", { n: rest.length }) : "");
  }

  link(elements, from, to) {
    for (const linked of elements) {
      Object.assign(linked.dataset, { from, to });
      this.spans.push(linked);
    }
  }

  // Mark the tokens and ids that share bytes with a stretch of the text.
  mark(from, to) {
    for (const span of this.spans) {
      if (span.tagName !== "BUTTON") {
        span.classList.toggle("linked", Number(span.dataset.from) < to && from < Number(span.dataset.to));
      }
    }
  }

  drawPiece(piece) {
    const { encoding } = this;
    if (this.shown !== piece) this.steps = encoding.steps(piece);
    this.shown = piece;
    const { steps } = this;
    const tokens = encoding.tokens(piece);
    const bytes = byteString(utf8.encode(piece.text));
    this.find(".number").textContent = say("pieceNumber", { i: this.chosen + 1, n: this.pieces.length });
    this.find("h3").textContent = `${visible(bytes)} → ${tokens.map(({ id }) => id).join(" ")}`;
    const next = this.pieces[this.chosen + 1];
    const ends = whyItEnds(piece, next);
    this.find(".made").textContent = madeOf(piece, next).map((key) => say(key)).join("");
    this.find(".written").textContent = piece.alternative?.written ?? "";
    this.find(".ends").textContent = ends && say(ends);
    this.find(".note").textContent = this.note(piece, tokens, bytes);
    this.find(".steps").hidden = !steps.length;
    if (steps.length) this.drawStep(steps, Math.min(this.state.step, this.last));
    this.find("tbody").replaceChildren(
      ...tokens.map(({ bytes: token, id }) => {
        const row = element("tr");
        row.append(element("td", "", visible(token)), element("td", "", id), element("td", "", hex(token)));
        return row;
      }),
    );
  }

  note(piece, tokens, bytes) {
    if (piece.special !== undefined) return say("specialPiece");
    if (!this.steps.length) return say("tooLong", { n: MAX_STEP_BYTES });
    if (!this.encoding.ranks.has(bytes) || this.steps.length === 1) return "";
    return say(this.steps[this.last].parts.length === tokens.length ? "wholeSame" : "wholeOther");
  }

  drawStep(steps, number) {
    const step = steps[number];
    const drawPart = (token, i) => {
      const side = step.best < 0 ? "" : i === step.best ? " chosen left" : i === step.best + 1 ? " chosen right" : "";
      return element("span", `part${side}`, visible(token));
    };
    this.find(".parts").replaceChildren(...drawGrouped(step.parts, drawPart));
    this.find(".why").textContent = why(step);
    const ordered = [...step.candidates].sort((one, other) => one[1] - other[1]);
    this.find(".candidates").replaceChildren(
      ...ordered.map(([token, rank], i) => element("li", i ? "" : "chosen", `${visible(token)} ${rank}`)),
    );
    const tree = this.find(".tree");
    tree.replaceChildren(drawTree(steps, number, tree.clientWidth));
    this.find(".cue").hidden = tree.scrollWidth <= tree.clientWidth;
    const made = tree.querySelector(".new");
    tree.scrollLeft = made ? made.getAttribute("x") - tree.clientWidth / 2 : 0;
  }
}

// All panels play together: the player's steps are those of the piece that takes the most.
class Player {
  constructor(root, state, panels, onChange) {
    Object.assign(this, { root, state, panels, onChange, timer: null });
    this.find(".start").onclick = () => onChange({ step: 0 });
    this.find(".back").onclick = () => this.back();
    this.find(".forward").onclick = () => this.forward();
    this.find(".toggle").onclick = () => this.toggle();
    this.find(".range").oninput = (event) => onChange({ step: Number(event.target.value) });
    this.find(".speed").onchange = () => this.timer && (this.pause(), this.toggle());
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  get last() {
    return Math.max(...this.panels().map((panel) => panel.last));
  }

  // Where pieces start, in any of the encodings.
  get starts() {
    const starts = this.panels().flatMap((panel) => panel.pieces.slice(0, MAX_DRAWN_PIECES).map((piece) => piece.start));
    return [...new Set(starts)].sort((one, other) => one - other);
  }

  nextPiece() {
    const at = this.starts.find((start) => start > this.state.at);
    if (at !== undefined) this.onChange({ at, step: 0 });
    return at !== undefined;
  }

  previousPiece(step = 0) {
    const at = this.starts.findLast((start) => start < this.state.at);
    if (at !== undefined) this.onChange({ at, step });
  }

  // A step on, and from the last one to the next piece; false at the end of the text.
  forward() {
    if (this.state.step >= this.last) return this.nextPiece();
    this.onChange({ step: this.state.step + 1 });
    return true;
  }

  back() {
    if (this.state.step > 0) this.onChange({ step: Math.min(this.state.step, this.last) - 1 });
    else this.previousPiece(Infinity);
  }

  toggle() {
    if (this.timer) return this.pause();
    this.timer = setInterval(() => this.forward() || this.pause(), MILLISECONDS[this.find(".speed").value]);
    return this.draw();
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    this.draw();
  }

  draw() {
    const { last, starts } = this;
    this.state.step = Math.max(0, Math.min(this.state.step, last));
    const { step, at } = this.state;
    const range = this.find(".range");
    range.max = last;
    range.value = step;
    range.disabled = !last;
    this.find(".start").disabled = !step;
    this.find(".back").disabled = !step && !starts.some((start) => start < at);
    this.find(".forward").disabled = step >= last && !starts.some((start) => start > at);
    this.find(".count").textContent = say("stepOf", { i: step, n: last });
    this.find(".toggle").textContent = this.timer ? `⏸ ${say("pause")}` : `▶ ${say("play")}`;
  }

  onKey(event) {
    const isTaken = event.target.closest(event.key === " " ? "textarea, select, input, a, button" : "textarea, select, input, .tree");
    if (isTaken || event.ctrlKey || event.metaKey || event.altKey) return;
    const act = {
      ArrowRight: () => this.forward(),
      ArrowLeft: () => this.back(),
      " ": () => this.toggle(),
      n: () => this.nextPiece(),
      p: () => this.previousPiece(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act) return;
    event.preventDefault();
    act();
  }
}
