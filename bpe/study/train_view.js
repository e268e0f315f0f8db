// How does the page follow? What changes from one moment to the next is drawn anew, the rest stays.

const MAX_DRAWN_BYTES = 3000; // of the text; all of it is learned from

class TrainView {
  constructor(root) {
    this.root = root;
  }

  find(selector) {
    return this.root.querySelector(selector);
  }

  // The moment after `step` merges; the text as it runs ("text"), or each of its pieces once ("pieces").
  draw(learned, step, view) {
    const isOther = learned !== this.learned;
    this.isNewText = isOther || view !== this.view;
    Object.assign(this, { learned, step, view });
    if (isOther) this.find(".tokens").replaceChildren();
    this.find(".done").replaceChildren(...done(learned, step));
    this.find(".reason").replaceChildren(...reason(learned, step));
    this.drawBars();
    this.drawText();
    this.drawCurve();
    this.drawVocabulary();
  }

  // Show where a learned token stands in the text.
  point(row, isOn) {
    for (const token of this.find(".text .pieces").querySelectorAll(".pointed")) token.classList.remove("pointed");
    if (!row || !isOn) return;
    const id = N_BYTES + Number(row.dataset.merge) - 1;
    for (const token of this.find(".text .pieces").querySelectorAll(`[data-id="${id}"]`)) token.classList.add("pointed");
  }

  // Scroll the text to the first place of the next merge, where none of it is in sight.
  showNextPlace() {
    const box = this.find(".text .pieces");
    const top = box.querySelector(".joins")?.offsetTop;
    const isInSight = top === undefined || (top > box.scrollTop && top < box.scrollTop + box.clientHeight - 40);
    if (!isInSight) box.scrollTop = top - 40;
  }

  drawBars() {
    const moment = this.learned.moments[this.step];
    this.find(".bars").replaceChildren(...moment.leaders.map((pair) => barElement(this.learned, pair, moment)));
  }

  // The numbers of the pieces to draw, in order: those of the text, or each one once, the most frequent first.
  drawnPieces() {
    const { pieces, counts, order } = this.learned;
    const all = this.view === "text" ? order : [...pieces.keys()].sort((one, other) => counts[other] - counts[one]);
    let room = MAX_DRAWN_BYTES;
    const end = all.findIndex((piece) => (room -= pieces[piece].length) < 0);
    return { drawn: end < 0 ? all : all.slice(0, end + 1), isAll: end < 0 };
  }

  drawText() {
    const { learned, step, view } = this;
    const box = this.find(".text .pieces");
    const { drawn, isAll } = this.drawnPieces();
    const tokens = learned.pieces.map((_, piece) => learned.tokensAt(piece, step, MAX_DRAWN_BYTES));
    const looks = tokens.map((list) => list.map(({ token, isNew, joinsNext }) => [token.length, isNew, joinsNext]).join());
    if (this.isNewText) box.replaceChildren(...drawn.map((piece) => placeElement(learned.pieces[piece], view)), isAll ? "" : say("more"));
    const made = new Map();
    drawn.forEach((piece, i) => {
      if (!this.isNewText && looks[piece] === this.shown[piece]) return;
      if (!made.has(piece)) made.set(piece, pieceElement(tokens[piece], view === "pieces" && learned.counts[piece]));
      box.children[i].firstChild.replaceWith(made.get(piece).cloneNode(true));
    });
    this.shown = looks; // of each piece
    const { nPlaces, path } = placesPath(learned, step);
    this.find(".places").replaceChildren(path);
    this.find(".where").textContent = nPlaces ? say("where", { places: say("place", { n: nPlaces }) }) : "";
  }

  drawCurve() {
    const { step } = this;
    const { lines, dot } = curveElements(this.learned, step);
    const { nBytes, moments, nMerges } = this.learned;
    const rate = say("rate", { bytes: nBytes, tokens: moments[step].nTokens, rate: bytesEach(this.learned, step).toFixed(2) });
    this.find(".curve .rate").textContent = rate;
    this.find(".plot svg").replaceChildren(...lines);
    this.find(".plot svg").setAttribute("aria-label", rate);
    Object.assign(this.find(".dot").style, { left: `${dot.x / 10}%`, top: `${dot.y / 10}%` });
    this.find(".axis .end").textContent = number(nMerges);
    this.find(".highest").textContent = bytesEach(this.learned, nMerges).toFixed(2);
  }

  drawVocabulary() {
    const { step } = this;
    this.find(".vocabulary h2").textContent = say("vocabulary", { merges: step });
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
    button.title = say("origin", { id: String(id), pair: shown, count: pair.count });
    row.append(button);
    return row;
  }
}

// Where a piece stands; the text's own line breaks break lines here too.
function placeElement(piece, view) {
  const made = element("span", "place");
  made.append(element("span"));
  if (view === "text" && piece.includes("\n")) made.append(element("br"));
  return made;
}
