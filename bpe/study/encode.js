// ---- How does text become ids? The definition once more, by the same table of tokens. ----

const MAX_STEP_BYTES = 256;

// A character of each class, one UTF-16 unit each, that every version of Unicode agrees about; what the
// pattern sees does not depend on the browser's version. The order is that of CLASSES in unicode16.py.
const LIKE = ["€", "À", "ǅ", "à", "ʰ", "あ", "\u0301", "²", "\u00a0", "€"];
const utf8 = new TextEncoder();

// What a pattern sees of a text, given as an array of code points.
// U+017F is the one character beyond ASCII that these patterns name: an "s" when case is ignored.
function outlineOf(chars, classes) {
  return chars.map((c) => (c < "\x80" || c === "ſ" ? c : LIKE[classes[c.codePointAt(0)]])).join("");
}

// Bytes as a string of the characters U+0000 to U+00FF, which a Map can look up.
function byteString(bytes) {
  let string = "";
  for (let i = 0; i < bytes.length; i += 8192) string += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return string;
}

// Merge a piece: the lowest-ranked pair of neighbours, the leftmost first. `watch` sees every moment.
function mergePiece(piece, ranks, watch) {
  const parts = Array.from(piece);
  const rankAt = (i) => ranks.get(parts[i] + parts[i + 1]) ?? Infinity;
  const pairRanks = parts.slice(1).map((_, i) => rankAt(i));
  for (;;) {
    let best = -1;
    for (let i = 0; i < pairRanks.length; i++) {
      if (pairRanks[i] < (best < 0 ? Infinity : pairRanks[best])) best = i;
    }
    if (watch) watch(parts, pairRanks, best);
    if (best < 0) return parts;
    parts.splice(best, 2, parts[best] + parts[best + 1]);
    pairRanks.splice(best, 1);
    if (best > 0) pairRanks[best - 1] = rankAt(best - 1);
    if (best < pairRanks.length) pairRanks[best] = rankAt(best);
  }
}

// Tokens in the order of their bytes, each without what it has in common with the one before (see page.py).
function readRanks(table) {
  const ranks = new Map();
  const n = new DataView(table.buffer).getUint32(0, true);
  const number = (i, first, last) => {
    let value = 0;
    for (let plane = last; plane >= first; plane--) value = value * 256 + table[4 + plane * n + i];
    return value;
  };
  let at = 4 + 8 * n;
  let token = "";
  const text = byteString(table);
  for (let i = 0; i < n; i++) {
    const length = number(i, 2, 3);
    token = token.slice(0, number(i, 0, 1)) + text.slice(at, at + length);
    ranks.set(token, number(i, 4, 7));
    at += length;
  }
  return ranks;
}

class Encoding {
  constructor({ name, alternatives, special }, table, classes) {
    this.name = name;
    this.alternatives = alternatives.map(([kind, , written]) => ({ kind, written }));
    this.pattern = new RegExp(alternatives.map(([, javascript]) => `(${javascript})`).join("|"), "gu");
    this.classes = classes;
    this.special = new Map(Object.entries(special));
    // Where two special tokens start at the same place, the longer one is found.
    const names = [...this.special.keys()].sort((one, other) => other.length - one.length);
    const escaped = names.map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
    this.specialPattern = names.length ? new RegExp(escaped.join("|"), "gu") : null;
    this.ranks = readRanks(table);
    this.cache = new Map();
  }

  // The pieces of a text, each with the place where it starts, in code points, and the alternative that made it.
  split(text, start = 0) {
    const chars = Array.from(text);
    return Array.from(outlineOf(chars, this.classes).matchAll(this.pattern), (match) => {
      const alternative = this.alternatives[match.findIndex((group, i) => i && group !== undefined) - 1];
      const outline = match[0];
      return {
        text: chars.slice(match.index, match.index + outline.length).join(""),
        start: start + match.index,
        nChars: outline.length,
        outline,
        alternative,
      };
    });
  }

  // A special token is a piece of its own, where such are asked for; the pattern cuts the text between them.
  pieces(text, withSpecial = false) {
    if (!withSpecial || !this.specialPattern) return this.split(text);
    const pieces = [];
    let [end, start] = [0, 0]; // in UTF-16 units, and in code points
    const add = (between) => {
      pieces.push(...this.split(between, start));
      start += Array.from(between).length;
    };
    for (const { 0: name, index } of text.matchAll(this.specialPattern)) {
      add(text.slice(end, index));
      const nChars = Array.from(name).length;
      pieces.push({ text: name, start, nChars, outline: "", special: this.special.get(name) });
      start += nChars;
      end = index + name.length;
    }
    add(text.slice(end));
    return pieces;
  }

  // The tokens of a piece, each as its bytes and its id.
  tokens(piece) {
    if (piece.special !== undefined) return [{ bytes: byteString(utf8.encode(piece.text)), id: piece.special }];
    let tokens = this.cache.get(piece.text);
    if (!tokens) {
      const bytes = byteString(utf8.encode(piece.text));
      const parts = this.ranks.has(bytes) ? [bytes] : mergePiece(bytes, this.ranks);
      tokens = parts.map((part) => ({ bytes: part, id: this.ranks.get(part) }));
      if (this.cache.size > 20000) this.cache.clear();
      this.cache.set(piece.text, tokens);
    }
    return tokens;
  }

  encode(text, withSpecial = false) {
    return this.pieces(text, withSpecial).flatMap((piece) => this.tokens(piece).map(({ id }) => id));
  }

  // Every moment of merging a piece; none for a special token, and none for a piece that is too long to show.
  steps(piece) {
    const steps = [];
    const bytes = byteString(utf8.encode(piece.text));
    if (piece.special !== undefined || bytes.length > MAX_STEP_BYTES) return steps;
    mergePiece(bytes, this.ranks, (parts, pairRanks, best) => {
      const candidates = new Map();
      pairRanks.forEach((rank, i) => rank < Infinity && candidates.set(parts[i] + parts[i + 1], rank));
      const nEqual = pairRanks.filter((rank) => rank === pairRanks[best]).length;
      const nPairs = pairRanks.filter((rank) => rank < Infinity).length;
      steps.push({ parts: [...parts], candidates, best, rank: pairRanks[best], nEqual, nPairs });
    });
    return steps;
  }
}

async function inflate(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
