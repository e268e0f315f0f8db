// How is a moment of learning drawn? Every function makes elements from values and changes nothing else.

const number = (value) => value.toLocaleString(LANG);

// A sentence of the page's words, with numbers, text or elements at its {marks}; "|" stands between one and many.
function sentence(name, values = {}) {
  const forms = TRAIN_WORDS[LANG][name].split("|");
  const parts = forms[values.n === 1 ? 0 : forms.length - 1].split(/\{(\w+)\}/);
  const shown = (value) => (typeof value === "number" ? number(value) : value);
  return parts.map((part, i) => (i % 2 ? shown(values[part]) : part));
}

const say = (name, values) => sentence(name, values).join("");

// A token in characters; bytes that are only a part of a character are small hexadecimal numbers.
function tokenElement(token, id, className = "") {
  const made = element("span", `learn-token ${className}`);
  visible(token)
    .split(/((?<!\\)(?:\\x[0-9a-f]{2})+)/)
    .forEach((part, i) => part && made.append(i % 2 ? element("i", "", part.slice(2).replaceAll("\\x", " ")) : part));
  // Learned tokens are coloured by id, so that one token looks the same wherever it stands.
  if (id >= N_BYTES) made.style.setProperty("--hue", (id * 137) % 360);
  made.dataset.id = id;
  return made;
}

function pairElement(learned, { left, right }) {
  const made = element("span", "learn-pair");
  made.append(tokenElement(learned.tokens[left], left), " + ", tokenElement(learned.tokens[right], right));
  return made;
}

const pairIds = ({ left, right }) => `(${left}, ${right})`;

// The tokens of a piece; those that share a character stand together under it.
function pieceElement(tokens, count) {
  const drawToken = (token, i) => {
    const { id, isNew, joinsNext } = tokens[i];
    const look = [isNew && "isnew", joinsNext && "joins left", tokens[i - 1]?.joinsNext && "joins right"];
    const drawn = tokenElement(token, id, look.filter(Boolean).join(" "));
    drawn.title = `id ${id}, ${hex(token)}`;
    return drawn;
  };
  const made = element("span", "learn-piece");
  made.append(...drawGrouped(tokens.map(({ token }) => token), drawToken));
  if (count) made.append(element("span", "times", `×${number(count)}`));
  return made;
}

// A pair that leads together with others shows its ids, which decide.
function barElement(learned, pair, { leaders: [first], nEqual }) {
  const row = element("li", pair === first ? "chosen" : "");
  const track = element("span", "track");
  const bar = element("span", "bar");
  bar.style.width = `${(100 * pair.count) / first.count}%`;
  track.append(bar);
  const isTied = nEqual > 1 && pair.count === first.count;
  const shownIds = element("span", "pair-ids", isTied ? pairIds(pair) : "");
  row.append(pairElement(learned, pair), track, element("span", "times", number(pair.count)), shownIds);
  row.title = pairIds(pair);
  return row;
}

// Why the next pair is the next, or why there is none.
function reason(learned, nMerges) {
  const { leaders, nEqual, nPairs } = learned.moments[nMerges];
  if (!leaders.length) return sentence("over");
  const [first, second] = leaders;
  const values = { pair: pairElement(learned, first), count: first.count, pairs: nPairs, equal: nEqual };
  if (nMerges === learned.nMerges) return sentence("limit", values);
  if (nPairs === 1) return sentence("only", values);
  return nEqual === 1 ? sentence("most", values) : sentence("tie", { ...values, ids: element("span", "unbroken", pairIds(first)), others: element("span", "unbroken", pairIds(second)) });
}

// What the last merge has done.
function done(learned, nMerges) {
  if (!nMerges) return sentence("start");
  const { leaders, nPlaces } = learned.moments[nMerges - 1];
  const [pair] = leaders;
  const id = N_BYTES + nMerges - 1;
  const token = tokenElement(learned.tokens[id], id);
  const values = { merge: nMerges, pair: pairElement(learned, pair), token, id: String(id), places: say("place", { n: nPlaces }) };
  const overlap = nPlaces < pair.count ? [" ", ...sentence("overlap", { count: pair.count })] : [];
  return [...sentence("done", values), ...overlap];
}

const bytesEach = (learned, nMerges) => learned.nBytes / learned.moments[nMerges].nTokens || 1;

// Bytes a token after each merge, in a square of 1,000: all of it, and what is reached.
function curveElements(learned, nMerges) {
  const top = bytesEach(learned, learned.nMerges);
  const at = (k) => ({ x: (1000 * k) / Math.max(1, learned.nMerges), y: 1000 - (940 * (bytesEach(learned, k) - 1)) / Math.max(0.01, top - 1) });
  const path = (upTo) => Array.from({ length: upTo + 1 }, (_, k) => `${k ? "L" : "M"}${at(k).x} ${at(k).y}`).join("");
  const lines = [["all", learned.nMerges], ["reached", nMerges]];
  return { lines: lines.map(([name, upTo]) => svgElement("path", { class: name, d: path(upTo) })), dot: at(nMerges) };
}

// Ticks where the next merge occurs, over the whole text, in a strip of 1,000.
function placesPath(learned, nMerges) {
  const inPiece = learned.pieces.map((_, piece) => learned.tokensAt(piece, nMerges).filter((token) => token.joinsNext));
  let start = 0;
  const ticks = [];
  for (const piece of learned.order) {
    for (const token of inPiece[piece]) ticks.push(`M${(1000 * (start + token.start)) / learned.nBytes} 0v10`);
    start += learned.pieces[piece].length;
  }
  return { nPlaces: ticks.length, path: svgElement("path", { d: ticks.join("") }) };
}

function pythonCode(pattern, order, nMerges) {
  const named = pattern === WHOLE_TEXT ? 'r"[\\s\\S]+"' : `"${pattern}"`;
  return (
    "from bpelab.bpe import train\n\n" +
    `encoding = train([text], vocab_size=${N_BYTES} + ${nMerges}, pattern=${named}, byte_order="${order}")\n` +
    `list(encoding.ranks)[${N_BYTES}:]  # the tokens that were learned`
  );
}
